"""What the tests of the command share: running it, tiny models, golden files, errors."""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from figures import differences, near, steady, steady_text, text_difference

SOURCE = Path(os.environ["JOPA_SOURCE_DIR"])
BUILD = Path(os.environ["JOPA_BUILD_DIR"])
JOPA = os.environ["JOPA"]
SANITIZED = os.environ["JOPA_SANITIZED"]
GOLDEN = SOURCE / "tests/cli/golden"
PROMPT = "write a short story where the doctor and the patient become friend after a long surgery"
RESPONSE = " the doctor is a friend of the patient"

Usage, Failed, Interrupted = 2, 1, 130


def run(*arguments, command=JOPA, **options):
    """The finished process; stdin is empty unless given."""
    options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    environment = {**os.environ, **options.pop("env", {})}
    words = [a if isinstance(a, bytes) else str(a).encode() for a in arguments]
    return subprocess.run([command, *words], stderr=subprocess.PIPE, timeout=200, env=environment, **options)


def write_model(path, **options):
    """A random model of a few hundred kilobytes: tool/tiny_model.c."""
    subprocess.run([BUILD / "tests/cli/tiny_model", path, *(f"{k}={v}" for k, v in options.items())], check=True)
    return path


class Command(unittest.TestCase):
    """A folder of its own for each class, with a tiny model in it."""
    maxDiff = 4000
    command = JOPA

    @classmethod
    def setUpClass(cls):
        keeper = tempfile.TemporaryDirectory()
        cls.addClassCleanup(keeper.cleanup)
        cls.folder = Path(keeper.name)
        cls.model = write_model(cls.folder / "tiny.gguf")

    def explain(self, *arguments, command="explain", model=None, threads=("-t", 1), **options):
        """The output of a run on the tiny model that has to succeed, parsed where it is JSON."""
        done = run(command, "-m", model or self.model, *threads, *arguments, command=self.command, **options)
        self.assertEqual((done.returncode, done.stderr.decode()), (0, ""), arguments)
        text = done.stdout.decode()
        return json.loads(text) if text.startswith("{") else text

    def refused(self, code, pattern, *arguments, **options):
        """The command ends with `code` and says one line that matches `pattern`, and nothing else."""
        done = run(*arguments, command=self.command, **options)
        said = done.stderr.decode(errors="replace")
        self.assertEqual(done.returncode, code, f"{arguments}: {said[-2000:]}")
        self.assertRegex(said, r"\Ajopa: [^\n]+\n\Z", arguments)
        self.assertRegex(said, pattern, arguments)
        self.assertEqual(done.stdout, b"", arguments)

    def same_text(self, name, got):
        """Equal to the golden file, as figures.py compares. UPDATE=1 writes it anew."""
        if os.environ.get("UPDATE"):
            (GOLDEN / name).write_text(steady_text(got), encoding="utf-8")
        self.assertIsNone(text_difference((GOLDEN / name).read_text(encoding="utf-8"), got), name)

    def same_json(self, name, got):
        if os.environ.get("UPDATE"):
            (GOLDEN / name).write_text(json.dumps(steady(got), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        self.assertEqual(differences(json.loads((GOLDEN / name).read_text(encoding="utf-8")), steady(got)), [])


def consistent(test, x):
    """What has to hold for the figures of one explanation, whatever method found it."""
    tokens, units, selected = x["prompt"]["tokens"], x["units"], x["selected"]
    text = x["prompt"]["text"].encode()
    first, last = x["response"]["target"]
    target = x["response"]["tokens"][first:last]
    full, masked, drop = (x["log_prob"][k] for k in ("full", "masked", "drop"))
    test.assertAlmostEqual(drop, full - masked, places=4)
    test.assertAlmostEqual(full, sum(t["log_prob"] for t in target), places=4)
    test.assertAlmostEqual(masked, sum(t["masked_log_prob"] for t in target), places=4)
    test.assertTrue(all(t["log_prob"] <= 1e-6 and t["masked_log_prob"] <= 1e-6 for t in target))
    outside = x["response"]["tokens"][:first] + x["response"]["tokens"][last:]
    test.assertTrue(all(t["log_prob"] is None for t in outside))
    pieces = "".join(t["text"] for t in x["response"]["tokens"])
    test.assertTrue("\ufffd" in pieces or pieces == x["response"]["text"])  # tokens may cut a character
    test.assertEqual([u["index"] for u in units], list(range(len(units))))
    test.assertEqual(selected, sorted(set(selected)))
    test.assertEqual(selected, [u["index"] for u in units if u["selected"]])
    least = 0 if x["method"] == "self" else 1  # the model may name nothing that is in the prompt
    test.assertTrue(least <= len(selected) <= x["k"] <= len(units))
    for unit in units:
        test.assertEqual(unit["text"], text[unit["start"]:unit["end"]].decode(errors="replace"))
    for token in tokens:
        test.assertEqual(token["text"], text[token["start"]:token["end"]].decode(errors="replace"))
    maskable = [t["unit"] for t in tokens if t["unit"] is not None]
    test.assertEqual(set(maskable), set(range(len(units))))
    test.assertAlmostEqual(x["sparsity"], sum(u in selected for u in maskable) / len(maskable), places=6)
    trace, cost = x["trace"], x["cost"]
    test.assertEqual([p["drop"] for p in trace], sorted(p["drop"] for p in trace))
    test.assertTrue(all(0 < p["evaluations"] <= cost["evaluations"] for p in trace))
    if x["method"] in ("jopa", "random", "greedy", "exhaustive"):  # methods that answer with the best set they have evaluated
        test.assertTrue(near(trace[-1]["drop"], drop), (trace[-1], drop))
    test.assertTrue(0 < cost["decoded_tokens"] <= cost["naive_tokens"] and cost["seconds"] > 0)


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])

