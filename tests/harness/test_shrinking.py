"""The search for the fewest edits: what was planted is found, with few calls, and luck is not reported."""

from __future__ import annotations

import asyncio
import importlib.util
import math
import random
import statistics
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadtest.harness.shrinking import MOST, flip_rate, more_often, shrink, votes

ROOT = Path(__file__).parents[2]


def search(groups, fails, **options):
    """The result, and every question that was put, by its groups."""
    asked = []

    async def ask(some, time):
        asked.append(some)
        return fails(some)

    return asyncio.run(shrink(groups, ask, **options)), asked


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("shrink_benchmark", ROOT / "benchmarks" / "shrink.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("noise", "least"), [(0.0, 0.99), (0.05, 0.95)])
def test_planted_sets_are_found_exactly(benchmark, noise, least, capsys):
    done = list(benchmark.trials(1000, noise))
    exact = sum(right for *_, right, _ in done) / len(done)
    calls = statistics.median(found.calls for *_, found in done)
    ratio = statistics.median(found.calls / math.log2(math.comb(n, k)) for n, k, _, found in done)
    bound = statistics.median(math.log2(math.comb(n, k)) for n, k, *_ in done)
    with capsys.disabled():
        print(
            f"\nnoise {noise:.0%}: {exact:.1%} exact; median calls {calls:g}, log2 C(n, k) {bound:.1f}, {ratio:.2f} x"
        )
    assert exact >= least
    assert ratio <= 4


@given(st.integers(1, 40), st.data())
def test_any_planted_set_is_found(n, data):
    planted = frozenset(data.draw(st.sets(st.integers(0, n - 1), min_size=1, max_size=min(n, 6))))
    width = data.draw(st.integers(1, 4))
    found, asked = search(range(n), lambda some: some >= planted, width=width)
    assert set(found.groups) == planted
    assert found.status == "confirmed"
    assert found.calls + found.checks == len(asked)


@given(st.integers(1, 9), st.randoms(use_true_random=False))
def test_a_system_without_any_order_gives_a_failing_set_that_cannot_lose_one(n, rng):
    table = {}
    everything = frozenset(range(n))

    def fails(some):
        return some == everything or (bool(some) and table.setdefault(some, rng.random() < 0.5))

    found, _ = search(range(n), fails)
    groups = frozenset(found.groups)
    assert fails(groups)
    if found.status == "confirmed" and len(groups) > 1:
        assert not all(fails(groups - {one}) for one in groups)


def test_the_last_edit_that_can_go_goes():
    """Two sets fail, one inside the other's reach: what is found has no edit that could be left out."""
    found, _ = search(range(6), lambda some: {1, 2} <= some or {1, 4} <= some or {3} <= some)
    assert set(found.groups) in ({1, 2}, {1, 4}, {3})


def test_a_lucky_flip_is_not_reported():
    rng = random.Random(1)
    found, _ = search(range(12), lambda some: rng.random() < 0.05, noise=0.05)
    assert found.status == "chance"


def test_an_item_whose_clean_text_fails_as_often_is_chance():
    """The endpoint's floor is low, but this item wavers: the clean text tells."""
    statuses = []
    for seed in range(40):
        rng = random.Random(seed)
        found, _ = search(range(8), lambda some: rng.random() < 0.5)  # noqa: B023
        statuses.append(found.status)
    assert statuses.count("confirmed") <= 2
    assert "chance" in statuses


def test_a_failure_that_comes_three_times_in_four_is_confirmed_with_more_repeats():
    def run(seed):
        rng = random.Random(seed)
        return search(range(10), lambda some: {2} <= some and rng.random() < 0.75, noise=0.1)[0]

    found = [run(seed) for seed in range(60)]
    confirmed = [one for one in found if one.status == "confirmed"]
    assert len(confirmed) >= 48
    assert sum(one.groups == (2,) for one in confirmed) >= 0.9 * len(confirmed)
    assert any(one.asked > 5 for one in confirmed)


def test_answers_that_do_not_come_leave_the_best_that_was_seen():
    calls = iter(range(100))

    def fails(some):
        return ({1, 5} <= some) if next(calls) < 4 else None

    found, asked = search(range(16), fails)
    assert found.status == "unfinished"
    assert {1, 5} <= set(found.groups)
    assert len(found.groups) < 16
    assert len(asked) >= 5


def test_a_search_that_gets_nowhere_is_given_up():
    rng = random.Random(0)
    found, asked = search(range(200), lambda some: rng.random() < 0.5, noise=0.3)
    assert found.status in ("chance", "undecided", "unfinished")
    assert len(asked) <= MOST


def test_what_is_not_allowed_is_never_asked():
    found, asked = search(range(8), lambda some: {3} <= some, allowed=lambda some: len(some) != 1)
    assert all(len(some) != 1 for some in asked)
    assert found.status == "confirmed"
    assert len(found.groups) == 2
    assert 3 in found.groups


def test_one_edit_alone_needs_no_search():
    found, asked = search([7], lambda some: bool(some))
    assert (found.groups, found.calls, found.checks) == ((7,), 0, 10)
    assert len(asked) == 10


@pytest.mark.parametrize(("noise", "margin"), [(0.0, 1), (0.01, 2), (0.05, 2), (0.1, 3), (0.2, 4)])
def test_votes_keep_the_error_of_a_question_below_its_bound(noise, margin):
    assert votes(noise) == margin
    if noise:
        odds = (1 - noise) / noise
        assert 1 / (1 + odds**margin) <= 0.005
        assert 1 / (1 + odds ** (margin - 1)) > 0.005


def test_flip_rate_inverts_how_often_two_answers_disagree():
    for q in (0.0, 0.01, 0.05, 0.3, 0.5):
        assert flip_rate(2 * q * (1 - q)) == pytest.approx(q)


@pytest.mark.parametrize(
    ("counts", "p"),
    [
        ((3, 3, 0, 3), 1 / 20),
        ((5, 5, 0, 5), 1 / 252),
        ((4, 5, 0, 5), 0.0238),
        ((0, 5, 0, 5), 1.0),
        ((2, 5, 4, 5), 0.976),
    ],
)
def test_fishers_test_agrees_with_scipy(counts, p):
    from scipy.stats import fisher_exact

    wrong, asked, clean_wrong, clean_asked = counts
    table = [[wrong, asked - wrong], [clean_wrong, clean_asked - clean_wrong]]
    assert more_often(*counts) == pytest.approx(fisher_exact(table, alternative="greater").pvalue)
    assert more_often(*counts) == pytest.approx(p, abs=0.001)
