"""`--rpc`: the local engine on ggml-rpc-servers that this test starts. JOPA_SERVERS has the program."""
import random
import signal
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from servers import Listener, Proxy, free_port, rpc_server
from cli import JOPA, PROMPT, Command, Failed, Interrupted, Usage, json, main, os, run, subprocess, write_model

METRICS = [line.split()[0] for line in run("list", "metrics").stdout.decode().splitlines()]
MODEL = os.environ["JOPA_MODEL"]
WITHOUT_OUR_BACKEND = {"ONEDNN_MAX_CPU_ISA": "SSE41"}  # products in bfloat16, attention in F32
LOST = r"^jopa: (the ggml-rpc-server at|what listens at) 127\.0\.0\.1:\d+ (was lost:|is no ggml-rpc-server,) "


class Rpc(Command):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.servers = [rpc_server() for _ in range(2)]
        for server in cls.servers:
            cls.addClassCleanup(server.kill)
        cls.at = [server.at for server in cls.servers]
        cls.both = ",".join(cls.at)

    def ask(self, *arguments, **options):
        return self.explain(PROMPT, "-n", 8, "--seed", 3, *arguments, **options)

    def arguments(self, *more, model=None):
        return ["explain", "-m", model or self.model, "-t", 1, "-n", 8, PROMPT, *more]


class Numbers(Rpc):
    def same(self, here, there, per_token):
        self.assertEqual(there["selected"], here["selected"])
        self.assertEqual(there["response"]["text"], here["response"]["text"])
        bound = per_token * len(here["response"]["tokens"])
        for name in ("full", "masked", "drop"):
            self.assertAlmostEqual(there["log_prob"][name], here["log_prob"][name], delta=bound)
        self.assertEqual(there["cost"]["evaluations"], here["cost"]["evaluations"])

    def test_float_model(self):
        """All operators and gradients: what is computed is the same to the last digits of F32."""
        for more in ([], ["-o", "mean"], ["-o", "delete"], ["-o", "token:x", "-u", "word"], ["-M", "integrated-gradients"],
                     ["--metrics", ",".join(m for m in METRICS if m != "meaning")], ["-M", "attention"]):
            here = self.ask(*more)
            for at in (self.at[0], self.both):
                with self.subTest(more=more, at=at):
                    there = self.ask(*more, "--rpc", at)
                    self.same(here, there, 1e-5)
                    self.assertEqual(there["model"]["devices"], at)
            self.assertNotIn("devices", here["model"])

    def test_layers_on_both_sides(self):
        self.same(self.ask(), self.ask("--rpc", self.at[0], "--gpu-layers", 1), 1e-5)

    def test_default_model(self):
        """Its quantized weights are F16 on the servers, as here where the processor has no bfloat16."""
        arguments = dict(model=MODEL, threads=("-t", 2))
        here = self.ask("-M", "ablation", **arguments)
        plain = self.ask("-M", "ablation", **arguments, env=WITHOUT_OUR_BACKEND)
        there = self.ask("-M", "ablation", "--rpc", self.both, **arguments)
        self.assertEqual(there["model"]["weights"], "F16")
        self.same(plain, there, 1e-4)
        per_token = abs(there["log_prob"]["full"] - here["log_prob"]["full"]) / len(here["response"]["tokens"])
        self.assertLess(per_token, 0.02)
        for a, b in zip(here["units"], there["units"]):
            self.assertAlmostEqual(a["score"], b["score"], delta=0.3)

    def test_other_commands(self):
        for command in (["compare", "-M", "ablation,random"], ["score", "--hide", "0,2"], ["audit"], ["compress"]):
            with self.subTest(command):
                here, there = (self.explain(PROMPT, "-n", 5, *command[1:], *rpc, command=command[0])
                               for rpc in ((), ("--rpc", self.both)))
                for a, b in zip(here.get("results", [here]), there.get("results", [there])):
                    self.assertAlmostEqual(a["log_prob"]["drop"], b["log_prob"]["drop"], delta=1e-4)

    def test_said_in_reports_and_lists(self):
        page = self.ask("-F", "html", "--rpc", self.at[0])
        self.assertIn(self.at[0], page)
        listed = run("list", "engines", "-m", self.model, "--rpc", self.both)
        self.assertEqual((listed.returncode, listed.stderr), (0, b""))
        self.assertIn(self.both, listed.stdout.decode())


class Refused(Rpc):
    def test_malformed(self):
        for value in ("127.0.0.1", "127.0.0.1:", ":50052", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:5x", "::1:50052",
                      "http://127.0.0.1:1", self.at[0] + ",", ","):
            with self.subTest(value):
                self.refused(Usage, "--rpc", *self.arguments("--rpc", value))
        self.refused(Usage, "twice", *self.arguments("--rpc", f"{self.at[0]},{self.at[0]}"))
        self.refused(Usage, "leave --rpc or --engine out", *self.arguments("--rpc", self.at[0], "--engine", "http://127.0.0.1:1"))
        self.refused(Failed, "no host called 'nowhere.invalid'", *self.arguments("--rpc", "nowhere.invalid:50052"))

    def within(self, seconds, pattern, at):
        start = time.monotonic()
        self.refused(Failed, pattern, *self.arguments("--rpc", at))
        self.assertLess(time.monotonic() - start, seconds)

    def test_nobody_there(self):
        self.within(5, "nothing listens at", f"127.0.0.1:{free_port()}")
        self.within(5, "nothing listens at", f"{self.at[0]},127.0.0.1:{free_port()}")

    def answering(self, *pieces):
        def answer(connection):
            connection.recv(1 << 10)
            for piece in pieces:
                connection.sendall(piece)
        return Listener(answer)

    def test_others_there(self):
        def version(*numbers):
            return struct.pack("<Q", 28) + bytes(numbers) + bytes(28 - len(numbers))
        for pattern, pieces in [
            ("an HTTP server", [b"HTTP/1.1 400 Bad Request\r\n\r\n"]),
            ("of another release", []),
            ("of another release", [b"\0"]),
            ("of another release", [struct.pack("<Q", 1 << 60)]),
            ("of another release", [struct.pack("<Q", 3) + b"\x02\0\0"]),
            (r"speaks protocol 6\.1\.2, this libllama \d+\.\d+\.\d+", [version(6, 1, 2)]),
            (r"speaks protocol 255\.255\.255", [version(255, 255, 255)]),
            ("of another release", [random.randbytes(36)]),
        ]:
            with self.subTest(pieces), self.answering(*pieces) as other:
                self.within(11, pattern, other.at)

    def test_http_server_that_waits(self):
        def answer(connection):
            got = b""
            while b"\r\n\r\n" not in got:
                got += connection.recv(1 << 10)
            connection.sendall(b"HTTP/1.1 404 Not Found\r\n\r\n")
        with Listener(answer) as other:
            self.within(11, "an HTTP server", other.at)

    def test_busy_or_stopped(self):
        with rpc_server() as server:
            server.stop()
            self.within(11, "does not answer", server.at)
            server.go_on()
            self.ask("--rpc", server.at)


class Lost(Rpc):
    """A server that is lost at any moment is one line and exit code 1; never a wrong result."""

    def outcome(self, done, whole):
        said = done.stderr.decode()
        if done.returncode == 0:
            self.assertEqual(said, "")
            self.assertEqual(json.loads(done.stdout)["selected"], whole["selected"])
            return False
        self.assertEqual(done.returncode, Failed, said)
        self.assertRegex(said, LOST)
        self.assertEqual(said.count("\n"), 1, said)
        self.assertEqual(done.stdout, b"")
        return True

    def test_cut_after_any_byte(self):
        whole, size = self.ask("--rpc", self.at[0]), []
        with Proxy(self.servers[0]) as proxy:
            self.ask("--rpc", proxy.at)
            size = proxy.total
        r, lost = random.Random(os.environ.get("JOPA_TEST_SEED")), 0
        moments = [r.randrange(size) for _ in range(12)] + [r.randrange(2000) for _ in range(6)] + [
            size - r.randrange(20000) for _ in range(2)]
        for moment in moments:
            with self.subTest(moment), Proxy(self.servers[0], lambda total: total < moment) as proxy:
                lost += self.outcome(run(*self.arguments("--seed", 3, "--rpc", f"{self.at[1]},{proxy.at}")), whole)
        self.assertGreater(lost, len(moments) // 2)

    def start(self, at):
        """A run without end."""
        arguments = self.arguments("-M", "random", "-b", 10**8, "-k", 5, "--rpc", at)
        return subprocess.Popen([JOPA, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def until_it_runs(self, proxy, process):
        """The weights, 1 MB, have passed long ago."""
        deadline = time.monotonic() + 60
        while proxy.total < 2e7 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertIsNone(process.poll())

    def test_killed_in_the_middle(self):
        with rpc_server() as server, Proxy(server) as proxy, self.start(proxy.at) as process:
            self.until_it_runs(proxy, process)
            server.kill()
            start = time.monotonic()
            out, said = process.communicate(timeout=60)
            self.assertLess(time.monotonic() - start, 5)
            self.assertEqual((process.returncode, out), (Failed, b""))
            self.assertRegex(said.decode(), LOST)

    def test_stopped_in_the_middle(self):
        """Nobody knows how long a batch takes: Ctrl-C is heard all the same."""
        with rpc_server() as server, Proxy(server) as proxy, self.start(proxy.at) as process:
            self.until_it_runs(proxy, process)
            server.stop()
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            start = time.monotonic()
            said = process.communicate(timeout=60)[1].decode()
            self.assertLess(time.monotonic() - start, 15)
            self.assertIn(process.returncode, (Failed, Interrupted), said)
            self.assertEqual(said.count("\n"), 1, said)

    def test_interrupted_with_its_best(self):
        """A stop does not lose the servers: the best set so far is measured with them."""
        x = self.explain(PROMPT, "-n", 8, "--time", 0.5, "-b", 100000, "--rpc", self.both, model=MODEL)
        self.assertEqual(x["stopped"], "time")
        self.assertIsNotNone(x["log_prob"]["drop"])


if __name__ == "__main__":
    main()
