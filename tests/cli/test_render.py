"""`jopa render`: golden files of every format, saved results that come back as they were, refusals in one line.

The saved results in render/ are made up: they show the formats, not what a model does. After a change that is meant,
UPDATE=1 writes the golden files anew; look at the difference before it is committed."""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).parent
ROOT = Path(os.environ.get("JOPA_SOURCE_DIR", HERE.parents[1]))
JOPA = os.environ.get("JOPA_SANITIZED") or os.environ.get("JOPA", ROOT / "build/jopa")
SAVED = sorted((HERE / "render").glob("*.json"))
REPORTS = {  # suffix of the golden file: options
    ".txt": ["-F", "text"],
    ".narrow.txt": ["-F", "text", "--width", "40"],
    ".scores.txt": ["-F", "text", "--scores"],
    ".color.txt": ["-F", "text", "--color", "always", "--scores"],
    ".html": ["-F", "html"],
    ".svg": ["-F", "svg"],
    ".csv": ["-F", "csv"],
    ".md": ["-F", "markdown"],
}


def jopa(*arguments, **options):
    environment = dict(os.environ, **options.pop("environment", {}))
    return subprocess.run([JOPA, *map(str, arguments)], capture_output=True, env=environment, timeout=60, **options)


def rendered(*arguments):
    done = jopa("render", *arguments)
    if done.returncode:
        raise AssertionError(f"{arguments}: {done.returncode} {done.stderr.decode()}")
    return done.stdout


def without_assets(page):
    """A page without its styles, script and their hashes, which have files of their own."""
    page = re.sub(rb"(<(style|script)>).*?(</\2>)", rb"\1\3", page, flags=re.S)
    return re.sub(rb"sha256-[^']+", b"sha256-", page)


class Render(unittest.TestCase):
    maxDiff = 4000

    def test_golden_files(self):
        for saved in SAVED:
            for suffix, options in REPORTS.items():
                golden = HERE / "golden" / f"render-{saved.stem}{suffix}"
                with self.subTest(golden.name):
                    report = without_assets(rendered(saved, *options))
                    if os.environ.get("UPDATE"):
                        golden.write_bytes(report)
                    self.assertEqual(report.decode(), golden.read_bytes().decode())

    def test_json_comes_back_as_it_was(self):
        for saved in SAVED:
            with self.subTest(saved.name):
                self.assertEqual(rendered(saved, "-F", "json"), saved.read_bytes())
                self.assertEqual(rendered(saved), saved.read_bytes())  # the default where there is no terminal

    def test_any_json_of_the_same_content(self):
        for saved in SAVED:
            with self.subTest(saved.name), tempfile.TemporaryDirectory() as folder:
                other = Path(folder) / "other.json"
                other.write_text(json.dumps(json.loads(saved.read_text(encoding="utf-8"))))  # ASCII, one line
                self.assertEqual(rendered(other, "-F", "json"), saved.read_bytes())

    def test_output_file(self):
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.html"
            self.assertEqual(rendered(SAVED[0], "-F", "html", "-O", page), b"")
            self.assertEqual(page.read_bytes(), rendered(SAVED[0], "-F", "html"))

    def test_no_color(self):
        for environment in ({"NO_COLOR": "1"}, {}):  # standard output is no terminal in both cases
            done = jopa("render", SAVED[0], "-F", "text", environment=environment)
            self.assertNotIn(b"\x1b", done.stdout)
        self.assertIn(b"\x1b", rendered(SAVED[0], "-F", "text", "--color", "always"))

    def test_numbers_of_any_size(self):
        with tempfile.TemporaryDirectory() as folder:
            saved = json.loads((HERE / "render/lisbon.json").read_text(encoding="utf-8"))
            saved["trace"] = [dict(point, drop=drop) for point, drop in zip(saved["trace"] * 2, (-1e308, 1e308))]
            extreme = Path(folder) / "extreme.json"
            extreme.write_text(json.dumps(saved))
            for name in ("svg", "html", "text", "markdown", "csv", "json"):
                self.assertTrue(rendered(extreme, "-F", name))  # within the time of jopa()

    def test_refusals(self):
        whole = SAVED[0].read_bytes()
        cases = {
            b"": "empty", b"hello": "no JSON", whole[:-20]: "ends too early", whole[: len(whole) // 2]: "ends too early",
            b"[1]": "not a JSON object", whole.replace(b'"schema": 1', b'"schema": 9'): "schema 9, this version reads schema 1",
            whole.replace(b'"method"', b'"Method"'): 'method" is missing', b"\x7fELF\x00\x01": "is not text", b"{\xff}": "no JSON",
        }
        with tempfile.TemporaryDirectory() as folder:
            for content, part in cases.items():
                with self.subTest(part):
                    path = Path(folder) / "bad.json"
                    path.write_bytes(content)
                    done = jopa("render", path, "-F", "text")
                    self.assertEqual((done.returncode, done.stdout), (1, b""))
                    self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
                    self.assertIn(part, done.stderr.decode())

    def test_wrong_usage(self):
        for arguments in ((), (SAVED[0], "-F", "pdf")):
            done = jopa("render", *arguments)
            self.assertEqual((done.returncode, done.stdout, done.stderr.count(b"\n")), (2, b"", 1))
        self.assertEqual(jopa("render", "/no/such/file").returncode, 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
