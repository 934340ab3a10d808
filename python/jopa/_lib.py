"""The C library, and how texts and errors cross to it."""

from __future__ import annotations

import os
from typing import Any

from . import errors


def _load() -> tuple[Any, Any]:
    # Threads that spin at a barrier for long slow each other down where other work keeps the cores busy. libgomp reads
    # this once, when it is loaded; other programs that are started from here are not to see it.
    unset = not {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & os.environ.keys()
    if unset:
        os.environ["GOMP_SPINCOUNT"] = "5000"
    try:
        from . import _native  # type: ignore[attr-defined]
    finally:
        if unset:
            del os.environ["GOMP_SPINCOUNT"]
    return _native.ffi, _native.lib


ffi, lib = _load()

__version__: str = ffi.string(lib.jopa_version()).decode()


def to_c(value: str, name: str = "text") -> bytes:
    """UTF-8 that C can take as a string; InputError where `value` has what C strings cannot hold."""
    try:
        made = value.encode("utf-8")
    except UnicodeEncodeError as e:
        raise errors.InputError(
            f"`{name}` has half of a surrogate pair at character {e.start}: it is no text"
        ) from None
    if b"\0" in made:
        raise errors.InputError(f"`{name}` has a NUL at character {value.index(chr(0))}: take it out")
    return made


def from_c(text: Any) -> str:
    """A C string as str; bytes that are no UTF-8 become U+FFFD. NULL: empty."""
    return ffi.string(text).decode("utf-8", "replace") if text else ""


def optional(text: Any) -> str | None:
    return from_c(text) if text else None


def new_error() -> Any:
    return ffi.new("jopa_error *")


def failure(e: Any) -> errors.JopaError:
    """The exception for what is in a jopa_error."""
    return errors.of_code(int(e.code), from_c(e.message))


def check(status: int, e: Any) -> None:
    if status:
        raise failure(e)


def taken(text: Any, size: Any, e: Any) -> str:
    """A text that a function of the library returned, which is freed; where it is NULL, the error raised."""
    if not text:
        check(int(e.code) or errors.MemoryFull.code, e)
    try:
        return bytes(ffi.buffer(text, size[0])).decode("utf-8", "replace")
    finally:
        lib.jopa_free(text)
