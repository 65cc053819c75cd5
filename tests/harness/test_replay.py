from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from roadtest.harness import EndpointError, Journal, Reply, ResultsError, Scripted, load_study, plan, read_records
from roadtest.harness.brakes import FAILURES_IN_A_ROW
from roadtest.harness.replay import replay


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


# --- what is asked once, and what it costs ------------------------------------------------------------------------


def alike(write_study, endpoint='callable = "app:answer"\nretries = 0', top=""):
    """A study in which many variants read the same: letter case at three severities, on short texts."""
    lines = "suite = 'arithmetic'\nitems = 12\ndraws = 2\nperturbations = ['casing@3', 'casing@4', 'casing@5']\n"
    return plan(load_study(write_study(lines + top, endpoint, 'margin = "5pp"\nlooks = 1')))


def test_requests_that_read_the_same_are_asked_once_and_repeats_each_time(write_study, tmp_path):
    planned = alike(write_study)
    texts = [(r.case.id, r.messages[-1]["content"]) for r in planned.requests if r.variant]
    assert len(set(texts)) < len(texts), "there is something to share"
    endpoint = Scripted(lambda text: str(len(text)))
    outcome = replay(planned, endpoint, tmp_path / "j")
    assert outcome.complete
    assert len(endpoint.calls) == 12 * 2 + len(set(texts)) == len(planned.order) - planned.shared
    records = {record.id: record for record in read_records(tmp_path / "j")}
    assert len(records) == len(planned.order)
    by_id = {request.id: request for request in planned.requests}
    shared = [record for record in records.values() if record.of]
    assert len(shared) == planned.shared
    for record in shared:
        assert by_id[record.of].messages == by_id[record.id].messages
        assert record.reply == records[record.of].reply
        assert not records[record.of].of


def test_an_answer_that_was_paid_is_shared_after_a_crash_too(write_study, tmp_path):
    planned = alike(write_study)
    replay(planned, Scripted(lambda text: "1"), tmp_path / "j")
    whole = [record for record in read_records(tmp_path / "j") if not record.of]
    with Journal(tmp_path / "k") as journal:
        journal.append(*whole)  # as if the process had died before the others were written
    silent = Scripted([])
    assert replay(planned, silent, tmp_path / "k").complete
    assert silent.calls == []
    assert {r.id for r in read_records(tmp_path / "k")} == {r.id for r in planned.requests}


def test_a_failure_is_shared_and_asked_again(write_study, tmp_path):
    planned = alike(write_study)
    turns = iter(range(10**6))
    first = Scripted(lambda text: EndpointError("raised", "oops") if next(turns) % 5 == 4 else "1")
    outcome = replay(planned, first, tmp_path / "j")
    assert outcome.failed > 0
    again = Scripted(lambda text: "1")
    assert replay(planned, again, tmp_path / "j").complete
    assert len(again.calls) <= outcome.failed


class Priced:
    """Answers for a fixed price, a few calls at a time."""

    name = "priced"

    def __init__(self, cost):
        self.cost = cost
        self.calls = 0

    async def __call__(self, messages):
        import asyncio

        self.calls += 1
        await asyncio.sleep(0.001)
        return Reply("1", cost=self.cost)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_budget_is_overshot_by_no_more_than_the_calls_in_flight(write_study, tmp_path, concurrency):
    planned = alike(write_study, top="budget = 0.10\n")
    endpoint = Priced(0.01)
    outcome = replay(planned, endpoint, tmp_path / "j", concurrency=concurrency)
    assert outcome.stopped.startswith("the budget of $0.1 is spent ($0.1")
    assert 10 <= endpoint.calls < 10 + concurrency
    assert outcome.spent == pytest.approx(0.01 * endpoint.calls)
    before = endpoint.calls
    again = replay(planned, endpoint, tmp_path / "j", concurrency=concurrency)
    assert endpoint.calls == before, "what earlier runs spent counts"
    assert "raise it to go on" in again.stopped


def test_a_budget_that_cannot_be_kept_stops_after_one_call(write_study, tmp_path):
    endpoint = Priced(None)
    outcome = replay(alike(write_study, top="budget = 0.10\n"), endpoint, tmp_path / "j")
    assert "cannot be kept: there is no listed price for priced" in outcome.stopped
    assert "price = {input = 0.15, output = 0.6}" in outcome.stopped
    assert endpoint.calls == 1


def test_a_share_of_failures_above_the_studys_limit_stops_resumably(write_study, tmp_path):
    lines = "suite = 'arithmetic'\nitems = 100"
    study = write_study(lines, 'callable = "app:answer"\nretries = 0\nfailures = "20%"')
    planned, turns = plan(load_study(study)), iter(range(10**6))
    endpoint = Scripted(lambda text: EndpointError("server", "oops") if next(turns) % 2 else "1")
    outcome = replay(planned, endpoint, tmp_path / "j", concurrency=1)
    assert "calls brought no answer (" in outcome.stopped
    assert "server), more than the 20% of [endpoint] failures; the last one: oops" in outcome.stopped
    assert 20 <= len(endpoint.calls) < 60
    turns = iter(range(10**6))
    rare = Scripted(lambda text: EndpointError("server", "oops") if next(turns) % 6 == 5 else "1")
    assert replay(planned, rare, tmp_path / "k", concurrency=1).stopped == ""


@pytest.mark.parametrize("kind", ["auth", "bad_request", "not_found", "quota"])
def test_what_every_call_would_meet_stops_at_once(planned, tmp_path, kind):
    turns = iter(range(10**6))
    endpoint = Scripted(lambda text: EndpointError(kind, f"{kind}: do this") if next(turns) >= 5 else "1")
    outcome = replay(planned, endpoint, tmp_path / "j", concurrency=1)
    assert (outcome.stopped, outcome.answered, len(endpoint.calls)) == (f"{kind}: do this", 5, 6)


def test_one_text_that_is_too_long_stops_nothing(planned, tmp_path):
    turns = iter(range(10**6))
    endpoint = Scripted(lambda text: EndpointError("too_long", "8192 tokens") if next(turns) == 5 else "1")
    outcome = replay(planned, endpoint, tmp_path / "j", concurrency=1)
    assert (outcome.stopped, outcome.failed) == ("", 1)


def test_it_runs_where_an_event_loop_is_running_already(planned, tmp_path):
    import asyncio

    async def notebook():
        return replay(planned, Scripted(lambda text: "1"), tmp_path / "j")

    assert asyncio.run(notebook()).complete


def test_a_foreign_record_is_refused(planned, tmp_path):
    from roadtest.harness import Record

    with Journal(tmp_path / "j") as journal:
        journal.append(Record("nobody/clean#0", "2026-01-01T00:00:00+00:00", Reply("1")))
    with pytest.raises(ResultsError, match="has a record 'nobody/clean#0' of no planned call"):
        replay(planned, Scripted([]), tmp_path / "j")


def test_a_second_ctrl_c_keeps_what_came_in(planned, tmp_path, loopback, write_study):
    """The process is interrupted twice while calls hang: it ends at once, and every answer it had is in the journal."""
    loopback.answer = lambda messages: time.sleep(30) if len(loopback.asked) > 12 else "1"
    study = write_study(
        "suite = 'arithmetic'\nitems = 25", f'model = "openai/m"\nbase_url = "{loopback.url}"\nroad = "direct"'
    )
    journal = tmp_path / "j2"
    process = subprocess.Popen([sys.executable, "-c", RUNNER, study, journal], stderr=subprocess.PIPE)
    wait_for_lines(journal, 12)
    for _ in range(2):
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode != 0
    assert len(list(read_records(journal))) == 12


@pytest.mark.parametrize("budget", [0.02, 0.1])
def test_calls_that_wait_for_their_turn_are_not_begun_once_the_budget_is_spent(write_study, tmp_path, budget):
    """At most four calls fly at the beginning, whatever the concurrency: sixty others wait behind them."""
    planned = alike(write_study, top=f"budget = {budget}\n")
    endpoint = Priced(0.01)
    replay(planned, endpoint, tmp_path / "j", concurrency=64)
    assert endpoint.calls <= budget / 0.01 + 12, "calls in flight at most, of which there are few so early"
    assert len(list(read_records(tmp_path / "j"))) >= endpoint.calls, "and every one of them is kept"
