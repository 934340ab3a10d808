"""What C has opened, and when it is freed: sessions before their model, and neither twice."""

from __future__ import annotations

import contextlib
import threading
from typing import Any, Iterator

from . import errors
from ._lib import from_c, lib


class ModelHandle:
    """A jopa_model and the sessions on it. `keep`: what C calls, which lives as long."""

    def __init__(self, pointer: Any, keep: Any = None) -> None:
        self._pointer = pointer
        self.keep = keep
        self.sessions: dict[int, Any] = {}
        self._lock = threading.Lock()
        self._owner: int | None = None
        self.capabilities = tuple(from_c(lib.jopa_model_capabilities(pointer)).split(","))

    @property
    def pointer(self) -> Any:
        if self._pointer is None:
            raise errors.UsageError("the model is closed")
        return self._pointer

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """One thread at a time: others wait. A callback that asks its own model would wait for ever."""
        me = threading.get_ident()
        if self._owner == me:
            raise errors.UsageError("the model is at work: its callbacks cannot use it")
        with self._lock:
            self._owner = me
            try:
                yield
            finally:
                self._owner = None

    def cancel(self) -> None:
        if self._pointer is not None:
            lib.jopa_cancel(self._pointer)

    def free(self) -> None:
        for number in list(self.sessions):
            self.free_session(number)
        pointer, self._pointer = self._pointer, None
        if pointer is not None:
            lib.jopa_model_free(pointer)

    def free_session(self, number: int) -> None:
        session = self.sessions.pop(number, None)
        if session is not None:
            lib.jopa_session_free(session)

    def __del__(self) -> None:
        self.free()


class SessionHandle:
    """A jopa_session. `keep`: what C calls, which lives as long."""

    def __init__(self, model: ModelHandle, pointer: Any, keep: Any) -> None:
        self._number = id(self)
        self.keep = keep
        self.model = model
        model.sessions[self._number] = pointer

    @property
    def pointer(self) -> Any:
        pointer = self.model.sessions.get(self._number)
        if pointer is None:
            raise errors.UsageError("the session is closed")
        return pointer

    def free(self) -> None:
        self.model.free_session(self._number)

    def __del__(self) -> None:
        self.free()
