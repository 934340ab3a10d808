"""The help, the manual page, the completions and `jopa list options` come from one table: they name the same options,
and bash completes what it is asked in earnest."""
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from cli import Command, Usage, main, run

SHELLS = ("bash", "zsh", "fish")


def said(*arguments):
    done = run(*arguments)
    if done.returncode or done.stderr:
        raise AssertionError(f"{arguments}: {done.returncode} {done.stderr.decode()}")
    return done.stdout.decode()


COMMANDS = re.findall(r"^  (\w+) +\S", said("help"), re.M)


def in_help(command):
    """{(letter or "", long)} of a command, from its help."""
    return set(re.findall(r"^  (?:-(\w),|   ) --([\w-]+)", said("help", command), re.M))


def in_manual(page, command):
    section = re.search(rf'^\.SH "JOPA {command.upper()}"\n(.*?)(?=^\.SH )', page, re.M | re.S)[1]
    found = re.findall(r"^\.TP\n(?:\\fB\\-(\w)\\fR, )?\\fB\\-\\-([\w\\-]+)\\fR", section, re.M)
    return {(letter, name.replace("\\-", "-")) for letter, name in found}


def in_bash(script, command):
    words = re.search(rf"^    {command}\)\n        options='([^']*)'", script, re.M)[1].split()
    return {(words[i - 1][1:] if i and words[i - 1][1] != "-" else "", word[2:])
            for i, word in enumerate(words) if word.startswith("--")}


def in_zsh(script, command):
    block = re.search(rf"^        {command}\)\n(.*?);;", script, re.M | re.S)[1]
    pairs = re.findall(r"\{-(\w)\+?,--([\w-]+)=?\}", block)
    return set(pairs) | {("", name) for name in re.findall(r"^ +'\*?--([\w-]+)=?\[", block, re.M)}


def in_fish(script, command):
    return set(re.findall(rf"^complete -c jopa -n '__fish_seen_subcommand_from {command}'(?: -s (\w))? -l ([\w-]+)", script, re.M))


class SameOptions(Command):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.page = said("help", "--man")
        cls.scripts = {shell: said("help", "--completion", shell) for shell in SHELLS}

    def test_of_every_command(self):
        readers = {"bash": in_bash, "zsh": in_zsh, "fish": in_fish}
        for command in COMMANDS:
            if command == "help":
                continue
            options = in_help(command)
            self.assertIn(("h", "help"), options)
            self.assertEqual(in_manual(self.page, command), options, command)
            for shell, script in self.scripts.items():
                self.assertEqual(readers[shell](script, command), options, f"{shell}: {command}")

    def test_of_help_itself(self):
        options = {("h", "help"), ("", "man"), ("", "completion")}
        self.assertEqual(in_manual(self.page, "help"), options)
        self.assertEqual(in_bash(self.scripts["bash"], "help"), options)
        self.assertEqual(in_zsh(self.scripts["zsh"], "help"), options)
        self.assertEqual(in_fish(self.scripts["fish"], "help"), options)

    def test_list_options(self):
        rows = said("list", "options").splitlines()
        names = [row.split()[0] for row in rows[1:]]
        self.assertEqual(rows[0].split(), ["name", "type", "default", "range", "meaning"])
        self.assertEqual(len(names), len(set(names)))
        flags = {"units" if name == "k" else name.replace("_", "-") for name in names}
        listed = {name for command in COMMANDS if command != "help" for _, name in in_help(command)} - {"help"}
        self.assertEqual(flags - {"prompt", "id", "key"}, listed)
        for name, least, most in (("max_tokens", 1, 16777216), ("sparsity", 0, 1), ("repeat", 0, 10000)):
            self.assertIn(f" {least}..{most} ", next(row for row in rows if row.startswith(name)))
        columns = [rows[0].index(word) for word in rows[0].split()]
        for row in rows[1:]:
            self.assertTrue(all(row[c - 1] == " " for c in columns[1:]), row)

    def test_same_words(self):
        """The help's line of each option, in the manual and for zsh and fish."""
        def plain(text):
            return re.sub(r"\s+", "", re.sub(r"[`'\\]", "", text))
        page = plain(re.sub(r"\\f[BRI]", "", self.page.replace("\\-", "-")))
        for command in COMMANDS:
            for line in re.split(r"\n(?=  (?:-|   ))", said("help", command))[1:] if command != "help" else []:
                words = plain(line.split(maxsplit=2 if line.startswith("  -") else 1)[-1])
                for text in (page, *(plain(self.scripts[s]) for s in ("zsh", "fish"))):
                    self.assertIn(words, text, line)

    def test_commands(self):
        for shell, script in self.scripts.items():
            for command in COMMANDS:
                self.assertRegex(script, rf"\b{command}\b", shell)
        for command in COMMANDS:
            self.assertIn(f".B jopa {command}\n", self.page)

    def test_what_is_wrong(self):
        self.refused(Usage, "--completion csh: bash, zsh or fish", "help", "--completion", "csh")
        self.refused(Usage, "--completion : bash, zsh or fish", "help", "--completion")
        self.refused(Usage, "--mann: unknown option", "help", "--mann")
        self.assertEqual(said("help", "--completion=bash"), self.scripts["bash"])


class Manual(Command):
    def test_sections(self):
        page = said("help", "--man")
        self.assertTrue(page.splitlines()[1].startswith(".TH JOPA 1 "))
        sections = re.findall(r'^\.SH "?([A-Z ]+)"?$', page, re.M)
        for name in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "FILES", "ENVIRONMENT", "EXAMPLES", "SEE ALSO"):
            self.assertIn(name, sections)
        self.assertIn("\n.SH NAME\njopa \\- which parts", page)
        self.assertTrue(page.isascii())

    @unittest.skipUnless(shutil.which("groff"), "no groff")
    def test_groff(self):
        done = subprocess.run(["groff", "-man", "-ww", "-z"], input=said("help", "--man").encode(), capture_output=True)
        self.assertEqual((done.returncode, done.stderr.decode()), (0, ""))

    @unittest.skipUnless(shutil.which("man"), "no man")
    def test_man(self):
        page = self.folder / "jopa.1"
        page.write_text(said("help", "--man"))
        done = subprocess.run(["man", "--warnings", "-l", page], capture_output=True, env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
        self.assertEqual((done.returncode, done.stderr.decode()), (0, ""))
        text = re.sub(r".\x08", "", done.stdout.decode())
        self.assertIn("--max-tokens=N", text)
        self.assertIn("several methods side by side: --method NAME,NAME…", " ".join(text.split()))

    def test_examples_are_possible(self):
        """Each option of the examples is one of the command's."""
        block = re.search(r"^\.SH EXAMPLES\n\.nf\n(.*?)^\.fi", said("help", "--man"), re.M | re.S)[1].replace("\\-", "-")
        for line in block.splitlines():
            command = line.split()[1]
            known = {name for pair in in_help(command) for name in pair}
            for option in re.findall(r" --?([a-z][\w-]*)", line):
                self.assertIn(option, known, line)


class Bash(Command):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.script = cls.folder / "jopa.bash"
        cls.script.write_text(said("help", "--completion", "bash"))
        (cls.folder / "two words.json").write_text("{}")
        (cls.folder / "other.json").write_text("{}")

    def completes(self, *words, cwd=None):
        """What the function that `complete -F` names answers for these words, the last of which is begun."""
        ask = ('source "$1"; shift; f=$(complete -p jopa); [[ $f == "complete -F _jopa jopa" ]] || exit 9; '
               'COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _jopa jopa "${@: -1}" "${@: -2:1}"; printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "--norc", "--noprofile", "-c", ask, "bash", self.script, "jopa", *words], capture_output=True,
                              cwd=cwd or self.folder, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return [word.rstrip() for word in done.stdout.splitlines() if word]

    def test_commands(self):
        self.assertEqual(set(self.completes("")), {*COMMANDS, "-h", "--help", "-V", "--version"})
        self.assertEqual(self.completes("comp"), ["compare", "compress"])

    def test_options(self):
        for command in COMMANDS:
            if command == "help":
                continue
            flags = {f"--{name}" for _, name in in_help(command)}
            self.assertEqual(set(self.completes(command, "--")), flags)
        self.assertEqual(self.completes("explain", "--min"), ["--min-drop"])
        self.assertEqual(self.completes("help", "--c"), ["--completion"])

    def names(self, table):
        return [row.split()[0].replace("token:TEXT", "token:") for row in said("list", table).splitlines()]

    def test_names(self):
        for option in ("-M", "--method"):
            self.assertEqual(self.completes("explain", option, ""), self.names("methods"))
        self.assertEqual(self.completes("explain", "-o", ""), self.names("operators"))
        self.assertEqual(self.completes("audit", "--unit", ""), self.names("units"))
        self.assertEqual(self.completes("explain", "--unit", "=", "sent"), ["sentence"])
        self.assertEqual(self.completes("explain", "--unit", "="), self.names("units"))
        self.assertEqual(self.completes("explain", "--unit=sent"), ["--unit=sentence"])
        self.assertEqual(self.completes("compress", "--method", ""), ["jopa", "random", "ablation", "surprisal"])
        self.assertEqual(self.completes("audit", "--until", "r"), ["response"])
        self.assertEqual(self.completes("bench", "-F", ""), ["text", "markdown", "csv", "json", "html"])
        self.assertEqual(self.completes("render", "--color", "a"), ["always", "auto"])
        self.assertEqual(self.completes("list", ""), [*(t for t in ("methods", "operators", "units", "metrics", "formats", "engines",
                                                                    "stages", "options"))])
        self.assertEqual(self.completes("help", "ex"), ["explain"])
        self.assertEqual(self.completes("help", "--completion", ""), list(SHELLS))

    def test_lists(self):
        self.assertEqual(self.completes("compare", "-M", "jopa,gre"), ["jopa,greedy"])
        self.assertEqual(self.completes("compare", "--method", "=", "jopa,lime,kern"), ["jopa,lime,kernelshap"])
        self.assertEqual(self.completes("explain", "--metrics", "wo"), ["words"])
        self.assertEqual(self.completes("bench", "--methods=random,abl"), ["--methods=random,ablation"])

    def test_files(self):
        self.assertEqual(sorted(self.completes("render", "")), sorted(os.listdir(self.folder)))
        self.assertEqual(self.completes("explain", "--like", "two"), ["two words.json"])
        self.assertEqual(self.completes("explain", "-f", "oth"), ["other.json"])

    def test_nothing(self):
        for words in (("explain", ""), ("explain", "--seed", ""), ("explain", "-k", ""), ("model", ""), ("nonsense", "")):
            self.assertEqual(self.completes(*words), [], words)

    def test_in_a_terminal(self):
        """Typed into an interactive bash, with Tab."""
        process, terminal = pty.fork()
        if process == 0:
            os.chdir(self.folder)
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], {**os.environ, "PS1": "> ", "TERM": "dumb", "INPUTRC": "/dev/null"})
        self.addCleanup(os.close, terminal)
        self.addCleanup(os.waitpid, process, 0)
        self.addCleanup(os.kill, process, 9)

        def type_and_wait(text, expected):
            os.write(terminal, text.encode())
            seen, until = "", time.monotonic() + 20
            while expected not in seen and time.monotonic() < until:
                if select.select([terminal], [], [], 0.2)[0]:
                    seen += os.read(terminal, 4096).decode(errors="replace")
            self.assertIn(expected, seen)

        type_and_wait(f"bind 'set bell-style none'; source '{self.script}'; echo re''ady\n", "ready\r\n> ")  # Bash reads keys from its prompt on
        type_and_wait("jopa expl\t--fail\x15", "jopa explain --fail")
        type_and_wait("jopa explain --min-d\t0.5\x15", "--min-drop 0.5")
        type_and_wait("jopa explain --unit=sent\t-\x15", "--unit=sentence -")
        type_and_wait("jopa compare -M jopa,gre\t,\x15", "jopa,greedy,")
        type_and_wait("jopa render two\t-\x15", "two\\ words.json -")


class OtherShells(Command):
    def check(self, shell, *more):
        script = self.folder / f"jopa.{shell}"
        script.write_text(said("help", "--completion", shell))
        done = subprocess.run([shell, *more, "-n", script], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        return script

    def test_bash(self):
        self.check("bash")

    @unittest.skipUnless(shutil.which("zsh"), "no zsh")
    def test_zsh(self):
        script = self.check("zsh", "-f")
        ask = f"autoload -U compinit; compinit -u -D; source {script}; print $_comps[jopa] $+functions[_jopa]"
        done = subprocess.run(["zsh", "-f", "-c", ask], capture_output=True, text=True)
        self.assertEqual((done.stdout, done.stderr), ("_jopa 1\n", ""))

    @unittest.skipUnless(shutil.which("fish"), "no fish")
    def test_fish(self):
        script = self.check("fish")

        def completes(line):
            done = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"], capture_output=True, text=True)
            self.assertEqual(done.stderr, "")
            return [row.split("\t")[0] for row in done.stdout.splitlines()]

        self.assertEqual(completes("jopa explain --min"), ["--min-drop"])
        self.assertEqual(set(completes("jopa explain -u ")), {"token", "word", "sentence", "line", "paragraph", "marked"})
        self.assertEqual(completes("jopa compare -M jopa,gre"), ["jopa,greedy"])
        self.assertIn("stages", completes("jopa list "))


main()
