"""One set of units, and what hiding it does."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

import numpy as np

from . import errors
from .offsets import Offsets
from .parts import CaptumAttribution, Message, ResponseToken, Token, Unit
from .result import Result, frozen

if TYPE_CHECKING:
    import pandas

    from .parts import Array


def _array(values: Sequence[Any]) -> Array:
    """Read-only; None becomes NaN."""
    made = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    made.setflags(write=False)
    return made


class Explanation(Result):
    """One set of units, and what hiding it does."""

    __slots__ = ()

    # what was asked

    @property
    def method(self) -> str:
        return str(self._data["method"])

    @property
    def id(self) -> Optional[str]:
        """A name of the question, or of the set that was scored."""
        return self._data.get("id")

    @property
    def options(self) -> Mapping[str, str]:
        """What was asked, as texts: enough to ask it again."""
        made: Mapping[str, str] = self._once("options", lambda: MappingProxyType(self._data.get("options", {})))
        return made

    @property
    def prompt(self) -> str:
        """The prompt as the model read it, template and all."""
        return str(self._data["prompt"]["text"])

    @property
    def response(self) -> str:
        """What is explained."""
        return str(self._data["response"]["text"])

    @property
    def target(self) -> tuple[int, int]:
        """The explained tokens of the response: the first, and one past the last."""
        first, last = self._data["response"].get("target", (0, len(self.response_tokens)))
        return first, last

    def _offsets(self) -> Offsets:
        made: Offsets = self._once("offsets", lambda: Offsets(self.prompt))
        return made

    def _span(self, part: Mapping[str, Any]) -> tuple[int, int]:
        at = self._offsets()
        return at.start(part["start"]), at.end(part["end"])

    def _make_units(self) -> tuple[Unit, ...]:
        chosen = set(self.selected)
        return tuple(
            Unit(i, u["text"], *self._span(u), u.get("role"), u.get("score"), u.get("probability"), i in chosen)
            for i, u in enumerate(self._data.get("units", ()))
        )

    @property
    def units(self) -> tuple[Unit, ...]:
        """What can be hidden, in the order of the prompt."""
        made: tuple[Unit, ...] = self._once("units", self._make_units)
        return made

    def _make_tokens(self) -> tuple[Token, ...]:
        return tuple(
            Token(t["text"], t.get("id"), *self._span(t), t.get("unit")) for t in self._data["prompt"].get("tokens", ())
        )

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The prompt's tokens."""
        made: tuple[Token, ...] = self._once("tokens", self._make_tokens)
        return made

    def _make_messages(self) -> tuple[Message, ...]:
        made = []
        for m in self._data["prompt"].get("messages", ()):
            start, end = self._span(m)
            made.append(Message(m["role"], self.prompt[start:end], start, end, m.get("message")))
        return tuple(made)

    @property
    def messages(self) -> tuple[Message, ...]:
        """What people wrote, in order. Messages that say nothing are left out."""
        made: tuple[Message, ...] = self._once("messages", self._make_messages)
        return made

    @property
    def response_tokens(self) -> tuple[ResponseToken, ...]:
        """The response's tokens, with their log-probabilities."""
        made: tuple[ResponseToken, ...] = self._once(
            "response_tokens",
            lambda: tuple(
                ResponseToken(t["text"], t.get("id"), t.get("log_prob"), t.get("masked_log_prob"))
                for t in self._data["response"].get("tokens", ())
            ),
        )
        return made

    # what was found

    @property
    def failed(self) -> Optional[str]:
        """Why there is no answer: a method of a comparison that the model cannot run."""
        return self._data.get("failed")

    @property
    def selected(self) -> tuple[int, ...]:
        """The set: indices of units, ascending."""
        return tuple(self._data.get("selected", ()))

    @property
    def selected_texts(self) -> tuple[str, ...]:
        """The set as texts."""
        return tuple(self.units[u].text for u in self.selected)

    def _log_prob(self, name: str) -> float:
        value = self._data.get("log_prob", {}).get(name)
        return float("nan") if value is None else float(value)

    @property
    def drop(self) -> float:
        """log p(target) with the whole prompt, less that with the set hidden: nats."""
        return self._log_prob("drop")

    @property
    def log_prob(self) -> float:
        """log p(target) with the whole prompt: nats."""
        return self._log_prob("full")

    @property
    def masked_log_prob(self) -> float:
        """log p(target) with the set hidden: nats."""
        return self._log_prob("masked")

    @property
    def k(self) -> int:
        """How many units could be hidden at most."""
        return int(self._data.get("k", 0))

    @property
    def sparsity(self) -> float:
        """Hidden tokens over tokens that may be hidden."""
        value = self._data.get("sparsity")
        return float("nan") if value is None else float(value)

    @property
    def scores(self) -> Array:
        """Each unit's importance by the method, [units]; NaN where it has none."""
        made: Array = self._once("scores", lambda: _array([u.score for u in self.units]))
        return made

    @property
    def probability(self) -> Array:
        """Each unit's final masking probability, [units]; NaN where the method has none."""
        made: Array = self._once("probability", lambda: _array([u.probability for u in self.units]))
        return made

    @property
    def attribution(self) -> Array:
        """One number a unit, [units]: its score; its probability where the method has none; else 1 for the selected."""

        def choose() -> Array:
            for values in (self.scores, self.probability):
                if not np.isnan(values).all():
                    return values
            return _array([float(u.selected) for u in self.units])

        made: Array = self._once("attribution", choose)
        return made

    def _losses(self, name: str) -> Optional[Array]:
        if "matrix" not in self._data:
            return None
        rows = [_array(row["tokens"]) for row in self._data["matrix"][name]]
        made = np.array(rows, dtype=np.float64).reshape(len(rows), len(self.response_tokens))
        made.setflags(write=False)
        return made

    @property
    def matrix(self) -> Optional[Array]:
        """What each response token loses when each unit is hidden alone, [units, response tokens], nats; None where
        `matrix=True` was not asked for, or the run was stopped before it."""
        made: Optional[Array] = self._once("matrix", lambda: self._losses("rows"))
        return made

    @property
    def set_matrix(self) -> Optional[Array]:
        """The same of the sets that were found, [sets, response tokens]: one, or of several targets each target's."""
        made: Optional[Array] = self._once("set_matrix", lambda: self._losses("sets"))
        return made

    @property
    def masked_response(self) -> Optional[str]:
        """What the model writes with the set hidden."""
        return (self._data.get("masked_response") or {}).get("text")

    @property
    def metrics(self) -> Mapping[str, Any]:
        """What was measured: metrics, and their numbers."""
        made: Mapping[str, Any] = self._once("metrics", lambda: frozen(self._data.get("metrics", {})))
        return made

    @property
    def cost(self) -> Mapping[str, float]:
        """Evaluations, decoded tokens, seconds."""
        made: Mapping[str, float] = self._once("cost", lambda: frozen(self._data.get("cost", {})))
        return made

    @property
    def stopped(self) -> str:
        """Why the search ended: "done", "budget", "time" or "interrupted"."""
        return str(self._data.get("stopped", ""))

    @property
    def interrupted(self) -> bool:
        """Whether it was stopped, by Ctrl-C or the progress callback; then this is the best so far."""
        return self.stopped == "interrupted"

    def topk(self, k: int = 5) -> tuple[Unit, ...]:
        """The k units with the largest `attribution`."""
        values = self.attribution
        known = [i for i in range(len(values)) if not np.isnan(values[i])]
        return tuple(self.units[i] for i in sorted(known, key=lambda i: -values[i])[:k])

    # elsewhere

    def to_pandas(self) -> pandas.DataFrame:
        """A row a unit."""
        import pandas

        made: pandas.DataFrame = pandas.DataFrame(list(self.units), columns=list(Unit._fields)).set_index("index")
        made = made.astype({"score": "float64", "probability": "float64"})
        return made

    def matrix_to_pandas(self) -> pandas.DataFrame:
        """The matrix with a row a unit and a column a response token, each by its number and text. UsageError where
        there is none."""
        import pandas

        if self.matrix is None:
            raise errors.UsageError("there is no matrix: ask with `matrix`=True")
        units = pandas.MultiIndex.from_tuples(
            [(u.index, u.text) for u in self.units], names=["unit", "text"]
        )
        tokens = pandas.MultiIndex.from_tuples(
            [(t, token.text) for t, token in enumerate(self.response_tokens)], names=["token", "text"]
        )
        made: pandas.DataFrame = pandas.DataFrame(self.matrix, index=units, columns=tokens)
        return made

    def to_captum(self, token_attr: Optional[Array] = None) -> CaptumAttribution:
        """As Captum's attributions of language models give it. `token_attr`: what Session.matrix() has measured,
        [units, response tokens]; without it the explanation's own matrix, where it has one."""
        token_attr = self.matrix if token_attr is None else token_attr
        matrix = None if token_attr is None else np.asarray(token_attr, dtype=np.float64).T
        if matrix is not None and matrix.shape != (len(self.response_tokens), len(self.units)):
            raise errors.UsageError(
                f"`token_attr` {matrix.T.shape}: a row a unit and a column a response token are "
                f"needed, {(len(self.units), len(self.response_tokens))}"
            )
        return CaptumAttribution(
            self.attribution.copy(), matrix, [u.text for u in self.units], [t.text for t in self.response_tokens]
        )

    def to_inseq(self, token_attr: Optional[Array] = None) -> dict[str, Any]:
        """A dictionary with the names and shapes of Inseq's attribution of one sequence by a decoder-only model:
        `target` is the prompt and the response, `target_attributions` is [prompt and response tokens, response tokens].
        Every token of a unit has the unit's value: of `token_attr` as for to_captum, or else its score."""
        from .convert import inseq_dictionary

        return inseq_dictionary(self, self.matrix if token_attr is None else token_attr)
