#!/usr/bin/env python3
"""Whether the contrast of two answers finds the words that decide between them.

bench/data/contrast.jsonl holds 40 prompts "A is ..., B is ..., which ...?" with the right answer, the other half's answer,
and the words that tell them apart. Counts the prompts in whose set of words all of these are, beside the same search
without --against and single-word ablation with it. Writes bench/results/contrast.json and the table in docs/targets.md.
Prompts already measured in the same setting are not run again, unless --again.
"""
import argparse
import statistics
import sys

import shared

WAYS = {  # title → options beyond the prompt's
    "`--against`": ("jopa", True),
    "the same without it": ("jopa", False),
    "`--against`, each word alone (`-M ablation`)": ("ablation", True),
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="the ten prompts for tuning; writes no document")
    parser.add_argument("--units", type=int, default=3, help="words of a set at most (3)")
    parser.add_argument("--first", type=int, default=0, help="only the first N prompts (all)")
    parser.add_argument("--again", action="store_true", help="measure anew what is known")
    parser.add_argument("--no-document", action="store_true", help="leave docs/targets.md and bench/results as they are")
    return parser.parse_args()


def first_unit(units, word):
    """The index of the first unit that is that word, whatever punctuation stands at it."""
    return next(u["index"] for u in units if u["text"].strip(".,?!") == word)


def measure(model, row, way, k):
    method, contrast = WAYS[way]
    more = ["--against", row["against"]] if contrast else []
    x = shared.jopa("explain", "-m", model, "-u", "word", "-k", k, "-M", method, "--metrics", "none", "-r", row["response"], *more, "--", row["prompt"])
    words = [x["units"][i]["text"] for i in x["selected"]]
    deciding = [first_unit(x["units"], w) for w in row["deciding"]]
    return {"found": all(i in x["selected"] for i in deciding), "subject": first_unit(x["units"], row["subject"]) in x["selected"],
            "words": words, "full": x["log_prob"]["full"], "drop": x["log_prob"]["drop"],
            "evaluations": x["cost"]["evaluations"], "decoded_tokens": x["cost"]["decoded_tokens"], "seconds": x["cost"]["seconds"]}


def summarize(rows):
    return {"prompts": len(rows), "found": statistics.fmean(r["found"] for r in rows),
            "subject": statistics.fmean(r["subject"] for r in rows), "size": statistics.fmean(len(r["words"]) for r in rows),
            "turned": statistics.fmean(r["full"] > 0 and r["drop"] > r["full"] for r in rows),
            "prefers": statistics.fmean(r["full"] > 0 for r in rows),
            "evaluations": statistics.fmean(r["evaluations"] for r in rows), "seconds": statistics.median(r["seconds"] for r in rows)}


def table(found, circumstances):
    lines = ["| words that are found by | deciding words, % of the prompts | the subject too, % | words | evaluations | seconds, median |",
             "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for way, rows in found.items():
        s = summarize(rows)
        lines.append(f"| {way} | {shared.percent([[r['found']] for r in rows])} | {shared.percent([[r['subject']] for r in rows])} | "
                     f"{s['size']:.1f} | {s['evaluations']:.0f} | {s['seconds']:.1f} |")
    s = summarize(next(iter(found.values())))
    lines += ["", f"{s['prompts']} prompts; the model prefers the right answer on {100 * s['prefers']:.0f} % of them, and with the set of `--against`",
              f"hidden no longer on {100 * s['turned']:.0f} %. 95 % bootstrap intervals over prompts. {shared.in_words(circumstances)}"]
    return "\n".join(lines)


def main():
    a = arguments()
    name = "contrast-dev" if a.dev else "contrast"
    model = shared.default_model()
    data = shared.json_lines(shared.DATA / f"{name}.jsonl")[:a.first or None]
    rows = shared.Rows(shared.ROOT / f"build/bench/{name}.jsonl", {"units": a.units}, a.again)
    found = {}
    for way in WAYS:
        found[way] = [{"id": r["id"], **rows.get(way, r["id"], measure=lambda r=r, way=way: measure(model, r, way, a.units))} for r in data]
        for r, x in zip(data, found[way], strict=True):
            print(f"{'' if x['found'] else 'MISSED '}{x['id']} {r['deciding']}: {' + '.join(x['words'])} {x['drop']:.2f} of {x['full']:.2f}")
    where = shared.circumstances(model)
    held = {"the deciding words are in at least 95 % of the sets": summarize(found["`--against`"])["found"] >= 0.95}
    print(table(found, where))
    if not a.dev and not a.no_document and not a.first:
        shared.write_results("contrast.json", {"setting": {"units": a.units}, **where, "checks": held,
                                               "summary": {way: summarize(x) for way, x in found.items()}, "prompts": found})
        shared.write_document("targets.md", "contrast", table(found, where))
    return shared.tell(held)


if __name__ == "__main__":
    sys.exit(main())
