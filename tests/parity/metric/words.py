"""Compares metric_pairs with sacrebleu and rouge-score; run by test_metric_words.sh inside their environment."""
import subprocess
import sys

import sacrebleu
from pairs import pairs
from rouge_score import rouge_scorer

TOLERANCE = 1e-6


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
        want = [sacrebleu.sentence_bleu(hypothesis, [reference]).score, scores["rouge1"].fmeasure, scores["rougeL"].fmeasure]
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
