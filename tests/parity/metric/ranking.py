"""Compares metric_ranking with scipy and with the formulas of context-cite 0.0.4; run by test_metric_ranking.sh."""
import math
import subprocess
import sys
import warnings

import numpy as np
from scipy.stats import spearmanr

TOLERANCE = 1e-6
UNITS, SUBSETS, SIZES = 24, 128, (1, 3, 5)
warnings.simplefilter("ignore")  # of correlations that are not defined


def same(got, want):
    return math.isnan(got) and math.isnan(want) or abs(got - want) < TOLERANCE


def pairs(random):
    """Numbers with many ties, with few, with none; all equal; one alone; infinite ones; those that go up together."""
    for n in (1, 2, 3, 5, 17, 128, 1000):
        for levels in (1, 2, 3, n, 10**9):
            for _ in range(12):
                yield random.integers(levels, size=n) / 7, random.integers(levels, size=n) * -1e-3
            x = random.normal(size=n)
            yield x, np.exp(x)
            yield np.where(x < -1, -np.inf, x), -x


def logit(log_p):
    """What context-cite's aggregate_logit_probs makes of a response's log-probability."""
    return log_p - np.log1p(-np.exp(log_p))


def check_spearman(program):
    asked = list(pairs(np.random.default_rng(5)))
    text = "".join(f"{len(x)}\n{' '.join(map(repr, x.tolist() + y.tolist()))}\n" for x, y in asked)
    got = subprocess.run([program, "spearman"], input=text, capture_output=True, text=True, check=True).stdout.split()
    assert len(got) == len(asked)
    defined = 0
    for value, (x, y) in zip(map(float, got), asked):
        want = spearmanr(x, y).statistic if len(x) > 1 else math.nan
        assert same(value, want), f"{value} instead of {want}: {x} {y}"
        defined += not math.isnan(want)
    print(f"{len(asked)} correlations, of which {defined} are defined")
    assert defined > 300


def check_problem(fields):
    numbers = iter(fields)
    full, weight, pair, score, lds, top = (np.array([float(next(numbers)) for _ in range(n)])
                                           for n in (1, UNITS, UNITS // 2, UNITS, 1, len(SIZES)))
    full, lds, rest = full[0], lds[0], list(numbers)
    hidden, drop = np.array([[int(c) for c in bits] for bits in rest[::2]]), np.array(rest[1::2], float)
    assert len(hidden) == SUBSETS

    def log_p(h):
        return full - h @ weight - (h[..., ::2] * h[..., 1::2]) @ pair

    assert np.allclose(full - drop, log_p(hidden), rtol=0, atol=TOLERANCE)
    want = spearmanr((1 - hidden) @ score, logit(log_p(hidden))).statistic
    assert same(lds, want), f"lds {lds} instead of {want}"
    for k, got in zip(SIZES, top):
        without = np.isin(np.arange(UNITS), np.argsort(score)[-k:]).astype(int)
        want = log_p(np.zeros(UNITS)) - log_p(without)
        assert same(got, want), f"top {k}: {got} instead of {want}"
    return lds, hidden


def main():
    check_spearman(sys.argv[1])
    lines = subprocess.run([sys.argv[1], "sets"], capture_output=True, text=True, check=True).stdout.splitlines()
    found = [check_problem(line.split()) for line in lines]
    scores, shown = [lds for lds, _ in found], 1 - np.concatenate([hidden for _, hidden in found])
    print(f"{len(found)} problems, lds {min(scores):.3f} to {max(scores):.3f}, {shown.mean():.4f} of the units shown")
    assert len(found) == 100 and min(scores) > 0 and max(scores) < 1 and np.abs(shown.mean(axis=0) - 0.5).max() < 0.02


main()
