"""Many questions on two replicas of llama-server, in JOPA_SERVERS: both are kept busy, and one that is killed, at any
moment, costs nothing."""
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from servers import Proxy, Server, wait_for_model
from cli import JOPA, Command, Failed, json, main, os, run, subprocess

WORDS = "the doctor told a patient about long rivers while old friends became quiet under seven small lamps".split()
RESPONSE = " the doctor is a friend of the patient"  # tokens that are whole characters, which a grammar can force
QUESTIONS, NOISE = 12, 0.1  # nats of a drop: the servers' keys and values are F16


def llama_server(model, **options):
    server = Server("llama-server", "-m", model, "-t", 1, "-np", 4, "-c", 4096, "--no-warmup", **options)
    wait_for_model(server)
    return server


class Counting(Proxy):
    """How many rows a replica was asked for, and how many at once at most."""

    def __init__(self, server):
        self.rows, self.at_once, self.most, self.given_up = 0, set(), 0, 0
        self.clients = set()
        super().__init__(server)

    def pass_on(self, client):
        self.clients.add(client)
        super().pass_on(client)

    def copy(self, source, target):
        asks = source in self.clients
        client = id(source if asks else target)
        super().copy(source, Watched(self, target, client, asks))
        with self.lock:
            self.given_up += client in self.at_once
            self.at_once.discard(client)

    def see(self, client, asks, data):
        """A connection has one request at a time."""
        with self.lock:
            if asks and b"POST /completion " in data:
                self.rows += 1
                self.at_once.add(client)
                self.most = max(self.most, len(self.at_once))
            elif not asks and data.startswith(b"HTTP/"):
                self.at_once.discard(client)


class Watched:
    """A socket, and what is sent by it is seen."""

    def __init__(self, proxy, socket, client, asks):
        self.proxy, self.socket, self.client, self.asks = proxy, socket, client, asks
        self.shutdown = socket.shutdown

    def sendall(self, data):
        self.proxy.see(self.client, self.asks, data)
        self.socket.sendall(data)


class Replicas(Command):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        r = random.Random(5)
        cls.data = cls.folder / "questions.jsonl"
        cls.data.write_text("".join(json.dumps({"id": f"q{i}", "prompt": " ".join(r.choice(WORDS) for _ in range(10)), "response": RESPONSE}) + "\n"
                                    for i in range(QUESTIONS)))
        cls.servers = [llama_server(cls.model) for _ in range(2)]
        for server in cls.servers:
            cls.addClassCleanup(server.kill)
        cls.here = cls.read(run(*cls.question("-m", cls.model, "-o", "delete", "-t", 1)).stdout.decode())
        cls.undisturbed = cls.read(run(*cls.question("--engine", f"http://{cls.servers[0].at}")).stdout.decode())

    @classmethod
    def question(cls, *more, command="explain"):
        """Random sets: the same by the same seed, whatever they score."""
        method = () if "-M" in more else ("-M", "random")
        return [command, *more, *method, "--data", cls.data, "-u", "word", "-k", 3, "-b", 60, "--seed", 3, "--metrics", "none"]

    @staticmethod
    def read(text):
        results = [json.loads(line) for line in text.splitlines()]
        return {x["id"]: x for x in results}

    def answered(self, found):
        """Each question once, with the set that the local engine finds, or one that is as good but for noise."""
        self.assertEqual(set(found), {f"q{i}" for i in range(QUESTIONS)})
        for i, x in found.items():
            local = self.here[i]
            self.assertAlmostEqual(x["log_prob"]["drop"], local["log_prob"]["drop"], delta=NOISE)
            self.assertEqual(x["cost"]["evaluations"], self.undisturbed[i]["cost"]["evaluations"])  # no row is billed twice

    def urls(self, *at):
        return ",".join(f"http://{a.at}" for a in at)

    def test_both_are_busy(self):
        with Counting(self.servers[0]) as a, Counting(self.servers[1]) as b:
            done = run(*self.question("--engine", self.urls(a, b), "--in-flight", 6))
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.answered(self.read(done.stdout.decode()))
            rows, evaluations = (a.rows, b.rows), sum(x["cost"]["evaluations"] for x in self.read(done.stdout.decode()).values())
            self.assertGreater(min(rows), sum(rows) / 4)
            self.assertLess(sum(rows), 1.2 * evaluations + 6 * QUESTIONS)  # probes and noise beside what is billed
            for proxy in (a, b):  # 4 slots; a row that another replica was asked for too is given up at once, and seen later
                self.assertTrue(2 <= proxy.most <= 4 + proxy.given_up, (proxy.most, proxy.given_up))

    def test_one_is_killed(self):
        """A server that has just been started is the slower of the two: it is sure of a tenth of the rows."""
        r = random.Random(os.environ.get("JOPA_TEST_SEED"))
        for _ in range(3):
            with llama_server(self.model) as mortal, Counting(mortal) as proxy:
                process, moment = self.start(self.urls(proxy, self.servers[0])), r.randrange(10, 6 * QUESTIONS)
                while process.poll() is None and proxy.rows < moment:
                    time.sleep(0.001)
                self.assertIsNone(process.poll(), f"it ended at row {proxy.rows} of that server, before row {moment}")
                mortal.kill()
                out, said = process.communicate(timeout=100)
                with self.subTest(killed_at=moment):
                    self.assertEqual((process.returncode, said), (0, b""))
                    self.answered(self.read(out.decode()))

    def start(self, engine, *more):
        return subprocess.Popen([JOPA, *map(str, self.question("--engine", engine, "--in-flight", 4, *more))],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def test_all_are_killed_and_it_goes_on(self):
        results = self.folder / "killed.jsonl"
        a, b = llama_server(self.model), llama_server(self.model)
        with a, b:
            process = self.start(self.urls(a, b), "--results", results)
            while process.poll() is None and not (results.exists() and results.stat().st_size):
                time.sleep(0.001)
            a.kill()
            b.kill()
            said = process.communicate(timeout=100)[1].decode()
            self.assertEqual(process.returncode, Failed, said)
            self.assertRegex(said, r"\Ajopa: [^\n]+\n\Z")
        kept = self.read(results.read_text())
        self.assertTrue(0 < len(kept) < QUESTIONS)
        done = run(*self.question("--engine", self.urls(*self.servers), "--in-flight", 4, "--results", results))
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        found = self.read(results.read_text())
        self.answered(found)
        self.assertEqual({i: found[i] for i in kept}, kept)

    def test_compare(self):
        done = run(*self.question("--engine", self.urls(*self.servers), "--in-flight", 4, "-M", "ablation,random", command="compare"))
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        found = [json.loads(line)["results"] for line in done.stdout.decode().splitlines()]
        self.assertEqual(len(found), QUESTIONS)
        self.assertTrue(all([x["method"] for x in results] == ["ablation", "random"] for results in found))


if __name__ == "__main__":
    main()
