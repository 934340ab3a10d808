"""The default model and encoder, which the package's scripts fetch once into the user's cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from . import errors


def scripts_folder() -> Path:
    """Those in the package; in a source tree that is used in place, the tree's."""
    here = Path(__file__).resolve().parent
    return here / "scripts" if (here / "scripts").is_dir() else here.parents[1] / "scripts"


def _fetch(script: str, what: str) -> str:
    path = scripts_folder() / script
    # the script's python3 is this one, where that has pip
    search = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)])
    try:
        done = subprocess.run(
            ["bash", os.fspath(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PATH": search},
            check=False,
        )
    except OSError as e:
        raise errors.FileError(f"cannot fetch {what}: {e}") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason was given"]
        raise errors.FileError(f"{what} could not be fetched: {lines[-1]}")
    return done.stdout.strip()


def default_model() -> str:
    """The file of SmolLM2-135M-Instruct."""
    return _fetch("fetch-model.sh", "the default model")


def default_encoder() -> str:
    """The file of all-MiniLM-L6-v2, for the metric `meaning`."""
    return _fetch("fetch-encoder.sh", "the sentence encoder")
