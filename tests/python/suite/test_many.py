"""Many questions: an iterator over answers as they come; what stops it, and what goes wrong."""

import gc
import random
import threading
import time

import jopa
import pytest
from conftest import PROMPT, RESPONSE

WORDS = PROMPT.split()


def prompts(n, r=random.Random(3)):
    return [" ".join(r.sample(WORDS, 6)) for _ in range(n)]


def test_each_is_answered_as_alone(tiny, fast):
    asked = prompts(6)
    answers = list(tiny.explain_many(asked, **fast))
    assert [a.index for a in answers] == list(range(6)) and [a.question for a in answers] == asked
    for a, prompt in zip(answers, asked):
        alone = tiny.explain(prompt, **fast)
        assert a.error is None and a.unwrap() is a.result
        assert (a.result.selected, a.result["id"]) == (alone.selected, str(a.index))
        assert a.result.drop == pytest.approx(alone.drop, abs=1e-5)


def test_questions_with_keywords_of_their_own(tiny, fast):
    chat = [{"role": "system", "content": "be short"}, {"role": "user", "content": PROMPT}]
    asked = [
        PROMPT,
        chat,
        {"prompt": PROMPT, "k": 3, "id": "three"},
        {"messages": chat, "roles": ["system", "user"], "response": "a friend of the patient", "target": "patient"},
    ]
    a, b, c, d = (x.unwrap() for x in tiny.explain_many(asked, **fast))
    assert a.selected == tiny.explain(PROMPT, **fast).selected and b.selected == tiny.explain(chat, **fast).selected
    assert len(c.selected) == 3 and c["id"] == "three"
    first, last = d["response"]["target"]
    assert "".join(t["text"] for t in d["response"]["tokens"][first:last]).strip() == "patient"
    assert {m.role for m in d.messages} == {"system", "user"}
    with pytest.raises(jopa.UsageError, match="list of prompts"):
        tiny.explain_many(PROMPT)
    with pytest.raises(jopa.UsageError, match="nonesuch"):
        tiny.explain_many([PROMPT], nonesuch=1)
    (wrong,) = tiny.explain_many([PROMPT], target=(0, 3), **fast)
    assert isinstance(wrong.error, jopa.UsageError) and "text" in str(wrong.error)


def test_other_functions(tiny, fast):
    compared = [x.unwrap() for x in tiny.compare_many(prompts(2), method=["ablation", "random"], **fast)]
    assert [[x.method for x in results] for results in compared] == [["ablation", "random"]] * 2
    audited = [x.unwrap() for x in tiny.audit_many(prompts(2), response=RESPONSE, metrics="none", budget=20)]
    assert all(isinstance(x, jopa.Audit) for x in audited)


def test_what_cannot_be_asked_is_its_answer(tiny, fast):
    asked = [PROMPT, {"prompt": PROMPT, "unit": "nonesuch"}, {"prompt": PROMPT, "response": ""}, {"prompt": PROMPT, "x": 1}, PROMPT]
    answers = sorted(tiny.explain_many(asked, **fast), key=lambda a: a.index)
    assert [a.result is None for a in answers] == [False, True, True, True, False]
    assert "nonesuch" in str(answers[1].error) and "empty" in str(answers[2].error)
    with pytest.raises(jopa.JopaError):
        answers[2].unwrap()
    assert list(tiny.explain_many([])) == []
    assert [a.error is None for a in tiny.explain_many([{}], **fast)] == [False]


def test_progress(tiny, fast, capsys):
    told = []
    n = len(list(tiny.explain_many(prompts(5), progress=told.append, **fast)))
    assert {p.prompts for p in told} == {n} and {p.id for p in told} == {str(i) for i in range(n)}
    done = [p.prompts_done for p in told]
    assert done == sorted(done) and done[0] == 0 and done[-1] == n - 1
    assert all((p.seconds_left is None) == (p.prompts_done == 0) for p in told)
    list(tiny.explain_many(prompts(3), progress=True, **fast))
    assert "prompt" in capsys.readouterr().err


def test_who_takes_no_more_ends_it(tiny, fast):
    before = threading.active_count()
    for a in tiny.explain_many(prompts(500), **fast):
        if a.index == 2:
            break
    gc.collect()  # the iterator
    deadline = time.monotonic() + 20
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before
    assert tiny.explain(PROMPT, **fast).stopped in ("done", "budget")


def test_stops_and_failures_are_raised(tiny, fast):
    class Mine(Exception):
        pass

    def raising(p):
        if p.prompts_done == 2:
            raise Mine("why")

    answers = tiny.explain_many(prompts(9), progress=raising, **fast)
    taken = []
    with pytest.raises(Mine):
        taken.extend(answers)
    assert len([a for a in taken if not a.result.interrupted]) <= 2
    with pytest.raises(jopa.Interrupted):
        list(tiny.explain_many(prompts(9), progress=lambda p: p.prompts_done == 2, **fast))
    answers = tiny.explain_many(prompts(500), **fast)
    next(answers)  # it runs: an earlier cancel would not count
    tiny.cancel()
    with pytest.raises(jopa.Interrupted):
        list(answers)


def test_an_engine_in_python(fast):
    asked = prompts(4)
    whole = jopa.Model.from_callable(lambda rows, response: [-float(len(r) % 7) - 1 for r in rows], batch_size=4)
    assert len([a.unwrap() for a in whole.explain_many(asked, **fast)]) == 4
    calls = []

    def fails(rows, response):
        calls.append(len(rows))
        if len(calls) == 12:
            raise ZeroDivisionError("in the engine")
        return [-float(len(r) % 7) - 1 for r in rows]

    with pytest.raises(ZeroDivisionError):
        list(jopa.Model.from_callable(fails, batch_size=4).explain_many(prompts(50), **fast))
