"""Captum's Lime and KernelShap on the masks and scores of captum_samples: coefficients within 1e-4, weights equal.

usage: compare.py PROGRAM
"""
import json
import subprocess
import sys

import torch
from captum.attr import KernelShap, Lime

TOLERANCE = 1e-4


def in_double(model):
    """The same regression on the same numbers, not rounded to 32 bits: Kernel SHAP's weights of 10^6 make the rounding
    of Captum's own solution as large as 1e-3."""
    train = model.train_fn
    model.train_fn = lambda m, dataloader, **kwargs: train(m, dataloader=[[t.double() for t in batch] for batch in dataloader], **kwargs)


def captum_coefficients(case):
    rows, cols = case["rows"], case["cols"]
    shown = torch.tensor(case["shown"]).reshape(rows, cols)
    score = {tuple(row): f for row, f in zip(shown.int().tolist(), case["f"])}
    weights = []

    def forward(x):
        return torch.tensor([score[tuple(row)] for row in x.int().tolist()])

    def replay(original, **kwargs):
        for row in shown:
            yield row.long().unsqueeze(0)

    method = Lime(forward) if case["method"] == "lime" else KernelShap(forward)
    method.perturb_func = replay
    similarity = method.similarity_func

    def noted(*args, **kwargs):
        weight = similarity(*args, **kwargs)
        weights.append(float(weight))
        return weight

    method.similarity_func = noted
    in_double(method.interpretable_model)
    # As LLMAttribution calls it: the interpretable input is a row of ones, hidden is 0.
    coef = method.attribute(torch.ones(1, cols), n_samples=rows, return_input_shape=False)
    return coef.flatten().tolist(), weights


def main():
    checked, worst = 0, 0.0
    for line in subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout.splitlines():
        case = json.loads(line)
        coef, weights = captum_coefficients(case)
        distance = max(abs(a - b) for a, b in zip(coef, case["coef"]))
        weight = max(abs(a - b) / a for a, b in zip(weights, case["weight"]))
        print(f"{case['method']}: {case['rows']} masks of {case['cols']} units, coefficients within {distance:.1e}")
        if distance > TOLERANCE or weight > 1e-6 or len(coef) != case["cols"]:
            sys.exit(f"coefficients differ by {distance}, weights by {weight}")
        checked, worst = checked + 1, max(worst, distance)
    assert checked == 18, checked
    print(f"{checked} passed, 0 failed")


if __name__ == "__main__":
    main()
