"""Importing costs nothing: no heavy library, no file, no socket."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = [
    "litellm",
    "openai",
    "pandas",
    "numpy",
    "scipy",
    "nlpaug",
    "tqdm",
    "tabulate",
    "click",
    "tenacity",
    "filelock",
    "xllamacpp",
    "aiohttp",
    "ray",
    "pyarrow",
    "jsonpath",
    "fsspec",
]
PROBE = """
import json, sys
opened = []
sys.addaudithook(lambda event, args: opened.append(f"{event} {args[0]!r}") if event.startswith("socket.") else None)
exec(sys.argv[1])
print(json.dumps([sorted(m for m in json.loads(sys.argv[2]) if m in sys.modules), opened]))
"""


def loaded(code: str) -> tuple[list[str], list[str]]:
    run = subprocess.run(
        [sys.executable, "-c", PROBE, code, json.dumps(HEAVY)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    heavy, sockets = json.loads(run.stdout.splitlines()[-1])
    return heavy, sockets


@pytest.mark.parametrize(
    "code",
    [
        "import roadtest.harness",
        "import roadtest.perturbations",
        "import roadtest.datasets",
        "from roadtest.harness import Case, Edit, Study, LiteLLM, Scripted, Journal, plan, load_study",
        "from roadtest.perturbations import find; find('typos'); find('nlpaug:KeyboardAug')",
    ],
)
def test_importing_loads_only_the_standard_library_and_opens_no_socket(code):
    assert loaded(code) == ([], [])


def test_help_loads_click_and_nothing_else_that_is_heavy():
    code = "from roadtest.harness.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass"
    assert loaded(code) == (["click"], [])


def test_planning_a_study_needs_no_heavy_library():
    study = Path(__file__).parent.parent / "docs" / "demo.toml"
    code = (
        "import os; os.environ |= {'ROADTEST_MODEL': 'm', 'ROADTEST_MODEL_URL': 'http://127.0.0.1:1/v1'}\n"
        "from pathlib import Path; from roadtest.harness import load_study, plan\n"
        f"assert plan(load_study(Path({str(study)!r}))).requests"
    )
    assert loaded(code) == ([], [])


def test_importing_litellm_through_us_opens_no_connection_and_says_nothing():
    run = subprocess.run(
        [sys.executable, "-c", PROBE, "from roadtest.harness.litellm_road import quiet_litellm; quiet_litellm()", "[]"],
        capture_output=True,
        text=True,
        check=False,
    )
    events = json.loads(run.stdout.splitlines()[-1])[1]
    assert [
        event for event in events if event.startswith(("socket.connect", "socket.getaddrinfo", "socket.sendto"))
    ] == []
    assert len(run.stdout.splitlines()) == 1
    assert run.stderr == ""
