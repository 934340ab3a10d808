"""The masks of an ablation scored by Captum: LLMAttribution(FeatureAblation) on transformers' copy of the same GGUF.

Standard input: a JSON object, then one for each run; standard output: a line of JSON for each.
    {"model": GGUF, "threads", "clock": "wall" or "cpu", "ids": prompt tokens, "unit_of": unit of each, -1: never hidden,
     "response": its tokens, "operator_token": what hides a token, "shapes": [[in, out], ...]}
    {"way": "one pass" or "tokens", "type": "float32" or "bfloat16"}, or {"products": TYPE}: torch's (oneDNN's) rate
Units must be single tokens. Nothing is tokenized: the tokenizer below hands out the given tokens.
"""
import json
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
import captum.attr._core.llm_attr as llm_attr
import torch
from captum.attr import FeatureAblation, LLMAttribution, TextTokenInput
from transformers import AutoModelForCausalLM
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
llm_attr._convert_ids_to_pretty_tokens = lambda ids, _: [str(int(i)) for i in ids]  # labels


class Tokens:
    """What Captum asks of a tokenizer, for one prompt."""

    def __init__(self, ids):
        self.ids = ids

    def encode(self, text, **_):
        return torch.tensor([self.ids])

    def convert_ids_to_tokens(self, ids):
        return [str(i) for i in ids]


class Prompt(TextTokenInput):
    """Captum skips tokens by what they are; this skips them by where they are."""

    def __init__(self, ids, maskable, baseline):
        super().__init__("", Tokens(ids), baselines=baseline)
        self.itp_mask = torch.tensor([maskable])
        self.itp_tensor = self.inp_tensor[self.itp_mask].unsqueeze(0)
        self.values = [str(i) for i in self.itp_tensor[0].tolist()]
        self.n_itp_features = len(self.values)
        self.skip_tokens = [True]


def feed_once(model):
    """Captum 0.9 leaves it to the model to drop what the cache holds; transformers 5 expects to be told how many tokens are new.
    Unpatched the two feed the whole prompt again with every token: three times as slow, and other numbers."""
    prepare = model.prepare_inputs_for_generation

    def prepare_new(input_ids, past_key_values=None, **rest):
        if past_key_values is not None:
            rest["next_sequence_length"] = input_ids.shape[1] - past_key_values.get_seq_length()
        return prepare(input_ids, past_key_values=past_key_values, **rest)

    model.prepare_inputs_for_generation = prepare_new
    return model


def load(path, kind, cache):
    if kind not in cache:
        folder, name = os.path.split(path)
        cache[kind] = feed_once(AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=getattr(torch, kind)).eval())
    return cache[kind]


def products(shapes, kind, clock):
    """FLOP a second over the shapes, 512 rows: the best of some rounds."""
    kind = getattr(torch, kind)
    pairs = [(torch.zeros(512, i, dtype=kind), torch.zeros(i, o, dtype=kind)) for i, o in shapes]
    best = 0
    for _ in range(4):
        started = clock()
        for a, b in pairs:
            torch.mm(a, b)
        best = max(best, sum(2.0 * 512 * i * o for i, o in shapes) / (clock() - started))
    return best


def ablate(head, run, cache, clock):
    ids, maskable = head["ids"], [u >= 0 for u in head["unit_of"]]
    attribution = LLMAttribution(FeatureAblation(load(head["model"], run["type"], cache)), Tokens(ids))
    started = clock()
    with torch.no_grad():
        found = attribution.attribute(Prompt(ids, maskable, head["operator_token"]), target=torch.tensor(head["response"]),
                                      forward_in_tokens=run["way"] == "tokens")
    return {"seconds": clock() - started, "drops": found.seq_attr.flatten().tolist()}


def main():
    head, cache = json.loads(sys.stdin.readline()), {}
    torch.set_num_threads(head["threads"])
    clock = time.process_time if head["clock"] == "cpu" else time.perf_counter
    print(json.dumps({"torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        run = json.loads(line)
        if "products" in run:
            result = {"rate": products(head["shapes"], run["products"], clock)}
        else:
            result = ablate(head, run, cache, clock)
        print(json.dumps({**run, **result}), flush=True)


if __name__ == "__main__":
    main()
