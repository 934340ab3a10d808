"""What the tests share: a tiny random GGUF model, the default model, and tiny random PyTorch models."""

import os
import subprocess
from pathlib import Path

import jopa
import pytest

PROMPT = "write a short story where the doctor and the patient become friend after a long surgery"
RESPONSE = " the doctor is a friend of the patient"
BUILD = Path(os.environ["JOPA_BUILD_DIR"])
MODEL = Path(os.environ["JOPA_MODEL"])


@pytest.fixture(scope="session")
def tiny_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "tiny.gguf"
    subprocess.run([BUILD / "tests/cli/tiny_model", path], check=True)
    return path


@pytest.fixture(scope="session")
def tiny(tiny_file):
    with jopa.Model(tiny_file, n_threads=1) as model:
        yield model


@pytest.fixture
def fast():
    """Keywords of a question that is answered at once."""
    return {"response": RESPONSE, "unit": "word", "k": 2, "metrics": "none", "budget": 20}


@pytest.fixture(scope="session")
def tokenizer():
    transformers = pytest.importorskip("transformers")
    return transformers.AutoTokenizer.from_pretrained(MODEL.parent, gguf_file=MODEL.name)


@pytest.fixture(scope="session")
def smol(tokenizer):
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(MODEL.parent, gguf_file=MODEL.name, dtype=torch.float32).eval()
