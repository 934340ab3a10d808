"""The engine of docs/examples/toy-engine.c, built against jopa.h alone, finds the set that its score is made of."""
import os
import subprocess
import unittest
from pathlib import Path

SOURCE, BUILD = Path(os.environ["JOPA_SOURCE_DIR"]), Path(os.environ["JOPA_BUILD_DIR"])


class ToyEngine(unittest.TestCase):
    def test_finds_both_places(self):
        done = subprocess.run([BUILD / "tests/cli/toy_engine"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, "'7' drops by 6.0 without 1:'7' 7:'7'\n")

    def test_the_document_shows_its_output(self):
        document = (SOURCE / "docs/engine.md").read_text(encoding="utf-8")
        self.assertIn("'7' drops by 6.0 without 1:'7' 7:'7'", document)


if __name__ == "__main__":
    unittest.main()
