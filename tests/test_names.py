"""The public names: what is promised is there, documented, and nothing else is promised by accident."""

from __future__ import annotations

import inspect

import pytest
import roadtest.datasets
import roadtest.harness
import roadtest.perturbations

PUBLIC = {
    "roadtest.harness": """
        Analysis Application Business Case CaseError Claim Clause Decision Direct Edit Endpoint EndpointError Estimate
        Frame Gate Journal LiteLLM Message OpenAIClient Outcome Pace Plan PythonCallable Record Reply Request Results
        ResultsError Retrying RoadtestError SCORERS Score Scorer Scripted Study StudyError System Variant Verdict
        accuracy analyse apply_edits clauses decide drop edits_between final_records find_scorer html load_studies
        load_study markdown noise_floor plan prepare read_records read_results run_study stream tango terminal verify
        write_report
    """,
    "roadtest.perturbations": """
        DEFAULT_SEVERITY PERTURBATIONS Perturbation SEVERITIES expand find parse perturbation stack word_by_word
    """,
    "roadtest.datasets": "Suite load_suite read_cases suite_names",
}
MODULES = (roadtest.harness, roadtest.perturbations, roadtest.datasets)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_public_names(module):
    assert sorted(module.__all__) == sorted(PUBLIC[module.__name__].split())
    for name in module.__all__:
        assert hasattr(module, name)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_public_functions_and_classes_are_documented(module):
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            doc = inspect.getdoc(value) or ""
            assert doc, f"{name} has no docstring"
            assert not doc.startswith(f"{name}("), f"{name} has only the docstring that dataclasses make up"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Reply2'"):
        roadtest.harness.Reply2  # noqa: B018 - the access is the test
