"""`--like RESULT.json` asks the same again, but for what is given beside it."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from cli import PROMPT, RESPONSE, SANITIZED, SOURCE, Command, Failed, Usage, json, main, steady

PLAIN = ("-u", "word", "-k", 2, "-M", "random", "--metrics", "none", "-n", 4)


class Like(Command):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first = cls.folder / "first.json"

    def ask(self, *arguments, **options):
        return self.explain(*arguments, **options)

    def saved(self, *arguments):
        x = self.ask(*arguments)
        self.first.write_text(json.dumps(x))
        return x

    def test_the_same_again(self):
        for arguments in ((PROMPT, *PLAIN), (PROMPT, *PLAIN, "-r", RESPONSE, "--target", "1:7", "--system", "Be kind.", "--seed", 5),
                          (PROMPT, "--raw", *PLAIN, "-r", RESPONSE)):
            x = self.saved(*arguments)
            self.assertEqual(steady(self.ask("--like", self.first)), steady(x))

    def test_a_chat(self):
        chat = self.folder / "chat.json"
        chat.write_text(json.dumps([{"role": "system", "content": "Be \"kind\" €."}, {"role": "user", "content": PROMPT}]))
        x = self.saved("--messages", chat, *PLAIN, "-r", RESPONSE)
        chat.unlink()
        again = self.ask("--like", self.first)
        self.assertEqual(steady(again), steady(x))
        self.assertEqual(json.loads(again["options"]["messages"])[0]["content"], "Be \"kind\" €.")

    def test_what_is_given_holds(self):
        x = self.saved(PROMPT, *PLAIN, "-r", RESPONSE, "--target", "1:7")
        more = self.ask("--like", self.first, "-k", 4)
        self.assertEqual((more["k"], more["method"], more["response"]["target"]), (4, "random", x["response"]["target"]))
        other = self.ask("--like", self.first, "-r", " a friend")
        self.assertEqual((other["response"]["text"], other["prompt"]), (" a friend", x["prompt"]))
        self.assertNotIn("target", other["options"])
        self.assertEqual(self.ask("--like", self.first, "-M", "ablation")["method"], "ablation")
        prompt = self.ask("--like", self.first, "the patient and the doctor")
        self.assertEqual((prompt["options"]["prompt"], prompt["response"]), ("the patient and the doctor", {**x["response"], **prompt["response"]}))

    def test_other_commands(self):
        self.saved(PROMPT, *PLAIN, "-r", RESPONSE)
        rows = self.ask("--like", self.first, "-M", "random,ablation", command="compare")["results"]
        self.assertEqual([x["method"] for x in rows], ["random", "ablation"])
        self.assertIn("compression", self.ask("--like", self.first, "--ratio", 0.2, command="compress"))
        self.assertIn("audit", self.ask("--like", self.first, command="audit"))

    def test_the_same_sets_scored_again(self):
        x = self.explain(PROMPT, "-u", "word", "-r", RESPONSE, "--hide", "0,2", "--hide", "1", "--metrics", "none", command="score")
        self.first.write_text(json.dumps(x))
        again = self.ask("--like", self.first, command="score")
        self.assertEqual(steady(again), steady(x))
        self.assertNotEqual(steady(self.ask("--like", self.first, "--hide", "0", command="score")), steady(x))

    def test_saved_long_ago(self):
        for name in ("lisbon", "compare", "hostile"):
            old = json.loads((SOURCE / f"tests/cli/render/{name}.json").read_text())
            old = old.get("results", [old])[0]
            x = self.ask("--like", SOURCE / f"tests/cli/render/{name}.json", "-M", "random", "-k", 1, "--metrics", "none")
            spans = [old["prompt"]["text"].encode()[m["start"]:m["end"]] for m in old["prompt"]["messages"]]
            again = [x["prompt"]["text"].encode()[m["start"]:m["end"]] for m in x["prompt"]["messages"]]
            self.assertEqual(again, spans)
            self.assertEqual((x["response"]["text"], x["unit"]), (old["response"]["text"], old["unit"]))

    def test_refusals(self):
        tiny = ("-m", self.model, "-t", 1)
        self.refused(Failed, "cannot read '/no/such/file'", "explain", *tiny, "--like", "/no/such/file")
        self.first.write_text("{}")
        self.refused(Failed, "first.json': ", "explain", *tiny, "--like", self.first)
        self.saved(PROMPT, *PLAIN, "-r", RESPONSE)
        self.refused(Usage, "unknown unit 'letter'", "explain", "-m", "/no/such/model", "--like", self.first, "-u", "letter")
        self.refused(Usage, "one prompt at a time", "explain", *tiny, "--like", self.first, PROMPT, "-f", self.first)


class LikeUnderSanitizers(Like):
    command = SANITIZED


main()
