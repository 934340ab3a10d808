"""What the tests of the server share: one that runs, and requests to it."""
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SOURCE = Path(os.environ["JOPA_SOURCE_DIR"])
BUILD = Path(os.environ["JOPA_BUILD_DIR"])
JOPA = os.environ["JOPA"]
SANITIZED = os.environ["JOPA_SANITIZED"]
PROMPT = "write a short story where the doctor and the patient become friend after a long surgery"
ASK = {"prompt": PROMPT, "response": " the doctor is a friend", "unit": "word", "k": 2, "metrics": "none", "budget": 40}
LONG = {"prompt": " ".join([PROMPT] * 3), "response": " the doctor", "method": "random", "k": 9, "budget": 2000000000, "metrics": "none"}


def write_model(path, **options):
    subprocess.run([BUILD / "tests/cli/tiny_model", path, *(f"{k}={v}" for k, v in options.items())], check=True)
    return path


class Server:
    """`jopa serve` at a free port of this machine."""

    def __init__(self, *arguments, command=JOPA, port=0):
        words = [command, "serve", "--port", port, "-t", 1, *arguments]
        self.process = subprocess.Popen([str(w) for w in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        start_new_session=True)
        self.link = self.process.stdout.readline().decode().strip()
        if not self.link:
            raise AssertionError(self.process.communicate()[1].decode(errors="replace")[-4000:])
        self.port = int(re.search(r":(\d+)/", self.link)[1])

    def request(self, method, path, body=None, headers=(), timeout=120):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        given = {"Content-Type": "application/json"} if body is not None else {}
        text = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        connection.request(method, path, text, {**given, **dict(headers)})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, content

    def json(self, method, path, body=None, status=200, **options):
        got, _, content = self.request(method, path, body, **options)
        if got != status:
            raise AssertionError(f"{method} {path}: {got} instead of {status}: {content[:600]}")
        return json.loads(content)

    def begin(self, command, body):
        return self.json("POST", f"/v1/{command}?wait=false", body, 202)["id"]

    def wait(self, run, until=lambda s: s["state"] not in ("queued", "running"), seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status = self.json("GET", f"/v1/runs/{run}")
            if until(status):
                return status
            time.sleep(0.02)
        raise AssertionError(f"still {status['state']} after {seconds} s")

    def events(self, run):
        """(name, data) of each event until the stream ends."""
        _, _, content = self.request("GET", f"/v1/runs/{run}/events")
        for block in content.decode().split("\n\n"):
            lines = [line for line in block.split("\n") if line and not line.startswith(":")]
            if lines:
                yield lines[0].removeprefix("event: "), json.loads("\n".join(line.removeprefix("data: ") for line in lines[1:]))

    def raw(self, content, timeout=20, half=False):
        """What the server sends until it closes the connection, or is silent that long."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as s:
            got = b""
            try:
                s.sendall(content)
                if half:
                    s.shutdown(socket.SHUT_WR)
                while piece := s.recv(65536):
                    got += piece
            except (TimeoutError, ConnectionError):
                pass
            return got

    def alive(self):
        return self.json("GET", "/healthz")["status"] == "ok"

    def end(self, how=signal.SIGTERM, seconds=60):
        """(exit code, what it said on standard error)"""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            _, said = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, said.decode(errors="replace")


class Served(unittest.TestCase):
    """One server for the class, on a tiny model; it has to end well."""
    maxDiff = 4000
    command = JOPA
    arguments = ()

    @classmethod
    def setUpClass(cls):
        keeper = tempfile.TemporaryDirectory()
        cls.addClassCleanup(keeper.cleanup)
        cls.folder = Path(keeper.name)
        cls.model = write_model(cls.folder / "tiny.gguf")
        cls.server = cls.start(*cls.arguments)

    @classmethod
    def start(cls, *arguments, **options):
        return Server("-m", cls.model, *arguments, command=options.pop("command", cls.command), **options)

    @classmethod
    def tearDownClass(cls):
        code, said = cls.server.end()
        if (code, said) != (0, ""):
            raise AssertionError(f"the server ended with {code} and said: {said[-4000:]}")

    def refused(self, status, pattern, method, path, body=None, **options):
        got, _, content = self.server.request(method, path, body, **options)
        self.assertEqual(got, status, content[:300])
        message = json.loads(content)["error"]
        self.assertRegex(message["message"], pattern)
        self.assertEqual(message["code"], status)
        self.assertNotRegex(message["message"], r"--\w\w")


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
