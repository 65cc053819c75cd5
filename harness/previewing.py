"""`roadtest preview`: what a perturbation does, as a person can read it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .cases import TEXT_FIELDS, Case, Edit, Variant, edits_between
from .errors import StudyError
from .escaping import plain
from .frames import Frame, drawn, said
from .marks import pictures

if TYPE_CHECKING:
    from ..datasets import Suite


@click.command()
@click.argument("perturbation")
@click.argument("text", required=False)
@click.option("--suite", help="Show it on cases of this suite (built in, or a JSONL file) instead of TEXT.")
@click.option("--seed", default=0, show_default=True, help="Another seed, other mess.")
@click.option("--draws", default=1, show_default=True, type=click.IntRange(1, 100), help="How many variants of each.")
@click.option(
    "--pictures",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where screenshots are written [default: roadtest-preview in the folder for temporary files].",
)
def preview(perturbation: str, text: str | None, suite: str | None, seed: int, draws: int, folder: Path | None) -> None:
    """Shows what PERTURBATION (such as typos@3; without @ all severities) does to TEXT or to a suite's first cases.

    Removed characters are red and struck through, added ones green. Where there is no colour they stand in [-...-] and
    {+...+}. Ends of messages and the like read \u2039user\u203a. A screenshot is written as PNG, and its path printed.
    """
    from ..datasets import load_suite
    from ..perturbations import SEVERITIES, parse

    if text is not None:  # an argument is UTF-8, whatever the locale made of it
        text = os.fsencode(text).decode("utf-8", "surrogateescape")
    found, severity = parse(perturbation)
    severities = [severity] if "@" in perturbation else list(SEVERITIES)
    if (text is None) == (suite is None):
        raise StudyError('preview needs either a TEXT or --suite, as in: roadtest preview typos@3 "Where is my order?"')
    known: Suite | None = load_suite(suite) if suite else None
    frame = known.frame if known else Frame()
    into = folder or Path(tempfile.gettempdir()) / "roadtest-preview"
    for case in known.cases[:3] if known else [Case("preview", text or "", "")]:
        for level in severities:
            for draw in range(draws):
                variant = found.variant(case, level, seed, draw)
                click.echo(f"{variant.perturbation}@{level}: {_shown(variant, frame)}")
                for path in _pictures(variant, into, f"{variant.perturbation}@{level}-{seed}-{draw}"):
                    click.echo(f"picture: {path}")


def _shown(variant: Variant, frame: Frame) -> str:
    if any(edit.field == "layout" for edit in variant.edits):
        changed = reworded(frame, variant)
        return f"{coloured(variant)}{changed}" if changed else "unchanged (the frame has no place for it)"
    return coloured(variant) + consequence(variant) if variant.changed else "unchanged"


def _pictures(variant: Variant, folder: Path, name: str) -> list[Path]:
    """The pictures that a variant sends, written as PNG files."""
    paths = []
    safe = "".join(c if c.isalnum() or c in "@-_.+" else "_" for c in f"{variant.case.id}-{name}")[:150]
    for number, picture in enumerate(pictures(variant.text) if variant.sent else ()):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{safe}{f'-{number}' if number else ''}.png"
        path.write_bytes(drawn(picture))
        paths.append(path)
    return paths


def coloured(variant: Variant) -> str:
    """The texts that a variant changes, with their edits marked: by colour on a terminal, by brackets elsewhere.

    The text itself comes first, the others with their names on lines of their own.
    """
    changed = [name for name in TEXT_FIELDS if any(edit.field == name for edit in variant.edits)]
    shown = [_marked(getattr(variant.case, name), [e for e in variant.edits if e.field == name]) for name in changed]
    if changed in ([], ["text"]):
        return shown[0] if shown else _marked(variant.case.text, [])
    named = [
        (f"\n{name}: " if "\n" not in text else f"\n{name}:\n") + text
        for name, text in zip(changed, shown, strict=True)
    ]
    return ("" if "text" in changed else _marked(variant.case.text, [])) + "".join(named)


def _marked(text: str, edits: Sequence[Edit]) -> str:
    colour = sys.stdout.isatty()
    out, at = [], 0
    for edit in edits:
        old, new = plain(text[edit.start : edit.end]), plain(edit.text)
        out.append(plain(text[at : edit.start]))
        if old:
            out.append(click.style(old, fg="red", strikethrough=True) if colour else f"[-{old}-]")
        if new:
            out.append(click.style(new, fg="green", bold=True) if colour else f"{{+{new}+}}")
        at = edit.end
    return "".join([*out, plain(text[at:])])


def reworded(frame: Frame, variant: Variant) -> str:
    """How another layout changes the messages that a case is sent in, message by message; nothing where it does not."""
    clean, messy = frame.messages(variant.case), frame.messages(variant.messy)
    return "".join(
        f"\n{now['role']}: {_marked(said(was), edits_between(said(was), said(now)))}"
        for was, now in zip_longest(clean, messy, fillvalue={"role": "user", "content": ""})
        if was != now
    )


def consequence(variant: Variant) -> str:
    """What a variant does to the right answer, where it does anything; nothing else."""
    if variant.validity == "rejected":
        return f"  (rejected: {plain(variant.why)})"
    if variant.effect == "updated":
        return f"  (now right: {plain(variant.target or '')})"
    return "  (now right: to ask)" if variant.effect == "clarify" else ""
