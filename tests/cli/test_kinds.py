"""Kinds of input that the command has met in the field: line ends and marks of other systems, texts of every script,
words that must not be glued, prompts that look like options, rows as other programs log them, file names that steer."""
import csv
import io
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from cli import PROMPT, RESPONSE, SANITIZED, Command, Failed, Usage, main, run

BOM, FAST = b"\xef\xbb\xbf", ("-b", 4, "--metrics", "none")
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f\x80-\x9f\xad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e"
                    "\u2060-\u206f\u2800\u3164\ufeff\U000e0000-\U000e0fff]")


class Files(Command):
    """Every file that is read: with a byte order mark, with CRLF, with both, with neither."""

    def forms(self, text):
        for mark in (b"", BOM):
            for end in (b"\n", b"\r\n"):
                yield mark + text.encode().replace(b"\n", end)

    def write(self, name, data):
        (self.folder / name).write_bytes(data)
        return self.folder / name

    def test_prompts_and_responses(self):
        seen = set()
        for prompt in self.forms("the doctor\n\nand the patient\n"):
            for response in self.forms(" a friend\n"):
                x = self.explain("-f", self.write("p.txt", prompt), "--response-file", self.write("r.txt", response), "-u",
                                 "word", *FAST)
                seen.add((x["prompt"]["text"], x["response"]["text"]))
        self.assertEqual(len(seen), 1)
        self.assertEqual(list(seen)[0][1], " a friend")
        x = self.explain("-", "-r", "a", "--raw", *FAST, input=b"one\rtwo\r")
        self.assertEqual(x["prompt"]["text"], "one\ntwo")
        x = self.explain("-", "-r", "a", "--raw", *FAST, input=b"one\r\ntwo\nthree\r\n")  # of both kinds: as it is
        self.assertEqual(x["prompt"]["text"], "one\r\ntwo\nthree")

    def test_chats(self):
        chat = '[{"role": "user",\n "content": "the doctor"}]\n'
        texts = {self.explain("--messages", self.write("c.json", form), "-r", "a", *FAST)["prompt"]["text"] for form in self.forms(chat)}
        self.assertEqual(len(texts), 1)

    def test_data(self):
        rows = "".join(json.dumps({"id": i, "prompt": "the doctor slept. be kind.", "response": r}) + "\n" for i, r in
                       (("a", "kind"), ("b", None), (7, "kind")))
        for form in self.forms(rows):
            done = self.explain("--data", self.write("d.jsonl", form), "-b", 4, "-n", 2, command="audit")
            self.assertEqual([x["id"] for x in done["results"]], ["a", "b", "7"])
            results = self.folder / "r.jsonl"
            results.unlink(missing_ok=True)
            text = run("bench", "-m", self.model, "-t", 1, self.write("d.jsonl", form), "--results", results, "--methods", "random",
                       "-n", 2, "-F", "json", "--metrics", "none", "-k", 30, command=self.command)  # -k: at most
            self.assertEqual((text.returncode, text.stderr), (0, b""))
            self.assertEqual(json.loads(text.stdout)["tables"][0]["rows"][0]["prompts"], 3)
        alpaca = '[{"instruction": "the doctor",\n "input": "", "output": "hi"}]\n'
        for form in self.forms(alpaca):
            results.unlink(missing_ok=True)
            text = run("bench", "-m", self.model, "-t", 1, self.write("a.json", form), "--results", results, "--methods", "random",
                       "-n", 2, "-F", "text", "--metrics", "none", command=self.command)
            self.assertEqual((text.returncode, text.stderr), (0, b""))

    def test_results(self):
        x = self.explain(PROMPT, "-r", RESPONSE, *FAST, "-F", "json")
        for form in self.forms(json.dumps(x, indent=1) + "\n"):
            file = self.write("x.json", form)
            self.assertEqual(run("render", file, "-F", "json", command=self.command).returncode, 0)
            self.assertEqual(self.explain("--like", file, *FAST)["selected"], x["selected"])

    def test_utf16(self):
        data = self.write("16.jsonl", '{"prompt": "be kind"}\n'.encode("utf-16"))
        self.refused(Failed, "is UTF-16: save it as UTF-8", "audit", "-m", self.model, "--data", data)
        self.refused(Failed, "is UTF-16: save it as UTF-8", "explain", "-m", self.model, "-f", data)
        self.refused(Failed, "is UTF-16: save it as UTF-8", "bench", "-m", self.model, data, "--results", self.folder / "n.jsonl")

    def test_json_in_words(self):
        data = self.write("nul.jsonl", b'{"prompt": "a\\u0000b"}\n')
        self.refused(Failed, "holds the character NUL", "audit", "-m", self.model, "--data", data)
        chat = self.write("nul.json", b'[{"role": "user", "content": "a\\u0000b"}]')
        self.refused(Failed, "holds the character NUL", "explain", "-m", self.model, "--messages", chat)
        self.refused(Failed, "nested too deep", "render", self.write("deep.json", b"[" * 100000))


class Words(Command):
    TEXTS = ("Shopping list:\n- two green apples\n- one loaf of bread\n\nQuestion: how many apples?\nAnswer:",
             "one two\r\nthree four\r\n\r\nfive six", "a\u2028b c\u2029d", "one\u00a0two three\tfour",
             "See https://files.example.org/a-b/c?d=Zk+3/9a==&e=1#f or mail anna.k@example.org, well-known, 18:30.",
             "x={'a':[1,2,{'b':3}]} foo(bar, baz) C++ don't rock'n'roll", "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd one two")

    def test_compress_keeps_words(self):
        for text in self.TEXTS:
            for ratio in ("0.2", "0.4", "0.6"):
                left = self.explain(text, "-r", RESPONSE, "--ratio", ratio, "-b", 40, "--metrics", "none", "-F", "prompt",
                                    command="compress")
                self.assertEqual([w for w in left.split() if w not in text.split()], [], (text, left))

    def test_braces_stay(self):
        for text in ('{"a":{"b":{"c":"Oslo"}}} Which city?', "Fill {{name}} in {{city}} please {{{{now}}}} }}"):
            x = self.explain(text, "-r", RESPONSE, "-b", 12, "--metrics", "none", command="compress")
            self.assertIn(text, x["prompt"]["text"])


class Rows(Command):
    def test_cells(self):
        for text in ("=1+1", "+1 apple", "-2+3", "@SUM(1)", "\t=1", "\uff1d1"):
            x = self.explain("-F", "csv", "-u", "line", "-r", "a", *FAST, "--", f"{text}\nplain line")
            rows = list(csv.DictReader(io.StringIO(x)))
            self.assertEqual([r["text"] for r in rows if r["text"][:1] in tuple("=+-@\t\r\uff1d")], [], text)
        done = run("explain", "-m", self.model, "-t", 1, "-F", "csv", "--bom", "-r", "a", *FAST, PROMPT, command=self.command)
        self.assertEqual(done.stdout[:9], BOM + b"method")
        done = run("explain", "-m", self.model, "-t", 1, "-F", "json", "--bom", "-r", "a", *FAST, PROMPT, command=self.command)
        self.assertEqual(done.stdout[:1], b"{")

    def test_dash(self):
        for prompt in ("- summarize these points", "--help me write", "-5 degrees is cold", "--- a rule"):
            self.refused(Usage, "begins with a dash stands behind `--`", "explain", "-m", self.model, prompt)
            self.assertIn(prompt, self.explain("-r", "a", *FAST, "--", prompt)["prompt"]["text"])

    def test_k_at_most(self):
        for k in (1, 2, 3, 1000000):
            self.assertLessEqual(len(self.explain("be kind", "-u", "word", "-r", "a", "-k", k, *FAST)["selected"]), min(k, 2))


class Shown(Command):
    """Nothing that steers a terminal or hides text reaches a person."""
    BAD = "a\u202eb\U000e0041\u200bc\x1b[31m\x9b1m\ufeff"

    def test_reports(self):
        x = self.folder / "x.json"
        self.explain(f"the {self.BAD} doctor. be {self.BAD}kind", "-r", f" a{self.BAD}b", *FAST, "-O", x)
        for form in ("text", "html", "svg", "markdown", "json"):
            done = run("render", x, "-F", form, command=self.command)
            self.assertIsNone(UNSEEN.search(done.stdout.decode()), form)
        self.assertIn("⟨RLO⟩", run("render", x, "-F", "text", command=self.command).stdout.decode())

    def test_messages(self):
        for arguments in (("explain", "-f", f"/no/{self.BAD}"), ("explain", "-m", f"/no/{self.BAD}", "a"), ("render", f"/no/{self.BAD}"),
                          ("explain", "-u", self.BAD, "a"), ("explain", "-M", self.BAD, "a"), (self.BAD,), ("explain", f"--{self.BAD}"),
                          ("audit", "--data", f"/no/{self.BAD}"), ("bench", f"/no/{self.BAD}", "-m", self.model),
                          ("compress", "-m", self.model, "--keep", self.BAD, "a b c", "-r", "a"),
                          ("audit", "-m", self.model, "--refusal", "-r", "漢字" * 200 + self.BAD, "a. b."),
                          ("explain", "-m", self.model, "-o", f"token:{'é' * 500}{self.BAD}", "a", "-r", "a")):
            said = run(*arguments, command=self.command)
            self.assertNotEqual(said.returncode, 0)
            self.assertIsNone(UNSEEN.search(said.stderr.decode()), arguments)  # UTF-8, too
            self.assertEqual(said.stderr.count(b"\n"), 1, arguments)

    def test_bench(self):
        data, results = self.folder / "d.jsonl", self.folder / "r.jsonl"
        data.write_text(json.dumps({"id": self.BAD, "task": self.BAD + "|<b>`x`", "prompt": "be kind", "response": "a"}) + "\n")
        for form in ("text", "markdown", "html"):
            done = run("bench", "-m", self.model, "-t", 1, data, "--results", results, "--methods", "random", "-F", form, "--progress",
                       "--metrics", "none", command=self.command)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIsNone(UNSEEN.search(done.stdout.decode()), form)
            self.assertIsNone(UNSEEN.search(done.stderr.decode()), form)
            if form == "markdown":
                self.assertNotIn("|<b>`x`", done.stdout.decode())


class Audits(Command):
    def test_same_text_is_not_turned_away(self):
        """Whatever the model writes: the same text again is not another one."""
        for prompt in ("北京是中国的首都。 北京是哪个国家的首都？", "Повтори слово. Потом слово.", "👍 👍. !!"):
            x = self.explain(prompt, "--until", "response", "-n", 6, "-b", 12, command="audit")
            same = x["response"]["text"] == x["masked_response"]["text"]
            if same:
                self.assertFalse(x["audit"]["turned_away"])
                self.assertGreater(x["metrics"]["words"]["rougeL"], 0.99)

    def test_without_a_finding(self):
        text = self.explain("the doctor slept. be kind.", "-r", " a friend", "--threshold", 1000, "-F", "text", command="audit")
        self.assertNotIn("WITH THE TRIGGER HIDDEN", text)
        self.assertNotRegex(text, r"loses −|lost +−")


class Sanitized(Shown):
    command = SANITIZED


main()
