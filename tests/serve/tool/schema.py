"""Run by test_schema.sh: a server on a tiny model, and schemathesis on its own document."""
import subprocess
import sys
import tempfile
from pathlib import Path

from server import Server, write_model

EXAMPLES, SEED = 12, 1
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,unsupported_method"


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Server("-m", write_model(Path(folder) / "tiny.gguf"), "--time", 0.3)
        words = [Path(sys.executable).parent / "schemathesis", "run", f"{server.link}openapi.json", "--checks", CHECKS,
                 "--max-examples", EXAMPLES, "--seed", SEED, "--no-color", "--phases", "examples,coverage,fuzzing", "--exclude-operation-id", "events",
                 "--request-timeout", 20, "--generation-database", "none"]
        done = subprocess.run([str(w) for w in words], cwd=folder)
        alive = server.alive()
        code, said = server.end()
        print(f"the server ended with {code}: {said[-2000:]}")
        return done.returncode or code or not alive or bool(said)


if __name__ == "__main__":
    sys.exit(main())
