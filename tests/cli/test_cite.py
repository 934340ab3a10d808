"""`jopa cite` on a tiny random model: documents from files and folders, questions from a file, reports, what is refused."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from cli import SANITIZED, Command, Failed, Usage, json, main, run

DOCUMENTS = [{"title": "one", "text": "the doctor slept. The patient wrote a story."}, {"title": "two", "text": "be kind. It was a long surgery."}]
QUESTION, ANSWER = "who slept?", " the doctor slept. It was long."


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


class Cite(Command):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.documents = cls.folder / "documents.jsonl"
        cls.documents.write_text(lines(DOCUMENTS))

    def cite(self, *arguments, documents=None, **options):
        return self.explain("--documents", documents or self.documents, *arguments, command="cite", **options)

    def ask(self, *arguments, **options):
        return self.cite(QUESTION, "-r", ANSWER, "--threshold", 0, *arguments, **options)

    def consistent(self, x, documents=DOCUMENTS):
        text = x["prompt"]["text"].encode()
        self.assertEqual([d["title"] for d in x["documents"]], [d["title"] for d in documents])
        for d, given in zip(x["documents"], documents):
            self.assertEqual(text[d["start"]:d["end"]].decode(), given["text"].strip())
        cited = set()
        for c in x["citations"]:
            self.assertEqual(x["response"]["text"].encode()[c["start"]:c["end"]].decode(), c["text"])
            self.assertEqual(bool(c["citations"]), c["from_documents"])
            for s in c["citations"]:
                self.assertEqual(s["type"], "char_location")
                self.assertEqual(documents[s["document_index"]]["text"][s["start_char_index"]:s["end_char_index"]], s["cited_text"])
                self.assertEqual(s["document_title"], documents[s["document_index"]]["title"])
                cited.add(s["unit"])
        self.assertEqual(sorted(cited), x["selected"])

    def test_sentences(self):
        x = self.ask()
        self.consistent(x)
        self.assertEqual([c["text"] for c in x["citations"]], ["the doctor slept.", "It was long."])
        self.assertEqual([u["text"] for u in x["units"]], ["the doctor slept.", "The patient wrote a story.", "be kind.", "It was a long surgery."])
        x = self.ask("--target", "doctor", "--target", "long", "-u", "line")
        self.consistent(x)
        self.assertEqual(([c["text"] for c in x["citations"]], len(x["units"])), (["doctor", "long"], 2))
        x = self.cite(QUESTION, "-r", ANSWER, "--threshold", 1000)
        self.assertEqual(([c["from_documents"] for c in x["citations"]], x["selected"]), ([False, False], []))
        self.consistent(self.cite(QUESTION, "-n", 6))  # the model's own answer
        self.consistent(self.cite("be kind. who slept?", "-r", ANSWER, "--system", "be short."))

    def test_drops_are_those_of_score(self):
        """Whatever is cited: hidden in the same prompt, by its text."""
        x, hidden = self.ask(), 0
        user = next(m for m in x["prompt"]["messages"] if m["role"] == "user")
        prompt = x["prompt"]["text"].encode()[user["start"]:user["end"]].decode()
        for c in x["citations"]:
            if not c["citations"]:
                continue
            scored = self.explain(prompt, "-r", ANSWER, "-u", "sentence", "-o", "delete", "--target", f"{c['start']}:{c['end']}",
                                  "--hide", ",".join(s["cited_text"] for s in c["citations"]), command="score")
            found, hidden = scored["results"][0], hidden + 1
            self.assertEqual(found["response"]["target"], [c["first"], c["last"]])
            self.assertAlmostEqual(found["log_prob"]["drop"], c["drop"], places=3)
        self.assertTrue(hidden)

    def test_files(self):
        folder = self.folder / "texts"
        folder.mkdir()
        (folder / "b.txt").write_bytes("\ufeffbe kind. It was é long.\r\n".encode())
        (folder / "a.md").write_text("the doctor slept.")
        (folder / ".hidden").write_text("no.")
        (folder / "inner").mkdir()
        x = self.ask(documents=folder)
        self.consistent(x, [{"title": "a.md", "text": "the doctor slept."}, {"title": "b.txt", "text": "be kind. It was é long."}])
        array = self.folder / "array.json"
        array.write_text(json.dumps(DOCUMENTS))
        x = self.ask("--documents", array, documents=folder / "a.md")
        self.consistent(x, [{"title": "a.md", "text": "the doctor slept."}, *DOCUMENTS])

    def test_data(self):
        rows = [{"id": "a", "prompt": QUESTION, "response": ANSWER, "documents": DOCUMENTS[:1]}, {"id": "b", "prompt": QUESTION, "response": ANSWER, "documents": DOCUMENTS},
                {"id": "c", "prompt": QUESTION, "response": ANSWER}]
        done = run("cite", "-m", self.model, "-t", 1, "--data", "-", "--threshold", 0, input=lines(rows).encode())
        self.assertEqual((done.returncode, done.stderr.decode()), (Failed, "jopa: c: no documents to cite: give --documents\n"))
        found = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([x["id"] for x in found], ["a", "b"])
        self.consistent(found[0], DOCUMENTS[:1])
        self.consistent(found[1])
        results = self.folder / "results.jsonl"
        for _ in range(2):  # the second time nothing is left to do
            done = run("cite", "-m", self.model, "-t", 1, "--data", "-", "--documents", self.documents, "--results", results, input=lines(rows[2:]).encode())
            self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.consistent(json.loads(results.read_text()))

    def test_reports(self):
        saved = self.folder / "cite.json"
        saved.write_text(json.dumps(self.ask()))
        text = self.ask("-F", "text")
        self.assertIn("SOURCES", text)
        self.assertIn("[1]", text)
        self.assertEqual(self.explain("--like", saved, "-F", "json", command="cite")["selected"], json.loads(saved.read_text())["selected"])
        for form in ("text", "markdown", "html", "csv", "svg", "json"):
            done = run("render", saved, "-F", form)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
        page = run("render", saved, "-F", "html").stdout.decode()
        self.assertIn('href="#source-1"', page)
        self.assertIn('<li id="source-1">', page)
        self.assertIn("<sup>1</sup>", run("render", saved, "-F", "markdown").stdout.decode())
        self.assertIn("Nothing in the answer comes from the documents", self.cite(QUESTION, "-r", ANSWER, "--threshold", 1000, "-F", "text"))

    def test_golden(self):
        self.same_text("cite.txt", self.ask("-F", "text"))
        self.same_json("cite.json", self.ask())

    def test_refused(self):
        wrong, ask = self.folder / "wrong", ("cite", "-m", self.model, QUESTION)
        self.refused(Usage, "no documents to cite: give --documents", *ask)
        for name, text, said in (("a.jsonl", '{"text": "a."}\n{"title": "b"}\n', "line 2: an object with .text."), ("b.json", "{}", "array of documents is needed"),
                                 ("c.jsonl", "\n", "there is none in it"), ("d.txt", " \n", "is empty"), ("e.json", "[1", "is not JSON"),
                                 ("f.jsonl", '{"text": " "}', "number 1 is empty")):
            wrong.mkdir(exist_ok=True)
            (wrong / name).write_text(text)
            self.refused(Failed, said, *ask, "--documents", wrong / name)
        (wrong / "g.txt").write_bytes(b"caf\xe9.")
        self.refused(Failed, "UTF-8", *ask, "--documents", wrong / "g.txt")
        self.refused(Failed, "cannot (open|read)|No such file", *ask, "--documents", wrong / "none.txt")
        (self.folder / "empty").mkdir(exist_ok=True)
        self.refused(Failed, "has no files", *ask, "--documents", self.folder / "empty")
        self.refused(Usage, "did you mean|no such text", *ask, "--documents", self.documents, "-r", ANSWER, "--target", "docter")
        self.refused(Failed, "holds 1 of the 2 texts", "cite", "-m", self.model, "be kind. It was a long surgery. who?", "--documents", self.documents, "-r", ANSWER)


class Sanitized(Cite):
    command = SANITIZED


if __name__ == "__main__":
    main()
