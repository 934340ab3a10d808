"""A scorer of one's own as an engine: Model.from_callable."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional, Sequence

import numpy as np

from . import errors
from .engine import Engine, Score

if TYPE_CHECKING:
    from .engine import Batch, Ids


def words(text: str) -> list[str]:
    """Words, each with the space before it; joined they are the text."""
    return re.findall(r"\s*\S+|\s+$", text)


class CallableEngine(Engine):
    """Tokens are pieces of text, numbered as they come."""

    def __init__(
        self,
        score: Callable[..., Any],
        tokenize: Optional[Callable[[str], Sequence[str]]],
        generate: Optional[Callable[[str, int], str]],
        batch_size: int,
        name: str,
    ) -> None:
        if batch_size < 1:
            raise errors.UsageError("`batch_size`: at least 1 is needed")
        self.name = name
        self._score, self._cut, self._write = score, tokenize or words, generate
        self._batch = batch_size
        self._pieces: list[str] = []
        self._numbers: dict[str, int] = {}
        able = {"logprobs", "tokenize", *(["generate"] if generate else [])}
        self.capabilities = frozenset(able)

    def info(self) -> dict[str, Any]:
        return {"file": self.name, "architecture": "callable"}

    def reserve(self, longest: int) -> int:
        return self._batch

    def _number(self, piece: str) -> int:
        if piece not in self._numbers:
            self._numbers[piece] = len(self._pieces)
            self._pieces.append(piece)
        return self._numbers[piece]

    def tokenize(self, text: str, special: bool) -> list[int]:
        pieces = list(self._cut(text))
        if "".join(pieces) != text:
            raise errors.InputError(
                f"`tokenize` does not keep the text: its pieces joined are {''.join(pieces)[:80]!r}"
            )
        return [self._number(piece) for piece in pieces if piece]

    def piece(self, token: int, special: bool) -> bytes:
        return self._pieces[token].encode("utf-8") if 0 <= token < len(self._pieces) else b""

    def _text(self, ids: Ids) -> str:
        return "".join(self._pieces[i] for i in ids)

    def _table(self, values: Any, rows: int, tokens: int, whole: bool) -> Any:
        """[rows, tokens]; a number a prompt is shared equally by the tokens."""
        made = np.asarray(values, dtype=np.float64)
        if made.shape == (rows, tokens):
            return made
        if made.shape != (rows,):
            raise errors.InputError(
                f"`score` answered an array of {made.shape} for {rows} prompts and a response of "
                f"{tokens} tokens: ({rows},) or ({rows}, {tokens}) is needed"
            )
        if not whole:
            raise errors.UnsupportedError("`score` answers one number a prompt: a `target` needs one a token")
        return np.repeat(made[:, None] / tokens, tokens, axis=1)

    def score(self, request: Score) -> Iterator[Batch]:
        response, tokens = self._text(request.response), len(request.response)
        whole = (request.first, request.last) == (0, tokens)
        for at in range(0, len(request.prompts), self._batch):
            prompts = [self._text(ids) for ids in request.prompts[at : at + self._batch]]
            table = self._table(self._score(prompts, response), len(prompts), tokens, whole)
            yield range(at, at + len(prompts)), table[:, request.first : request.last], 0

    def generate(self, symbols: Ids, most: int, ask: Callable[[float], bool]) -> list[int]:
        assert self._write is not None
        return self.tokenize(self._write(self._text(symbols), most), False)[:most]
