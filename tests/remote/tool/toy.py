"""Servers that answer as llama-server, vLLM, SGLang and OpenAI's completions do, with a toy model whose scores a test can
compute itself: what a token's log-probability is depends on it and the three tokens before. The shapes are those of
recorded replies of the real servers. `fault` spoils the replies to scores."""
import json
import math
import re
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BEGIN = 256  # beyond the bytes: "<s>"
NUMBER = "log-probability"


def log_prob(before, token):
    """Of `token` after the ids `before`."""
    state = 17
    for id in (*before[-3:], token):
        state = (state * 1103515245 + id * 12345 + 6789) % (1 << 31)
    return -0.01 - (state >> 8) % 997 / 200


def score(ids, n_prompt):
    return [log_prob(ids[:i], ids[i]) for i in range(n_prompt, len(ids))]


def gpt2(byte):
    """A byte in the alphabet of GPT-2's tokenizer."""
    plain = [*range(0x21, 0x7f), *range(0xa1, 0xad), *range(0xae, 0x100)]
    others = [b for b in range(256) if b not in plain]
    return chr(byte) if byte in plain else chr(256 + others.index(byte))


def encode(text):
    ids = []
    for i, part in enumerate(text.split("<s>")):
        ids += ([BEGIN] if i else []) + list(part.encode())
    return ids


def strings(ids):
    return ["<s>" if id == BEGIN else gpt2(id) for id in ids]


# ---- faults: each gets the handler and the reply that would have been right, and answers itself ------------------------

def edit(change):
    def fault(handler, reply):
        handler.answer(200, json.loads(json.dumps(reply), object_hook=change))
    return fault


def numbers(value):
    """Each log-probability is `value`, in every shape."""
    def fault(handler, reply):
        handler.raw(200, re.sub(r"-\d+\.\d+", json.dumps(value), json.dumps(reply)).encode())
    return fault


def hang_up(handler, reply=None):
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def cut(handler, reply):
    body = json.dumps(reply).encode()
    handler.start(200, len(body))
    handler.wfile.write(body[: len(body) // 2])
    handler.close_connection = True


def endless(handler, reply):
    handler.start(200, 1 << 40)
    try:
        while True:
            handler.wfile.write(b"[" * (1 << 20))
    except OSError:
        handler.close_connection = True


def trickle(handler, reply):
    handler.start(200, 1 << 20)
    try:
        while True:
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        handler.close_connection = True


def other_ids(handler, reply):
    text = json.dumps(reply)
    for id in set(handler.toy.asked):
        text = text.replace(f'"id": {id},', f'"id": {id + 1},').replace(f'"{id}": {{', f'"{id + 1}": {{')
        text = text.replace(f", {id}, null]", f", {id + 1}, null]").replace(f'"token_id:{id}"', f'"token_id:{id + 1}"')
    handler.raw(200, text.encode())


def fewer(handler, reply):
    def drop(x):
        for name in ("completion_probabilities", "prompt_logprobs", "input_token_logprobs", "token_logprobs"):
            if x.get(name):
                x[name] = x[name][:1] if name == "input_token_logprobs" else x[name][:-1]
        return x
    edit(drop)(handler, reply)


def spoilt_cache(handler, reply):
    """vLLM 0.32, where what it has of cached tokens is no number that JSON knows."""
    if handler.body["sampling_params"]["skip_reading_prefix_cache"]:
        return handler.answer(200, reply)
    handler.answer(400, {"error": {"message": "Out of range float values are not JSON compliant"}})


FAULTS = {
    "fewer rows": (fewer, "it answers"),
    "other ids": (other_ids, "another token"),
    "above 0": (numbers(0.25), "0.25 as a " + NUMBER),
    "nan": (numbers(math.nan), "not JSON"),
    "minus infinity": (numbers(-3.4e38), "e\\+38 as a " + NUMBER),
    "null": (numbers(None), "no number as a " + NUMBER),
    "text": (lambda h, r: h.raw(200, b"<html>It works</html>"), "not JSON"),
    "half a character": (lambda h, r: h.raw(200, b'{"a": "\xe2\x82"}'), "not JSON"),
    "empty": (lambda h, r: h.raw(200, b""), "reply is empty"),
    "another shape": (lambda h, r: h.raw(200, b'[[[{"choices": {}}]]]'), "it answers"),
    "endless": (endless, "larger than 64 MiB"),
    "cut": (cut, "no server is left"),
    "refused": (lambda h, r: h.answer(400, {"error": {"message": "a row too many"}}), "HTTP 400: a row too many"),
    "failing": (lambda h, r: h.answer(500, {"error": {"message": "out of memory"}}), "HTTP 500: out of memory"),
    "elsewhere": (lambda h, r: h.raw(302, b"", Location="http://127.0.0.1:1/"), "HTTP 302"),
    "no key": (lambda h, r: h.answer(401, {"error": "Unauthorized"}), "HTTP 401"),
}


# ---- dialects --------------------------------------------------------------------------------------------------------

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet a reply
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def start(self, status, size, **headers):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(size))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def raw(self, status, body, **headers):
        self.start(status, len(body), **headers)
        self.wfile.write(body)

    def answer(self, status, reply, **headers):
        self.raw(status, json.dumps(reply).encode(), **headers)

    def do_GET(self):
        reply = getattr(self.toy, self.toy.dialect).get(self.path)
        self.answer(200, reply) if reply else self.answer(404, {"error": {"message": "not found"}})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.toy.keys.add(self.headers.get("Authorization"))
        self.body = body
        if self.toy.dialect == "vllm" and self.path == "/inference/v1/generate":
            return self.answer(403, {"error": {"message": "Scale-out endpoints are disabled. Restart vllm serve with --enable-scale-out to enable "
                                               "them.", "type": "PermissionDeniedError", "param": None, "code": 403}})
        made = self.toy.post(self.path, body)
        if made is None:
            return self.answer(404, {"error": {"message": "not found"}})
        reply, ids = made
        if ids is None and "grammar" not in body and self.path in ("/completion", "/v1/completions"):
            with self.toy.count(scores=0):
                time.sleep(self.toy.seconds)
                return self.answer(200, reply)
        if ids is None:
            return self.answer(200, reply)
        with self.toy.count() as number:
            time.sleep(self.toy.seconds)
            self.toy.asked = ids
            fault = self.toy.fault if number > self.toy.spared else None
            fault(self, reply) if fault else self.answer(200, reply)


class Toy:
    """A server at a free port; `with` ends it. spared: scores that are right before the fault."""

    def __init__(self, dialect, fault=None, spared=1, slots=2, seconds=0, port=0, model="toy", shift=0):
        self.dialect, self.fault, self.spared, self.slots, self.seconds = dialect, fault, spared, slots, seconds
        self.keys, self.asked, self.scored, self.running, self.most = set(), [], 0, 0, 0
        self.shift, self.lock = shift, threading.Lock()
        listed = {"data": [{"id": model, "owned_by": "vllm" if dialect.startswith("vllm") else "us", "max_model_len": 4096}]}
        self.llama_server = {"/v1/models": listed, "/props": {
            "total_slots": slots, "model_path": f"models/{model}.gguf", "bos_token": "<s>", "chat_template":
            "{% for m in messages %}<s>{{ m.role }}: {{ m.content }}\n{% endfor %}", "default_generation_settings": {"n_ctx": 4096}}}
        self.vllm = self.vllm_scale_out = {"/v1/models": listed, "/version": {"version": "0.32.0"}}
        self.sglang = {"/get_model_info": {"model_path": model, "tokenizer_path": model}}
        self.openai = {"/v1/models": listed}
        self.server = ThreadingHTTPServer(("127.0.0.1", port), type("Bound", (Handler,), {"toy": self}))
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # clients hang up
        self.port = self.server.server_address[1]
        self.at = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def count(self, scores=1):
        toy = self

        class Counting:
            def __enter__(self):
                with toy.lock:
                    toy.scored += scores
                    toy.running += 1
                    toy.most = max(toy.most, toy.running)
                    return toy.scored

            def __exit__(self, *_):
                with toy.lock:
                    toy.running -= 1
        return Counting()

    def scores(self, ids, n):
        return [x + self.shift for x in score(ids, n)]

    def post(self, path, body):
        """(reply, the ids that were scored or None)"""
        if path == "/tokenize" and self.dialect == "llama_server":
            ids = encode(body["content"]) if body["parse_special"] else list(body["content"].encode())
            piece = lambda id: "<s>" if id == BEGIN else [id] if id > 127 else chr(id)
            return {"tokens": [{"id": id, "piece": piece(id)} for id in ids]}, None
        if path == "/tokenize" and self.dialect.startswith("vllm"):
            text = body.get("prompt") or "".join(f"<s>{m['role']}: {m['content']}\n" for m in body["messages"])
            return {"tokens": encode(text), "token_strs": strings(encode(text))}, None
        handler = getattr(self, f"{self.dialect}_{path.strip('/').replace('/', '_')}", None)
        return handler(body) if handler else None

    def llama_server_completion(self, body):
        prompt = body["prompt"]
        if "grammar" not in body:
            ids = [104, 105, 33][: body["n_predict"]]
            return {"completion_probabilities": [{"id": i, "bytes": [i]} for i in ids], "tokens": ids}, None
        response = [int(x.strip("<[]>")) for x in body["grammar"].split("::=")[1].split()]
        found = self.scores(prompt + response, len(prompt))
        return {"completion_probabilities": [{"id": id, "logprob": x, "token": "?"} for id, x in zip(response, found)],
                "stop_type": "limit", "timings": {"prompt_n": len(prompt), "cache_n": 0}}, response

    def prompt_logprobs(self, ids):
        found = self.scores(ids, 1)
        return [None, *({str(id): {"logprob": x, "rank": 1}} for id, x in zip(ids[1:], found))]

    def usage(self, ids):
        return {"prompt_tokens": len(ids), "prompt_tokens_details": {"cached_tokens": 3}}

    def vllm_v1_completions(self, body):
        if "prompt_logprobs" not in body:
            return {"choices": [{"token_ids": [104, 105, 2], "finish_reason": "stop"}]}, None
        return {"choices": [{"prompt_logprobs": self.prompt_logprobs(body["prompt"])}], "usage": self.usage(body["prompt"])}, body["prompt"]

    vllm_scale_out_v1_completions = vllm_v1_completions

    def vllm_scale_out_inference_v1_generate(self, body):
        if "token_ids" not in body:
            return {"error": {"message": "token_ids: field required"}}, None
        reply = self.prompt_logprobs(body["token_ids"])
        for entry in reply[1:4]:  # of cached tokens: uninitialised memory
            for value in entry.values():
                value["logprob"] = 1.5e38
        return {"prompt_logprobs": reply, "usage": self.usage(body["token_ids"])}, body["token_ids"]

    def sglang_generate(self, body):
        ids, start = body["input_ids"], body["logprob_start_len"]
        found = self.scores(ids, start + 1)
        listed = [[None, ids[start], None], *([x, id, None] for id, x in zip(ids[start + 1:], found))]
        return {"meta_info": {"input_token_logprobs": listed, "prompt_tokens": len(ids), "cached_tokens": 3}}, ids

    def openai_v1_completions(self, body):
        ids = body["prompt"]
        return {"choices": [{"logprobs": {"token_logprobs": [None, *self.scores(ids, 1)], "tokens": [f"token_id:{i}" for i in ids]}}],
                "usage": self.usage(ids)}, ids

    def kill(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
