"""Servers on this machine, started by a test and ended with it, and proxies between it and them."""
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "cli/tool"))

SERVERS = Path(os.environ["JOPA_SERVERS"])


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Server:
    """A process that listens at a free port; `with` ends it."""

    def __init__(self, program, *arguments, port=None):
        self.port = port or free_port()
        self.at = f"127.0.0.1:{self.port}"
        self.process = subprocess.Popen([SERVERS / program, *map(str, arguments), "--port", str(self.port)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not self.listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(f"{program} does not start")
            time.sleep(0.02)

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()


def wait_for_model(server):
    """A llama-server listens before its model is there. Returns the server's address for `--engine`."""
    at, deadline = f"http://{server.at}", time.monotonic() + 60
    asked = [os.environ["JOPA"], "list", "engines", "--engine", at]
    while subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True).returncode and time.monotonic() < deadline:
        time.sleep(0.05)
    return at


def rpc_server(**options):
    return Server("ggml-rpc-server", "-t", 1, **options)


class Listener:
    """A listener of a thread; answer(connection) has each in turn."""

    def __init__(self, answer):
        self.answer = answer
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.at = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                self.answer(connection)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


class Proxy(Listener):
    """Passes on what goes to a server; behind() is told of every piece that comes, with the bytes so far in both
    directions together, and may close the connection by saying False."""

    def __init__(self, server, behind=lambda total: True):
        self.server, self.behind, self.total = server, behind, 0
        self.lock = threading.Lock()
        super().__init__(self.pass_on)

    def pass_on(self, client):
        with socket.create_connection(("127.0.0.1", self.server.port)) as server:
            for s in (client, server):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # small messages, each awaited
            back = threading.Thread(target=self.copy, args=(server, client), daemon=True)
            back.start()
            self.copy(client, server)
            back.join()

    def copy(self, source, target):
        try:
            while data := source.recv(1 << 14):
                with self.lock:
                    self.total += len(data)
                    if not self.behind(self.total):
                        break
                target.sendall(data)
        except OSError:
            pass
        for s in (source, target):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
