"""What goes wrong is said in one line, with exit code 1 or 2, and leaves no file behind; the same under the sanitizers."""
import resource
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from cli import JOPA, PROMPT, RESPONSE, SANITIZED, Command, Failed, Usage, json, main, os, re, run, write_model

NOT_UTF8 = b"caf\xe9 and more"


class Errors(Command):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tiny = ("-m", cls.model, "-t", 1)
        cls.file = cls.folder / "file"
        cls.file.write_text("text")

    def explains(self, code, pattern, *arguments, **options):
        """A refused `jopa explain` on the tiny model, which was to write a file."""
        before = sorted(os.listdir(self.folder))
        self.refused(code, pattern, "explain", *self.tiny, "-O", self.folder / "out.json", *arguments, **options)
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_words(self):
        self.refused(Usage, "unknown command 'explian'", "explian")
        self.refused(Usage, "unknown command 'two lines'", "two\nlines")
        self.refused(Usage, "unknown command 'nothing'", "help", "nothing")
        self.refused(Usage, "list what", "list")
        self.refused(Usage, "list what", "list", "method")
        self.refused(Usage, "unexpected argument 'more'", "model", "more")
        self.refused(Usage, "--bogus: unknown option; see `jopa help explain`", "explain", "--bogus", PROMPT)
        self.refused(Usage, "unknown format 'pdf': see `jopa list formats`", "explain", "-F", "pdf", PROMPT)
        self.refused(Usage, "--color sometimes: always, never or auto", "explain", "--color", "sometimes", PROMPT)

    def test_prompts(self):
        self.refused(Usage, "no prompt", "explain")
        self.refused(Usage, "unexpected argument 'two': put the prompt into quotes", "explain", "one", "two")
        self.refused(Usage, "one prompt at a time", "explain", "-f", self.file, PROMPT)
        self.refused(Usage, "one prompt at a time", "explain", "--messages", self.file, PROMPT)
        self.refused(Usage, "one of them", "explain", PROMPT, "-r", "a", "--response-file", self.file)
        self.refused(Failed, "cannot read '/no/such/file': No such file", "explain", "-f", "/no/such/file")
        self.refused(Failed, "cannot read '/': Is a directory", "explain", "-f", "/")
        self.refused(Failed, "cannot read '/no/such/file': No such file", "explain", PROMPT, "--response-file", "/no/such/file")
        self.refused(Failed, "'standard input' is not text: byte 3 is NUL", "explain", "-", input=b"abc\0def")

    def test_prompts_that_the_model_sees(self):
        self.explains(Failed, "the prompt is empty", "")
        self.explains(Failed, "the prompt is empty", "-", input=b"\n")
        self.explains(Failed, "not valid UTF-8 at byte 3", NOT_UTF8)
        self.explains(Failed, "not valid UTF-8 at byte 0", "-", input=b"\xff\xfd")
        self.explains(Failed, "response is not UTF-8 .byte 3", PROMPT, "-r", NOT_UTF8)
        self.explains(Failed, "response is empty", PROMPT, "-r", "")
        self.explains(Failed, "nothing to hide", PROMPT, "--roles", "system")
        self.explains(Failed, r"\{\{", PROMPT, "-u", "marked")
        self.explains(Usage, "--raw", PROMPT, "--raw", "--system", "text")

    def test_chats(self):
        chats = {"no JSON": ("not JSON", b"hello"), "object": ("not a chat", b"{}"), "empty": ("not a chat", b"[]"),
                 "role": ("message 1 needs", b'[{"content": "a"}]'), "number": ("message 2 needs", b'[{"role":"user","content":"a"}, 5]'),
                 "cut": ("not JSON", b'[{"role": "user"'), "bytes": ("not JSON", b'[{"role": "user", "content": "\xff"}]')}
        for name, (pattern, content) in chats.items():
            self.file.write_bytes(content)
            self.refused(Failed, pattern, "explain", "--messages", self.file)
        self.file.write_bytes(b'[{"role": "user", "content": "a"}]')
        self.refused(Usage, "leave --system out", "explain", "--messages", self.file, "--system", "b")

    def test_models(self):
        cut = self.folder / "cut.gguf"
        whole = self.model.read_bytes()
        for size in (0, 3, 4, 20, 1000, 20000, len(whole) // 2, len(whole) - 1):
            cut.write_bytes(whole[:size])
            with self.subTest(size):
                self.refused(Failed, "not a GGUF file" if size < 4 else r"cannot be loaded|not a GGUF", "explain", "-m", cut, "-t", 1, PROMPT)
        self.refused(Failed, "cannot read the model '/no/such/model'", "explain", "-m", "/no/such/model", PROMPT)
        self.refused(Failed, "cannot read the model 'a b'", "explain", "-m", "a\nb", PROMPT)
        self.refused(Failed, "not a GGUF file", "explain", "-m", self.file, PROMPT)
        self.refused(Failed, "not a GGUF file", "list", "engines", "-m", "/")
        self.refused(Failed, "cannot read the model", "explain", *self.tiny, "--encoder", "/no/such/encoder", PROMPT)
        for name in ("remote", "URL[,URL...]"):  # the second is how the list of engines calls servers
            self.refused(Usage, f"unknown engine '{re.escape(name)}'", "explain", *self.tiny, "--engine", name, PROMPT)

    def test_long_prompts(self):
        small = write_model(self.folder / "small.gguf", context=64)
        self.refused(Failed, "context holds 64: shorten the prompt", "explain", "-m", small, "-t", 1, PROMPT * 9, "-r", "a")
        self.refused(Failed, "context holds 64.*--max-tokens", "explain", "-m", small, "-t", 1, PROMPT, "-n", 60)
        self.explains(Failed, "--ctx allows 30: raise --ctx", PROMPT, "-r", RESPONSE, "--ctx", 30)
        self.explains(Failed, "context holds 2048", PROMPT * 200)
        self.explains(Failed, "context holds 2048", PROMPT * 200, "-r", RESPONSE, "-u", "word")
        self.explains(Failed, "context holds 2048", PROMPT, "-n", 1000000)

    def test_names(self):
        ask = (PROMPT, "-r", RESPONSE)
        self.explains(Usage, "unknown method 'abblation': did you mean 'ablation'", *ask, "-M", "abblation")
        self.explains(Usage, "unknown method 'Greedy': did you mean 'greedy'", *ask, "-M", "Greedy")
        self.explains(Usage, "unknown method 'something-else': see `jopa list methods`", *ask, "-M", "something-else")
        self.explains(Usage, "unknown method ''", *ask, "-M", "")
        self.explains(Usage, "unknown operator 'erase'", *ask, "-o", "erase")
        self.explains(Usage, "operator 'token:' lacks its text", *ask, "-o", "token:")
        self.explains(Usage, "token:a doctor: that is [0-9]+ tokens", *ask, "-o", "token:a doctor")
        self.explains(Usage, "unknown unit 'letter'", *ask, "-u", "letter")
        self.explains(Usage, "unknown metric 'taste': see `jopa list metrics`", *ask, "--metrics", "prob,taste")
        for methods in ("", ",", "random,,random", "random,rndom", "x" * 200):
            self.refused(Usage, "method", "compare", *self.tiny, *ask, "-M", methods)

    def test_memory_is_estimated(self):
        """What the machine cannot hold is refused before it is taken."""
        model = write_model(self.folder / "deep.gguf", layers=64, context=2000000000)
        self.refused(Failed, r"tokens takes [0-9.]+ GiB of memory, there are [0-9.]+: shorten them", "explain", "-m", model,
                     "-t", 1, PROMPT, "-n", 16777216)

    def test_numbers(self):
        ask = (PROMPT, "-r", RESPONSE)
        for option in ("-k", "--units", "-n", "-t", "-b", "--ctx", "--gpu-layers", "--sparsity", "--time", "--width"):
            self.refused(Usage, f"{option} x: invalid numeric value", "explain", PROMPT, option, "x")
            self.refused(Usage, f"{option} (1e999999|9{{40}}): (number too large|invalid numeric)", "explain", PROMPT, option,
                         "1e999999" if option in ("--sparsity", "--time") else "9" * 40)
            self.refused(Usage, f"{option}: missing argument", "explain", PROMPT, option)
        self.explains(Usage, "--units -1", *ask, "-k", "-1")
        self.explains(Usage, "unknown operator 'sideways'", *ask, "--operators", "zero,sideways")
        self.explains(Usage, "--repeat -1: a number of runs", *ask, "--repeat", "-1")
        self.explains(Usage, "--min-drop 2: a share of the largest drop", *ask, "--min-drop", "2")
        self.explains(Usage, "-F prompt: that is what `jopa compress` leaves", *ask, "-F", "prompt")
        for text in ("x", "-1", "1.5", "", " 1", str(2**64), "9" * 40):
            self.refused(Usage, f"--seed {text}: a whole number is needed, from 0 to {2**64 - 1}", "explain", PROMPT, "--seed", text)
        for text in ("0", "-1", "1.01", "nan", "inf"):
            self.explains(Usage, f"--sparsity {text}: a number above 0, at most 1", *ask, "--sparsity", text)
        for option, text in (("--budget", "-3"), ("--time", "-1"), ("--time", "nan"), ("--threads", "-1"), ("--ctx", "-1"), ("--width", "-1")):
            self.explains(Usage, f"{option} {text}: a number of", *ask, option, text)
        for n in ("0", "-5"):
            self.explains(Usage, "--max-tokens", PROMPT, "-n", n)
        self.explains(Usage, "--max-tokens 2147483647: at most", PROMPT, "-n", 2**31 - 1)
        self.targets(*ask)

    def targets(self, *ask):
        """Two numbers and a colon are offsets; what is neither these nor a sentence is a text of the response."""
        for text in ("5", "a:b", "5:", "-1:5", "1:2:3"):
            self.explains(Usage, f"--target {text}: the response has no such text; (it begins with|did you mean)", *ask, "--target", text)
        for text in ("7:3", "3:3", "0:0"):
            self.explains(Usage, f"--target {text}: two byte offsets are needed, the smaller first", *ask, "--target", text)
        self.explains(Usage, "--target: it is empty; give a text", *ask, "--target", "")
        self.explains(Usage, "--target sentence:0: a sentence is given by its number from 1 on", *ask, "--target", "sentence:0")
        self.explains(Usage, "--target sentence:9: the response has 1 sentence", *ask, "--target", "sentence:9")
        self.explains(Usage, "the response has 38 bytes", *ask, "--target", "1:39")

    def test_output(self):
        ask = ("explain", *self.tiny, PROMPT, "-r", RESPONSE, "-M", "random", "--metrics", "none")
        self.refused(Failed, "cannot write '.*/file/out': Not a directory", *ask, "-O", self.file / "out")
        self.refused(Failed, "cannot write '/proc/out'", *ask, "-O", "/proc/out")
        self.refused(Failed, "cannot write '/no/such/folder/out': No such file", *ask, "-O", "/no/such/folder/out")
        self.refused(Failed, "it is a directory", *ask, "-O", self.folder)
        self.refused(Failed, "cannot write '/dev/full': No space left", *ask, "-O", "/dev/full")
        with open("/dev/full", "wb") as full:
            done = run(*ask, command=self.command, stdout=full)
        self.assertEqual((done.returncode, done.stderr), (Failed, b"jopa: cannot write 'standard output': No space left on device\n"))

    def test_disk_that_fills(self):
        """A file that cannot be written whole: nothing is left of it, and what was there stays."""
        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

        ask = ("explain", *self.tiny, PROMPT, "-r", RESPONSE, "-M", "random", "--metrics", "none")
        self.refused(Failed, "cannot write '.*/out.json': File too large", *ask, "-O", self.folder / "out.json", preexec_fn=small_files)
        self.assertEqual([p.name for p in self.folder.glob("out*")], [])
        old = self.folder / "old.json"
        old.write_text("before")
        self.refused(Failed, "cannot write '.*/old.json': File too large", *ask, "-O", old, preexec_fn=small_files)
        self.assertEqual([(p.name, p.read_text()) for p in self.folder.glob("old*")], [("old.json", "before")])

    def test_saved_results(self):
        saved = self.folder / "saved.json"
        done = run("explain", *self.tiny, PROMPT, "-r", RESPONSE, "-M", "random", "-O", saved, command=self.command)
        self.assertEqual((done.returncode, done.stderr, done.stdout), (0, b"", b""))
        whole = saved.read_bytes()
        other = json.loads(whole)
        other["schema"] = 99
        for content, pattern in ((whole[:2000], "ends too early"), (b"", "empty"), (b"a", "not a jopa result"), (b"\0", "not text"),
                                 (json.dumps(other).encode(), "schema 99"), (b"{}", "schema")):
            saved.write_bytes(content)
            self.refused(Failed, pattern, "render", saved)
        self.refused(Usage, "no result", "render")
        self.refused(Failed, "cannot read '/no/such/file'", "render", "/no/such/file")
        self.refused(Usage, "unknown format 'pdf'", "render", saved, "-F", "pdf")


class ErrorsUnderSanitizers(Errors):
    command = SANITIZED


class Sanitized(Command):
    """Whole runs, so that leaks and overruns on the way of success are seen too."""
    command = SANITIZED

    def test_runs(self):
        ask = (PROMPT, "-r", RESPONSE, "-u", "word", "-k", 2)
        for method in ("jopa", "self", "lime"):
            self.assertEqual(self.explain(*ask, "-M", method)["method"], method)
        self.assertIn("<svg", self.explain(PROMPT, "-n", 4, "-M", "greedy", "-F", "svg", "-o", "mean"))
        self.assertIn("METHODS", self.explain(*ask, "-F", "text", "-M", "ablation,kernelshap", command="compare"))


assert JOPA != SANITIZED
main()
