"""Regression cases: failures and incidents that are kept in a file, and asked again in every test run."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from ..datasets import read_cases
from ..datasets.loading import check_sendable
from .cases import Case
from .errors import CaseError, ResultsError, StudyError
from .seeds import digest


def keep_failures(results: Path, ids: Sequence[str], path: Path) -> tuple[list[Case], list[str]]:
    """Adds failures of a results folder to a file of regression cases; gives the new ones, and ids that were there.

    A failure that was shrunk and confirmed is kept with its fewest edits, another one as it was sent. Without `ids` all
    confirmed minimal failures are kept. Raises StudyError for an id that is no failure, or where there is none at all.
    """
    from .causes import causes, in_words
    from .minimal import find_failures, read_minimal
    from .results import read_results

    read = read_results(results)
    shrunk = {one.variant.id: one for one in read_minimal(read) if one.confirmed}
    if not ids and not shrunk:
        raise StudyError(f"{results} has no confirmed minimal failure; `roadtest shrink {results}` looks for some")
    others = find_failures(read, [one for one in ids if one not in shrunk])
    variants = {variant.id: variant for variant in (*(one.variant for one in shrunk.values()), *others)}
    made = []
    for name in ids or shrunk:
        variant = variants[name]
        messy = variant.messy
        provenance = {
            "from": "minimal failure" if name in shrunk else "failure",
            "study": f"{read.name} {read.fingerprint}",
            "system": read.system,
            "cause": in_words(causes(variant)),
            "clean": variant.case.text,
            **({"answered": shrunk[name].answer} if name in shrunk else {}),
            "kept": _today(),
        }
        made.append(_case(name, messy, provenance))
    return _added(path, made)


def keep_incident(case: Case, path: Path) -> bool:
    """Adds what somebody really sent, with the right answer, to a file of regression cases; False if it is there."""
    added, _ = _added(path, [case])
    return bool(added)


def _case(name: str, like: Case, provenance: dict[str, str]) -> Case:
    data = like.to_dict() | {"id": name, "provenance": {key: value for key, value in provenance.items() if value}}
    return Case.from_dict(data)


def _added(path: Path, cases: Sequence[Case]) -> tuple[list[Case], list[str]]:
    there = {case.id for case in read_cases(path)} if path.exists() and path.stat().st_size else set()
    new = [case for case in cases if case.id not in there]
    for case in new:
        try:
            check_sendable(case)
        except CaseError as error:
            raise CaseError(f"{case.id}: {error}") from error
    lines = "".join(json.dumps(case.to_dict(), ensure_ascii=False) + "\n" for case in new)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_bytes() if path.exists() else b""
        with path.open("ab") as file:
            file.write((b"\n" if before and not before.endswith(b"\n") else b"") + lines.encode("utf-8"))
    except OSError as error:
        raise ResultsError(f"{path}: cannot be written: {error.strerror}") from error
    return new, [case.id for case in cases if case.id in there]


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


# --- commands -----------------------------------------------------------------------------------------------------

_TO = click.option(
    "--to", "path", required=True, type=click.Path(path_type=Path), help="The file of regression cases (JSONL)."
)


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.argument("variants", nargs=-1)
@_TO
def keep(results: Path, variants: tuple[str, ...], path: Path) -> None:
    """Keeps failures of RESULTS as regression cases, which pytest asks from then on.

    VARIANTS are ids of failures; without any, all confirmed minimal failures are kept. Name the file in a study, as in
    regressions = "router.regressions.jsonl", or in the marker roadtest(regressions=...).
    """
    added, there = keep_failures(results, variants, path)
    for case in added:
        click.echo(f"kept {case.id} ({case.provenance.get('cause', '')})")
    for name in there:
        click.echo(f"{name} is there already")


@click.command()
@_TO
@click.option("--text", help="What was sent; left out, it is read from standard input.")
@click.option("--target", required=True, help="The right answer.")
@click.option("--alias", "aliases", multiple=True, help="Another wording of the right answer.")
@click.option("--choice", "choices", multiple=True, help="One of the answers that there are.")
@click.option("--context", type=click.Path(path_type=Path), help="A file with the records or the passage it is about.")
@click.option("--note", default="", help="Where it happened, such as a ticket number.")
@click.option("--id", "name", default="", help="Its name; left out, it is made from the text.")
def incident(
    path: Path,
    text: str | None,
    target: str,
    aliases: tuple[str, ...],
    choices: tuple[str, ...],
    context: Path | None,
    note: str,
    name: str,
) -> None:
    """Keeps what somebody really sent, with the right answer, as a regression case.

    Take out names and addresses of people first: the file belongs to your repository.
    """
    text = sys.stdin.read().removesuffix("\n") if text is None else text
    if not text.strip():
        raise CaseError("there is no text: give --text, or send it to standard input")
    try:
        records = context.read_text(encoding="utf-8") if context else ""
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(f"{context}: cannot be read as UTF-8 ({error})") from error
    found = {"from": "incident", "note": note, "kept": _today()}
    case = Case(
        name or f"incident-{digest(text, records).hex()[:8]}",
        text,
        target,
        aliases,
        choices,
        records,
        provenance={key: value for key, value in found.items() if value},
    )
    click.echo(f"kept {case.id}" if keep_incident(case, path) else f"{case.id} is there already")
