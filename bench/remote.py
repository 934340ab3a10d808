#!/usr/bin/env python3
"""What servers score beside the local engine, on the default model: evaluations a second on a short and a long prompt,
the client's processor time a row, prompts an hour with several in flight.

llama-server is built where it is not in the cache; vLLM for the CPU (6 GB) is installed unless --no-vllm. All on loopback,
one after the other, in rounds; medians. What is measured is kept in build/bench/remote.jsonl as it comes, so that a run that was cut
off goes on (--again: anew). Writes bench/results/remote.json and the tables in docs/remote.md.
"""
import argparse
import json
import os
import platform
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path

import shared

ROOT = Path(__file__).parents[1]
JOPA = os.environ.get("JOPA", str(ROOT / "build/jopa"))
THREADS = os.cpu_count()
LENGTHS = {"63": 26, "600": 486}  # words of bench/speed.txt for so many tokens, the template's included
SLOTS, ROWS, FEW = 4, {"63": 160, "600": 40}, 12
QUICK_ROWS, QUICK_FEW = {"63": 60, "600": 18}, 6
IN_FLIGHT, PROMPTS = (1, 4, 16), 16


def script(*command):
    return subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True).stdout.split()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def answers(at):
    try:
        with urllib.request.urlopen(f"{at}/health", timeout=2) as reply:
            return reply.status == 200
    except OSError:
        return False


@contextmanager
def server(command, port, environment=None):
    """A process in a group of its own, ended with all that it started."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([*map(str, command), "--host", "127.0.0.1", "--port", str(port)], stdin=subprocess.DEVNULL,
                                   stdout=said, stderr=said, start_new_session=True, env={**os.environ, **(environment or {})})
        at = f"http://127.0.0.1:{port}"
        try:
            deadline = time.monotonic() + 900
            while not answers(at):
                if process.poll() is not None or time.monotonic() > deadline:
                    said.seek(0)
                    sys.exit(f"bench/remote: {command[0]} does not start:\n{said.read().decode(errors='replace')[-3000:]}")
                time.sleep(0.5)
            yield at
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def llama_server(folder, model, threads, *more):
    return server([f"{folder}/llama-server", "-m", model, "-np", SLOTS, "-c", SLOTS * 2048, "-t", threads, *more], free_port())


def vllm(python, folder, *more):
    return server([python, "-m", "vllm.entrypoints.cli.main", "serve", folder, "--served-model-name", "model", "--dtype", "float32",
                   "--max-model-len", 2048, "--max-num-seqs", 16, *more], free_port(), {"VLLM_CPU_KVCACHE_SPACE": "1"})


def ask(engine, prompt, rows, command="explain"):
    """(the result, processor seconds of the command)"""
    response = (ROOT / "bench/speed-response.txt").read_text(encoding="utf-8").split()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([JOPA, command, *engine, prompt, "-r", " ".join(response[:16]), "-o", "delete", "-M", "random", "-k", "3", "-b", str(rows),
                           "--metrics", "none", "-u", "word", "-F", "json"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench/remote: {done.stderr.strip()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return json.loads(done.stdout), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(engine, prompts, repeat, quick):
    """Of each prompt: evaluations a second, tokens decoded for one, microseconds of this command's processor time a row."""
    found = {}
    for name, prompt in prompts.items():
        many, least = (QUICK_ROWS[name], QUICK_FEW) if quick else (ROWS[name], FEW)
        rounds, few = [ask(engine, prompt, many) for _ in range(repeat)], [ask(engine, prompt, least) for _ in range(repeat)]
        x, costs = rounds[0][0], [r["cost"] for r, _ in rounds]
        more = x["cost"]["evaluations"] - few[0][0]["cost"]["evaluations"]
        spent = statistics.median(s for _, s in rounds) - statistics.median(s for _, s in few)
        found[name] = {
            "prompt_tokens": len(x["prompt"]["tokens"]), "response_tokens": len(x["response"]["tokens"]), "noise": x.get("noise"),
            "log_prob": x["log_prob"]["full"],
            "evaluations_per_second": statistics.median(c["evaluations"] / c["seconds"] for c in costs),
            "tokens_an_evaluation": statistics.median(c["decoded_tokens"] / c["evaluations"] for c in costs),
            "client_microseconds": spent / more * 1e6 if "--engine" in engine else None}
        print(f"  {name}: {found[name]['evaluations_per_second']:.1f} evaluations/s", file=sys.stderr)
    return found


def prompts_an_hour(engine):
    words, found = (ROOT / "bench/speed.txt").read_text(encoding="utf-8").split(), {}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.jsonl"
        data.write_text("".join(json.dumps({"id": str(i), "prompt": " ".join(words[i * 40:i * 40 + 46]), "response": "It is about the sea."}) + "\n"
                                for i in range(PROMPTS)))
        for n in IN_FLIGHT:
            started = time.monotonic()
            done = subprocess.run([JOPA, "explain", *engine, "--data", data, "--in-flight", str(n), "-u", "word", "-k", "3", "-b", "30", "--metrics", "none"],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True)
            if done.returncode or len(done.stdout.splitlines()) != PROMPTS:
                sys.exit(f"bench/remote: {done.stderr.strip()}")
            found[str(n)] = PROMPTS / (time.monotonic() - started) * 3600
            print(f"  {n} in flight: {found[str(n)]:.0f} prompts/h", file=sys.stderr)
    return found


def differences(here, there):
    """Nats: the largest difference of a response token's log-probability, with nothing and with the set hidden, and of a drop,
    divided by the response's tokens."""
    both = list(zip(here["results"], there["results"], strict=True))
    tokens = [(a[name], b[name]) for x, y in both for a, b in zip(x["response"]["tokens"], y["response"]["tokens"], strict=True)
              for name in ("log_prob", "masked_log_prob")]
    return {"token": max(abs(a - b) for a, b in tokens), "sets": len(both),
            "drop": max(abs(x["log_prob"]["drop"] - y["log_prob"]["drop"]) / len(x["response"]["tokens"]) for x, y in both)}


def equality(servers, model, prompts):
    """{how the server was started: {prompt: differences}}: a llama-server beside the local engine, both with float16 weights."""
    python, found = script(ROOT / "scripts/venv.sh", "torch", ROOT / "tests/parity/torch.txt")[-1], {}
    response = " ".join((ROOT / "bench/speed-response.txt").read_text(encoding="utf-8").split()[:16])
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/float16.gguf"
        script(python, ROOT / "bench/float-model.py", model, file, "float16")
        for how, more in (("as it starts", []), ("with `--flash-attn off`", ["--flash-attn", "off"])):
            with llama_server(servers, file, THREADS, *more) as at:
                for name, prompt in prompts.items():
                    question = [prompt, "-r", response, "-o", "delete", "-u", "word", "-F", "json"]
                    for word in range(3, 24, 4):
                        question += ["--hide", f"{word},{word + 1}"]
                    here, there = (json.loads(subprocess.run([JOPA, "score", *engine, *question], stdin=subprocess.DEVNULL, check=True,
                                                             capture_output=True, text=True).stdout) for engine in (["-m", file], ["--engine", at]))
                    found.setdefault(how, {})[name] = differences(here, there)
                    print(f"  float16, {how}, {name}: {found[how][name]}", file=sys.stderr)
    return found


def run(a):
    model, servers = script(ROOT / "scripts/fetch-model.sh")[-1], script(ROOT / "scripts/fetch-servers.sh")[-1]
    words = (ROOT / "bench/speed.txt").read_text(encoding="utf-8").split()
    prompts = {name: " ".join(words[:n]) for name, n in LENGTHS.items()}
    setting = {"processor": processor(), "threads": THREADS, "rounds": a.repeat, "quick": a.quick}
    known, load = shared.Rows(ROOT / "build/bench/remote.jsonl", setting, a.again), []

    def get(name, measured):
        def noted():
            print(name, file=sys.stderr)
            load.append(os.getloadavg()[0])
            return measured()
        return {k: v for k, v in known.get(name, measure=noted).items() if k != "key"}

    def beside(*contexts, then=lambda engine: measure(engine, prompts, a.repeat, a.quick)):
        """What `then` finds with the servers that the functions start."""
        with ExitStack() as stack:
            return then(["--engine", ",".join(stack.enter_context(start()) for start in contexts)])

    def on_vllm(*more):
        return beside(lambda: vllm(*script(ROOT / "bench/vllm.sh", model), *more))
    one, half = (lambda: llama_server(servers, model, THREADS)), (lambda: llama_server(servers, model, max(1, THREADS // 2)))
    engines = {"local": lambda: measure(["-m", model, "-t", str(THREADS)], prompts, a.repeat, a.quick),
               "llama-server": lambda: beside(one), "llama-server, two replicas": lambda: beside(half, half)}
    if not a.no_vllm:
        engines |= {"vLLM": on_vllm, "vLLM, prefix cache": lambda: on_vllm("--enable-scale-out")}
    return {**setting, "engines": {name: get(name, measured) for name, measured in engines.items()},
            "prompts_an_hour": get("prompts an hour", lambda: beside(half, half, then=prompts_an_hour)),
            "equality": get("equality", lambda: equality(servers, model, prompts)), "load": load}


def processor():
    names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()) if Path("/proc/cpuinfo").exists() else []
    return names[0] if names else platform.processor()


def tables(found):
    rows = ["| engine | 63 tokens: evaluations/s | 600 tokens: evaluations/s | tokens an evaluation | client, µs a row | noise, nats |",
            "|---|---|---|---|---|---|"]
    for name, x in found["engines"].items():
        short, long = x["63"], x["600"]
        client = "" if short["client_microseconds"] is None else f"{short['client_microseconds']:.0f}, {long['client_microseconds']:.0f}"
        noise = "" if short["noise"] is None else f"{short['noise']:.2g}, {long['noise']:.2g}"
        rows.append(f"| {name} | {short['evaluations_per_second']:.1f} | {long['evaluations_per_second']:.2f} | "
                    f"{short['tokens_an_evaluation']:.0f}, {long['tokens_an_evaluation']:.0f} | {client} | {noise} |")
    sets = {x["sets"] for of in found["equality"].values() for x in of.values()}
    rows += ["", f"llama-server beside the local engine, both with float16 weights; largest difference of {max(sets)} sets, nats:", "",
             "| server | tokens | log p of a response token | a drop, divided by the response's tokens |", "|---|---|---|---|"]
    rows += [f"| {how} | {name} | {x['token']:.2g} | {x['drop']:.2g} |" for how, of in found["equality"].items() for name, x in of.items()]
    hours = found["prompts_an_hour"]
    rows += ["", "`explain --data` on the two replicas, 30 evaluations for each prompt of 46 words:", "", "| in flight | " + " | ".join(hours) + " |", "|" + "---|" * (len(hours) + 1),
             "| prompts an hour | " + " | ".join(f"{v:.0f}" for v in hours.values()) + " |"]
    return "\n".join(rows)


def write_document(text):
    path = ROOT / "docs/remote.md"
    old = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(<!-- bench/remote.py -->\n).*?(?=<!-- end -->)", lambda m: m[1] + text + "\n", old, flags=re.S), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3, help="rounds, of which medians are taken (3)")
    parser.add_argument("--quick", action="store_true", help="a third of the rows, one round")
    parser.add_argument("--again", action="store_true", help="measure anew what is known")
    parser.add_argument("--no-vllm", action="store_true")
    parser.add_argument("--no-document", action="store_true", help="leave docs/remote.md and bench/results as they are")
    a = parser.parse_args()
    a.repeat = 1 if a.quick else a.repeat
    found = run(a)
    print(tables(found))
    if not a.no_document:
        (ROOT / "bench/results/remote.json").write_text(json.dumps(found, indent=1) + "\n")
        write_document(tables(found))


if __name__ == "__main__":
    main()
