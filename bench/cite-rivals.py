"""cite-rivals.py FOLDER: other ways to cite, on a model in FOLDER, by transformers on the CPU; for bench/cite.py.

A job a line on standard input: {"method", "question", "parts": [...], "kept": [...], "response", "sentences": [[start, end],
...]}. The documents are the parts, one after the other; those numbered in `kept` always stay (titles), the others are the
sources. The answer is a line of JSON: a score of each source for each sentence of the response (characters), the tokens
that went through the model, and seconds. {"train": [...], "file"} trains AT2's estimator on such jobs.
"""
import json
import logging
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait leave the cores to others
answers, sys.stdout = sys.stdout, sys.stderr  # the packages print
warnings.filterwarnings("ignore")

import nltk  # noqa: E402

nltk.download = lambda *_, **__: True  # sentences are given

import numpy as np  # noqa: E402
import torch  # noqa: E402
from at2 import AT2Attributor  # noqa: E402
from at2.attribution.features import AttentionFeatureExtractor  # noqa: E402
from at2.attribution.trainer import LinearScoreEstimatorTrainer  # noqa: E402
from at2.tasks.context_attribution import ContextAttributionTask  # noqa: E402
from context_cite import ContextCiter  # noqa: E402
from context_cite.context_partitioner import BaseContextPartitioner  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

logging.getLogger("ContextCite").disabled = True
MASKS, TRAINING_MASKS = 64, 32  # the packages' defaults


def sources_of(job):
    return [i for i in range(len(job["parts"])) if i not in job["kept"]]


class Bill:
    """Counts the tokens that go through the model."""

    def __init__(self, model):
        self.tokens = 0
        model.register_forward_pre_hook(self.count, with_kwargs=True)

    def count(self, _, args, kwargs):
        self.tokens += (args[0] if args else kwargs["input_ids"]).numel()


# ---- ContextCite ---------------------------------------------------------------------------------------------------


class Partitioner(BaseContextPartitioner):
    """The documents in given parts; what is kept is no source."""

    def __init__(self, job):
        super().__init__("".join(job["parts"]))
        self.parts, self.of = job["parts"], sources_of(job)

    @property
    def num_sources(self):
        return len(self.of)

    def split_context(self):
        pass

    def get_source(self, index):
        return self.parts[self.of[index]]

    def get_context(self, mask=None):
        hidden = set() if mask is None else {u for u, kept in zip(self.of, mask, strict=True) if not kept}
        return "".join(p for i, p in enumerate(self.parts) if i not in hidden)


def context_cite(model, tokenizer, job):
    p = Partitioner(job)
    citer = ContextCiter(model, tokenizer, p.context, job["question"], partitioner=p, num_ablations=job.get("masks", MASKS),
                         prompt_template="{context}{query}")
    _, prompt = citer._get_prompt_ids(return_prompt=True)
    citer._cache["output"] = prompt + job["response"]
    return [citer.get_attributions(start, end, verbose=False).tolist() for start, end in job["sentences"]]


# ---- AT2 -----------------------------------------------------------------------------------------------------------


class Task(ContextAttributionTask):
    """A job as AT2's task, with the sources and sentences that are given."""

    def __init__(self, job, model, tokenizer):
        super().__init__(model, tokenizer, source_type="sentence")
        self.job = job
        self.set_generation(job["response"])

    @property
    def prompt(self):
        return "".join(self.job["parts"]) + self.job["question"]

    def _get_document_ranges(self):
        return [(0, len("".join(self.job["parts"])))]

    def _get_source_token_ranges(self):
        parts, ranges = self.job["parts"], []
        ends = np.cumsum([len(p) for p in parts]).tolist()
        for i in sources_of(self.job):
            ranges.append(self.prompt_range_to_token_range(ends[i] - len(parts[i].lstrip()), ends[i]))
        return ranges

    def get_sub_target_token_ranges(self, split_by=None, relative=False):
        return [self.target_range_to_token_range(start, end, relative=relative) for start, end in self.job["sentences"]]


def extractor_of(model):
    return AttentionFeatureExtractor(model.config.num_hidden_layers, model.config.num_attention_heads, model_type=model.config.model_type)


def train_at2(model, tokenizer, jobs, file):
    torch.manual_seed(0)
    np.random.seed(0)
    with tempfile.TemporaryDirectory() as folder:
        trainer = LinearScoreEstimatorTrainer(folder, jobs, model, tokenizer, lambda job, *_: Task(job, model, tokenizer),
                                              extractor_of(model), num_masks=TRAINING_MASKS)
        place = Path(folder) / "generations"
        place.mkdir()
        (place / "0_of_1.json").write_text(json.dumps({i: job["response"] for i, job in enumerate(jobs)}))
        trainer.generate()
        trainer.compute_features_and_outputs(batch_size=1)
        instances = sum(len(job["sentences"]) for job in jobs)
        trainer.train(batch_size=instances, sampling_method="instances", device="cpu", save_name="best")
        found = Path(folder) / "estimators/best/score_estimator.pt"
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_bytes(found.read_bytes())


def at2(model, tokenizer, job):
    task = Task(job, model, tokenizer)
    attributor = AT2Attributor.from_path(task, Path(job["estimator"]))
    return [attributor.get_attribution_scores(start, end).tolist() for start, end in job["sentences"]]


# ---- attention rollout ---------------------------------------------------------------------------------------------


class Attention:
    """Each layer's attention, the mean over its heads, while a prompt goes through."""

    def __init__(self, model):
        self.layers = []
        self.hooks = [layer.self_attn.register_forward_hook(self.keep) for layer in model.model.layers]

    def keep(self, _module, _inputs, output):
        self.layers.append(output[1][0].mean(dim=0).float())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for hook in self.hooks:
            hook.remove()


def rollout(model, tokenizer, job):
    """Abnar and Zuidema 2020: of each token that predicts one of the sentence's, 0.5 A + 0.5 I through all layers."""
    task = Task(job, model, tokenizer)
    first, _ = task.target_token_range
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    with Attention(model) as attention, torch.no_grad():
        model(input_ids=task.get_tokens(return_tensors="pt")["input_ids"])
    model.set_attn_implementation(before)
    found = []
    for start, end in task.get_sub_target_token_ranges(relative=False):
        rows = torch.eye(attention.layers[0].shape[0])[start - 1:end - 1]
        for layer in reversed(attention.layers):
            rows = 0.5 * rows + 0.5 * rows @ layer
        mean = rows.mean(dim=0)
        found.append([mean[a:b].sum().item() for a, b in task.source_token_ranges])
    assert first > 0
    return found


METHODS = {"context-cite": context_cite, "at2": at2, "rollout": rollout}


def main():
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[1], padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    bill = Bill(model)
    for line in sys.stdin:
        job, bill.tokens, started = json.loads(line), 0, time.monotonic()
        if "train" in job:
            found = train_at2(model, tokenizer, job["train"], job["file"])
        else:
            found = METHODS[job["method"]](model, tokenizer, job)
        print(json.dumps({"scores": found, "tokens": bill.tokens, "seconds": time.monotonic() - started}), file=answers, flush=True)


if __name__ == "__main__":
    main()
