"""Writing fails, once at each call, in each way: an output is the old one or the new one, never half, and what a bench has
computed is not lost. A bench that is killed at any moment goes on where it was. FAULT_KILLS=N: killed N times."""
import errno
import json
import os
import random
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from cli import BUILD, JOPA, PROMPT, RESPONSE, Command, main, run

FAULTS = BUILD / "tests/cli/libfaults.so"
ERRORS = {"open": ("ENOSPC", "EIO", "EACCES", "EMFILE"), "write": ("ENOSPC", "EIO", "EINTR", "short"), "fsync": ("EIO", "ENOSPC"),
          "close": ("EIO", "ENOSPC"), "rename": ("EIO", "ENOSPC"), "fopen": ("EIO", "EMFILE"), "fwrite": ("ENOSPC",),
          "fflush": ("EIO",), "fclose": ("EIO",)}
ASK = ("-b", 4, "--metrics", "none", "-r", RESPONSE)


class Faults(Command):
    survived = 0

    def setUp(self):
        self.at = self.folder / self.id().rsplit(".", 1)[-1]
        self.at.mkdir()

    def each(self, call, work):
        """work(environment) with the first of the calls failing, then the second, until none does."""
        for error in ERRORS[call]:
            for index in range(1000):
                mark = self.folder / "mark"
                mark.unlink(missing_ok=True)
                number = "short" if error == "short" else str(getattr(errno, error))
                work({"LD_PRELOAD": str(FAULTS), "FAULT_DIR": str(self.at), "FAULT_CALL": call, "FAULT_AT": str(index),
                      "FAULT_ERROR": number, "FAULT_MARK": str(mark)}, mark, f"{call} {index}: {error}")
                if not mark.exists():
                    break
                type(self).survived += 1

    @classmethod
    def tearDownClass(cls):
        print(f"{cls.survived} calls that failed", file=sys.stderr)

    def test_outputs(self):
        out, old = self.at / "out.json", b"old\n"

        def work(environment, mark, what):
            out.write_bytes(old)
            done = run("explain", "-m", self.model, "-t", 1, PROMPT, *ASK, "-O", out, env=environment)
            new = out.read_bytes()
            if done.returncode == 0:
                self.assertEqual(json.loads(new)["command"], "explain", what)
                self.assertEqual(done.stderr, b"", what)
            else:
                self.assertTrue(mark.exists(), what)
                self.assertEqual((done.returncode, new, done.stderr.count(b"\n")), (1, old, 1), what)
                self.assertRegex(done.stderr.decode(), "cannot write", what)
            self.assertEqual([p.name for p in self.at.iterdir()], ["out.json"], what)
        for call in ("open", "write", "fsync", "close", "rename"):
            self.each(call, work)

    def test_streams(self):
        with open("/dev/full", "wb") as full:
            done = run("explain", "-m", self.model, "-t", 1, PROMPT, *ASK, stdout=full)
        self.assertEqual((done.returncode, done.stderr.count(b"\n")), (1, 1))

    def prompts(self, n):
        data = self.folder / f"data-{n}.jsonl"
        data.write_text("".join(json.dumps({"id": f"case-{i}", "prompt": f"{PROMPT} {i}", "response": RESPONSE}) + "\n" for i in range(n)))
        return data

    def bench(self, results, n=2, **options):
        return run("bench", "-m", self.model, "-t", 1, self.prompts(n), "--results", results, "--methods", "random,ablation", "-b", 6,
                   "--metrics", "prob", "-F", "csv", **options)

    @staticmethod
    def steady(table):
        """The tables without what the machine's speed tells."""
        return [line for line in table.splitlines() if b"second" not in line and b"token" not in line]

    def keys(self, results):
        rows = [json.loads(line)["bench"] for line in results.read_text().splitlines()[1:]]
        return [(row["id"], row["method"]) for row in rows]

    def test_results_of_bench(self):
        whole = self.bench(self.folder / "whole.jsonl")
        self.assertEqual(whole.returncode, 0, whole.stderr)
        results = self.at / "r.jsonl"

        def work(environment, mark, what):
            results.unlink(missing_ok=True)
            done = self.bench(results, env=environment)
            if mark.exists() and done.returncode:
                self.assertEqual((done.returncode, done.stderr.count(b"\n")), (1, 1), what)
            again = self.bench(results)
            self.assertEqual(again.returncode, 0, (what, again.stderr))
            self.assertEqual(self.steady(again.stdout), self.steady(whole.stdout), what)
            self.assertEqual(len(self.keys(results)), 4, what)
            self.assertEqual(len(set(self.keys(results))), 4, what)
        for call in ("fopen", "fwrite", "fflush", "fclose"):
            self.each(call, work)

    def test_results_of_data(self):
        def ask(results, **options):
            return run("explain", "-m", self.model, "-t", 1, "--data", self.prompts(3), "--results", results, "-b", 10, "--seed", 3,
                       **options)

        def lines(results):
            return [(x["id"], x["selected"], x["log_prob"]) for x in map(json.loads, results.read_text().splitlines())]
        whole, results = self.folder / "whole-data.jsonl", self.at / "d.jsonl"
        self.assertEqual(ask(whole).returncode, 0)

        def work(environment, mark, what):
            results.unlink(missing_ok=True)
            done = ask(results, env=environment)
            if mark.exists() and done.returncode:
                self.assertEqual((done.returncode, done.stderr.count(b"\n")), (1, 1), (what, done.stderr))
            again = ask(results)
            self.assertEqual((again.returncode, again.stderr), (0, b""), what)
            self.assertEqual(lines(results), lines(whole), what)
        for call in ("open", "write", "close"):
            self.each(call, work)

    def test_killed(self):
        kills, n = int(os.environ.get("FAULT_KILLS", 12)), 6
        begun = time.monotonic()
        whole = self.bench(self.folder / "whole-6.jsonl", n)
        long = time.monotonic() - begun
        self.assertEqual(whole.returncode, 0, whole.stderr)
        draw, results, killed = random.Random(11), self.at / "r.jsonl", 0
        while killed < kills:
            process = subprocess.Popen([JOPA, "bench", "-m", self.model, "-t", "1", self.prompts(n), "--results", results, "--methods",
                                        "random,ablation", "-b", "6", "--metrics", "prob", "-F", "csv"], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            try:
                process.wait(draw.uniform(0, long))
                results.unlink()  # it got to its end: from the beginning
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                killed += 1
        done = self.bench(results, n)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(self.steady(done.stdout), self.steady(whole.stdout))
        self.assertEqual(len(self.keys(results)), 2 * n)
        self.assertEqual(len(set(self.keys(results))), 2 * n)


if not FAULTS.exists():
    raise unittest.SkipTest("no faults on this system")
main()
