"""What -DJOPA_NATIVE=OFF builds runs on any processor of its kind, and on each takes the best instructions that it has:
the tiny model is explained here and by qemu's emulation of older processors, with the same outcome."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE, BUILD = Path(os.environ["JOPA_SOURCE_DIR"]), Path(os.environ["JOPA_BUILD_DIR"])
PORTABLE = BUILD / "portable"
# qemu's name of a processor, what ggml's backend must say of it, and what it must not. Not qemu64: OpenBLAS takes it for
# one with 3DNow!, which qemu lacks.
OLDER = {"x86_64": (("kvm64", [], ["SSSE3", "AVX", "F16C"]), ("Nehalem", ["SSSE3"], ["AVX", "F16C"]),
                    ("Haswell", ["AVX2", "F16C", "FMA"], ["AVX512"])),
         "aarch64": (("cortex-a53", ["NEON"], ["DOTPROD", "SVE"]), ("neoverse-n1", ["DOTPROD"], ["SVE"]))}
# What Linux calls a feature, and ggml.
HERE = {"avx2": "AVX2", "f16c": "F16C", "avx512bw": "AVX512", "avx512_bf16": "AVX512_BF16", "amx_int8": "AMX_INT8",
        "asimddp": "DOTPROD"}


# Not a processor that the environment names for OpenBLAS: it is this machine's, not an emulated one's.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "OPENBLAS_CORETYPE"}


def output(*command):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    if done.returncode:
        sys.exit(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def build():
    cache = (BUILD / "CMakeCache.txt").read_text().splitlines()
    same = [f"-D{line}" for line in cache if line.startswith(("CMAKE_C_COMPILER:", "CMAKE_CXX_COMPILER:"))]
    output("cmake", "-S", SOURCE, "-B", PORTABLE, "-G", "Ninja", "-DJOPA_NATIVE=OFF", *same)
    output("cmake", "--build", PORTABLE, "--target", "jopa", "bench_features")


def explain(prefix, command, model):
    """(features, units selected, drop)"""
    features = output(*prefix, PORTABLE / "bench/features").split() if command.is_relative_to(PORTABLE) else []
    result = json.loads(output(*prefix, command, "explain", "-m", model, "-t", 1, "--raw", "-k", 2, "-n", 3, "--metrics",
                               "none", "-b", 40, "--seed", 1, "-F", "json", "one two three four"))
    return [f.split("=")[0] for f in features], result["selected"], result["log_prob"]["drop"]


def check(name, found, expected, wanted, unwanted):
    features, selected, drop = found
    print(f"{name}: {' '.join(features)}: {selected}, {drop:.4f}")
    if any(f not in features for f in wanted) or any(f in features for f in unwanted):
        sys.exit(f"{name}: with {wanted} and without {unwanted} expected")
    if selected != expected[1] or abs(drop - expected[2]) > 0.01 * max(1, abs(expected[2])):
        sys.exit(f"{name}: not {expected[1]}, {expected[2]:.4f}, as the build for this machine finds")


def main():
    machine = os.uname().machine
    if machine not in OLDER:
        sys.exit(77)
    emulator = shutil.which(f"qemu-{machine}")
    if not emulator:
        subprocess.run([SOURCE / "scripts/packages.sh", "qemu-user"], check=True)
        emulator = shutil.which(f"qemu-{machine}")
    build()
    words = set(Path("/proc/cpuinfo").read_text().split())
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "tiny.gguf"
        output(BUILD / "tests/cli/tiny_model", model)
        expected = explain([], Path(os.environ["JOPA"]), model)
        check("this machine", explain([], PORTABLE / "jopa", model), expected,
              [ours for theirs, ours in HERE.items() if theirs in words], [])
        for cpu, wanted, unwanted in OLDER[machine]:
            check(cpu, explain([emulator, "-cpu", cpu], PORTABLE / "jopa", model), expected, wanted, unwanted)


if __name__ == "__main__":
    main()
