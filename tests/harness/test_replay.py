from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from roadtest.harness import EndpointError, Journal, Reply, ResultsError, Scripted, load_study, plan, read_records
from roadtest.harness.replay import FAILURES_IN_A_ROW, replay


@pytest.fixture
def planned(write_study):
    return plan(load_study(write_study("suite = 'arithmetic'\nitems = 10", 'callable = "app:answer"\nretries = 0')))


def test_every_planned_call_gets_one_record(planned, tmp_path):
    endpoint = Scripted(lambda text: "1")
    watched = []
    outcome = replay(planned, endpoint, tmp_path / "j", watch=watched.append)
    assert outcome.complete
    assert outcome.answered == len(planned.requests) == len(endpoint.calls)
    assert Counter(record.id for record in read_records(tmp_path / "j")) == Counter(r.id for r in planned.requests)
    assert len(watched) == len(planned.requests)


def test_one_at_a_time_keeps_the_plans_order(planned, tmp_path):
    replay(planned, Scripted(lambda text: "1"), tmp_path / "j", concurrency=1)
    assert [record.id for record in read_records(tmp_path / "j")] == [request.id for request in planned.requests]


def test_no_more_calls_in_flight_than_asked_for(planned, tmp_path):
    import asyncio

    flying = most = 0

    class Counting:
        name = "counting"

        async def __call__(self, messages):
            nonlocal flying, most
            flying += 1
            most = max(most, flying)
            await asyncio.sleep(0.002)
            flying -= 1
            return Reply("1")

    replay(planned, Counting(), tmp_path / "j", concurrency=3)
    assert most == 3


def test_a_second_run_asks_nothing_again(planned, tmp_path):
    replay(planned, Scripted(lambda text: "1"), tmp_path / "j")
    silent = Scripted([])
    assert replay(planned, silent, tmp_path / "j").complete
    assert silent.calls == []


def test_failures_are_kept_and_asked_again(planned, tmp_path):
    turns = iter(range(10**6))
    outcome = replay(
        planned, Scripted(lambda text: EndpointError("server", "oops") if next(turns) % 3 == 1 else "1"), tmp_path / "j"
    )
    assert not outcome.complete
    assert 0 < outcome.failed < len(planned.requests)
    assert outcome.answered + outcome.failed == len(planned.requests)
    again = Scripted(lambda text: "1")
    assert replay(planned, again, tmp_path / "j").complete
    assert len(again.calls) == outcome.failed


@pytest.mark.parametrize(
    ("kind", "calls"), [("auth", 1), ("not_found", 1), ("connection", 1), ("server", FAILURES_IN_A_ROW)]
)
def test_an_endpoint_that_cannot_answer_stops_the_replay_early(planned, tmp_path, kind, calls):
    endpoint = Scripted(lambda text: EndpointError(kind, "no use"))
    outcome = replay(planned, endpoint, tmp_path / "j", concurrency=1)
    assert outcome.stopped == "no use"
    assert len(endpoint.calls) == calls
    assert replay(planned, Scripted(lambda text: "1"), tmp_path / "j").complete


def test_any_exception_of_an_endpoint_is_a_failure_of_that_call(planned, tmp_path):
    turns = iter(range(10**6))
    outcome = replay(
        planned, Scripted(lambda text: ValueError("odd") if next(turns) == 3 else "1"), tmp_path / "j", concurrency=2
    )
    assert (outcome.failed, outcome.stopped) == (1, "")
    (failed,) = [record for record in read_records(tmp_path / "j") if record.reply is None]
    assert (failed.failure, failed.message) == ("raised", "scripted raised ValueError: odd")


def test_a_journal_that_cannot_be_written_stops_with_one_message(planned, tmp_path, monkeypatch):
    appended = Journal.append

    def full(self, *records):
        if self.path.stat().st_size > 1500:
            raise ResultsError("the disk is full")
        appended(self, *records)

    monkeypatch.setattr(Journal, "append", full)
    endpoint = Scripted(lambda text: "1")
    with pytest.raises(ResultsError, match="the disk is full"):
        replay(planned, endpoint, tmp_path / "j", concurrency=4)
    assert len(endpoint.calls) < len(planned.requests)
    monkeypatch.undo()
    assert replay(planned, Scripted(lambda text: "1"), tmp_path / "j").complete


RUNNER = """
import sys
from pathlib import Path
from roadtest.harness import load_study, plan
from roadtest.harness.replay import replay
planned = plan(load_study(Path(sys.argv[1])))
outcome = replay(planned, planned.study.system.endpoint(Path(".")), Path(sys.argv[2]))
print(outcome.stopped)
"""


def wait_for_lines(path, count):
    deadline = time.monotonic() + 60
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < deadline, "the replay did not get going"
        time.sleep(0.02)


def test_sigkill_loses_no_answer_and_asks_none_twice(loopback, write_study, tmp_path):
    """Killed three times at arbitrary moments, over real HTTP; at most the calls in flight are asked again."""
    loopback.delay = 0.01
    study = write_study(
        "suite = 'arithmetic'\nitems = 25", f'model = "openai/m"\nbase_url = "{loopback.url}"\nconcurrency = 4'
    )
    planned = plan(load_study(study))
    journal = tmp_path / "j"
    for kill_at in (5, 30, 60, None):
        process = subprocess.Popen([sys.executable, "-c", RUNNER, study, journal], stdout=subprocess.PIPE, text=True)
        if kill_at is not None:
            wait_for_lines(journal, kill_at)
            process.send_signal(signal.SIGKILL)
        out, _ = process.communicate(timeout=120)
    assert out == "\n"
    records = list(read_records(journal))
    assert Counter(record.id for record in records) == Counter(request.id for request in planned.requests)
    assert all(record.reply is not None for record in records)
    assert len(loopback.asked) <= len(planned.requests) + 3 * 4


def test_ctrl_c_finishes_the_calls_in_flight_and_stops(loopback, write_study, tmp_path):
    loopback.delay = 0.05
    study = write_study(
        "suite = 'arithmetic'\nitems = 25", f'model = "openai/m"\nbase_url = "{loopback.url}"\nconcurrency = 2'
    )
    journal = tmp_path / "j"
    process = subprocess.Popen([sys.executable, "-c", RUNNER, study, journal], stdout=subprocess.PIPE, text=True)
    wait_for_lines(journal, 5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "interrupted" in out
    assert len(list(read_records(journal))) == len(loopback.asked), "every call that was paid for is in the journal"
