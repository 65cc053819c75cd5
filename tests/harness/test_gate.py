"""The gate as a user writes it: margins, clauses, and which of them counts for what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadtest.harness import Clause, Gate, StudyError, clauses, load_study
from roadtest.harness.gate import MEASURES, points, with_claims

NAMES = ["typos@2", "typos@4", "casing@5", "nlpaug:KeyboardAug@3"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("typos@3: drop <= 3pp", [Clause("typos@3", "drop", 0.03)]),
        ("typos: drop<=0.03", [Clause("typos", "drop", 0.03)]),
        ("nlpaug:KeyboardAug@3: drop < 3 points", [Clause("nlpaug:KeyboardAug@3", "drop", 0.03)]),
        ("*: relative drop <= 10%", [Clause("*", "relative drop", 0.1)]),
        (
            "mean: drop <= 2pp and accuracy >= 80%",
            [Clause("mean", "drop", 0.02), Clause("mean", "accuracy", 0.8)],
        ),
        ("typos: certified >= 3", [Clause("typos", "certified", 3)]),
    ],
)
def test_clauses(text, found):
    assert list(clauses(text)) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("typos@3", "must read 'SUBJECT: MEASURE <= BOUND'"),
        ("typos@3: drop", "'drop' must read 'MEASURE <= BOUND'"),
        ("typos@3: dorp <= 3pp", "no measure called 'dorp'; did you mean 'drop'?"),
        ("typos@3: drop >= 3pp", "drop is bounded with <=, not >="),
        ("typos@3: accuracy <= 80%", "accuracy is bounded with >=, not <="),
        ("typos@3: drop <= 1.2.3", "'drop <= 1.2.3' must read 'MEASURE <= BOUND'"),
        ("typos@3: drop <= 300%", "must lie between 0 and 1"),
        ("typos@3: certified >= 3", "certified wants a perturbation and a severity"),
        ("typos: certified >= 9", "certified wants a perturbation and a severity"),
        (": drop <= 3pp", "must read 'SUBJECT"),
    ],
)
def test_a_claim_that_cannot_be_read_is_named(text, message):
    with pytest.raises(StudyError, match=r"claim") as error:
        clauses(text)
    assert message in str(error.value)


@given(
    st.sampled_from(["typos@3", "typos", "*", "mean", "nlpaug:OcrAug@1"]),
    st.sampled_from(["drop", "relative drop", "accuracy"]),
    st.integers(1, 99),
)
def test_a_clause_reads_as_it_is_written(subject, measure, hundredths):
    clause = Clause(subject, measure, hundredths / 100)
    assert clauses(str(clause)) == (clause,)
    assert MEASURES[measure][0] in str(clause)


def test_the_closest_clause_counts():
    gate = Gate(0.05, claims=("typos: drop <= 3pp", "typos@4: drop <= 10pp and accuracy >= 70%"))
    found = gate.conditions(NAMES)
    assert found["casing@5"] == (Clause("casing@5", "drop", 0.05),)
    assert found["typos@2"] == (Clause("typos@2", "drop", 0.03),)
    assert found["typos@4"] == (Clause("typos@4", "drop", 0.10), Clause("typos@4", "accuracy", 0.7))
    assert with_claims(gate, ["typos@2: drop <= 1pp"]).conditions(NAMES) == {
        "typos@2": (Clause("typos@2", "drop", 0.01),)
    }


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        (["typso@4: drop <= 3pp"], "the study has no perturbation 'typso@4'; did you mean 'typos@4'?"),
        (["typos: certified >= 3"], "needs a drop that its rungs may have"),
        (["*: drop <= 5pp", "typos@4: drop <= 1pp", "typos@4: drop <= 9pp"], "'typos@4' twice"),
        (["*: drop <= 5pp", "typos: certified >= 5"], "the study measures it only up to severity 4"),
    ],
)
def test_a_claim_about_what_is_not_there(claims, message):
    with pytest.raises(StudyError) as error:
        Gate(claims=tuple(claims)).conditions(NAMES)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ("level = 0.9", "[gate] margin must be stated"),
        ('margin = "5pp"\nlooks = 99', "looks must be 1 to 50, or 0"),
        ('margin = "5pp"\ntarget = "everyone"', "target must be 'population' or 'suite'"),
        ('margin = "5pp"\ninvalid = 0.7', "invalid must be a share below a half"),
        ('margin = "5pp"\ninvalid = "some"', "invalid = 'some' must be a fraction"),
        ('margin = "5pp"\nlevel = 1.5', "level must lie between 0.5 and 1"),
        ('claims = ["nobody@3: drop <= 3pp"]', "the study has no perturbation 'nobody@3'"),
        ('claims = "typos@4: drop <= 3pp"', "claims must be a list of strings"),
        ('claims = ["*: relative drop <= 5%"]\nlooks = 0', "needs planned looks"),
        ('margin = "5pp"\nclaims = ["*: drop <= 3pp"]', "bounds the drop of '*' twice"),
        ('margin = "5pp"\nfoo = 1', "no key called 'foo'"),
    ],
)
def test_a_gate_that_cannot_be_is_refused_with_the_file(write_study, gate, message):
    with pytest.raises(StudyError) as error:
        load_study(write_study(gate=gate))
    assert message in str(error.value)
    assert "study.toml" in str(error.value)


def test_points():
    assert [points(value) for value in (0.05, "5pp", "5%", "5 points")] == [0.05] * 4
