"""Compares metric_pairs with sacrebleu and rouge-score, whose own words are those of ASCII texts; run by test_metric_words.sh inside their environment."""
import subprocess
import sys
import unicodedata

import sacrebleu
from pairs import pairs
from rouge_score import rouge_scorer

TOLERANCE = 1e-6
ALONE = [(0x0e00, 0x0eff), (0x1000, 0x109f), (0x1780, 0x17ff), (0x2e80, 0x2fdf), (0x3005, 0x3007), (0x3021, 0x3029),
         (0x3031, 0x3035), (0x3040, 0x312f), (0x31a0, 0x31ff), (0x3400, 0x4dbf), (0x4e00, 0xa4cf), (0xa9e0, 0xa9ff),
         (0xaa60, 0xaa7f), (0xf900, 0xfaff), (0xff66, 0xff9f), (0x1b000, 0x1b16f), (0x20000, 0x3ffff)]


class EveryScript:
    """rouge-score's tokenizer, but with words of every script: src/metric/words.h."""

    def __init__(self, all):
        self.all = all

    def tokenize(self, text):
        words, alone, open_word = [], False, False
        for c in text:
            kind, single = unicodedata.category(c)[0], any(a <= ord(c) <= b for a, b in ALONE)
            lower = "i" if c == "\u0130" else c.lower()
            if self.all:
                words += [] if c.isspace() and c not in "\x1c\x1d\x1e\x1f" else [lower]
            elif kind not in "LMN":
                open_word = False
            elif open_word and (kind == "M" or not (single or alone)):
                words[-1] += lower
            else:
                words.append(lower)
                alone, open_word = single, True
        return words


def rouge_of(hypothesis, reference):
    scorers = [rouge_scorer.RougeScorer(["rouge1", "rougeL"], tokenizer=EveryScript(all)) for all in (False, True)]
    worded = any(EveryScript(False).tokenize(t) for t in (hypothesis, reference))
    if not worded and hypothesis and hypothesis == reference and not hypothesis.strip():
        return 1, 1
    scores = scorers[not worded].score(reference, hypothesis)
    return scores["rouge1"].fmeasure, scores["rougeL"].fmeasure



def ours(program, texts):
    data = b"".join(b"%d %d\n%s%s" % (len(a), len(b), a, b) for a, b in ((x.encode(), y.encode()) for x, y in texts))
    lines = subprocess.run([program], input=data, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    assert len(lines) == len(texts), f"{len(lines)} answers to {len(texts)} pairs"
    return [[float(x) for x in line.split()] for line in lines]


def main():
    texts = pairs()
    rouge = rouge_scorer.RougeScorer(["rouge1", "rougeL"], use_stemmer=False)
    worst, failures, partial = [0.0] * 3, 0, [0] * 3
    for (hypothesis, reference), got in zip(texts, ours(sys.argv[1], texts)):
        scores = rouge.score(reference, hypothesis)
        plain = (hypothesis + reference).isascii() and any(c.isalnum() for c in hypothesis + reference)
        words = (scores["rouge1"].fmeasure, scores["rougeL"].fmeasure) if plain else rouge_of(hypothesis, reference)
        want = [sacrebleu.sentence_bleu(hypothesis, [reference]).score, *words]
        for i, (x, y) in enumerate(zip(got[1:], want)):
            worst[i] = max(worst[i], abs(x - y))
            partial[i] += 0 < y < (100 if i == 0 else 1)
        if not 0 <= got[0] <= 1 or any(abs(x - y) > TOLERANCE for x, y in zip(got[1:], want)):
            failures += 1
            print(f"hypothesis {hypothesis!r} reference {reference!r}: {got[1:]} instead of {want}")
    print(f"{len(texts)} pairs; largest difference: BLEU {worst[0]:.1e}, ROUGE-1 {worst[1]:.1e}, ROUGE-L {worst[2]:.1e}")
    assert min(partial) > 500, f"too few pairs that overlap in part: {partial}"
    return failures > 0


sys.exit(main())
