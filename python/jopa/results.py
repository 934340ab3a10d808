"""What was found. Results are immutable, compare by their content, and can be pickled: each is its JSON."""

from __future__ import annotations

import base64
import json
import os
import shutil
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, NamedTuple, Optional, Sequence, Union, overload

import numpy as np

from . import errors
from ._lib import check, ffi, lib, new_error, to_c
from .offsets import Offsets
from .options import Options, describe, render_keywords

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas

    Array = npt.NDArray[np.float64]
    PathLike = Union[str, os.PathLike[str]]


class Unit(NamedTuple):
    """A piece of the prompt that can be hidden. `start` and `end` are characters of the result's `prompt`."""

    index: int
    text: str
    start: int
    end: int
    role: Optional[str]
    score: Optional[float]  # importance by the method
    probability: Optional[float]  # final masking probability
    selected: bool


class Token(NamedTuple):
    """A token of the prompt. `start` and `end` are characters of the result's `prompt`; `unit` is None where it is
    never hidden."""

    text: str
    id: Optional[int]
    start: int
    end: int
    unit: Optional[int]


class ResponseToken(NamedTuple):
    """A token of the response; natural logs of its probability, with the whole prompt and with the set hidden. None
    outside the target."""

    text: str
    id: Optional[int]
    log_prob: Optional[float]
    masked_log_prob: Optional[float]


class Message(NamedTuple):
    """A message of the chat. `start` and `end` are characters of the result's `prompt`."""

    role: str
    content: str
    start: int
    end: int


class Trigger(NamedTuple):
    """A part of the prompt that an audit found. `offset` is the character of the message where it begins, `start` and
    `end` are characters of the result's `prompt`."""

    text: str
    role: Optional[str]
    message: Optional[int]
    offset: Optional[int]
    start: int
    end: int
    drop: Optional[float]


class CaptumAttribution(NamedTuple):
    """The arrays of Captum's LLMAttributionResult: `seq_attr` [units], `token_attr` [response tokens, units] or
    None."""

    seq_attr: Array
    token_attr: Optional[Array]
    input_tokens: list[str]
    output_tokens: list[str]


# ---- JSON and reports ------------------------------------------------------------------------------------------------


def _parse(text: str) -> Any:
    """The C library's result for a JSON text; InputError where it is none."""
    data, e, out = to_c(text, "result"), new_error(), ffi.new("jopa_result **")
    check(lib.jopa_result_parse(out, data, len(data), e), e)
    return ffi.gc(out[0], lib.jopa_result_free)


def rendered(result: Any, format: str, options: Any = ffi.NULL) -> str:
    """A report of a jopa_result."""
    size, e = ffi.new("size_t *"), new_error()
    text = lib.jopa_result_render(result, to_c(format, "format"), options, size, e)
    if not text:
        check(int(e.code) or errors.MemoryFull.code, e)
    try:
        return bytes(ffi.buffer(text, size[0])).decode("utf-8", "replace")
    finally:
        lib.jopa_free(text)


def _write(path: PathLike, text: str) -> None:
    """Whole or not at all."""
    target = os.fspath(path)
    beside = f"{target}.{os.getpid()}.part"
    with open(beside, "w", encoding="utf-8", newline="") as f:
        f.write(text)
    os.replace(beside, target)


def _frozen(value: Any) -> Any:
    """Lists become tuples, objects read-only mappings."""
    if isinstance(value, dict):
        return MappingProxyType({k: _frozen(v) for k, v in value.items()})
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value


def _array(values: Sequence[Any]) -> Array:
    """Read-only; None becomes NaN."""
    made = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    made.setflags(write=False)
    return made


class Result:
    """What one call found: the part that all kinds of results share."""

    __slots__ = ("__weakref__", "_data", "_json", "_parts")
    _json: str
    _data: dict[str, Any]
    _parts: dict[str, Any]

    def __init__(self, text: str) -> None:
        """From the JSON that `to_json` writes: jopa.loads tells what kind it is."""
        object.__setattr__(self, "_json", text)
        object.__setattr__(self, "_data", json.loads(text))
        object.__setattr__(self, "_parts", {})

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._parts:
            self._parts[name] = make()
        return self._parts[name]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"results cannot be changed: '{name}'")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"results cannot be changed: '{name}'")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._json,)

    def __copy__(self) -> Result:
        return self

    def __deepcopy__(self, memo: object) -> Result:
        return self

    def __eq__(self, other: object) -> bool:
        return self._json == other._json if isinstance(other, Result) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._json)

    @property
    def command(self) -> str:
        """What was asked: "explain", "compare", "score", "audit" or "compress"."""
        return str(self._data["command"])

    def __getitem__(self, name: Any) -> Any:
        """A member of the JSON, read-only: every one of docs/result.schema.json, whose offsets are bytes."""
        return self._once(f"[{name}]", lambda: _frozen(self._data[name]))

    def to_dict(self) -> dict[str, Any]:
        """The JSON as Python's, a new one each time. Offsets are bytes, as in the file."""
        made: dict[str, Any] = json.loads(self._json)
        return made

    def render(self, format: str = "text", **options: Any) -> str:
        """A report: "text", "html", "svg", "markdown", "csv", "json" and what else `jopa.names("formats")` has."""
        asked = Options("render")
        for name, value in options.items():
            if name not in render_keywords():
                raise errors.UsageError(f"`{name}` is no keyword of reports: they have {', '.join(render_keywords())}")
            asked.set(name, value)
        return rendered(_parse(self._json), format, asked.handle)

    def to_json(self, path: Optional[PathLike] = None) -> str:
        """The whole result; also into a file, from which jopa.load and `jopa render` read it."""
        if path is not None:
            _write(path, self._json)
        return self._json

    def to_html(self, path: Optional[PathLike] = None) -> str:
        """The page with the heat map, which needs no other file; also into a file."""
        page = self.render("html")
        if path is not None:
            _write(path, page)
        return page

    def to_text(self, **options: Any) -> str:
        """The report of the command."""
        return self.render("text", **options)

    def __str__(self) -> str:
        return self.render("text", width=min(max(shutil.get_terminal_size((80, 24)).columns, 40), 100)).rstrip("\n")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The heat map, for notebooks: a picture, so that it looks the same wherever the notebook is shown."""
        try:
            svg = self.render("svg")
        except errors.JopaError:
            import html

            return f"<pre>{html.escape(str(self))}</pre>"
        data = base64.b64encode(svg.encode()).decode()
        return f'<img alt="heat map of the prompt" src="data:image/svg+xml;base64,{data}">'


describe(Result.render, render_keywords())
describe(Result.to_text, render_keywords())


# ---- one explanation -------------------------------------------------------------------------------------------------


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
            Token(t["text"], t.get("id"), *self._span(t), t.get("unit"))
            for t in self._data["prompt"].get("tokens", ())
        )

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The prompt's tokens."""
        made: tuple[Token, ...] = self._once("tokens", self._make_tokens)
        return made

    def _make_messages(self) -> tuple[Message, ...]:
        spans = [(m["role"], *self._span(m)) for m in self._data["prompt"].get("messages", ())]
        return tuple(Message(role, self.prompt[start:end], start, end) for role, start, end in spans)

    @property
    def messages(self) -> tuple[Message, ...]:
        """What people wrote, in order."""
        made: tuple[Message, ...] = self._once("messages", self._make_messages)
        return made

    @property
    def response_tokens(self) -> tuple[ResponseToken, ...]:
        """The response's tokens, with their log-probabilities."""
        made: tuple[ResponseToken, ...] = self._once("response_tokens", lambda: tuple(
            ResponseToken(t["text"], t.get("id"), t.get("log_prob"), t.get("masked_log_prob"))
            for t in self._data["response"].get("tokens", ())
        ))
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
        """One number a unit, [units]: its score; where the method has none, its probability; else 1 for the selected."""

        def choose() -> Array:
            for values in (self.scores, self.probability):
                if not np.isnan(values).all():
                    return values
            return _array([float(u.selected) for u in self.units])

        made: Array = self._once("attribution", choose)
        return made

    @property
    def masked_response(self) -> Optional[str]:
        """What the model writes with the set hidden."""
        return (self._data.get("masked_response") or {}).get("text")

    @property
    def metrics(self) -> Mapping[str, Any]:
        """What was measured: metrics, and their numbers."""
        made: Mapping[str, Any] = self._once("metrics", lambda: _frozen(self._data.get("metrics", {})))
        return made

    @property
    def cost(self) -> Mapping[str, float]:
        """Evaluations, decoded tokens, seconds."""
        made: Mapping[str, float] = self._once("cost", lambda: _frozen(self._data.get("cost", {})))
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

        made = pandas.DataFrame(list(self.units), columns=list(Unit._fields)).set_index("index")
        return made.astype({"score": "float64", "probability": "float64"})

    def to_captum(self, token_attr: Optional[Array] = None) -> CaptumAttribution:
        """As Captum's attributions of language models give it. `token_attr`: what Session.matrix() has measured, [units,
        response tokens]; without it there is no `token_attr`."""
        matrix = None if token_attr is None else np.asarray(token_attr, dtype=np.float64).T
        if matrix is not None and matrix.shape != (len(self.response_tokens), len(self.units)):
            raise errors.UsageError(f"`token_attr` {matrix.T.shape}: a row a unit and a column a response token are "
                                    f"needed, {(len(self.units), len(self.response_tokens))}")
        return CaptumAttribution(self.attribution.copy(), matrix, [u.text for u in self.units],
                                 [t.text for t in self.response_tokens])

    def to_inseq(self, token_attr: Optional[Array] = None) -> dict[str, Any]:
        """A dictionary with the names and shapes of Inseq's attribution of one sequence by a decoder-only model:
        `target` is the prompt and the response, `target_attributions` is [prompt and response tokens, response tokens].
        Every token of a unit has the unit's value: of `token_attr` as for to_captum, or else its score."""
        from .convert import inseq_dictionary

        return inseq_dictionary(self, token_attr)


class Audit(Explanation):
    """Which part of a prompt makes the model say this."""

    __slots__ = ()

    @property
    def triggered(self) -> bool:
        """Whether a set was found that is enough."""
        return bool(self._data.get("audit", {}).get("reached", False))

    def _triggers(self, name: str) -> tuple[Trigger, ...]:
        made = []
        for t in self._data.get("audit", {}).get(name, ()):
            start, end = self._span(t)
            inside = t.get("message") is not None and t["message"] < len(self.messages)
            offset = start - self.messages[t["message"]].start if inside else t.get("offset")
            made.append(Trigger(t["text"], t.get("role"), t.get("message"), offset, start, end, t.get("drop")))
        return tuple(made)

    @property
    def sentences(self) -> tuple[Trigger, ...]:
        """The smallest set of sentences (or what `unit` says) whose hiding is enough."""
        made: tuple[Trigger, ...] = self._once("sentences", lambda: self._triggers("sentences"))
        return made

    @property
    def words(self) -> tuple[Trigger, ...]:
        """The smallest set of words within them that is enough."""
        made: tuple[Trigger, ...] = self._once("words", lambda: self._triggers("words"))
        return made


class Compression(Explanation):
    """A shorter prompt with the same answer."""

    __slots__ = ()

    def _member(self, name: str) -> Any:
        return self._data.get("compression", {}).get(name)

    @property
    def text(self) -> str:
        """The shorter prompt."""
        return str(self._member("text") or "")

    @property
    def short_messages(self) -> list[dict[str, str]]:
        """The shorter chat."""
        return [dict(m) for m in self._member("messages") or ()]

    @property
    def tokens_left(self) -> int:
        """Of the prompt's tokens."""
        return int(self._member("tokens_left") or 0)

    @property
    def reached(self) -> bool:
        """Whether what was asked for could be kept: the tolerance, or the ratio."""
        return bool(self._member("reached"))


class Results(Result, Sequence[Explanation]):
    """Explanations side by side: methods of a comparison, sets that were scored, audits of several questions."""

    __slots__ = ()

    def _items(self) -> tuple[Explanation, ...]:
        made: tuple[Explanation, ...] = self._once("items", lambda: tuple(
            _class_of(one)(json.dumps(one, ensure_ascii=False)) for one in self._data["results"]
        ))
        return made

    def __len__(self) -> int:
        return len(self._data["results"])

    def __iter__(self) -> Iterator[Explanation]:
        return iter(self._items())

    @overload
    def __getitem__(self, name: Union[int, str]) -> Explanation: ...

    @overload
    def __getitem__(self, name: slice) -> Sequence[Explanation]: ...

    def __getitem__(self, name: Union[int, slice, str]) -> Union[Explanation, Sequence[Explanation]]:
        """By place, by method, or by the name of the set or question."""
        if not isinstance(name, str):
            return self._items()[name]
        for one in self:
            if name in (one.method, one.id):
                return one
        raise KeyError(name)

    @property
    def best(self) -> Explanation:
        """The one with the largest drop."""
        return max((x for x in self if not x.failed), key=lambda x: x.drop)

    @property
    def interrupted(self) -> bool:
        return any(x.interrupted for x in self)

    def _row(self, x: Explanation) -> dict[str, Any]:
        cost = x.cost
        return {"method": x.method, "id": x.id, "drop": x.drop, "units": len(x.selected), "sparsity": x.sparsity,
                "evaluations": cost.get("evaluations"), "seconds": cost.get("seconds"),
                "selected": ", ".join(x.selected_texts), "failed": x.failed}

    def to_pandas(self) -> pandas.DataFrame:
        """A row an explanation."""
        import pandas

        return pandas.DataFrame([self._row(x) for x in self])


# ---- reading ---------------------------------------------------------------------------------------------------------

_CLASSES: dict[str, type[Explanation]] = {"audit": Audit, "compress": Compression}


def _class_of(data: Mapping[str, Any]) -> type[Explanation]:
    return _CLASSES.get(str(data.get("command")), Explanation)


def from_text(text: str) -> Union[Explanation, Results]:
    """The result of a JSON text that is known to be one."""
    data = json.loads(text)
    return Results(text) if "results" in data else _class_of(data)(text)


def loads(text: Union[str, bytes]) -> Union[Explanation, Results]:
    """A result from the JSON that `to_json`, or the command, wrote. InputError where it is none."""
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as e:
            raise errors.InputError(f"the result is not UTF-8 (byte {e.start})") from None
    return from_text(rendered(_parse(text), "json"))


def load(path: PathLike) -> Union[Explanation, Results]:
    """A result from a file."""
    with open(path, "rb") as f:
        return loads(f.read())


def join_audits(audits: Sequence[Explanation]) -> Results:
    """Audits of several questions as one result, which adds the triggers that were found most often."""
    listed = ffi.new("jopa_result **")
    try:
        for one in audits:
            if not isinstance(one, Audit):
                raise errors.UsageError(f"audits are joined, not {type(one).__name__}")
            e, more = new_error(), ffi.new("jopa_result **")
            data = to_c(one.to_json(), "result")
            check(lib.jopa_result_parse(more, data, len(data), e), e)
            check(lib.jopa_audit_join(listed, more[0], e), e)
        if not listed[0]:
            raise errors.UsageError("no audits to join")
        return Results(rendered(listed[0], "json"))
    finally:
        lib.jopa_result_free(listed[0])
