"""`jopa bench`: bad data, settings, formats, and runs killed at random moments that end with the same tables."""
import csv
import json
import os
import random
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(os.environ.get("JOPA_SOURCE_DIR", Path(__file__).parents[2]))
JOPA = os.environ.get("JOPA", ROOT / "build/jopa")
TINY_MODEL = Path(os.environ.get("JOPA_BUILD_DIR", ROOT / "build")) / "tests/cli/tiny_model"
METHODS = "jopa,ablation,jopa@0.3,random/2"
WORDS = "the doctor told a patient about long rivers while old friends became quiet under seven small lamps in June".split()


def prompts(n, r=random.Random(5)):
    for i in range(n):
        text = " ".join(r.choice(WORDS) for _ in range(r.randrange(10, 16)))
        yield {"id": f"case-{i}", "task": "odd" if i % 2 else "even", "prompt": text, "reference": "not used"}


class Bench(unittest.TestCase):
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.at = Path(cls.folder.name)
        cls.model, cls.data = cls.at / "tiny.gguf", cls.at / "words.jsonl"
        subprocess.run([TINY_MODEL, cls.model], check=True)
        cls.data.write_text("".join(json.dumps(p) + "\n" for p in prompts(6)))
        cls.whole = cls.at / "whole.jsonl"
        done = cls.bench(cls.data, cls.whole, "-F", "csv")
        assert done.returncode == 0, done.stderr
        cls.tables = done.stdout

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def command(cls, data, results, *more):
        return [JOPA, "bench", data, "-m", cls.model, "--results", results, "--methods", METHODS, "-n", "5", "-b", "30", "-t", "1",
                "--seed", "3", "--metrics", "prob,words,sparsity,curves,top_k_drop", *more]

    @classmethod
    def bench(cls, data, results, *more):
        return subprocess.run(cls.command(data, results, *more), capture_output=True, timeout=250)

    def keys(self, results):
        lines = [json.loads(line) for line in results.read_text().splitlines()]
        self.assertEqual(lines[0]["command"], "bench")
        return [(line["bench"]["id"], line["bench"]["method"]) for line in lines[1:]]

    def test_every_prompt_by_every_method(self):
        wanted = [(f"case-{i}", method) for i in range(6) for method in METHODS.split(",")]
        self.assertEqual(self.keys(self.whole), wanted)
        rows = {(row["measure"], row["task"], row["method"]): row for row in csv.DictReader(self.tables.decode().splitlines())}
        drops = {}
        for line in self.whole.read_text().splitlines()[1:]:
            result = json.loads(line)
            drops.setdefault(result["bench"]["method"], []).append(result["log_prob"]["drop"])
        for method, values in drops.items():
            row = rows["log_prob.drop", "all", method]
            self.assertEqual(int(row["prompts"]), 6)
            self.assertAlmostEqual(float(row["mean"]), sum(values) / 6, places=9)
            self.assertLessEqual(float(row["low"]), float(row["mean"]))
            self.assertGreaterEqual(float(row["high"]), float(row["mean"]))
            if method != "jopa":
                better = sum((v > w) + (v == w) / 2 for v, w in zip(values, drops["jopa"]))
                self.assertAlmostEqual(float(row["wins"]), better / 6, places=9)
        self.assertEqual(int(rows["words.bleu", "odd", "random/2"]["prompts"]), 3)
        self.assertIn(("curves.deletion_area", "all", "ablation"), rows)
        self.assertEqual(rows["top_k_drop.top_3", "all", "ablation"]["prompts"], "6")
        self.assertEqual(rows["top_k_drop.top_3", "all", "jopa"]["prompts"], "0", "jopa does not rank the units")

    def test_a_saved_line_is_a_result(self):
        line = self.whole.read_text().splitlines()[1]
        done = subprocess.run([JOPA, "render", "-", "-F", "text"], input=line.encode(), capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_same_seed_gives_the_same_tables(self):
        again = self.bench(self.data, self.at / "again.jsonl", "-F", "csv")
        self.assertEqual(again.stdout, self.tables)

    def killed(self, results, size):
        """Kill a run as soon as its results have grown to `size` bytes. Whether it was still running."""
        with subprocess.Popen(self.command(self.data, results), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            deadline = time.monotonic() + 250
            while run.poll() is None and time.monotonic() < deadline:
                if results.exists() and results.stat().st_size >= size:
                    break
                time.sleep(0.001)
            running = run.poll() is None
            run.send_signal(signal.SIGKILL)
        return running

    def kill_three_times(self, results, r):
        """Whether three runs were killed, each further on than the one before; lines that were there have to stay."""
        sizes = sorted(r.randrange(int(self.whole.stat().st_size * 0.8)) for _ in range(3))
        before = []
        for size in sizes:
            if not self.killed(results, size):
                return False
            data = results.read_bytes() if results.exists() else b""
            self.assertEqual(data.split(b"\n")[:-1][: len(before)], before, f"a line has changed after {sizes}")
            data = data[: r.choice([None, -7])]  # as if killed in the middle of a write
            results.write_bytes(data)
            before = data.split(b"\n")[:-1]
        return True

    def test_killed_at_three_random_moments(self):
        r = random.Random(os.environ.get("JOPA_TEST_SEED"))
        for attempt in range(5):  # on a busy machine a run may be over before it is looked at
            results = self.at / f"killed-{attempt}.jsonl"
            if self.kill_three_times(results, r):
                break
        else:
            self.fail("no run could be killed three times")
        done = self.bench(self.data, results, "-F", "csv")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.keys(results), self.keys(self.whole))
        self.assertEqual(done.stdout, self.tables)

    def test_nothing_is_run_twice(self):
        size = self.whole.stat().st_size
        done = self.bench(self.data, self.whole, "-F", "csv")
        self.assertEqual((done.returncode, done.stdout, self.whole.stat().st_size), (0, self.tables, size))

    def test_bad_lines_are_reported_and_left_out(self):
        data = self.at / "bad.jsonl"
        good = [json.dumps(p) for p in prompts(2)]
        lines = [good[0], "{no json", '["an array"]', '{"id": "x"}', '{"prompt": 7}', "", good[0], '{"prompt": "ab \\u00e9 cd", "id": [5]}', good[1]]
        data.write_bytes("\n".join(lines).encode() + b'\n{"prompt": "\xff"}\n')
        done = self.bench(data, self.at / "bad-results.jsonl", "-F", "csv")
        self.assertEqual(done.returncode, 0, done.stderr)
        said = done.stderr.decode().splitlines()
        for number in (2, 3, 4, 5, 7, 8, 10):
            self.assertTrue([line for line in said if f"bad.jsonl:{number}:" in line], f"line {number} in {said}")
        self.assertEqual(len(said), 7, said)
        self.assertEqual(len(self.keys(self.at / "bad-results.jsonl")), 2 * 4)

    def test_alpaca(self):
        data = self.at / "alpaca.json"
        data.write_text(json.dumps([{"instruction": "Name the rivers", "input": "in June", "output": "none"},
                                    {"instruction": "Tell a story about lamps", "input": "", "output": "no"}]))
        results = self.at / "alpaca.jsonl"
        done = self.bench(data, results, "-F", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({key[0] for key in self.keys(results)}, {"alpaca-1", "alpaca-2"})
        self.assertIn("Name the rivers\\n\\nin June", results.read_text())
        self.assertEqual(json.loads(done.stdout)["baseline"], "jopa")

    def test_per_task(self):
        results = self.at / "few.jsonl"
        done = self.bench(self.data, results, "--per-task", "2", "-F", "csv")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted({key[0] for key in self.keys(results)}), ["case-2", "case-3", "case-4", "case-5"])

    def test_budgets(self):
        results = self.at / "budgets.jsonl"
        methods = ["jopa", "random/2", "ablation"]
        command = self.command(self.data, results, "--budget-per-unit", "1.5", "--per-task", "1", "-F", "csv")
        command[command.index(METHODS)] = ",".join(methods)
        done = subprocess.run(command, capture_output=True, timeout=250)
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in results.read_text().splitlines()[1:]:
            result = json.loads(line)
            limit = {"random/2": 2}.get(result["bench"]["method"], -(-3 * len(result["units"]) // 2))
            self.assertLessEqual(result["cost"]["evaluations"], limit)
            self.assertGreater(result["cost"]["evaluations"], 1)

    def test_formats(self):
        for name, part in {"text": "method ", "markdown": "| method", "csv": "measure,", "json": '"schema": 1', "html": "<svg"}.items():
            done = subprocess.run([JOPA, "bench", "--results", self.whole, "-F", name], capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(part, done.stdout.decode())
            self.assertNotIn("nan", done.stdout.decode().lower().split())

    def refused(self, code, part, *arguments):
        done = subprocess.run([JOPA, "bench", *arguments], capture_output=True)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(part, done.stderr.decode())
        self.assertEqual(done.stderr.count(b"\n"), 1)

    def test_a_file_that_is_no_results_file_stays_as_it_is(self):
        notes = self.at / "notes.txt"
        for content in (b"notes", b"notes\n", b"{", b'{"settings": {}}', b"\0\xff", b'{"schema": 1', b"\n\nnotes"):
            notes.write_bytes(content)
            self.refused(1, "notes.txt' ", self.data, "-m", self.model, "--results", notes)
            self.assertEqual(notes.read_bytes(), content)
        empty = self.at / "empty.jsonl"
        empty.write_bytes(b"")
        self.assertEqual(self.bench(self.data, empty).returncode, 0)
        self.assertEqual(self.keys(empty), self.keys(self.whole))

    def test_another_template_of_the_model_is_another_question(self):
        model, results = self.at / "chats.gguf", self.at / "chats.jsonl"
        ask = (self.data, "-m", model, "--results", results, "--methods", "random/2", "-n", "3", "--per-task", "1")
        for template in ("{% for m in messages %}Q: {{ m.content }} {% endfor %}A: ", "{% for m in messages %}{{ m.content }}{% endfor %}"):
            subprocess.run([TINY_MODEL, model, f"template={template}"], check=True)
            done = subprocess.run([JOPA, "bench", *ask], capture_output=True)
            if template.startswith("{% for m in messages %}Q"):
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(b'"chat_template": "', results.read_bytes())
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"holds results with chat_template", done.stderr)

    def test_two_files_of_one_name(self):
        folders, results = [self.at / "left", self.at / "right"], self.at / "two.jsonl"
        for i, folder in enumerate(folders):
            folder.mkdir()
            (folder / "test.jsonl").write_text("".join(json.dumps({"prompt": f"the doctor told {word}"}) + "\n" for word in WORDS[2 * i:2 * i + 2]))
        files = [folder / "test.jsonl" for folder in folders]
        methods = ["--methods", "random/2", "-n", "3"]
        for order in (files, files[::-1], files[1:]):
            done = self.bench(order[0], results, *order[1:], *methods)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            ids = [id for id, _ in self.keys(results)]
            self.assertEqual(ids, ["test-1", "test-2", "right/test-1", "right/test-2"])

    def test_refusals(self):
        model = ["-m", self.model]
        other = self.at / "other.txt"
        other.write_text("no results\n")
        self.refused(2, "no data")
        self.refused(2, "no format 'svg'", "--results", self.whole, "-F", "svg")
        self.refused(1, "holds no results", "--results", self.at / "missing.jsonl")
        self.refused(1, "line 1", "--results", other)
        self.refused(1, "cannot read", self.at / "missing.jsonl", *model, "--results", self.at / "none.jsonl")
        self.refused(2, "unknown method 'jop'", self.data, *model, "--methods", "jop", "--results", self.at / "none.jsonl")
        self.refused(2, "after @", self.data, *model, "--methods", "jopa@2", "--results", self.at / "none.jsonl")
        self.refused(2, "after /", self.data, *model, "--methods", "jopa/0", "--results", self.at / "none.jsonl")
        self.refused(2, "'jopa/5@0.1' is not", self.data, *model, "--methods", "jopa/5@0.1", "--results", self.at / "none.jsonl")
        self.refused(2, "with budget 30, not 9", self.data, *model, "-b", "9", "--results", self.whole)
        options = ["-n", "5", "-b", "30", "--seed", "3", "--metrics", "prob,words,sparsity,curves,top_k_drop"]
        for changed, part in {("--levels", "none"): 'levels "auto", not "none"', ("--min-drop", "0.5"): "min_drop 0.0, not 0.5",
                              ("--system", "Be brief."): 'system null, not "Be brief."',
                              ("--precise",): "precise false, not true"}.items():
            self.refused(2, part, self.data, *model, *options, *changed, "--results", self.whole)
        self.assertFalse((self.at / "none.jsonl").exists())


if __name__ == "__main__":
    unittest.main()
