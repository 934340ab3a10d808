"""An engine in Python: what computes log-probabilities. Subclass Engine, and give it to Model.from_engine."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Mapping, NamedTuple, Optional, Sequence

import numpy as np
import numpy.typing as npt

from . import errors

Ids = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
Batch = tuple[Sequence[int], Floats, int]  # rows, their log-probabilities, decoded tokens

ZERO, MEAN = -1, -2  # symbols that are no token's: an embedding of zeros, and the mean of the table


class Gradient(NamedTuple):
    """Of f = log p(target): what was asked for, None otherwise."""

    embedding: Optional[Floats]  # [symbols, width]
    bias: Optional[Floats]  # [symbols]
    log_probs: Optional[Floats]  # [target tokens]


class Score(NamedTuple):
    """Rows to score: row i is prompts[i], then the response. Wanted are the log-probabilities of the response's tokens
    [first, last). A prompt may be empty. `begin`: another run begins, so forget what was kept for later rows."""

    prompts: list[Ids]
    response: Ids
    first: int
    last: int
    begin: bool


class Engine:
    """Tokens are numbers. What an engine lacks it leaves out of `capabilities`: words of Model.capabilities."""

    name = "python"
    capabilities: frozenset[str] = frozenset({"logprobs"})
    n_vocab = 0  # with "next"
    n_embd = 0  # with "gradient"
    n_layer = 0  # with "attention"

    def info(self) -> Mapping[str, Any]:
        """`file`, `architecture`, `quantization`, `weights` (texts), `parameters`, `context_train` (numbers), as far as
        they are known."""
        return {}

    def reserve(self, longest: int) -> int:
        """Rows of up to `longest` tokens will follow; how many of them make a good batch."""
        return 16

    def score(self, request: Score) -> Iterator[Batch]:
        """After each batch: which rows are done, their log-probabilities [rows, last - first], and how many tokens have
        gone through the model for them."""
        raise errors.UnsupportedError(f"the engine '{self.name}' scores nothing")

    def tokenize(self, text: str, special: bool) -> Sequence[int]:
        """With "tokenize". `special`: parse special tokens, and let the tokenizer add its first token."""
        raise errors.UnsupportedError(f"the engine '{self.name}' has no tokenizer")

    def piece(self, token: int, special: bool) -> bytes:
        """With "tokenize". The token as it stands in a text; control tokens are empty unless `special`."""
        raise errors.UnsupportedError(f"the engine '{self.name}' has no tokenizer")

    def apply_template(self, messages: list[dict[str, str]], add_assistant: bool) -> str:
        """With "template"."""
        raise errors.UnsupportedError(f"the engine '{self.name}' has no chat template")

    def generate(self, symbols: Ids, most: int, ask: Callable[[float], bool]) -> Sequence[int]:
        """With "generate". Greedily, at most `most` tokens, without what ends a text. `ask(fraction)` true: stop."""
        raise errors.UnsupportedError(f"the engine '{self.name}' writes nothing")

    def next(self, symbols: Ids, response: Ids) -> Floats:
        """With "next". Log-distributions before each token of the response, [response, n_vocab]."""
        raise errors.UnsupportedError(f"the engine '{self.name}' has no distributions")

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
        """With "gradient". Of f = log p(response[first:last] | symbols): by the input embeddings, and by a number added
        to each key's column of the attention before the softmax, off the diagonal, at `bias`. `embedding`: input rows
        to use instead of the symbols' own. `wanted`: names of Gradient."""
        raise errors.UnsupportedError(f"the engine '{self.name}' has no gradients")

    def attention(self, symbols: Ids, first: int, last: int) -> Floats:
        """With "attention". Mean of the heads, [layers first to last, symbols, symbols], rows are queries."""
        raise errors.UnsupportedError(f"the engine '{self.name}' shows no attention")

    def embedding_rows(self, symbols: Ids) -> Floats:
        """With "gradient". Input rows, [symbols, n_embd]."""
        raise errors.UnsupportedError(f"the engine '{self.name}' has no embeddings")
