"""--version, help, -h of every command, the lists; and docs/cli.md, whose blocks are the command's own words."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from cli import SOURCE, Command, Failed, Usage, main, os, re, run

TABLES = ["methods", "operators", "units", "metrics", "formats", "engines", "stages", "options"]


def said(*arguments):
    done = run(*arguments)
    if done.returncode or done.stderr:
        raise AssertionError(f"{arguments}: {done.returncode} {done.stderr.decode()}")
    return done.stdout.decode()


def commands():
    return re.findall(r"^  (\w+) +\S", said("help"), re.M)


def listed(table):
    rows = [re.split(r"  +| (?=[a-zA-Z])", row, maxsplit=1) for row in said("list", table).splitlines()]
    return {name: summary for name, summary in rows}


class Help(Command):
    def test_version(self):
        header = (SOURCE / "include/jopa.h").read_text(encoding="utf-8")
        version = re.search(r'^#define JOPA_VERSION "([\d.]+)"', header, re.M)[1]
        self.assertEqual(said("--version"), f"jopa {version}\n")
        self.assertEqual(said("-V"), f"jopa {version}\n")

    def test_overview(self):
        for arguments in (["help"], ["--help"], ["-h"], ["help", "help"], ["help", "-h"]):
            self.assertEqual(said(*arguments), said("help"))
        alone = run()
        self.assertEqual((alone.returncode, alone.stdout, alone.stderr.decode()), (Usage, b"", said("help")))

    def test_each_command_has_help(self):
        self.assertGreaterEqual(set(commands()), {"explain", "compare", "render", "list", "model", "help"})
        for name in commands():
            with self.subTest(name):
                text = said("help", name)
                self.assertEqual(said(name, "-h"), text)
                self.assertEqual(said(name, "--help"), text)
                self.assertEqual(run(name, "-h", env={"LC_ALL": "C.UTF-8"}).stdout.decode(), text)
                self.assertTrue(text.isascii() or name == "help", "popt cuts what the locale cannot show")
                if name != "help":
                    self.assertRegex(text, rf"\AUsage: jopa {name} \S")
                    self.assertIn("-h, --help ", text)
                    self.assertTrue(all(len(line) <= 80 for line in text.splitlines()))

    def test_every_option_of_the_help_is_known(self):
        for name in set(commands()) - {"help"}:
            for option in re.findall(r"(?:--?[\w-]+)(?==\w)", said("help", name)):
                with self.subTest(f"{name} {option}"):
                    self.refused(Usage, rf"{option}: missing argument; see `jopa help {name}`", name, option)

    def test_lists(self):
        for table in TABLES:
            with self.subTest(table):
                rows = listed(table)
                self.assertTrue(rows and all(rows.values()))
                self.assertEqual(len(rows), said("list", table).count("\n"), "a name is listed twice")
        self.assertEqual(list(listed("operators")), ["zero", "mean", "delete", "token:TEXT"])
        self.assertEqual(list(listed("units")), ["token", "word", "sentence", "line", "paragraph", "marked"])
        self.assertEqual(list(listed("methods"))[0], "jopa")
        self.assertLessEqual({"text", "json", "html", "svg", "csv"}, set(listed("formats")))
        self.assertLessEqual({"prob", "words", "meaning"}, set(listed("metrics")))
        self.assertIn("local", listed("engines"))

    def test_capabilities_of_a_model(self):
        last = said("list", "engines", "-m", self.model).splitlines()[-1]
        self.assertRegex(last, rf"^  with {re.escape(str(self.model))}: logprobs,generate\b")

    def test_full_standard_output(self):
        for arguments in (["--version"], ["help"], ["list", "methods"], ["explain", "-h"]):
            with open("/dev/full", "wb") as full:
                done = run(*arguments, stdout=full)
            self.assertEqual(done.returncode, Failed, arguments)
            self.assertEqual(done.stderr.count(b"\n"), 1)

    def test_document(self):
        """docs/cli.md shows what these commands print, word for word. UPDATE=1 writes it anew."""
        document = SOURCE / "docs/cli.md"
        text = document.read_text(encoding="utf-8")
        block = re.compile(r"(?<=^```console\n)\$ jopa ((?:help|list|--version)[^\n]*)\n(.*?)(?=^```)", re.M | re.S)
        if os.environ.get("UPDATE"):
            text = block.sub(lambda m: f"$ jopa {m[1]}\n{said(*m[1].split())}", text)
            document.write_text(text, encoding="utf-8")
        shown = dict(block.findall(text))
        for words, output in shown.items():
            with self.subTest(words):
                self.assertEqual(said(*words.split()), output)
        needed = {"help", *(f"list {t}" for t in TABLES), *(f"help {c}" for c in commands() if c != "help")}
        self.assertLessEqual(needed, set(shown), "not in docs/cli.md")


main()
