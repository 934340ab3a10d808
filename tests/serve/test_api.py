"""The HTTP interface: the command's own answers, runs and their events, the queue, what is refused, who may ask."""
import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent / "tool"), str(Path(__file__).parents[1] / "cli/tool")]
from figures import differences
from server import ASK, JOPA, LONG, PROMPT, Served, Server, main

STEADY = ("cost", "trace", "version", "options")


def steady(result):
    """Without times and what the command alone was asked."""
    one = result["results"][0] if "results" in result else result
    return {k: v for k, v in one.items() if k not in STEADY}


class Interface(Served):
    def command_says(self, command, *arguments):
        words = [JOPA, command, "-m", self.model, "-t", 1, "-F", "json", *arguments]
        return json.loads(subprocess.run([str(w) for w in words], stdout=subprocess.PIPE, check=True).stdout)

    def test_answers_are_the_commands(self):
        asked = ["-r", ASK["response"], "-u", "word", PROMPT]
        search = ["-k", 2, "--metrics", "none", "-b", 40]
        for command, arguments, body in (
                ("explain", search, ASK), ("score", ["--hide", "doctor,patient"], {k: ASK[k] for k in ("prompt", "response", "unit")} | {"hide": "doctor,patient"}),
                ("compress", ["--metrics", "none"], {k: ASK[k] for k in ("prompt", "response", "unit")} | {"metrics": "none"})):
            with self.subTest(command):
                served = self.server.json("POST", f"/v1/{command}", body)
                self.assertEqual(differences(steady(self.command_says(command, *arguments, *asked)), steady(served)), [])

    def test_cite(self):
        """Each sentence with its sources, as the command has them; documents are objects, or texts alone."""
        documents = [{"title": "Doctors", "text": "The doctor is a friend. He has a cat."}, {"text": "The patient had surgery."}]
        (self.folder / "documents.json").write_text(json.dumps(documents))
        answer = "The doctor is a friend. The patient is well."
        body = {"prompt": "Who is the doctor?", "response": answer, "documents": documents, "threshold": 0}
        served = self.server.json("POST", "/v1/cite", body)
        asked = ["--documents", self.folder / "documents.json", "--threshold", 0, "-r", answer, body["prompt"]]
        self.assertEqual(differences(steady(self.command_says("cite", *asked)), steady(served)), [])
        self.assertEqual([c["text"] for c in served["citations"]], ["The doctor is a friend.", "The patient is well."])
        texts = self.server.json("POST", "/v1/cite", {**body, "documents": [d["text"] for d in documents]})
        self.assertEqual([d["title"] for d in texts["documents"]], ["", ""])
        again = self.server.begin("cite", body)
        self.server.wait(again)
        self.assertEqual(self.server.json("POST", "/v1/cite", {"like": again})["citations"], served["citations"])
        for pattern, wrong in (("no documents", None), ("none in it", []), ("`documents`: an array", 5), ("text", [{"title": "a"}]), ("document", [7]),
                               ("max_prompt", [{"text": "a" * 200001}])):
            self.refused(400, pattern, "POST", "/v1/cite", {**body, "documents": wrong})

    def test_every_kind_of_value(self):
        body = {**ASK, "seed": "18446744073709551615", "metrics": ["words"], "min_drop": 0.5, "target": ["doctor", "friend"],
                "repeat": 0, "raw": True, "operators": ["zero", "delete"]}
        del body["k"]
        result = self.server.json("POST", "/v1/explain", body)
        self.assertEqual((int(result["seed"]), result["unit"]), (18446744073709551615, "word"))
        self.assertIn("words", result["metrics"])

    def test_chat(self):
        chat = [{"role": "system", "content": "be short"}, {"role": "user", "content": [{"type": "text", "text": PROMPT}]}]
        result = self.server.json("POST", "/v1/explain", {k: v for k, v in ASK.items() if k != "prompt"} | {"messages": chat, "roles": "all"})
        self.assertIn("be short", result["prompt"]["text"])

    def test_a_run_and_its_events(self):
        run = self.server.begin("explain", ASK)
        events = list(self.server.events(run))
        self.assertEqual(events[-1][0], "result")
        self.assertTrue(all(name == "progress" and data["id"] == run for name, data in events[:-1]))
        status = self.server.json("GET", f"/v1/runs/{run}")
        self.assertEqual((status["state"], status["result"]), ("done", events[-1][1]))
        self.assertEqual(list(self.server.events(run))[-1][1], status["result"], "a stream that comes late has the result at once")

    def test_cancelled_with_the_best_so_far(self):
        run = self.server.begin("explain", LONG)
        self.server.wait(run, lambda s: s.get("progress", {}).get("best"))
        self.server.json("DELETE", f"/v1/runs/{run}")
        result = self.server.wait(run)["result"]
        self.assertEqual((result["stopped"], len(result["selected"])), ("interrupted", 9))
        self.server.json("DELETE", f"/v1/runs/{run}")  # forgets it
        self.refused(404, "no run", "GET", f"/v1/runs/{run}")

    def test_places_in_the_queue(self):
        first = self.server.begin("explain", LONG)
        self.addCleanup(self.server.request, "DELETE", f"/v1/runs/{first}")
        self.server.wait(first, lambda s: s["state"] == "running")
        others = [self.server.begin("explain", ASK) for _ in range(3)]
        self.assertEqual([self.server.json("GET", f"/v1/runs/{run}")["place"] for run in others], [1, 2, 3])
        self.server.json("DELETE", f"/v1/runs/{others[0]}")
        self.assertEqual([self.server.json("GET", f"/v1/runs/{run}")["place"] for run in others], [0, 1, 2])
        self.assertEqual(list(self.server.events(others[0]))[-1][0], "error")
        self.server.json("DELETE", f"/v1/runs/{first}")
        self.assertEqual([self.server.wait(run)["state"] for run in others], ["cancelled", "done", "done"])

    def test_who_no_longer_waits_takes_no_time(self):
        import http.client
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port)
        connection.request("POST", "/v1/explain", json.dumps(LONG), {"Content-Type": "application/json"})
        while not self.server.json("GET", "/healthz")["running"]:
            time.sleep(0.02)
        connection.close()
        started = time.monotonic()
        self.server.json("POST", "/v1/explain", ASK)
        self.assertLess(time.monotonic() - started, 30)

    def test_known_sets_are_recalled(self):
        base = self.server.begin("explain", {**ASK, "seed": 7})
        self.server.wait(base)
        body = {"like": base, "hide": ["0,1"], "unit": "word"}
        self.server.json("POST", "/v1/score", body)
        again = self.server.json("POST", "/v1/score", body)
        self.assertEqual(again["results"][0]["cost"]["evaluations"], 0)
        self.assertEqual(again["results"][0]["selected"], [0, 1])
        more = self.server.json("POST", "/v1/score", {**body, "metrics": "words"})
        self.assertIn("masked_response", more["results"][0])

    def test_null_is_the_default(self):
        """Also where the result that is asked again had something else."""
        base = self.server.begin("explain", {**ASK, "target": "doctor", "seed": 5})
        self.assertEqual(self.server.wait(base)["result"]["options"]["target"], "doctor")
        again = self.server.json("POST", "/v1/explain", {"like": base, "target": None, "k": None, "seed": None, "method": "random"})
        options = {k: v for k, v in again["options"].items() if k != "method"}
        self.assertEqual(options, {k: str(v) for k, v in ASK.items() if k != "k"})
        self.server.json("POST", "/v1/explain", {**ASK, "target": None, "against": None, "messages": None})
        schema = self.server.json("GET", "/openapi.json")["components"]["schemas"]["explain"]["properties"]
        self.assertTrue(all({"type": "null"} in schema[name]["anyOf"] for name in ASK))

    def test_reports_of_every_format(self):
        run = self.server.begin("explain", ASK)
        self.server.wait(run)
        document = self.server.json("GET", "/openapi.json")
        parameters = document["paths"]["/v1/runs/{id}/report"]["get"]["parameters"]
        for name in next(p for p in parameters if p["name"] == "format")["schema"]["enum"]:
            status, headers, content = self.server.request("GET", f"/v1/runs/{run}/report?format={name}&download=true")
            with self.subTest(name):
                self.assertEqual(status, 400 if name == "prompt" else 200, content[:200])
                self.assertTrue(content)
                self.assertTrue(name == "prompt" or "attachment" in headers["content-disposition"])
        self.refused(400, "format", "GET", f"/v1/runs/{run}/report?format=nonsense")

    def test_import(self):
        saved = json.dumps(self.server.json("POST", "/v1/explain", ASK))
        status = self.server.json("POST", "/v1/runs", saved, 201)
        self.assertEqual(self.server.json("GET", f"/v1/runs/{status['id']}")["result"], json.loads(saved))
        for wrong in ("", "{}", "[1]", saved[:-9], saved.replace('"schema": 1', '"schema": 9')):
            self.refused(400, ".", "POST", "/v1/runs", wrong)

    def test_refusals(self):
        for pattern, body in ((r"no JSON", "{"), (r"no object", "[]"), (r"`prompt` or", {}), (r"either", {"prompt": "a", "messages": [{"role": "user", "content": "a"}]}),
                              (r"`unit`|unit", {"prompt": "a", "unit": "banana"}), (r"unknown option 'ubit': did you mean `unit`", {"prompt": "a", "ubit": "word"}),
                              (r"`k`: a whole number", {"prompt": "a", "k": 1.5}), (r"`raw`: true or false", {"prompt": "a", "raw": "yes"}),
                              (r"`model` is the server's", {"prompt": "a", "model": "/etc/passwd"}), (r"`output`", {"prompt": "a", "output": "/tmp/x"}),
                              (r"`prompt_file`", {"prompt_file": "/etc/passwd", "prompt": "a"}), (r"`messages`: message 1", {"messages": [{"role": 5}]}),
                              (r"`like`", {"like": "0" * 32}), (r"`like`", {"like": 3}), (r"no JSON", '{"prompt": "a", "prompt": "b"}'), (r"no JSON", b'{"prompt": "\xff"}')):
            with self.subTest(pattern=pattern):
                self.refused(400, pattern, "POST", "/v1/explain", body)
        self.refused(404, "nothing", "GET", "/v2")
        self.refused(404, "no run", "GET", "/v1/runs/nonsense")
        self.refused(405, "POST", "GET", "/v1/explain")
        self.refused(415, "json", "POST", "/v1/explain", "{}", headers={"Content-Type": "text/plain"})
        head = f"POST /v1/explain HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {10 ** 12}\r\n\r\n"
        self.assertIn(b" 413 ", self.server.raw(head.encode()))
        self.refused(400, "max_prompt", "POST", "/v1/explain", {"prompt": "a" * 200001})

    def test_other_pages_and_other_names(self):
        self.refused(421, "name", "GET", "/healthz", headers={"Host": "attacker.example:8765"})
        self.refused(403, "other pages", "POST", "/v1/explain", ASK, headers={"Origin": "http://attacker.example"})
        self.refused(403, "other pages", "GET", "/healthz", headers={"Origin": "null"})
        ours = f"http://127.0.0.1:{self.server.port}"
        self.assertEqual(self.server.request("GET", "/healthz", headers={"Origin": ours})[0], 200)

    def test_headers(self):
        for path in ("/", "/assets/serve.js", "/healthz", "/openapi.json", "/metrics"):
            status, headers, content = self.server.request("GET", path)
            self.assertEqual(status, 200)
            self.assertIn("default-src 'none'", headers["content-security-policy"])
            self.assertNotIn("unsafe", headers["content-security-policy"])
            self.assertEqual((headers["x-content-type-options"], headers["cache-control"]), ("nosniff", "no-store"))
            self.assertNotIn(b"http://", content.replace(b"http://www.w3.org", b""))
        page = self.server.request("GET", "/")[2].decode()
        names, todo = set(), re.findall(r"/assets/([\w.]+)", page)
        while todo:  # the page's files, and those that they import
            name = todo.pop()
            if name not in names:
                todo += re.findall(r'from "/assets/([\w.]+)"', self.server.request("GET", f"/assets/{name}")[2].decode())
            names.add(name)
        self.assertGreater(len(names), 9)
        size = len(page) + sum(len(self.server.request("GET", f"/assets/{name}")[2]) for name in names)
        self.assertLess(size, 200000)
        self.assertEqual(self.server.request("HEAD", "/")[2], b"")

    def test_metrics(self):
        before = self.figures()
        self.server.json("POST", "/v1/explain", ASK)
        self.refused(404, "nothing", "GET", "/nonsense")
        after = self.figures()
        for name in ('runs_total{state="done"}', 'requests_total{status="4xx"}'):
            self.assertEqual(after[name], before[name] + 1, name)

    def figures(self):
        text = self.server.request("GET", "/metrics")[2].decode()
        lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
        return {name.removeprefix("jopa_"): float(value) for name, value in lines}


class Completions(Served):
    def complete(self, **body):
        return self.server.json("POST", "/v1/completions", body)

    def test_echo_is_what_explain_scores(self):
        x = self.server.json("POST", "/v1/score", {"prompt": PROMPT, "response": ASK["response"]})["results"][0]
        tokens = [t["id"] for t in x["prompt"]["tokens"] + x["response"]["tokens"]]
        got = self.complete(prompt=tokens, max_tokens=0, echo=True, logprobs=0, return_tokens_as_token_ids=True)["choices"][0]["logprobs"]
        self.assertEqual(got["tokens"], [f"token_id:{t}" for t in tokens])
        self.assertIsNone(got["token_logprobs"][0])
        for mine, theirs in zip(got["token_logprobs"][len(x["prompt"]["tokens"]):], x["response"]["tokens"]):
            self.assertAlmostEqual(mine, theirs["log_prob"], delta=0.05)

    def test_text_and_ids_and_many(self):
        ids = self.server.json("POST", "/tokenize", {"prompt": PROMPT})["tokens"]
        self.assertEqual(self.server.json("POST", "/detokenize", {"tokens": ids})["prompt"].strip(), PROMPT)
        answers = [self.complete(prompt=p, max_tokens=4, logprobs=2, echo=True)["choices"] for p in (PROMPT, ids, [PROMPT, PROMPT], [ids, ids])]
        self.assertEqual([len(a) for a in answers], [1, 1, 2, 2])
        for choice in (c for a in answers for c in a):
            self.assertEqual(choice["logprobs"]["tokens"], answers[0][0]["logprobs"]["tokens"])
            for value, top in list(zip(choice["logprobs"]["token_logprobs"], choice["logprobs"]["top_logprobs"]))[1:]:
                self.assertTrue(value <= max(top.values()) + 1e-6)

    def test_what_is_written_is_the_most_likely(self):
        choice = self.complete(prompt=PROMPT, max_tokens=6, logprobs=1)["choices"][0]
        for token, top in zip(choice["logprobs"]["tokens"], choice["logprobs"]["top_logprobs"]):
            self.assertEqual([token], list(top))

    def test_stop(self):
        text = self.complete(prompt=PROMPT, max_tokens=8)["choices"][0]["text"]
        middle = text[len(text) // 2:][:2]
        self.assertEqual(self.complete(prompt=PROMPT, max_tokens=8, stop=[middle])["choices"][0]["text"], text[:text.index(middle)])

    def test_refusals(self):
        for body in ({}, {"prompt": []}, {"prompt": [1, "a"]}, {"prompt": [-1]}, {"prompt": [10 ** 9]}, {"prompt": "a", "max_tokens": -1}, {"prompt": "a", "logprobs": 99},
                     {"prompt": [[1], []]}, {"prompt": "a", "stop": [1]}, {"prompt": [1] * 100000}):
            self.refused(400, ".", "POST", "/v1/completions", body)
        for body in ({"prompt": "a", "temperature": 1}, {"prompt": "a", "n": 2}, {"prompt": "a", "stream": True}):
            self.refused(422, ".", "POST", "/v1/completions", body)


class Engine(Served):
    def test_a_server_is_an_engine_for_the_command_and_for_another_server(self):
        asked = {**ASK, "operator": "delete", "method": "ablation"}
        own = self.server.json("POST", "/v1/explain", asked)
        at = ["--engine", self.server.link.rstrip("/"), "--tokenizer", self.model]
        command = [JOPA, "explain", *at, "-F", "json", "-q", "-u", "word", "-k", "2", "-M", "ablation", "-r", ASK["response"], "--metrics", "none", PROMPT]
        by_command = json.loads(subprocess.run([str(w) for w in command], stdout=subprocess.PIPE, check=True).stdout)
        other = Server(*at, "--quiet")
        self.addCleanup(other.process.kill)
        for result in (by_command, other.json("POST", "/v1/explain", asked)):
            self.assertEqual(result["engine"], "openai")
            self.assertAlmostEqual(result["log_prob"]["drop"], own["log_prob"]["drop"], delta=0.05)
            self.assertEqual(result["selected"], own["selected"])
        self.assertEqual(other.end(), (0, ""))


class Limits(Served):
    arguments = ("--queue", 2, "--time", 1.5, "--max-prompt", 3000, "--keep", 0.05)

    def test_queue_time_and_memory(self):
        first = self.server.begin("explain", LONG)
        self.server.wait(first, lambda s: s["state"] == "running")
        others = [self.server.begin("explain", ASK) for _ in range(2)]
        self.refused(503, "wait already", "POST", "/v1/explain", ASK)
        self.assertEqual(self.server.wait(first)["result"]["stopped"], "interrupted")
        for run in others:
            self.server.wait(run)
        for _ in range(12):
            self.server.json("POST", "/v1/explain", ASK)
        self.refused(404, "no run", "GET", f"/v1/runs/{first}")
        self.refused(400, "max_prompt", "POST", "/v1/explain", {**ASK, "prompt": "a" * 2995})


class Token(Served):
    arguments = ("--token", "secret-token")

    def test_token(self):
        self.assertTrue(self.server.link.endswith("/?token=secret-token"))
        self.assertTrue(self.server.alive())
        right, wrong = {"Authorization": "Bearer secret-token"}, {"Authorization": "Bearer secret-tokem"}
        for headers, status in (({}, 401), (wrong, 401), (right, 200), ({"Cookie": "jopa_token=secret-token"}, 200), ({"Cookie": "jopa_token="}, 401)):
            self.assertEqual(self.server.request("GET", "/metrics", headers=headers)[0], status, headers)
        self.refused(401, "token", "POST", "/v1/explain", ASK)
        status, headers, _ = self.server.request("GET", "/?token=secret-token")
        self.assertEqual((status, headers["location"]), (303, "/"))
        self.assertIn("HttpOnly; SameSite=Strict", headers["set-cookie"])
        self.assertNotIn("set-cookie", self.server.request("GET", "/?token=secret-tokem")[1])

    def test_beyond_this_machine_a_token_is_made(self):
        server = self.start("--host", "0.0.0.0", "--quiet")
        token = server.link.partition("?token=")[2]
        self.assertRegex(token, r"\A[0-9a-f]{32}\Z")
        self.assertEqual(server.request("GET", "/metrics")[0], 401)
        self.assertEqual(server.request("GET", "/metrics", headers={"Authorization": f"Bearer {token}"})[0], 200)
        self.assertEqual(server.end(), (0, ""))

    def test_wrong_settings(self):
        for arguments in (["--port", 70000], ["--token", "short"], ["--token", "with spaces in it"], ["--host", "no.such.host.invalid"],
                          ["--store", "/dev/null/folder"], ["--port", self.server.port]):
            with self.assertRaisesRegex(AssertionError, r"\Ajopa: [^\n]+\n\Z"):
                self.start(*arguments)


if __name__ == "__main__":
    main()
