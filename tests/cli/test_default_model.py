"""From a prompt to an explanation on the default model, JOPA_MODEL: the figures agree with each other, saved results too."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from cli import Command, consistent, json, main, os, re, run

MODEL = Path(os.environ["JOPA_MODEL"])
ASK = ("Repeat the word: tiger", "-n", 8, "-u", "word", "-k", 1, "-b", 60)


def without_time(text):
    return re.sub(r" in [\d.,e-]+ s\b", "", re.sub(r"\s+", " ", text))


class DefaultModel(Command):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.saved = cls.folder / "saved.json"
        done = run("explain", "-m", MODEL, "-t", 1, *ASK, "-O", cls.saved)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done
        cls.result = json.loads(cls.saved.read_bytes())

    def test_figures_agree(self):
        x = self.result
        consistent(self, x)
        self.assertEqual((x["model"]["file"], x["model"]["architecture"], x["k"], x["unit"]), (MODEL.name, "llama", 1, "word"))
        self.assertGreater(x["model"]["parameters"], 1e8)
        self.assertLessEqual(x["cost"]["evaluations"], 60)
        self.assertEqual(x["prompt"]["messages"][-1]["role"], "user")
        prob, drop, n = x["metrics"]["prob"], x["log_prob"]["drop"], x["response"]["target"][1]
        self.assertAlmostEqual(prob["drop"], drop, delta=0.01 * abs(x["log_prob"]["full"]) + 0.01 * drop)
        self.assertAlmostEqual(prob["drop_per_token"], prob["drop"] / n, places=6)

    def test_it_finds_the_word(self):
        """A request of which only one word comes back in the response."""
        x = self.result
        self.assertIn("tiger", x["response"]["text"])
        self.assertEqual([x["units"][i]["text"].strip() for i in x["selected"]], ["tiger"])
        self.assertNotIn("tiger", x["masked_response"]["text"])
        self.assertGreater(x["log_prob"]["drop"], 5)

    def test_beside_chance(self):
        given = self.result["response"]["text"]
        r = self.explain(ASK[0], *ASK[3:], "-r", given, "-M", "ablation,random", "--metrics", "none", command="compare", model=MODEL)
        for x in r["results"]:
            consistent(self, x)
            self.assertAlmostEqual(x["log_prob"]["full"], self.result["log_prob"]["full"], delta=0.02 * abs(x["log_prob"]["full"]))
        self.assertGreater(self.result["log_prob"]["drop"], r["results"][1]["log_prob"]["drop"] - 0.1)

    def test_render(self):
        rendered = run("render", self.saved, "-F", "text").stdout.decode()
        self.assertEqual(without_time(rendered), without_time(self.explain(*ASK, "-F", "text", model=MODEL)))
        self.assertEqual(run("render", self.saved).stdout, self.saved.read_bytes())

    def test_it_is_the_default(self):
        self.assertEqual(run("model").stdout.decode(), f"{MODEL}\n")
        done = run("list", "engines", "-m", "default")
        self.assertIn(f"with {MODEL}: logprobs,generate", done.stdout.decode())


main()
