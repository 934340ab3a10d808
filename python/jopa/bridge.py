"""Between jopa_engine_ops and an Engine: arrays for pointers, exceptions for codes."""

from __future__ import annotations

import functools
import inspect
from typing import Any, Callable, Optional

import numpy as np

from . import errors
from ._lib import ffi, from_c, lib, to_c
from .engine import Engine, Score

BITS = {
    "logprobs": "SCORE",
    "generate": "GENERATE",
    "tokenize": "TOKENIZE",
    "gradient": "GRADIENT",
    "attention": "ATTENTION",
    "next": "NEXT",
    "template": "TEMPLATE",
    "embeddings": "EMBEDDINGS",
}
FUNCTIONS = {  # by what they are needed for
    "": ("capabilities", "model_info", "reserve", "score"),
    "tokenize": ("tokenize", "piece"),
    "template": ("apply_template",),
    "generate": ("generate",),
    "next": ("next", "n_vocab"),
    "gradient": ("gradient", "n_embd", "embedding_rows"),
    "attention": ("attention", "n_layer"),
}


class Stopped(Exception):
    """The library said stop."""


class Bridge:
    """What C holds of an engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.exception: Optional[BaseException] = None
        self.handle = ffi.new_handle(self)
        self._name = ffi.new("char[]", to_c(engine.name, "name"))
        self.ops = ffi.new("jopa_engine_ops *")
        self.ops.size = ffi.sizeof("jopa_engine_ops")
        self.ops.version = lib.JOPA_ENGINE_VERSION
        self.ops.name = self._name
        for word, names in FUNCTIONS.items():
            for name in names if not word or word in engine.capabilities else ():
                setattr(self.ops, name, getattr(lib, f"jopa_py_{name}"))

    def take_exception(self) -> Optional[BaseException]:
        taken, self.exception = self.exception, None
        return taken

    def fail(self, e: Any, error: BaseException) -> int:
        """The code for an exception, whose line goes into the jopa_error; it is raised again when C has come back."""
        if isinstance(error, Stopped):
            return errors.Interrupted.code
        self.exception = error
        line = " ".join(str(error).split()) or type(error).__name__
        text = line if isinstance(error, errors.JopaError) else f"{type(error).__name__}: {line}"
        data = text.encode("utf-8", "replace").replace(b"\0", b"")[:500]
        e.code = errors.code_of(error)
        e.message = data.decode("utf-8", "ignore").encode()
        return int(e.code)


def _callback(function: Callable[..., Any]) -> Callable[..., Any]:
    """jopa_py_NAME: `function` with the bridge for `self`, and its failure as a code."""

    @functools.wraps(function)
    def called(self: Any, *arguments: Any) -> int:
        bridge: Bridge = ffi.from_handle(self)
        try:
            function(bridge, *arguments)
            return 0
        except BaseException as error:
            return bridge.fail(arguments[-1], error)

    ffi.def_extern(name=f"jopa_py_{function.__name__}", error=4)(called)
    return called


def _number(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for functions that answer a number or nothing, and cannot fail: 0 where they do."""
    nothing = inspect.signature(function).return_annotation == "None"

    @functools.wraps(function)
    def called(self: Any, *arguments: Any) -> Optional[int]:
        bridge: Bridge = ffi.from_handle(self)
        made = None
        try:
            made = function(bridge, *arguments)
        except BaseException as error:
            bridge.exception = bridge.exception or error
        return None if nothing else int(made or 0)

    ffi.def_extern(name=f"jopa_py_{function.__name__}", error=None if nothing else 0)(called)
    return called


# ---- arrays ----------------------------------------------------------------------------------------------------------


def _ids(pointer: Any, n: int) -> Any:
    """A copy."""
    return np.frombuffer(ffi.buffer(pointer, 4 * n), dtype=np.int32).copy() if n else np.zeros(0, np.int32)


def _floats(pointer: Any, *shape: int) -> Any:
    """Theirs, to be written to."""
    return np.frombuffer(ffi.buffer(pointer, 4 * int(np.prod(shape))), dtype=np.float32).reshape(shape)


def _give(data: bytes) -> Any:
    """malloc'd memory that the library frees."""
    memory = lib.malloc(max(len(data), 1))
    if not memory:
        raise MemoryError
    ffi.memmove(memory, data, len(data))
    return memory


def _asker(stop: Any) -> Callable[[float], bool]:
    return lambda fraction: bool(stop and stop.ask and stop.ask(stop.user, fraction))


def _shaped(name: str, values: Any, shape: tuple[int, ...]) -> Any:
    made = np.asarray(values, dtype=np.float32)
    if made.shape != shape:
        raise errors.ModelError(f"the engine's {name} has the shape {made.shape}: {shape} was asked for")
    return made


# ---- the functions ---------------------------------------------------------------------------------------------------


@_number
def capabilities(bridge: Bridge) -> int:
    return sum(getattr(lib, "JOPA_CAN_" + BITS[word]) for word in bridge.engine.capabilities if word in BITS)


@_number
def model_info(bridge: Bridge, info: Any) -> None:
    given = bridge.engine.info()
    for name in ("file", "architecture", "quantization", "weights"):
        field = getattr(info, name)
        data = str(given.get(name, from_c(field))).replace("\0", "").encode("utf-8", "replace")
        setattr(info, name, data[: len(field) - 1].decode("utf-8", "ignore").encode())
    info.parameters = int(given.get("parameters", 0))
    info.context_train = int(given.get("context_train", 0))


@_callback
def reserve(bridge: Bridge, longest: int, rows: Any, e: Any) -> None:
    batch = bridge.engine.reserve(longest)
    if rows:
        rows[0] = batch


@_callback
def score(bridge: Bridge, rq: Any, e: Any) -> None:
    width = rq.last - rq.first
    prompts = [_ids(rq.prompt[i], rq.n_prompt[i]) for i in range(rq.n_rows)]
    out = _floats(rq.log_probs, rq.n_rows, width)
    request = Score(prompts, _ids(rq.response, rq.n_response), rq.first, rq.last, bool(rq.flags & lib.JOPA_SCORE_BEGIN))
    cost, ask = ffi.new("jopa_engine_cost *"), _asker(rq.stop)
    if ask(0.0):
        raise Stopped
    for rows, log_probs, decoded in bridge.engine.score(request):
        rows = [int(i) for i in rows]
        out[rows] = _shaped("log-probabilities", log_probs, (len(rows), width))
        cost.decoded_tokens += int(decoded)
        if rq.done(rq.user, ffi.new("int[]", rows), len(rows), cost) or ask(-1.0):
            raise Stopped


@_callback
def tokenize(bridge: Bridge, text: Any, size: int, special: bool, ids: Any, n: Any, e: Any) -> None:
    words = bytes(ffi.buffer(text, size)).decode("utf-8")
    made = np.asarray(bridge.engine.tokenize(words, bool(special)), dtype=np.int32)
    ids[0] = ffi.cast("int32_t *", _give(made.tobytes()))
    n[0] = len(made)


@_number
def piece(bridge: Bridge, token: int, special: bool, out: Any, size: int) -> int:
    data = bridge.engine.piece(token, bool(special))
    if size > 0:
        ffi.memmove(out, data, min(len(data), size))
    return len(data)


@_callback
def apply_template(bridge: Bridge, roles: Any, contents: Any, n: int, add_assistant: bool, text: Any, e: Any) -> None:
    messages = [{"role": from_c(roles[i]), "content": from_c(contents[i])} for i in range(n)]
    made = to_c(bridge.engine.apply_template(messages, bool(add_assistant)), "template")
    text[0] = ffi.cast("char *", _give(made + b"\0"))


@_callback
def generate(bridge: Bridge, rq: Any, e: Any) -> None:
    ask = _asker(rq.stop)
    made = np.asarray(bridge.engine.generate(_ids(rq.symbols, rq.n_symbols), rq.max, ask), dtype=np.int32)[: rq.max]
    ffi.memmove(rq.out, made.tobytes(), 4 * len(made))
    rq.n = len(made)
    rq.cost.decoded_tokens = rq.n_symbols + len(made)


@_callback
def next(bridge: Bridge, rq: Any, e: Any) -> None:
    shape = rq.n_response, bridge.engine.n_vocab
    made = bridge.engine.next(_ids(rq.symbols, rq.n_symbols), _ids(rq.response, rq.n_response))
    _floats(rq.out, *shape)[:] = _shaped("distributions", made, shape)
    rq.cost.decoded_tokens = rq.n_symbols + rq.n_response


@_callback
def gradient(bridge: Bridge, rq: Any, e: Any) -> None:
    n, width = rq.n_symbols, bridge.engine.n_embd
    targets = rq.target_last - rq.target_first
    outputs = {
        "embedding": (rq.d_embedding, (n, width)),
        "bias": (rq.d_bias, (n,)),
        "log_probs": (rq.log_probs, (targets,)),
    }
    wanted = frozenset(name for name, (pointer, _) in outputs.items() if pointer)
    made = bridge.engine.gradient(
        _ids(rq.symbols, n),
        _ids(rq.response, rq.n_response),
        rq.target_first,
        rq.target_last,
        _floats(rq.bias, n).copy() if rq.bias and n else None,
        _floats(rq.embedding, n, width).copy() if rq.embedding and n else None,
        wanted,
    )
    for name in wanted:
        pointer, shape = outputs[name]
        if all(shape):
            _floats(pointer, *shape)[:] = _shaped(f"gradient by {name}", getattr(made, name), shape)


@_callback
def attention(bridge: Bridge, rq: Any, e: Any) -> None:
    last = rq.first + rq.wanted if rq.wanted else bridge.engine.n_layer
    shape = last - rq.first, rq.n, rq.n
    made = bridge.engine.attention(_ids(rq.symbols, rq.n), rq.first, last)
    _floats(rq.weights, *shape)[:] = _shaped("attention", made, shape)
    rq.n_layer = shape[0]


@_callback
def embedding_rows(bridge: Bridge, symbols: Any, n: int, out: Any, e: Any) -> None:
    shape = n, bridge.engine.n_embd
    if n:
        _floats(out, *shape)[:] = _shaped("embeddings", bridge.engine.embedding_rows(_ids(symbols, n)), shape)


@_number
def n_vocab(bridge: Bridge) -> int:
    return bridge.engine.n_vocab


@_number
def n_embd(bridge: Bridge) -> int:
    return bridge.engine.n_embd


@_number
def n_layer(bridge: Bridge) -> int:
    return bridge.engine.n_layer
