"""What people read: the terminal table, `report.md` and `report.json`."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .analysis import Analysis, Claim
from .policy import Verdict, percent
from .statistics import Estimate

REPORT_MD, REPORT_JSON = "report.md", "report.json"
_EXAMPLES = 5
VALIDITY = "raw: guarded by protected spans, not audited by a person"
_HOW_TO_READ = (
    "Drop is clean minus messy accuracy over the items that the perturbation changed, in points; positive is worse. "
    "Each item is compared with itself; repeats (of clean text) and draws (k, of mess) are averaged inside the item. "
    "Lost and gained are the points of answers that went from right to wrong and back. Limits are rounded outward. "
    "GO means that the whole interval lies below the margin, NO-GO that it lies above."
)


def terminal(analysis: Analysis) -> str:
    """The verdict, the table and what it rests on, as plain text for a terminal."""
    from tabulate import tabulate

    return "\n".join(
        [
            headline(analysis),
            "",
            tabulate(_rows(analysis), headers="keys", tablefmt="simple", disable_numparse=True),
            "",
            *_notes(analysis),
        ]
    )


def markdown(analysis: Analysis) -> str:
    """The same as Markdown, with reasons and examples. Texts and answers stand in fences that they cannot close."""
    from tabulate import tabulate

    results = analysis.results
    lines = [
        f"# {inline(results.name)}: {analysis.overall.verdict}",
        "",
        f"{headline(analysis)}",
        "",
        tabulate(_rows(analysis), headers="keys", tablefmt="github", disable_numparse=True),
        "",
        *(f"- {inline(note)}" for note in _notes(analysis)),
        "",
        "## Reasons",
        "",
        *(f"- `{claim.name}`: **{claim.decision.verdict}**, {claim.decision.reason}" for claim in analysis.claims),
        "",
        "## Answers that mess turned from right to wrong",
        "",
    ]
    shown = [(claim, flip) for claim in analysis.claims for flip in claim.flips[:_EXAMPLES]]
    lines.append(
        f"The first {_EXAMPLES} a perturbation, of {sum(len(claim.flips) for claim in analysis.claims)} in all."
        if shown
        else "None."
    )
    for claim, flip in shown:
        lines += [
            "",
            f"### {inline(claim.name)}, {inline(flip.variant.case.id)}: {inline(flip.why)}",
            "",
            *fence(
                f"clean:  {flip.variant.case.text}\nmessy:  {flip.variant.text}\n"
                f"target: {flip.variant.case.target}\n"
                f"clean answer: {flip.clean_answer}\nmessy answer: {flip.messy_answer}"
            ),
        ]
    lines += [
        "",
        "## How to read this",
        "",
        _HOW_TO_READ,
        "",
        "The intervals take the items for a random sample of what users ask; that is an assumption, not a finding.",
        "",
        "## Provenance",
        "",
        f"- study `{results.fingerprint}`, variants `{results.manifest[:16]}`, seed {results.seed}",
        f"- system: {inline(results.system)}",
        f"- {', '.join(f'{name} {value}' for name, value in results.versions.items())}",
    ]
    return "\n".join(lines) + "\n"


def as_json(analysis: Analysis) -> dict[str, Any]:
    """The same for machines: fractions, unrounded; no texts."""
    results = analysis.results
    return {
        "name": results.name,
        "fingerprint": results.fingerprint,
        "manifest": results.manifest,
        "system": results.system,
        "seed": results.seed,
        "verdict": analysis.overall.verdict,
        "reason": analysis.overall.reason,
        "margin": analysis.gate.margin,
        "level": analysis.gate.level,
        "clean": _estimate(analysis.clean),
        "noise_floor": _estimate(analysis.noise_floor),
        "claims": [_claim_json(claim) for claim in analysis.claims],
        "outcomes": analysis.outcomes,
        "warnings": list(analysis.warnings),
        "validity": VALIDITY,
        "calls": analysis.calls,
        "planned": analysis.planned,
        "prompt_tokens": analysis.prompt_tokens,
        "completion_tokens": analysis.completion_tokens,
        "cost_usd": analysis.cost,
        "versions": results.versions,
    }


def write_report(analysis: Analysis, folder: Path) -> Path:
    """Writes `report.md` and `report.json` in UTF-8; gives the path of the first."""
    text = json.dumps(as_json(analysis), indent=2, allow_nan=False) + "\n"
    (folder / REPORT_JSON).write_text(text, encoding="utf-8", newline="\n")
    (folder / REPORT_MD).write_text(markdown(analysis), encoding="utf-8", errors="replace", newline="\n")
    return folder / REPORT_MD


def headline(analysis: Analysis) -> str:
    """The verdict and its reason in one line."""
    return f"{analysis.overall.verdict}: {analysis.overall.reason}."


def interval(estimate: Estimate) -> str:
    """`12.5 [8.1, 17.2]` in points, limits rounded outward."""
    return f"{percent(estimate.value)} [{percent(estimate.low, down=True)}, {percent(estimate.high, up=True)}]"


def plain(text: str) -> str:
    """Text that can do nothing to a terminal or a page: control, bidi and other invisible characters are escaped."""
    return re.sub(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]",
        lambda hit: f"\\u{ord(hit[0]):04x}",
        text,
    )


def inline(text: str) -> str:
    """One line of Markdown that reads as the text itself: no link, no HTML, no table cell can come of it."""
    return re.sub(r"([\\`*_\[\]<>|#&!~$])", r"\\\1", plain(" ".join(text.split())))


def fence(text: str) -> list[str]:
    """The lines of a code block that the text inside cannot close."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return [f"{ticks}text", *(plain(line) for line in text.splitlines()), ticks]


def _rows(analysis: Analysis) -> list[dict[str, str]]:
    level = f"{analysis.gate.level:.0%} interval"
    rows = []
    for claim in analysis.claims:
        k = claim.estimate.draws if claim.estimate else 0
        rows.append(
            {
                "perturbation": claim.name,
                "items": str(claim.estimate.items if claim.estimate else 0),
                "k": str(k),
                "clean %": interval(claim.clean) if claim.clean else "-",
                "messy %": interval(claim.messy) if claim.messy else "-",
                f"drop, points [{level}]": interval(claim.estimate) if claim.estimate else "-",
                "lost": f"{percent(claim.lost)}",
                "gained": f"{percent(claim.gained)}",
                "unchanged": str(claim.unchanged),
                "no answer": str(claim.missing),
                "verdict": str(claim.decision.verdict),
            }
        )
    return rows


def _notes(analysis: Analysis) -> list[str]:
    results, notes = analysis.results, []
    if analysis.clean:
        notes.append(
            f"clean accuracy {interval(analysis.clean)}% over {analysis.clean.items} items, "
            f"{results.repeats} answers each; margin {percent(analysis.gate.margin)} points"
        )
    if analysis.noise_floor:
        notes.append(
            f"noise floor: {interval(analysis.noise_floor)}% of answers flip between two clean runs "
            f"({analysis.noise_floor.items} items, {results.repeats} answers each)"
        )
    notes += analysis.warnings
    notes.append(f"validity: {VALIDITY}")
    notes.append("outcomes: " + ", ".join(f"{count} {name}" for name, count in analysis.outcomes.items()))
    spend = f"${analysis.cost:.4f}" if analysis.cost is not None else "no listed price"
    notes.append(
        f"{analysis.calls} of {analysis.planned} calls answered, {analysis.prompt_tokens:,} tokens in, "
        f"{analysis.completion_tokens:,} out, {spend}"
    )
    settle = [claim for claim in analysis.claims if claim.decision.verdict is Verdict.INCONCLUSIVE]
    notes += [f"{claim.name}: {claim.decision.reason}" for claim in settle]
    return [plain(note) for note in notes]


def _estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    return asdict(estimate) if estimate else None


def _claim_json(claim: Claim) -> dict[str, Any]:
    return {
        "claim": claim.name,
        "verdict": claim.decision.verdict,
        "reason": claim.decision.reason,
        "drop": _estimate(claim.estimate),
        "clean": _estimate(claim.clean),
        "messy": _estimate(claim.messy),
        "lost": claim.lost,
        "gained": claim.gained,
        "unchanged": claim.unchanged,
        "missing": claim.missing,
        "outcomes": claim.outcomes,
    }
