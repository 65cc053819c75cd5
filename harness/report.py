"""The report as text: for the terminal, and as Markdown for a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .analysis import EXAMPLES, Analysis
from .attribution import rows as chaos_rows
from .cases import TEXT_FIELDS
from .defects import defects, described, not_confirmed
from .escaping import clipped, fence, inline
from .fairness import fairness
from .governance import as_rows as governance_rows
from .load import load_text, read_load
from .minimal import read_minimal
from .questions import cannot_see, five_questions
from .summary import (
    ABOUT_BREAKDOWN,
    ABOUT_CHAOS,
    ABOUT_DEFECTS,
    ABOUT_FAIRNESS,
    ABOUT_FRAME,
    ABOUT_USAGE,
    ABOUT_VALIDITY,
    HOW_TO_READ,
    breakdown_rows,
    claim_rows,
    cost_lines,
    defect_notes,
    fairness_rows,
    flip_rows,
    frame_rows,
    headline,
    ladder_notes,
    ledger_rows,
    note_lines,
    open_lines,
    provenance,
    reasons,
)
from .usage import rows as usage_rows

_HARMLESS = re.compile(r"(?!https?:|www)[\w@ ,:%+/.\[\]-]*", re.ASCII)


def terminal(analysis: Analysis, *, texts: bool = True) -> str:
    """The verdict, the tables and what they rest on, as plain text for a terminal; causes of failures with `texts`."""
    frames = frame_rows(analysis)
    return "\n".join(
        [
            headline(analysis),
            "",
            _table(claim_rows(analysis), "simple"),
            "",
            _table(flip_rows(analysis), "simple"),
            "",
            *([f"the study's own frame: {ABOUT_FRAME}", "", _table(frames, "simple"), ""] if frames else []),
            *note_lines(analysis),
            *ladder_notes(analysis),
            *open_lines(analysis),
            *(f"cost: {line}" for line in cost_lines(analysis)),
            *(defect_notes(analysis) if texts else []),
        ]
    )


def markdown(analysis: Analysis, *, texts: bool = True) -> str:
    """The same as Markdown, with reasons and examples. Texts and answers stand in fences that they cannot close.

    Without `texts` nothing that a user wrote or the system answered is in it.
    """
    results = analysis.results
    lines = [
        f"# {inline(results.name)}: {analysis.overall.verdict}",
        "",
        inline(headline(analysis)),
        "",
        *(f"- **{question}** {inline(answer)}" for question, answer in five_questions(analysis)),
        "",
        _table(claim_rows(analysis)),
        "",
        _table(flip_rows(analysis)),
        "",
        *(f"- {inline(note)}" for note in note_lines(analysis)),
        "",
        *_section("The study's own frame", _rows(frame_rows(analysis), ABOUT_FRAME)),
        *_section("What it costs a month", [f"- {inline(line)}" for line in cost_lines(analysis)]),
        *_section("Severity", [f"- {inline(line)}" for line in ladder_notes(analysis)]),
        *_section("Where the drop sits", _rows(breakdown_rows(analysis.breakdown), ABOUT_BREAKDOWN)),
        *_section("Validity of the variants", _rows(ledger_rows(analysis), ABOUT_VALIDITY)),
        *_section("What it takes", _rows(usage_rows(analysis.usage), ABOUT_USAGE)),
        *_section("Load", _load(analysis)),
        *_section("Chaos", _rows(chaos_rows(analysis.chaos), ABOUT_CHAOS)),
        *_section("Who writes", _rows(fairness_rows(fairness(analysis)), ABOUT_FAIRNESS)),
        *_section("Questions of a governance review", _rows(governance_rows(analysis), "")),
        *(_section("Defects", _defects(analysis)) if texts else []),
        *_section("Reasons", list(_reasons(analysis))),
        *(_section("Answers that mess turned from right to wrong", list(_flips(analysis))) if texts else []),
        *_section("How to read this", [HOW_TO_READ]),
        *_section("What this study cannot see", [f"- {inline(one)}" for one in cannot_see(analysis)]),
        *_section("Provenance", [f"- {name}: {inline(value)}" for name, value in provenance(analysis)]),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _table(rows: Sequence[dict[str, str]], style: str = "github") -> str:
    from tabulate import tabulate

    if style == "github":
        rows = [{_cell(name): _cell(str(value)) for name, value in row.items()} for row in rows]
    text: str = tabulate(rows, headers="keys", tablefmt=style, disable_numparse=True)
    return text


def _cell(text: str) -> str:
    """A cell; numbers, intervals and names are harmless as they are, and better read so."""
    return text if _HARMLESS.fullmatch(text) and "]:" not in text and "][" not in text else inline(text)


def _section(title: str, lines: Sequence[str]) -> list[str]:
    """A section; nothing where it would be empty."""
    return [f"## {title}", "", *lines, ""] if lines else []


def _rows(rows: Sequence[dict[str, str]], about: str) -> list[str]:
    return [*([about, ""] if about else []), _table(rows)] if rows else []


def _load(analysis: Analysis) -> list[str]:
    """The load test that was made of the same system, if there was one."""
    found = read_load(analysis.results.folder)
    return [load_text(found, "github")] if found else []


def _defects(analysis: Analysis) -> list[str]:
    """The defects, each failure with its two texts."""
    found = read_minimal(analysis.results)
    if not found:
        return []
    lines = [ABOUT_DEFECTS, ""]
    for defect in defects(found):
        lines += [f"### {inline(defect.name)}", ""]
        for one in defect.failures:
            clean, messy = one.variant.case, one.variant.messy
            texts = [
                f"{name}: {clipped(getattr(clean, name))}\n   now: {clipped(getattr(messy, name))}"
                for name in TEXT_FIELDS
                if getattr(clean, name) != getattr(messy, name)
            ]
            answers = f"target: {clipped(one.right)}\nanswer: {clipped(one.answer)}"
            lines += [f"`{inline(one.variant.id)}`: {inline(described(one))}", ""]
            lines += [*fence("\n".join([*texts, answers])), ""]
    return [*lines, *(f"- {inline(line)}" for line in not_confirmed(found))]


def _reasons(analysis: Analysis) -> Iterator[str]:
    for name, verdict, reason, needs in reasons(analysis):
        yield f"- `{name}`: **{verdict}**, {inline(reason)}"
        yield from (f"  - {inline(need)}" for need in needs)


def _flips(analysis: Analysis) -> Iterator[str]:
    shown = [(claim, flip) for claim in analysis.claims for flip in claim.flips]
    total = sum(claim.flipped for claim in analysis.claims)
    yield f"The first {EXAMPLES} a perturbation, of {total} in all." if shown else "None."
    for claim, flip in shown:
        yield ""
        yield f"### {inline(claim.name)}, {inline(flip.variant.case.id)}: {inline(flip.why)}"
        yield ""
        yield from fence(
            f"clean:  {clipped(flip.variant.case.text)}\nmessy:  {clipped(flip.variant.text)}\n"
            f"target: {clipped(flip.variant.case.target)}\n"
            f"clean answer: {clipped(flip.clean_answer)}\nmessy answer: {clipped(flip.messy_answer)}"
        )
