"""The study's own frame: varied like mess, measured like mess, and kept apart from what users do."""

from __future__ import annotations

import json

import pytest
from roadtest.datasets import load_suite
from roadtest.harness import Case, Gate, Scripted, StudyError, load_study, markdown, plan, run_study, terminal
from roadtest.harness.frames import said
from roadtest.harness.gate import FORMATS, MEAN, of_the_frame
from roadtest.harness.marks import layout
from roadtest.perturbations import PERTURBATIONS, find

STUDY = """suite = "intent"
items = 60
repeats = 1
perturbations = ["casing@5", "choice_order+choice_labels@3", "example_order@3", "template_gaps@2"]"""


def test_the_gate_knows_the_whole_family():
    assert {name for name, one in PERTURBATIONS.items() if one.family == "formats"} == FORMATS
    assert of_the_frame("choice_order@3")
    assert of_the_frame("typos+choice_order@3")
    assert not of_the_frame("typos+casing@3")


def test_an_order_of_choices_is_a_permutation_and_never_the_old_one():
    case = Case("1", "x", "b", choices=("a", "b", "c"))
    orders = {layout(find("choice_order").variant(case, 1, seed).messy.layout)["choices"] for seed in range(40)}
    assert orders == {"0,2,1", "1,0,2", "1,2,0", "2,0,1", "2,1,0"}
    assert not find("choice_order").variant(Case("1", "x", "b"), 1, 0).changed


class OnceTaught:
    """Answers by whatever label the examples use, and by its place in the list: a system that reads its prompt."""

    name = "reads its prompt"

    def __init__(self) -> None:
        self.asked = []

    async def __call__(self, messages):
        self.asked.append(messages)
        return await Scripted(lambda text: self.answer(messages))(messages)

    def answer(self, messages):
        lines = said(messages[0]).split("\n")
        line = next(line for line in lines if "payment" in line)
        return line.partition(" (")[0] if " (" in line else "payment"


def test_formats_have_a_table_of_their_own_and_enter_no_mean(write_study, tmp_path):
    study = load_study(write_study(STUDY, gate='margin = "5pp"\nclaims = ["mean: drop <= 5pp"]\nlooks = 1'))
    system = OnceTaught()
    analysis, outcome = run_study(study, system, into=tmp_path / "results")
    assert outcome.complete
    assert [claim.name for claim in analysis.of_users] == ["casing@5"]
    apart = [claim.name for claim in analysis.of_the_frame]
    assert apart == ["choice_order+choice_labels@3", "example_order@3", "template_gaps@2"]
    assert all(claim.decision is None for claim in analysis.of_the_frame), "the margin is for what users do"
    assert {one.name for one in analysis.others} == {MEAN}
    (mean,) = analysis.others
    assert mean.pairs is not None
    assert len(mean.pairs.items) == analysis.of_users[0].drop.items
    renamed = analysis.of_the_frame[0]
    assert renamed.drop.value == 0, "an answer by the new label is read as the choice that it stands for"
    assert renamed.messy.value > 0
    for text in (terminal(analysis), markdown(analysis), (tmp_path / "results" / "report.html").read_text("utf-8")):
        users, _, rest = text.partition(
            "The study's own frame" if "<html" in text or "##" in text else "the study's own"
        )
        assert "casing@5" in users
        assert "choice_order+choice_labels@3" in rest
    report = json.loads((tmp_path / "results" / "report.json").read_text("utf-8"))
    assert {one["claim"]: one["mess"] for one in report["claims"]}["example_order@3"] == "frame"


def test_a_claim_that_names_a_format_is_judged(write_study, tmp_path):
    gate = 'margin = "5pp"\nclaims = ["example_order@3: drop <= 5pp"]\nlooks = 1'
    study = load_study(write_study(STUDY, gate=gate))
    analysis, _ = run_study(study, Scripted(lambda text: "payment"), into=tmp_path / "results")
    judged = {claim.name: claim.decision is not None for claim in analysis.claims}
    assert judged == {
        "casing@5": True,
        "choice_order+choice_labels@3": False,
        "example_order@3": True,
        "template_gaps@2": False,
    }


def test_a_mean_over_nothing_that_users_do_is_refused():
    gate = Gate(claims=("mean: drop <= 5pp",))
    with pytest.raises(StudyError, match="only changes of its own frame"):
        gate.conditions(["choice_order@3"])


def test_a_frame_without_a_place_for_a_change_is_not_asked(write_study):
    top = "suite = 'arithmetic'\nitems = 5\nperturbations = ['choice_order@3', 'template_cues@3', 'example_order@3']"
    planned = plan(load_study(write_study(top)))
    asked = {planned.condition_of(number) for number in planned.order}
    assert asked == {"clean", "example_order@3"}
    assert planned.survey.unchanged == 10


def test_a_case_is_never_touched():
    for case in load_suite("intent").cases[:10]:
        for name in sorted(FORMATS):
            variant = find(name).variant(case, 3, 0)
            assert (variant.messy.text, variant.messy.target, variant.messy.choices) == (
                case.text,
                case.target,
                case.choices,
            )
