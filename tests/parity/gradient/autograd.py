"""Compares gradient_dump with PyTorch's autograd on the same GGUF; run by test_gradient.sh inside its environment."""
import pathlib
import subprocess
import sys

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

SMALLEST_COSINE = {"exact": 0.99999, "fast": 0.999}
BF16 = "avx512_bf16" in open("/proc/cpuinfo", encoding="utf-8").read()  # then the fast mode rounds weights to bfloat16
LARGEST_DIFFERENCE = {"exact": 1e-3, "fast": 5e-2 if BF16 else 2e-2}  # of a log-probability
PROMPT = (
    "<|im_start|>user\nWrite a short story where the doctor and the patient become friends after a long surgery.<|im_end|>\n"
    "<|im_start|>assistant\n"
)
RESPONSE = "Dr. Maria had operated for nine hours. When the old sailor woke, she was asleep in the chair beside him."


def problems(tokenizer):
    """(prompt ids with -1 for a zero row, response ids, biases): the full prompt, a mask, nonzero biases."""
    prompt, response = tokenizer.encode(PROMPT), tokenizer.encode(RESPONSE)
    masked = [-1 if 4 <= i < 20 and i % 3 == 0 else token for i, token in enumerate(prompt)]
    biases = [-0.25 * (i % 9) for i in range(len(prompt))]
    return [(prompt, response, [0.0] * len(prompt)), (masked, response, [0.0] * len(prompt)), (prompt, response, biases)]


def ours(program, model, mode, width, cases):
    text = "".join(" ".join(map(str, [len(p), *p, len(r), *r, *b])) + "\n" for p, r, b in cases)
    out = subprocess.run([program, model, mode, str(width)], input=text, stdout=subprocess.PIPE, check=True, text=True).stdout
    rows = [np.array([float(x) for x in line.split()]) for line in out.splitlines()]
    assert len(rows) == 3 * len(cases), f"{len(rows)} lines for {len(cases)} problems"
    return [rows[i : i + 3] for i in range(0, len(rows), 3)]


def autograd(model, prompt, response, bias):
    fed = torch.tensor(prompt + response[:-1])
    n = len(fed)
    rows = model.get_input_embeddings().weight[fed.clamp(min=0)].detach() * (fed >= 0)[:, None]
    rows.requires_grad_(True)
    b = torch.tensor(bias + [0.0] * (len(response) - 1), requires_grad=True)
    below = torch.ones(n, n).tril(-1)
    mask = torch.full((n, n), -torch.inf).triu(1) + below * b
    logits = model(inputs_embeds=rows[None], attention_mask=mask[None, None], use_cache=False).logits[0, len(prompt) - 1 :]
    log_probs = logits.log_softmax(-1).gather(-1, torch.tensor(response)[:, None])[:, 0]
    log_probs.sum().backward()
    p = len(prompt)
    return log_probs.detach().numpy(), b.grad[:p].numpy(), rows.grad[:p].numpy().ravel()


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def main():
    program, file = sys.argv[1], pathlib.Path(sys.argv[2])
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32, attn_implementation="eager")
    model.requires_grad_(False)
    cases = problems(tokenizer)
    want = [autograd(model, *case) for case in cases]
    failed = False
    for mode in ("exact", "fast"):
        for name, a, b in zip(("full prompt", "mask", "biases"), ours(program, file, mode, model.config.hidden_size, cases), want):
            difference = float(np.abs(a[0] - b[0]).max())
            cosines = cosine(a[1], b[1]), cosine(a[2], b[2])
            print(f"{mode}, {name}: log p differs by {difference:.1e} at most, cosine by bias {cosines[0]:.6f}, by embedding {cosines[1]:.6f}")
            failed |= difference > LARGEST_DIFFERENCE[mode] or min(cosines) < SMALLEST_COSINE[mode]
    sys.exit(failed)


main()
