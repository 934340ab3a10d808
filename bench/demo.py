#!/usr/bin/env python3
"""Which prompt shows best what joint search sees and one-at-a-time ablation misses: candidates of bench/data/demo.jsonl
on the default model, words, k = 2.

Every pair of words is scored, so the best pair is known. A candidate is good when the pair's drop is large, each of its
words alone changes little, and the pair that ablation picks loses little. The best ten are then tried with the other
operators and, by jopa, with five seeds. Writes bench/results/demo.json and the table in docs/bench.md.
"""
import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
JOPA = os.environ.get("JOPA", str(ROOT / "build/jopa"))
OPERATORS = ("delete", "mean", "token:_")
SEEDS = range(1, 6)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=0, help="only so many candidates (all)")
    parser.add_argument("--tried", type=int, default=10, help="candidates tried with other operators and seeds (10)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--no-document", action="store_true", help="leave docs/bench.md and bench/results as they are")
    return parser.parse_args()


def compare(a, case, methods, operator="zero", seed=0):
    command = [JOPA, "compare", "-t", a.threads, "-u", "word", "-k", 2, "-o", operator, "--seed", seed, "-M", methods,
               "--metrics", "none", "-F", "json", "-q", "-r", case["response"], case["prompt"]]
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)["results"]


def words(result):
    return [result["units"][u]["text"].strip() for u in result["selected"]]


def measured(a, case, operator):
    best, ablation = compare(a, case, "exhaustive,ablation", operator)
    drop = best["log_prob"]["drop"]
    alone = [ablation["units"][u]["score"] for u in best["selected"]]
    return {"pair": words(best), "drop": drop, "alone": alone, "ablation": words(ablation),
            "ablation_drop": ablation["log_prob"]["drop"]}


def shown(m):
    """What joint search sees beyond ablation and beyond the pair's words alone, in nats."""
    return m["drop"] - max(0, m["ablation_drop"]) - max(0, *m["alone"]) if len(m["pair"]) == 2 else 0


def tried(a, case, m):
    """The other operators' figures, and how many of the seeds find the best pair."""
    others = {o: measured(a, case, o) for o in OPERATORS}
    found = sum(words(compare(a, case, "jopa", seed=s)[0]) == m["pair"] for s in SEEDS)
    return {"operators": others, "seeds": len(SEEDS), "found": found}


def report(a):
    lines = (ROOT / "bench/data/demo.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines][:a.first or None]
    for i, case in enumerate(cases):
        case["zero"] = measured(a, case, "zero")
        print(f'{i + 1}/{len(cases)} {case["zero"]["pair"]} {case["zero"]["drop"]:.2f}', file=sys.stderr, flush=True)
    cases.sort(key=lambda c: -shown(c["zero"]))
    for case in cases[:a.tried]:
        case.update(tried(a, case, case["zero"]))
        print(case["prompt"], file=sys.stderr, flush=True)
    return cases


def figures(m):
    return f'{m["drop"]:.2f} | {" ".join(f"{x:.2f}" for x in m["alone"])} | {m["ablation_drop"]:.2f}'


def table(cases, n):
    out = [f"{len(cases)} candidates; those that show most. Drops in nats: of the best pair of all, of its words alone, "
           "of the pair that ablation picks.", "",
           "| prompt, response | pair | its drop | alone | ablation's | `delete` | `mean` | `token:_` | seeds |",
           "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for c in cases[:n]:
        # under the other operators: whether the same pair is the best, its drop and ablation's
        others = " | ".join(f'{"" if o["pair"] == c["zero"]["pair"] else "other pair, "}{o["drop"]:.2f}, {o["ablation_drop"]:.2f}'
                            for o in c["operators"].values())
        pair = " + ".join(w.strip(".,:?!") for w in c["zero"]["pair"])
        out.append(f'| {c["prompt"]} → {c["response"]} | {pair} | {figures(c["zero"])} | {others} | {c["found"]}/{c["seeds"]} |')
    return "\n".join(out) + "\n"


def write(cases, text):
    (ROOT / "bench/results/demo.json").write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    document = ROOT / "docs/bench.md"
    begin, end = "<!-- make bench-demo -->\n", "<!-- end of make bench-demo -->\n"
    before, rest = document.read_text(encoding="utf-8").split(begin)
    document.write_text(before + begin + text + end + rest.split(end)[1], encoding="utf-8")


def main():
    a = arguments()
    cases = report(a)
    text = table(cases, min(a.tried, len(cases)))
    sys.stdout.write(text)
    if not a.no_document:
        write(cases, text)


if __name__ == "__main__":
    main()
