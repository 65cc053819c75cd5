"""The report as one HTML file that needs nothing else: no network, no other file, scripts only for the table."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import plots
from .analysis import EXAMPLES, Analysis
from .attribution import rows as chaos_rows
from .browsing import LONGEST_CELL, table
from .cases import TEXT_FIELDS, Edit, Variant
from .defects import defects, described, not_confirmed
from .escaping import clipped, plain
from .fairness import fairness, not_measured
from .governance import as_rows as governance_rows
from .load import load_text, read_load
from .minimal import read_minimal
from .questions import cannot_see, five_questions, period
from .summary import (
    ABOUT_BREAKDOWN,
    ABOUT_DEFECTS,
    ABOUT_FAIRNESS,
    ABOUT_FRAME,
    ABOUT_USAGE,
    ABOUT_VALIDITY,
    HOW_TO_READ,
    breakdown_rows,
    claim_rows,
    cost_lines,
    failure_rows,
    fairness_rows,
    flip_rows,
    frame_rows,
    ladder_notes,
    ledger_rows,
    missing_rows,
    note_lines,
    provenance,
    reasons,
)
from .usage import rows as usage_rows

_TEMPLATES = Path(__file__).parent / "templates"


def html(analysis: Analysis, *, texts: bool = True) -> str:
    """The report as HTML. Without `texts` nothing that a user wrote or the system answered is in it."""
    found, groups = analysis.breakdown, fairness(analysis)
    load = read_load(analysis.results.folder)
    dates = period(analysis)
    values: dict[str, Any] = {
        "name": analysis.results.name,
        "system": analysis.results.system,
        "period": dates,
        "verdict": str(analysis.overall.verdict),
        "reason": f"{analysis.overall.reason}.",
        "questions": five_questions(analysis),
        "claims": claim_rows(analysis),
        "frames": frame_rows(analysis),
        "notes": note_lines(analysis),
        "ladders": ladder_notes(analysis),
        "flips": flip_rows(analysis),
        "breakdown": breakdown_rows(found),
        "costs": cost_lines(analysis),
        "usage": usage_rows(analysis.usage),
        "chaos": [{name: str(value) for name, value in row.items()} for row in chaos_rows(analysis.chaos)],
        "load": load_text(load) if load else "",
        "outcomes": failure_rows(analysis),
        "missing": missing_rows(analysis),
        "ledger": ledger_rows(analysis),
        "defects": _defects(analysis) if texts else [],
        "not_confirmed": not_confirmed(read_minimal(analysis.results)),
        "reasons": [
            {"claim": name, "verdict": str(verdict), "why": why, "what would settle it": "\n".join(needs) or "-"}
            for name, verdict, why, needs in reasons(analysis)
        ],
        "examples": _examples(analysis) if texts else [],
        "most_examples": EXAMPLES,
        "table": table(analysis, texts=texts),
        "texts": texts,
        "graded": analysis.scores.graded,
        "fairness": fairness_rows(groups),
        "not_measured": not_measured(analysis),
        "governance": governance_rows(analysis),
        "cannot_see": cannot_see(analysis),
        "provenance": [{"name": name, "value": value} for name, value in provenance(analysis)],
        "about": {
            "breakdown": ABOUT_BREAKDOWN,
            "usage": ABOUT_USAGE,
            "validity": ABOUT_VALIDITY,
            "defects": ABOUT_DEFECTS,
            "fairness": ABOUT_FAIRNESS,
            "frame": ABOUT_FRAME,
            "reading": HOW_TO_READ,
        },
    }
    pictures = {
        "forest": plots.forest(analysis),
        "severity": plots.severity_curves(analysis),
        "flips": plots.flips(analysis),
        "heat": plots.heat_map(found),
        "usage": plots.what_it_takes(analysis.usage),
    }
    return page("report.html", values | {"sections": _sections(values, pictures)}, pictures)


def page(template: str, values: dict[str, Any], pictures: dict[str, str]) -> str:
    """A template filled in. Every value is escaped, and what nobody sees in it is made visible; pictures are ours."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def seen(value: Any) -> Any:
        return plain(value) if type(value) is str else value

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=seen,
        trim_blocks=True,
    )
    script = (_TEMPLATES / "table.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    ours = {
        "css": Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - a file of ours
        "script": Markup(script),  # noqa: S704 - a file of ours
        "script_hash": Markup(f"'sha256-{digest}'"),  # noqa: S704 - Base64
        "plots": {name: Markup(svg) for name, svg in pictures.items()},  # noqa: S704 - matplotlib escapes its texts
    }
    return environment.get_template(template).render(values | ours)


def pieces(text: str, edits: Sequence[Edit]) -> list[tuple[str, str]]:
    """A text with its edits, as pieces that stayed ("="), went ("del") and came ("ins")."""
    found, at = [], 0
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        found += [("=", text[at : edit.start]), ("del", text[edit.start : edit.end]), ("ins", edit.text)]
        at = edit.end
    return [(kind, clipped(piece, LONGEST_CELL)) for kind, piece in [*found, ("=", text[at:])] if piece]


def _fields(variant: Variant) -> list[list[tuple[str, str]]]:
    """The texts that a variant changes, in pieces."""
    return [
        pieces(getattr(variant.case, name), edits)
        for name in TEXT_FIELDS
        if (edits := [edit for edit in variant.edits if edit.field == name])
    ]


def _defects(analysis: Analysis) -> list[dict[str, Any]]:
    return [
        {
            "name": defect.name,
            "failures": [
                {
                    "id": one.variant.id,
                    "described": described(one),
                    "fields": _fields(one.variant),
                    "right": clipped(one.right, LONGEST_CELL),
                    "answer": clipped(one.answer, LONGEST_CELL),
                }
                for one in defect.failures
            ],
        }
        for defect in defects(read_minimal(analysis.results))
    ]


def _examples(analysis: Analysis) -> list[dict[str, Any]]:
    return [
        {
            "claim": claim.name,
            "id": flip.variant.case.id,
            "why": flip.why,
            "fields": _fields(flip.variant),
            "right": clipped(flip.variant.case.target, LONGEST_CELL),
            "clean": clipped(flip.clean_answer, LONGEST_CELL),
            "messy": clipped(flip.messy_answer, LONGEST_CELL),
        }
        for claim in analysis.claims
        for flip in claim.flips
    ]


def _sections(values: dict[str, Any], pictures: dict[str, str]) -> list[tuple[str, str]]:
    """The sections that the page has, by id and title."""
    titles = {
        "drop": "Drop",
        "severity": "Severity",
        "flips": "Flips",
        "frame": "The frame",
        "where": "Where it sits",
        "costs": "Cost a month",
        "takes": "Latency, tokens, cost",
        "failures": "Failures",
        "validity": "Validity",
        "defects": "Defects",
        "reasons": "Reasons",
        "browse-title": "Every variant",
        "fairness": "Fairness",
        "governance": "Governance",
        "method": "Method and limits",
        "provenance": "Provenance",
    }
    absent = {name for name in ("costs", "defects") if not values[name]}
    absent |= {"severity"} if not pictures["severity"] else set()
    return [(name, title) for name, title in titles.items() if name not in absent]
