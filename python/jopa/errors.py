"""Exceptions, one for each code of the library. All are JopaError, and what Python has for such errors beside it."""

from __future__ import annotations

from typing import Any, Optional, Type


class JopaError(Exception):
    """What the library answers when something cannot be done: one line, what was wrong and what to do."""

    code: int = 0


class MemoryFull(JopaError, MemoryError):
    """No memory."""

    code = 1


class InputError(JopaError, ValueError):
    """A text, a file's content or numbers that cannot be used."""

    code = 2


class UsageError(JopaError, ValueError):
    """An unknown name, or an impossible combination of options."""

    code = 3


class ModelError(JopaError, RuntimeError):
    """The model cannot be loaded or run."""

    code = 4


class UnsupportedError(JopaError, NotImplementedError):
    """This engine or model lacks what was asked for."""

    code = 5


class FileError(JopaError, OSError):
    """A file cannot be read or written."""

    code = 6


class Interrupted(JopaError, KeyboardInterrupt):
    """Stopped before there was a result. As a KeyboardInterrupt it ends a program that does not expect it."""

    code = 7


_BY_CODE: dict[int, Type[JopaError]] = {
    c.code: c for c in (MemoryFull, InputError, UsageError, ModelError, UnsupportedError, FileError, Interrupted)
}


def of_code(code: int, message: str) -> JopaError:
    """The exception for a code of the library."""
    return _BY_CODE.get(code, JopaError)(message)


def code_of(error: Optional[BaseException]) -> int:
    """The library's code for an exception that Python code raised."""
    if isinstance(error, JopaError) and error.code:
        return error.code
    pairs: list[tuple[Any, int]] = [(KeyboardInterrupt, 7), (MemoryError, 1), (NotImplementedError, 5)]
    return next((code for kind, code in pairs if isinstance(error, kind)), 4)
