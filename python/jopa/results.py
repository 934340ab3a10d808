"""All kinds of results, and how they are read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Optional, Sequence, Union, overload

from . import errors
from ._lib import check, ffi, lib, new_error, to_c
from .explanation import Explanation
from .parts import Citation, Document, Source, Trigger
from .result import PathLike, Result, parse, rendered

if TYPE_CHECKING:
    import pandas


class Audit(Explanation):
    """Which part of a prompt makes the model say this."""

    __slots__ = ()

    @property
    def triggered(self) -> bool:
        """Whether a set was found that is enough."""
        return bool(self._data.get("audit", {}).get("reached", False))

    def _offset(self, t: Mapping[str, Any], start: int) -> Optional[int]:
        """Characters of the message before the trigger that begins at character `start` of the prompt."""
        for m, found in zip(self._data["prompt"].get("messages", ()), self.messages):
            if m["start"] <= t["start"] < m["end"] and t.get("offset") is not None:
                before: int = t["offset"] - (t["start"] - m["start"])  # white space that the template took away
                return start - found.start + max(before, 0)
        return t.get("offset")

    def _triggers(self, name: str) -> tuple[Trigger, ...]:
        made = []
        for t in self._data.get("audit", {}).get(name, ()):
            start, end = self._span(t)
            made.append(
                Trigger(t["text"], t.get("role"), t.get("message"), self._offset(t, start), start, end, t.get("drop"))
            )
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


class Citations(Explanation):
    """Which sentences of documents an answer comes from."""

    __slots__ = ()

    def _document(self, d: Mapping[str, Any]) -> Document:
        return Document(d["index"], d["title"], d.get("message"), *self._span(d))

    def _citation(self, c: Mapping[str, Any]) -> Citation:
        sources = tuple(
            Source(
                s["cited_text"],
                s["document_index"],
                s.get("document_title", ""),
                s["start_char_index"],
                s["end_char_index"],
                s["unit"],
            )
            for s in c["citations"]
        )
        data = self.response.encode()
        start, end = (len(data[: c[name]].decode("utf-8", "replace")) for name in ("start", "end"))
        figures = (c.get(name) for name in ("drop", "documents_drop", "covered", "shown"))
        return Citation(c["text"], sources, c["from_documents"], start, end, *figures)

    @property
    def documents(self) -> tuple[Document, ...]:
        """What may be cited."""
        made: tuple[Document, ...] = self._once(
            "documents", lambda: tuple(self._document(d) for d in self._data.get("documents", ()))
        )
        return made

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The sentences of the response, or its targets, with their sources."""
        made: tuple[Citation, ...] = self._once(
            "citations", lambda: tuple(self._citation(c) for c in self._data.get("citations", ()))
        )
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
        made: tuple[Explanation, ...] = self._once(
            "items", lambda: tuple(_class_of(one)(json.dumps(one, ensure_ascii=False)) for one in self._data["results"])
        )
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
        return {
            "method": x.method,
            "id": x.id,
            "drop": x.drop,
            "units": len(x.selected),
            "sparsity": x.sparsity,
            "evaluations": cost.get("evaluations"),
            "seconds": cost.get("seconds"),
            "selected": ", ".join(x.selected_texts),
            "failed": x.failed,
        }

    def to_pandas(self) -> pandas.DataFrame:
        """A row an explanation."""
        import pandas

        made: pandas.DataFrame = pandas.DataFrame([self._row(x) for x in self])
        return made


# ---- reading ---------------------------------------------------------------------------------------------------------

_CLASSES: dict[str, type[Explanation]] = {"audit": Audit, "cite": Citations, "compress": Compression}


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
    return from_text(rendered(parse(text), "json"))


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
