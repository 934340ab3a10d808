"""Models and sessions: every function, every keyword, refusals."""

import inspect
import json
import os

import jopa
import numpy as np
import pytest
from conftest import PROMPT, RESPONSE
from jopa.options import keywords, of_model, render_keywords

FUNCTIONS = {
    "explain": (jopa.Model.explain, jopa.Model.session, jopa.Session.explain),
    "compare": (jopa.Model.compare, jopa.Session.compare),
    "score": (jopa.Model.score, jopa.Session.score),
    "cite": (jopa.Model.cite,),
    "audit": (jopa.Model.audit,),
    "compress": (jopa.Model.compress,),
    "bench": (jopa.bench,),
}


# ---- keywords --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", FUNCTIONS)
def test_signatures_are_the_table(command):
    for function in FUNCTIONS[command]:
        parameters = inspect.signature(function).parameters
        missing = set(keywords(command)) - set(parameters)
        assert not missing, f"{function.__qualname__} lacks {missing}"
        assert inspect.Parameter.VAR_KEYWORD not in {p.kind for p in parameters.values()}
        for option in keywords(command).values():
            assert f"{option.name}: " in function.__doc__
            default = parameters[option.name].default
            assert (
                option.name in ("hide",)
                or default is None
                or option.type in ("text", "list", "texts", "file")
                or option.least <= default <= option.most
            )


def test_the_signature_of_models():
    parameters = inspect.signature(jopa.Model).parameters
    covered = {name[2:] if name.startswith("n_") else name for name in parameters}
    assert set(of_model()) <= covered and "encoder: " in jopa.Model.__init__.__doc__


def test_the_table():
    rows = {o.name: o for o in jopa.options("explain")}
    assert rows["k"].type == "integer" and rows["prompt"].help and rows["output"].command_only
    assert {o.name for o in jopa.options()} >= {o.name for c in FUNCTIONS for o in jopa.options(c)}
    assert jopa.options("nothing") == () and set(of_model()) <= {o.name for o in jopa.options()}
    assert set(render_keywords()) == {"width", "scores", "color"}
    with pytest.raises(jopa.UsageError):
        jopa.names("nothing")
    for what in ("methods", "operators", "metrics", "formats", "engines", "units", "stages"):
        assert all(jopa.names(what).values())


def sample(option):
    """A value of the option's own that is no default, or the default."""
    if option.type == "switch":
        return True
    if option.type in ("integer", "number"):
        low, high = max(option.least, 0), min(option.most, 3)
        value = high if option.type == "integer" else (low + high) / 2
        return int(value) if option.type == "integer" else value
    if option.values and "," in option.values and " " not in option.values:
        return option.values.split(",")[-1]
    return {
        "operators": ["zero", "delete"],
        "roles": ["user"],
        "levels": "none",
        "unit": "word",
        "method": "ablation",
        "metrics": ["prob"],
        "operator": "delete",
        "response": RESPONSE,
        "keep": ["doctor"],
        "methods": ["ablation"],
    }.get(option.name, option.default)


ALONE = {
    "raw",
    "min_drop",
    "sparsity",
    "refusal",
    "ratio",
    "marks",
    "target",
    "system",
    "k",
    "until",
}  # not beside others


@pytest.mark.parametrize("command", ["explain", "compare", "audit", "compress"])
def test_every_keyword(tiny, command):
    """All at once, but for those that exclude each other; those alone."""
    together = {o.name: sample(o) for o in keywords(command).values() if o.name not in ALONE}
    together.update(response=RESPONSE, max_tokens=3, metrics="none" if command == "compare" else ["words"], repeat=None)
    together = {n: v for n, v in together.items() if n in keywords(command) and v is not None}
    x = getattr(tiny, command)(PROMPT, **together)
    first = x if isinstance(x, jopa.Explanation) else x[0]
    recorded = {n for n in together if n in first.options}
    assert {n for n in together if n not in ("id",)} - recorded <= {"time"} | {"operators"} - set(first.options)
    for name, value in (
        ("raw", True),
        ("sparsity", 0.3),
        ("system", "you help"),
        ("k", 2),
        ("ratio", 0.2),
        ("marks", True),
        ("min_drop", 0.5),
        ("repeat", 1),
    ):
        if name in keywords(command):
            prompt = "{{write}} a story of a doctor" if name == "marks" else "write a story of a doctor"
            y = getattr(tiny, command)(prompt, response=RESPONSE, max_tokens=3, **{name: value})
            y = y if isinstance(y, jopa.Explanation) else y[0]
            assert name in y.options


def test_values(tiny, fast):
    """Python's and NumPy's values, lists, and None for the default."""
    a = tiny.explain(PROMPT, **{**fast, "k": np.int64(2), "seed": np.uint8(0), "time": None, "metrics": ("none",)})
    assert a.selected == tiny.explain(PROMPT, **fast).selected
    b = tiny.explain(PROMPT, **{**fast, "seed": 2**64 - 1, "metrics": ["prob", "words"], "raw": np.bool_(False)})
    assert b.options["seed"] == str(2**64 - 1) and set(b.metrics) == {"prob", "words"}
    for wrong in ({"k": object()}, {"k": 1.5}, {"sparsity": "much"}, {"metrics": 3}, {"unit": ["word"]}):
        with pytest.raises(jopa.UsageError):
            tiny.explain(PROMPT, **{**fast, **wrong})


@pytest.mark.parametrize(
    "keyword, said",
    [
        ("units", "did you mean `unit`"),
        ("n_threads", "unknown option"),
        ("threads", "jopa.Model"),
        ("output", "objects"),
        ("hide", "no option of explain"),
        ("prompt_file", "objects"),
    ],
)
def test_unknown_keywords(tiny, keyword, said):
    with pytest.raises(jopa.UsageError, match=said):
        tiny.explain(PROMPT, **{keyword: 1})


# ---- prompts ---------------------------------------------------------------------------------------------------------


def test_chats(tiny, fast):
    plain = tiny.explain(PROMPT, **fast)
    chat = tiny.explain([{"role": "user", "content": PROMPT}], **fast)
    parts = tiny.explain([{"role": "user", "content": [{"type": "text", "text": PROMPT}]}], **fast)
    assert plain.prompt == chat.prompt == parts.prompt and plain.drop == pytest.approx(parts.drop)
    two = tiny.explain(
        [{"role": "system", "content": "help"}, {"role": "user", "content": PROMPT}], roles=["system", "user"], **fast
    )
    assert [m.role for m in two.messages] == ["system", "user"] and two.units[0].role == "system"


@pytest.mark.parametrize(
    "prompt",
    [
        [],
        [{"role": "user"}, 3],
        [{"content": "a"}],
        7,
        b"bytes",
        None,
        "a\0b",
        "\ud800",
        "",
        [{"role": "user", "content": [{"type": "image_url"}]}],
        [{"role": "user", "content": 3}],
        [{"role": "assistant", "content": "", "tool_calls": [1]}],
    ],
)
def test_prompts_that_are_none(tiny, fast, prompt):
    with pytest.raises((jopa.InputError, jopa.UsageError)) as caught:
        tiny.explain(prompt, **fast)
    assert isinstance(caught.value, ValueError) and "\n" not in str(caught.value)


# ---- questions -------------------------------------------------------------------------------------------------------


def test_compare(tiny, fast, tmp_path):
    c = tiny.compare(PROMPT, methods=["jopa", "ablation", "exhaustive"], **{**fast, "k": 1, "budget": 60})
    assert [x.method for x in c] == ["jopa", "ablation", "exhaustive"] and len(c) == 3
    assert c["ablation"] == c[1] and c[-1].method == "exhaustive" and [x.method for x in c[:2]] == ["jopa", "ablation"]
    assert c.best.drop == max(x.drop for x in c) and not c.interrupted
    assert list(c.to_pandas().method) == ["jopa", "ablation", "exhaustive"]
    assert jopa.loads(c.to_json(tmp_path / "c.json")) == c and "METHODS" in str(c) and c._repr_html_()
    with pytest.raises(KeyError):
        c["lime"]
    with pytest.raises(IndexError):
        c[3]
    assert tiny.compare(PROMPT, method="ablation", **fast)[0].method == "ablation"


def test_like(tiny, fast):
    x = tiny.explain(PROMPT, **fast)
    again = tiny.explain(like=x)
    assert again.selected == x.selected and again.drop == pytest.approx(x.drop) and again.prompt == x.prompt
    assert tiny.explain(like=x, k=1).k == 1
    assert tiny.explain("another story of the doctor", like=x).prompt != x.prompt
    with pytest.raises(jopa.UsageError):
        tiny.explain(like="x.json")


def test_target(tiny, fast):
    by_text = tiny.explain(PROMPT, target="friend", **fast)
    at = RESPONSE.index("friend")
    by_place = tiny.explain(PROMPT, target=(at, at + 6), **fast)
    assert by_text.target == by_place.target == tiny.explain(PROMPT, target=slice(at, at + 6), **fast).target
    assert by_text.drop == pytest.approx(by_place.drop) and by_text.target[1] - by_text.target[0] < 4
    with tiny.session(PROMPT, response=RESPONSE, unit="word", target="friend") as s:
        assert s.drop([by_text.selected])[0] == pytest.approx(by_text.drop, abs=1e-4)
        assert s.explain(k=2, budget=20, metrics="none").target == by_text.target
    assert tiny.explain(like=by_text).target == by_text.target
    with tiny.session(like=by_text) as s:
        assert s.explain(k=1, metrics="none").target == by_text.target
        assert s.drop([by_text.selected])[0] == pytest.approx(by_text.drop, abs=1e-4)
    audit = tiny.audit(PROMPT, response=RESPONSE, target="friend", threshold=0.01, max_tokens=3)
    assert audit.target == by_text.target
    # of a response that the model writes
    x = tiny.explain(PROMPT, max_tokens=4, target=range(0, 3), unit="word", metrics="none", k=1)
    assert x.target[0] == 0
    for wrong in ("nowhere", "", (3, 3), (-1, 2), (0, 999), 5, (1, 2, 3), ("a", "b"), range(0, 4, 2), True):
        with pytest.raises(jopa.UsageError):
            tiny.explain(PROMPT, target=wrong, **fast)


def test_session(tiny, fast):
    with tiny.session(PROMPT, response=RESPONSE, unit="word") as s:
        words = [u.text for u in s.units]
        assert words == PROMPT.split() and s.response == RESPONSE and PROMPT in s.prompt
        doctor, patient = words.index("doctor"), words.index("patient")
        drops = s.drop([["doctor", "patient"], [doctor, patient], ("patient", doctor), "doctor", doctor, []])
        assert drops[0] == drops[1] == drops[2] and drops[3] == drops[4] and drops[5] == 0
        known = s.known
        assert known == 3  # the whole prompt and two sets
        rows = s.log_probs([[doctor], []])
        assert rows.shape == (2, len(s.tokens)) and s.known == known
        assert rows[1].sum() - rows[0].sum() == pytest.approx(drops[3], abs=1e-6)
        assert s.named("the") == tuple(i for i, w in enumerate(words) if w == "the")
        assert s.named("doctor and") == (doctor, doctor + 1)
        assert s.matrix().sum(axis=1)[doctor] == pytest.approx(drops[3], abs=1e-6)
        assert s.drop([]).shape == (0,)
        x = s.explain(k=2, metrics="none")
        assert x.drop >= max(drops) - 1e-6 and x.drop == pytest.approx(s.drop([x.selected])[0], abs=1e-4)
        c = s.compare(methods=["ablation", "greedy"], k=1, metrics="none")
        assert [y.method for y in c] == ["ablation", "greedy"]
        scored = s.score([["doctor", "patient"], "0-1", [doctor]])
        assert [y.drop for y in scored][0] == pytest.approx(drops[0], abs=1e-4) and len(scored) == 3
        for wrong in ([["nonsense"]], [[99]], [[-1]], "doctor", [[1.5]], [["a", None]]):
            with pytest.raises((jopa.UsageError, AttributeError)):
                s.drop(wrong)
        with pytest.raises(jopa.UsageError):
            s.score("doctor")
        with pytest.raises(jopa.UsageError, match="session"):
            s.explain(unit="token")
    with pytest.raises(jopa.UsageError, match="closed"):
        s.drop([[1]])
    assert s.units and s.response == RESPONSE  # what it answered stays


def test_names_that_need_care(tiny):
    """Texts that look like numbers or have commas."""
    with tiny.session("a 7, b 34 c, d a, b", raw=True, response=" b", unit="word") as s:
        words = [u.text for u in s.units]
        assert s.named("7") == (words.index("7,"),) and s.named("34") == (words.index("34"),)
        assert s.named("c, d") == (words.index("c,"), words.index("c,") + 1)
        assert len(s.named("7, b")) == 2
        with pytest.raises(jopa.UsageError):
            s.named("x, y")
        scored = s.score([["7"], ["c, d"], [0, 1]])
        assert [x.selected for x in scored] == [s.named("7"), s.named("c, d"), (0, 1)]


def test_score(tiny):
    r = tiny.score(PROMPT, [["doctor"], ["patient", 0]], response=RESPONSE, unit="word")
    assert len(r) == 2 and r[0].command == "score" and r["doctor"].selected == r[0].selected
    whole = tiny.score(PROMPT, [], response=RESPONSE)  # with nothing hidden
    assert len(whole) == 1 and whole[0].drop == 0 and not whole[0].selected
    with pytest.raises(jopa.UsageError):
        tiny.score(PROMPT, [[0]], response=RESPONSE, budget=3)


def test_audit_and_join(tiny):
    audits = [
        tiny.audit("The doctor wrote. The patient left.", response=RESPONSE, threshold=t, max_tokens=4, id=i)
        for t, i in ((0.01, "one"), (50, "two"))
    ]
    assert [a.triggered for a in audits] == [True, False] and audits[0].sentences
    assert type(jopa.loads(audits[0].to_json())) is jopa.Audit
    joined = jopa.join_audits(audits)
    assert [a.id for a in joined] == ["one", "two"] and joined["two"] == audits[1]
    assert jopa.join_audits(audits[:1])[0] == audits[0] and joined._repr_html_().startswith("<pre>")
    for wrong in ([], [tiny.explain(PROMPT, response=RESPONSE, method="ablation", metrics="none")]):
        with pytest.raises(jopa.UsageError):
            jopa.join_audits(wrong)


def test_compress(tiny):
    c = tiny.compress(PROMPT, response=RESPONSE, ratio=0.4, keep=["doctor", "patient"], max_tokens=4)
    assert isinstance(c, jopa.Compression) and "doctor" in c.text and "patient" in c.text and len(c.text) < len(PROMPT)
    assert c.short_messages == [{"role": "user", "content": c.text}] and 0 < c.tokens_left < len(c.tokens) and c.reached


def test_bench(tiny, tmp_path):
    cases = [{"id": "one", "prompt": PROMPT, "response": RESPONSE}, "write of the doctor"]
    told = []
    kw = {"methods": ["ablation", "random/3"], "max_tokens": 3, "unit": "word", "metrics": "none"}
    b = jopa.bench(tiny, cases, results=tmp_path / "r.jsonl", progress=told.append, **kw)
    assert b.path == tmp_path / "r.jsonl" and len(b.path.read_text().splitlines()) == 5
    assert any(p.prompts == 2 for p in told)
    frame = b.to_pandas()
    assert set(frame.method) == {"ablation", "random/3"} and "log_prob.drop" in set(frame.measure)
    assert set(b.formats()) >= {"text", "json", "html"} and "ablation" in str(b) and b._repr_html_()
    assert b.to_html(tmp_path / "b.html") == (tmp_path / "b.html").read_text(encoding="utf-8")
    file = tmp_path / "cases.jsonl"
    file.write_text(json.dumps(cases[0]) + "\n")
    for data in (file, [file], [str(file)]):
        assert "ablation" in jopa.bench(tiny, data, results=tmp_path / "s.jsonl", **kw).render()
    with pytest.raises(jopa.InputError), pytest.warns(UserWarning):
        jopa.bench(tiny, [{"no": "prompt"}], results=tmp_path / "t.jsonl", **kw)
    with pytest.raises(jopa.UsageError):
        jopa.bench(tiny, cases, resutls="x")


# ---- opening ---------------------------------------------------------------------------------------------------------


def test_opening(tiny_file, tmp_path):
    told = []
    with jopa.Model(os.fspath(tiny_file), n_threads=1, n_ctx=256, precise=True, progress=told.append) as m:
        assert "logprobs" in m.capabilities and "tiny.gguf" in repr(m)
        s = m.session(PROMPT, response=RESPONSE)
    with pytest.raises(jopa.UsageError, match="closed"):
        m.explain(PROMPT)
    with pytest.raises(jopa.UsageError, match="closed"):
        s.drop([[0]])
    s.close()
    m.cancel()
    assert told and told[0].stage == "loading"
    with pytest.raises(jopa.JopaError) as caught:
        jopa.Model(tmp_path / "none.gguf")
    assert caught.value.code and "\n" not in str(caught.value)
    (tmp_path / "bad.gguf").write_bytes(b"GGUF is not this")
    with pytest.raises(jopa.ModelError):
        jopa.Model(tmp_path / "bad.gguf")
    with pytest.raises(jopa.UsageError, match="threads"):
        jopa.Model(tiny_file, n_gpus=3)
    with pytest.raises(jopa.JopaError):  # a server that is not there, or an engine that this build lacks
        jopa.Model("http://127.0.0.1:9/")


def test_default_model():
    """It is in the cache: the test's runner fetched it."""
    from jopa.defaults import default_model

    assert default_model() == os.environ["JOPA_MODEL"]


def test_errors():
    from jopa.errors import code_of, of_code

    kinds = [
        jopa.MemoryFull,
        jopa.InputError,
        jopa.UsageError,
        jopa.ModelError,
        jopa.UnsupportedError,
        jopa.FileError,
        jopa.Interrupted,
    ]
    for code, kind in enumerate(kinds, 1):
        made = of_code(code, "why")
        assert type(made) is kind and str(made) == "why" and code_of(made) == code and isinstance(made, jopa.JopaError)
    assert type(of_code(99, "new")) is jopa.JopaError
    assert issubclass(jopa.UsageError, ValueError) and issubclass(jopa.Interrupted, KeyboardInterrupt)
    assert code_of(KeyboardInterrupt()) == 7 and code_of(ZeroDivisionError()) == 4


# ---- citations -------------------------------------------------------------------------------------------------------

DOCUMENTS = [{"title": "é one", "text": " the doctor slept. É the patient wrote."}, {"text": "be kind. It was a long story."}]


def test_citations(tiny):
    asked = {"documents": DOCUMENTS, "response": " the doctor slept. It was long.", "threshold": 0}
    x = tiny.cite("who slept?", **asked)
    assert isinstance(x, jopa.Citations) and [c.text for c in x.citations] == ["the doctor slept.", "It was long."]
    assert [(d.index, d.title) for d in x.documents] == [(0, "é one"), (1, "")]
    for d, given in zip(x.documents, DOCUMENTS):
        assert x.prompt[d.start : d.end] == given["text"].strip()
    sources = [s for c in x.citations for s in c.sources]
    assert sources and {s.unit for s in sources} == set(x.selected)
    for s in sources:
        assert DOCUMENTS[s.document_index]["text"][s.start_char : s.end_char] == s.cited_text
    for c in x.citations:
        assert x.response[c.start : c.end] == c.text and bool(c.sources) == c.from_documents
    again = tiny.cite(like=jopa.loads(x.to_json()))
    assert again.citations == x.citations
    assert not tiny.cite("who slept?", **{**asked, "threshold": 1000}).selected
    one = next(tiny.cite_many([{"prompt": "who slept?", "documents": DOCUMENTS}], response=asked["response"], threshold=0))
    assert one.result.citations == x.citations
    for wrong in (None, [], [{"title": "a"}], [" "], 3):
        with pytest.raises(jopa.JopaError):
            tiny.cite("who slept?", documents=wrong, response=" so")
