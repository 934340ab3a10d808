"""PyTorch models by Model.from_transformers: tiny random ones of several architectures, and the default model beside
the local engine."""

import random

import jopa
import numpy as np
import pytest
from conftest import MODEL, PROMPT

torch = pytest.importorskip("torch")
import random_models  # noqa: E402
import transformers  # noqa: E402
from jopa.engine import Score  # noqa: E402
from jopa.pytorch import TransformersEngine  # noqa: E402

RESPONSE = " the doctor is a friend"
TEXT = "the doctor met the patient after a long surgery"


@pytest.fixture(scope="module", params=random_models.NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def engine(name, tokenizer):
    return TransformersEngine(random_models.make(name, len(tokenizer)), tokenizer)


@pytest.fixture(scope="module")
def model(engine):
    with jopa.Model.from_engine(engine) as m:
        yield m


def rows_of(rng, vocabulary, n, shared):
    """Variants of one prompt, as the operators make them."""
    whole = np.array([rng.randrange(3, vocabulary) for _ in range(30)], dtype=np.int32)
    rows = []
    for i in range(n):
        hidden = np.array([t >= shared and rng.random() < 0.3 for t in range(30)])
        row = whole.copy()
        row[hidden] = (-1, -2, 7)[i % 3]
        rows.append(row[~hidden] if i % 4 == 3 else row)
    return rows


def score(engine, rows, response, first=0, last=None):
    last = len(response) if last is None else last
    made = np.full((len(rows), last - first), np.nan)
    for places, values, _ in engine.score(Score(rows, response, first, last, True)):
        made[list(places)] = values
    return made


@pytest.mark.parametrize("shared", [0, 12])
def test_a_row_alone_and_in_a_batch(engine, shared):
    """Whatever stands beside it, and whether what they share is computed once."""
    rng = random.Random(shared)
    rows = rows_of(rng, engine.n_vocab, 16, shared) + [np.zeros(0, np.int32), np.array([5], np.int32)]
    response = np.array([rng.randrange(3, engine.n_vocab) for _ in range(6)], dtype=np.int32)
    together = score(engine, rows, response)
    alone = np.concatenate([score(engine, [row], response) for row in rows])
    assert np.isfinite(together).all() and (together <= 0).all()
    assert np.abs(together - alone).max() < 1e-4
    assert together.std() > 0.1 and np.abs(together[0] - together[1]).max() > 1e-3  # and they differ
    part = score(engine, rows, response, 2, 4)
    assert np.abs(part - together[:, 2:4]).max() < 1e-4


def test_scores_are_the_models(engine):
    """Against the model itself, fed by ids, without anything of ours."""
    rng = random.Random(5)
    row = np.array([rng.randrange(3, engine.n_vocab) for _ in range(25)], dtype=np.int32)
    response = np.array([rng.randrange(3, engine.n_vocab) for _ in range(5)], dtype=np.int32)
    ids = torch.tensor([row.tolist() + response.tolist()])
    with torch.no_grad():
        want = engine.model(input_ids=ids).logits[0].log_softmax(-1)[24:29].gather(-1, ids[0, 25:, None])[:, 0].numpy()
    assert np.abs(score(engine, [row], response)[0] - want).max() < 1e-4
    table = engine.next(row, response)
    assert np.abs(table[np.arange(5), response] - want).max() < 1e-4
    assert np.abs(np.exp(table).sum(axis=1) - 1).max() < 1e-4
    made = engine.gradient(row, response, 0, 5, None, None, frozenset({"log_probs"}))
    assert np.abs(made.log_probs - want).max() < 1e-4


def test_a_prefix_is_computed_once(engine):
    rng = random.Random(1)
    rows = rows_of(rng, engine.n_vocab, 8, 20)
    response = np.array([5, 6], np.int32)
    cost = sum(c for _, _, c in engine.score(Score(rows, response, 0, 2, True)))
    whole = sum(len(row) + 1 for row in rows)
    assert cost < whole / 2 if engine._has_cache else cost == whole


def test_gradients_are_those_of_differences(engine):
    rng = random.Random(2)
    row = np.array([rng.randrange(3, engine.n_vocab) for _ in range(9)], dtype=np.int32)
    response = np.array([8, 9, 10], np.int32)
    wanted = frozenset({"embedding", "log_probs"} | ({"bias"} if engine._has_bias else set()))
    bias = np.linspace(-0.5, 0, 9, dtype=np.float32) if engine._has_bias else None
    rows = engine.embedding_rows(row)
    made = engine.gradient(row, response, 1, 3, bias, None, wanted)

    def f(bias, rows):
        return engine.gradient(row, response, 1, 3, bias, rows, frozenset({"log_probs"})).log_probs.sum()

    step = 2e-3
    direction = np.random.default_rng(0).normal(size=rows.shape).astype(np.float32)
    slope = (f(bias, rows + step * direction) - f(bias, rows - step * direction)) / (2 * step)
    assert slope == pytest.approx((made.embedding * direction).sum(), rel=0.05, abs=0.02)
    if engine._has_bias:
        moved = np.random.default_rng(1).normal(size=9).astype(np.float32)
        slope = (f(bias + step * moved, rows) - f(bias - step * moved, rows)) / (2 * step)
        assert slope == pytest.approx((made.bias * moved).sum(), rel=0.05, abs=0.02)
    else:
        with pytest.raises(jopa.UnsupportedError, match="mask"):
            engine.gradient(row, response, 1, 3, None, None, frozenset({"bias"}))


def test_attention(engine, name):
    ids = np.arange(3, 15, dtype=np.int32)
    if name == "mamba":
        assert "attention" not in engine.capabilities
        return
    before = engine.model.config._attn_implementation
    made = engine.attention(ids, 0, engine.n_layer)
    assert made.shape == (2, 12, 12) and np.abs(made.sum(axis=-1) - 1).max() < 1e-4
    assert np.abs(np.triu(made[0], 1)).max() < 1e-6 and engine.model.config._attn_implementation == before
    assert np.abs(engine.attention(ids, 1, 2)[0] - made[1]).max() < 1e-6


def test_generation(engine):
    """The likeliest token each time, as long as none ends it."""
    row = np.array([3, 50, 700, 8], np.int32)
    made = engine.generate(row, 6, lambda fraction: False)
    with torch.no_grad():
        for i, token in enumerate(made):
            logits = engine.model(input_ids=torch.tensor([row.tolist() + made[:i]])).logits[0, -1]
            assert logits[token] > logits.max() - 1e-3
    assert len(made) == 6 and len(engine.generate(row, 6, lambda fraction: fraction > 0.4)) == 3


@pytest.mark.parametrize("operator", ["zero", "mean", "delete", "token: the"])
def test_operators(model, engine, operator):
    """By the search, beside what the engine says of the same rows."""
    x = model.explain(TEXT, response=RESPONSE, operator=operator, unit="word", k=2, raw=True, metrics="none", budget=40)
    row = np.array([t.id for t in x.tokens], np.int32)
    hidden = np.array([t.unit in x.selected for t in x.tokens])
    symbol = {"zero": -1, "mean": -2, "token: the": engine.tokenize(" the", False)[0]}.get(operator)
    masked = row[~hidden] if operator == "delete" else np.where(hidden, symbol, row).astype(np.int32)
    response = np.array([t.id for t in x.response_tokens], np.int32)
    full, without = score(engine, [row, masked], response).sum(axis=1)
    assert x.drop == pytest.approx(full - without, abs=1e-3) and x.drop > 0


@pytest.mark.parametrize(
    "method", ["jopa", "gradient", "integrated-gradients", "attention", "attention-gradient", "jopa-noprob"]
)
def test_methods(model, engine, method):
    kw = {"response": RESPONSE, "unit": "word", "k": 2, "raw": True, "metrics": "prob", "budget": 200, "max_tokens": 3}
    lacks = (method == "attention" and "attention" not in model.capabilities) or (
        method in ("attention-gradient", "jopa-noprob") and not engine._has_bias
    )
    if lacks:
        with pytest.raises(jopa.UnsupportedError):
            model.explain(TEXT, method=method, **kw)
        return
    x = model.explain(TEXT, method=method, **kw)
    assert len(x.selected) <= 2 and np.isfinite(x.drop) and x.metrics["prob"]["kl_divergence"] >= 0
    assert x["engine"] == "transformers" and x["model"]["architecture"] == engine._config.model_type


def test_long_windows(tokenizer):
    """Layers that look back only so far: scores stay right, and what needs a mask is done without."""
    engine = TransformersEngine(random_models.make("gemma3", len(tokenizer), window=16), tokenizer)
    rng = random.Random(3)
    rows = rows_of(rng, engine.n_vocab, 6, 14)
    response = np.array([5, 6, 7], np.int32)
    alone = np.concatenate([score(engine, [row], response) for row in rows])
    assert np.abs(score(engine, rows, response) - alone).max() < 1e-4
    m = jopa.Model.from_engine(engine)
    assert m.explain(PROMPT, response=RESPONSE, unit="word", k=2, budget=150, raw=True, metrics="none").selected
    with pytest.raises(jopa.UnsupportedError, match="16 tokens"):
        m.explain(PROMPT, response=RESPONSE, unit="word", k=2, method="attention-gradient", raw=True)


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_refusals(tokenizer):
    small = {"vocab_size": len(tokenizer), "d_model": 16, "d_kv": 4, "d_ff": 16, "num_layers": 1, "num_heads": 2}
    refused = [
        (transformers.T5ForConditionalGeneration(transformers.T5Config(**small)).eval(), "encoder-decoder"),
        (
            transformers.BertForMaskedLM(
                transformers.BertConfig(
                    vocab_size=len(tokenizer),
                    hidden_size=16,
                    num_hidden_layers=1,
                    num_attention_heads=2,
                    intermediate_size=16,
                )
            ).eval(),
            "not causal",
        ),
        (random_models.make("llama", len(tokenizer)).model, "head"),
        (torch.nn.Linear(2, 2), "no model of transformers"),
    ]
    for model, said in refused:
        with pytest.raises(jopa.UnsupportedError, match=said) as caught:
            jopa.Model.from_transformers(model, tokenizer)
        assert "\n" not in str(caught.value)
    with pytest.raises(jopa.UsageError, match="eval"):
        jopa.Model.from_transformers(random_models.make("llama", len(tokenizer)).train(), tokenizer)
    with pytest.raises(jopa.UsageError, match="batch_size"):
        jopa.Model.from_transformers(random_models.make("llama", len(tokenizer)), tokenizer, batch_size=0)
    m = jopa.Model.from_transformers(random_models.make("llama", len(tokenizer)), tokenizer)
    with pytest.raises(jopa.InputError, match="256"):
        m.explain("word " * 300, response="a", raw=True)


def test_batch_size_and_half(tokenizer):
    """The type that the model has; a batch of one."""
    model = random_models.make("llama", len(tokenizer)).to(torch.bfloat16)
    drops = [
        jopa.Model.from_transformers(model, tokenizer, batch_size=n)
        .explain(TEXT, response=RESPONSE, unit="word", k=2, metrics="none", method="ablation")
        .drop
        for n in (1, 16)
    ]
    assert drops[0] == pytest.approx(drops[1], abs=0.5)


# ---- the default model -----------------------------------------------------------------------------------------------

EIFFEL = "The Eiffel Tower stands in the capital of France, which is"


@pytest.fixture(scope="module")
def both(smol, tokenizer):
    with jopa.Model(MODEL, precise=True) as local:
        yield jopa.Model.from_transformers(smol, tokenizer), local


@pytest.mark.parametrize("operator", ["zero", "mean", "delete", "token: the"])
def test_drops_of_the_local_engine(both, operator):
    """The same sets, by PyTorch in F32 and by the local engine in F16, whose drops are up to 0.04 off (docs/speed.md)."""
    rng = random.Random(0)
    kw = {"response": " Paris, the capital of France.", "unit": "word", "operator": operator, "raw": True}
    drops = []
    with both[0].session(EIFFEL, **kw) as a, both[1].session(EIFFEL, **kw) as b:
        assert [u.text for u in a.units] == [u.text for u in b.units] and a.response == b.response
        assert [t.text for t in a.tokens] == [t.text for t in b.tokens]
        sets = [[u] for u in range(0, 11, 3)] + [sorted(rng.sample(range(11), rng.randrange(2, 6))) for _ in range(8)]
        drops = a.drop(sets), b.drop(sets)
    apart = np.abs(drops[0] - drops[1])
    assert apart.max() < 0.05 and apart.mean() < 0.015, drops


def test_same_chat_and_words(both):
    """Template, tokens, greedy response."""
    x, y = (
        m.explain(
            "What is the capital of France?",
            system="Be brief.",
            unit="word",
            k=1,
            max_tokens=8,
            metrics="none",
            method="ablation",
        )
        for m in both
    )
    assert x.prompt == y.prompt and [t.id for t in x.tokens] == [t.id for t in y.tokens]
    assert x.response == y.response and x.selected == y.selected


def test_same_gradients(both):
    x, y = (
        m.explain(EIFFEL, response=" Paris", unit="word", raw=True, method="gradient", metrics="none") for m in both
    )
    cosine = x.scores @ y.scores / np.linalg.norm(x.scores) / np.linalg.norm(y.scores)
    assert cosine > 0.999
