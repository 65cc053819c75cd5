"""What is shipped is what is in the repository, and works where only it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Path:
    """The folder with sdist and wheel, built without a network."""
    folder = tmp_path_factory.mktemp("dist")
    run = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    return folder


def tracked() -> list[str]:
    """The repository's files, by git where there is one."""
    run = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in run.stdout.splitlines() if (ROOT / name).is_file()]


def test_the_wheel_holds_exactly_the_three_folders(built):
    (wheel,) = built.glob("*.whl")
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {
        f"roadtest/{name}" for name in tracked() if name.split("/")[0] in ("harness", "perturbations", "datasets")
    }
    assert shipped == expected
    assert not any(name.startswith(("datasets/", "harness/")) for name in shipped), "would shadow other packages"


def test_the_sdist_can_be_built_from(built):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "harness/cli.py", "datasets/arithmetic.jsonl"} <= names


@pytest.fixture(scope="session")
def elsewhere(built, tmp_path_factory) -> Path:
    """The bin folder of a new environment with the wheel; dependencies are lent from this one."""
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    (wheel,) = built.glob("*.whl")
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", wheel],
        check=True,
    )
    import click

    lent = Path(click.__file__).parent.parent
    (site,) = folder.glob("lib/python*/site-packages")
    # packages named by a .pth line can be imported, but the .pth files beside them (our editable one) are not read
    (site / "lent.pth").write_text(f"{lent}\n")
    return folder / "bin"


def test_the_wheel_works_where_only_it_is_installed(elsewhere, tmp_path):
    (tmp_path / "app.py").write_text("def answer(messages):\n    return '1'\n")
    (tmp_path / "s.toml").write_text(
        'suite = "sentiment"\nitems = 10\nperturbations = ["typos@3"]\n'
        '[endpoint]\ncallable = "app:answer"\n[gate]\nmargin = "5pp"\n'
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    where = subprocess.run(
        [elsewhere / "python", "-c", "import roadtest.harness; print(roadtest.harness.__file__)"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(elsewhere.parent) in where.stdout, "the wheel is what is tested"
    run = subprocess.run(
        [elsewhere / "roadtest", "run", "s.toml", "--into", "r"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("INCONCLUSIVE")


def test_types_hold_on_the_built_wheel(elsewhere, tmp_path):
    (tmp_path / "user.py").write_text(
        "from roadtest.harness.cases import Case\nfrom roadtest.perturbations import find\n"
        "variant = find('typos').variant(Case('1', 'hello there', 'x'), 3, seed=0)\nreveal_type(variant.text)\n"
    )
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--python-executable", elsewhere / "python", "user.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'Revealed type is "str"' in run.stdout or 'Revealed type is "builtins.str"' in run.stdout, run.stdout
    assert "Success" in run.stdout
