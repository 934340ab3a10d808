"""Progress, Ctrl-C, threads, callbacks that raise, memory."""

import gc
import os
import signal
import threading
import time

import jopa
import pytest
from conftest import PROMPT, RESPONSE

LONG = " ".join([PROMPT] * 2)


class Mine(Exception):
    pass


def test_progress(tiny, fast, capsys):
    told = []
    x = tiny.explain(PROMPT, progress=told.append, **fast)
    stages = {p.stage for p in told}
    assert {"searching"} <= stages <= set(jopa.names("stages"))
    last = [p for p in told if p.stage == "searching"][-1]
    assert last.evaluations > 0 and last.best and last.best_drop <= x.drop + 1e-4 and last.seconds >= 0
    tiny.explain(PROMPT, progress=True, **fast)
    assert "searching" in capsys.readouterr().err
    with tiny.session(PROMPT, response=RESPONSE, progress=told.append) as s:
        before = len(told)
        s.drop([[0], [1]], progress=told.append)
        assert len(told) > before


def test_a_callback_stops_or_raises(tiny, fast):
    x = tiny.explain(LONG, progress=lambda p: p.evaluations > 4, **{**fast, "budget": 0, "k": 8})
    assert x.interrupted and x.stopped == "interrupted" and x.selected
    error = Mine("why")

    def raising(p):
        raise error

    for question in (tiny.explain, tiny.compare, tiny.audit, tiny.compress, tiny.session):
        with pytest.raises(Mine) as caught:
            question(PROMPT, max_tokens=3, progress=raising)
        assert caught.value is error
    with tiny.session(PROMPT, response=RESPONSE) as s, pytest.raises(Mine):
        s.drop([[0]], progress=raising)
    assert tiny.explain(PROMPT, **fast).stopped in ("done", "budget")  # it goes on as if nothing had been


def test_a_callback_cannot_use_its_model(tiny, fast):
    with pytest.raises(jopa.UsageError, match="at work"):
        tiny.explain(PROMPT, progress=lambda p: tiny.explain(PROMPT, **fast), **fast)


def interrupt_when(condition):
    """A progress callback that sends this process SIGINT once."""
    sent = []

    def hear(p):
        if not sent and condition(p):
            sent.append(p)
            os.kill(os.getpid(), signal.SIGINT)

    return hear


def test_ctrl_c_keeps_the_best(tiny, fast):
    kw = {**fast, "budget": 100_000, "k": 8}
    x = tiny.explain(LONG, progress=interrupt_when(lambda p: p.best and p.evaluations > 4), **kw)
    assert x.interrupted and x.selected and 4 < x.cost["evaluations"] < 1000
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_before_there_is_a_result(tiny):
    with pytest.raises(KeyboardInterrupt) as caught:
        tiny.explain(PROMPT, max_tokens=200, progress=interrupt_when(lambda p: p.stage == "responding"))
    assert isinstance(caught.value, jopa.Interrupted) and "\n" not in str(caught.value)


def test_ctrl_c_without_progress(tiny, fast):
    """Between two calls of Python by C there may be long: the signal comes from outside."""
    timer = threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    started = time.monotonic()
    x = tiny.explain(LONG, **{**fast, "budget": 100_000_000, "k": 20, "method": "random"})
    assert x.interrupted and time.monotonic() - started < 30
    timer.join()


def test_a_handler_of_ones_own_stays(tiny, fast):
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    try:
        x = tiny.explain(LONG, progress=interrupt_when(lambda p: p.evaluations > 4), **fast)
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard and not x.interrupted


def test_cancel_from_a_thread(tiny_file, fast):
    with jopa.Model(tiny_file, n_threads=1) as m:
        timer = threading.Timer(0.4, m.cancel)
        timer.start()
        assert m.explain(LONG, **{**fast, "budget": 100_000_000, "k": 20, "method": "random"}).interrupted
        timer.join()


def test_200_threads(tiny_file, fast):
    """Each opens a model, explains, and closes it."""
    want, failures, drops = None, [], []
    barrier = threading.Semaphore(16)  # so many at once

    def work():
        try:
            with barrier, jopa.Model(tiny_file, n_threads=1) as m:
                drops.append(m.explain(PROMPT, **{**fast, "method": "ablation"}).drop)
        except BaseException as e:
            failures.append(e)

    threads = [threading.Thread(target=work) for _ in range(200)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures, failures[:3]
    want = drops[0]
    assert len(drops) == 200 and all(d == pytest.approx(want, abs=1e-4) for d in drops)


def test_one_model_in_threads(tiny, fast):
    """Others wait for it."""
    drops = []
    threads = [threading.Thread(target=lambda: drops.append(tiny.explain(PROMPT, **fast).drop)) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(drops) == 8 and max(drops) - min(drops) < 1e-4


def test_the_gil_is_released(tiny, fast):
    """Python goes on while C computes."""
    done, counted = threading.Event(), []

    def count():
        while not done.is_set():
            counted.append(time.monotonic())
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    started = time.monotonic()
    tiny.explain(LONG, **{**fast, "budget": 60, "method": "random", "k": 10})
    spent = time.monotonic() - started
    done.set()
    thread.join()
    during = [t for t in counted if started < t < started + spent]
    assert spent > 0.02 and len(during) > 3


def resident():
    with open("/proc/self/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_no_leaks_over_1000_explanations(tiny):
    def explain(n):
        for i in range(n):
            x = tiny.explain(
                "write of the doctor", response=" a friend", unit="word", k=1, method="ablation", metrics="none"
            )
            if i % 50 == 0:
                with tiny.session("write of the doctor", response=" a friend", unit="word") as s:
                    s.drop([[0]])
                with pytest.raises(jopa.UsageError):
                    tiny.explain("write", unit="no such unit")
                x.to_html()
        gc.collect()

    explain(200)
    before, objects = resident(), len(gc.get_objects())
    explain(1000)
    assert resident() - before < 2_000_000 and len(gc.get_objects()) - objects < 200


def open_and_drop(tiny_file, times):
    """By reference counting, by the collector with what is in a cycle, closed twice, and not at all."""

    class Keeper:
        pass

    for i in range(times):
        m = jopa.Model(tiny_file, n_threads=1)
        s = m.session(PROMPT, response=RESPONSE, unit="word")
        keeper = Keeper()
        keeper.me, keeper.model, keeper.session = keeper, m, s
        m.mine = s
        if i % 3 == 0:
            m.close(), m.close()
        if i % 3 == 1:
            s.close(), s.close()
        del m, s, keeper
        if i % 10 == 9:
            gc.collect()


def test_models_and_sessions_are_freed_in_any_order(tiny_file):
    """A model of this size takes about a megabyte; the allocator keeps some of what was freed."""
    from jopa.handles import ModelHandle, SessionHandle

    live = sum(isinstance(o, (ModelHandle, SessionHandle)) for o in gc.get_objects())
    open_and_drop(tiny_file, 120)
    before = resident()
    open_and_drop(tiny_file, 180)
    gc.collect()
    assert resident() - before < 45_000_000
    assert sum(isinstance(o, (ModelHandle, SessionHandle)) for o in gc.get_objects()) == live
