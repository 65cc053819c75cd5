from __future__ import annotations

import socket

import pytest
from roadtest.harness import load_study, plan
from roadtest.harness.planning import forecast
from roadtest.harness.settling import PerCall


def planned(
    write_study, items=60, gate='margin = "5pp"', top="", endpoint='model = "openai/gpt-4o-mini"\nmax_tokens = 8'
):
    lines = f"suite = 'intent'\nitems = {items}\nperturbations = ['typos@4', 'self_correction@5']\n{top}"
    return plan(load_study(write_study(lines, endpoint, gate)))


def test_a_forecast_counts_and_prices_without_a_connection(write_study, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("nothing may be asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    one = planned(write_study)
    found = forecast(one)
    assert found.calls == len(one.requests) - one.shared
    assert 700 * found.calls < found.prompt_tokens < 1400 * found.calls
    low, high = found.completion_tokens
    assert found.calls <= low < high == 8 * found.calls
    by_list = (found.prompt_tokens * 0.15e-6 + low * 0.6e-6, found.prompt_tokens * 0.15e-6 + high * 0.6e-6)
    assert found.cost == pytest.approx(by_list, rel=1e-6), "litellm lists 0.15 and 0.60 dollars a million"
    assert found.seconds == found.calls / 4


def test_an_unlisted_model_and_a_callable_have_no_price(write_study):
    assert forecast(planned(write_study, endpoint='model = "openai/nobody-1"')).cost is None
    assert forecast(planned(write_study, endpoint='callable = "app:answer"')).cost is None


def test_too_few_items_are_told_with_the_cheapest_way_out(write_study):
    found = forecast(planned(write_study))
    assert [claim.possible for claim in found.claims] == [False, False]
    assert all(claim.go_chance == 0 for claim in found.claims)
    assert "no GO is possible; items = " in found.advice
    wanted = int(found.advice.partition("items = ")[2].split()[0])
    better = forecast(planned(write_study, wanted))
    assert all(claim.possible for claim in better.claims)
    assert "about $" in found.advice


def test_fewer_looks_are_free_and_come_first(write_study):
    gate = 'claims = ["typos@4: drop <= 5pp"]'
    found = forecast(planned(write_study, 74, gate))
    assert not found.claims[0].possible
    assert found.advice.endswith("looks = 1 makes it possible and costs no call more")
    assert forecast(planned(write_study, 74, gate + "\nlooks = 1")).claims[0].possible


def test_where_the_suite_is_too_small_the_margin_is_named(write_study):
    found = forecast(planned(write_study, gate='margin = "1pp"'))
    assert "the suite's 224 items are too few" in found.advice
    bearable = float(found.advice.partition("a margin of ")[2].split("pp")[0])
    assert all(c.possible for c in forecast(planned(write_study, gate=f'margin = "{bearable}pp"')).claims)
    assert not all(c.possible for c in forecast(planned(write_study, gate=f'margin = "{bearable - 0.1}pp"')).claims)


def test_a_pilot_replaces_what_is_assumed(write_study):
    one = planned(write_study, 200)
    blind = forecast(one)
    flips = {"typos@4": 0.01, "self_correction@5": 0.01}
    seen = forecast(one, PerCall(1000.0, 2.0, 0.001, 0.25), flips)
    assert seen.prompt_tokens == 1000 * seen.calls
    assert seen.cost == pytest.approx((0.001 * seen.calls,) * 2)
    assert seen.seconds == pytest.approx(0.25 * seen.calls / 4)
    assert seen.claims[0].go_chance > blind.claims[0].go_chance
    assert seen.claims[0].detectable < blind.claims[0].detectable
    assert "as in the answers that are there" in seen.assumed


def test_a_perturbation_that_changes_nothing_is_named(write_study):
    lines = "scorer = 'exact'\nsuite = 'mine.jsonl'\nperturbations = ['casing@5']"
    path = write_study(lines, 'callable = "app:answer"')
    rows = "".join(f'{{"id": "{i}", "text": "no capital {i}", "target": "x"}}\n' for i in range(5))
    path.with_name("mine.jsonl").write_text(rows, encoding="utf-8")
    one = plan(load_study(path))
    assert "casing@5: changes none of the items" in forecast(one).advice


def test_a_margin_that_covers_nothing_is_told_before_it_is_paid_for(write_study):
    lines = "suite = 'intent'\nperturbations = ['example_order@3', 'template_gaps@3']"
    one = plan(load_study(write_study(lines)))
    assert "nothing is judged" in forecast(one).advice
    named = forecast(plan(load_study(write_study(lines, gate="claims = ['example_order: drop <= 30pp']"))))
    assert "nothing is judged" not in named.advice
    assert [claim.name for claim in named.claims] == ["example_order@3"]


def test_a_price_of_ones_own_is_what_the_forecast_reckons_with(write_study):
    lines = 'model = "openai/no-such-model"\nmax_tokens = 10\nprice = {input = 3.0, output = 6.0, call = 0.5}'
    found = forecast(plan(load_study(write_study(endpoint=lines))))
    low, high = found.cost
    assert low == pytest.approx(0.5 * found.calls + 3e-6 * found.prompt_tokens + 6e-6 * found.completion_tokens[0])
    assert high == pytest.approx(0.5 * found.calls + 3e-6 * found.prompt_tokens + 6e-6 * found.completion_tokens[1])
