"""`jopa explain` and `jopa compare` on a tiny random model: what each option does, and golden files of the reports."""
import csv
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from cli import JOPA, PROMPT, RESPONSE, Command, Usage, consistent, json, main, near, re, run, write_model

ASK = (PROMPT, "-r", RESPONSE)
PLAIN = ("--metrics", "none")
METHODS = re.findall(r"^(\S+)  ", run("list", "methods").stdout.decode(), re.M)


def texts(x):
    return [x["units"][i]["text"] for i in x["selected"]]


class Golden(Command):
    """UPDATE=1 writes the golden files anew; look at the difference before it is committed."""

    def golden(self, *arguments, **options):
        return self.explain(*ASK, "-n", 8, "-M", "ablation", *arguments, **options)

    def test_text(self):
        self.same_text("explain-ablation.txt", self.golden("-F", "text"))
        self.same_text("explain-words.txt", self.golden("-F", "text", "-u", "word", "-k", 3, "--scores"))

    def test_json(self):
        self.same_json("explain-ablation.json", self.golden())
        self.same_json("explain-exhaustive.json", self.golden(
            "-M", "exhaustive", "-u", "word", "-k", 2, "-o", "delete", "--target", "1:11"))

    def test_compare(self):
        self.same_text("compare.txt", self.golden("-M", "ablation,random", "-F", "text", command="compare"))


class Matrix(Command):
    def test_table(self):
        """The CSV is a table of units and sets by sentences and tokens, the same numbers as the JSON's."""
        ask = (*ASK, *PLAIN, "-u", "word", "-k", 2, "--matrix", "--target", "doctor", "--target", "friend")
        x = self.explain(*ask)
        rows = list(csv.reader(self.explain(*ask, "-F", "csv").splitlines()))
        matrix, tokens = x["matrix"], x["response"]["tokens"]
        self.assertEqual(rows[0][5 + len(matrix["sentences"]):], [f"{i}:{t['text']}" for i, t in enumerate(tokens)])
        self.assertEqual([r[0] for r in rows[1:]], ["unit"] * len(x["units"]) + ["doctor", "friend"])
        for row, loss in zip(rows[1:], matrix["rows"] + matrix["sets"]):
            self.assertEqual(row[1], ",".join(map(str, loss["units"])))
            for said, value in zip(row[4:], [loss["drop"], *loss["sentences"], *loss["tokens"]]):
                self.assertAlmostEqual(float(said), value, places=5)
        self.assertTrue(all(len(row) == len(rows[0]) for row in rows))

    def test_many(self):
        """With a file of questions each has its own; what is refused is that question's line."""
        data = self.folder / "two.jsonl"
        data.write_text(json.dumps({"prompt": PROMPT, "response": RESPONSE}) + "\n" +
                        json.dumps({"prompt": "doctor and patient", "response": " friend"}) + "\n")
        done = run("explain", "-m", self.model, "-t", 1, "--data", data, "-u", "word", "-M", "random", *PLAIN, "--matrix")
        self.assertEqual((done.returncode, done.stderr.decode()), (0, ""))
        for line in done.stdout.decode().splitlines():
            x = json.loads(line)
            self.assertEqual(len(x["matrix"]["rows"]), len(x["units"]))

    def test_too_many(self):
        self.refused(Usage, "--matrix scores each of the 1100 units alone, 1024 at most: choose a larger --unit", "explain",
                     "-m", self.model, "-u", "word", "-r", RESPONSE, "--matrix", "doctor " * 1100)


class Methods(Command):
    def test_every_method(self):
        """Those that this model supports run and agree with themselves; a refusal says why."""
        ran = []
        for name in METHODS:
            with self.subTest(name):
                arguments = ("explain", "-m", self.model, "-t", 1, *ASK, *PLAIN, "-u", "word", "-k", 2, "-M", name)
                first, again = run(*arguments), run(*arguments)
                self.assertEqual(first.returncode, again.returncode)
                if first.returncode:
                    self.assertRegex(first.stderr.decode(), rf"\Ajopa: the method {name} needs [^\n]+\n\Z")
                    continue
                ran.append(name)
                x, y = json.loads(first.stdout), json.loads(again.stdout)
                consistent(self, x)
                self.assertEqual(x["method"], name)
                for key in ("selected", "log_prob", "units", "k", "stopped"):
                    self.assertEqual(x[key], y[key], key)
        self.assertLessEqual({"jopa", "random", "ablation", "greedy", "exhaustive", "lime", "kernelshap", "self"}, set(ran))

    def test_seed(self):
        drops = set()
        for seed in range(4):
            x = self.explain(*ASK, *PLAIN, "-M", "random", "-k", 3, "--seed", seed)
            self.assertEqual(x["seed"], seed)
            drops.add(x["log_prob"]["drop"])
        self.assertGreater(len(drops), 1)

    def test_exhaustive_is_the_best(self):
        best = self.explain(*ASK, *PLAIN, "-M", "exhaustive", "-u", "word", "-k", 2)["log_prob"]["drop"]
        r = self.explain(*ASK, *PLAIN, "-M", "jopa,ablation,greedy,random", "-u", "word", "-k", 2, command="compare")
        self.assertEqual((r["schema"], r["command"]), (1, "compare"))
        self.assertEqual([x["method"] for x in r["results"]], ["jopa", "ablation", "greedy", "random"])
        for x in r["results"]:
            consistent(self, x)
            self.assertLessEqual(x["log_prob"]["drop"], best + 1e-3)
        self.assertTrue(near(r["results"][0]["log_prob"]["drop"], best))

    def test_default_comparison(self):
        r = self.explain(*ASK, *PLAIN, "-u", "word", command="compare")
        self.assertEqual([x["method"] for x in r["results"]], ["jopa", "ablation", "random"])

    def test_budget_and_time(self):
        x = self.explain(*ASK, *PLAIN, "-M", "greedy", "-k", 5, "-b", 12)
        self.assertEqual((x["stopped"], x["cost"]["evaluations"]), ("budget", 12))
        consistent(self, x)
        x = self.explain(*ASK, *PLAIN, "-M", "random", "-k", 9, "-b", 2000000000, "--time", 0.5)
        self.assertEqual(x["stopped"], "time")
        self.assertLess(x["cost"]["seconds"], 20)
        consistent(self, x)


class Options(Command):
    def one(self, *arguments, **options):
        x = self.explain(*arguments, *PLAIN, "-M", "ablation", **options)
        consistent(self, x)
        return x

    def test_operators(self):
        drops = set()
        for name in ("zero", "mean", "delete", "token:_"):
            x = self.one(*ASK, "-o", name, "-k", 2)
            self.assertEqual(x["operator"], name)
            drops.add(round(x["log_prob"]["drop"], 4))
        self.assertEqual(len(drops), 4, "each operator hides in its own way")

    def test_units(self):
        prompt = "A doctor. The patient is a friend.\nWrite {{a short}} story, long {{surgery}}.\n\nThe end."
        counts = {"sentence": 4, "line": 3, "paragraph": 2, "marked": 2}
        for kind, count in counts.items():
            x = self.one(prompt, "-r", RESPONSE, "-u", kind, "-k", 1)
            self.assertEqual((x["unit"], len(x["units"])), (kind, count))
        self.assertEqual([u["text"] for u in x["units"]], ["a short", "surgery"])
        self.assertNotIn("{{", x["prompt"]["text"])
        words = self.one(*ASK, "-u", "word")["units"]
        self.assertEqual([u["text"].strip() for u in words], PROMPT.split())

    def test_how_many(self):
        n = len(PROMPT.split())
        for arguments, k in ((("-k", 4), 4), (("--units=1",), 1), (("--sparsity", 0.2), -(-n // 5)), ((), -(-n // 10)),
                             (("--sparsity", 1), n), (("-k", n), n)):
            x = self.one(*ASK, "-u", "word", *arguments)
            self.assertEqual((x["k"], len(x["selected"])), (k, k), arguments)

    def test_raw(self):
        x = self.one(*ASK, "--raw")
        self.assertEqual(x["prompt"]["text"], PROMPT)
        chat = self.one(*ASK)["prompt"]["text"]
        self.assertEqual(chat, f"<|im_start|>user\n{PROMPT}<|im_end|>\n<|im_start|>assistant\n")

    def test_roles(self):
        ask = (*ASK, "--system", "the patient is a friend", "-u", "word")
        self.assertEqual({u["role"] for u in self.one(*ask)["units"]}, {"user"})
        self.assertEqual({u["role"] for u in self.one(*ask, "--roles", "system")["units"]}, {"system"})
        x = self.one(*ask, "--roles", "user,system")
        self.assertEqual({u["role"] for u in x["units"]}, {"user", "system"})
        self.assertEqual([m["role"] for m in x["prompt"]["messages"]], ["system", "user"])

    def test_messages(self):
        chat = [{"role": "system", "content": "the doctor"}, {"role": "user", "content": "a story"},
                {"role": "assistant", "content": "the end"}, {"role": "user", "content": "write a long story"}]
        file = self.folder / "chat.json"
        file.write_text(json.dumps(chat))
        x = self.one("--messages", file, "-r", RESPONSE, "-u", "word", "-k", 1)
        self.assertEqual([u["text"].strip() for u in x["units"]], "a story write a long story".split())
        expected = "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in chat) + "<|im_start|>assistant\n"
        self.assertEqual(x["prompt"]["text"], expected)

    def test_prompt_from_files(self):
        file = self.folder / "prompt.txt"
        file.write_text(PROMPT + "\n")
        expected = self.one(*ASK)
        for arguments, stdin in ((("-f", file), b""), (("-",), file.read_bytes()), (("-f", "-"), file.read_bytes())):
            x = self.one(*arguments, "-r", RESPONSE, input=stdin)
            self.assertEqual((x["prompt"], x["selected"]), (expected["prompt"], expected["selected"]))
        answer = self.folder / "response.txt"
        answer.write_text(RESPONSE)
        self.assertEqual(self.one(PROMPT, "--response-file", answer)["response"], expected["response"])
        done = run("explain", "-m", self.model, "-t", 1, "--raw", "-r", RESPONSE, *PLAIN, "--", "-k is no option here")
        self.assertEqual(json.loads(done.stdout)["prompt"]["text"], "-k is no option here")

    def test_generated_response(self):
        x = self.one(PROMPT, "-n", 5)
        self.assertLessEqual(len(x["response"]["tokens"]), 5)
        self.assertEqual(self.one(PROMPT, "-n", 5)["response"]["text"], x["response"]["text"])
        given = self.one(PROMPT, "-r", x["response"]["text"])
        self.assertEqual(given["response"]["text"], x["response"]["text"])

    def test_the_last_of_several_counts(self):
        x = self.explain(PROMPT, "-M", "ablation", "-M", "random", "-r", "a", "-r", RESPONSE, "-k", 9, "-k", 2, *PLAIN, "-O", "/x", "-O", "-")
        self.assertEqual((x["method"], x["response"]["text"], x["k"]), ("random", RESPONSE, 2))

    def test_target(self):
        x = self.one(*ASK, "--target", "5:11")
        start, at = [], 0
        for token in x["response"]["tokens"]:
            start.append(at)
            at += len(token["text"].encode())
        first, last = x["response"]["target"]
        self.assertTrue(start[first] <= 5 and 11 <= start[last])
        self.assertEqual("".join(t["text"] for t in x["response"]["tokens"][first:last]), " doctor")
        self.assertIsNone(x["response"]["tokens"][0]["log_prob"])

    def test_utf8(self):
        for prompt in ("Schreibe über naïve Ärzte", "写一个短故事", "👩‍⚕️ and 🧑‍🤝‍🧑", "\x01\x02 tab\tend"):
            for unit in ("token", "word"):
                x = self.one(prompt, "-r", "ja, größer 🙂", "-u", unit, "-k", 1)
                self.assertIn(prompt, x["prompt"]["text"])
                self.assertEqual(x["response"]["text"].strip(), "ja, größer 🙂")

    def test_metrics(self):
        x = self.explain(*ASK, "-M", "ablation", "--metrics", "prob,words,sparsity,curves")
        self.assertEqual(set(x["metrics"]), {"prob", "words", "sparsity", "curves"})
        self.assertTrue(near(x["metrics"]["prob"]["drop"], x["log_prob"]["drop"]))
        self.assertAlmostEqual(x["metrics"]["sparsity"]["tokens"], x["sparsity"], places=6)
        self.assertTrue(all(0 <= x["metrics"]["words"][k] <= 1 for k in ("total_variation", "rouge1", "rougeL")))
        x = self.explain(*ASK, *PLAIN)
        self.assertEqual(x.get("metrics", {}), {})
        self.assertNotIn("masked_response", x)

    def test_metrics_of_rankings(self):
        ask = (*ASK, "-u", "word", "-M", "ablation", "--metrics", "lds,top_k_drop")
        x, plain = self.explain(*ask), self.explain(*ask[:-2], "--metrics", "none")
        self.assertEqual(set(x["metrics"]), {"lds", "top_k_drop"})
        self.assertTrue(-1 <= x["metrics"]["lds"]["spearman"] <= 1)
        top = max(unit["score"] for unit in x["units"])
        self.assertTrue(near(x["metrics"]["top_k_drop"]["top_1"], top), "ablation's score is the drop of the unit alone")
        self.assertEqual(self.explain(*ask)["metrics"], x["metrics"])
        self.assertNotEqual(self.explain(*ask, "--seed", 7)["metrics"]["lds"], x["metrics"]["lds"])
        self.assertEqual(x["cost"]["evaluations"], plain["cost"]["evaluations"], "metrics are not on the search's bill")
        self.assertEqual(self.explain(*ask, "-M", "jopa").get("metrics", {}), {})

    def test_threads_and_context(self):
        x = self.explain(*ASK, *PLAIN, "-M", "ablation", "--ctx", 200, threads=("--threads", "2"))
        self.assertEqual(x["selected"], self.one(*ASK)["selected"])

    def test_near_the_end_of_the_context(self):
        """What fits is explained, with metrics that write text too."""
        small = write_model(self.folder / "small.gguf", context=128)
        x = self.explain(*ASK, "-M", "ablation", model=small)
        self.assertIn("words", x["metrics"])


class Trust(Command):
    def test_other_seeds(self):
        x = self.explain(*ASK, *PLAIN, "-M", "random", "-u", "word", "-k", 2, "-b", 1, "--repeat", 4)
        same = [self.explain(*ASK, *PLAIN, "-M", "random", "-u", "word", "-k", 2, "-b", 1, "--seed", s) for s in (1, 2, 3, 4)]
        drops = [y["log_prob"]["drop"] for y in same]
        self.assertEqual(x["stability"]["runs"], 4)
        self.assertAlmostEqual(x["stability"]["mean"], sum(drops) / 4, delta=1e-3)
        for unit, share in enumerate(x["stability"]["frequency"]):
            self.assertEqual(share, sum(unit in y["selected"] for y in same) / 4)
        self.assertIn("other seeds", self.explain(*ASK, *PLAIN, "-M", "random", "--repeat", 2, "-F", "text"))

    def test_other_operators(self):
        x = self.explain(*ASK, *PLAIN, "-M", "ablation", "-k", 2, "--operators", "all")
        self.assertEqual([o["name"] for o in x["operators"]], ["zero", "mean", "delete"])
        self.assertAlmostEqual(x["operators"][0]["drop"], x["log_prob"]["drop"], delta=1e-3)
        y = self.explain(*ASK, *PLAIN, "-M", "ablation", "-k", 2, "--operators", "delete")
        self.assertAlmostEqual(y["operators"][0]["drop"], x["operators"][2]["drop"], delta=1e-3)

    def test_the_smallest_set(self):
        all_words = self.explain(*ASK, *PLAIN, "-M", "random", "-u", "word", "--sparsity", 1)
        for share in (1, 0.5):
            x = self.explain(*ASK, *PLAIN, "-M", "greedy", "-u", "word", "--min-drop", share)
            self.assertGreaterEqual(x["log_prob"]["drop"], share * all_words["log_prob"]["drop"] - 1e-3)
            if share < 1:
                for without in x["joint"]["necessary"]: # no word of it could be left out
                    self.assertLess(without["drop_without"], share * most + 1e-3)
            most = max(p["drop"] for p in x["trace"])


class Levels(Command):
    """Long prompts: paragraphs, then sentences, then words."""
    PARAGRAPH = "The doctor and the patient write a story. The friend of the doctor is long. After the surgery, the patient and the friend write."
    LONG = "\n\n".join(map(f"{PARAGRAPH} The {{}}.".format, ("story", "surgery", "doctor", "patient", "friend") * 2))
    ASK = (LONG, "-r", RESPONSE, "-u", "word", *PLAIN)

    def test_from_coarse_to_fine(self):
        x = self.explain(*self.ASK, "-k", 6, "-b", 12)
        consistent(self, x)
        self.assertEqual([level["unit"] for level in x["levels"]], ["paragraph", "sentence", "word"])
        self.assertEqual([level["units"] for level in x["levels"]], [10, 40, len(x["units"])])
        text = x["prompt"]["text"].encode()
        chosen = [text[r["start"]:r["end"]].decode() for r in x["levels"][-1]["selected"]]
        self.assertEqual(chosen, texts(x))
        self.assertTrue(near(x["levels"][-1]["drop"], x["log_prob"]["drop"]))
        row = len(x["prompt"]["tokens"]) + x["response"]["target"][1] - 1
        self.assertLess(x["cost"]["decoded_tokens"], 14 * row)
        self.assertEqual(x["cost"]["decoded_tokens"], row + sum(level["decoded_tokens"] for level in x["levels"]))
        self.assertEqual(self.explain(*self.ASK, "-k", 6, "-b", 12)["selected"], x["selected"])

    def test_which_levels(self):
        for levels, kinds in (("none", []), ("sentence", ["sentence", "word"]), ("paragraph,word", ["paragraph", "word"]),
                              ("line,word", ["line", "word"])):
            x = self.explain(*self.ASK, "-k", 3, "-b", 3, "--levels", levels)
            self.assertEqual([level["unit"] for level in x.get("levels", [])], kinds)
        self.assertNotIn("levels", self.explain(*ASK, *PLAIN, "-u", "word"))
        for levels, said in (("page", "unknown unit 'page'"), ("word,sentence", "sentence is out of place"), ("sentence,,word", "--levels")):
            self.refused(Usage, said, "explain", "-m", self.model, "-t", 1, *self.ASK, "--levels", levels)

    def test_comparison(self):
        r = self.explain(*self.ASK, "-k", 4, "-b", 8, "-M", "jopa,ablation,attention,gradient", command="compare")
        self.assertEqual([len(x.get("levels", [])) for x in r["results"]], [3, 3, 0, 0])
        for x in r["results"]:
            consistent(self, x)

    def test_reports(self):
        saved = self.folder / "long.json"
        self.explain(*self.ASK, "-k", 3, "-b", 3, "-O", saved)
        for name, word in (("text", r"levels +\d+ of 10 paragraphs"), ("html", "From coarse to fine")):
            self.assertRegex(run("render", saved, "-F", name).stdout.decode(), word)
        self.assertEqual(run("render", saved).stdout, saved.read_bytes())


class Output(Command):
    def test_file(self):
        out = self.folder / "result.json"
        self.assertEqual(self.explain(*ASK, *PLAIN, "-M", "ablation", "-O", out), "")
        x = json.loads(out.read_bytes())
        self.assertEqual(x["selected"], self.explain(*ASK, *PLAIN, "-M", "ablation")["selected"])
        out.write_text("old")
        self.explain(*ASK, *PLAIN, "-M", "random", "-O", out)
        self.assertEqual(json.loads(out.read_bytes())["method"], "random")
        self.assertEqual(sorted(p.name for p in self.folder.glob("result*")), ["result.json"])
        self.assertEqual(self.explain(*ASK, *PLAIN, "-M", "ablation", "-O", "-")["selected"], x["selected"])

    def test_render_is_the_same_report(self):
        saved = self.folder / "saved.json"
        self.explain(*ASK, "-M", "ablation", "-O", saved)
        self.assertEqual(run("render", saved).stdout, saved.read_bytes())
        for name in ("text", "html", "svg", "csv", "markdown"):
            rendered, direct = run("render", saved, "-F", name).stdout.decode(), self.explain(*ASK, "-M", "ablation", "-F", name)
            if name != "html":  # which draws the course of time
                without_time = [re.sub(r"in [\d.,e-]+ s\b|\| [\d.,e-]+ \| “", "", t) for t in (rendered, direct)]
                self.assertEqual(*without_time, name)

    def test_progress(self):
        quiet = run("explain", "-m", self.model, "-t", 1, *ASK, *PLAIN, "-M", "ablation", "--progress", "-q")
        self.assertEqual((quiet.returncode, quiet.stderr), (0, b""))
        shown = run("explain", "-m", self.model, "-t", 1, *ASK, *PLAIN, "-M", "ablation", "--progress")
        search = r"[\w-]+ \d+(/\d+)? evaluations(, best drop -?[\d.]+)?(, \d+ s left)?"
        self.assertRegex(shown.stderr.decode(), rf"\A({search}\n)+\Z")


main()
