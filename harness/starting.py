"""`roadtest init`: files to begin with, which run as they are."""

from __future__ import annotations

from pathlib import Path

import click

from .errors import ResultsError

_HERE = Path(__file__).parent / "templates"

FILES = {
    "router.roadtest.toml": "a study: what is asked, how it is messed up, what must hold",
    "router.regressions.jsonl": "single cases that must stay right",
    "policy.toml": "what a release must meet",
    "scripted_router.py": "a stand-in for your system",
    "test_router_mess.py": "a sample test",
}
"""What is written into the folder, and why."""

WORKFLOWS = {".github/workflows/roadtest.yml": "github.yml", ".gitlab-ci.yml": "gitlab.yml"}
"""What is written into the root of the repository, by the name of its template."""


@click.command()
@click.argument("folder", default="tests/roadtest", type=click.Path(path_type=Path))
@click.option(
    "--ci",
    type=click.Choice(["github", "gitlab", "both", "none"]),
    default="both",
    show_default=True,
    help="Workflows for these.",
)
def init(folder: Path, ci: str) -> None:
    """Writes a study, a policy, a sample test and CI workflows to begin with, in FOLDER [default: tests/roadtest].

    They run as they are, with a scripted system and without spending anything: `python -m pytest`. A file that is there
    already is left as it is.
    """
    if folder.is_absolute() or ".." in folder.parts:
        raise click.UsageError("FOLDER must lie below the folder that you are in, which is the root of the repository")
    from .study import name_of

    here = "" if folder == Path() else f"{folder.as_posix()}/"
    name = name_of(f"{here}router")
    for file, why in FILES.items():
        _write(folder / file, _template(file), why)
    for file, template in WORKFLOWS.items():
        if ci in ("both", template.partition(".")[0]):
            text = _template(template).replace("@NAME@", name).replace("@HERE@", here)
            _write(Path(file), text, "the same in CI")
    click.echo("now: python -m pytest")


def _template(name: str) -> str:
    path = _HERE / name
    return (path if path.exists() else _HERE / f"{name}.txt").read_text(encoding="utf-8")


def _write(path: Path, text: str, why: str) -> None:
    if path.exists():
        click.echo(f"left as it is: {path}")
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ResultsError(f"{path}: cannot be written: {error.strerror}") from error
    click.echo(f"{path}: {why}")
