"""Calls into the library that take long: progress, Ctrl-C, and exceptions of the caller's own code."""

from __future__ import annotations

import math
import signal
import threading
import warnings
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, Union

from . import errors
from ._lib import ffi, from_c, lib, optional

if TYPE_CHECKING:
    from types import FrameType


class Progress(NamedTuple):
    """How far a run is."""

    stage: str  # one of jopa.names("stages")
    evaluations: int  # of this stage
    budget: int  # 0: unknown
    best_drop: Optional[float]  # nats
    best: tuple[int, ...]  # units of the best set so far
    seconds: float
    seconds_left: Optional[float]
    fraction: Optional[float]  # of the stage
    method: Optional[str]
    prompts_done: int  # of jopa.bench
    prompts: int
    id: Optional[str]  # the prompt that jopa.bench is at


ProgressFunction = Callable[[Progress], object]
ProgressLike = Union[bool, ProgressFunction, None]


def _known(value: float) -> Optional[float]:
    return None if value < 0 or math.isnan(value) else value


def _read(p: Any) -> Progress:
    best = tuple(ffi.unpack(p.best, p.n_best)) if p.best and p.n_best > 0 else ()
    drop = None if math.isnan(p.best_drop) else p.best_drop
    return Progress(
        from_c(p.stage),
        p.evaluations,
        p.budget,
        drop,
        best,
        p.seconds,
        _known(p.seconds_left),
        _known(p.fraction),
        optional(p.method),
        p.prompts_done,
        p.prompts,
        optional(p.id),
    )


class Bar:
    """tqdm's progress bar: one a stage."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._stage: Optional[tuple[str, Optional[str], Optional[str]]] = None

    def __call__(self, p: Progress) -> None:
        stage = p.stage, p.method, p.id
        if stage != self._stage:
            self._begin(stage)
        counted = p.budget > 0
        total = p.budget if counted else (1.0 if p.fraction is not None else None)
        done = p.evaluations if counted or p.fraction is None else p.fraction
        if self._bar.total != total:
            self._bar.total = total
        if p.best_drop is not None:
            self._bar.set_postfix_str(f"drop {p.best_drop:.2f}", refresh=False)
        self._bar.update(done - self._bar.n)

    def _begin(self, stage: tuple[str, Optional[str], Optional[str]]) -> None:
        from tqdm.auto import tqdm

        self.close()
        self._stage = stage
        words = [word for word in (stage[2], stage[0], stage[1]) if word]
        self._bar = tqdm(
            desc=" ".join(words),
            leave=False,
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}",
        )

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class Listener:
    """What a jopa_options' callbacks reach: one for each, alive as long as C may call it."""

    def __init__(self) -> None:
        self.handle = ffi.new_handle(self)
        self.progress: Optional[ProgressFunction] = None
        self.exception: Optional[BaseException] = None
        self.cancelled = False  # by Ctrl-C

    def listen(self, options: Any) -> None:
        lib.jopa_options_listen(options, lib.jopa_py_progress, lib.jopa_py_warn, self.handle)

    def tell(self, p: Any) -> int:
        if self.cancelled or self.exception:
            return 1
        if self.progress is not None and self.progress(_read(p)):
            return 1
        return int(self.cancelled)


@ffi.def_extern(error=1)  # type: ignore[misc, untyped-decorator, unused-ignore]
def jopa_py_progress(user: Any, p: Any) -> int:
    listener = ffi.from_handle(user)
    try:
        return int(listener.tell(p))
    except BaseException as e:  # it is raised again when C has come to an end
        listener.exception = e
        return 1


@ffi.def_extern()  # type: ignore[misc, untyped-decorator, unused-ignore]
def jopa_py_warn(user: Any, line: Any) -> None:
    try:
        warnings.warn(from_c(line), stacklevel=2)
    except BaseException as e:
        ffi.from_handle(user).exception = e


class CtrlC:
    """In the main thread Ctrl-C stops the run, which then answers with its best; once more, and it is a
    KeyboardInterrupt when C has come to an end. A handler of the program's own stays in place."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._times = 0
        self._before: Any = None

    def _hear(self, number: int, frame: Optional[FrameType]) -> None:
        self._times += 1
        self._listener.cancelled = True

    def __enter__(self) -> CtrlC:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(self, *error: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if self._times > 1 and error[0] is None:
            raise KeyboardInterrupt


def run(listener: Listener, progress: ProgressLike, call: Callable[[Any], int], engine: Any = None) -> None:
    """`call` with a jopa_error, while progress is shown and Ctrl-C heard. What a callback or an engine in Python raised
    is raised again; a JopaError of an engine as what the library made of it, which may be nothing."""
    bar = Bar() if progress is True else None
    listener.progress = bar or (progress if callable(progress) else None)
    listener.exception, listener.cancelled = None, False
    e = ffi.new("jopa_error *")
    try:
        with CtrlC(listener):
            status = call(e)
    finally:
        if bar:
            bar.close()
        listener.progress = None
    told, listener.exception = listener.exception, None
    theirs = engine.take_exception() if engine is not None else None
    if told is not None:
        raise told
    if theirs is not None and not isinstance(theirs, errors.JopaError):
        raise theirs
    if status:
        raise errors.of_code(int(e.code), from_c(e.message)) from theirs
