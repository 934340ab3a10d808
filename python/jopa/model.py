"""Models, and what can be asked of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Optional, Sequence, Union

from . import errors
from ._lib import ffi, lib, new_error, to_c
from .chat import Prompt, set_prompt
from .defaults import default_encoder, default_model
from .explanation import Explanation
from .handles import ModelHandle
from .many import Answer, Question, ask_many
from .options import Options, describe, keywords, model_keywords, of_model, refuse_unknown
from .result import PathLike, rendered
from .results import Audit, Citations, Compression, Results, from_text
from .running import Listener, ProgressLike, run
from .session import Session, Set

if TYPE_CHECKING:
    from .engine import Engine


def _model_options(model: Any, options: dict[str, Any]) -> dict[str, Any]:
    """The options that jopa_model_open looks at, by the names of the table; `n_ctx` and its like as llama.cpp calls
    them."""
    given: dict[str, Any] = {}
    for name, value in options.items():
        short = name[2:] if name.startswith("n_") else name
        if short not in of_model():
            raise errors.UsageError(
                f"`{name}` is no keyword of jopa.Model: it has {', '.join(n for n in of_model() if n != 'model')}"
            )
        if value is not None:
            given[short] = os.fspath(value) if isinstance(value, os.PathLike) else value
    text = os.fspath(model)
    if text.startswith(("http://", "https://")):
        given["engine"] = text
    else:
        given["model"] = default_model() if text == "default" else text
    if given.get("encoder") == "default":
        given["encoder"] = default_encoder()
    return given


class Model:
    """A language model: a GGUF file, the address of a server, or what the class methods bring. Models are independent
    of each other; one model is used by one thread at a time, and others wait for it."""

    _engine: Optional[Engine]
    _given: dict[str, Any]  # options of the table
    _handle: ModelHandle

    def __init__(
        self,
        model: PathLike = "default",
        *,
        n_threads: int = 0,
        n_ctx: int = 0,
        n_gpu_layers: int = 0,
        progress: ProgressLike = None,
        **options: Any,
    ) -> None:
        """Open a GGUF file. "default" is SmolLM2-135M-Instruct, which is fetched once; an address such as
        "http://localhost:8080" is a server. 0 threads: all cores; 0 as n_ctx: as much as is needed."""
        sizes = {"n_threads": n_threads, "n_ctx": n_ctx, "n_gpu_layers": n_gpu_layers}
        given = _model_options(model, {**{k: v for k, v in sizes.items() if v}, **options})
        self._engine = None
        self._given = given
        asked, listener, out = Options("explain"), Listener(), ffi.new("jopa_model **")
        for name, value in given.items():
            asked.set(name, value)
        listener.listen(asked.handle)
        run(listener, progress, lambda e: lib.jopa_model_open(out, asked.handle, e))
        self._handle = ModelHandle(out[0])

    @classmethod
    def default(cls, **options: Any) -> Model:
        """SmolLM2-135M-Instruct, which is fetched once."""
        return cls("default", **options)

    @classmethod
    def from_engine(cls, engine: Engine) -> Model:
        """A model that is computed by an engine in Python: a subclass of jopa.Engine."""
        made = cls.__new__(cls)
        made._engine, made._given = engine, {}
        e, out = new_error(), ffi.new("jopa_model **")
        from .bridge import Bridge

        bridge = Bridge(engine)
        status = lib.jopa_model_open_engine(out, bridge.ops, bridge.handle, e)
        if status:
            raise errors.of_code(status, ffi.string(e.message).decode())
        made._handle = ModelHandle(out[0], bridge)
        theirs = bridge.take_exception()
        if theirs is not None:
            raise theirs
        return made

    @classmethod
    def from_transformers(cls, model: Any, tokenizer: Any, *, batch_size: int = 16) -> Model:
        """A causal language model of `transformers`, on the device and in the type that it has, with its tokenizer.
        `batch_size`: rows that are computed at once. Encoder-decoder models are refused."""
        from .pytorch import TransformersEngine

        return cls.from_engine(TransformersEngine(model, tokenizer, batch_size=batch_size))

    @classmethod
    def from_callable(
        cls,
        score: Callable[..., Any],
        *,
        tokenize: Optional[Callable[[str], Sequence[str]]] = None,
        generate: Optional[Callable[[str, int], str]] = None,
        batch_size: int = 16,
        name: str = "callable",
    ) -> Model:
        """A scorer of one's own. `score(prompts, response)` gets texts of prompts, of which parts are left out, and
        answers natural-log probabilities of the response: one number a prompt, or one a token of the response,
        [prompts, tokens]. `tokenize(text)` cuts a text into pieces that joined are the text again (words);
        `generate(prompt, max_tokens)` writes a response."""
        from .callables import CallableEngine

        return cls.from_engine(CallableEngine(score, tokenize, generate, batch_size, name))

    # ---- about it ----------------------------------------------------------------------------------------------------

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What its engine can do: "logprobs", "generate", "gradient" and so on."""
        return self._handle.capabilities

    def cancel(self) -> None:
        """From another thread: end what runs on it now, as Ctrl-C does."""
        self._handle.cancel()

    def close(self) -> None:
        """Give its memory back; its sessions are closed. What it answered stays."""
        with self._handle.busy():
            self._handle.free()

    def __enter__(self) -> Model:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        name = self._engine.name if self._engine is not None else self._given.get("model", self._given.get("engine"))
        return f"<jopa.Model {name}>"

    # ---- questions ---------------------------------------------------------------------------------------------------

    def _defaults(self, asked: Options, prompt: Any) -> None:
        """What an engine in Python lacks is done without where that is not asked for: no template, no embeddings."""
        if self._engine is None:
            return
        if "template" not in self.capabilities and isinstance(prompt, str) and "raw" in asked.table:
            if not asked.given("raw") and not asked.given("system"):
                asked.set("raw", True)
        if "embeddings" not in self.capabilities and "operator" in asked.table and not asked.given("operator"):
            asked.set("operator", "delete")

    def _options(self, command: str, prompt: Any, like: Optional[Explanation], options: dict[str, Any]) -> Options:
        refuse_unknown(command, options)
        if isinstance(options.get("target"), bool):
            raise errors.UsageError("`target` is no switch")
        asked = Options(command)
        for name, value in {**self._given, **options}.items():
            if name in asked.table and name != "target":
                asked.set(name, value)
        set_prompt(asked, prompt)
        if like is not None:
            _ask_like(asked, like)
        self._defaults(asked, prompt)
        return asked

    def _target_of(self, prompt: Any, like: Optional[Explanation], options: dict[str, Any]) -> Optional[str]:
        """The option `target` in bytes, which a response that is still to be written has to be known for."""
        target = options.get("target")
        if target is None:
            return None
        known = keywords("explain")
        names = ("system", "raw", "response", "max_tokens", "template", "template_args", "tools")
        about = {name: options[name] for name in names if name in options and name in known}
        with self.session(prompt, like=like, **about) as s:
            start, end = s._target_bytes(target)
        return f"{start}:{end}"

    def _run(
        self,
        function: Any,
        command: str,
        prompt: Any,
        like: Optional[Explanation],
        progress: ProgressLike,
        options: dict[str, Any],
    ) -> Any:
        asked = self._options(command, prompt, like, options)
        target = self._target_of(prompt, like, options)
        if target:
            asked.set("target", target)
        listener, out, handle = Listener(), ffi.new("jopa_result **"), self._handle
        listener.listen(asked.handle)
        with handle.busy():
            try:
                run(listener, progress, lambda e: function(out, handle.pointer, asked.handle, e), handle.keep)
                return from_text(rendered(out[0], "json"))
            finally:
                lib.jopa_result_free(out[0])

    def session(
        self,
        prompt: Optional[Prompt] = None,
        *,
        progress: ProgressLike = None,
        like: Optional[Explanation] = None,
        **options: Any,
    ) -> Session:
        """A prompt cut into units and its response, of which sets are scored and questions asked without scoring a set
        twice. What is given here holds for its questions too."""
        asked = self._options("explain", prompt, like, options)
        return Session(self, asked, options, progress)

    def explain(
        self,
        prompt: Optional[Prompt] = None,
        *,
        progress: ProgressLike = None,
        like: Optional[Explanation] = None,
        **options: Any,
    ) -> Explanation:
        """The set of at most k units of the prompt that jointly causes the response.

        prompt: a text, or messages as OpenAI's interface takes them.
        target: the part of the response that counts: a text in it, or the characters (start, end).
        progress: True for a bar, or a function that gets a jopa.Progress; what it answers that is true stops the run.
        like: ask again what that result was asked, but for what is given here."""
        if options.get("target") is not None:
            with self.session(prompt, progress=progress, like=like, **options) as s:
                return s.explain(progress=progress)
        made: Explanation = self._run(lib.jopa_explain, "explain", prompt, like, progress, options)
        return made

    def compare(
        self,
        prompt: Optional[Prompt] = None,
        *,
        methods: Union[str, Sequence[str], None] = None,
        progress: ProgressLike = None,
        like: Optional[Explanation] = None,
        **options: Any,
    ) -> Results:
        """Several methods on the same prompt and response, each with its own cost."""
        if methods is not None:
            options["method"] = methods
        made: Results = self._run(lib.jopa_compare, "compare", prompt, like, progress, options)
        return made

    def score(
        self,
        prompt: Optional[Prompt] = None,
        hide: Iterable[Set] = (),
        *,
        progress: ProgressLike = None,
        like: Optional[Explanation] = None,
        **options: Any,
    ) -> Results:
        """What sets that are named do, side by side: one explanation each.

        hide: sets of texts and of numbers of units, such as [["doctor", "patient"], [3, 4]]."""
        refuse_unknown("score", options)
        about = {name: value for name, value in options.items() if name in keywords("explain")}
        with self.session(prompt, progress=progress, like=like, **about) as s:
            return s.score(hide, progress=progress, **{n: v for n, v in options.items() if n not in about})

    def cite(
        self,
        prompt: Optional[Prompt] = None,
        *,
        progress: ProgressLike = None,
        like: Optional[Explanation] = None,
        **options: Any,
    ) -> Citations:
        """Which sentences of documents an answer comes from: for each of its sentences, or each target, the smallest
        set that carries it.

        documents: dictionaries with "text" and, if there is one, "title"."""
        made: Citations = self._run(lib.jopa_cite, "cite", prompt, like, progress, options)
        return made

    def audit(
        self,
        prompt: Optional[Prompt] = None,
        *,
        progress: ProgressLike = None,
        like: Optional[Explanation] = None,
        **options: Any,
    ) -> Audit:
        """Which part of a prompt makes the model say this: the smallest set of sentences whose hiding is enough, and
        within it the smallest set of words."""
        made: Audit = self._run(lib.jopa_audit, "audit", prompt, like, progress, options)
        return made

    def compress(
        self,
        prompt: Optional[Prompt] = None,
        *,
        progress: ProgressLike = None,
        like: Optional[Explanation] = None,
        **options: Any,
    ) -> Compression:
        """A shorter prompt with the same answer."""
        made: Compression = self._run(lib.jopa_compress, "compress", prompt, like, progress, options)
        return made

    # ---- many questions ----------------------------------------------------------------------------------------------

    def explain_many(
        self,
        questions: Iterable[Question],
        *,
        in_flight: int = 0,
        progress: ProgressLike = None,
        **options: Any,
    ) -> Iterator[Answer]:
        """Ask many at once where the engine can, and take the answers as they come: each has `index` and `question`, and
        `result` or, where it cannot be asked, `error`. Who takes no more ends the run; what is wrong with the engine is
        raised.

        questions: prompts, or dictionaries with `prompt` or `messages` and keywords of their own.
        in_flight: questions at once; 0: as many as keep the engine busy. A local engine takes one.
        progress: a function is called by another thread."""
        return ask_many(self, "explain", questions, in_flight, progress, options)

    def compare_many(
        self,
        questions: Iterable[Question],
        *,
        in_flight: int = 0,
        progress: ProgressLike = None,
        **options: Any,
    ) -> Iterator[Answer]:
        """As explain_many, of compare."""
        return ask_many(self, "compare", questions, in_flight, progress, options)

    def cite_many(
        self,
        questions: Iterable[Question],
        *,
        in_flight: int = 0,
        progress: ProgressLike = None,
        **options: Any,
    ) -> Iterator[Answer]:
        """As explain_many, of cite."""
        return ask_many(self, "cite", questions, in_flight, progress, options)

    def audit_many(
        self,
        questions: Iterable[Question],
        *,
        in_flight: int = 0,
        progress: ProgressLike = None,
        **options: Any,
    ) -> Iterator[Answer]:
        """As explain_many, of audit."""
        return ask_many(self, "audit", questions, in_flight, progress, options)


def _ask_like(asked: Options, like: Explanation) -> None:
    if not isinstance(like, Explanation):
        raise errors.UsageError(f"`like` is an explanation, not {type(like).__name__}")
    e, out = new_error(), ffi.new("jopa_result **")
    data = to_c(like.to_json(), "like")
    status = lib.jopa_result_parse(out, data, len(data), e)
    try:
        if not status:
            status = lib.jopa_options_like(asked.handle, out[0], 0, e)
    finally:
        lib.jopa_result_free(out[0])
    if status:
        raise errors.of_code(status, ffi.string(e.message).decode("utf-8", "replace"))


describe(Model.__init__, model_keywords())
describe(Model.explain, keywords("explain"))
describe(Model.session, keywords("explain"))
describe(Model.compare, keywords("compare"))
describe(Model.score, keywords("score"))
describe(Model.cite, keywords("cite"))
describe(Model.audit, keywords("audit"))
describe(Model.compress, keywords("compress"))
describe(Model.explain_many, keywords("explain"))
describe(Model.compare_many, keywords("compare"))
describe(Model.cite_many, keywords("cite"))
describe(Model.audit_many, keywords("audit"))
