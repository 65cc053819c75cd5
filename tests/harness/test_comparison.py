"""Systems side by side on the same variants."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from click.testing import CliRunner
from roadtest.datasets import load_suite
from roadtest.harness import Reply, ResultsError, Scripted, load_study, read_results, run_study
from roadtest.harness.cli import main
from roadtest.harness.comparison import compare
from roadtest.harness.comparison_report import comparison_html, comparison_markdown
from roadtest.harness.policy import shown
from roadtest.harness.tables import comparison_text

ANSWERS = {case.text: case.target for case in load_suite("arithmetic").cases}
TOP = "suite = 'arithmetic'\nitems = 120\nperturbations = ['casing@5', 'small_talk@2']\nrepeats = 1"


def right(text):
    words = set(text.lower().split())
    return ANSWERS[text if text in ANSWERS else max(ANSWERS, key=lambda one: len(words & set(one.lower().split())))]


def careless(text):
    """Worse on clean text, and deaf to lower case."""
    return "-1" if text in ANSWERS and len(text) % 9 == 0 else right(text)


def brittle(text):
    """Right on everything but lower case."""
    return "-1" if text == text.lower() and len(text) % 3 == 0 else right(text)


@pytest.fixture
def folders(write_study, tmp_path):
    study = load_study(write_study(TOP, gate='margin = "5pp"\nlooks = 1'))
    for name, script in (("careless", careless), ("brittle", brittle), ("right", right)):
        run_study(study, Scripted(script), into=tmp_path / name)
    return {name: read_results(tmp_path / name) for name in ("careless", "brittle", "right")}


def test_two_systems_pair_by_pair_and_the_winner_changes(folders):
    found = compare([folders["careless"], folders["brittle"]])
    clean, casing, small_talk, over_all = found.standings
    assert (clean.condition, over_all.condition) == ("clean", "all mess")
    (duel,) = clean.duels
    assert duel.difference.value < 0
    assert duel.better < 0.01
    assert duel.p < 0.001
    assert duel.drops is None
    assert casing.duels[0].difference.low > 0, "the other one falls with capitals"
    assert casing.duels[0].drops.high < 0
    assert small_talk.duels[0].difference.value == 0
    assert small_talk.duels[0].better == 0.5
    assert clean.winner == found.systems[1]
    assert casing in found.changes
    text = comparison_text(found)
    assert "the winner changes under casing@5" in text
    assert re.search(r"clean: \S+ \(brittle\) is better than \S+ \(careless\) with probability 1.00", text)


def test_three_systems_are_ranked(folders):
    found = compare(list(folders.values()))
    for standing in found.standings:
        assert sum(standing.best.values()) == pytest.approx(1)
        assert len(standing.duels) == 3
    assert found.standings[1].best[found.systems[1]] == 0
    assert len(set(found.systems)) == 3, "told apart by folder"


def test_a_system_against_itself_is_a_draw(folders):
    found = compare([folders["right"], folders["right"]])
    for standing in found.standings:
        (duel,) = standing.duels
        assert (duel.difference.value, duel.better, duel.p) == (0, 0.5, 1.0)
    assert len(set(found.systems)) == 2, "the same folder twice still has two columns"


def test_only_the_same_variants_compare(folders, write_study, tmp_path):
    with pytest.raises(ResultsError, match="two results folders or more"):
        compare([folders["right"]])
    study = load_study(write_study(TOP, gate='margin = "5pp"\nlooks = 1'))
    run_study(replace(study, seed=3), Scripted(right), into=tmp_path / "other")
    with pytest.raises(ResultsError, match="asked other variants than"):
        compare([folders["right"], read_results(tmp_path / "other")])


def test_a_family_of_several_conditions_has_a_row_of_its_own(write_study, tmp_path):
    top = TOP.replace("'casing@5', 'small_talk@2'", "'casing@3', 'casing@5', 'small_talk@2'")
    study = load_study(write_study(top, gate='margin = "5pp"\nlooks = 1'))
    for name, script in (("brittle", brittle), ("right", right)):
        run_study(study, Scripted(script), into=tmp_path / name)
    found = compare([read_results(tmp_path / "brittle"), read_results(tmp_path / "right")])
    rows = {standing.condition: standing for standing in found.standings}
    assert list(rows) == ["clean", "casing@3", "casing@5", "small_talk@2", "surface family", "all mess"]
    family = rows["surface family"].duels[0].difference
    assert rows["casing@5"].duels[0].difference.value < family.value < 0


def test_the_ranking_is_stable_or_not(folders):
    two = compare([folders["careless"], folders["brittle"]])
    assert two.stability.winner < 0.1, "brittle leads on clean text, careless under mess"
    assert two.stability.tau < -0.5
    three = compare([folders["careless"], folders["right"]])
    assert three.stability.winner == 1
    assert three.stability.order == 1
    assert three.stability.tau == 0, "under mess they are equal"
    assert "holds over all mess with probability 1.00" in comparison_text(three)


def test_right_answers_for_a_dollar_and_a_second(write_study, tmp_path):
    study = load_study(write_study(TOP, gate='margin = "5pp"\nlooks = 1'))

    class Priced:
        def __init__(self, name, script, price, seconds):
            self.name, self._script, self._price, self._seconds = name, script, price, seconds

        async def __call__(self, messages):
            return Reply(self._script(messages[-1]["content"]), cost=self._price, seconds=self._seconds)

    run_study(study, Priced("dear", right, 0.01, 0.5), into=tmp_path / "dear")
    run_study(study, Priced("cheap", brittle, 0.001, 0.25), into=tmp_path / "cheap")
    found = compare([read_results(tmp_path / "dear"), read_results(tmp_path / "cheap")])
    dear, cheap = (found.economy[name] for name in found.systems)
    mess = found.standings[-1]
    assert dear.dollars == pytest.approx(0.01)
    assert dear.right_a_dollar == pytest.approx(mess.accuracy[found.systems[0]].value / 0.01)
    assert cheap.right_a_dollar > 5 * dear.right_a_dollar
    assert cheap.seconds == pytest.approx(0.25)
    assert cheap.right_a_second == pytest.approx(mess.accuracy[found.systems[1]].value / 0.25)
    assert "right answers a US$" in comparison_text(found)


def test_a_comparison_as_markdown_and_html_has_the_same_numbers(folders):
    found = compare(list(folders.values()))
    text, page = re.sub(r"\\\\(.)", r"\\1", comparison_markdown(found)), comparison_html(found)
    for standing in found.standings:
        for estimate in standing.accuracy.values():
            assert shown(estimate) in text
            assert shown(estimate) in page
        for duel in standing.duels:
            assert shown(duel.difference) in text
            assert shown(duel.difference) in page
    assert f"SHA-256 {folders['right'].manifest}" in page
    assert text.startswith("# ")
    assert "<script" not in page


def test_the_command_writes_a_comparison(folders, tmp_path):
    names = [str(folder.folder) for folder in folders.values()]
    for form, start in (("html", "<!DOCTYPE html>"), ("markdown", "# ")):
        path = tmp_path / f"c.{form}"
        done = CliRunner().invoke(main, ["compare", *names, "--format", form, "--output", str(path)])
        assert done.exit_code == 0, done.output
        assert path.read_text(encoding="utf-8").startswith(start)
