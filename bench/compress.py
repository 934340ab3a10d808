#!/usr/bin/env python3
"""Compression at equal size: the search against random deletion and the rules of thumb.

For prompts of the three tasks: the model's greedy response, then the same share of the prompt's tokens taken out by each
method of `jopa compress`, the drop of that response per token as the shorter prompt is pasted, and how far the response
regenerated from it moved. Writes bench/results/compress.json and the table in docs/uses.md. Prompts already in the results
file are not run again, unless --again.
"""
import argparse
import json
import os
import random
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
METHODS = ["jopa", "random", "ablation", "surprisal"]
TITLES = {"jopa": "`jopa compress`", "random": "random words", "ablation": "lowest single drops first",
          "surprisal": "least surprising first (Selective Context)"}
# figure -> how it is called, and whether more is better
FIGURES = {"drop_per_token": ("drop per token, nats", False), "rougeL": ("ROUGE-L", True),
           "total_variation": ("word distance", False), "meaning": ("meaning distance", False)}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-task", type=int, default=8, help="prompts of each task (8)")
    parser.add_argument("--ratio", type=float, default=0.5, help="share of the tokens taken out (0.5)")
    parser.add_argument("--max-tokens", type=int, default=24, help="of the response (24)")
    parser.add_argument("--threads", type=int, default=0, help="of each run (all cores)")
    parser.add_argument("--budget", type=int, default=0, help="evaluations of each search (its default)")
    parser.add_argument("--again", action="store_true", help="run prompts again that are in the results")
    parser.add_argument("--results", type=Path, default=ROOT / "bench/results/compress.json")
    parser.add_argument("--no-document", action="store_true", help="leave docs/uses.md as it is")
    return parser.parse_args()


def prompts(per_task):
    """Evenly spread over each file."""
    for name in ("summarization", "qa", "instruction"):
        lines = [json.loads(line) for line in (ROOT / f"bench/data/{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        step = max(1, len(lines) // per_task)
        yield from lines[::step][:per_task]


def encoder():
    done = subprocess.run([ROOT / "scripts/fetch-encoder.sh"], stdout=subprocess.PIPE, text=True)
    return ["--encoder", done.stdout.strip()] if done.returncode == 0 else []


def compress(prompt, options, **more):
    command = [os.environ.get("JOPA", ROOT / "build/jopa"), "compress", "--format", "json", "--quiet", *options]
    for name, value in more.items():
        command += [f"--{name}", str(value)]
    done = subprocess.run([*map(str, command), "--", prompt], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def figures(result):
    metrics = result["metrics"]
    meaning = metrics.get("meaning", {})
    return {"drop_per_token": result["compression"]["drop_per_token"], "ratio": result["compression"]["ratio"],
            "tokens_left": result["compression"]["tokens_left"], "text": result["compression"]["text"],
            "response": result["masked_response"]["text"], "rougeL": metrics["words"]["rougeL"],
            "total_variation": metrics["words"]["total_variation"],
            "meaning": next(iter(meaning.values()), None), "evaluations": result["cost"]["evaluations"],
            "seconds": result["cost"]["seconds"]}


def run_prompt(item, arguments, options):
    """All methods on one prompt; the response is written once."""
    first = compress(item["prompt"], options, method="random", metrics="none")
    row = {"id": item["id"], "task": item["task"], "response": first["response"]["text"],
           "tokens": first["compression"]["tokens"], "methods": {}}
    for method in METHODS:
        budget = {"budget": arguments.budget} if arguments.budget and method == "jopa" else {}
        row["methods"][method] = figures(compress(item["prompt"], options, method=method, response=row["response"],
                                                  metrics="words,meaning", **budget))
    return row


def means(rows):
    table = {}
    for method in METHODS:
        table[method] = {f: statistics.fmean(r["methods"][method][f] for r in rows) for f in FIGURES
                         if all(r["methods"][method][f] is not None for r in rows)}
        table[method]["ratio"] = statistics.fmean(r["methods"][method]["ratio"] for r in rows)
    return table


def interval(rows, method):
    """95 % bootstrap interval of the quotient of mean drops, jopa over method."""
    draw = random.Random(0)
    pairs = [(r["methods"]["jopa"]["drop_per_token"], r["methods"][method]["drop_per_token"]) for r in rows]
    quotients = []
    for _ in range(2000):
        sample = draw.choices(pairs, k=len(pairs))
        below = sum(b for _, b in sample)
        if below > 0:
            quotients.append(sum(a for a, _ in sample) / below)
    quotients.sort()
    return [quotients[len(quotients) // 40], quotients[-1 - len(quotients) // 40]] if quotients else [None, None]


def checks(table):
    """What was promised, and whether it holds."""
    drop = {m: table[m]["drop_per_token"] for m in METHODS}
    held = {"drop at most half of random deletion": drop["jopa"] <= 0.5 * drop["random"],
            "drop at most 0.8 of deletion by lowest single drop": drop["jopa"] <= 0.8 * drop["ablation"],
            "drop below deletion by surprisal": drop["jopa"] < drop["surprisal"]}
    for figure, (title, more) in FIGURES.items():
        if figure == "drop_per_token" or figure not in table["jopa"]:
            continue
        others = [table[m][figure] for m in METHODS[1:]]
        held[f"{title} better than all others"] = table["jopa"][figure] > max(others) if more else table["jopa"][figure] < min(others)
    return held


def markdown(table, rows, ratio):
    shown = [f for f in FIGURES if f in table["jopa"]]
    lines = [f"| {ratio:.0%} of the tokens taken out, {len(rows)} prompts | " + " | ".join(FIGURES[f][0] for f in shown) + " |",
             "| --- |" + " ---: |" * len(shown)]
    for method in METHODS:
        lines.append(f"| {TITLES[method]} | " + " | ".join(f"{table[method][f]:.3f}" for f in shown) + " |")
    return "\n".join(lines).replace("%", " %")


def write_document(name, text):
    """Replace what stands between <!-- NAME --> and <!-- end --> in docs/uses.md."""
    path = ROOT / "docs/uses.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(f"<!-- {name} -->\n")
    if rest:
        path.write_text(f"{before}<!-- {name} -->\n{text}\n<!-- end -->{rest.partition('<!-- end -->')[2]}", encoding="utf-8")


def main():
    a = arguments()
    old = json.loads(a.results.read_text(encoding="utf-8")) if a.results.exists() and not a.again else {}
    setting = {"ratio": a.ratio, "max_tokens": a.max_tokens, "budget": a.budget}
    rows = old["prompts"] if old.get("setting") == setting else []
    options = ["--ratio", str(a.ratio), "--max-tokens", str(a.max_tokens), *encoder()]
    options += ["--threads", str(a.threads)] if a.threads else []
    chosen = list(prompts(a.per_task))
    for item in chosen:
        if item["id"] not in {r["id"] for r in rows}:
            rows.append(run_prompt(item, a, options))
            drops = "  ".join(f"{m} {rows[-1]['methods'][m]['drop_per_token']:.3f}" for m in METHODS)
            print(f"{item['id']:>18}  {drops}", flush=True)
        a.results.parent.mkdir(parents=True, exist_ok=True)
        a.results.write_text(json.dumps({"setting": setting, "prompts": rows}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    rows = [r for r in rows if r["id"] in {item["id"] for item in chosen}]
    table = means(rows)
    held = checks(table)
    summary = {"setting": setting, "means": table, "tasks": {t: means([r for r in rows if r["task"] == t]) for t in sorted({r["task"] for r in rows})},
               "quotients": {m: interval(rows, m) for m in METHODS[1:]}, "checks": held, "prompts": rows}
    a.results.write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    text = markdown(table, rows, a.ratio)
    print(text)
    for name, fine in held.items():
        print(f"{'held' if fine else 'MISSED'}: {name}")
    if not a.no_document:
        write_document("compress", text)
    return not all(held.values())


if __name__ == "__main__":
    sys.exit(main())
