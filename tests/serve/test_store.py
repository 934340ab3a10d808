"""--store: what is finished is there after any end of the server, whole; what is not leaves nothing behind."""
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from server import ASK, JOPA, LONG, Served, main


class Store(Served):
    def setUp(self):
        self.store = self.folder / self.id().rsplit(".", 1)[-1]

    def launch(self, *arguments):
        server = self.start("--store", self.store, *arguments)
        self.addCleanup(server.process.kill)
        return server

    def test_survives_a_restart_and_little_memory(self):
        server = self.launch("--keep", 0)
        runs = [server.begin("explain", {**ASK, "seed": seed}) for seed in range(4)]
        results = [server.wait(run)["result"] for run in runs]
        self.assertEqual(server.end(), (0, ""))
        server = self.launch()
        self.assertEqual([server.json("GET", f"/v1/runs/{run}")["result"] for run in runs], results)
        self.assertEqual(server.request("GET", f"/v1/runs/{runs[0]}/report?format=svg")[0], 200)
        server.json("DELETE", f"/v1/runs/{runs[0]}")
        self.assertEqual(server.request("GET", f"/v1/runs/{runs[0]}")[0], 404)
        self.assertEqual(server.end(), (0, ""))
        files = sorted(self.store.iterdir())
        self.assertEqual([f.stem for f in files], sorted(runs[1:]))
        for file in files:  # each is what the command reads
            subprocess.run([JOPA, "render", file, "-F", "text"], check=True, stdout=subprocess.DEVNULL)

    def test_an_end_writes_what_runs(self):
        server = self.launch()
        run = server.begin("explain", LONG)
        server.wait(run, lambda s: s.get("progress", {}).get("best"))
        self.assertEqual(server.end(), (0, ""))
        result = json.loads((self.store / f"{run}.json").read_text())
        self.assertEqual(result["stopped"], "interrupted")

    def test_killed_at_any_moment(self):
        draw, finished, took = random.Random(3), {}, 0.1
        for _ in range(int(os.environ.get("FAULT_KILLS", 6))):
            server = self.launch()
            for run, result in finished.items():
                self.assertEqual(server.json("GET", f"/v1/runs/{run}")["result"], result)
            killer = threading.Timer(draw.uniform(0.5, 6) * took, lambda: server.process.send_signal(signal.SIGKILL))
            killer.start()
            try:
                for seed in range(1000):
                    started = time.monotonic()
                    _, headers, content = server.request("POST", "/v1/explain", {**ASK, "seed": seed})
                    finished[headers["jopa-run"]] = json.loads(content)
                    took = time.monotonic() - started
            except (OSError, ValueError, KeyError):
                took = max(took, time.monotonic() - started)  # a slow machine: later next time
            killer.join()
            server.process.communicate()
        self.assertTrue(finished)
        server = self.launch()
        for run, result in finished.items():
            self.assertEqual(server.json("GET", f"/v1/runs/{run}")["result"], result)
        self.assertEqual(server.end(), (0, ""))
        self.assertEqual([f.name for f in self.store.iterdir() if f.suffix != ".json"], [])

    def test_names_that_are_no_ids(self):
        self.store.mkdir()
        (self.folder / "secret.json").write_text("{}")
        server = self.launch()
        for name in ("../secret", "..%2fsecret", "%2e%2e/secret", "a" * 32, "." * 32, "/" * 32):
            self.assertEqual(server.request("GET", f"/v1/runs/{name}")[0], 404)
        (self.store / ("a" * 32 + ".json")).symlink_to(self.folder / "secret.json")
        (self.store / ("b" * 32 + ".json")).write_text("{")
        for name in "ab":
            self.assertEqual(server.request("GET", f"/v1/runs/{name * 32}")[0], 404)
        self.assertEqual(server.end(), (0, ""))


if __name__ == "__main__":
    main()
