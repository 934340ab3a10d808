"""Clients that mean harm, on the server built with the sanitizers: no crash, no leak, no result in the wrong hands, and a
place for the next one."""
import http.client
import json
import random
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from server import ASK, LONG, SANITIZED, Served, main

SMALL = {"prompt": "the doctor and the patient", "response": " is a friend", "unit": "word", "hide": ["0"]}


def post(body, path="/v1/score", version="HTTP/1.1", length=None, extra=""):
    text = json.dumps(body) if not isinstance(body, str) else body
    return (f"POST {path} {version}\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length or len(text)}\r\n"
            f"{extra}\r\n{text}").encode()


class Hostile(Served):
    command = SANITIZED

    def setUp(self):
        self.assertTrue(self.server.alive())

    def tearDown(self):
        self.assertTrue(self.server.alive())
        self.assertIsNone(self.server.process.poll())

    def test_idle_streams_leave_room(self):
        run = self.server.begin("explain", LONG)
        sockets = [socket.create_connection(("127.0.0.1", self.server.port)) for _ in range(200)]
        for s in sockets:
            s.sendall(f"GET /v1/runs/{run}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        for s in sockets:
            self.assertIn(b"200 OK", s.recv(300))
        self.assertEqual(self.server.json("GET", f"/v1/runs/{run}")["state"], "running")
        for s in sockets[::2]:
            s.close()  # while others listen on
        self.server.json("DELETE", f"/v1/runs/{run}")
        self.server.wait(run)
        for s in sockets[1::2]:
            got = b""
            while not got.endswith(b"0\r\n\r\n"):
                piece = s.recv(1 << 20)
                self.assertTrue(piece)
                got = got[-20:] + piece
            s.close()

    def test_short_requests_of_many_clients(self):
        """1,000 requests of 50 clients, each of whom gets its own answers alone."""
        def client(number):
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=120)
            for i in range(20):
                if i % 10 == 3:
                    words = f"the doctor and the patient {number} and {number * 7 + i}"
                    connection.request("POST", "/v1/score", json.dumps({**SMALL, "prompt": words}), {"Content-Type": "application/json"})
                    answer = connection.getresponse()
                    content = answer.read()
                    if answer.status != 503:
                        self.assertEqual(answer.status, 200, content[:300])
                        self.assertIn(words, json.loads(content)["results"][0]["prompt"]["text"])
                        status = self.server.json("GET", f"/v1/runs/{answer.getheader('Jopa-Run')}")
                        self.assertIn(words, status["result"]["results"][0]["prompt"]["text"])
                else:
                    path, expected = [("/healthz", 200), ("/", 200), ("/v1/runs/" + "0" * 32, 404), ("/nothing", 404)][i % 4]
                    connection.request("GET", path)
                    answer = connection.getresponse()
                    answer.read()
                    self.assertEqual(answer.status, expected)
            connection.close()
        with ThreadPoolExecutor(50) as pool:
            list(pool.map(client, range(50)))

    def test_bodies_cut_at_every_byte(self):
        whole = post(SMALL)
        for at in range(0, len(whole) - 1):
            got = self.server.raw(whole[:at], timeout=0.1, half=True) if at % 8 == 0 else self.cut(whole[:at])
            self.assertTrue(not got or b" 200 " not in got, (at, (got or b"")[:200]))
        text = json.dumps(SMALL)
        for at in range(len(text)):  # whole requests whose JSON is cut
            status, _, content = self.server.request("POST", "/v1/score", text[:at])
            self.assertEqual(status, 400, content[:200])

    def cut(self, content):
        with socket.create_connection(("127.0.0.1", self.server.port)) as s:
            s.sendall(content)

    def test_long_headers(self):
        self.assertIn(b" 431 ", self.server.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100000 + b"\r\n\r\n") or b" 431 ")
        for content in (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Header: 1234567\r\n" * 600000, b"GET /" + b"a" * 10_000_000, b"\x00" * 10_000_000):
            self.assertNotIn(b"200 OK", self.server.raw(content, timeout=5, half=True))

    def test_slow_clients_leave_room(self):
        """More of them than there are places, each of which sent a part of its request, or that and an end."""
        held = []
        for i in range(620):
            s = socket.create_connection(("127.0.0.1", self.server.port))
            s.sendall(post(SMALL)[:40 + i % 100])
            if i % 3 == 0:
                s.shutdown(socket.SHUT_WR)
            held.append(s)
        started = time.monotonic()
        self.assertTrue(self.server.alive())
        self.assertLess(time.monotonic() - started, 10)
        for s in held:
            s.close()

    def test_no_http(self):
        draw = random.Random(5)
        for content in (b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                        b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: -5\r\n\r\n",
                        b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"GET /%00%ff/../.. HTTP/1.1\r\nHost: localhost\r\n\r\n",
                        *(bytes(draw.randrange(256) for _ in range(draw.randrange(1, 400))) for _ in range(100))):
            self.server.raw(content, timeout=0.1, half=True)

    def test_pipelined_and_old(self):
        one = post(SMALL)
        got = self.server.raw(one * 5 + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self.assertEqual(got.count(b"HTTP/1.1 200 OK"), 6)
        for request in (b"GET /healthz HTTP/1.0\r\n\r\n", post(SMALL, version="HTTP/1.0")):
            self.assertTrue(self.server.raw(request).startswith((b"HTTP/1.0 200", b"HTTP/1.1 200")))
        run = self.server.begin("explain", ASK)
        self.assertIn(b"event: result", self.server.raw(f"GET /v1/runs/{run}/events HTTP/1.0\r\n\r\n".encode()))

    def test_a_long_chunked_body(self):
        piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
        head = b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        self.assertIn(b" 413 ", self.server.raw(head + piece * 60 + b"0\r\n\r\n"))

    def test_in_the_middle_of_a_cancel(self):
        """Questions, cancels, streams and reports of the same runs, from many threads at once."""
        def client(number):
            draw = random.Random(number)
            for _ in range(6):
                run = self.server.begin("explain", draw.choice((LONG, ASK)))
                acts = [lambda: self.server.request("DELETE", f"/v1/runs/{run}"), lambda: self.server.request("GET", f"/v1/runs/{run}"),
                        lambda: self.cut(f"GET /v1/runs/{run}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()),
                        lambda: self.server.request("GET", f"/v1/runs/{run}/report?format=html"),
                        lambda: self.server.request("POST", "/v1/score", {"like": run, "hide": ["0"]}) if draw.random() < 0.3 else None]
                draw.shuffle(acts)
                for act in acts:
                    act()
                self.server.request("DELETE", f"/v1/runs/{run}")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(client, range(8)))

    def test_deep_and_wide_json(self):
        for text in ("[" * 100000, '{"prompt":' * 3000, '{"messages": ' + "[" * 3000 + "]" * 3000 + "}", json.dumps({f"x{i}": i for i in range(20000)}),
                     json.dumps({"prompt": "a", "hide": ["zz"] * 50000}), json.dumps({"prompt": "a\u0000b"}), '{"prompt": "\\u0000"}', '{"prompt": "\\ud800"}',
                     json.dumps({"prompt": "a", "k": 10 ** 400})):
            for path in ("/v1/score", "/v1/completions", "/v1/runs", "/tokenize"):
                status, _, content = self.server.request("POST", path, text)
                self.assertIn(status, (400, 422, 200) if path in ("/v1/completions", "/tokenize") else (400, 422), content[:200])

    def test_ends_in_the_middle_of_everything(self):
        server = self.start()
        runs = [server.begin("explain", LONG) for _ in range(3)]
        listeners = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
        for i, s in enumerate(listeners):
            s.sendall(f"GET /v1/runs/{runs[i % 3]}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() if i % 2 else post(LONG, "/v1/explain"))
        time.sleep(0.3)
        started = time.monotonic()
        self.assertEqual(server.end(), (0, ""))
        self.assertLess(time.monotonic() - started, 20)
        for s in listeners:
            s.close()


if __name__ == "__main__":
    main()
