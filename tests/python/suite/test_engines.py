"""Engines in Python: scorers of one's own, and what is refused."""

import os
import signal

import jopa
import numpy as np
import pytest


def copies(prompts, response):
    """Likely is what the prompt has."""
    return [[-0.1 if w in p.split() else -6.0 for w in response.split()] for p in prompts]


TEXT = "Room 7 is free, ask at desk 7 for a key"


def test_callable():
    seen = []

    def score(prompts, response):
        seen.append(len(prompts))
        return copies(prompts, response)

    m = jopa.Model.from_callable(score, batch_size=5, name="copier")
    assert m.capabilities == ("logprobs", "tokenize") and "copier" in repr(m)
    x = m.explain(TEXT, response="7", unit="word", k=2, metrics="none")
    assert x.selected_texts == ("7", "7") and x.drop == pytest.approx(5.9, abs=1e-5) and x["operator"] == "delete"
    assert max(seen) <= 5 and x["model"]["architecture"] == "callable"
    x = m.explain(TEXT, response="7 key", target="key", unit="word", k=1, metrics="none")
    assert x.selected_texts == ("key",)
    with m.session(TEXT, response="7 key", unit="word") as s:
        assert s.matrix().shape == (len(s.units), 2)
    assert m.compress(TEXT, response="7 key", tolerance=0.01, metrics="none").text.split()[-1] == "key"
    for command in (m.audit, m.compare):
        assert command(TEXT, response="key", metrics="none")


def test_callable_whole():
    """One number a prompt."""
    m = jopa.Model.from_callable(lambda prompts, response: np.array([np.sum(r) for r in copies(prompts, response)]))
    assert m.explain(TEXT, response="7 key", unit="word", k=3, metrics="none").selected_texts == ("7", "7", "key")
    with pytest.raises(jopa.UnsupportedError, match="target"):
        with m.session(TEXT, response="7 key", unit="word") as s:
            s.explain(k=1, target="key", metrics="none")
            raise jopa.UnsupportedError("a session scores all tokens: `target` is a sum of shares")


def test_callable_generates_and_cuts():
    m = jopa.Model.from_callable(
        lambda prompts, response: [-9.0 + ("12" in p) for p in prompts],
        tokenize=lambda text: [text[i : i + 3] for i in range(0, len(text), 3)],
        generate=lambda prompt, n: prompt[:4],
    )
    x = m.explain("abc 12 abc", k=1, max_tokens=5, metrics="none")
    assert x.selected_texts == (" 12",) or x.selected_texts == ("12",)
    assert x.response == "abc " and [u.text.strip() for u in x.units] == ["abc", "12", "ab", "c"]


@pytest.mark.parametrize(
    "score, kind",
    [
        (lambda p, r: [1.0] * len(p), jopa.ModelError),
        (lambda p, r: [float("nan")] * len(p), jopa.ModelError),
        (lambda p, r: [-1.0], jopa.InputError),
        (lambda p, r: "no", ValueError),
        (lambda p, r: 1 / 0, ZeroDivisionError),
        (lambda p: 0, TypeError),
    ],
)
def test_callable_that_is_wrong(score, kind):
    """Its own exceptions come through."""
    m = jopa.Model.from_callable(score)
    with pytest.raises(kind):
        m.explain(TEXT, response="7 key", unit="word", metrics="none")


def test_what_callables_lack():
    m = jopa.Model.from_callable(copies)
    for keywords, said in (
        ({"operator": "zero"}, "zero"),
        ({"method": "gradient"}, "gradient"),
        ({"raw": False}, "raw"),
    ):
        with pytest.raises(jopa.JopaError, match=said):
            m.explain(TEXT, response="7", **keywords)
    with pytest.raises(jopa.UnsupportedError, match="response"):
        m.explain(TEXT)
    with pytest.raises(jopa.InputError, match="tokenize"):
        jopa.Model.from_callable(copies, tokenize=str.split).explain(TEXT, response="7")
    with pytest.raises(jopa.UsageError):
        jopa.Model.from_callable(copies, batch_size=0)


def test_ctrl_c_in_a_scorer():
    """It is heard between batches, and the best so far is kept; an exception of one's own handler comes out."""
    calls = []

    def score(prompts, response):
        calls.append(len(prompts))
        if len(calls) == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return copies(prompts, response)

    m = jopa.Model.from_callable(score, batch_size=2)
    text = " ".join([TEXT] * 4)
    question = {"response": "7 key", "unit": "word", "k": 4, "budget": 500, "metrics": "none"}
    x = m.explain(text, **question)
    assert x.interrupted and x.selected and 4 <= len(calls) < 8

    def mine(*_):
        raise ZeroDivisionError("mine")

    calls.clear()
    before = signal.signal(signal.SIGINT, mine)
    try:
        with pytest.raises(ZeroDivisionError):
            m.explain(text, **question)
    finally:
        signal.signal(signal.SIGINT, before)
    assert m.explain(text, **question).stopped != "interrupted"


class Formula(jopa.Engine):
    """Bytes; every function of an engine, with values that can be known again."""

    name = "formula"
    capabilities = frozenset(
        {"logprobs", "tokenize", "template", "generate", "next", "gradient", "attention", "embeddings"}
    )
    n_vocab, n_embd, n_layer = 256, 2, 3

    def __init__(self):
        self.asked = []

    def info(self):
        return {"file": "f" * 600, "parameters": 5}

    def reserve(self, longest):
        self.asked.append("reserve")
        return 4

    def score(self, request):
        for i, prompt in enumerate(request.prompts):
            shown = float((prompt >= 0).sum())
            yield [i], np.full((1, request.last - request.first), -10 + min(shown, 99) / 10, np.float32), len(prompt)

    def tokenize(self, text, special):
        return list(text.encode())

    def piece(self, token, special):
        return bytes([token])

    def apply_template(self, messages, add_assistant):
        return "".join(f"<{m['role']}>{m['content']}" for m in messages) + "<assistant>" * add_assistant

    def generate(self, symbols, most, ask):
        return list(b"yes")[:most]

    def next(self, symbols, response):
        return np.full((len(response), 256), -np.log(256), np.float32)

    def gradient(self, symbols, response, first, last, bias, embedding, wanted):
        n = len(symbols)
        self.asked.append(wanted)
        return jopa.Gradient(
            np.arange(2 * n, dtype=np.float32).reshape(n, 2),
            np.arange(n, dtype=np.float32),
            np.full(last - first, -1, np.float32),
        )

    def attention(self, symbols, first, last):
        n = len(symbols)
        return np.tile(np.tril(np.ones((n, n), np.float32)) / np.arange(1, n + 1)[:, None], (last - first, 1, 1))

    def embedding_rows(self, symbols):
        return np.ones((len(symbols), 2), np.float32)


@pytest.mark.parametrize(
    "method",
    [
        "jopa",
        "gradient",
        "gradient-input",
        "attention",
        "attention-gradient",
        "jopa-noprob",
        "integrated-gradients",
        "lime",
    ],
)
def test_engine_of_ones_own(method):
    engine = Formula()
    m = jopa.Model.from_engine(engine)
    x = m.explain("a bc def", unit="word", k=1, method=method, max_tokens=2, metrics="prob")
    wanted = {"gradient-input": "a", "integrated-gradients": "a"}
    assert x.selected_texts == (wanted.get(method, "def"),)
    assert x.response == "ye" and x.prompt == "<user>a bc def<assistant>" and len(x["model"]["file"]) == 511
    assert x.metrics["prob"]["kl_divergence"] == pytest.approx(0) and "reserve" in engine.asked
    if method == "gradient":
        assert frozenset({"embedding"}) in engine.asked


class NoBias(Formula):
    """As a model whose attention takes no mask."""

    def score(self, request):
        for i, prompt in enumerate(request.prompts):
            yield (
                [i],
                np.full((1, request.last - request.first), -30 + (prompt >= 0).sum() / 200, np.float32),
                len(prompt),
            )

    def gradient(self, *_):
        self.asked.append("gradient")
        raise jopa.UnsupportedError("not by attention bias")


@pytest.mark.parametrize(
    "words, question",
    [
        (20, {"k": 5, "budget": 300}),
        (360, {"k": 20, "levels": "sentence,word", "budget": 300}),
        (360, {"k": 100, "levels": ["paragraph", "sentence", "word"]}),
    ],
)
def test_jopa_goes_on_without_gradients_by_bias(words, question):
    engine = NoBias()
    text = " ".join(f"w{i}." if i % 12 == 11 else f"w{i}" for i in range(words))
    x = jopa.Model.from_engine(engine).explain(text, unit="word", response="ye", metrics="none", **question)
    assert "gradient" in engine.asked and len(x.selected) == question["k"] and x.drop > 0


@pytest.mark.parametrize(
    "name",
    ["tokenize", "piece", "apply_template", "generate", "score", "reserve", "capabilities", "info", "gradient", "next"],
)
def test_engine_that_raises(name):
    """Whichever function it is, the exception comes through, and the next question is answered."""

    class Broken(Formula):
        broken = False

    def fail(*_):
        raise ZeroDivisionError("mine")

    engine = Broken()
    whole = getattr(Broken, name)
    if name == "capabilities":
        Broken.capabilities = property(fail)
        with pytest.raises(ZeroDivisionError):
            jopa.Model.from_engine(engine)
        return
    m = jopa.Model.from_engine(engine)
    setattr(engine, name, fail)
    question = {"unit": "word", "k": 1, "max_tokens": 2, "method": "gradient" if name == "gradient" else "ablation"}
    with pytest.raises(ZeroDivisionError):
        m.explain("a bc def", **question)
    setattr(engine, name, whole.__get__(engine))
    assert m.explain("a bc def", **question).selected


def test_engine_with_wrong_shapes():
    class Wrong(Formula):
        def score(self, request):
            yield [0], np.zeros((3, 3)), 0

    with pytest.raises(jopa.ModelError, match="shape"):
        jopa.Model.from_engine(Wrong()).explain("a b", unit="word")
    with pytest.raises(jopa.UnsupportedError):
        jopa.Model.from_engine(jopa.Engine()).explain("a b", response="c", raw=True)
