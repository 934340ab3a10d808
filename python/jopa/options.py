"""The library's table of options: names, types, defaults, ranges and help of every keyword."""

from __future__ import annotations

import inspect
import json
import os
from typing import Any, Iterable, Mapping, NamedTuple, Optional

from . import errors
from ._lib import check, ffi, from_c, lib, new_error, optional, to_c
from .caching import cached

COMMANDS = ("explain", "compare", "score", "cite", "audit", "compress", "bench")
_PLACES = ("prompt", "data", "model")  # positional parameters of Python


class Option(NamedTuple):
    """A row of the table."""

    name: str
    type: str  # "text", "file", "integer", "number", "switch", "list" or "texts"
    default: Optional[str]  # as text; None: none
    least: float
    most: float
    values: Optional[str]  # the names that it takes, with commas, or what looks them up
    argument: Optional[str]
    help: str
    command_only: bool  # about reading and writing, which Python does by other means


def _row(i: Any) -> Option:
    return Option(
        from_c(i.name),
        from_c(i.type),
        optional(i.fallback),
        i.least,
        i.most,
        optional(i.values),
        optional(i.argument),
        from_c(i.help),
        bool(i.command_only),
    )


@cached
def options(command: Optional[str] = None) -> tuple[Option, ...]:
    """The options of a command ("explain", "compare", "score", "cite", "audit", "compress", "bench", "render"), in the
    order of its help; None: those of all commands, each name once. An unknown command has none."""
    name = ffi.NULL if command is None else to_c(command, "command")
    rows: list[Option] = []
    while True:
        row = lib.jopa_option_at(name, len(rows))
        if not row:
            return tuple(rows)
        rows.append(_row(row))


@cached
def of_model() -> dict[str, Option]:
    """Those that say which model is opened, and how: keywords of jopa.Model."""
    return {o.name: o for o in options("list")}


@cached
def model_keywords() -> dict[str, Option]:
    """Those of them beside the parameters that jopa.Model has anyway, `n_threads` and its like."""
    return {name: o for name, o in of_model().items() if name not in ("model", "threads", "ctx", "gpu_layers")}


@cached
def keywords(command: str) -> dict[str, Option]:
    """The keywords of the function that runs a command."""
    hidden = {*_PLACES, *of_model()}
    return {o.name: o for o in options(command) if o.name not in hidden and not o.command_only}


@cached
def render_keywords() -> dict[str, Option]:
    """The keywords of reports: "width", "scores" and "color"."""
    return {o.name: o for o in options("render") if o.name in ("width", "scores", "color")}


def names(what: str) -> dict[str, str]:
    """What can be chosen from, with a line about each: "methods", "operators", "metrics", "formats", "engines",
    "units" or "stages"."""
    made: dict[str, str] = {}
    entry = ffi.new("jopa_name *")
    while lib.jopa_list(to_c(what, "what"), len(made), entry):
        made[from_c(entry.name)] = from_c(entry.summary)
    if not made:
        raise errors.UsageError(f"nothing is listed as '{what}'")
    return made


# ---- values ----------------------------------------------------------------------------------------------------------


def _is_number(value: object) -> bool:
    return hasattr(value, "__index__") or isinstance(value, float)


def _number(value: Any) -> str:
    """As C writes it; NumPy's numbers as Python's."""
    return str(value.__index__()) if hasattr(value, "__index__") else repr(float(value))


def _content(option: Option, path: os.PathLike[str]) -> str:
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except (OSError, UnicodeDecodeError) as e:
        raise errors.FileError(f"`{option.name}`: {os.fspath(path)} cannot be read: {e}") from None


def value_text(option: Option, value: Any) -> str:
    """A Python value as the library reads it: as on the command line, but that it is given what is in a file."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return "true" if value else "false"
    if isinstance(value, os.PathLike):
        return _content(option, value) if option.type == "file" else os.fsdecode(os.fspath(value))
    if _is_number(value):
        return _number(value)
    if option.type == "list" and isinstance(value, Iterable) and not isinstance(value, Mapping):
        return ",".join(value_text(option, one) for one in value)
    if option.type in ("text", "file", "texts") and isinstance(value, (Mapping, list, tuple)):
        return json.dumps(value, ensure_ascii=False)
    raise errors.UsageError(f"`{option.name}`: a {option.type} is needed, not {type(value).__name__}")


def _values(option: Option, value: Any) -> list[str]:
    many = option.type == "texts" and isinstance(value, Iterable) and not isinstance(value, (str, Mapping))
    return [value_text(option, one) for one in value] if many else [value_text(option, value)]


class Options:
    """A jopa_options of one command."""

    def __init__(self, command: str) -> None:
        e, out = new_error(), ffi.new("jopa_options **")
        check(lib.jopa_options_new(out, to_c(command, "command"), e), e)
        self.handle = ffi.gc(out[0], lib.jopa_options_free)
        self.table = {o.name: o for o in options(command)}

    def release(self) -> Any:
        """The C object, which somebody else frees from now on."""
        ffi.gc(self.handle, None)
        return self.handle

    def set(self, name: str, value: Any) -> None:
        """None leaves the default."""
        if value is None:
            return
        e = new_error()
        option = self.table.get(name)
        texts = _values(option, value) if option else [str(value)]
        for text in texts:
            check(lib.jopa_options_set(self.handle, to_c(name, "option"), to_c(text, name), e), e)

    def given(self, name: str) -> bool:
        return bool(lib.jopa_options_given(self.handle, to_c(name, "option")))

    def get(self, name: str) -> Optional[str]:
        return optional(lib.jopa_options_get(self.handle, to_c(name, "option")))

    def add_message_json(self, message: Mapping[str, Any]) -> bool:
        """A message as OpenAI's interface has it. False: this library takes roles and contents alone."""
        add = getattr(lib, "jopa_options_add_message_json", None)
        if add is None:
            return False
        try:
            text = json.dumps(message, ensure_ascii=False)
        except (TypeError, ValueError) as why:
            raise errors.InputError(f"a message is no JSON: {why}") from None
        e = new_error()
        check(add(self.handle, to_c(text, "message"), e), e)
        return True

    def add_message(self, role: str, content: str) -> None:
        e = new_error()
        check(lib.jopa_options_add_message(self.handle, to_c(role, "role"), to_c(content, "content"), e), e)


def refuse_unknown(command: str, given: Iterable[str], also: Iterable[str] = ()) -> None:
    """UsageError for a keyword that the command's function does not have, in the words of the library where it has
    any."""
    known = {*keywords(command), *also}
    for name in given:
        if name in known:
            continue
        if name in of_model():
            raise errors.UsageError(f"`{name}` is settled when the model is opened: give it to jopa.Model")
        row = next((o for o in options(command) if o.name == name), None)
        if row and row.command_only:
            raise errors.UsageError(f"`{name}` is an option of the command alone: in Python results are objects")
        Options(command).set(name, "0")  # says what is close to it
        raise errors.UsageError(f"`{name}` is no keyword here")


# ---- signatures ------------------------------------------------------------------------------------------------------


def default_value(option: Option) -> Any:
    """The default as a Python value, for signatures."""
    text = option.default
    if option.type == "switch":
        return text == "true"
    if text is None:
        return None
    if option.type == "integer":
        return int(text)
    return float(text) if option.type == "number" else text


def describe(function: Any, table: Mapping[str, Option]) -> None:
    """Give a function that takes **options their names: its signature, and its documentation."""
    own = inspect.signature(function)
    fixed = [p for p in own.parameters.values() if p.kind != p.VAR_KEYWORD]
    taken = {p.name for p in fixed}
    rows = [o for o in table.values() if o.name not in taken]
    extra = [inspect.Parameter(o.name, inspect.Parameter.KEYWORD_ONLY, default=default_value(o)) for o in rows]
    function.__signature__ = own.replace(parameters=[*fixed, *extra])
    written = inspect.cleandoc(function.__doc__ or "")
    lines = [f"    {o.name}: {o.help}" for o in rows if f"\n{o.name}: " not in written]
    function.__doc__ = written + "\n\nOptions:\n" + "\n".join(lines) + "\n"
