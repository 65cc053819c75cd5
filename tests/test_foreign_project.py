"""A project that has nothing to do with us: the plugin does not disturb it, and then it uses us."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONFTEST = """
import json, os, sys

def pytest_sessionfinish(session):
    if os.environ.get("LOADED"):
        with open(os.environ["LOADED"], "w") as file:
            json.dump(sorted(name for name in sys.modules if name.split(".")[0] == "roadtest"), file)
"""
TESTS = """
import harness, perturbations
import pytest

def test_packages_of_its_own():
    assert harness.WHOSE == perturbations.WHOSE == "theirs"

@pytest.mark.parametrize("number", range(300))
def test_many(number):
    assert number >= 0
"""
HUGGING_FACE = """
def test_hugging_face_is_beside_us():
    import datasets
    assert datasets.Dataset.from_dict({"text": ["a", "b"]}).num_rows == 2
    import roadtest.datasets
    assert roadtest.datasets.__file__ != datasets.__file__
"""
STUDIES = r"""
import re

def good(text):
    return "no" if int(re.search(r"\d+", text)[0]) % 2 else "yes"

def bad(text):
    return good(text) if "Please" in text else "what?"

def shaky(text):
    return bad(text) if int(re.search(r"\d+", text)[0]) % 8 == 0 else good(text)

CASES = [dict(id=f"n{i}", text=f"Please tell me if {i} is Even.", target="no" if i % 2 else "yes") for i in range(60)]
ASKED = dict(cases=CASES, perturbations=["casing@5"], scorer="exact", margin="10pp")

def test_passes(roadtest):
    roadtest(good, **ASKED)

def test_fails(roadtest):
    roadtest(bad, **ASKED)

def test_is_inconclusive(roadtest):
    roadtest(shaky, **ASKED)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", folder, ROOT]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """A new environment without us; everything else is lent from this one (its .pth files, and so our sources, not)."""
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=True)
    (site,) = folder.glob("lib/python*/site-packages")
    # a folder of links to all but ourselves, so that our own entry point is not seen before the wheel is there
    lent = folder / "lent"
    lent.mkdir()
    for path in Path(pytest.__file__).parent.parent.iterdir():
        if "roadtest" not in path.name and path.suffix != ".pth":
            (lent / path.name).symlink_to(path)
    (site / "lent.pth").write_text(f"{lent}\n")
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    for package in ("harness", "perturbations"):
        (folder / package).mkdir()
        (folder / package / "__init__.py").write_text('WHOSE = "theirs"\n')
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    (folder / "tests").mkdir()
    (folder / "tests" / "test_own.py").write_text(TESTS)
    return folder


def run(python: Path, project: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
    return subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=project,
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_foreign_project(wheel, python, project, tmp_path):
    loaded = tmp_path / "loaded.json"

    # before: we are not there
    before = run(python, project, LOADED=str(loaded))
    assert "301 passed" in before.stdout, before.stdout
    assert json.loads(loaded.read_text()) == []

    install = [python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--disable-pip-version-check", wheel]
    subprocess.run(install, check=True)

    # after: nothing has changed, and only the plugin and the names above it are loaded
    after = run(python, project, LOADED=str(loaded))
    assert "301 passed" in after.stdout, after.stdout
    assert json.loads(loaded.read_text()) == ["roadtest", "roadtest.harness", "roadtest.harness.pytest_plugin"]

    # Hugging Face's package of the name of one of our folders, and one of the project's own of that name
    (project / "tests" / "test_hugging_face.py").write_text(HUGGING_FACE)
    assert "1 passed" in run(python, project, "tests/test_hugging_face.py").stdout
    (project / "tests" / "test_hugging_face.py").unlink()
    (project / "datasets").mkdir()
    (project / "datasets" / "__init__.py").write_text('WHOSE = "theirs"\n')
    own = project / "tests" / "test_datasets.py"
    own.write_text('import datasets\n\ndef test_it():\n    assert datasets.WHOSE == "theirs"\n')
    assert "1 passed" in run(python, project, str(own)).stdout
    own.unlink()

    # then it uses us
    (project / "tests" / "test_mess.py").write_text(STUDIES)
    used = run(python, project, "tests/test_mess.py", "-rA")
    assert "2 failed, 1 passed" in used.stdout, used.stdout
    for name, verdict in (("passes", "GO"), ("fails", "NO-GO"), ("is_inconclusive", "INCONCLUSIVE")):
        assert re.search(rf"test_mess\.test_{name}\s+casing@5\s.*\s{verdict}\n", used.stdout), used.stdout
    planned = run(python, project, "tests/test_mess.py", "--roadtest-inconclusive=xfail")
    assert "1 failed, 1 passed, 1 xfailed" in planned.stdout, planned.stdout
