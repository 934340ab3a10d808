#!/usr/bin/env python3
"""What the search finds with few evaluations: make bench-effort.

On prompts of the three tasks, by `zero` and `delete`, at 0.1, 0.25, 0.5 and 1 evaluations a unit with everything charged (a
gradient at what it costs), the share of the best drop known: the best that any of these runs has seen, or one of two runs
of the default budget, jopa and jopa-nograd. A cut run goes on where it was. Writes bench/results/effort.json and the table
in docs/search.md.
"""
import argparse
import statistics
import sys

import search
import shared

BUDGETS = (0.1, 0.25, 0.5, 1)
METHODS = ("jopa", "jopa-nograd", "jopa-noprob", "ablation", "lime", "random")
FULL = 4  # evaluations a unit of the default budget
FLOORS = {0.25: 0.80, 0.5: 0.90, 1: 0.97}
OVER_NOGRAD = 1.15  # at 0.25


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="two short prompts of each task, `zero` alone; writes no document")
    parser.add_argument("--per-task", type=int, default=15)
    parser.add_argument("--words", type=int, default=138, help="of a prompt at most (138)")
    parser.add_argument("--operators", default="zero,delete")
    parser.add_argument("--tokens", type=int, default=32, help="of the model's own answer (32)")
    parser.add_argument("--no-document", action="store_true", help="leave docs/search.md and bench/results as they are")
    a = parser.parse_args()
    if a.quick:
        a.per_task, a.words, a.operators, a.no_document = 2, 40, "zero", True
    return a


def runs_of(a, out, operator, files):
    """{budget: results of all methods}; FULL: the default budget."""
    more = ("--operator", operator)
    found = {b: search.run(out, f"{operator}-{b}", files, ",".join(METHODS), a.tokens, "--budget-per-unit", str(b), *more) for b in BUDGETS}
    found[FULL] = search.run(out, f"{operator}-full", files, "jopa,jopa-nograd", a.tokens, *more)
    return found


def best_of(found):
    """{prompt: the best drop that any run has seen}"""
    best = {}
    for r in (r for runs in found.values() for r in runs):
        best[search.key(r)] = max(best.get(search.key(r), 0), r["log_prob"]["drop"], *(p["drop"] for p in r["trace"]))
    return best


def shares_of(found):
    """{method: {budget: {prompt: share of the best drop known}}}, prompts of 26 units and more"""
    best, shares = best_of(found), {}
    for budget, runs in found.items():
        for r in runs:
            if len(r["units"]) >= 26 and best[search.key(r)] > 0:
                share = max(r["log_prob"]["drop"], 0) / best[search.key(r)]
                shares.setdefault(r["method"], {}).setdefault(budget, {})[search.key(r)] = share
    return shares


def table_of(operator, shares):
    lines = [f"| `{operator}`, evaluations a unit | " + " | ".join(map(str, (*BUDGETS, FULL))) + " |", "|---" * (len(BUDGETS) + 2) + "|"]
    for method in METHODS:
        cells = [shared.mean([[x] for x in shares[method].get(b, {}).values()], 2) for b in (*BUDGETS, FULL)]
        lines.append(f"| `{method}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def checks_of(operator, shares):
    mean = {m: {b: statistics.fmean(x.values()) for b, x in by.items()} for m, by in shares.items()}
    held = {f"{operator}: jopa at {b} a unit at least {least}": mean["jopa"][b] >= least for b, least in FLOORS.items()}
    held[f"{operator}: jopa at 0.25 at least {OVER_NOGRAD} times jopa-nograd"] = mean["jopa"][0.25] >= OVER_NOGRAD * mean["jopa-nograd"][0.25]
    held[f"{operator}: jopa at {FULL} not worse than jopa-nograd"] = mean["jopa"][FULL] >= mean["jopa-nograd"][FULL] - 0.01
    return mean, held


def main():
    a = arguments()
    out = shared.ROOT / "build/bench/effort"
    (out / "data").mkdir(parents=True, exist_ok=True)
    files = search.prepare(str(out), a.words, a.per_task)
    where, tables, held, means = shared.circumstances(shared.default_model()), [], {}, {}
    for operator in a.operators.split(","):
        shares = shares_of(runs_of(a, str(out), operator, files))
        tables.append(table_of(operator, shares))
        means[operator], checks = checks_of(operator, shares)
        held.update(checks)
    prompts = len(next(iter(shares["jopa"].values())))
    text = "\n\n".join([*tables, f"{prompts} prompts of 26 tokens and more, sets of 10 %; mean with 95 % bootstrap interval. {shared.in_words(where)}"])
    print(text)
    if not a.no_document:
        shared.write_results("effort.json", {**where, "checks": held, "means": means})
        shared.write_document("search.md", "effort", text)
    return shared.tell(held)


if __name__ == "__main__":
    sys.exit(main())
