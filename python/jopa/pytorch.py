"""Causal language models of `transformers` as an engine: Model.from_transformers.

Rows stand at the left of a batch, and what fills them up at the right comes after all that is looked at: a causal model
cannot see it, whatever its layers are. So there is no mask, positions count from 0, and a row's score is the same alone
and in any batch. What the rows of a batch begin with is computed once, where the model's cache can be copied."""

from __future__ import annotations

import copy
import inspect
import math
import os
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional, Sequence, TypeVar

import numpy as np
import torch

from . import errors
from .engine import MEAN, Engine, Gradient, Score
from .tokens import Tokens

if TYPE_CHECKING:
    from .engine import Batch, Floats, Ids

SHORTEST_PREFIX = 8  # tokens: below that copying a cache costs more than it saves
MOST_LOGITS = 1 << 28  # numbers at once


Function = TypeVar("Function", bound=Callable[..., Any])


def _without_gradients(function: Function) -> Function:
    """torch.no_grad(), with the function's type."""
    made: Function = torch.no_grad()(function)
    return made


def common_prefix(a: Sequence[int], b: Sequence[int]) -> int:
    """How many elements two rows begin with."""
    n = min(len(a), len(b))
    return next((i for i in range(n) if a[i] != b[i]), n)


def refuse(model: Any) -> None:
    """What is no causal language model, or would not answer the same twice."""
    config = getattr(model, "config", None)
    name = type(model).__name__
    if config is None or not hasattr(model, "get_input_embeddings"):
        raise errors.UnsupportedError(f"{name} is no model of transformers: a causal language model is needed")
    if getattr(config, "is_encoder_decoder", False):
        raise errors.UnsupportedError(f"{name} is an encoder-decoder model: bring one that is a decoder alone")
    if model.get_output_embeddings() is None:
        raise errors.UnsupportedError(f"{name} has no head that predicts tokens: a causal language model is needed")
    if model.training:
        raise errors.UsageError(f"{name} is in training mode, in which dropout makes scores random: call model.eval()")


class TransformersEngine(Engine):
    """Everything is computed on the device and in the type that the model has."""

    name = "transformers"

    def __init__(self, model: Any, tokenizer: Any, *, batch_size: int = 16) -> None:
        refuse(model)
        if batch_size < 1:
            raise errors.UsageError("`batch_size`: at least 1 is needed")
        self.model = model
        self._tokens = Tokens(tokenizer)
        self._batch_size = batch_size
        self._embed = model.get_input_embeddings()
        self._device = self._embed.weight.device
        self._parameters = set(inspect.signature(model.forward).parameters)
        self._cache_name = "cache_params" if "cache_params" in self._parameters else "past_key_values"
        self._mean: Any = None
        self._kept: tuple[tuple[int, ...], Any] | None = None
        config = model.config
        self._config = config.get_text_config() if hasattr(config, "get_text_config") else config
        self._ends = self._end_tokens(tokenizer)
        self._probe()

    # ---- what the model can do ---------------------------------------------------------------------------------------

    def _end_tokens(self, tokenizer: Any) -> set[int]:
        ends: set[int] = set()
        for owner in (tokenizer, self._config, getattr(self.model, "generation_config", None)):
            value = getattr(owner, "eos_token_id", None)
            ends.update(int(i) for i in (value if isinstance(value, (list, tuple)) else [value]) if i is not None)
        return ends

    def _same(self, a: Any, b: Any) -> bool:
        """But for rounding."""
        if a.shape != b.shape:
            return False
        share = 2e-5 if a.dtype in (torch.float32, torch.float64) else 2e-2
        a, b = a.float(), b.float()
        return bool((a - b).abs().max() <= share * (1 + a.abs().max()))

    def _tries(self, attempt: Callable[[], bool]) -> bool:
        """Whether a model can do something: one that cannot raises whatever it likes."""
        try:
            return attempt()
        except errors.JopaError:
            raise
        except Exception:
            return False

    @_without_gradients
    def _probe(self) -> None:
        """Tried on a few tokens, not looked up: models differ in more than their configurations tell."""
        size = int(self._embed.weight.shape[0])
        row = [(7 * i + 3) % size for i in range(12)]
        ids = torch.tensor([row], device=self._device)
        whole = self.model(input_ids=ids, use_cache=False).logits[0]
        self.n_vocab, self.n_embd = int(whole.shape[-1]), int(self._embed.weight.shape[1])
        other = self.model(input_ids=torch.tensor([[*row[:-1], row[0]]], device=self._device), use_cache=False).logits[
            0
        ]
        if not self._same(whole[:-1], other[:-1]):
            raise errors.UnsupportedError(
                f"{type(self.model).__name__} is not causal: what follows a token changes what comes before it"
            )
        self._by_embeddings = False
        self._by_embeddings = self._tries(lambda: self._same(whole, self._logits_of_embeddings(row)))
        self._has_cache = self._tries(lambda: self._probe_cache(row, whole, 5))
        self._has_steps = self._has_cache or self._tries(lambda: self._probe_cache(row, whole, len(row) - 1))
        self._has_bias = self._by_embeddings and self._tries(lambda: self._probe_bias(row))
        self.n_layer = 0
        shows = self._tries(lambda: self._probe_attention(row))
        able = {
            "logprobs": True,
            "generate": True,
            "next": True,
            "tokenize": True,
            "template": self._tokens.has_template,
            "embeddings": self._by_embeddings,
            "attention": shows,
            "gradient": self._by_embeddings and self._tries(lambda: self._probe_gradient(row)),
        }
        self.capabilities = frozenset(word for word, can in able.items() if can)

    def _logits_of_embeddings(self, row: list[int]) -> Any:
        self._by_embeddings = True
        return self.model(**self._feed(torch.tensor([row])), use_cache=False).logits[0]

    def _probe_cache(self, row: list[int], whole: Any, cut: int) -> bool:
        """A copied cache of the first tokens, for two rows of the others, against the whole row."""
        cache = self._repeat(self._prefix_cache(row[:cut]), 2)
        out = self.model(**self._feed(torch.tensor([row[cut:]] * 2)), **{self._cache_name: cache}, use_cache=True)
        return all(self._same(logits, whole[cut:]) for logits in out.logits)

    def _probe_bias(self, row: list[int]) -> bool:
        """The causal mask of one's own against the model's, and that a bias counts."""
        ids = np.array(row, dtype=np.int32)
        own = self._differentiate(ids, ids[:2], 0, 2, None, None, frozenset({"log_probs"}))
        zero = self._differentiate(
            ids, ids[:2], 0, 2, np.zeros(len(row), np.float32), None, frozenset({"log_probs", "bias"})
        )
        moved = zero.bias is not None and bool(np.isfinite(zero.bias).all() and np.abs(zero.bias[:-1]).max() > 0)
        return moved and self._same(torch.from_numpy(own.log_probs), torch.from_numpy(zero.log_probs))

    def _probe_gradient(self, row: list[int]) -> bool:
        ids = np.array(row, dtype=np.int32)
        made = self._differentiate(ids, ids[:2], 0, 2, None, None, frozenset({"embedding"})).embedding
        return made is not None and bool(np.isfinite(made).all())

    def _probe_attention(self, row: list[int]) -> bool:
        shown = self._attentions(np.array(row, dtype=np.int32))
        self.n_layer = len(shown)
        return bool(shown) and tuple(shown[0].shape[-2:]) == (len(row), len(row))

    def info(self) -> dict[str, Any]:
        path = str(getattr(self.model.config, "_name_or_path", "") or "")
        return {
            "file": os.path.basename(path.rstrip("/")) or type(self.model).__name__,
            "architecture": str(self._config.model_type),
            "quantization": str(self.model.dtype).replace("torch.", ""),
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "context_train": self._context(),
        }

    def _context(self) -> int:
        return int(getattr(self._config, "max_position_embeddings", 0) or 0)

    def reserve(self, longest: int) -> int:
        if 0 < self._context() < longest:
            raise errors.InputError(f"prompt and response have {longest} tokens: the model takes {self._context()}")
        return self._batch_size

    # ---- feeding it --------------------------------------------------------------------------------------------------

    def _mean_row(self) -> Any:
        """Of the embedding table, as the model scales its rows."""
        if self._mean is None:
            with torch.no_grad():
                size = int(self._embed.weight.shape[0])
                parts = torch.arange(size, device=self._device).split(4096)
                self._mean = (sum(self._embed(part).float().sum(0) for part in parts) / size).to(
                    self._embed.weight.dtype
                )
        return self._mean

    def _rows(self, symbols: Any) -> Any:
        """Input embeddings: of tokens, zeros, or the mean."""
        symbols = symbols.to(self._device)
        rows = self._embed(symbols.clamp(min=0))
        rows = rows * (symbols >= 0).unsqueeze(-1)
        if bool((symbols == MEAN).any()):
            rows = torch.where((symbols == MEAN).unsqueeze(-1), self._mean_row(), rows)
        return rows

    def _feed(self, symbols: Any) -> dict[str, Any]:
        return (
            {"inputs_embeds": self._rows(symbols)} if self._by_embeddings else {"input_ids": symbols.to(self._device)}
        )

    def _prefix_cache(self, prefix: Sequence[int]) -> Any:
        out = self.model(**self._feed(torch.tensor([list(prefix)])), use_cache=True, **self._keep([len(prefix) - 1]))
        return getattr(out, self._cache_name)

    def _repeat(self, cache: Any, rows: int) -> Any:
        """A copy for so many rows: what is computed with a cache changes it."""
        made = copy.deepcopy(cache)
        made.reorder_cache(torch.zeros(rows, dtype=torch.long, device=self._device))
        return made

    def _keep(self, positions: Sequence[int]) -> dict[str, Any]:
        """Logits of these positions alone, where the model has a parameter for it."""
        if "logits_to_keep" not in self._parameters:
            return {}
        return {"logits_to_keep": torch.tensor(list(positions), device=self._device)}

    # ---- scores ------------------------------------------------------------------------------------------------------

    def _fed_row(self, prompt: Ids, response: Ids, last: int) -> tuple[list[int], int]:
        """What is fed, and where what predicts the response's token 0 stands: -1: nowhere."""
        head = prompt.tolist() or self._tokens.beginning
        return head + response[: last - 1].tolist(), len(head) - 1

    def _shared(self, rows: list[list[int]], most: int) -> int:
        """How many tokens the rows of a batch begin with, of those that may be left out of it."""
        if not self._has_cache or most < SHORTEST_PREFIX:
            return 0
        shared = min(most, *(common_prefix(rows[0], row) for row in rows[1:])) if len(rows) > 1 else most
        if self._kept:
            kept = self._kept[0]
            if 2 * len(kept) >= shared and len(kept) <= shared and tuple(rows[0][: len(kept)]) == kept:
                return len(kept)
        return shared if len(rows) > 1 and shared >= SHORTEST_PREFIX else 0

    def _prefix(self, prefix: tuple[int, ...]) -> tuple[Any, int]:
        """Its cache, and how many tokens that cost."""
        if self._kept and self._kept[0] == prefix:
            return self._kept[1], 0
        self._kept = prefix, self._prefix_cache(prefix)
        return self._kept[1], len(prefix)

    def _log_probs(self, fed: list[tuple[list[int], int]], response: Ids, first: int, last: int) -> tuple[Any, int]:
        """[rows, last - first], and how many tokens that cost."""
        rows = [row for row, _ in fed]
        at = torch.tensor([[max(start + t, 0) for t in range(first, last)] for _, start in fed])
        shared = self._shared(rows, int(at.min()))
        extra, cost = {}, 0
        if shared:
            cache, cost = self._prefix(tuple(rows[0][:shared]))
            extra = {self._cache_name: self._repeat(cache, len(rows)), "use_cache": True}
        longest = max(len(row) for row in rows)
        if longest == shared:
            return torch.zeros(len(rows), 0), cost
        padded = torch.tensor([row[shared:] + [0] * (longest - len(row)) for row in rows])
        at = at - shared
        places, inverse = torch.unique(at, return_inverse=True)
        keep = self._keep(places.tolist())
        logits = self.model(**self._feed(padded), **{"use_cache": False, **extra}, **keep).logits
        index = (inverse if keep else at).to(logits.device)
        picked = logits[torch.arange(len(rows), device=logits.device).unsqueeze(1), index].float()
        wanted = torch.from_numpy(response[first:last].astype(np.int64)).to(logits.device).expand(len(rows), -1)
        made = picked.gather(-1, wanted.unsqueeze(-1)).squeeze(-1) - picked.logsumexp(-1)
        return made.cpu(), cost + sum(len(row) - shared for row in rows)

    @_without_gradients
    def score(self, request: Score) -> Iterator[Batch]:
        response, first, last = request.response, request.first, request.last
        if request.begin:
            self._kept = None
        fed = [self._fed_row(prompt, response, last) for prompt in request.prompts]
        # rows that begin alike stand side by side
        order = sorted((i for i in range(len(fed)) if fed[i][0]), key=lambda i: fed[i][0])
        nothing = [i for i in range(len(fed)) if not fed[i][0]]
        most = max(1, min(self._batch_size, MOST_LOGITS // (max(last - first, 1) * self.n_vocab)))
        for begin in range(0, len(order), most):
            rows = order[begin : begin + most]
            made, cost = self._log_probs([fed[i] for i in rows], response, first, last)
            table = made.numpy()
            if first == 0:
                table[[j for j, i in enumerate(rows) if fed[i][1] < 0], 0] = -math.log(self.n_vocab)
            yield rows, table, cost
        if nothing:  # one token, before which there is nothing at all
            yield nothing, np.full((len(nothing), last - first), -math.log(self.n_vocab), np.float32), 0

    @_without_gradients
    def next(self, symbols: Ids, response: Ids) -> Floats:
        row, start = self._fed_row(symbols, response, len(response))
        places = [max(start + t, 0) for t in range(len(response))]
        made = np.full((len(response), self.n_vocab), -math.log(self.n_vocab), np.float32)
        if row:
            keep = self._keep(places)
            logits = self.model(**self._feed(torch.tensor([row])), use_cache=False, **keep).logits[0]
            table = (logits if keep else logits[places]).float().log_softmax(-1).cpu().numpy()
            made[start < 0 :] = table[start < 0 :]
        return made

    # ---- writing -----------------------------------------------------------------------------------------------------

    @_without_gradients
    def generate(self, symbols: Ids, most: int, ask: Callable[[float], bool]) -> list[int]:
        row = symbols.tolist() or self._tokens.beginning
        made: list[int] = []
        cache: Any = None
        while row and len(made) < most and not ask(len(made) / most):
            new = row + made if cache is None else made[-1:]
            extra = {self._cache_name: cache} if cache is not None else {}
            out = self.model(
                **self._feed(torch.tensor([new])), use_cache=self._has_steps, **extra, **self._keep([len(new) - 1])
            )
            cache = getattr(out, self._cache_name) if self._has_steps else None
            token = int(out.logits[0, -1].float().argmax())
            if token in self._ends:
                break
            made.append(token)
        return made

    def tokenize(self, text: str, special: bool) -> list[int]:
        return self._tokens.encode(text, special)

    def piece(self, token: int, special: bool) -> bytes:
        return self._tokens.piece(token, special)

    def apply_template(self, messages: list[dict[str, str]], add_assistant: bool) -> str:
        return self._tokens.chat(messages, add_assistant)

    # ---- gradients and attention -------------------------------------------------------------------------------------

    def _window(self) -> int:
        """How far back some of the layers look; 0: all the way."""
        return int(getattr(self._config, "sliding_window", 0) or 0)

    def _mask(self, bias: Any, n: int) -> Any:
        """[1, 1, n, n]: the causal mask, and below its diagonal the bias of each key."""
        dtype = self._embed.weight.dtype
        below = torch.ones(n, n, device=self._device).tril(-1)
        full = torch.nn.functional.pad(bias, (0, n - len(bias)))
        causal = torch.full((n, n), torch.finfo(dtype).min, device=self._device).triu(1)
        return (causal + below * full)[None, None].to(dtype)

    def _differentiate(
        self,
        symbols: Ids,
        response: Ids,
        first: int,
        last: int,
        bias: Optional[Floats],
        embedding: Optional[Floats],
        wanted: frozenset[str],
    ) -> Gradient:
        row, start = self._fed_row(symbols, response, last)
        n = len(symbols)
        with torch.enable_grad():
            rows = self._rows(torch.tensor(row)).detach()
            if embedding is not None and n:
                rows[:n] = torch.from_numpy(embedding).to(rows)
            rows.requires_grad_("embedding" in wanted)
            biases = None if bias is None else torch.from_numpy(bias).to(self._device)
            if biases is None and "bias" in wanted:
                biases = torch.zeros(n, device=self._device)
            mask = {}
            if biases is not None:
                biases.requires_grad_("bias" in wanted)
                mask = {"attention_mask": self._mask(biases, len(row))}
            logits = self.model(inputs_embeds=rows[None], use_cache=False, **mask).logits[0]
            index = torch.arange(start + first, start + last, device=logits.device).clamp(min=0)
            targets = torch.from_numpy(response[first:last].astype(np.int64)).to(logits.device)
            log_probs = logits[index].float().log_softmax(-1).gather(-1, targets[:, None])[:, 0]
            inputs = [x for x, word in ((rows, "embedding"), (biases, "bias")) if word in wanted and x is not None]
            made = list(torch.autograd.grad(log_probs.sum(), inputs)) if inputs else []
        found = {word: made.pop(0)[:n].float().cpu().numpy() for word in ("embedding", "bias") if word in wanted}
        return Gradient(
            found.get("embedding"),
            found.get("bias"),
            log_probs.detach().float().cpu().numpy() if "log_probs" in wanted else None,
        )

    def gradient(
        self,
        symbols: Ids,
        response: Ids,
        first: int,
        last: int,
        bias: Optional[Floats],
        embedding: Optional[Floats],
        wanted: frozenset[str],
    ) -> Gradient:
        given = bias is not None and bool(bias.any())
        if not given and "bias" not in wanted:
            bias = None
        elif not self._has_bias:
            raise errors.UnsupportedError(
                f"the attention of {type(self.model).__name__} takes no mask, which gradients by "
                "attention bias need: choose a method that needs none, such as gradient"
            )
        elif 0 < self._window() < len(symbols) + last:
            raise errors.UnsupportedError(
                f"gradients by attention bias are for prompts and responses of up to "
                f"{self._window()} tokens with this model, whose layers look no further back"
            )
        return self._differentiate(symbols, response, first, last, bias, embedding, wanted)

    @_without_gradients
    def embedding_rows(self, symbols: Ids) -> Floats:
        made: Floats = self._rows(torch.from_numpy(symbols.astype(np.int64))).float().cpu().numpy()
        return made

    def _attentions(self, symbols: Ids) -> tuple[Any, ...]:
        """Of all layers, [1, heads, n, n]: by the implementation that has them, "eager"."""
        before = getattr(self.model.config, "_attn_implementation", None)
        switch = before not in (None, "eager") and hasattr(self.model, "set_attn_implementation")
        feed = self._feed(torch.from_numpy(symbols.astype(np.int64))[None])
        try:
            if switch:
                self.model.set_attn_implementation("eager")
            out = self.model(**feed, use_cache=False, output_attentions=True, **self._keep([len(symbols) - 1]))
        finally:
            if switch:
                self.model.set_attn_implementation(before)
        return tuple(a for a in (getattr(out, "attentions", None) or ()) if a is not None)

    @_without_gradients
    def attention(self, symbols: Ids, first: int, last: int) -> Floats:
        layers = self._attentions(symbols)[first:last]
        return np.stack([layer[0].float().mean(0).cpu().numpy() for layer in layers])
