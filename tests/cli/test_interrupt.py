"""Ctrl-C ends a long search with the best set so far, written whole, and exit code 130."""
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from cli import JOPA, PROMPT, RESPONSE, SANITIZED, Command, Interrupted, consistent, json, main, re, subprocess

ASK = (" ".join([PROMPT] * 3), "-r", RESPONSE)
LONG = ("-M", "random", "-k", 9, "-b", 2000000000, "--progress")  # days of work


class Interrupt(Command):
    def start(self, *arguments, command=JOPA):
        words = [command, "explain", "-m", self.model, "-t", 1, *ASK, *arguments]
        process = subprocess.Popen([str(w) for w in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        return process

    def after_some_work(self, process):
        """Wait until the search has a best set."""
        for line in process.stderr:
            if b"best drop" in line:
                return line.decode()
        self.fail("the search ended by itself")

    def interrupted(self, process):
        process.send_signal(signal.SIGINT)
        output, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, Interrupted, said)
        self.assertRegex(said.decode(), r"\A(random \d+[^\n]+\n)*\Z")
        return output

    def check(self, x):
        consistent(self, x)
        self.assertEqual((x["stopped"], len(x["selected"])), ("interrupted", 9))

    def test_file(self):
        for command in (JOPA, SANITIZED):
            out = self.folder / "best.json"
            process = self.start(*LONG, "-O", out, command=command)
            self.after_some_work(process)
            self.assertFalse(out.exists())
            self.assertEqual(self.interrupted(process), b"")
            self.check(json.loads(out.read_bytes()))
            self.assertEqual([p.name for p in self.folder.glob("best*")], ["best.json"])
            out.unlink()

    def test_standard_output(self):
        process = self.start(*LONG)
        line = self.after_some_work(process)
        x = json.loads(self.interrupted(process))
        self.check(x)
        self.assertGreaterEqual(x["log_prob"]["drop"], float(re.search(r"best drop (-?[\d.]+)", line)[1]) - 0.02)

    def test_text_says_so(self):
        process = self.start(*LONG, "-F", "text")
        self.after_some_work(process)
        self.assertIn("interrupted: the best so far", " ".join(self.interrupted(process).decode().split()))

    def test_comparison(self):
        """Methods that were not begun are left out."""
        words = ("compare", "-m", self.model, "-t", 1, *ASK, *LONG, "-M", "ablation,random,greedy")
        process = subprocess.Popen([JOPA, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        while b"random" not in self.after_some_work(process).encode():
            pass
        results = json.loads(self.interrupted(process))["results"]
        self.assertEqual([x["method"] for x in results], ["ablation", "random"])
        self.check(results[1])

    def test_runs_from_other_seeds(self):
        """No further run begins, what was cut off does not count, and the result says so."""
        process = self.start("-M", "random", "-k", 9, "-b", 3, "--repeat", 10000, "--progress", "--metrics", "none")
        time.sleep(4)
        x = json.loads(self.interrupted(process))
        self.check(x)
        stability = x.get("stability", {"runs": 0, "frequency": [9]})
        self.assertLess(stability["runs"], 10000)
        self.assertAlmostEqual(sum(stability["frequency"]), 9, places=4)

    def test_before_the_search(self):
        """An early Ctrl-C ends the command too."""
        process = self.start(*LONG, "--metrics", "none")
        time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertIn(process.returncode, (Interrupted, -signal.SIGINT))


main()
