"""The example projects: their own suites pass, where only the project itself is around."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
PROJECTS = sorted(path.parent.name for path in EXAMPLES.glob("*/pyproject.toml"))


def test_there_are_two():
    assert PROJECTS == ["record_bot", "support_router"]


@pytest.mark.parametrize("name", PROJECTS)
@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_its_suite_passes(name, workers, tmp_path):
    ignore = shutil.ignore_patterns(".*", "__pycache__")
    project = shutil.copytree(EXAMPLES / name, tmp_path / name, ignore=ignore)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *workers],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed is not None
    assert int(passed[1]) >= 5
    assert "= roadtest =" in run.stdout
