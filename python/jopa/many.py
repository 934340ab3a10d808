"""Many questions, as fast as the engine allows: an iterator over what they are answered."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping, Optional, Sequence, Union

from . import errors
from ._lib import ffi, from_c, lib
from .chat import Prompt
from .options import Options, refuse_unknown
from .result import rendered
from .results import from_text
from .running import Listener, Progress, ProgressLike, run

if TYPE_CHECKING:
    from .explanation import Explanation
    from .model import Model
    from .results import Results

Question = Union[Prompt, Mapping[str, Any]]


@dataclass(frozen=True)
class Answer:
    """What came of one question."""

    index: int  # of the question
    question: Any
    result: Any  # what the function answers that asks one question; None: there is no answer
    error: Optional[errors.JopaError]  # why

    def unwrap(self) -> Union[Explanation, Results]:
        """The result; what there is instead is raised."""
        if self.error is not None:
            raise self.error
        made: Union[Explanation, Results] = self.result
        return made


class PromptsBar:
    """tqdm's progress bar of all questions."""

    def __init__(self, total: int) -> None:
        from tqdm.auto import tqdm

        self._bar: Any = tqdm(total=total, unit="prompt", leave=False)

    def __call__(self, p: Progress) -> None:
        self._bar.update(p.prompts_done - self._bar.n)

    def close(self) -> None:
        self._bar.close()


def _target_texts(target: Any) -> Sequence[str]:
    texts = [target] if isinstance(target, str) else list(target) if isinstance(target, (list, tuple)) else []
    if not texts or not all(isinstance(text, str) for text in texts):
        raise errors.UsageError("`target` of many questions is a text or several: where it is may differ")
    return texts


class Many(Listener):
    """A run of jopa_many on a thread of its own, whose answers are in a queue; None after the last."""

    def __init__(self, model: Model, command: str, questions: Iterable[Question], options: dict[str, Any]) -> None:
        super().__init__()
        self.model = model
        self.command = command
        self.answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.questions = list(questions)
        self.asked: list[tuple[int, Options]] = []  # those that are still to be asked, the last first
        self.index: dict[int, int] = {}  # of the questions in hand, by their options' address
        self.closed = False  # nobody wants answers any more
        self.failure: Optional[BaseException] = None
        for i, question in enumerate(self.questions):
            try:
                self.asked.append((i, self._build(i, question, options)))
            except errors.JopaError as e:
                self.answers.put((i, None, e))
        self.asked.reverse()

    def _build(self, i: int, question: Question, options: dict[str, Any]) -> Options:
        own = dict(question) if isinstance(question, Mapping) else {"prompt": question}
        prompt = own.pop("messages", None) or own.pop("prompt", None)
        given = {**options, **own}
        asked = self.model._options(self.command, prompt, None, given)
        if given.get("target") is not None:
            asked.set("target", _target_texts(given["target"]))
        if "id" in asked.table and not asked.given("id"):
            asked.set("id", str(i))
        return asked

    # ---- what C calls ------------------------------------------------------------------------------------------------

    def tell(self, p: Any) -> int:
        return 1 if self.closed else super().tell(p)

    def next_question(self) -> Any:
        if self.closed or not self.asked:
            return ffi.NULL
        i, asked = self.asked.pop()
        handle = asked.release()
        self.index[int(ffi.cast("uintptr_t", handle))] = i
        return handle

    def take_answer(self, asked: Any, result: Any, why: Any) -> int:
        i = self.index.pop(int(ffi.cast("uintptr_t", asked)))
        try:
            if result:
                self.answers.put((i, rendered(result, "json"), None))
            else:
                self.answers.put((i, None, errors.of_code(int(why.code), from_c(why.message))))
        finally:
            lib.jopa_result_free(result)
        return int(self.closed)

    # ---- the run -----------------------------------------------------------------------------------------------------

    def request(self, in_flight: int) -> Any:
        rq = ffi.new("jopa_many_request *")
        rq.size = ffi.sizeof("jopa_many_request")
        rq.ask = ffi.addressof(lib, f"jopa_{self.command}")
        rq.next = lib.jopa_py_many_next
        rq.answer = lib.jopa_py_many_answer
        rq.progress = lib.jopa_py_progress
        rq.user = self.handle
        rq.prompts = len(self.asked)
        rq.in_flight = in_flight
        return rq

    def work(self, in_flight: int, progress: ProgressLike) -> None:
        handle = self.model._handle
        try:
            with handle.busy():
                rq = self.request(in_flight)
                if self.asked:
                    run(self, progress, lambda e: lib.jopa_many(handle.pointer, rq, e), handle.keep)
        except BaseException as e:  # it is raised where the answers are taken
            self.failure = e
        finally:
            self.answers.put(None)

    def take_all(self, in_flight: int, progress: ProgressLike) -> Iterator[Answer]:
        bar = PromptsBar(len(self.asked)) if progress is True else None
        thread = threading.Thread(target=self.work, args=(in_flight, bar or progress), name="jopa-many", daemon=True)
        thread.start()
        try:
            for i, text, error in iter(self.answers.get, None):
                yield Answer(i, self.questions[i], None if text is None else from_text(text), error)
        finally:
            self.closed = True
            thread.join()
            if bar:
                bar.close()
        if self.failure is not None:
            raise self.failure


@ffi.def_extern(error=ffi.NULL)  # type: ignore[misc, untyped-decorator, unused-ignore]
def jopa_py_many_next(user: Any) -> Any:
    many = ffi.from_handle(user)
    try:
        return many.next_question()
    except BaseException as e:
        many.exception = e
        return ffi.NULL


@ffi.def_extern(error=1)  # type: ignore[misc, untyped-decorator, unused-ignore]
def jopa_py_many_answer(user: Any, asked: Any, result: Any, why: Any) -> int:
    many = ffi.from_handle(user)
    try:
        return int(many.take_answer(asked, result, why))
    except BaseException as e:
        many.exception = e
        return 1


def ask_many(
    model: Model,
    command: str,
    questions: Iterable[Question],
    in_flight: int,
    progress: ProgressLike,
    options: dict[str, Any],
) -> Iterator[Answer]:
    """Begins with the first answer that is taken; wrong keywords are refused at once."""
    refuse_unknown(command, options)
    if isinstance(questions, (str, Mapping)):
        raise errors.UsageError("`questions` is a list of prompts, or of dictionaries with `prompt`")
    return Many(model, command, questions, options).take_all(in_flight, progress)
