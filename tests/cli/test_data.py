"""`--data` of explain and compare: a line a question, bad ones, and runs killed at random moments that are resumed."""
import pty
import random
import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from cli import JOPA, Command, Failed, Usage, json, main, os, run, subprocess

WORDS = "the doctor told a patient about long rivers while old friends became quiet under seven small lamps".split()


def questions(n, r=random.Random(7)):
    for i in range(n):
        yield {"id": f"case-{i}", "prompt": " ".join(r.choice(WORDS) for _ in range(8))}


class Data(Command):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.asked = list(questions(6))
        cls.data = cls.write("words.jsonl", cls.asked)

    @classmethod
    def write(cls, name, lines):
        path = cls.folder / name
        path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
        return path

    def command_line(self, data, *more, command="explain"):
        return [command, "-m", self.model, "-n", 5, "-b", 30, "-t", 1, "--seed", 3, "--data", data, *more]

    def ask(self, data, *more, code=0, said="", **options):
        done = run(*self.command_line(data, *more, **options), command=self.command)
        self.assertEqual((done.returncode, done.stderr.decode()), (code, said))
        return done.stdout.decode()

    def lines(self, text):
        self.assertTrue(text.endswith("\n"))
        return [json.loads(line) for line in text.splitlines()]

    @staticmethod
    def steady(x):
        """What does not change from run to run."""
        return x["id"], x["selected"], x["log_prob"], x["options"], x["response"], x["cost"]["evaluations"]

    def test_a_line_is_what_the_question_alone_gives(self):
        results = self.lines(self.ask(self.data))
        self.assertEqual([x["id"] for x in results], [q["id"] for q in self.asked])
        alone = self.explain(self.asked[3]["prompt"], "-n", 5, "-b", 30, "--seed", 3)
        self.assertEqual((alone["selected"], alone["log_prob"]), (results[3]["selected"], results[3]["log_prob"]))

    def test_compare(self):
        results = self.lines(self.ask(self.data, "-M", "jopa,random", command="compare"))
        self.assertEqual([[x["id"] for x in r["results"]] for r in results], [[q["id"]] * 2 for q in self.asked])

    def test_a_line_is_rendered(self):
        line = self.ask(self.data).splitlines()[1]
        self.assertEqual(run("render", "-", "-F", "text", input=line.encode()).returncode, 0)

    def test_nothing_is_asked_twice(self):
        results = self.folder / "twice.jsonl"
        first = self.write("first.jsonl", self.asked[:4])
        self.assertEqual(self.ask(first, "--results", results), "")
        before = results.read_bytes()
        self.assertEqual(self.ask(first, "--results", results), "")
        self.assertEqual(results.read_bytes(), before)
        self.ask(self.data, "--results", results)
        self.assertTrue(results.read_bytes().startswith(before))
        self.assertEqual([x["id"] for x in self.lines(results.read_text())], [q["id"] for q in self.asked])

    def test_results_of_another_question_are_refused(self):
        results = self.folder / "other.jsonl"
        self.ask(self.data, "--results", results)
        before = results.read_bytes()
        changed = self.write("changed.jsonl", [{**self.asked[0], "prompt": "another prompt of words"}])
        for code, pattern, command in [
            (Usage, r"line 1, .*'case-0' \(--max-tokens was 5, not 6\)", self.command_line(self.data, "-n", 6, "--results", results)),
            (Usage, r"--operator was not given|--operator was zero, not delete", self.command_line(self.data, "-o", "delete", "--results", results)),
            (Usage, "prompt", self.command_line(changed, "--results", results)),
            (Usage, "the command was explain, not compare", self.command_line(self.data, "--results", results, command="compare")),
            (Failed, "line 1 is no result", self.command_line(self.data, "--results", self.data)),
            (Failed, "cannot write", self.command_line(self.data, "--results", self.folder / "no/where")),
        ]:
            with self.subTest(pattern):
                self.refused(code, pattern, *command)
        self.assertEqual(results.read_bytes(), before)

    def test_usage(self):
        for code, pattern, arguments in [
            (Usage, "leave the prompt", (*self.command_line(self.data), "a prompt")),
            (Usage, "leave the prompt", self.command_line(self.data, "-r", "a response")),
            (Usage, "JSON", self.command_line(self.data, "-F", "html")),
            (Usage, "--results", self.command_line(self.data, "-O", "x")),
            (Usage, "--data FILE", ("explain", "-m", self.model, "--results", "x", "a prompt")),
            (Usage, "--data FILE", ("compare", "-m", self.model, "--in-flight", 2, "a prompt")),
            (Usage, "unknown method", self.command_line(self.data, "-M", "nonesuch")),
            (Failed, "cannot read", self.command_line(self.folder / "nothing")),
            (Failed, "holds no question", self.command_line(self.write("empty.jsonl", [""]))),
        ]:
            with self.subTest(pattern):
                self.refused(code, pattern, *arguments)

    def test_what_cannot_be_asked_is_told_and_the_rest_goes_on(self):
        data = self.write("bad.jsonl", [self.asked[0], "{no json", '["an array"]', '{"id": "x"}', "", self.asked[0],
                                        {"id": "empty", "prompt": "some words", "response": ""}, self.asked[1],
                                        {"prompt": "without an id"}])
        results = self.folder / "bad-results.jsonl"
        done = run(*self.command_line(data, "--results", results), command=self.command)
        said = done.stderr.decode().splitlines()
        self.assertEqual(done.returncode, Failed, said)
        for pattern in ("line 2:", "line 3:", "line 4:", "line 6: the id 'case-0'", "empty: the response is empty"):
            self.assertEqual(len([line for line in said if pattern in line]), 1, (pattern, said))
        self.assertEqual(len(said), 5, said)
        self.assertEqual([x["id"] for x in self.lines(results.read_text())], ["case-0", "case-1", "line 9"])

    def test_one_run_writes_a_file(self):
        results = self.folder / "busy.jsonl"
        with subprocess.Popen([JOPA, *map(str, self.command_line(self.data, "--results", results, "-b", 3000))]) as first:
            deadline = time.monotonic() + 60
            while not results.exists() and time.monotonic() < deadline:
                time.sleep(0.001)
            try:
                self.refused(Failed, "written by another run", *self.command_line(self.data, "--results", results))
            finally:
                first.kill()

    def test_progress(self):
        """In a terminal: how many of how many, the time left from the first answer on, and which."""
        master, slave = pty.openpty()
        results = self.folder / "progress.jsonl"
        self.ask(self.write("two.jsonl", self.asked[:2]), "--results", results)
        with subprocess.Popen([JOPA, *map(str, self.command_line(self.data, "--results", results, "-b", 30))],
                              stderr=slave) as process:
            os.close(slave)
            seen = b""
            while True:
                try:
                    piece = os.read(master, 4096)
                except OSError:  # nobody has the other end any more
                    break
                seen += piece
                if not piece:
                    break
        os.close(master)
        self.assertEqual(process.returncode, 0)
        lines = re.findall(r"(\d)/(\d) prompts(, \d+ s left)?: (case-\d)", seen.decode())
        done = [int(line[0]) for line in lines]
        self.assertEqual((done, {line[1] for line in lines}, done[0]), (sorted(done), {"6"}, 2))  # two were known
        for n, _, left, case in lines:
            self.assertEqual(case, f"case-{n}")
            self.assertEqual(bool(left), int(n) > 2)

    def test_killed_at_random_moments(self):
        whole = {x["id"]: self.steady(x) for x in self.lines(self.ask(self.data))}
        r = random.Random(os.environ.get("JOPA_TEST_SEED"))
        for attempt in range(int(os.environ.get("JOPA_TEST_KILLS", 12)) // 3):
            results = self.folder / f"killed-{attempt}.jsonl"
            for _ in range(3):
                self.kill_once(results, r)
            self.ask(self.data, "--results", results)
            found = self.lines(results.read_text())
            self.assertEqual(sorted(x["id"] for x in found), sorted(whole))
            self.assertEqual({x["id"]: self.steady(x) for x in found}, whole)

    def kill_once(self, results, r):
        """SIGKILL when the file has grown by some bytes or time is up; whole lines that were there stay."""
        before = results.read_bytes().split(b"\n")[:-1] if results.exists() else []
        size = sum(map(len, before)) + r.randrange(30000)
        with subprocess.Popen([JOPA, *map(str, self.command_line(self.data, "--results", results))]) as process:
            deadline = time.monotonic() + 30
            while process.poll() is None and time.monotonic() < deadline:
                if results.exists() and results.stat().st_size >= size:
                    break
                time.sleep(0.0005)
            process.send_signal(signal.SIGKILL)
        data = results.read_bytes()
        self.assertEqual(data.split(b"\n")[: len(before)], before)
        results.write_bytes(data[: r.choice([None, -9])] if len(data) > 9 else data)  # as if in the middle of a write

    def test_ctrl_c_keeps_whole_answers(self):
        results = self.folder / "stopped.jsonl"
        with subprocess.Popen([JOPA, *map(str, self.command_line(self.data, "--results", results, "-b", 400))]) as process:
            while process.poll() is None and not (results.exists() and results.stat().st_size):
                time.sleep(0.001)
            process.send_signal(signal.SIGINT)
        self.assertIn(process.returncode, (0, 130))
        self.assertTrue(all(x["stopped"] != "interrupted" for x in self.lines(results.read_text())))


main()
