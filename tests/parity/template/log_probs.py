"""The default model's answer after its own chat template, whose system text it adds by itself, and after the same one
without that text: log-probabilities beside transformers on the same weights in F32. Run by test_template.sh.

log_probs.py JOPA MODEL. The weights are the GGUF's, dequantized, for both."""
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from compare import load_tokenizer
from transformers import AutoModelForCausalLM

PROMPT, ANSWER = "What is the capital of France?", "The capital of France is Paris."
PLAIN = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant{{ '\n' }}"
# Of the answer, nats: what transformers 5.23 gave in F32 when this was written.
WITH, WITHOUT = -2.579, -0.839
NEAR = 1e-2


def ours(jopa, model, folder, template):
    words = [jopa, "score", "-m", model, "-r", ANSWER, "--hide", "capital", "-q", "-F", "json", PROMPT]
    if template:
        file = folder / "plain.jinja"
        file.write_text(template, encoding="utf-8")
        words[2:2] = ["--template", file]
    got = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
    return got["results"][0]["prompt"]["text"], got["results"][0]["log_prob"]["full"]


def theirs(network, tokenizer, template):
    text = tokenizer.apply_chat_template([{"role": "user", "content": PROMPT}], tokenize=False,
                                         add_generation_prompt=True, chat_template=template or tokenizer.chat_template)
    prompt = tokenizer(text, add_special_tokens=False)["input_ids"]
    answer = tokenizer(ANSWER, add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        logits = network(torch.tensor([prompt + answer])).logits[0]
    rows = torch.log_softmax(logits[len(prompt) - 1 : -1], dim=-1)
    return text, sum(float(row[token]) for row, token in zip(rows, answer))


def main(jopa, model):
    path = pathlib.Path(model)
    tokenizer = load_tokenizer(model)
    network = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        whole = folder / "float.gguf"
        convert = pathlib.Path(__file__).parents[3] / "bench/float-model.py"
        subprocess.run([sys.executable, convert, model, whole], check=True)
        for what, template, known in (("with", None, WITH), ("without", PLAIN, WITHOUT)):
            (text, a), (expected, b) = ours(jopa, whole, folder, template), theirs(network, tokenizer, template)
            fine = text == expected and abs(a - b) < NEAR and abs(b - known) < NEAR
            failed |= not fine
            print(f"{what} the system text: {a:.4f} here, {b:.4f} in transformers{'' if fine else '  WRONG'}")
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
