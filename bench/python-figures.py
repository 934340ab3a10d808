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


def one_call(network, ids, response):
    """A function of a batch of prompts for Captum's FeatureAblation: the response's log-probability, in one pass."""
    import torch

    tail = torch.tensor([response])

    def function(prompts):
        with torch.no_grad():
            rows = torch.cat([prompts, tail.expand(len(prompts), -1)], dim=1)
            logits = network(input_ids=rows, use_cache=False).logits[:, ids.shape[1] - 1 : -1]
            return logits.log_softmax(-1).gather(-1, rows[:, ids.shape[1] :, None]).sum((1, 2))

    return function


def captum(rounds):
    """Each token left out once, for a baseline token: the same masks, batch for batch."""
    import torch
    from captum.attr import FeatureAblation, LLMAttribution, TextTokenInput
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(MODEL.parent, gguf_file=MODEL.name)
    network = AutoModelForCausalLM.from_pretrained(MODEL.parent, gguf_file=MODEL.name, dtype=torch.float32).eval()
    baseline = tokenizer(" the").input_ids[0]
    ids = torch.tensor([tokenizer(PROMPT).input_ids])
    models = {batch: jopa.Model.from_transformers(network, tokenizer, batch_size=batch) for batch in (1, BATCH)}
    function = one_call(network, ids, tokenizer(RESPONSE).input_ids)

    def llm_attribution():
        made = LLMAttribution(FeatureAblation(network), tokenizer)
        made.attribute(TextTokenInput(PROMPT, tokenizer, baselines=baseline), target=RESPONSE, use_cached_outputs=False)

    def ablation(batch):
        FeatureAblation(function).attribute(ids, baselines=baseline, perturbations_per_eval=batch)

    def ours(batch):
        with models[batch].session(PROMPT, response=RESPONSE, operator="token: the", raw=True) as s:
            s.matrix()

    works = {"Captum, LLMAttribution": llm_attribution}
    for batch in (1, BATCH):
        works[f"Captum, FeatureAblation of a function, batches of {batch}"] = lambda batch=batch: ablation(batch)
        works[f"jopa, batches of {batch}"] = lambda batch=batch: ours(batch)
    for name, (clock, cpu) in medians(rounds, works).items():
        evaluations = ids.shape[1] + 1
        print(f"{name}: {evaluations / clock:.2f} evaluations a second, {evaluations / cpu:.2f} a CPU second")


def main():
    rounds = int(sys.argv[1]) if sys.argv[1:] else 3
    overhead(rounds)
    captum(rounds)


main()
