#!/usr/bin/env python3
"""What several targets cost, and what they find, beside a run for each.

bench/data/targets.jsonl holds ten prompts with answers of three to five sentences. `--target sentence:all` is compared with
a run for each sentence: the tokens decoded, as a multiple of what one such run costs on average, and the drops of the sets,
as a share of the separate runs' drops. Writes bench/results/targets.json and the table in docs/targets.md. Prompts already
measured in the same setting are not run again, unless --again.
"""
import argparse
import statistics
import sys

import shared

MOST_TOKENS, LEAST_DROP = 2.5, 0.97


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="the three prompts for tuning; writes no document")
    parser.add_argument("--units", type=int, default=3, help="words of a set at most (3)")
    parser.add_argument("--unit", default="word", help="what is hidden (word)")
    parser.add_argument("--again", action="store_true", help="measure anew what is known")
    parser.add_argument("--no-document", action="store_true", help="leave docs/targets.md and bench/results as they are")
    return parser.parse_args()


def run(a, model, row, target):
    x = shared.jopa("explain", "-m", model, "-u", a.unit, "-k", a.units, "--metrics", "none", "-r", row["response"], "--target", target, "--", row["prompt"])
    cost = {name: x["cost"][name] for name in ("evaluations", "gradients", "decoded_tokens", "seconds")}
    targets = x.get("targets") or [{"drop": x["log_prob"]["drop"], "selected": x["selected"]}]
    return {**cost, "drops": [t["drop"] for t in targets], "sets": [t["selected"] for t in targets]}


def compare(together, apart):
    return {"sentences": len(apart), "tokens": together["decoded_tokens"] / statistics.fmean(x["decoded_tokens"] for x in apart),
            "drops": [t / x["drops"][0] for t, x in zip(together["drops"], apart, strict=True)],
            "drop": sum(together["drops"]) / sum(x["drops"][0] for x in apart),
            "same": sum(t == x["sets"][0] for t, x in zip(together["sets"], apart, strict=True)),
            "seconds": together["seconds"], "seconds_apart": sum(x["seconds"] for x in apart)}


def table(rows, where):
    total = sum(r["sentences"] for r in rows)
    lines = ["| all sentences in one run, beside a run for each | |", "| --- | ---: |",
             f"| tokens decoded, of what one run costs; mean of {len(rows)} prompts | {shared.mean([[r['tokens']] for r in rows], 2)} |",
             f"| of the worst prompt | {max(r['tokens'] for r in rows):.2f} |",
             f"| drops, of those of the separate runs | {shared.mean([[r['drop']] for r in rows], 3)} |",
             f"| of the worst prompt | {min(r['drop'] for r in rows):.3f} |",
             f"| sentences with the same set | {sum(r['same'] for r in rows)} of {total} |",
             f"| seconds, median; of all separate runs | {statistics.median(r['seconds'] for r in rows):.0f}; "
             f"{statistics.median(r['seconds_apart'] for r in rows):.0f} |"]
    return "\n".join([*lines, "", f"Answers of {total / len(rows):.1f} sentences; 95 % bootstrap intervals over prompts. {shared.in_words(where)}"])


def main():
    a = arguments()
    name = "targets-dev" if a.dev else "targets"
    model = shared.default_model()
    known = shared.Rows(shared.ROOT / f"build/bench/{name}.jsonl", {"units": a.units, "unit": a.unit}, a.again)
    rows = []
    for row in shared.json_lines(shared.DATA / f"{name}.jsonl"):
        together = known.get("all", row["id"], measure=lambda row=row: run(a, model, row, "sentence:all"))
        apart = [known.get(str(s + 1), row["id"], measure=lambda row=row, s=s: run(a, model, row, f"sentence:{s + 1}"))
                 for s in range(len(together["drops"]))]
        rows.append({"id": row["id"], **compare(together, apart)})
        print("{id}: {sentences} sentences, tokens {tokens:.2f}, drops {drop:.3f} ({all})".format(
            **rows[-1], all=" ".join(f"{d:.2f}" for d in rows[-1]["drops"])), flush=True)
    held = {f"at most {MOST_TOKENS} times the tokens of one run": statistics.fmean(r["tokens"] for r in rows) <= MOST_TOKENS,
            f"at least {LEAST_DROP} of the drops": statistics.fmean(r["drop"] for r in rows) >= LEAST_DROP}
    where = shared.circumstances(model)
    print(table(rows, where))
    if not a.dev and not a.no_document:
        shared.write_results("targets.json", {"setting": known.setting, **where, "checks": held, "prompts": rows})
        shared.write_document("targets.md", "targets", table(rows, where))
    return shared.tell(held)


if __name__ == "__main__":
    sys.exit(main())
