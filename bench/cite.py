#!/usr/bin/env python3
"""Whether `jopa cite` finds where each sentence of an answer comes from, and what else would find it.

bench/data/cite.jsonl holds 40 questions with documents, an answer, and the planted sources of each of its sentences. Beside
`jopa cite`, on the same prompts, answers and sentences: each sentence of the documents hidden alone (`jopa score`),
ContextCite and AT2 by their packages, and attention rollout, the last three by transformers with float32 weights in an
environment of their own (bench/cite.txt). These give scores; what they cite is the best one or two, or what stands out by a
rule of two numbers that is chosen on bench/data/cite-dev.jsonl, which also trains AT2's estimator.

Each answer is kept as it comes in build/bench, so that a run that was cut off goes on. Writes bench/results/cite.json and
the table in docs/cite.md.
"""
import argparse
import hashlib
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import shared

RIVALS = {  # name → title, whether a score is a sum over the sentence's tokens
    "ablation": ("each sentence hidden alone (`jopa score`)", True),
    "context-cite": ("ContextCite, 64 masks", True),
    "at2": ("AT2, trained on the ten others", False),
    "rollout": ("attention rollout", False),
}
FLOORS = {"right": 0.95, "precision": 0.90, "both": 0.85, "nowhere": 0.90}
SHARES = [0, *(x / 20 for x in range(1, 21))]  # of the best score, from which on another is cited


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dev", action="store_true", help="the ten questions for tuning; writes no document")
    parser.add_argument("--quick", action="store_true", help="four of the questions, jopa and ablation alone: under ten minutes")
    parser.add_argument("--without", default="", metavar="NAMES", help=f"leave these out: jopa, {', '.join(RIVALS)}")
    parser.add_argument("--threshold", type=float, default=None, help="of `jopa cite`, nats a token (the command's)")
    parser.add_argument("--again", action="store_true", help="measure jopa anew where it is known")
    parser.add_argument("--no-document", action="store_true", help="leave docs/cite.md and bench/results as they are")
    a = parser.parse_args()
    a.without = set(filter(None, a.without.split(","))) | ({"context-cite", "at2", "rollout"} if a.quick else set())
    return a


# ---- the questions -------------------------------------------------------------------------------------------------


def sentences(text):
    """[(start, end)] in characters: the data has nothing but plain sentences."""
    return [m.span() for m in re.finditer(r"\S.*?[.?!](?= [A-Z]|$)", text)]


def prompt_of(row):
    """(parts, kept, places): what stands before the question, cut; parts that are no source; (document, start, end) of those
    that are."""
    parts, kept, places = [], [], []
    for d, document in enumerate(row["documents"]):
        kept.append(len(parts))
        parts.append(f"Document {d + 1}: {document['title']}\n")
        for i, (start, end) in enumerate(sentences(document["text"])):
            parts.append((" " if i else "") + document["text"][start:end])
            places.append((d, start, end))
        kept.append(len(parts))
        parts.append("\n\n")
    return parts, kept, places


def check(row):
    """The data's promises."""
    assert len(sentences(row["response"])) == len(row["sources"]), row["id"]
    for source in itertools.chain.from_iterable(row["sources"]):
        assert row["documents"][source["document"]]["text"].count(source["text"]) == 1, (row["id"], source)
    for document in row["documents"]:
        assert " ".join(document["text"][s:e] for s, e in sentences(document["text"])) == document["text"], row["id"]


def planted(row):
    """Of each sentence of the response: {(document, start)} of its sources."""
    return [{(s["document"], row["documents"][s["document"]]["text"].index(s["text"])) for s in group} for group in row["sources"]]


# ---- jopa ----------------------------------------------------------------------------------------------------------


def cite(model, row, threshold):
    more = [] if threshold is None else ["--threshold", threshold]
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.write("".join(json.dumps(d) + "\n" for d in row["documents"]))
        file.flush()
        x = shared.jopa("cite", "-m", model, "--documents", file.name, "-r", row["response"], *more, "--", row["question"])
    if len(x["citations"]) != len(row["sources"]):
        sys.exit(f"{row['id']}: {len(x['citations'])} sentences instead of {len(row['sources'])}")
    return {"cited": [[place_of(row, s) for s in c["citations"]] if c["from_documents"] else [] for c in x["citations"]],
            "from_documents": [c["from_documents"] for c in x["citations"]],
            "documents_drop": [c["documents_drop"] / (c["last"] - c["first"]) for c in x["citations"]],
            "tokens": x["cost"]["decoded_tokens"], "evaluations": x["cost"]["evaluations"], "seconds": x["cost"]["seconds"]}


def place_of(row, source):
    """(document, start) of the sentence that a citation lies in, or that begins in it."""
    document, start = source["document_index"], source["start_char_index"]
    spans = sentences(row["documents"][document]["text"])
    return [document, max((s for s, _ in spans if s <= start), default=start)]


def ablate(model, row):
    """Of each sentence of the response: what it loses with each sentence of the documents hidden alone, nats."""
    parts, kept, places = prompt_of(row)
    text, at = "".join(parts) + row["question"], 0
    wanted, numbers = [p.strip() for i, p in enumerate(parts) if i not in kept], []
    units = [u["text"] for u in shared.jopa("score", "-m", model, "-u", "sentence", "-r", ".", "--hide", 0, "--", text)["results"][0]["units"]]
    for sentence in wanted:
        at = units.index(sentence, at)
        numbers.append(at)
        at += 1
    hide = [x for n in numbers for x in ("--hide", n)]
    results = shared.jopa("score", "-m", model, "-u", "sentence", "-r", row["response"], *hide, "--", text)["results"]
    tokens, cuts = results[0]["response"]["tokens"], [end for _, end in sentences(row["response"])]
    owner, length = [], 0
    for t in tokens:
        owner.append(sum(length + len(t["text"].rstrip()) > c for c in cuts[:-1]))
        length += len(t["text"])
    scores = [[sum(t["log_prob"] - t["masked_log_prob"] for o, t in zip(owner, x["response"]["tokens"], strict=True) if o == s)
               for x in results] for s in range(len(cuts))]
    return {"scores": scores, "tokens": sum(x["cost"]["decoded_tokens"] for x in results),
            "lengths": [owner.count(s) for s in range(len(cuts))], "seconds": sum(x["cost"]["seconds"] for x in results)}


# ---- the others ----------------------------------------------------------------------------------------------------


class Others:
    """bench/cite-rivals.py, started when it is first needed."""

    def __init__(self, model):
        self.model, self.process, self.estimator = model, None, None

    def _start(self):
        script = [str(shared.ROOT / "scripts/venv.sh"), "cite", str(shared.ROOT / "bench/cite.txt")]
        python = subprocess.run(script, stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1]
        key = hashlib.sha256(Path(self.model).read_bytes()).hexdigest()[:12]
        folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / f"jopa/float-{key}"
        if not folder.exists():
            subprocess.run([python, str(shared.ROOT / "bench/float-folder.py"), self.model, f"{folder}.new"], check=True)
            Path(f"{folder}.new").rename(folder)
        with (shared.ROOT / "build/bench/cite-rivals.log").open("w") as log:
            self.process = subprocess.Popen([python, str(shared.ROOT / "bench/cite-rivals.py"), str(folder)], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})

    def ask(self, job):
        if not self.process:
            self._start()
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("bench/cite-rivals.py failed: build/bench/cite-rivals.log")
        return json.loads(line)

    def job(self, row, **more):
        parts, kept, _ = prompt_of(row)
        return {"question": row["question"], "parts": parts, "kept": kept, "response": row["response"],
                "sentences": sentences(row["response"]), **more}

    def trained(self):
        """The file of AT2's estimator, trained where there is none."""
        file, dev = shared.ROOT / "build/bench/at2.pt", shared.DATA / "cite-dev.jsonl"
        if not file.exists():
            told = self.ask({"train": [self.job(r) for r in shared.json_lines(dev)], "file": str(file)})
            file.with_suffix(".json").write_text(json.dumps({"tokens": told["tokens"], "seconds": told["seconds"]}))
        return str(file)

    def scores(self, method, row):
        more = {"estimator": self.trained()} if method == "at2" else {}
        return self.ask(self.job(row, method=method, **more))

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()


# ---- what is cited -------------------------------------------------------------------------------------------------


def cited_by_scores(row, found, rule, per_token):
    """Of each sentence the places that the rule (most, share of the best, least of the best) cites."""
    most, share, least = rule
    _, _, places = prompt_of(row)
    cited = []
    for s, (start, end) in enumerate(sentences(row["response"])):
        scores = [x / (end - start) if per_token else x for x in found["scores"][s]]
        order = sorted(range(len(scores)), key=lambda u: -scores[u])
        best = scores[order[0]]
        chosen = [u for u in order[:most] if scores[u] > 0 and scores[u] >= share * best] if best >= least else []
        cited.append([list(places[u][:2]) for u in chosen])
    return cited


def judge(row, cited):
    """{measure: [0 or 1, ...]} of one question."""
    found = {"right": [], "precision": [], "precision_all": [], "both": [], "nowhere": [], "size": []}
    for truth, places in zip(planted(row), cited, strict=True):
        places = {tuple(p) for p in places}
        hits = [int(p in truth) for p in places]
        found["precision_all"] += hits
        if not truth:
            found["nowhere"].append(int(not places))
            continue
        found["right"].append(int(any(hits)))
        found["precision"] += hits
        found["size"].append(len(places))
        if len(truth) == 2:
            found["both"].append(int(sum(hits) == 2))
    return found


def judge_all(data, cited):
    judged = [judge(r, c) for r, c in zip(data, cited, strict=True)]
    return {name: [j[name] for j in judged] for name in judged[0]}


def mean_of(groups):
    values = [x for g in groups for x in g]
    return statistics.fmean(values) if values else 0


def choose_rule(data, found, per_token):
    """(2, share, least) with the best mean of the four measures on the questions for tuning."""
    best = [max(x / (e - s) if per_token else x for x in f["scores"][i]) for r, f in zip(data, found, strict=True)
            for i, (s, e) in enumerate(sentences(r["response"]))]
    return max(((2, share, least) for share in SHARES for least in [-1e9, *sorted(best)]),
               key=lambda rule: sum(mean_of(g) for name, g in judge_all(data, [
                   cited_by_scores(r, f, rule, per_token) for r, f in zip(data, found, strict=True)]).items() if name in FLOORS))


# ---- the tables ----------------------------------------------------------------------------------------------------


def line_of(title, judged, costs):
    cells = [shared.percent(judged[name]) for name in ("right", "precision", "precision_all", "both", "nowhere")]
    tokens = f"{statistics.fmean(c['tokens'] for c in costs) / 1000:.1f}"
    return f"| {title} | " + " | ".join(cells) + f" | {mean_of(judged['size']):.2f} | {tokens} | {statistics.median(c['seconds'] for c in costs):.0f} |"


def table(ways, data, where):
    lines = ["| cites | right source, % | precision, % | of all sentences, % | both of two, % | from nowhere, % | cited | tokens, thousands | seconds |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    lines += [line_of(*way) for way in ways]
    counts = [sum(len(s) == n for r in data for s in r["sources"]) for n in (1, 2, 0)]
    return "\n".join([*lines, "",
                      f"{len(data)} questions; {sum(counts)} sentences of answers: {counts[0]} from one source, {counts[1]} from two, {counts[2]} from nowhere.",
                      f"95 % bootstrap intervals over questions. {shared.in_words(where)} {versions()}"])


def versions():
    pinned = dict(line.split("==") for line in (shared.ROOT / "bench/cite.txt").read_text().split() if "==" in line)
    return ", ".join(f"{name} {pinned[name]}" for name in ("context-cite", "at2", "transformers", "torch")) + "."


# ---- the run -------------------------------------------------------------------------------------------------------


class Measured:
    """What each way answered, kept as it comes."""

    def __init__(self, a, model):
        self.a, self.model, self.others = a, model, Others(model)
        folder = shared.ROOT / "build/bench"
        self.jopa = shared.Rows(folder / "cite-jopa.jsonl", {"threshold": a.threshold}, a.again)
        self.rivals = shared.Rows(folder / "cite-rivals.jsonl", {"masks": 64})

    def cite(self, row):
        return self.jopa.get(row["id"], measure=lambda: cite(self.model, row, self.a.threshold))

    def scores(self, method, row):
        return self.rivals.get(method, row["id"], measure=lambda: (
            ablate(self.model, row) if method == "ablation" else self.others.scores(method, row)))


def ways_of(a, measured, data, dev):
    """[(title, judged, costs)], and what each rule is."""
    ways, rules = [], {}
    if "jopa" not in a.without:
        found = [measured.cite(r) for r in data]
        ways.append(("`jopa cite`", judge_all(data, [f["cited"] for f in found]), found))
    for method, (title, per_token) in RIVALS.items():
        if method in a.without:
            continue
        found = [measured.scores(method, r) for r in data]
        rules[method] = choose_rule(dev, [measured.scores(method, r) for r in dev], per_token)
        for name, rule in (("best", (1, 0, -1e9)), ("best two", (2, 0, -1e9)), ("chosen on others", rules[method])):
            judged = judge_all(data, [cited_by_scores(r, f, rule, per_token) for r, f in zip(data, found, strict=True)])
            ways.append((f"{title}: {name}", judged, found))
    return ways, rules


def tell_misses(data, measured):
    for row in data:
        found = measured.cite(row)
        for i, (truth, places) in enumerate(zip(planted(row), found["cited"], strict=True)):
            places = {tuple(p) for p in places}
            if places != truth:
                spans = {(d, s): row["documents"][d]["text"][s:s + 60] for d, s in truth | places}
                print(f"{row['id']} {i}: missed {[spans[p] for p in truth - places]}, wrong {[spans[p] for p in places - truth]}, "
                      f"drop a token {found['documents_drop'][i]:.2f}")


def main():
    a = arguments()
    model = shared.default_model()
    dev = shared.json_lines(shared.DATA / "cite-dev.jsonl")
    data = dev if a.dev else shared.json_lines(shared.DATA / "cite.jsonl")[::10 if a.quick else 1]
    dev = dev[::3] if a.quick else dev
    for row in data + dev:
        check(row)
    measured = Measured(a, model)
    ways, rules = ways_of(a, measured, data, dev)
    measured.others.close()
    where = shared.circumstances(model)
    if "jopa" not in a.without:
        tell_misses(data, measured)
    print(table(ways, data, where))
    values = {title: {name: mean_of(g) for name, g in judged.items()} for title, judged, _ in ways}
    held = {f"`jopa cite`: {name} at least {100 * least:.0f} %": values["`jopa cite`"][name] >= least for name, least in FLOORS.items()} if "`jopa cite`" in values else {}
    if not (a.dev or a.quick or a.no_document):
        shared.write_results("cite.json", {**where, "versions": versions(), "checks": held, "rules": rules, "summary": values,
                                           "questions": {"jopa": list(measured.jopa.all.values())}})
        shared.write_document("cite.md", "cite", table(ways, data, where))
    return shared.tell(held)


if __name__ == "__main__":
    sys.exit(main())
