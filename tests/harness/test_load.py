from __future__ import annotations

import asyncio
import json
import math
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from itertools import pairwise

import pytest
from roadtest.harness import EndpointError, Reply, ResultsError, Scripted, StudyError
from roadtest.harness.endpoints import PythonCallable
from roadtest.harness.load import (
    FEWEST,
    Load,
    _by_chance,
    _percentile,
    arrivals,
    load,
    load_text,
    read_load,
    write,
)

MESSAGES = [[{"role": "user", "content": f"question {number}"}] for number in range(7)]


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer, so that an hour takes no time and every run is the same."""

    def __init__(self):
        super().__init__()
        self.now = 0.0
        select = self._selector.select

        def jump(timeout=None):
            ready = select(0 if timeout is not None else None)
            if not ready and timeout:
                self.now += timeout
            return ready

        self._selector.select = jump

    def time(self):
        return self.now

    async def shutdown_default_executor(self, timeout=None):
        pass  # no threads were started


@pytest.fixture
def virtual(monkeypatch):
    def run(main):
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(main)

    monkeypatch.setattr(asyncio, "run", run)


class Server:
    """A server with so many workers: each call takes `service()` seconds of one of them."""

    name = "server"

    def __init__(self, workers=10**6, service=lambda: 0.1, **reply):
        self.workers, self.service, self.reply = workers, service, reply
        self.calls, self.times, self.flying, self.most = [], [], 0, 0
        self.free = None

    async def __call__(self, messages):
        now = asyncio.get_running_loop().time
        self.free = self.free or asyncio.Semaphore(self.workers)
        self.calls.append(messages)
        self.times.append(now())
        self.flying += 1
        self.most = max(self.most, self.flying)
        started = now()
        try:
            async with self.free:
                self.fail(len(self.calls))
                await asyncio.sleep(self.service())
        finally:
            self.flying -= 1
        return Reply("fine", **{"seconds": now() - started} | self.reply)

    def fail(self, turn):
        pass


class Failing(Server):
    """One that fails the calls of which `script(turn)` gives an error; the warm-up is turn 1."""

    def __init__(self, script, **more):
        super().__init__(**more)
        self.script = script

    def fail(self, turn):
        if error := self.script(turn):
            raise error


# the knee


@pytest.mark.parametrize(("workers", "service"), [(1, 0.5), (4, 0.2), (8, 2.0), (32, 1.0)])
@pytest.mark.parametrize("seed", range(3))
def test_the_knee_of_a_known_server_is_found_by_doubling(virtual, workers, service, seed):
    found = load(Server(workers, lambda: service), MESSAGES, seed=seed)
    capacity = workers / service
    assert capacity / 2 <= found.knee <= capacity * 1.5
    assert found.knee == max(step.rate for step in found.steps if not step.overloaded)
    rates = [step.rate for step in found.steps]
    assert rates[:-1] == [2.0**power for power in range(len(rates) - 1)]
    assert rates[-3] < rates[-1] < rates[-2]  # the refinement
    assert f"{found.knee:g}" in found.why


def lognormal(sigma, seed):
    source = random.Random(seed)
    return lambda: source.lognormvariate(math.log(2.0), sigma)


@pytest.mark.parametrize("sigma", [0.0, 0.5, 0.8])
def test_chance_is_not_taken_for_a_knee(virtual, sigma):
    wrong = 0
    for seed in range(25):
        found = load(Server(service=lognormal(sigma, seed)), MESSAGES, rates=[1, 2, 4, 8], seconds=4, seed=seed)
        wrong += found.knee is not None or len(found.steps) != 4
    assert wrong <= 1


def test_a_few_failures_are_not_taken_for_a_knee(virtual):
    source = random.Random(3)
    flaky = Failing(lambda turn: EndpointError("server", "oops") if source.random() < 0.03 else None)
    found = load(flaky, MESSAGES, rates=[1, 2, 4, 8], seconds=4)
    assert found.knee is None
    assert sum(step.failures.get("server", 0) for step in found.steps) > 0


def test_more_than_a_twentieth_is_what_chance_does_not_explain():
    assert [_by_chance(calls) for calls in (20, 100, 1000)] == [3, 9, 62]
    assert _by_chance(100_000) < 5200


def test_a_limit_on_the_rate_is_overload_by_failures(virtual):
    """A token bucket of 10 a second, as providers have it."""
    state = {"tokens": 10.0, "at": 0.0}

    def limited(turn):
        now = asyncio.get_running_loop().time()
        state["tokens"] = min(10.0, state["tokens"] + 10 * (now - state["at"])) - 1
        state["at"] = now
        if state["tokens"] < 0:
            state["tokens"] += 1
            return EndpointError("rate_limit", "slow\ndown", wait=3.0)
        return None

    found = load(Failing(limited), MESSAGES)
    assert 8 <= found.knee < 16
    bad = next(step for step in found.steps if step.overloaded)
    assert "of calls failed (rate_limit" in bad.overloaded
    assert "slow down" in bad.overloaded
    assert bad.p50 == pytest.approx(0.1)  # failures are fast and must not flatter the latencies


def test_slower_answers_are_overload_even_where_all_come(virtual):
    """Every call in flight slows down all: there is no queue that grows."""
    server = Server()
    server.service = lambda: 0.1 * max(1.0, server.flying / 2) ** 0.8
    found = load(server, MESSAGES)
    bad = [step for step in found.steps if step.overloaded]
    assert "p95 latency rose from 0.1" in bad[0].overloaded


def test_a_queue_longer_than_the_window_is_overload_by_throughput(virtual):
    found = load(Server(20, lambda: 10.0), MESSAGES, rates=[1, 4], seconds=10, timeout=300)
    assert found.knee == 1
    assert "of what arrived" in found.steps[1].overloaded
    assert found.steps[1].throughput < 3


def test_an_overloaded_first_step_has_no_knee(virtual):
    found = load(Server(1, lambda: 0.1), MESSAGES, rates=[20, 40], timeout=600)
    assert found.knee is None
    assert len(found.steps) == 1
    assert found.why.startswith("it did not keep up with the lowest rate offered, 20 a second")


def test_no_knee_within_the_calls_allowed(virtual):
    found = load(Server(), MESSAGES, most_calls=300)
    assert found.knee is None
    assert "kept up with every rate offered, up to" in found.why
    assert "was not tried: it would take about" in found.why


def test_a_known_http_server_on_loopback():
    """20 workers, 0.2 s each: 100 calls a second."""
    from aiohttp import ClientSession, web

    ready, control, texts = threading.Event(), [], Counter()

    def serve():
        async def main():
            free = asyncio.Semaphore(20)

            async def answer(request):
                body = await request.json()
                async with free:
                    await asyncio.sleep(0.2)
                return web.json_response({"text": body[-1]["content"].upper()})

            app = web.Application()
            app.router.add_post("/", answer)
            runner = web.AppRunner(app)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            loop, end = asyncio.get_running_loop(), asyncio.Event()
            control.extend([f"http://127.0.0.1:{runner.addresses[0][1]}/", lambda: loop.call_soon_threadsafe(end.set)])
            ready.set()
            await end.wait()
            await runner.cleanup()

        asyncio.run(main())

    class Http:
        name = "http"

        async def __call__(self, messages):
            started = time.perf_counter()
            async with ClientSession() as session, session.post(control[0], json=list(messages)) as response:
                texts[(await response.json())["text"]] += 1
            return Reply("", seconds=time.perf_counter() - started)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        found = load(Http(), MESSAGES, rates=[25, 60, 170], seconds=1.5, timeout=20)
    finally:
        control[1]()
        thread.join(10)
    assert 50 <= found.knee <= 200, found.why
    assert found.steps[-1].rate == 170
    assert 0.19 < found.steps[0].p50 < 0.6
    assert found.steps[0].failures == {}
    assert set(texts) == {f"QUESTION {number}" for number in range(7)}
    assert max(texts.values()) - min(texts.values()) <= 1


# latencies


def test_percentiles_are_of_the_answers(virtual):
    lasting = iter([0.0, *[number / 100 for number in range(1, 101)] * 2])
    found = load(Server(service=lambda: next(lasting)), MESSAGES, rates=[50], seconds=2, seed=4)
    step = found.steps[0]
    assert step.calls == step.answered >= 80
    counted = [number / 100 for number in range(1, 101)] * 2
    expected = sorted(counted[: step.calls])
    assert step.p50 == pytest.approx(expected[math.ceil(step.calls * 0.50) - 1])
    assert step.p95 == pytest.approx(expected[math.ceil(step.calls * 0.95) - 1])


@pytest.mark.parametrize(
    ("count", "p50", "p95", "p99"),
    [(0, None, None, None), (1, 1, None, None), (19, 10, None, None), (20, 10, 19, None), (100, 50, 95, 99)],
)
def test_percentiles_of_few_are_not_given(count, p50, p95, p99):
    values = [float(number) for number in range(1, count + 1)]
    assert [_percentile(values, share) for share in (0.5, 0.95, 0.99)] == [p50, p95, p99]


def test_a_stall_is_seen_by_those_that_arrive_in_it(virtual):
    """A closed loop would count one slow call of 200; half a second of 2 is a quarter of the arrivals."""
    turn = iter(range(10**6))
    found = load(Server(1, lambda: 0.5 if next(turn) == 60 else 0.001), MESSAGES, rates=[100], seconds=2)
    step = found.steps[0]
    assert step.p50 < 0.01
    assert 0.3 < step.p95 <= step.p99 <= 0.52
    assert step.in_flight > 30


def test_waiting_for_a_place_in_flight_counts(virtual):
    server = Server(service=lambda: 1.0)
    found = load(server, MESSAGES, rates=[5], seconds=10, in_flight=2, timeout=100)
    step = found.steps[0]
    assert server.most == step.in_flight == 2
    assert step.answered == step.calls
    assert step.p95 > 5
    assert step.late == 0
    assert "all 2 calls allowed in flight" in found.bottleneck
    assert step.overloaded


def test_first_tokens_count_from_the_arrival(virtual):
    found = load(Server(1, lambda: 0.2, first_token=0.05, seconds=0.2), MESSAGES, rates=[4], seconds=30)
    step = found.steps[0]
    assert step.first_token_p50 == pytest.approx(step.p50 - 0.15, abs=1e-5)
    assert step.first_token_p95 == pytest.approx(step.p95 - 0.15, abs=1e-5)
    assert load(Server(), MESSAGES, rates=[4]).steps[0].first_token_p50 is None


def test_a_generator_that_is_held_up_says_so():
    class Blocking:
        name = "blocking"

        async def __call__(self, messages):
            time.sleep(0.05)  # holds up the whole loop
            return Reply("")

    found = load(Blocking(), MESSAGES, rates=[60], seconds=0.1)
    assert found.steps[0].late > 0.1
    assert "this machine began calls" in found.bottleneck
    assert found.bottleneck in load_text(found)


def test_sync_functions_are_asked_at_once():
    """More than the few threads that an event loop has by itself."""
    barrier, turn = threading.Barrier(FEWEST, timeout=20), iter(range(1000))

    def answer(messages):
        if next(turn):  # but not the warm-up
            barrier.wait()
        return "fine"

    step = load(PythonCallable(answer), MESSAGES, rates=[1000], seconds=0.001, timeout=30).steps[0]
    assert step.answered == step.in_flight == FEWEST


# failures


def test_failures_are_kept_apart(virtual):
    def script(turn):
        if turn % 10 == 0:
            return EndpointError("server", "oops")
        return ValueError("a bug") if turn % 10 == 5 else asyncio.CancelledError() if turn % 10 == 7 else None

    found = load(Failing(script), MESSAGES, rates=[10], seconds=10)
    step = found.steps[0]
    assert step.calls == step.answered + sum(step.failures.values())
    assert set(step.failures) == {"server", "raised"}
    assert step.failures["raised"] > step.failures["server"] > 5
    assert step.failed == pytest.approx(0.3, abs=0.02)
    assert step.p50 == step.p95 == pytest.approx(0.1)
    assert "of calls failed (raised" in found.why
    assert "the first said: server raised ValueError: a bug" in found.why


def test_a_call_without_an_answer_is_given_up(virtual):
    server = Server(service=lambda: 3600.0 if len(server.calls) % 4 == 0 else 0.1)
    found = load(server, MESSAGES, rates=[10], seconds=5, timeout=8)
    step = found.steps[0]
    assert step.failures == {"timeout": sum(turn % 4 == 0 for turn in range(2, step.calls + 2))}
    assert step.p95 == pytest.approx(0.1)
    assert server.flying == 0


def test_a_step_ends_in_time_however_many_wait(virtual):
    hung = Server(service=lambda: 3600.0 if len(hung.calls) > 1 else 0.0)
    found = load(hung, MESSAGES, rates=[50], seconds=2, timeout=5, in_flight=10)
    assert found.steps[0].failures == {"timeout": found.steps[0].calls}
    assert found.steps[0].p50 is None
    assert max(hung.times) < 7
    assert hung.most == 10


def test_what_waited_too_long_for_its_place_is_not_asked(virtual):
    class Reluctant(Server):
        async def __call__(self, messages):
            try:
                return await super().__call__(messages)
            finally:
                if len(self.calls) > 1:
                    await asyncio.sleep(4.0)  # also when it is cancelled

    reluctant = Reluctant(service=lambda: 3600.0 if len(reluctant.calls) > 1 else 0.0)
    found = load(reluctant, MESSAGES, rates=[50], seconds=2, timeout=5, in_flight=10)
    assert found.steps[0].failures == {"timeout": found.steps[0].calls}
    assert len(reluctant.calls) == found.calls == 11


@pytest.mark.parametrize("kind", sorted(EndpointError.FATAL))
def test_a_fatal_error_ends_it_at_once(virtual, kind):
    failing = Failing(lambda turn: EndpointError(kind, "no use") if turn == 40 else None)
    found = load(failing, MESSAGES)
    assert len(failing.calls) == 40
    assert failing.flying == 0
    assert found.stopped == "no use"
    assert "no use" in found.why
    assert [step.rate for step in found.steps] == [1]
    assert not found.interrupted


@pytest.mark.parametrize("kind", ["auth", "connection"])
def test_a_first_call_that_nobody_can_answer_is_the_only_one(virtual, kind):
    failing = Failing(lambda turn: EndpointError(kind, "check the key"))
    found = load(failing, MESSAGES)
    assert len(failing.calls) == found.calls == 1
    assert (found.stopped, found.steps, found.knee) == ("check the key", (), None)
    assert load_text(found) == "knee: not found; no rate was measured; it was stopped: check the key"


def test_a_first_call_that_fails_by_chance_ends_nothing(virtual):
    found = load(Failing(lambda turn: EndpointError("server", "oops") if turn == 1 else None), MESSAGES, rates=[5])
    assert len(found.steps) == 1
    assert found.steps[0].failures == {}


def test_what_the_endpoint_asked_for_is_waited_before_the_last_step(virtual):
    def limited(turn):
        now = asyncio.get_running_loop().time()
        return EndpointError("rate_limit", "later", wait=25.0) if len(failing.calls) > 20 and now < 60 else None

    failing = Failing(limited)
    found = load(failing, MESSAGES, seed=1)
    first = found.steps[0].calls + 1
    bad = found.steps[1].calls
    assert found.steps[1].overloaded
    assert failing.times[first + bad] - failing.times[first + bad - 1] >= 25
    assert found.steps[2].calls == len(failing.calls) - first - bad - 1


# bounds


@pytest.mark.parametrize("most_calls", [21, 22, 50, 137, 400])
@pytest.mark.parametrize("workers", [1, 10**6])
def test_never_more_calls_than_allowed(virtual, most_calls, workers):
    server = Server(workers)
    found = load(server, MESSAGES, most_calls=most_calls)
    assert len(server.calls) == found.calls <= most_calls
    assert sum(step.calls for step in found.steps) < most_calls
    assert all(step.calls >= FEWEST for step in found.steps)


def test_never_more_in_flight_than_allowed(virtual):
    server = Server(1, lambda: 0.5)
    found = load(server, MESSAGES, in_flight=5)
    assert server.most == 5 == max(step.in_flight for step in found.steps)


def test_a_budget_is_kept(virtual):
    server = Server(service=lambda: 5.0, cost=0.01)
    found = load(server, MESSAGES, budget=1.0)
    assert 0.9 < found.cost <= 1.0
    assert found.cost == pytest.approx(0.01 * len(server.calls))
    assert found.stopped == "the budget of $1 is spent"
    assert sum(step.cost for step in found.steps) < found.cost
    assert server.flying == 0


def test_a_budget_needs_a_price(virtual):
    server = Server()
    found = load(server, MESSAGES, budget=1.0)
    assert "does not say what a call costs" in found.stopped
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rates": [1, 0]}, "rates must be above 0"),
        ({"rates": [1, math.inf]}, "rates must be finite"),
        ({"seconds": 0}, "seconds must be above 0, not 0"),
        ({"timeout": -1}, "timeout must be above 0, not -1"),
        ({"budget": math.nan}, "budget must be above 0"),
        ({"most_calls": 20}, "most_calls must be at least 21"),
        ({"in_flight": 0}, "in_flight must be at least 1"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_asked(wrong, said):
    server = Server()
    with pytest.raises(StudyError, match=said):
        load(server, MESSAGES, **wrong)
    with pytest.raises(StudyError, match="nothing to ask"):
        load(server, [])
    assert server.calls == []


# arrivals


def test_arrivals_are_a_poisson_process_of_this_rate():
    times = list(arrivals(50, 200, 1))
    gaps = [late - early for early, late in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    spread = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    assert mean == pytest.approx(1 / 50, rel=0.05)
    assert spread == pytest.approx(mean, rel=0.05)
    assert times[-1] < 200


def test_arrivals_depend_on_seed_and_rate_alone():
    assert list(arrivals(5, 10, 1)) == list(arrivals(5.0, 100, 1))[: len(list(arrivals(5, 10, 1)))]
    assert list(arrivals(5, 10, 1)) != list(arrivals(5, 10, 2))
    assert next(arrivals(5, 10, 1)) != pytest.approx(2 * next(arrivals(10, 10, 1)))
    assert len(list(arrivals(0.5, 1))) == FEWEST


def test_the_same_seed_asks_the_same_at_the_same_times(virtual):
    def asked(seed):
        server = Server()
        found = load(server, MESSAGES, rates=[3, 7], seed=seed)
        return server.times, server.calls, found

    assert asked(1) == asked(1)
    assert asked(1)[0] != asked(2)[0]
    assert asked(1)[1] != asked(2)[1]


def test_no_message_comes_again_before_all_have_come(virtual):
    server = Server()
    load(server, MESSAGES, rates=[5])
    contents = [messages[0]["content"] for messages in server.calls]
    for begin in range(0, len(contents) - 7, 7):
        assert len(set(contents[begin : begin + 7])) == 7


def test_the_first_call_is_not_counted(virtual):
    server = Server(service=lambda: 30.0 if len(server.calls) == 1 else 0.1)
    step = load(server, MESSAGES, rates=[5]).steps[0]
    assert step.calls == len(server.calls) - 1
    assert step.p95 == pytest.approx(0.1)


# interruption


def test_an_interruption_keeps_the_steps(virtual):
    watched = []
    found = load(Failing(lambda turn: interrupted() if turn == 70 else None), MESSAGES, watch=watched.append)
    assert found.interrupted
    assert list(found.steps) == watched
    assert [step.rate for step in found.steps] == [1, 2]
    assert found.why == "it kept up with every rate offered, up to 2 a second; it was interrupted"
    assert found.calls == 70


def interrupted():
    raise KeyboardInterrupt


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process")
def test_ctrl_c_ends_it_with_what_was_measured(tmp_path):
    script = """
import asyncio, pathlib, signal, sys
from roadtest.harness import Reply
from roadtest.harness.load import load, write

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it

class Slow:
    name = "slow"
    async def __call__(self, messages):
        await asyncio.sleep(0.001 if not seen else 60)
        return Reply("")

seen = []
def watch(step):
    seen.append(step)
    print("measured", flush=True)

found = load(Slow(), [[{"role": "user", "content": "a"}]], rates=[200, 300], seconds=0.1, watch=watch)
write(found, pathlib.Path(sys.argv[1]))
"""
    running = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert running.stdout.readline() == "measured\n"
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    assert running.wait(20) == 0
    running.stdout.close()
    found = read_load(tmp_path)
    assert found.interrupted
    assert len(found.steps) == 1


def test_a_watcher_that_dies_ends_nothing(virtual):
    def watch(step):
        raise OSError("no terminal")

    assert len(load(Server(), MESSAGES, rates=[1, 2], watch=watch).steps) == 2


# what is kept and shown


@pytest.fixture
def found(virtual):
    return load(
        Server(4, lambda: 0.2, cost=0.001, prompt_tokens=10, completion_tokens=3, first_token=0.1, seconds=0.2),
        MESSAGES,
    )


def test_sums_are_of_the_steps_calls(found):
    for step in found.steps:
        assert step.cost == pytest.approx(step.answered / 1000)
        assert (step.prompt_tokens, step.completion_tokens) == (10 * step.answered, 3 * step.answered)
    assert found.cost == pytest.approx(found.calls / 1000)
    assert found.calls == sum(step.calls for step in found.steps) + 2  # alone at first, and before the refinement


def test_written_and_read_it_is_the_same(found, tmp_path):
    assert read_load(tmp_path / "none") is None
    path = write(found, tmp_path / "new")
    assert read_load(tmp_path / "new") == found == Load.from_dict(found.to_dict())
    assert [file.name for file in path.parent.iterdir()] == ["load.json"]


DAMAGES = [
    lambda data: data.pop("steps"),
    lambda data: data.update(steps=3),
    lambda data: data.update(steps=[3]),
    lambda data: data.update(knee="high"),
    lambda data: data.update(interrupted=1),
    lambda data: data["steps"][0].update(calls=True),
    lambda data: data["steps"][0].update(calls=0),
    lambda data: data["steps"][0].update(seconds=0.0),
    lambda data: data["steps"][0].update(p50=math.nan),
    lambda data: data["steps"][0].update(failures={"server": "many"}),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named(found, tmp_path, damage):
    path = write(found, tmp_path)
    damage(data := json.loads(path.read_text("utf-8")))
    path.write_text(json.dumps(data), "utf-8")
    with pytest.raises(ResultsError, match=r"load\.json: cannot be read"):
        read_load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_file_that_is_no_json_object_is_named(tmp_path, content):
    (tmp_path / "load.json").write_bytes(content)
    with pytest.raises(ResultsError, match=r"load\.json: cannot be read"):
        read_load(tmp_path)


def test_a_folder_that_cannot_be_written_is_told(found, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match=r"load\.json: cannot be written"):
        write(found, tmp_path / "file")


def test_the_table_shows_every_step_and_the_knee(found):
    lines = load_text(found, "github").splitlines()
    assert [line.split("|")[1].strip() for line in lines[2 : 2 + len(found.steps)]] == [
        f"{rate:g}" for rate in sorted(step.rate for step in found.steps)
    ]
    assert "first token p50" in lines[0]
    assert "cost $" in lines[0]
    assert lines[-1].startswith(f"knee: {found.knee:g} calls a second; it kept up with {found.knee:g}")
    few = next(line for line in lines if line.startswith("| 1 "))
    assert few.split("|")[8].strip() == "-"  # the p99 of so few


def test_scripted_endpoints_do(virtual):
    assert load(Scripted(lambda text: text), MESSAGES, rates=[10]).steps[0].answered >= 100 * 0.6


def test_importing_it_loads_the_standard_library_alone():
    code = "import sys, roadtest.harness.load; print({'numpy', 'tabulate', 'litellm', 'aiohttp'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"
