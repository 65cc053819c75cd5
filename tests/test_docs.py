"""The docs are true: every block runs, every command, key and name appears, every link leads somewhere."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from roadtest.datasets import load_suite, suite_names
from roadtest.harness import SCORERS, Business, Case, Frame, Gate, Study, System, load_studies, plan
from roadtest.harness.cli import main
from roadtest.harness.embedded import MODELS
from roadtest.perturbations import PERTURBATIONS

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "datasets").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list:
    return [
        pytest.param(match[2], id=f"{page.name}:{page.read_text(encoding='utf-8')[: match.start()].count(chr(10)) + 2}")
        for page in PAGES
        for match in BLOCK.finditer(page.read_text(encoding="utf-8"))
        if match[1] == language
    ]


def commands(group: click.Group, prefix: str = "roadtest") -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        found |= (
            commands(command, f"{prefix} {name}") if isinstance(command, click.Group) else {f"{prefix} {name}": command}
        )
    return found


@pytest.mark.parametrize("code", blocks("python"))
def test_python_blocks_run(code, tmp_path):
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()


ROUTER = """
import difflib

WORDS = {"refund": "refund", "parcel": "delivery", "package": "delivery", "password": "login"}

def route(text):
    for word in text.lower().split():
        close = difflib.get_close_matches(word.strip(".,?!"), WORDS, 1, 0.7)
        if close:
            return WORDS[close[0]]
    return "refund"
"""


@pytest.mark.parametrize("code", blocks("py"))
def test_test_blocks_pass_in_pytest(code, tmp_path):
    """With a router, 105 tickets and a regression case at hand."""
    (tmp_path / "my_app.py").write_text(ROUTER)
    (tmp_path / "test_block.py").write_text(code, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    queues = ["refund", "delivery", "login"]
    starts = ["I have a question about", "Hello, this is about", "Where is", "Could you tell me more about", "Look at"]
    ends = [
        "that I asked for",
        "from last week",
        "you promised",
        "we talked about",
        "of my neighbour",
        "again",
        "at once",
    ]
    words = {"refund": "refund", "parcel": "delivery", "password": "login"}
    rows = [
        {"id": f"{start} {word} {end}", "text": f"{start} the {word} {end}.", "target": queue, "choices": queues}
        for word, queue in words.items()
        for start in starts
        for end in ends
    ]
    (tmp_path / "router.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    kept = {"id": "kept", "text": "wheres my pakage", "target": "delivery", "choices": queues}
    (tmp_path / "kept.jsonl").write_text(json.dumps(kept) + "\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout


def test_every_option_of_the_plugin_is_on_its_page():
    from roadtest.harness.pytest_plugin import OPTIONS

    page = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    for name in OPTIONS:
        assert f"| `--roadtest-{name}" in page
        assert f"| `roadtest_{name}` |" in page


@pytest.mark.parametrize("text", blocks("toml"))
def test_toml_blocks_are_studies(text, tmp_path):
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    assert all(plan(study).requests for study in load_studies(tmp_path / "study.toml").values())


@pytest.mark.parametrize("text", blocks("json"))
def test_json_blocks_are_cases(text):
    for line in text.splitlines():
        assert Case.from_dict(json.loads(line)).id


@pytest.mark.parametrize("text", blocks("console"))
def test_console_blocks_run_and_print_what_they_show(text, tmp_path, loopback):
    """The study of the README asks a loopback server in place of the model it names."""
    (readme_study,) = (param.values[0] for param in blocks("toml") if param.id.startswith("README"))
    study = readme_study.replace('# base_url = "http://127.0.0.1:8000/v1"', f'base_url = "{loopback.url}"')
    assert study != readme_study
    (tmp_path / "study.toml").write_text(study, encoding="utf-8")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = step.partition("\n")
        run = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode in ((0, 1, 3) if "gate" in command else (0,)), run.stderr
        if expected.strip():
            assert run.stdout == expected


@pytest.mark.parametrize("text", blocks("sh"))
def test_shell_blocks_name_targets_and_commands_that_exist(text):
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    known = commands(main)
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words[0] == "make":
            assert words[1] in targets
        else:
            assert any(line.startswith(name) for name in known), line


def test_every_command_and_option_that_matters_is_on_its_page():
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    for name, command in commands(main).items():
        assert f"| `{name}` |" in page
        assert command.help
        assert all(
            option.help for option in command.params if isinstance(option, click.Option) and option.name != "form"
        )


def test_every_key_of_a_study_and_field_of_a_case_is_on_its_page():
    page = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`[^|]*) \|", page, re.MULTILINE))))
    keys = {f.name for cls in (Study, System, Gate, Business, Frame, Case) for f in dataclasses.fields(cls)}
    assert keys - documented - {"frame", "gate", "business", "folder"} == set()
    for cls in (System, Gate, Business):
        for f in dataclasses.fields(cls):
            if f.default not in (dataclasses.MISSING, None, "", 0, ()) and not callable(f.default):
                assert re.search(rf"^\| `{f.name}` \|.*\| {re.escape(str(f.default))} \|$", page, re.MULTILINE), f.name


def test_every_suite_scorer_model_and_perturbation_is_on_its_page():
    studies = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
    for name in suite_names():
        suite = load_suite(name)
        assert re.search(rf"^\| \[`{name}`\].* \| {len(suite.cases)} \| `{suite.scorer}` \|", studies, re.MULTILINE)
    assert all(f"| `{name}` |" in studies for name in SCORERS)
    assert all(f"| `{name}` |" in (ROOT / "docs" / "models.md").read_text(encoding="utf-8") for name in MODELS)
    catalogue = (ROOT / "docs" / "perturbations.md").read_text(encoding="utf-8")
    assert all(f"\n### {name}\n" in catalogue for name in PERTURBATIONS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


STATISTICAL = (
    "gate judging pairs planning policy power readings repetition sequential settling severity significance simulation "
    "statistics validity"
).split()


@pytest.mark.parametrize("name", STATISTICAL)
def test_statistical_docstrings_point_at_sections_that_exist(name):
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    source = (ROOT / "harness" / f"{name}.py").read_text(encoding="utf-8")
    for section in set(re.findall(r"[.)] \[([a-z][a-z ]*)(?:, \d[^\]]*)?\]", source)):
        assert f"\n## {section}\n" in page, section


def test_every_method_of_the_statistics_page_is_cited_in_the_code():
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    sources = "".join((ROOT / "harness" / f"{name}.py").read_text(encoding="utf-8") for name in STATISTICAL)
    others = {"comparing systems", "what it cannot see"}
    for section in set(re.findall(r"^## (.+)$", page, flags=re.MULTILINE)) - others:
        assert f"[{section}" in sources, section


def test_every_measure_of_a_clause_is_documented():
    from roadtest.harness.gate import MEASURES

    for page in ("statistics.md", "studies.md"):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        for measure in MEASURES:
            assert f"`{measure}`" in text
