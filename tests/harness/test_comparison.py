"""Systems side by side on the same variants."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from roadtest.datasets import load_suite
from roadtest.harness import ResultsError, Scripted, load_study, read_results, run_study
from roadtest.harness.comparison import compare
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
