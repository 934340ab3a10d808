#!/usr/bin/env python3
"""python-figures.py [ROUNDS]: run by bench/python.sh. Times are of the process's CPU, which other work on the machine
changes least, and of the clock; medians of ROUNDS (3)."""

import os
import random
import statistics
import sys
import time
from pathlib import Path

import jopa

MODEL = Path(os.environ["JOPA_MODEL"])
PROMPT = "Write a short story where the doctor and the patient become friends after a long surgery."
RESPONSE = " The doctor and the patient met after the surgery."
BATCH = 16


def timed(work):
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - cpu


def medians(rounds, works):
    """{name: (seconds, CPU seconds)}, the works in turns."""
    seen = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            seen[name].append(timed(work))
    return {name: tuple(statistics.median(column) for column in zip(*times)) for name, times in seen.items()}


def random_sets(n, units, seed):
    rng = random.Random(seed)
    return [sorted(rng.sample(range(units), rng.randrange(1, units // 2))) for _ in range(n)]


def overhead(rounds):
    """Sets that are known cost C a look-up: what is left is Python's."""
    with jopa.Model(MODEL) as model, model.session(PROMPT, response=RESPONSE, unit="word") as s:
        sets = random_sets(32, len(s.units), 0)
        clock, cpu = timed(lambda: s.drop(sets))
        calls = []
        s.drop(random_sets(32, len(s.units), 1), progress=calls.append)
        many = [one for one in sets for _ in range(100)]
        again = medians(rounds, {"known": lambda: s.drop(many)})["known"]
    one, known = cpu / len(sets), again[1] / len(many)
    print(
        f"local engine: {1e3 * clock / len(sets):.1f} ms an evaluation ({1e3 * one:.1f} ms of CPU), of which Python "
        f"{1e6 * known:.1f} us: {100 * known / one:.3f} %; {len(calls) / 32:.1f} calls of progress an evaluation"
    )


def captum(rounds):
    """Each token left out once, for a baseline token: the same masks."""
    import torch
    from captum.attr import FeatureAblation, LLMAttribution, TextTokenInput
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(MODEL.parent, gguf_file=MODEL.name)
    network = AutoModelForCausalLM.from_pretrained(MODEL.parent, gguf_file=MODEL.name, dtype=torch.float32).eval()
    baseline = tokenizer(" the").input_ids[0]
    units = len(tokenizer(PROMPT).input_ids)

    def theirs(cached):
        made = LLMAttribution(FeatureAblation(network), tokenizer)
        made.attribute(
            TextTokenInput(PROMPT, tokenizer, baselines=baseline), target=RESPONSE, use_cached_outputs=cached
        )

    def ours(batch):
        model = models[batch]
        with model.session(PROMPT, response=RESPONSE, operator="token: the", raw=True) as s:
            s.matrix()

    models = {batch: jopa.Model.from_transformers(network, tokenizer, batch_size=batch) for batch in (1, BATCH)}
    found = medians(
        rounds,
        {
            "jopa, batches of 1": lambda: ours(1),
            f"jopa, batches of {BATCH}": lambda: ours(BATCH),
            "Captum, batches of 1": lambda: theirs(False),
            "Captum, batches of 1, its cache (other numbers)": lambda: theirs(True),
        },
    )
    for name, (clock, cpu) in found.items():
        print(f"{name}: {(units + 1) / clock:.2f} evaluations a second, {(units + 1) / cpu:.2f} a CPU second")


def main():
    rounds = int(sys.argv[1]) if sys.argv[1:] else 3
    overhead(rounds)
    captum(rounds)


main()
