#!/usr/bin/env python3
"""make bench-long: whether jopa finds one planted fact in long prompts, and at what cost.

    bench/long.py [--lengths 1000,2000,4000,8000] [--cases 8] [--units K] [--flat N] [--budget N] [--threads N] [--results DIR]

For each length it makes documents (bench/planted.py) in which one sentence holds the answer to a question at the end, the
response given. A document counts when hiding that sentence alone lowers the score by 2 nats; otherwise another one is
drawn. jopa explains the response by words. Reported: whether a word of the planted sentence is in the set, and what part of
its words; decoded tokens over the tokens of one full prompt; how the cost grows from the shortest to the longest length; and
for the first --flat cases of the shortest length the same without levels (which takes many times as long).
What is in DIR/long.json is not run again. Tables go to DIR/long.md.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from planted import document

ROOT = Path(__file__).parents[1]
JOPA = os.environ.get("JOPA", str(ROOT / "build/jopa"))
LEAST_DROP = 2
DRAWS = 100  # documents drawn for one case at most


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", default="1000,2000,4000,8000", help="tokens of the documents, about")
    parser.add_argument("--cases", type=int, default=8, help="of each length (8)")
    parser.add_argument("--units", type=int, default=0, help="words in a set at most (the command's default: a tenth)")
    parser.add_argument("--flat", type=int, default=2, help="cases of the shortest length also searched flat (2)")
    parser.add_argument("--budget", type=int, default=0, help="of the search by levels, in full prompts (the command's)")
    parser.add_argument("--flat-budget", type=int, default=0, help="of the flat search, in evaluations (the command's)")
    parser.add_argument("--threads", type=int, default=0, help="of each run (all cores)")
    parser.add_argument("--model", default="default")
    parser.add_argument("--results", type=Path, default=ROOT / "bench/results")
    return parser.parse_args()


def explain(a, prompt, response, *options):
    """The result of one run, or None where the prompt is too long for the model."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "prompt.txt"
        file.write_text(prompt, encoding="utf-8")
        command = [JOPA, "explain", "-m", a.model, "-f", file, "-r", response, "--metrics", "none", "-F", "json", "-q",
                   *(["-t", str(a.threads)] if a.threads else []), *options]
        done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, options))}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def full_row(result):
    return len(result["prompt"]["tokens"]) + result["response"]["target"][1] - 1


def draw(a, length, start):
    """The first case from seed `start` on whose planted sentence counts."""
    for seed in range(start, start + DRAWS):
        case = document(length, seed)
        marked = case["prompt"].replace(case["planted"], "{{" + case["planted"] + "}}", 1)
        alone = explain(a, marked, case["response"], "-u", "marked", "-M", "ablation", "-k", 1)
        if alone["log_prob"]["drop"] >= LEAST_DROP:
            return {**case, "length": length, "tokens": full_row(alone), "planted_drop": alone["log_prob"]["drop"]}
    sys.exit(f"none of {DRAWS} documents of {length} tokens rests on its fact")


def judge(case, result):
    text = result["prompt"]["text"].encode()
    start = text.index(case["planted"].encode())
    end = start + len(case["planted"].encode())
    words = [u for u in result["units"] if start <= u["start"] and u["end"] <= end]
    chosen = [u["text"].strip() for u in words if u["selected"]]
    return {"length": case["length"], "seed": case["seed"], "tokens": case["tokens"], "planted": case["planted"],
            "place": start / len(text), "planted_drop": case["planted_drop"], "k": result["k"], "words": len(result["units"]),
            "found": bool(chosen), "share": len(chosen) / len(words), "chosen": chosen, "drop": result["log_prob"]["drop"],
            "selected": len(result["selected"]), "decoded": result["cost"]["decoded_tokens"],
            "prompts": result["cost"]["decoded_tokens"] / full_row(result), "evaluations": result["cost"]["evaluations"],
            "seconds": result["cost"]["seconds"],
            "levels": [{k: v for k, v in level.items() if k != "selected"} for level in result.get("levels", [])]}


def save(path, results):
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(path)


def run_all(a, lengths, results, path):
    units = ["-k", a.units] if a.units else []
    for length in lengths:
        seed = 0
        for number in range(a.cases):
            key = f"{length}/{number}"
            if key not in results["cases"]:
                case = draw(a, length, seed)
                budget = ["-b", a.budget] if a.budget else []
                results["cases"][key] = judge(case, explain(a, case["prompt"], case["response"], "-u", "word", *units, *budget))
                save(path, results)
            found = results["cases"][key]
            print(f"{key}: drop {found['drop']:.1f}, {found['share']:.0%} of the planted words, {found['prompts']:.1f} prompts")
            if length == lengths[0] and number < a.flat and key not in results["flat"]:
                case = {**document(length, found["seed"]), "length": length, **{k: found[k] for k in ("tokens", "planted_drop")}}
                budget = ["-b", a.flat_budget] if a.flat_budget else []
                flat = explain(a, case["prompt"], case["response"], "-u", "word", "--levels", "none", *units, *budget)
                results["flat"][key] = judge(case, flat)
                save(path, results)
            seed = found["seed"] + 1


def table(results, lengths):
    lines = ["| tokens | cases | planted sentence in the set | its words in the set | drop | full prompts decoded, mean | most | seconds, median |",
             "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    means = {}
    for length in lengths:
        rows = [r for r in results["cases"].values() if r["length"] == length]
        if not rows:
            continue
        means[length] = statistics.fmean(r["decoded"] for r in rows), statistics.fmean(r["tokens"] for r in rows)
        lines.append(f"| {means[length][1]:,.0f} | {len(rows)} | {statistics.fmean(r['found'] for r in rows):.0%} | "
                     f"{statistics.fmean(r['share'] for r in rows):.0%} | {statistics.fmean(r['drop'] for r in rows):.1f} | "
                     f"{statistics.fmean(r['prompts'] for r in rows):.1f} | {max(r['prompts'] for r in rows):.1f} | "
                     f"{statistics.median(r['seconds'] for r in rows):.0f} |")
    if len(means) > 1:
        first, last = means[min(means)], means[max(means)]
        lines += ["", f"From {first[1]:,.0f} to {last[1]:,.0f} tokens the cost grows {last[0] / first[0] / (last[1] / first[1]):.2f} times as fast as the length."]
    flat = [(results["cases"][k], f) for k, f in results["flat"].items() if k in results["cases"]]
    if flat:
        drop = statistics.fmean(c["drop"] / f["drop"] for c, f in flat)
        cost = statistics.fmean(c["decoded"] / f["decoded"] for c, f in flat)
        lines += ["", f"Against the flat search ({len(flat)} cases of {flat[0][1]['length']} tokens): {drop:.2f} of its drop at {cost:.3f} of its decoded tokens."]
    return "\n".join(lines) + "\n"


def main():
    a = arguments()
    lengths = sorted(int(n) for n in a.lengths.split(","))
    path = a.results / "long.json"
    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"options": {}, "cases": {}, "flat": {}}
    options = {"units": a.units, "budget": a.budget, "flat_budget": a.flat_budget}
    if results["options"] not in ({}, options):
        sys.exit(f"{path} was made with {results['options']}: give another --results, or remove it")
    results["options"] = options
    run_all(a, lengths, results, path)
    text = table(results, lengths)
    (a.results / "long.md").write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
