"""Sessions: a prompt cut into units, a response, and every set that was scored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Iterable, NamedTuple, Optional, Sequence, Union

import numpy as np

from . import errors
from ._lib import check, ffi, from_c, lib, new_error, to_c
from .explanation import Explanation
from .handles import SessionHandle
from .offsets import Offsets
from .options import Options, describe, keywords, refuse_unknown
from .result import rendered
from .results import Results, from_text
from .running import Listener, ProgressLike, run

if TYPE_CHECKING:
    from .model import Model
    from .parts import Array

Set = Union[str, int, Iterable[Union[str, int]]]


class Span(NamedTuple):
    """A part of a text; `start` and `end` are characters."""

    text: str
    start: int
    end: int


def _members(one: Set) -> list[Union[str, int]]:
    """A set that is a text or a number has one member."""
    return [one] if isinstance(one, (str, int)) or not isinstance(one, Iterable) else list(one)


class Session:
    """Made by Model.session. As a context manager it is closed at the end of the block."""

    units: tuple[Span, ...]
    """What can be hidden: spans of `prompt`."""
    tokens: tuple[Span, ...]
    """The response's tokens: spans of `response`."""

    def __init__(self, model: Model, options: Options, given: dict[str, Any], progress: ProgressLike) -> None:
        self._listener = Listener()
        self._given = given  # what its questions ask, too
        self._target: Optional[tuple[int, int]] = None
        self._asked_again = options.get("target")  # of an earlier result, in bytes
        handle = model._handle
        out = ffi.new("jopa_session **")
        self._listener.listen(options.handle)
        with handle.busy():
            try:
                run(
                    self._listener,
                    progress,
                    lambda e: lib.jopa_session_open(out, handle.pointer, options.handle, e),
                    handle.keep,
                )
            except BaseException:
                lib.jopa_session_free(out[0])
                raise
            self._handle = SessionHandle(handle, out[0], self._listener)
            self._prompt = from_c(lib.jopa_session_prompt(out[0]))
            self._response_bytes = bytes(ffi.string(lib.jopa_session_response(out[0])))
            self.units = self._spans(lib.jopa_session_unit, self._prompt.encode())
            self.tokens = self._spans(lib.jopa_session_token, self._response_bytes)
        if given.get("target") is not None:
            self._target = self._target_tokens(given["target"])

    def _spans(self, at: Any, data: bytes) -> tuple[Span, ...]:
        start, end = ffi.new("size_t *"), ffi.new("size_t *")
        made: list[Span] = []
        offsets = Offsets(data)
        while at(self._handle.pointer, len(made), start, end):
            text = data[start[0] : end[0]].decode("utf-8", "replace")
            made.append(Span(text, offsets.start(start[0]), offsets.end(end[0])))
        return tuple(made)

    @property
    def prompt(self) -> str:
        """As the model reads it, template and all."""
        return self._prompt

    @property
    def response(self) -> str:
        """What is explained: given, or written by the model."""
        return self._response_bytes.decode("utf-8", "replace")

    @property
    def known(self) -> int:
        """How many sets have been scored."""
        return int(lib.jopa_session_known(self._handle.pointer))

    # ---- sets --------------------------------------------------------------------------------------------------------

    def _named(self, text: str) -> list[int]:
        """The units that a text names: "doctor", or wherever it occurs. A text of digits is a text here."""
        units, n, e = ffi.new("int **"), ffi.new("int *"), new_error()
        parts = text.split(",")  # a comma parts names in the library
        if len(parts) > 1:
            return self._occurrences(text)
        check(lib.jopa_session_named_set(self._handle.pointer, to_c("=" + text, "set"), units, n, e), e)
        try:
            return list(ffi.unpack(units[0], n[0]))
        finally:
            lib.jopa_free(units[0])

    def _occurrences(self, text: str) -> list[int]:
        """The units that a text with commas touches."""
        found, at = [], self._prompt.find(text)
        while at >= 0:
            found += [i for i, u in enumerate(self.units) if u.start < at + len(text) and u.end > at]
            at = self._prompt.find(text, at + 1)
        if not found:
            raise errors.UsageError(f"'{text}': the prompt has no such text that may be hidden")
        return found

    def named(self, *members: Union[str, int]) -> tuple[int, ...]:
        """The units that texts and numbers name, ascending. A text names the units that are it, without what is around
        their letters; where there are none, those that it touches."""
        made: set[int] = set()
        for member in members:
            made.update(self._named(member) if isinstance(member, str) else [member.__index__()])
        return tuple(sorted(made))

    def _sets(self, sets: Iterable[Set]) -> list[tuple[int, ...]]:
        if isinstance(sets, (str, bytes)):
            raise errors.UsageError("a list of sets is needed, such as [['doctor', 'patient'], [3, 4]]")
        return [self.named(*_members(one)) for one in sets]

    def _score(self, sets: Iterable[Set], progress: ProgressLike) -> tuple[Array, Array]:
        members = self._sets(sets)
        n, width = len(members), len(self.tokens)
        drops, log_probs = ffi.new("double[]", n + 1), ffi.new("double[]", n * width + 1)
        kept = [ffi.new("int[]", m or (0,)) for m in members]
        rows, sizes = ffi.new("int *[]", kept or [ffi.NULL]), ffi.new("int[]", [len(m) for m in members] or [0])
        handle = self._handle
        with handle.model.busy():
            run(
                self._listener,
                progress,
                lambda e: lib.jopa_session_drops(
                    handle.pointer, ffi.cast("const int *const *", rows), sizes, n, drops, log_probs, e
                ),
                handle.model.keep,
            )
        tokens = np.array(ffi.unpack(log_probs, n * width) if n * width else [], dtype=np.float64).reshape(n, width)
        return np.array(ffi.unpack(drops, n) if n else [], dtype=np.float64), tokens

    def log_probs(self, sets: Iterable[Set], *, progress: ProgressLike = None) -> Array:
        """Log-probabilities of every response token with each set hidden, [sets, tokens], nats. Sets that are known
        cost nothing; an empty set hides nothing."""
        return self._score(sets, progress)[1]

    def drop(self, sets: Iterable[Set], *, progress: ProgressLike = None) -> Array:
        """log p(target) less log p(target with the set hidden), [sets], nats: of sets that hold numbers of units and
        texts, as `named` takes them. Sets that are known cost nothing."""
        if self._target is None:
            return self._score(sets, progress)[0]
        chosen = [(), *self._sets(sets)]
        first, last = self._target
        sums: Array = self.log_probs(chosen, progress=progress)[:, first:last].sum(axis=1)
        return np.asarray(sums[0] - sums[1:])

    def matrix(self, *, progress: ProgressLike = None) -> Array:
        """What each response token loses when each unit is hidden alone, [units, tokens], nats: Captum's
        `token_attr`, transposed."""
        rows = self.log_probs([(), *((u,) for u in range(len(self.units)))], progress=progress)
        return np.asarray(rows[0] - rows[1:])

    # ---- questions ---------------------------------------------------------------------------------------------------

    def _target_bytes(self, target: Any) -> tuple[int, int]:
        """A target as bytes of the response: a text in it, a pair, a slice or a range of characters."""
        text, offsets = self.response, Offsets(self._response_bytes)
        if isinstance(target, str):
            at = text.find(target)
            if at < 0 or not target:
                raise errors.UsageError(f"`target` '{target}' does not stand in the response '{text}'")
            start, end = at, at + len(target)
        elif isinstance(target, (slice, range)):
            start, end, step = (
                target.indices(len(text)) if isinstance(target, slice) else (target.start, target.stop, target.step)
            )
            if step != 1:
                raise errors.UsageError(f"`target` {target}: neighbouring characters are needed, with step 1")
        else:
            try:
                start, end = (int(i.__index__()) for i in target)
            except (TypeError, AttributeError, ValueError):
                raise errors.UsageError(
                    f"`target` {target!r}: a text of the response is needed, or the characters that "
                    "it begins and ends at, such as (0, 12)"
                ) from None
        if not 0 <= start < end <= len(text):
            raise errors.UsageError(
                f"`target` {start}:{end}: the response has {len(text)} characters, and the start has "
                "to be before the end"
            )
        return offsets.byte(start), offsets.byte(end)

    def _target_tokens(self, target: Any) -> tuple[int, int]:
        """Every token that has a byte of it."""
        first_byte, last_byte = self._target_bytes(target)
        start, end, touched = ffi.new("size_t *"), ffi.new("size_t *"), []
        for t in range(len(self.tokens)):
            lib.jopa_session_token(self._handle.pointer, t, start, end)
            if start[0] < last_byte and end[0] > first_byte:
                touched.append(t)
        return touched[0], touched[-1] + 1

    def _ask(self, function: Any, command: str, options: dict[str, Any], progress: ProgressLike) -> Any:
        refuse_unknown(command, options)
        asked = Options(command)
        given = {name: value for name, value in self._given.items() if name in asked.table}
        if command == "compare" and "method" not in options:
            given.pop("method", None)
        target = {**given, **options}.pop("target", None)
        for name, value in {**given, **options}.items():
            if name != "target":
                asked.set(name, value)
        if target is not None:
            start, end = self._target_bytes(target)
            asked.set("target", f"{start}:{end}")
        elif self._asked_again:
            asked.set("target", self._asked_again)
        listener, out, handle = Listener(), ffi.new("jopa_result **"), self._handle
        listener.listen(asked.handle)
        with handle.model.busy():
            try:
                run(listener, progress, lambda e: function(out, handle.pointer, asked.handle, e), handle.model.keep)
                return from_text(rendered(out[0], "json"))
            finally:
                lib.jopa_result_free(out[0])

    def explain(self, *, progress: ProgressLike = None, **options: Any) -> Explanation:
        """Another question about the same prompt and response: another k, method, target, budget, seed. No set is
        scored twice."""
        made: Explanation = self._ask(lib.jopa_session_explain, "explain", options, progress)
        return made

    def compare(
        self, *, progress: ProgressLike = None, methods: Optional[Sequence[str]] = None, **options: Any
    ) -> Results:
        """Several methods side by side."""
        if methods is not None:
            options["method"] = methods
        made: Results = self._ask(lib.jopa_session_explain, "compare", options, progress)
        return made

    def _hide_text(self, one: Set) -> str:
        """A set as the option `hide` has it."""
        if isinstance(one, str):
            return one
        words: list[str] = []
        for member in _members(one):
            if not isinstance(member, str):
                words.append(str(member.__index__()))
            elif "," in member:
                words += map(str, self._occurrences(member))
            else:
                words.append("=" + member if re.fullmatch(r"=.*|\d+(-\d+)?", member) else member)
        return ",".join(words)

    def score(self, hide: Iterable[Set], *, progress: ProgressLike = None, **options: Any) -> Results:
        """What sets do, side by side: one explanation each.

        hide: sets as for `drop`, or in the words of the command: "doctor,patient", "3,5-7"."""
        if isinstance(hide, str):
            raise errors.UsageError("`hide`: a list of sets is needed, such as [['doctor', 'patient'], [3, 4]]")
        texts = [self._hide_text(one) for one in hide]
        made: Results = self._ask(lib.jopa_session_score, "score", {"hide": texts, **options}, progress)
        return made

    # ---- end ---------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Give its memory back. What it answered stays."""
        with self._handle.model.busy():
            self._handle.free()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


describe(Session.explain, keywords("explain"))
describe(Session.compare, keywords("compare"))
describe(Session.score, keywords("score"))
