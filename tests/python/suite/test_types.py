"""Types: the sources under mypy --strict, the stubs against the module, and what a user's program sees."""

import os
import subprocess
import sys
from pathlib import Path

import jopa
import pytest

SOURCE = Path(os.environ["JOPA_SOURCE_DIR"])
SITE = Path(jopa.__file__).parents[1]
PATH = "" if SITE.name == "site-packages" else str(SITE)  # mypy looks there itself
CONFIG = SOURCE / "pyproject.toml"

PROGRAM = """
import jopa
model = jopa.Model("m.gguf", n_threads=1, precise=True, encoder=None)
x = model.explain("a", unit="word", k=2, metrics=["prob"], target=(0, 3), sparsity=0.2, raw=True, max_tokens=None)
reveal_type(x.units[0].score)
reveal_type(model.compare([{"role": "user", "content": "a"}], methods=["jopa"])[0])
reveal_type(model.audit("a", threshold=1).words)
with model.session("a") as s:
    reveal_type(s.drop([["a", 3], "b", 3]))
    s.explain(k=3).to_pandas()
jopa.bench(model, ["a"], methods="jopa", results="r.jsonl").to_html()
model.explain("a", k="many")
model.explain("a", unti="word")
x.render("text", wide=3)
"""
SAID = [
    "float | None",
    "Explanation",
    "jopa.parts.Trigger",
    "ndarray",
    'incompatible type "str"; expected "int | None"',
    'Unexpected keyword argument "unti"',
    'Unexpected keyword argument "wide"',
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """What mypy found of other packages, for all tests with the same settings."""
    return tmp_path_factory.mktemp("mypy")


def run(*command, folder, **environment):
    return subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=folder,
        text=True,
        capture_output=True,
        env={**os.environ, "MYPYPATH": PATH, **environment},
    )


def test_sources(tmp_path, cache):
    done = run(
        "mypy",
        "--config-file",
        CONFIG,
        SOURCE / "python/jopa",
        folder=tmp_path,
        MYPYPATH="",
        MYPY_CACHE_DIR=str(cache),
    )
    assert done.returncode == 0, done.stdout


def test_a_users_program(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    done = run("mypy", "--strict", "--cache-dir", tmp_path, "program.py", folder=tmp_path)
    lines = [line for line in done.stdout.splitlines() if "Revealed type" in line or "error:" in line]
    assert len(lines) == len(SAID), done.stdout
    for line, said in zip(lines, SAID):
        assert said in line, line


def test_stubs(tmp_path, cache):
    """What a signature says is what the table has now."""
    (tmp_path / "allow").write_text(r"jopa\.scripts.*" "\n")  # programs, not modules
    done = run(
        "mypy.stubtest",
        "jopa",
        "--allowlist",
        tmp_path / "allow",
        "--ignore-unused-allowlist",
        "--mypy-config-file",
        CONFIG,
        folder=tmp_path,
        MYPY_CACHE_DIR=str(cache),
    )
    assert done.returncode == 0, done.stdout
    stub = (SITE / "jopa/model.pyi").read_text()
    for option in (
        "sparsity: float | None",
        "raw: bool | None",
        "k: int | None",
        "metrics: str | Sequence[str] | None",
    ):
        assert option in stub


def test_a_stub_that_lags_is_seen(tmp_path, cache):
    """An option that the table has and the stub lacks is found by the test above."""
    import shutil

    shutil.copytree(SITE / "jopa", tmp_path / "jopa", ignore=shutil.ignore_patterns("scripts", "__pycache__"))
    stub = tmp_path / "jopa/model.pyi"
    stub.write_text(stub.read_text().replace(", sparsity: float | None=...", ""))
    done = run(
        "mypy.stubtest",
        "jopa.model",
        "--mypy-config-file",
        CONFIG,
        folder=tmp_path,
        MYPYPATH=str(tmp_path),
        PYTHONPATH=str(tmp_path),
        MYPY_CACHE_DIR=str(cache),
    )
    assert done.returncode == 1 and "sparsity" in done.stdout, done.stdout
