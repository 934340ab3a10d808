#!/usr/bin/env python3
"""Prompts an hour, by how many questions are in flight on how many llama-servers on this machine.

Servers of the default model, one thread each, 16 slots; prompts of bench/data/instruction.jsonl with responses that the local engine
writes first; jopa explain --data at each number in flight. Writes the table in docs/many.md.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
JOPA = os.environ.setdefault("JOPA", str(ROOT / "build/jopa"))
os.environ.setdefault("JOPA_SERVERS", subprocess.check_output([ROOT / "scripts/fetch-servers.sh"], text=True).strip())
sys.path.insert(0, str(ROOT / "tests/remote/tool"))
from servers import Server, wait_for_model  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=16)
    parser.add_argument("--budget", type=int, default=60, help="evaluations of each")
    parser.add_argument("--replicas", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--in-flight", type=int, nargs="*", default=[1, 4, 16])
    parser.add_argument("--no-document", action="store_true", help="leave docs/many.md as it is")
    return parser.parse_args()


def ask(questions, budget, *more):
    """(results, seconds) of a run, opening included."""
    command = [JOPA, "explain", "--data", "-", "-u", "word", "-k", "3", "-o", "delete", "-b", str(budget), "-n", "16", "--metrics", "none", *more]
    begun = time.monotonic()
    done = subprocess.run(command, input="".join(json.dumps(q) + "\n" for q in questions), stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()], time.monotonic() - begun


def questions(n):
    lines = (ROOT / "bench/data/instruction.jsonl").read_text().splitlines()[:n]
    asked = [{"id": str(i), "prompt": json.loads(line)["prompt"]} for i, line in enumerate(lines)]
    written = {x["id"]: x["response"]["text"] for x in ask(asked, 1, "-m", "default", "-M", "random")[0]}
    return [{**q, "response": written[q["id"]]} for q in asked]


def start(model):
    server = Server("llama-server", "-m", model, "-t", 1, "-np", 16, "-c", 16384, "--no-warmup")
    wait_for_model(server)
    return server


def measure(a, row):
    asked, rows = questions(a.prompts), []
    model = subprocess.check_output([ROOT / "scripts/fetch-model.sh"], text=True).strip()
    for replicas in a.replicas:
        servers = [start(model) for _ in range(replicas)]
        try:
            for at_once in a.in_flight:
                at = ",".join(f"http://{server.at}" for server in servers)
                results, seconds = ask(asked, a.budget, "--engine", at, "--in-flight", str(at_once))
                rows.append(row(replicas, at_once, results, seconds))
        finally:
            for server in servers:
                server.kill()
    return rows


def row(replicas, at_once, results, seconds):
    evaluations = sum(x["cost"]["evaluations"] for x in results)
    made = f"| {replicas} | {at_once} | {3600 * len(results) / seconds:,.0f} | {evaluations / seconds:.1f} |"
    print(made, file=sys.stderr)
    return made


def main():
    a = arguments()
    rows = measure(a, row)
    head = "| llama-servers | in flight | prompts an hour | evaluations a second |\n|---|---|---|---|\n"
    table = head + "\n".join(rows) + "\n"
    print(table, end="")
    document = ROOT / "docs/many.md"
    text = document.read_text(encoding="utf-8")
    if not a.no_document:
        document.write_text(re.sub(re.escape(head) + r"(\|.*\n)*", lambda _: table, text), encoding="utf-8")


main()
