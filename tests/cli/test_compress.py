"""`jopa compress` on a tiny random model: what goes, what stays, and what the shorter prompt does."""
import html
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from cli import RESPONSE, SANITIZED, Command, Failed, Usage, json, main, near, run

PROMPT = "write a short story where the doctor and the patient become friend after a long surgery"
ASK = (PROMPT, "-r", RESPONSE, "-n", 8)


def subsequence(short, long):
    rest = iter(long)
    return all(word in rest for word in short)


class Compress(Command):
    def compress(self, *arguments, **options):
        return self.explain(*arguments, command="compress", **options)

    def consistent(self, x):
        c = x["compression"]
        self.assertEqual((x["command"], x["operator"]), ("compress", "delete"))
        self.assertEqual(c["tokens"], len(x["prompt"]["tokens"]))
        self.assertEqual(c["ratio"], x["sparsity"])
        first, last = x["response"]["target"]
        self.assertAlmostEqual(c["drop_per_token"], c["drop"] / (last - first), places=5)
        self.assertEqual(c["messages"][-1]["content"], c["text"])
        if c["tolerance"] is not None:
            self.assertEqual(c["reached"], c["drop_per_token"] <= c["tolerance"])
        return c

    def test_ratio(self):
        for ratio in (0.2, 0.5, 0.8):
            x = self.compress(*ASK, "--ratio", ratio)
            c = self.consistent(x)
            self.assertGreaterEqual(c["ratio"], ratio - 1e-9)
            self.assertTrue(c["reached"])
            self.assertEqual(c["tokens"] - c["tokens_left"], sum(t["unit"] in x["selected"] for t in x["prompt"]["tokens"]))
            self.assertTrue(subsequence(c["text"].split(), PROMPT.split()))
            self.assertEqual(len(c["text"].split()), len(PROMPT.split()) - len(x["selected"]))

    def test_tolerance(self):
        left = []
        for tolerance in (0, 0.02, 0.1, 5):
            c = self.consistent(self.compress(*ASK, "--tolerance", tolerance))
            self.assertTrue(c["reached"])
            self.assertLessEqual(c["drop_per_token"], tolerance + 1e-6)
            left.append(c["tokens_left"])
        self.assertEqual(left, sorted(left, reverse=True))
        self.assertLess(left[-1], c["tokens"])
        self.assertTrue(c["text"], "a prompt is left")
        self.assertEqual(self.compress(*ASK)["compression"]["tolerance"], 0.1)

    def test_the_pasted_text_does_what_was_said(self):
        x = self.compress(*ASK, "--ratio", 0.4)
        pasted = self.explain(x["compression"]["text"], "-r", RESPONSE, "-n", 8, "-M", "random", "-k", 1, "--metrics", "none")
        self.assertEqual(len(pasted["prompt"]["tokens"]), x["compression"]["tokens_left"])
        self.assertTrue(near(pasted["log_prob"]["full"], x["log_prob"]["full"] - x["compression"]["drop"]))
        own = self.explain(x["compression"]["text"], "-n", 13, "-M", "random", "-k", 1, "--metrics", "none")
        self.assertTrue(own["response"]["text"].startswith(x["masked_response"]["text"]))

    def test_methods(self):
        drops = {}
        for method in ("jopa", "random", "ablation", "surprisal"):
            x = self.compress(*ASK, "--ratio", 0.5, "--method", method)
            self.assertEqual(x["method"], method)
            drops[method] = self.consistent(x)["drop"]
            again = self.compress(*ASK, "--ratio", 0.5, "--method", method)
            self.assertEqual(again["selected"], x["selected"])
        self.assertEqual(min(drops, key=drops.get), "jopa")
        chance = {tuple(self.compress(*ASK, "--method", "random", "--ratio", 0.5, "--seed", s)["selected"]) for s in range(3)}
        self.assertGreater(len(chance), 1)
        for method in ("random", "ablation", "surprisal"):
            self.consistent(self.compress(*ASK, "--tolerance", 0.05, "--method", method))

    def test_page(self):
        """It begins with how much can go, and has the shorter prompt."""
        ask = (PROMPT + " <b>and</b>", "-r", RESPONSE, "-n", 8, "--ratio", 0.5, "--keep", "<b>and</b>")
        page, c = self.compress(*ask, "-F", "html"), self.compress(*ask)["compression"]
        self.assertIn(f"<h1>{100 * c['ratio']:.0f} % of the prompt can go</h1>", page)
        self.assertIn(f'<h2 id="shorter-title">Shorter prompt</h2>\n<div class="text" dir="auto">{html.escape(c["text"])}</div>', page)

    def test_what_stays(self):
        x = self.compress(*ASK, "--ratio", 0.6, "--keep", "the doctor and", "--keep", "surgery")
        self.assertIn("the doctor and", x["compression"]["text"])
        self.assertTrue(x["compression"]["text"].endswith("surgery"))
        marked = PROMPT.replace("short story", "{{short story}}")
        x = self.compress(marked, "-r", RESPONSE, "-n", 8, "--ratio", 0.6, "--marks")
        self.assertIn("short story", x["compression"]["text"])
        self.assertNotIn("{{", x["prompt"]["text"] + x["compression"]["text"])

    def test_braces_are_text(self):
        """Templates and nested JSON: marks are read only where they are asked for."""
        for text in ('the doctor {"a":{"b":1}} and the patient', "Dear {{name}}, the doctor is kind", "a story }} the doctor",
                     "{{{{ the doctor", "{{ the doctor {{ and }}", "{{}} the doctor"):
            for kind in (("--raw",), ()):
                x = self.compress(text, *kind, "-r", RESPONSE, "-n", 4, "--ratio", 0.2)
                self.assertIn(text, x["prompt"]["text"])
        x = self.compress("the doctor {{and}} the patient", "-r", RESPONSE, "-n", 4, "--ratio", 0.2, "--keep", "{{and}}")
        self.assertIn("{{and}}", x["compression"]["text"])

    def test_roles(self):
        x = self.compress(PROMPT, "--system", "be kind {{ and }} short", "-r", RESPONSE, "-n", 8, "--ratio", 0.6, "--marks")
        self.assertEqual(x["compression"]["messages"][0], {"role": "system", "content": "be kind {{ and }} short"})
        x = self.compress(PROMPT, "--system", "be kind and short and good", "-r", RESPONSE, "-n", 8, "--ratio", 0.9, "--roles", "all")
        self.assertNotEqual(x["compression"]["messages"][0]["content"], "be kind and short and good")
        x = self.compress(PROMPT, "--system", "", "-r", RESPONSE, "-n", 8, "--ratio", 0.6)
        self.assertEqual(x["compression"]["messages"][0]["content"], "")

    def test_units(self):
        for unit in ("token", "sentence", "line"):
            text = "the doctor slept. the patient wrote.\nit was long. be kind."
            x = self.compress(text, "-r", RESPONSE, "-n", 8, "--ratio", 0.3, "-u", unit)
            self.consistent(x)
            self.assertGreaterEqual(x["compression"]["ratio"], 0.3 - 1e-9)

    def test_raw(self):
        x = self.compress(PROMPT, "--raw", "-r", RESPONSE, "-n", 8, "--ratio", 0.5)
        self.assertTrue(subsequence(self.consistent(x)["text"].split(), PROMPT.split()))

    def test_pasted_format(self):
        text = run("compress", "-m", self.model, "-t", 1, *ASK, "--ratio", 0.5, "-F", "prompt").stdout.decode()
        self.assertEqual(text, self.compress(*ASK, "--ratio", 0.5)["compression"]["text"] + "\n")
        chat = self.folder / "chat.json"
        chat.write_text(json.dumps([{"role": "user", "content": PROMPT}, {"role": "assistant", "content": "who?"},
                                    {"role": "user", "content": "the doctor and the patient"}]))
        done = run("compress", "-m", self.model, "-t", 1, "--messages", chat, "-r", RESPONSE, "-n", 4, "--ratio", 0.5, "-F", "prompt")
        shorter = json.loads(done.stdout)
        self.assertEqual([m["role"] for m in shorter], ["user", "assistant", "user"])
        self.assertEqual(shorter[1]["content"], "who?")

    def test_limits(self):
        x = self.compress(*ASK, "--ratio", 0.5, "-b", 5)
        self.assertEqual(x["stopped"], "budget")
        self.assertFalse(x["compression"]["reached"])

    def test_golden(self):
        self.same_text("compress.txt", self.compress(*ASK, "--ratio", 0.4, "-F", "text"))
        self.same_json("compress.json", self.compress(*ASK, "--ratio", 0.4))


class Refused(Command):
    def test_options(self):
        ask = ("compress", "-m", self.model, "-t", 1, *ASK)
        for ratio in ("-0.1", "1", "1.5", "nan"):
            self.refused(Usage, f"--ratio {ratio}: a fraction", *ask, "--ratio", ratio)
        for tolerance in ("-0.5", "nan", "inf"):
            self.refused(Usage, f"--tolerance {tolerance}: a number of nats", *ask, "--tolerance", tolerance)
        self.refused(Usage, "one of them", *ask, "--ratio", 0.5, "--tolerance", 0.1)
        self.refused(Usage, "--method lime: compress knows jopa, random", *ask, "--method", "lime")
        self.refused(Usage, "--unit marked: marked spans are what is kept", *ask, "-u", "marked")
        self.refused(Usage, "-o: unknown option", *ask, "-o", "zero")
        self.refused(Failed, "'nurse' does not occur", *ask, "--keep", "nurse")
        self.refused(Failed, "empty text cannot be kept", *ask, "--keep", "")
        self.refused(Failed, "all of the text is to be kept", *ask, "--keep", PROMPT)
        self.refused(Failed, "only one unit", "compress", "-m", self.model, "-t", 1, "doctor", "-r", RESPONSE)
        self.refused(Failed, r"\{\{", "compress", "-m", self.model, "-t", 1, "the {{doctor", "-r", RESPONSE, "--marks")
        self.refused(Usage, "no prompt", "compress")
        self.refused(Usage, "-F prompt: that is what `jopa compress` leaves", "explain", "-m", self.model, "-t", 1, *ASK, "-k", 1,
                     "-M", "random", "--metrics", "none", "-F", "prompt")


class Sanitized(Compress):
    command = SANITIZED


main()
