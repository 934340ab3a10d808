"""`cmake --install` gives a folder that may be moved: programs in C11 and C++17 find the libraries in it by find_package
and by pkg-config, the libraries show the names of jopa.h and no others, and the command finds its scripts."""
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE, BUILD = Path(os.environ["JOPA_SOURCE_DIR"]), Path(os.environ["JOPA_BUILD_DIR"])
CONSUMER = SOURCE / "tests/install/consumer"
SHARED = "JOPA_SHARED:BOOL=OFF" not in (BUILD / "CMakeCache.txt").read_text()
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def output(*command, **options):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode:
        raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def names(library, *options):
    """The names that the library defines for others."""
    lines = output("nm", "--defined-only", *options, library).splitlines()
    return sorted(line.split()[-1] for line in lines if re.match(r"[0-9a-f]+ [A-Zu-w] ", line))


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = Path(cls.temporary.name)
        first, cls.prefix = cls.folder / "first", cls.folder / "moved here"
        output("cmake", "--install", BUILD, "--prefix", first)
        first.rename(cls.prefix)
        cls.first = first
        cls.library = next(cls.prefix.glob("lib*/**/libjopa.a")).parent
        cls.model = cls.folder / "tiny.gguf"
        output(BUILD / "tests/cli/tiny_model", cls.model)
        cls.answer = None

    def check_program(self, program):
        """What the program says, which all programs say."""
        said = output(program, self.model, env={**os.environ, "LD_LIBRARY_PATH": str(self.library)})
        self.assertRegex(said, r"^1 selected, unit \d+, drop -?\d+\.\d{3}\n$")
        type(self).answer = self.answer or said
        self.assertEqual(said, self.answer)

    def configure(self, *options):
        return subprocess.run(["cmake", "-S", CONSUMER, "-B", self.folder / "consumer", "-G", "Ninja",
                               f"-DCMAKE_PREFIX_PATH={self.prefix}", *options], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)

    def test_find_package(self):
        header = (SOURCE / "include/jopa.h").read_text()
        version = re.search(r'JOPA_VERSION "([\d.]+)"', header)[1]
        self.assertIn("compatible", self.configure("-DJOPA_WANTED=99").stdout)
        done = self.configure(f"-DJOPA_WANTED={version}")
        self.assertEqual(done.returncode, 0, done.stdout)
        output("cmake", "--build", self.folder / "consumer")
        for program in ("c_jopa", "cpp_jopa", "c_static", "cpp_static"):
            self.check_program(self.folder / "consumer" / program)
        linked = output("readelf", "-d", self.folder / "consumer/c_static")
        self.assertNotIn("libjopa", linked)

    def test_pkg_config(self):
        environment = {**os.environ, "PKG_CONFIG_PATH": f"{self.library}/pkgconfig"}
        for compiler, source in (("cc -std=c11", "consumer.c"), ("c++ -std=c++17", "consumer.cpp")):
            out = self.folder / source.replace(".", "_")
            for kind, words in (("shared", "--libs"), ("static", "--static --libs")):
                flags = output("pkg-config", "--cflags", *words.split(), "jopa", env=environment)
                if kind == "static":
                    flags = flags.replace("-ljopa ", "-l:libjopa.a ")
                output("sh", "-c", f'{compiler} {" ".join(STRICT)} "$0" -o "$1" {flags}', CONSUMER / source,
                       f"{out}.{kind}")
                self.check_program(f"{out}.{kind}")

    def test_names(self):
        """The libraries' names are the functions of the headers that are installed."""
        headers = "".join(file.read_text() for file in (self.prefix / "include").glob("*.h"))
        public = sorted(re.findall(r"^JOPA_API [^;{}]*?\b(\w+)\(", headers, re.M))
        self.assertGreater(len(public), 20)
        self.assertEqual(names(self.library / "libjopa.a", "-g"), public)
        if SHARED:
            self.assertEqual(names(self.library / "libjopa.so", "-D"), public)

    @unittest.skipUnless(SHARED, "JOPA_SHARED is off")
    def test_soname(self):
        dynamic = output("readelf", "-d", self.library / "libjopa.so")
        self.assertRegex(dynamic, r"soname: \[libjopa\.so\.\d+\]")
        self.assertNotIn("libllama", dynamic)
        self.assertTrue((self.library / re.search(r"soname: \[(.*)\]", dynamic)[1]).exists())

    def test_nothing_names_the_folder(self):
        for file in self.prefix.rglob("*"):
            if file.is_file():
                self.assertNotIn(str(self.first).encode(), file.read_bytes(), file)

    def test_the_command_finds_its_scripts(self):
        script = next(self.prefix.glob("share/jopa/scripts/fetch-model.sh"))
        kept = script.read_bytes()
        script.write_text("#!/bin/sh\necho this one\n")
        try:
            self.assertEqual(output(self.prefix / "bin/jopa", "model"), "this one\n")
        finally:
            script.write_bytes(kept)

    def test_documents(self):
        """The man page and completions, as the command prints them."""
        for file, words, mark in (("man/man1/jopa.1", ["--man"], "\n.SH "),
                                  ("bash-completion/completions/jopa", ["--completion", "bash"], "complete "),
                                  ("zsh/site-functions/_jopa", ["--completion", "zsh"], "#compdef "),
                                  ("fish/vendor_completions.d/jopa.fish", ["--completion", "fish"], "complete ")):
            with self.subTest(file):
                printed = output(BUILD / "jopa", "help", *words)
                self.assertIn(mark, printed)
                self.assertEqual((self.prefix / "share" / file).read_text(), printed)


if __name__ == "__main__":
    unittest.main()
