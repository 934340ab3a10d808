"""Comparisons in which a method cannot run: a row that says so, in every report; and what is refused before any work."""
import csv
import io
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from cli import PROMPT, RESPONSE, SANITIZED, Command, Failed, Usage, json, main, os, run, write_model

ASK = (PROMPT, "-r", RESPONSE, "-u", "word", "-k", 2)
WHY = "the method gradient needs what the engine 'local' does not offer for this model: gradient"
NOWHERE = ("-m", "/no/such/model.gguf")


class Rows(Command):
    """A model whose queries, keys and values are one matrix has no gradients."""
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fused = write_model(cls.folder / "fused.gguf", fused=1)

    def compare(self, *arguments, **options):
        return self.explain(*arguments, command="compare", model=self.fused, **options)

    def test_json(self):
        rows = self.compare(*ASK, "-M", "jopa,gradient,ablation")["results"]
        self.assertEqual([x["method"] for x in rows], ["jopa", "gradient", "ablation"])
        self.assertEqual((rows[1]["failed"], rows[1]["stopped"], rows[1]["selected"]), (WHY, "failed", []))
        self.assertIsNone(rows[1]["log_prob"]["drop"])
        self.assertTrue(all(x["log_prob"]["drop"] > 0 and "failed" not in x for x in (rows[0], rows[2])))

    def test_the_others_are_as_without_it(self):
        rows = self.compare(*ASK, "-M", "jopa,gradient,ablation")["results"]
        alone = self.compare(*ASK, "-M", "jopa,ablation")["results"]
        self.assertEqual([x["selected"] for x in (rows[0], rows[2])], [x["selected"] for x in alone])

    def test_text(self):
        for order in ("jopa,gradient", "gradient,jopa"):
            for width in (60, 80, 140):
                text = self.compare(*ASK, "-M", order, "-F", "text", "--width", width)
                self.assertIn(f"cannot run: {WHY}", " ".join(text.split()))
                self.assertTrue(all(len(line) <= width and line == line.rstrip() for line in text.splitlines()), text)
                self.assertNotIn("n/a", text)
                self.assertIn("[", text.split("RESPONSE")[0], "the prompt shows the set of a method that ran")

    def test_other_reports(self):
        for order in ("jopa,gradient", "gradient,jopa"):
            html = self.compare(*ASK, "-M", order, "-F", "html")
            self.assertIn("cannot run: " + WHY.replace("'", "&#39;"), html)
            self.assertIn("jopa found the set that the response needs most", html)
            rows = self.compare(*ASK, "-M", order, "-F", "markdown").splitlines()
            row = next(r for r in rows if r.startswith("| gradient"))
            self.assertIn("cannot run", row)
            self.assertEqual(row.count("|"), next(r for r in rows if r.startswith("| jopa")).count("|"))
            table = list(csv.DictReader(io.StringIO(self.compare(*ASK, "-M", order, "-F", "csv"))))
            failed = [r for r in table if r["method"] == "gradient"]
            self.assertEqual([(r["unit"], r["text"]) for r in failed], [("", f"cannot run: {WHY}")])
            self.assertTrue(all(None not in r and None not in r.values() for r in table))
            self.assertIn("<svg", self.compare(*ASK, "-M", order, "-F", "svg"))

    def test_saved_results_are_rendered(self):
        saved = self.folder / "saved.json"
        self.compare(*ASK, "-M", "jopa,gradient", "-O", saved)
        for form in ("text", "html", "markdown", "csv", "svg"):
            self.assertEqual(run("render", saved, "-F", form).stdout.decode(), self.again(form, saved))

    def again(self, form, saved):
        done = run("render", "-", "-F", form, input=saved.read_bytes())
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout.decode()

    def test_reasons_of_one_prompt(self):
        """What a method cannot do with this prompt does not lose what the others found."""
        rows = self.compare(PROMPT * 2, "-r", RESPONSE, "-M", "jopa,exhaustive", "-k", 10)["results"]
        self.assertIn("failed", rows[1])
        self.assertGreater(rows[0]["log_prob"]["drop"], 0)
        rows = self.compare(*ASK, "-M", "jopa,self", "--raw")["results"]
        self.assertEqual([x["method"] for x in rows], ["jopa", "self"])
        self.assertGreater(rows[0]["log_prob"]["drop"], 0)

    def test_none_can_run(self):
        self.refused(Failed, WHY, "compare", "-m", self.fused, "-t", 1, *ASK, "-M", "gradient,attention-gradient")
        self.refused(Failed, WHY, "explain", "-m", self.fused, "-t", 1, *ASK, "-M", "gradient")


class RowsUnderSanitizers(Rows):
    command = SANITIZED


class Order(Command):
    """What is wrong with a question is said before the model is opened, or at least before it writes."""

    def test_before_the_model(self):
        for command, option, value, pattern in (
                ("explain", "-u", "letter", "unknown unit 'letter'"), ("explain", "-M", "abblation", "did you mean 'ablation'"),
                ("compare", "-M", "jopa,lme", "did you mean 'lime'"), ("explain", "-o", "erase", "unknown operator"),
                ("explain", "--operators", "zero,erase", "unknown operator"), ("explain", "--levels", "page", "--levels"),
                ("compare", "--levels", "sentence,paragraph", "--levels"), ("explain", "--metrics", "taste", "unknown metric"),
                ("audit", "--until", "never", "--until never: probability or response"), ("compress", "-M", "lime", "--method lime"),
                ("audit", "--metrics", "taste", "unknown metric"), ("explain", "--engine", "remote", "unknown engine"),
                ("explain", "--target", "5:2", "--target"), ("score", "-u", "letter", "unknown unit"),
                ("explain", "--max-tokens", "0", "--max-tokens 0"), ("compress", "-u", "marked", "--unit marked"),
                ("explain", "--sparsity", "2", "--sparsity 2"), ("compress", "--ratio", "1", "--ratio 1")):
            self.refused(Usage, pattern, command, *NOWHERE, PROMPT, option, value)
        self.refused(Usage, "--repeat and --min-drop do not search by levels", "explain", *NOWHERE, PROMPT, "-u", "word",
                     "--levels", "sentence", "--repeat", 3)
        data = self.folder / "data.jsonl"
        data.write_text(json.dumps({"prompt": PROMPT}) + "\n")
        self.refused(Usage, "'jopa/5@0.1' is not NAME", "bench", *NOWHERE, data, "--methods", "jopa/5@0.1")
        self.refused(Usage, "unknown metric", "bench", *NOWHERE, data, "--metrics", "taste")
        self.refused(Usage, "unknown unit", "audit", *NOWHERE, "--data", data, "-u", "letter")

    def test_before_the_response(self):
        """Asked for more tokens than fit, the model is never got to."""
        long = ("-m", self.model, "-t", 1, "-n", 1000000)
        self.refused(Failed, "context holds", "explain", *long, PROMPT)
        self.refused(Usage, "that is [0-9]+ tokens", "explain", *long, PROMPT, "--operators", "zero,token:a doctor")
        self.refused(Usage, "that is [0-9]+ tokens", "explain", *long, PROMPT, "-o", "token:a doctor")
        self.assertEqual(self.explain(PROMPT, "-r", RESPONSE, "-k", 21, "-b", 4, "--metrics", "none")["k"], 20)  # "at most"
        self.refused(Usage, "--repeat and --min-drop do not search by levels", "explain", *long, PROMPT * 25, "--repeat", 3)
        self.refused(Usage, "--repeat and --min-drop do not search by levels", "explain", *long, PROMPT * 25, "--min-drop", 0.5)

    def test_quickly(self):
        started = time.monotonic()
        self.refused(Usage, "--levels", "explain", "-m", self.model, PROMPT * 60, "--levels", "word,paragraph")
        self.assertLess(time.monotonic() - started, 5)


class Started(Command):
    """Only commands that compute start anew, for libgomp's sake: the loader tells each start."""

    def setUp(self):
        self.kept = {k: os.environ.pop(k) for k in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY") if k in os.environ}
        self.addCleanup(os.environ.update, self.kept)

    def test_once(self):
        saved = self.folder / "saved.json"
        self.explain(*ASK, "-M", "random", "-O", saved)
        for arguments in (("render", saved), ("list", "methods"), ("list", "options"), ("help",), ("help", "explain"), ("help", "--man"),
                          ("--version",), ("model", "-h")):
            done = run(*arguments, env={"LD_DEBUG": "libs"})
            self.assertEqual(done.stderr.count(b"initialize program:"), 1, arguments)

    def test_twice(self):
        """Otherwise the loader's words have changed, and the test above sees nothing."""
        done = run("explain", "-m", self.model, "-t", 1, *ASK, "-M", "random", env={"LD_DEBUG": "libs"})
        self.assertEqual(done.stderr.count(b"initialize program:"), 2)


main()
