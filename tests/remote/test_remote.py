"""`--engine URL`: each dialect by servers with a toy model, whose scores are computed here too; what they do wrong;
replicas that are lost."""
import random
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
sys.path.insert(0, str(Path(__file__).parents[1] / "cli/tool"))
from cli import SANITIZED, Command, Failed, Usage, consistent, json, main, os, run
from toy import FAULTS, Toy, hang_up, score, spoilt_cache, trickle

TEXT = "Anna saw the red fox, and Bob saw it too."
OWN_TOKENIZER = ("llama_server", "vllm", "vllm_scale_out")
OTHERS = ("sglang", "openai")
DIALECTS = (*OWN_TOKENIZER, *OTHERS)
ASK = ("--raw", "-u", "word", "-k", 2, "-r", " So what?", "--metrics", "none", "-b", 30)


class Remote(Command):
    def setUp(self):
        os.environ.pop("OPENAI_API_KEY", None)

    def arguments(self, dialect, *at):
        own = () if dialect in OWN_TOKENIZER else ("--tokenizer", self.model)
        return ("--engine", ",".join(at), *own)

    def ask(self, dialect, *toys, more=ASK, text=TEXT, command="explain", env=None):
        done = run(command, *self.arguments(dialect, *(t.at for t in toys)), text, *more, env=env or {})
        self.assertEqual((done.returncode, done.stderr.decode()), (0, ""))
        return json.loads(done.stdout)

    def check_scores(self, x):
        """Full and masked are the toy model's of the tokens that are left."""
        tokens, hidden = x["prompt"]["tokens"], set(x["selected"])
        response = [t["id"] for t in x["response"]["tokens"]]
        for name, left in (("full", tokens), ("masked", [t for t in tokens if t["unit"] not in hidden])):
            ids = [t["id"] for t in left]
            self.assertAlmostEqual(x["log_prob"][name], sum(score(ids + response, len(ids))), places=4, msg=name)


class Scores(Remote):
    def test_every_dialect(self):
        found = {}
        for dialect in DIALECTS:
            with self.subTest(dialect), Toy(dialect) as toy:
                x = self.ask(dialect, toy)
                consistent(self, x)
                self.check_scores(x)
                self.assertEqual((x["operator"], x["noise"], x["engine"]), ("delete", 0, dialect.split("_scale")[0].replace("_", "-")))
                self.assertEqual(x["cost"]["gradients"], 0)
                found[dialect] = x["selected"]
        self.assertEqual(len({str(found[d]) for d in OWN_TOKENIZER}), 1)

    def test_part_of_the_response(self):
        for dialect in DIALECTS:
            with self.subTest(dialect), Toy(dialect) as toy:
                whole, part = self.ask(dialect, toy), self.ask(dialect, toy, more=(*ASK, "--target", "3:6"))
                pairs = [(a["log_prob"], b["log_prob"]) for a, b in zip(whole["response"]["tokens"], part["response"]["tokens"])
                         if b["log_prob"] is not None]
                self.assertTrue(0 < len(pairs) < len(whole["response"]["tokens"]))
                for a, b in pairs:
                    self.assertAlmostEqual(a, b, places=4)

    def test_chats_and_answers(self):
        for dialect in OWN_TOKENIZER:
            with self.subTest(dialect), Toy(dialect) as toy:
                x = self.ask(dialect, toy, more=("-n", 3, "-u", "word", "-k", 1, "--metrics", "none"))
                self.assertIn("user: " + TEXT, x["prompt"]["text"])
                self.assertTrue(x["response"]["text"].startswith("hi"))
                self.check_scores(x)

    def test_every_character(self):
        text = "Grüße 🦙, naïve\tcafé “so” \u0101\u00ad."
        for dialect in OWN_TOKENIZER:
            with self.subTest(dialect), Toy(dialect) as toy:
                x = self.ask(dialect, toy, text=text)
                self.assertEqual(x["prompt"]["text"], text)
                self.check_scores(x)

    def test_commands(self):
        with Toy("llama_server") as toy:
            compared = self.ask("llama_server", toy, command="compare", more=(*ASK, "-M", "jopa,ablation,random,lime"))
            self.assertEqual([r["method"] for r in compared["results"]], ["jopa", "ablation", "random", "lime"])
            for command, more in (("audit", ("--raw", "-r", " So", "-n", 3)), ("compress", ("--raw", "-r", " So", "--ratio", 0.2, "-n", 3))):
                done = run(command, "--engine", toy.at, TEXT, *more, "-F", "json")
                self.assertEqual((done.returncode, done.stderr.decode()), (0, ""), command)

    def test_what_servers_cannot(self):
        with Toy("vllm") as toy:
            for option, said in (("-o", "zero"), ("-M", "gradient"), ("-M", "attention")):
                self.refused(Failed, "vllm", "explain", "--engine", toy.at, TEXT, *ASK, option, said)
        for dialect in OTHERS:
            with Toy(dialect) as toy:
                self.refused(Failed, "tells no tokens: give a `?-?-?tokenizer", "explain", "--engine", toy.at, TEXT, *ASK)

    def test_list(self):
        with Toy("sglang") as toy:
            done = run("list", "engines", *self.arguments("sglang", toy.at))
            self.assertIn(f"with {toy.at}: ", done.stdout.decode())


class Faults(Remote):
    def test_replies(self):
        """One line, whatever comes back, under the sanitizers too."""
        for i, (name, (fault, said)) in enumerate(FAULTS.items()):
            for dialect in (DIALECTS if name in ("fewer rows", "other ids", "above 0", "null") else (DIALECTS[i % len(DIALECTS)],)):
                self.command = SANITIZED if i % 2 else type(self).command
                with self.subTest(name, dialect=dialect), Toy(dialect, fault=fault) as toy:
                    self.refused(Failed, said, "explain", *self.arguments(dialect, toy.at), TEXT, *ASK)
                with self.subTest(name, dialect=dialect, at="the probe"), Toy(dialect, fault=fault, spared=0) as toy:
                    self.refused(Failed, r"jopa: ", "explain", *self.arguments(dialect, toy.at), TEXT, *ASK)

    def test_slow(self):
        with Toy("vllm", fault=trickle) as toy:
            self.refused(Failed, "[Tt]imeout|timed out", "explain", "--engine", toy.at, TEXT, *ASK, "--timeout", 0.3)

    def test_no_such_server(self):
        self.refused(Failed, "http://127.0.0.1:9 does not answer", "explain", "--engine", "http://127.0.0.1:9", TEXT)
        for at in ("ftp://127.0.0.1", "http://", "http://me:secret@127.0.0.1", "http://127.0.0.1?x=1", "http://127.0.0.1:8,http://127.0.0.1:8/v1"):
            self.refused(Usage, "--engine", "explain", "--engine", at, TEXT)

    def test_not_a_scorer(self):
        toy = Toy("openai")
        toy.openai = {"/api/version": {"version": "0.9"}}
        with toy:
            self.refused(Failed, "is Ollama, .*llama-server", "explain", "--engine", toy.at, TEXT)
        toy = Toy("openai")
        toy.openai = {"/health": {"status": "ok"}}
        with toy:
            self.refused(Failed, "no server that scores given tokens", "explain", "--engine", toy.at, TEXT)

    def test_busy(self):
        """429 with Retry-After is waited for."""
        def busy(handler, reply):
            handler.toy.fault = None
            handler.answer(429, {"error": {"message": "slow down"}}, Retry_After="0.2")
        with Toy("vllm", fault=busy, spared=6) as toy:
            self.check_scores(self.ask("vllm", toy))

    def test_keys(self):
        (self.folder / "key").write_text("sk-secret\n")
        with Toy("vllm") as toy:
            x = self.ask("vllm", toy, more=(*ASK, "--key-file", self.folder / "key"))
            self.assertEqual(toy.keys - {None}, {"Bearer sk-secret"})
            self.assertNotIn("sk-secret", json.dumps(x))
            toy.keys.clear()
            x = self.ask("vllm", toy, env={"OPENAI_API_KEY": "sk-other"})
            self.assertEqual(toy.keys - {None}, {"Bearer sk-other"})
            self.assertNotIn("sk-other", json.dumps(x))


class Hostile(Remote):
    """What a server says beside its scores."""

    def test_slots(self):
        """Numbers that no server has: neither a hang nor a flood."""
        for slots in (-1, 0, -2**31, 10**9, 2**40, 2**63 - 1):
            with self.subTest(slots=slots), Toy("llama_server", seconds=0.001) as toy:
                toy.llama_server["/props"]["total_slots"] = slots
                self.check_scores(self.ask("llama_server", toy))
                self.assertLessEqual(toy.most, 256)

    def test_bill(self):
        """No row costs more than all of its tokens, or less than nothing."""
        names = ("prompt_n", "prompt_tokens", "cached_tokens")
        for dialect in DIALECTS:
            for value in (2**63 - 1, -2**63, -1, 2**40):
                def lie(handler, reply):
                    def change(x):
                        return {k: value if k in names else v for k, v in x.items()}
                    handler.answer(200, json.loads(json.dumps(reply), object_hook=change))
                self.command = SANITIZED
                with self.subTest(dialect, value=value), Toy(dialect, fault=lie, spared=0) as toy:
                    cost = self.ask(dialect, toy, command="explain")["cost"]
                    self.assertTrue(0 <= cost["decoded_tokens"] <= cost["naive_tokens"] + cost["evaluations"], cost)

    def test_key_comes_back(self):
        """A server that repeats the key: it is in no message and in no result, however it is written."""
        key = "sk-se/cret-1234"
        for status in (400, 401, 403, 500):
            for written in (key, key.replace("/", "\\/")):
                for spared in (0, 4) if status < 500 else (4,):
                    def repeat(handler, reply):
                        handler.raw(status, b'{"error": {"message": "no such key: %s"}}' % written.encode())
                    with self.subTest(status=status, written=written, spared=spared), Toy("vllm", fault=repeat, spared=spared) as toy:
                        done = run("explain", "--engine", toy.at, TEXT, *ASK, env={"OPENAI_API_KEY": key})
                        self.assertEqual(done.returncode, Failed)
                        self.assertNotRegex((done.stdout + done.stderr).decode(), "cret-1234")
        with Toy("vllm", model=key) as toy:
            x = self.ask("vllm", toy, env={"OPENAI_API_KEY": key})
            self.assertNotIn("cret-1234", json.dumps(x))

    def test_key_that_is_none(self):
        with Toy("vllm") as toy:
            for key in ("sk-a\r\nX-Other: 1", "sk-a\n", "a\tb"):
                self.refused(Usage, "key.*control character", "explain", "--engine", toy.at, TEXT, *ASK, env={"OPENAI_API_KEY": key})
            self.assertEqual(toy.keys, set())

    def test_key_unencrypted(self):
        """Said of every host that is not this machine, by what the host is, not by how the address begins."""
        other = ("http://127.0.0.1.example.invalid:1", "http://localhost.example.invalid:1", "HTTP://example.invalid:1", "http://1270.0.0.1:1",
                 "http://127.0.0.1:1,http://example.invalid:1", "http://example.invalid/127.0.0.1")
        near = ("http://127.0.0.1:1", "http://127.9.8.7:1", "http://LOCALHOST:1", "http://[::1]:1", "https://example.invalid:1", "Http://localhost:1/v1")
        for at in (*other, *near):
            with self.subTest(at):
                done = run("explain", "--engine", at, TEXT, *ASK, "--timeout", 5, env={"OPENAI_API_KEY": "sk-secret"})
                self.assertEqual(done.returncode, Failed)
                self.assertEqual("unencrypted" in done.stderr.decode(), at in other, done.stderr)
                self.assertNotIn("sk-secret", done.stderr.decode())

    def test_answers_take_slots(self):
        """What is written counts as what is scored: many questions at once never ask more than the slots."""
        questions = self.folder / "questions.jsonl"
        questions.write_text("".join(json.dumps({"id": str(i), "prompt": f"{TEXT} {i}"}) + "\n" for i in range(12)))
        for slots in (1, 2, 3):
            with self.subTest(slots=slots), Toy("llama_server", seconds=0.003, slots=slots) as toy:
                done = run("explain", "--engine", toy.at, "--data", questions, "-n", 3, "-u", "word", "-k", 1, "-b", 12, "--metrics", "none",
                           "--in-flight", 8)
                self.assertEqual((done.returncode, done.stderr.decode(), len(done.stdout.splitlines())), (0, "", 12))
                self.assertTrue(1 <= toy.most <= slots, toy.most)


class Replicas(Remote):
    def test_rows_that_the_cache_spoils(self):
        """They are asked for again without it, the first one and any later, and on the bill once."""
        with Toy("vllm_scale_out") as sound:
            whole = self.ask("vllm_scale_out", sound)
        for spared in (0, 1, 7):
            with self.subTest(spared=spared), Toy("vllm_scale_out", fault=spoilt_cache, spared=spared) as toy:
                x = self.ask("vllm_scale_out", toy)
                self.assertEqual((x["selected"], x["log_prob"]), (whole["selected"], whole["log_prob"]))
                self.assertEqual(x["cost"]["evaluations"], whole["cost"]["evaluations"])

    def test_shared(self):
        """As many at once as there are slots, on each."""
        for dialect in ("llama_server", "vllm_scale_out"):
            with self.subTest(dialect), Toy(dialect, seconds=0.01) as one, Toy(dialect, seconds=0.01) as two:
                alone = self.ask(dialect, one)
                before = one.scored
                both = self.ask(dialect, one, two)
                self.assertEqual((both["selected"], both["log_prob"]), (alone["selected"], alone["log_prob"]))
                self.assertGreater(min(one.scored - before, two.scored), both["cost"]["evaluations"] // 4)
                if dialect == "llama_server":
                    self.assertLessEqual(max(one.most, two.most), 2)

    def test_different(self):
        with Toy("vllm") as one, Toy("vllm", model="other") as two, Toy("vllm", shift=-2) as three, Toy("llama_server") as four:
            self.refused(Usage, "has the model toy and .* has other", "explain", "--engine", f"{one.at},{two.at}", TEXT)
            self.refused(Usage, "score the same text differently", "explain", "--engine", f"{one.at},{three.at}", TEXT)
            self.refused(Usage, "is vllm and .* is llama-server", "explain", "--engine", f"{one.at},{four.at}", TEXT)

    def test_one_lost_at_any_moment(self):
        """The same set and the same bill; the lost one is used again when it comes back."""
        chance = random.Random(4)
        with Toy("llama_server") as alone:
            whole = self.ask("llama_server", alone)
        for _ in range(8):
            after = chance.randrange(2, 20)
            with Toy("llama_server", seconds=0.005) as one:
                two = Toy("llama_server", seconds=0.005, fault=hang_up, spared=after)
                with self.subTest(after=after), two:
                    x = self.ask("llama_server", one, two)
                    self.assertEqual((x["selected"], x["log_prob"]), (whole["selected"], whole["log_prob"]))
                    for name in ("evaluations", "decoded_tokens"):
                        self.assertEqual(x["cost"][name], whole["cost"][name], name)

    def test_back_again(self):
        def fail_once(handler, reply):
            handler.toy.fault = None
            handler.toy.failed_at = handler.toy.scored
            hang_up(handler)
        with Toy("llama_server", seconds=0.05) as one, Toy("llama_server", seconds=0.05, fault=fail_once, spared=4) as two:
            self.ask("llama_server", one, two, more=("--raw", "-u", "token", "-r", " So what?", "--metrics", "none", "-b", 80))
            self.assertGreater(two.scored, two.failed_at + 5)

    def test_both_lost(self):
        with Toy("vllm", seconds=0.02) as one, Toy("vllm", seconds=0.02) as two:
            def kill():
                while one.scored < 5:
                    time.sleep(0.005)
                for toy in (one, two):
                    toy.fault = hang_up
                    toy.kill()
            threading.Thread(target=kill, daemon=True).start()
            self.refused(Failed, "no server is left: http://127.*; http://127", "explain", "--engine", f"{one.at},{two.at}", TEXT, *ASK)

    def test_a_late_row_is_asked_for_twice(self):
        def hang(handler, reply):
            handler.toy.fault = None
            time.sleep(20)
        with Toy("vllm", seconds=0.02) as one, Toy("vllm", seconds=0.02, fault=hang, spared=3) as two:
            before = time.monotonic()
            self.check_scores(self.ask("vllm", one, two))
            self.assertLess(time.monotonic() - before, 10)


if __name__ == "__main__":
    main()
