"""Results: what they hold, that they cannot be changed, and what they can be turned into."""

import copy
import json
import pickle
import random

import jopa
import numpy as np
import pytest
from conftest import PROMPT, RESPONSE


@pytest.fixture(scope="module")
def x(tiny):
    return tiny.explain(PROMPT, response=RESPONSE, unit="word", k=3, metrics="prob,words", max_tokens=4)


def test_members_agree(x):
    assert x.command == "explain" and x.method == "jopa" and x.response == RESPONSE
    assert x.drop == pytest.approx(x.log_prob - x.masked_log_prob, abs=1e-4)
    assert len(x.selected) <= x.k == 3 and list(x.selected) == sorted(set(x.selected))
    assert [u.index for u in x.units] == list(range(len(x.units)))
    assert tuple(u.index for u in x.units if u.selected) == x.selected
    assert x.selected_texts == tuple(x.units[i].text for i in x.selected)
    assert all(x.prompt[u.start : u.end] == u.text for u in x.units)
    assert all(x.prompt[t.start : t.end] == t.text for t in x.tokens)
    assert {t.unit for t in x.tokens} - {None} == set(range(len(x.units)))
    assert [m.content for m in x.messages] == [PROMPT] and x.messages[0].role == "user"
    assert sum(t.log_prob for t in x.response_tokens) == pytest.approx(x.log_prob, abs=1e-3)
    assert "".join(t.text for t in x.response_tokens) == RESPONSE and x.target == (0, len(x.response_tokens))
    assert x.scores.shape == x.probability.shape == x.attribution.shape == (len(x.units),)
    assert x.cost["evaluations"] > 0 and 0 < x.sparsity <= 1 and x.stopped == "done" and not x.interrupted
    assert x.metrics["prob"]["drop"] == pytest.approx(x.drop, abs=0.02)
    assert isinstance(x.masked_response, str) and x.failed is None and x.id is None
    assert x.options["unit"] == "word" and x["cost"]["evaluations"] == x.cost["evaluations"]


def test_topk(x):
    top = x.topk(4)
    assert len(top) == 4 and len(x.topk()) == 5
    values = [x.attribution[u.index] for u in top]
    assert values == sorted(values, reverse=True) and values[0] == np.nanmax(x.attribution)


def test_immutable(x):
    with pytest.raises(AttributeError):
        x.drop = 3
    with pytest.raises(AttributeError):
        del x._json
    with pytest.raises(ValueError):
        x.scores[0] = 1
    with pytest.raises(TypeError):
        x.metrics["prob"]["drop"] = 0
    with pytest.raises(TypeError):
        x["cost"]["evaluations"] = 0
    before = x.to_json()
    x.to_dict()["selected"].append(99)
    assert x.to_json() == before


def test_pickle_and_copies(x):
    for other in (
        pickle.loads(pickle.dumps(x)),
        copy.copy(x),
        copy.deepcopy(x),
        jopa.loads(x.to_json()),
        jopa.loads(x.to_json().encode()),
    ):
        assert other == x and hash(other) == hash(x) and type(other) is type(x) and other.units == x.units
    assert x != "something else" and x != jopa.loads(x.to_json().replace('"seed": 0', '"seed": 7'))


def test_files(x, tmp_path):
    x.to_json(tmp_path / "x.json")
    assert jopa.load(tmp_path / "x.json") == x
    page = x.to_html(str(tmp_path / "x.html"))
    assert page.startswith("<!doctype html>") or page.startswith("<!DOCTYPE html>")
    assert (tmp_path / "x.html").read_text(encoding="utf-8") == page
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.html", "x.json"]
    with pytest.raises(OSError):
        jopa.load(tmp_path / "none.json")
    with pytest.raises(jopa.InputError):
        jopa.loads('{"schema": 1')
    with pytest.raises(jopa.InputError):
        jopa.loads(b"\xff\xfe")


@pytest.mark.parametrize("format", ["text", "json", "html", "svg", "csv", "markdown"])
def test_reports(x, format):
    assert format in jopa.names("formats")
    assert x.selected_texts[0] in x.render(format)


def test_shown(x):
    assert repr(x) == str(x) and "EXPLANATION" in repr(x)
    assert x.to_text(width=50, scores=True, color="always").count("\x1b[") > 0
    assert max(map(len, x.to_text(width=50).splitlines())) <= 50
    assert x._repr_html_().startswith("<img ") and "base64," in x._repr_html_()
    with pytest.raises(jopa.UsageError, match="wide"):
        x.render("text", wide=3)


def test_pandas(x):
    frame = x.to_pandas()
    assert list(frame.columns) == ["text", "start", "end", "role", "score", "probability", "selected"]
    assert tuple(frame.index[frame.selected]) == x.selected
    assert frame.probability.to_numpy() == pytest.approx(x.probability, nan_ok=True)


def test_captum_and_inseq(tiny, x):
    captum = x.to_captum()
    assert captum.seq_attr == pytest.approx(x.attribution, nan_ok=True) and captum.token_attr is None
    assert captum.input_tokens == [u.text for u in x.units]
    with tiny.session(like=x) as s:
        matrix = s.matrix()
    captum = x.to_captum(matrix)
    assert captum.token_attr.shape == (len(captum.output_tokens), len(captum.input_tokens))
    inseq = x.to_inseq(matrix)
    n, made = len(x.tokens), np.array(inseq["target_attributions"], dtype=float)
    assert made.shape == (len(inseq["target"]), len(x.response_tokens))
    assert inseq["attr_pos_start"] == n and inseq["attr_pos_end"] == len(inseq["target"])
    for i, token in enumerate(x.tokens):
        wanted = matrix[token.unit] if token.unit is not None else np.full(made.shape[1], np.nan)
        assert made[i] == pytest.approx(wanted, nan_ok=True)
    assert np.isfinite(x.to_inseq()["target_attributions"]).sum() == np.isfinite(made).sum()
    json.dumps(inseq)
    for wrong in (x.to_captum, x.to_inseq):
        with pytest.raises(jopa.UsageError):
            wrong(matrix[:, 1:])


def test_matrix(tiny, x):
    assert x.matrix is None and x.set_matrix is None
    with pytest.raises(jopa.UsageError, match="matrix"):
        x.matrix_to_pandas()
    with tiny.session(like=x) as s:
        made, measured = s.explain(matrix=True), s.matrix()
    assert made.matrix == pytest.approx(measured, abs=1e-5)
    assert made.set_matrix.shape == (1, len(made.response_tokens))
    first, last = made.target
    assert made.set_matrix[0, first:last].sum() == pytest.approx(made.drop, abs=1e-4)
    with pytest.raises(ValueError):
        made.matrix[0, 0] = 1
    frame = made.matrix_to_pandas()
    assert frame.shape == made.matrix.shape and frame.index[2] == (2, made.units[2].text)
    assert made.to_captum().token_attr == pytest.approx(made.matrix.T)
    assert jopa.loads(made.to_json()).matrix == pytest.approx(made.matrix)


ALPHABET = "aé中🙂́ \n.,ß"


@pytest.mark.parametrize("seed", range(8))
def test_offsets_are_characters(tiny, seed):
    """Of any text, in every part of a result that has them."""
    rng = random.Random(seed)
    prompt = "".join(rng.choice(ALPHABET) for _ in range(rng.randrange(5, 40))) + " end."
    response = "ok " + "".join(rng.choice(ALPHABET) for _ in range(6)) + "."
    x = tiny.explain(
        prompt, response=response, unit=rng.choice(["token", "word"]), k=1, method="ablation", metrics="none"
    )
    for part in (*x.units, *x.tokens):
        assert part.text in (x.prompt[part.start : part.end], "\ufffd" * len(part.text)) or "\ufffd" in part.text
    assert [m.content for m in x.messages] == [prompt] or prompt.strip() == x.messages[0].content
    with tiny.session(prompt, response=response, unit="token") as s:
        for span in s.units:
            assert "\ufffd" in span.text or s.prompt[span.start : span.end] == span.text
        for span in s.tokens:
            assert "\ufffd" in span.text or s.response[span.start : span.end] == span.text
        start, end = sorted(rng.sample(range(len(s.response) + 1), 2))
        first, last = s.explain(method="ablation", k=1, metrics="none", target=(start, end)).target
        touched = [i for i, t in enumerate(s.tokens) if t.start < end and t.end > start]
        assert (first, last) == (touched[0], touched[-1] + 1)


@pytest.mark.parametrize("turns", [[], [{"role": "user", "content": "é"}, {"role": "assistant", "content": ""}]])
def test_audit_offsets(tiny, turns):
    """Places are those of the chat that was given, its empty turns counted."""
    chat = [*turns, {"role": "user", "content": "Größe é 🙂. Der Arzt schrieb. Äpfel."}]
    audit = tiny.audit(
        chat,
        response=RESPONSE,
        threshold=0.01,
        max_tokens=4,
    )
    assert audit.triggered and audit.sentences
    for trigger in (*audit.sentences, *audit.words):
        assert audit.prompt[trigger.start : trigger.end] == trigger.text
        content = chat[trigger.message]["content"]
        assert trigger.message in [m.message for m in audit.messages]
        assert content[trigger.offset : trigger.offset + len(trigger.text)] == trigger.text
