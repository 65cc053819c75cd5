from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadtest.harness import load_study
from roadtest.harness.limits import BURST, SharedLimits, next_free


def test_calls_at_the_rate_never_wait_and_a_flood_is_spread_out(tmp_path):
    now = 1000.0
    limits = SharedLimits(tmp_path / "l", "e", {"requests": 600}, clock=lambda: now)
    waits = [limits.reserve({"requests": 1, "tokens": 10**9}) for _ in range(31)]
    assert waits[:11] == pytest.approx([0.0] * 11), "a second's worth at once"
    assert waits[-1] == pytest.approx(2.0), "then one a tenth of a second"
    now += 60
    assert limits.reserve({"requests": 1}) == 0


def test_tokens_are_corrected_when_they_are_known(tmp_path):
    now = 1000.0
    limits = SharedLimits(tmp_path / "l", "e", {"tokens": 6000}, clock=lambda: now)
    assert limits.reserve({"tokens": 500}) == 0, "an amount beyond a burst waits for what came before it only"
    assert limits.reserve({"tokens": 1}) == pytest.approx(5.0 - BURST)
    limits.correct({"tokens": -400})
    assert limits.reserve({"tokens": 1}) == pytest.approx(1.01 - BURST)


def test_two_endpoints_do_not_share_a_limit_and_two_processes_do(tmp_path):
    limits = SharedLimits(tmp_path / "l", "a", {"requests": 60})
    assert SharedLimits(tmp_path / "l", "b", {"requests": 60}).reserve({"requests": 2}) == 0
    code = (
        "import sys; from pathlib import Path; from roadtest.harness.limits import SharedLimits\n"
        "limits = SharedLimits(Path(sys.argv[1]), 'a', {'requests': 60})\n"
        "for _ in range(50): limits.reserve({'requests': 1})"
    )
    started = time.time()
    processes = [subprocess.Popen([sys.executable, "-c", code, tmp_path / "l"]) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    wait = limits.reserve({"requests": 1})
    assert 150 - BURST - (time.time() - started) - 0.1 <= wait <= 150 - BURST


def test_a_clock_that_was_set_back_holds_nobody_up(tmp_path):
    SharedLimits(tmp_path / "l", "e", {"requests": 60}, clock=lambda: 1e9).reserve({"requests": 1})
    assert SharedLimits(tmp_path / "l", "e", {"requests": 60}, clock=lambda: 1000.0).reserve({"requests": 1}) == 0


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 500)), min_size=1, max_size=60), st.floats(1, 10_000))
def test_no_window_ever_holds_more_than_the_rate_and_a_burst(arrivals, per_minute):
    now, free, used = 0.0, 0.0, []
    for gap, amount in arrivals:
        now += gap
        free, wait = next_free(free, now, amount, per_minute)
        used.append((now + wait, amount))
    for first in range(len(used)):
        total = 0.0
        for at, amount in used[first:-1]:
            total += amount
            begins = used[used.index((at, amount)) + 1][0]
            assert total <= (begins - used[first][0] + BURST) * per_minute / 60 * (1 + 1e-9) + 1e-6


def test_a_studys_limits_are_kept_for_all_its_processes(write_study, tmp_path, monkeypatch):
    monkeypatch.setenv("ROADTEST_STATE", str(tmp_path / "state"))
    system = load_study(write_study(endpoint='model = "openai/m"\nrequests_per_minute = 60')).system
    first, second = system.limits(), system.limits()
    assert [first.reserve({"requests": 1}), second.reserve({"requests": 1}), first.reserve({"requests": 1})] == (
        pytest.approx([0.0, 0.0, 1.0], abs=0.1)
    )
    assert load_study(write_study(endpoint='model = "openai/m"')).system.limits() is None
