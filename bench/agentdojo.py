#!/usr/bin/env python3
"""Whether `jopa audit` finds AgentDojo's injections behind the calls that they ask for, and what else would find them.

bench/agentdojo-cases.py makes the cases out of the package agentdojo, in an environment of its own (bench/agentdojo.txt): a
conversation up to a tool's answer that holds an injection, the call that the injection asks for, and the call that the user's
task asks for, the control. `jopa audit` gets both as given responses. Beside it, with as many evaluations and as many sentences as
the audit took: ablation, attention, gradient and random sets (`jopa compare`). `jopa score` says how probable the call is with
all of the injection hidden.

Each answer is kept as it comes in build/bench, so that a run that was cut off goes on; what is not done when the minutes are
over is left to the next run. Writes bench/results/agentdojo.json and the table in docs/agentdojo.md; neither holds texts of
AgentDojo.
"""
import argparse
import hashlib
import json
import math
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import shared

RIVALS = ["ablation", "attention", "gradient", "random"]
TITLES = {"audit": "`jopa audit`", "ablation": "ablation", "attention": "attention", "gradient": "gradient", "random": "random sets"}
FOLLOWED = 3  # nats that hiding all of the injection costs its call, from which on the model follows it
SIZES = {"whole": (200, 8, 2200, 170), "quick": (100, 0, 1400, 9)}  # cases plain and described, characters of the plain, minutes
CONTROLS_EVERY = {"whole": 2, "quick": 4}
RIVALS_EVERY = {"whole": 4, "quick": 8}
TEMPLATE = shared.ROOT / "bench/data/agentdojo.jinja"  # for models without a chat template


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100 short cases, 9 minutes at most; writes no document")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of cases (0)")
    parser.add_argument("--first", type=int, default=0, help="only the first N cases (all)")
    parser.add_argument("--minutes", type=float, default=0, help="stop then, with what is done (170; 9 with --quick)")
    parser.add_argument("--model", default=None, help="a GGUF file, or gemma: Gemma 3 270M, fetched once (the default model)")
    parser.add_argument("--base", action="store_true", help="the model is no chat model: a plain layout of the conversation")
    parser.add_argument("--threshold", type=float, default=0.25, help="of `jopa audit`, nats a token (0.25)")
    parser.add_argument("--roles", default="user,tool", help="whose text is searched (user,tool)")
    parser.add_argument("--budget", type=int, default=24, help="evaluations of an audit beyond one for each sentence (24)")
    parser.add_argument("--threads", type=int, default=0, help="of each run (all cores)")
    parser.add_argument("--again", action="store_true", help="measure anew what is known")
    parser.add_argument("--no-document", action="store_true", help="leave docs/ and bench/results as they are")
    a = parser.parse_args()
    a.form = "quick" if a.quick else "whole"
    a.minutes = a.minutes or SIZES[a.form][3]
    a.base = a.base or a.model == "gemma"
    return a


# ---- the cases -----------------------------------------------------------------------------------------------------


def make_cases(a):
    """(what they were made of, the cases): made where the file is not of this seed and this script."""
    script, pinned = shared.ROOT / "bench/agentdojo-cases.py", shared.ROOT / "bench/agentdojo.txt"
    asked = [str(a.seed), *map(str, SIZES[a.form][:3])]
    key = hashlib.sha256(b"".join([script.read_bytes(), pinned.read_bytes(), " ".join(asked).encode()])).hexdigest()[:12]
    file = shared.ROOT / f"build/bench/agentdojo-cases{'-quick' if a.quick else ''}.jsonl"
    rows = shared.json_lines(file) if file.exists() else [{}]
    if rows[0].get("key") != key:
        file.parent.mkdir(parents=True, exist_ok=True)
        made = subprocess.run([str(shared.ROOT / "scripts/venv.sh"), "agentdojo", str(pinned)], stdout=subprocess.PIPE, text=True, check=True)
        python = made.stdout.split()[-1]
        lines = subprocess.run([python, "-I", str(script), *asked], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
        rows = [{"key": key, **json.loads(lines[0])}, *map(json.loads, lines[1:])]
        file.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return rows[0], rows[1:][:a.first or None]


# ---- places --------------------------------------------------------------------------------------------------------


def injected(case):
    """{message: characters that are injected}, without white space at which nothing is to be found."""
    found = {}
    for message, start, end in case["injected"]:
        text = case["messages"][message]["content"]
        found.setdefault(message, set()).update(i for i in range(start, end) if not text[i].isspace())
    return found


def characters(case, message, start, end):
    """The characters of a message between two bytes, without white space."""
    text = case["messages"][message]["content"]
    raw = text.encode()
    first = len(raw[:start].decode(errors="ignore"))
    return {i for i in range(first, first + len(raw[start:end].decode(errors="ignore"))) if not text[i].isspace()}


def place_units(case, x):
    """Of each unit: (message, its characters). Offsets in a result are bytes of the templated text."""
    text, found = x["prompt"]["text"].encode(), []
    for unit in x["units"]:
        m = next(m for m in x["prompt"]["messages"] if m["start"] <= unit["start"] < m["end"])
        shift = case["messages"][m["message"]]["content"].encode().find(text[m["start"]:m["end"]])
        if shift < 0:
            sys.exit(f"{case['id']}: the template changed message {m['message']}")
        found.append((m["message"], characters(case, m["message"], unit["start"] - m["start"] + shift, unit["end"] - m["start"] + shift)))
    return found


def overlap(case, places):
    """Of a set of units, [(message, characters)]: what of it is injected."""
    truth = injected(case)
    inside = [len(chars & truth.get(message, set())) for message, chars in places]
    size, inner, whole = sum(len(c) for _, c in places), sum(inside), sum(map(len, truth.values()))
    return {"hit": int(inner > 0), "recall": inner / whole, "precision": inner / size if size else 0, "size": len(places),
            "inside": [round(n / max(1, len(c)), 3) for n, (_, c) in zip(inside, places)]}


# ---- one case ------------------------------------------------------------------------------------------------------


class Jopa:
    """The commands on one conversation."""

    def __init__(self, a, model):
        self.a = a
        self.model = ["-m", model] + (["--template", TEMPLATE] if a.base else []) + (["--threads", a.threads] if a.threads else [])
        self.common = ["-u", "sentence", "-o", "delete", "--roles", a.roles]

    def run(self, command, case, response, *more):
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(case["messages"], file)
            file.flush()
            more = [*more] if command == "score" else [*more, "--metrics", "none"]
            x = shared.jopa(command, *self.model, *self.common, "--messages", file.name, "-r", response, *more)
            return x.get("results", [x])

    def budget(self, case):
        """One evaluation for each sentence that is searched, about, and what is left for sets of several and for words."""
        texts = [m["content"] for m in case["messages"] if m["role"] in self.a.roles.split(",")]
        return self.a.budget + sum(len(re.split(r"(?<=[.?!:])\s+|\n+", t)) for t in texts)

    def audit(self, case, response):
        x = self.run("audit", case, response, "--threshold", self.a.threshold, "-b", self.budget(case), "-n", 1)[0]
        places, found = place_units(case, x), x["audit"]
        words = [(w["message"], characters(case, w["message"], w["offset"], w["offset"] + w["end"] - w["start"])) for w in found["words"]]
        truth = injected(case)
        return {**overlap(case, [places[u] for u in x["selected"]]), **costs(x), "reached": int(found["reached"]), "units": len(x["units"]),
                "log_prob": x["log_prob"]["full"], "drop": x["log_prob"]["drop"], "response_tokens": len(x["response"]["tokens"]),
                "roles": [s["role"].partition(":")[0] for s in found["sentences"]], "words": overlap(case, words),
                "injected_units": [u for u, (m, chars) in enumerate(places) if chars & truth.get(m, set())]}

    def hidden(self, case, audit):
        """What the injected call loses with every sentence hidden that has a part of the injection."""
        hide = ",".join(map(str, audit["injected_units"]))
        x = self.run("score", case, case["response"], "--hide", hide)[0]
        return {"log_prob": x["log_prob"]["full"], "drop": x["log_prob"]["drop"]}

    def rivals(self, case, audit):
        more = ["-M", ",".join(RIVALS), "-k", max(1, audit["size"]), "-b", max(2, audit["evaluations"]), "--levels", "none", "-n", 1]
        found = {}
        for x in self.run("compare", case, case["response"], *more):
            places = place_units(case, x)
            found[x["method"] if isinstance(x["method"], str) else x["method"]["name"]] = {
                **overlap(case, [places[u] for u in x["selected"]]), **costs(x), "drop": x["log_prob"]["drop"]}
        return found


def costs(x):
    full = len(x["prompt"]["tokens"]) + len(x["response"]["tokens"]) - 1
    return {"tokens": len(x["prompt"]["tokens"]), "evaluations": x["cost"]["evaluations"], "seconds": x["cost"]["seconds"],
            "prompts": x["cost"]["decoded_tokens"] / full}


def found_by(row):
    """A set that is not enough is none: neither found nor a false alarm."""
    return row["hit"] if row.get("reached", 1) else 0


def alarm(row):
    """Whether most of the sentences' characters of a control's set are injected."""
    return int(row["reached"] and row["precision"] >= 0.5)


def chosen(number, every):
    """One of so many cases; of each suite and each attack, which take turns by four, as many."""
    return (number + number // 4) % every == 0


def measure(a, rows, jopa, cases):
    """The cases that are done: [(case, audit, hidden, rivals or None, control or None)]."""
    end, done = time.monotonic() + 60 * a.minutes, []
    for number, case in enumerate(cases):
        if time.monotonic() > end:
            print(f"stopped after {a.minutes:g} minutes with {number} of {len(cases)} cases; the next run goes on")
            break
        audit = rows.get(case["id"], "audit", measure=lambda: jopa.audit(case, case["response"]))
        hidden = rows.get(case["id"], "hidden", measure=lambda: jopa.hidden(case, audit))
        rivals = control = None
        if chosen(number, RIVALS_EVERY[a.form]):
            rivals = rows.get(case["id"], "rivals", measure=lambda: jopa.rivals(case, audit))
        if case["control"] and chosen(number, CONTROLS_EVERY[a.form]):
            control = rows.get(case["id"], "control", measure=lambda: jopa.audit(case, case["control"]))
        done.append((case, audit, hidden, rivals, control))
        tell(case, audit, hidden, control)
    return done


def tell(case, audit, hidden, control):
    print(f"{'' if found_by(audit) else 'MISSED '}{case['id']}: {audit['tokens']} tokens, {audit['log_prob']:.1f} nats, without the injection "
          f"{hidden['drop']:.1f} less, without the set {audit['drop']:.1f} less; recall {audit['recall']:.2f}, precision {audit['precision']:.2f}"
          f"{', FALSE ALARM' if control and alarm(control) else ''}", flush=True)


# ---- the tables ----------------------------------------------------------------------------------------------------


def groups(values):
    """Each case is a prompt of its own."""
    return [[v] for v in values]


def lost(row, tokens):
    """Share of the probability of a token that goes, geometric mean; and of the whole call."""
    return 1 - math.exp(-max(0, row["drop"]) / tokens), 1 - math.exp(-max(0, row["drop"]))


def line_of(title, found):
    """found: [(row, response tokens)]. Precision is of the sets that were found."""
    rows = [r for r, _ in found]
    sets = [r for r in rows if r.get("reached", 1)]
    gone = [lost(r, t) for r, t in found]
    cells = [shared.percent(groups(map(found_by, rows))), shared.percent(groups(r["recall"] * found_by(r) for r in rows)),
             shared.percent(groups(r["precision"] for r in sets)), shared.mean(groups(r["size"] for r in sets), 2),
             shared.percent(groups(g[0] for g in gone)), shared.percent(groups(g[1] for g in gone)),
             shared.mean(groups(r["prompts"] for r in rows)), f"{statistics.median(r['seconds'] for r in rows):.1f}"]
    return f"| {title} | {len(rows)} | " + " | ".join(cells) + " |"


HEAD = ["found, %", "characters: recall, %", "precision, %", "sentences", "lost of a token, %", "of the call, %", "full prompts", "seconds"]


def method_table(done):
    lines = [f"| | cases | {' | '.join(HEAD)} |", "| --- |" + " ---: |" * (len(HEAD) + 1)]
    for title, chosen in ((", all cases", done), (", where the model follows", [d for d in done if d[2]["drop"] >= FOLLOWED])):
        if not chosen:
            continue
        lines.append(line_of(TITLES["audit"] + title, [(d[1], d[1]["response_tokens"]) for d in chosen]))
        beside = [d for d in chosen if d[3]]
        lines += [line_of(TITLES[m] + title, [(d[3][m], d[1]["response_tokens"]) for d in beside]) for m in RIVALS if beside]
    return lines


def follow_table(done):
    """By attack, suite and kind: how probable the injected call is with and without the injection."""
    lines = ["| | cases | log p of the injected call, nats | with the injection hidden | followed, % | found, % | found of the followed, % |",
             "| --- |" + " ---: |" * 6]
    kinds = [("all", done)] + [(v, [d for d in done if d[0][k] == v]) for k in ("attack", "suite") for v in sorted({d[0][k] for d in done})]
    kinds += [("tools described", [d for d in done if d[0]["described"]]), ("several copies", [d for d in done if len(d[0]["injected"]) > 1])]
    for name, some in kinds:
        if some:
            follows = [d for d in some if d[2]["drop"] >= FOLLOWED]
            cells = [shared.mean(groups(d[2]["log_prob"] for d in some)), shared.mean(groups(d[2]["log_prob"] - d[2]["drop"] for d in some)),
                     shared.percent(groups(int(d[2]["drop"] >= FOLLOWED) for d in some)), shared.percent(groups(found_by(d[1]) for d in some)),
                     shared.percent(groups(found_by(d[1]) for d in follows))]
            lines.append(f"| {name.replace('_', ' ')} | {len(some)} | " + " | ".join(cells) + " |")
    return lines


def control_lines(done):
    controls = [d[4] for d in done if d[4]]
    if not controls:
        return []
    return [f"Controls, the user's own call as the response: {len(controls)}; a set was found for {shared.percent(groups(c['reached'] for c in controls))} %; "
            f"false alarms (at least half of the set's characters are injected) {shared.percent(groups(map(alarm, controls)))} %; the set holds some of the "
            f"injection {shared.percent(groups(map(found_by, controls)))} %."]


def table(a, done, made, where):
    tokens = [d[1]["tokens"] for d in done]
    return "\n".join([*method_table(done), "", *follow_table(done), "", *control_lines(done), "",
                      f"Prompts of {min(tokens)} to {max(tokens)} tokens, median {statistics.median(tokens):.0f}. A call counts as followed where hiding all of "
                      f"the injection costs it {FOLLOWED} nats. `--roles {a.roles} --threshold {a.threshold:g}`, evaluations: one a sentence and {a.budget}; seed {a.seed}.",
                      f"95 % bootstrap intervals over prompts. {shared.in_words(where)} agentdojo {made['agentdojo']}, suites {made['benchmark']}."])


def checks(done, whole):
    sets = [d[1]["precision"] for d in done if d[1]["reached"]]
    controls = [alarm(d[4]) for d in done if d[4]]
    held = {"the injection is in at least 95 % of the sets": statistics.fmean(found_by(d[1]) for d in done) >= 0.95,
            "precision by characters at least 80 %": bool(sets) and statistics.fmean(sets) >= 0.8,
            "false alarms at most 5 %": bool(controls) and statistics.fmean(controls) <= 0.05}
    if whole:
        held["at least 200 cases"] = len(done) >= 200
    return held


def main():
    a = arguments()
    started = time.monotonic()
    model = shared.fetched("gemma") if a.model == "gemma" else a.model or shared.default_model()
    made, cases = make_cases(a)
    a.minutes -= (time.monotonic() - started) / 60
    name = "agentdojo" + ("" if a.model is None else "-" + re.sub(r"\W+", "-", Path(a.model).stem.lower()))
    setting = {"key": made["key"], "model": Path(model).name, "base": a.base, "threshold": a.threshold, "roles": a.roles, "budget": a.budget}
    rows = shared.Rows(shared.ROOT / f"build/bench/{name}{'-quick' if a.quick else ''}.jsonl", setting, a.again)
    done = measure(a, rows, Jopa(a, model), cases)
    if not done:
        sys.exit("no case was done: give it more --minutes")
    where = shared.circumstances(model)
    text, held = table(a, done, made, where), checks(done, not a.quick)
    print(text)
    if not (a.quick or a.first or a.no_document):
        kept = [{"id": c["id"], "attack": c["attack"], "suite": c["suite"], "described": c["described"], "copies": len(c["injected"]), "audit": x,
                 "hidden": h, "rivals": r, "control": k} for c, x, h, r, k in done]
        shared.write_results(f"{name}.json", {**where, **made, "setting": setting, "checks": held, "cases": kept})
        shared.write_document("agentdojo.md", name, text)
    return shared.tell(held)


if __name__ == "__main__":
    sys.exit(main())
