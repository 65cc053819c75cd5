"""`roadtest init`: what it writes runs as it is, in pytest and as the CI workflows say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

BIN = Path(sys.executable).parent


def run(*command, cwd, **environment):
    clean = {name: value for name, value in os.environ.items() if name not in ("CI", "PYTEST_ADDOPTS")}
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=clean | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def steps(cwd):
    """What the two workflows run, without the installation."""
    github = yaml.safe_load((cwd / ".github/workflows/roadtest.yml").read_text())
    gitlab = yaml.safe_load((cwd / ".gitlab-ci.yml").read_text())
    lists = [
        [step["run"] for step in github["jobs"]["roadtest"]["steps"] if "run" in step],
        gitlab["roadtest"]["script"],
    ]
    for commands in lists:
        assert commands[0].startswith("pip install roadtest")
    return [commands[1:] for commands in lists]


@pytest.mark.parametrize("folder", [(), ("checks",), (".",)])
def test_it_runs_as_it_is(tmp_path, folder):
    made = run("roadtest", "init", *folder, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    github, gitlab = steps(tmp_path)
    assert github == gitlab
    for command in github:
        done = run("sh", "-ec", command, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in run("python", "-m", "pytest", "-q", cwd=tmp_path).stdout


def test_a_file_that_is_there_is_left_as_it_is(tmp_path):
    (tmp_path / ".gitlab-ci.yml").write_text("mine: true\n")
    run("roadtest", "init", cwd=tmp_path)
    again = run("roadtest", "init", cwd=tmp_path)
    assert (tmp_path / ".gitlab-ci.yml").read_text() == "mine: true\n"
    assert again.stdout.count("left as it is: ") == 7


def test_ci_can_be_chosen(tmp_path):
    run("roadtest", "init", "--ci", "none", cwd=tmp_path)
    assert not (tmp_path / ".github").exists()
    assert not (tmp_path / ".gitlab-ci.yml").exists()
    run("roadtest", "init", "--ci", "gitlab", cwd=tmp_path)
    assert (tmp_path / ".gitlab-ci.yml").exists()
    assert not (tmp_path / ".github").exists()


@pytest.mark.parametrize("folder", ["/tmp/elsewhere", "../up"])
def test_it_stays_below_the_folder_that_one_is_in(tmp_path, folder):
    made = run("roadtest", "init", folder, cwd=tmp_path)
    assert made.returncode == 2
    assert "must lie below the folder that you are in" in made.stderr


def test_the_study_can_be_run_by_the_command_as_well(tmp_path):
    run("roadtest", "init", cwd=tmp_path)
    done = run("roadtest", "run", "tests/roadtest/router.roadtest.toml", "--into", "r", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("GO")
