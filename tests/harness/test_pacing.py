from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadtest.harness import EndpointError, Pace, Reply, Retrying
from roadtest.harness.pacing import LONGEST_WAIT, START


def turn(pace, seconds=0.0, error=None):
    """One call in virtual time: `pace` has a clock of its own."""

    async def call():
        async with pace.slot({"requests": 1}):
            pace.now += seconds
            if error:
                raise error

    try:
        asyncio.run(call())
    except EndpointError:
        return


class Virtual(Pace):
    """A pace whose clock a test moves."""

    def __init__(self, most, **more):
        self.now = 100.0
        super().__init__(most, clock=lambda: self.now, **more)


def many(pace, calls, at_once, work):
    """So many calls, as many at once as the pace lets, each doing `work`; the most that flew."""
    most = 0

    async def one():
        nonlocal most
        try:
            async with pace.slot({"requests": 1}):
                most = max(most, pace.in_flight)
                await work()
        except EndpointError:
            return

    async def everything():
        queue = iter(range(calls))

        async def worker():
            for _ in queue:
                await one()

        await asyncio.gather(*(worker() for _ in range(at_once)))

    asyncio.run(everything())
    return most


def test_it_begins_small_and_grows_to_what_is_allowed():
    async def work():
        await asyncio.sleep(0.001)

    pace = Pace(12)
    assert pace.window == START
    assert many(pace, 600, 30, work) == 12
    assert pace.window == 12


def test_it_halves_once_a_round_when_throttled():
    pace = Virtual(64)
    pace.window = 32.0
    began = pace.now

    async def round_of_throttled():
        async def one():
            async with pace.slot({}):
                await asyncio.sleep(0)
                raise EndpointError("rate_limit", "slow down")

        await asyncio.gather(*(one() for _ in range(20)), return_exceptions=True)

    asyncio.run(round_of_throttled())
    assert pace.throttled == 20
    assert pace.window == 16, "twenty refusals of one round are one sign, not twenty"
    pace.now = began + 5
    turn(pace, error=EndpointError("server", "overloaded"))
    assert pace.window == 8
    for _ in range(40):
        pace.now += 1
        turn(pace, error=EndpointError("timeout", "late"))
    assert pace.window == 1, "never below one call"


@pytest.mark.parametrize("kind", ["auth", "bad_request", "malformed", "too_long", "raised", "connection"])
def test_other_failures_do_not_slow_it(kind):
    pace = Virtual(64)
    pace.window = 32.0
    turn(pace, error=EndpointError(kind, "x"))
    assert pace.window == 32


def test_rising_latency_stops_growth_and_then_takes_calls_away():
    pace = Virtual(64)
    pace.window = 8.0
    for _ in range(30):
        turn(pace, seconds=0.1)
    for _ in range(100):
        turn(pace, seconds=0.9)
    assert pace.window < 8
    assert pace.window >= START, "latency alone never takes it below where it began"


def test_one_request_to_wait_holds_up_that_call_and_a_second_one_holds_up_all():
    pace = Virtual(8)
    turn(pace, error=EndpointError("rate_limit", "x", wait=30.0))
    assert pace._resume_at <= pace.now
    turn(pace, error=EndpointError("rate_limit", "x", wait=1e9))
    assert pace._resume_at == pace.now + LONGEST_WAIT, "capped"
    pace = Virtual(8)
    turn(pace, error=EndpointError("rate_limit", "x", wait=30.0))
    turn(pace)
    turn(pace, error=EndpointError("rate_limit", "x", wait=30.0))
    assert pace._resume_at <= pace.now, "an answer in between says that the others may go on"


def test_a_cancelled_wait_passes_its_place_on():
    async def scenario():
        pace = Pace(1)
        flown = []

        async def one(name, seconds):
            async with pace.slot({}):
                flown.append(name)
                await asyncio.sleep(seconds)

        first = asyncio.create_task(one("first", 0.05))
        await asyncio.sleep(0.01)
        second, third = asyncio.create_task(one("second", 0)), asyncio.create_task(one("third", 0))
        await asyncio.sleep(0.01)
        second.cancel()
        await asyncio.gather(first, second, third, return_exceptions=True)
        return flown, pace.in_flight

    assert asyncio.run(scenario()) == (["first", "third"], 0)


@given(st.lists(st.sampled_from(["ok", "rate_limit", "server", "auth"]), max_size=60), st.integers(1, 9))
def test_never_more_in_flight_than_allowed_and_none_left_behind(script, most):
    pace, turns = Pace(most), iter(script)

    async def work():
        await asyncio.sleep(0)
        said = next(turns, "ok")
        if said != "ok":
            raise EndpointError(said, "x")

    assert many(pace, len(script), 12, work) <= most
    assert pace.in_flight == 0
    assert 1 <= pace.window <= max(most, 1)


# --- further tries ------------------------------------------------------------------------------------------------


class Flaky:
    """Fails with these errors, one after the other, then answers."""

    name = "flaky"

    def __init__(self, *errors):
        self.errors = list(errors)
        self.at = []

    async def __call__(self, messages):
        self.at.append(time.monotonic())
        if self.errors:
            raise self.errors.pop(0)
        return Reply("yes")


def hello(endpoint):
    return asyncio.run(endpoint([{"role": "user", "content": "hello"}]))


def test_retry_after_is_honoured_and_jittered():
    flaky = Flaky(EndpointError("rate_limit", "x", wait=0.2))
    assert hello(Retrying(flaky)).attempts == 2
    assert 0.2 <= flaky.at[1] - flaky.at[0] < 0.4
    waits = set()
    for _ in range(5):
        flaky = Flaky(EndpointError("rate_limit", "x", wait=0.02))
        hello(Retrying(flaky))
        waits.add(round(flaky.at[1] - flaky.at[0], 5))
    assert len(waits) > 1


def test_no_wait_is_longer_than_the_cap():
    flaky = Flaky(EndpointError("rate_limit", "x", wait=86400.0))
    assert hello(Retrying(flaky, longest_wait=0.05)).text == "yes"
    assert flaky.at[1] - flaky.at[0] < 1


def test_ctrl_c_ends_a_wait_and_nothing_is_tried_again():
    async def scenario():
        stopping = asyncio.Event()
        flaky = Flaky(*(EndpointError("server", "down", wait=50.0) for _ in range(5)))
        asyncio.get_running_loop().call_later(0.05, stopping.set)
        started = time.monotonic()
        with pytest.raises(EndpointError, match="down"):
            await Retrying(flaky, retries=4, stopping=stopping)([{"role": "user", "content": "x"}])
        return time.monotonic() - started, len(flaky.at)

    seconds, tries = asyncio.run(scenario())
    assert seconds < 5
    assert tries <= 2
