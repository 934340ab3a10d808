"""Results as a whole: immutable, compared by their content, pickled as their JSON; and their reports."""

from __future__ import annotations

import base64
import html
import json
import os
import shutil
from types import MappingProxyType
from typing import Any, Callable, Optional, Union

from . import errors
from ._lib import check, ffi, lib, new_error, taken, to_c
from .options import Options, describe, render_keywords

PathLike = Union[str, "os.PathLike[str]"]


def parse(text: str) -> Any:
    """The C library's result for a JSON text; InputError where it is none."""
    data, e, out = to_c(text, "result"), new_error(), ffi.new("jopa_result **")
    check(lib.jopa_result_parse(out, data, len(data), e), e)
    return ffi.gc(out[0], lib.jopa_result_free)


def rendered(result: Any, format: str, options: Any = ffi.NULL) -> str:
    """A report of a jopa_result."""
    size, e = ffi.new("size_t *"), new_error()
    return taken(lib.jopa_result_render(result, to_c(format, "format"), options, size, e), size, e)


def write_whole(path: PathLike, text: str) -> None:
    """Whole or not at all."""
    target = os.fspath(path)
    beside = f"{target}.{os.getpid()}.part"
    with open(beside, "w", encoding="utf-8", newline="") as f:
        f.write(text)
    os.replace(beside, target)


def frozen(value: Any) -> Any:
    """Lists become tuples, objects read-only mappings."""
    if isinstance(value, dict):
        return MappingProxyType({k: frozen(v) for k, v in value.items()})
    return tuple(frozen(v) for v in value) if isinstance(value, list) else value


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
        return self._data == other._data if isinstance(other, Result) else NotImplemented

    def __hash__(self) -> int:
        return hash(json.dumps(self._data, sort_keys=True))

    @property
    def command(self) -> str:
        """What was asked: "explain", "compare", "score", "cite", "audit" or "compress"."""
        return str(self._data["command"])

    def __getitem__(self, name: Any) -> Any:
        """A member of the JSON, read-only: every one of docs/result.schema.json, whose offsets are bytes."""
        return self._once(f"[{name}]", lambda: frozen(self._data[name]))

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
        return rendered(parse(self._json), format, asked.handle)

    def to_json(self, path: Optional[PathLike] = None) -> str:
        """The whole result; also into a file, from which jopa.load and `jopa render` read it."""
        if path is not None:
            write_whole(path, self._json)
        return self._json

    def to_html(self, path: Optional[PathLike] = None) -> str:
        """The page with the heat map, which needs no other file; also into a file."""
        page = self.render("html")
        if path is not None:
            write_whole(path, page)
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
            return f"<pre>{html.escape(str(self))}</pre>"
        data = base64.b64encode(svg.encode()).decode()
        return f'<img alt="heat map of the prompt" src="data:image/svg+xml;base64,{data}">'


describe(Result.render, render_keywords())
describe(Result.to_text, render_keywords())
