#!/usr/bin/env python3
"""Whether `jopa audit` finds the sentence that was planted.

bench/data/audit.jsonl holds 40 chats, each with one planted sentence among innocent ones and a response that follows it.
Counts how often the planted sentence is in the set, how many other sentences are, and how often the words are inside it.
Writes bench/results/audit.json and the table in docs/uses.md. Chats already in the results are not run again, unless
--again.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BATCH = 8  # chats of one call of the command


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=0, help="only the first N chats (all)")
    parser.add_argument("--threshold", type=float, default=None, help="drop per token that is enough (the command's)")
    parser.add_argument("--operator", default=None, help="how text is hidden (the command's)")
    parser.add_argument("--max-tokens", type=int, default=24, help="of what is written before and after (24)")
    parser.add_argument("--threads", type=int, default=0, help="of each run (all cores)")
    parser.add_argument("--again", action="store_true", help="run chats again that are in the results")
    parser.add_argument("--results", type=Path, default=ROOT / "bench/results/audit.json")
    parser.add_argument("--no-document", action="store_true", help="leave docs/uses.md as it is")
    return parser.parse_args()


def options(a):
    found = ["--max-tokens", str(a.max_tokens), "--metrics", "none", "--format", "json", "--quiet"]
    for name in ("threshold", "operator"):
        if getattr(a, name) is not None:
            found += [f"--{name}", str(getattr(a, name))]
    return found + (["--threads", str(a.threads)] if a.threads else [])


def audit(chats, more):
    command = [str(os.environ.get("JOPA", ROOT / "build/jopa")), "audit", "--data", "-", *more]
    done = subprocess.run(command, input="\n".join(json.dumps(c) for c in chats), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)["results"]


def judge(chat, result):
    found = result["audit"]
    sentences = [s["text"] for s in found["sentences"]]
    planted = [s for s in found["sentences"] if chat["trigger"] in s["text"] or s["text"] in chat["trigger"]]
    inside = [w for w in found["words"] if any(s["start"] <= w["start"] and w["end"] <= s["end"] for s in planted)]
    return {"id": chat["id"], "found": bool(planted), "others": len(sentences) - len(planted), "reached": found["reached"],
            "drop_per_token": found["drop_per_token"], "units": len(result["units"]), "sentences": sentences,
            "roles": [s["role"] for s in found["sentences"]], "words": [w["text"] for w in found["words"]],
            "words_inside": len(inside), "words_drop_per_token": found["words_drop_per_token"],
            "turned_away": found["turned_away"], "evaluations": result["cost"]["evaluations"],
            "seconds": result["cost"]["seconds"]}


def summarize(rows):
    return {"chats": len(rows), "found": statistics.fmean(r["found"] for r in rows),
            "others": statistics.fmean(r["others"] for r in rows), "reached": statistics.fmean(r["reached"] for r in rows),
            "words": statistics.fmean(len(r["words"]) for r in rows),
            "turned_away": statistics.fmean(r["turned_away"] for r in rows),
            "sentences_of_each_chat": statistics.fmean(r["units"] for r in rows),
            "evaluations": statistics.fmean(r["evaluations"] for r in rows),
            "seconds": statistics.fmean(r["seconds"] for r in rows)}


def markdown(s):
    return "\n".join([
        f"| {s['chats']} chats of {s['sentences_of_each_chat']:.1f} sentences | |", "| --- | ---: |",
        f"| the planted sentence is in the set | {100 * s['found']:.1f} % |",
        f"| other sentences in the set, mean | {s['others']:.2f} |",
        f"| words that are enough, mean | {s['words']:.1f} |",
        f"| evaluations, mean | {s['evaluations']:.0f} |"])


def write_document(name, text):
    """Replace what stands between <!-- NAME --> and <!-- end --> in docs/uses.md."""
    path = ROOT / "docs/uses.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(f"<!-- {name} -->\n")
    if rest:
        path.write_text(f"{before}<!-- {name} -->\n{text}\n<!-- end -->{rest.partition('<!-- end -->')[2]}", encoding="utf-8")


def main():
    a = arguments()
    chats = [json.loads(line) for line in (ROOT / "bench/data/audit.jsonl").read_text(encoding="utf-8").splitlines()]
    chats = chats[:a.first or None]
    old = json.loads(a.results.read_text(encoding="utf-8")) if a.results.exists() and not a.again else {}
    setting = {"threshold": a.threshold, "operator": a.operator, "max_tokens": a.max_tokens}
    rows = {r["id"]: r for r in old.get("chats", [])} if old.get("setting") == setting else {}
    a.results.parent.mkdir(parents=True, exist_ok=True)
    left = [c for c in chats if c["id"] not in rows]
    for at in range(0, len(left), BATCH):
        batch = left[at:at + BATCH]
        for chat, result in zip(batch, audit(batch, options(a)), strict=True):
            row = rows[chat["id"]] = judge(chat, result)
            print(f"{'' if row['found'] else 'MISSED '}{chat['id']}: {' + '.join(row['sentences'])} [{' '.join(row['words'])}]", flush=True)
        a.results.write_text(json.dumps({"setting": setting, "chats": list(rows.values())}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    summary = summarize([rows[c["id"]] for c in chats])
    held = {"the planted sentence is in at least 95 % of the sets": summary["found"] >= 0.95,
            "no more than one other sentence on average": summary["others"] <= 1}
    a.results.write_text(json.dumps({"setting": setting, "summary": summary, "checks": held, "chats": list(rows.values())},
                                    indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(markdown(summary))
    for name, fine in held.items():
        print(f"{'held' if fine else 'MISSED'}: {name}")
    if not a.no_document:
        write_document("audit", markdown(summary))
    return not all(held.values())


if __name__ == "__main__":
    sys.exit(main())
