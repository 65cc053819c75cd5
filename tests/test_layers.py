"""A file imports only from lower layers."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Lowest first; files of one layer do not import each other.
LAYERS = [
    {"harness.errors"},
    {"harness.marks", "harness.screens"},
    {
        "harness.pictures",
        "harness.shrinking",
        "harness.bodies",
        "harness.cases",
        "harness.seeds",
        "harness.numbering",
        "harness.children",
        "harness.gate",
        "harness.business",
        "harness.escaping",
    },
    {"harness.frames", "harness.behaviour"},
    {
        "harness.causes",
        "harness.reactions",
        "harness.replies",
        "harness.brakes",
        "harness.embedded",
        "harness.offline",
        "harness.schedule",
        "harness.failures",
        "harness.prices",
        "harness.limits",
        "perturbations.text",
        "perturbations.words",
        "perturbations.tables",
        "perturbations.values",
        "perturbations.record_text",
    },
    {
        "datasets.loading",
        "harness.endpoints",
        "harness.models",
        "harness.pacing",
        "harness.redaction",
        "harness.scorers",
        "perturbations.screenshot",
        "perturbations.derivation",
    },
    {"harness.retrying", "harness.litellm_road", "harness.openai_road", "harness.load", "harness.chaos"},
    {"harness.direct_road"},
    {"harness.application"},
    {"harness.systems"},
    {f"perturbations.{name}_channel" for name in ("spelling", "ocr", "asr", "disfluency")},
    {"perturbations.guard"},
    {"perturbations.perturbation", "perturbations.record_edits"},
    {
        f"perturbations.{family}"
        for family in (
            "typing",
            "surface",
            "fragments",
            "contradictions",
            "pasted",
            "speech",
            "people",
            "distraction",
            "turns",
            "screenshots",
            "context",
            "legacy",
            "formats",
            "bridges",
        )
    },
    {"perturbations", "datasets"},
    {"harness.study", "harness.journal"},
    {"harness.calls"},
    {"harness.results"},
    {"harness.replay", "harness.statistics", "harness.cassettes"},
    {
        "harness.asking",
        "harness.alternatives",
        "harness.answers",
        "harness.power",
        "harness.repetition",
        "harness.sequential",
        "harness.severity",
        "harness.significance",
        "harness.simulation",
        "harness.validity",
    },
    {"harness.pairs", "harness.calibration", "harness.usage", "harness.attribution"},
    {"harness.policy", "harness.settling"},
    {"harness.judging", "harness.planning"},
    {"harness.readings", "harness.selftest"},
    {"harness.ledger", "harness.breakdown", "harness.auditing", "harness.paraphrasing"},
    {"harness.analysis"},
    {"harness.minimal", "harness.costs", "harness.browsing", "harness.records"},
    {"harness.defects", "harness.manifest", "harness.fairness", "harness.comparison", "harness.report_tables"},
    {"harness.summary", "harness.signing"},
    {"harness.questions", "harness.plots", "harness.report_junit", "harness.tables"},
    {"harness.governance"},
    {"harness.report", "harness.report_html", "harness.report_json"},
    {"harness.formats", "harness.comparison_report"},
    {"harness.cluster", "harness.previewing"},
    {"harness.run", "harness.reviewing", "harness.judge"},
    {
        "harness.testing",
        "harness.testing_summary",
        "harness.strategies",
        "harness.keeping",
        "harness.starting",
        "harness.stress",
        "harness.deciding",
    },
    {"harness.pytest_plugin"},
    {"harness.cli"},
    {"harness"},  # only names, imported when used
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
FILES = [
    path for folder in ("harness", "perturbations", "datasets") for path in sorted((ROOT / folder).glob("**/*.py"))
]


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """The modules of ours that a file imports, anywhere in it."""
    package = path.parent.relative_to(ROOT).parts
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            name = ".".join(part for part in base if part)
            submodules = {f"{name}.{alias.name}" for alias in node.names} & set(LEVEL)
            found |= submodules or {name}
        elif isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("roadtest"), f"{path}: sources import relatively"
    return found


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_a_file_imports_only_from_lower_layers(path):
    name = module_name(path)
    assert name in LEVEL, f"{name} has no layer: add it to LAYERS"
    for other in imported(path):
        assert LEVEL[other] < LEVEL[name], f"{name} imports {other}, which is not below it"


def test_every_layer_has_its_file():
    assert set(LEVEL) == {module_name(path) for path in FILES}


def test_the_parser_sees_imports_inside_functions():
    assert "harness.study" in imported(ROOT / "harness" / "deciding.py")
    assert "harness.cases" in imported(ROOT / "perturbations" / "typing.py")
