"""What people read: the terminal table, `report.md` and `report.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .analysis import EXAMPLES, Analysis, Claim, loosened
from .answers import VALIDITIES
from .attribution import rows as chaos_rows
from .cases import TEXT_FIELDS
from .defects import as_json as defects_json
from .defects import defects, described, not_confirmed
from .judging import Condition, Judged
from .load import load_text, read_load
from .minimal import read_minimal
from .policy import Verdict, percent, shown
from .sequential import boundaries
from .settling import Need
from .severity import Ladder
from .significance import posterior_above
from .statistics import INTERIM_LOOK, LAST_LOOK, Estimate
from .usage import as_json as usage_json
from .usage import rows as usage_rows

INFLATED = 1.2
"""Times what clean calls take, from which on the notes mention it."""

REPORT_MD, REPORT_JSON = "report.md", "report.json"
_HOW_TO_READ = (
    "Drop is clean minus messy accuracy over the items that the perturbation changed, in points; positive is worse. "
    "Each item is compared with itself; repeats (of clean text) and draws (k, of mess) are averaged inside the item. "
    "Lost and gained are the shares of answers that went from right to wrong and back; excess is both together less "
    "what flips between two clean runs anyway. Relative is the share of the clean accuracy that is lost. Limits are "
    "rounded outward, and hold over all looks at the results together. p is of the test that mess does nothing at all; "
    "it decides nothing. Detectable is the smallest drop, in points, that a study like this finds in 80 % of cases. "
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
            tabulate(_more_rows(analysis), headers="keys", tablefmt="simple", disable_numparse=True),
            "",
            *_notes(analysis),
            *defect_notes(analysis),
        ]
    )


_ABOUT_DEFECTS = (
    "For the worst flips, the fewest edits that still turn the answer wrong, clustered by what they do. Each was asked "
    "again, side by side with its clean text; what failed by chance is not listed."
)


def defect_notes(analysis: Analysis) -> list[str]:
    """The defects as plain lines; nothing where nothing was shrunk."""
    found = read_minimal(analysis.results)
    if not found:
        return []
    lines = ["", f"defects ({len(found)} of the worst failures shrunk to the fewest edits that cause them):"]
    for defect in defects(found):
        lines.append(f"  {defect.name}")
        lines += [f"    {one.variant.case.id}: {described(one)}" for one in defect.failures]
    return [plain(line) for line in [*lines, *(f"  {line}" for line in not_confirmed(found))]]


def _defect_lines(analysis: Analysis) -> list[str]:
    """The defects as Markdown, each failure with its two texts."""
    found = read_minimal(analysis.results)
    if not found:
        return []
    lines = ["## Defects", "", _ABOUT_DEFECTS, ""]
    for defect in defects(found):
        lines += [f"### {inline(defect.name)}", ""]
        for one in defect.failures:
            clean, messy = one.variant.case, one.variant.messy
            texts = [
                f"{name}: {getattr(clean, name)}\n   now: {getattr(messy, name)}"
                for name in TEXT_FIELDS
                if getattr(clean, name) != getattr(messy, name)
            ]
            answers = f"target: {one.right}\nanswer: {one.answer}"
            lines += [f"`{inline(one.variant.id)}`: {inline(described(one))}", ""]
            lines += [*fence("\n".join([*texts, answers])), ""]
    lines += [f"- {inline(line)}" for line in not_confirmed(found)]
    return [*lines, ""]


_ABOUT_VALIDITY = (
    "Proved: the kind of edit cannot change what is asked, and every protected span survives. Guarded: numbers, units, "
    "dates, negations, names, choices and the answer's words were kept from the edits. Reviewed: a person signed it. "
    "Behaviour-changed: another answer is right, so that it counts apart. Rejected: the guard found the meaning "
    "changed; never sent."
)


_ABOUT_USAGE = (
    "Tokens are means a call, seconds percentiles of the last try; a p95 needs 20 answers and a p99 100. In brackets: "
    "the ratio to the clean calls of the same items. A shared answer comes from a variant that reads the same and is "
    "paid once. Tries are those of answered calls."
)


def _load_lines(analysis: Analysis) -> list[str]:
    """The load test that was made of the same system, if there was one."""
    found = read_load(analysis.results.folder)
    return ["## Load", "", load_text(found, "github"), ""] if found else []


_ABOUT_CHAOS = (
    "What a chaos proxy between the application and its model injected, and what became of the calls that met it. A "
    "call met an injection when it was under way at that time and its text stands in what the application sent."
)


def _chaos_lines(analysis: Analysis) -> list[str]:
    from tabulate import tabulate

    table = tabulate(chaos_rows(analysis.chaos), headers="keys", tablefmt="github", disable_numparse=True)
    return ["## Chaos", "", _ABOUT_CHAOS, "", table, ""] if analysis.chaos else []


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
        tabulate(_more_rows(analysis), headers="keys", tablefmt="github", disable_numparse=True),
        "",
        *(f"- {inline(note)}" for note in _notes(analysis)),
        "",
        "## Validity of the variants",
        "",
        _ABOUT_VALIDITY,
        "",
        tabulate(_ledger_rows(analysis), headers="keys", tablefmt="github", disable_numparse=True),
        "",
        "## What it takes",
        "",
        _ABOUT_USAGE,
        "",
        tabulate(usage_rows(analysis.usage), headers="keys", tablefmt="github", disable_numparse=True),
        "",
        *_load_lines(analysis),
        *_chaos_lines(analysis),
        *_defect_lines(analysis),
        "## Reasons",
        "",
        *_reasons(analysis),
        "",
        "## Answers that mess turned from right to wrong",
        "",
    ]
    shown = [(claim, flip) for claim in analysis.claims for flip in claim.flips]
    lines.append(
        f"The first {EXAMPLES} a perturbation, of {sum(claim.flipped for claim in analysis.claims)} in all."
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
    """The same for machines: fractions, unrounded; no texts. NaN and infinity are null."""
    results = analysis.results
    return {
        "name": results.name,
        "fingerprint": results.fingerprint,
        "manifest": results.manifest,
        "system": results.system,
        "seed": results.seed,
        "verdict": analysis.overall.verdict,
        "reason": analysis.overall.reason,
        "gate": asdict(analysis.gate),
        "clean": _estimate(analysis.clean),
        "clean_agreement": _estimate(analysis.clean_agreement),
        "noise_floor": _estimate(analysis.noise_floor),
        "claims": [_claim_json(claim, analysis) for claim in analysis.claims],
        "others": [_other_json(one, analysis) for one in analysis.others],
        "ladders": {name: _ladder_json(ladder) for name, ladder in analysis.ladders.items()},
        "outcomes": analysis.outcomes,
        "warnings": list(analysis.warnings),
        "validity": analysis.validity,
        "ledger": [
            {"name": e.name, "unchanged": e.unchanged, **e.classes, "asked": e.asked, "right": _estimate(e.right)}
            for e in analysis.ledger
        ],
        "calls": analysis.calls,
        "planned": analysis.planned,
        "spared": analysis.spared,
        "prompt_tokens": analysis.prompt_tokens,
        "completion_tokens": analysis.completion_tokens,
        "cost_usd": analysis.cost,
        "usage": usage_json(analysis.usage),
        "throughput": analysis.throughput,
        "chaos": [asdict(one) for one in analysis.chaos],
        "defects": defects_json(read_minimal(results)),
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
    rows = [
        {
            "perturbation": claim.name,
            "items": str(claim.drop.items if claim.drop else 0),
            "k": str(claim.drop.draws if claim.drop else 0),
            "clean %": _interval(claim.clean),
            "messy %": _interval(claim.messy),
            f"drop, points [{level}]": _interval(shown_drop(claim)),
            "verdict": str(claim.decision.verdict) if claim.decision else "no claim",
        }
        for claim in analysis.claims
    ]
    for one in analysis.others:
        condition = one.conditions[0]
        rows.append(
            {
                "perturbation": str(condition.clause),
                "items": str(len(one.pairs.items)) if one.pairs else "",
                "k": str(analysis.results.draws) if one.pairs else "",
                "clean %": "",
                "messy %": "",
                f"drop, points [{level}]": _interval(condition.estimate) if condition.estimate else "",
                "verdict": str(one.decision.verdict),
            }
        )
    return rows


def shown_drop(claim: Claim) -> Estimate | None:
    """The drop that the verdict rests on: corrected or widened where it was, else the plain one."""
    judged = [one.estimate for one in claim.conditions if one.clause.measure == "drop" and one.estimate]
    return judged[0] if judged else claim.drop


def _more_rows(analysis: Analysis) -> list[dict[str, str]]:
    rows = []
    worst = any(claim.worst for claim in analysis.claims)
    agree = any(claim.agreement for claim in analysis.claims)
    for claim in analysis.claims:
        row = {
            "perturbation": claim.name,
            "items": str(claim.drop.items if claim.drop else 0),
            "lost %": _interval(claim.lost),
            "gained %": _interval(claim.gained),
            "excess flips %": _interval(claim.excess),
            "relative %": _interval(claim.relative),
        }
        if worst:
            row |= {"all draws right %": _interval(claim.worst), "of that by mess %": _interval(claim.excess_worst)}
        if agree:
            row["draws agree %"] = _interval(claim.agreement)
        p = claim.screened if claim.screened is not None else claim.no_effect
        row |= {
            "p": "untestable" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}",
            "detectable": f"{percent(claim.detectable, up=True)}" if claim.detectable else "-",
            "unchanged": str(claim.unchanged),
            "no answer": str(claim.missing),
            "not asked": str(claim.waiting),
        }
        rows.append(row)
    return rows


def _ledger_rows(analysis: Analysis) -> list[dict[str, str]]:
    """The ledger as a table: a row a perturbation, a column a class that occurs."""
    used = [one for one in VALIDITIES if any(entry.classes[one] for entry in analysis.ledger)]
    return [
        {
            "perturbation": entry.name,
            **{one: str(entry.classes[one]) for one in used},
            "unchanged": str(entry.unchanged),
            "followed the new answer": f"{shown(entry.right)}%" if entry.right else "-",
        }
        for entry in analysis.ledger
    ]


def _chaos_notes(analysis: Analysis) -> list[str]:
    """What became of the calls that met each kind of injection."""
    notes = []
    for one in analysis.chaos:
        right = "" if one.right is None else f", {100 * one.right:.1f}% of the answers right"
        what = (
            f"{one.injected} x {one.kind} injected: {one.calls} calls met it"
            if one.kind
            else (f"{one.calls} calls met no injection")
        )
        notes.append(f"{what}; {one.failed} of them failed{right}")
    return notes


def _usage_notes(analysis: Analysis) -> list[str]:
    """How long calls took, and which mess inflates them most."""
    *parts, whole = analysis.usage
    notes = []
    if whole.seconds:
        times = ", ".join(f"p{at} {value:.2f} s" for at, value in whole.seconds.items())
        pace = f"; {analysis.throughput:.1f} answers a second" if analysis.throughput else ""
        notes.append(f"latency {times}{pace}")
    for key, what in (("prompt_tokens", "tokens in"), ("completion_tokens", "tokens out"), ("seconds", "latency")):
        worst = max(parts, key=lambda one: one.inflation.get(key, 0.0))
        if worst.inflation.get(key, 0.0) >= INFLATED:
            notes.append(f"{worst.name} takes {worst.inflation[key]:.2f} times the {what} of its clean calls")
    return notes


def _ledger_notes(analysis: Analysis) -> list[str]:
    total = {one: sum(entry.classes[one] for entry in analysis.ledger) for one in VALIDITIES}
    unchanged = sum(entry.unchanged for entry in analysis.ledger)
    counted = ", ".join(f"{count} {one}" for one, count in total.items() if count)
    notes = [f"variants: {counted or 'none changed'}, {unchanged} unchanged; rejected and unchanged ones are not sent"]
    for entry in analysis.ledger:
        if entry.classes["behaviour-changed"]:
            said = f"{shown(entry.right)}% follow the new answer" if entry.right else "to be read: did it ask back?"
            notes.append(
                f"{entry.name} changes what is right, so that it has no drop: {entry.asked} answers "
                f"({entry.classes['behaviour-changed']} variants); {said}"
            )
    return notes


def _reasons(analysis: Analysis) -> list[str]:
    lines = []
    for claim in analysis.claims:
        if claim.decision:
            lines.append(f"- `{claim.name}`: **{claim.decision.verdict}**, {inline(claim.decision.reason)}")
            lines += [f"  - {inline(need)}" for need in settling(claim.needs)]
    lines += [
        f"- `{o.conditions[0].clause}`: **{o.decision.verdict}**, {inline(o.decision.reason)}" for o in analysis.others
    ]
    return lines


def settling(needs: Sequence[Need]) -> list[str]:
    """What would settle an inconclusive claim, a line each."""
    lines = []
    for need in needs:
        price = f", ${need.cost:,.2f}" if need.cost is not None else ""
        tokens = f", {need.tokens:,} tokens" if need.tokens is not None else ""
        unit = " points" if need.measure == "drop" else "%"
        longer = f"; {need.extended:,} changed items to go on from these answers" if need.extended else ""
        hardly = "" if need.affordable else "; so close to the margin that this is hardly worth it"
        lines.append(
            f"{need.towards} if the {need.measure} is {percent(need.truth)}{unit}: {need.items:,} changed items "
            f"({need.suite_items:,} in all) at {need.draws} draw{'s' if need.draws > 1 else ''} each, "
            f"{need.calls:,} calls{tokens}{price}{longer}{hardly}"
        )
    return lines


def _notes(analysis: Analysis) -> list[str]:
    results, notes = analysis.results, []
    if analysis.clean:
        notes.append(
            f"clean accuracy {shown(analysis.clean)}% over {analysis.clean.items} items, "
            f"{results.repeats} answers each; gate: {', '.join(str(clause) for clause in analysis.gate.clauses)}"
        )
    if analysis.noise_floor:
        notes.append(
            f"noise floor: {shown(analysis.noise_floor)}% of answers flip between two clean runs "
            f"({analysis.noise_floor.items} items, {results.repeats} answers each)"
        )
    if analysis.clean_agreement and any(claim.agreement for claim in analysis.claims):
        notes.append(
            f"clean repeats agree in what they say: {shown(analysis.clean_agreement)}% of pairs "
            f"({analysis.clean_agreement.items} items); to be read beside the draws'"
        )
    notes += [
        f"{claim.name}: {claim.missing} calls brought no answer; the drop would be {shown(claim.worst_case)} if all "
        f"were wrong, {shown(claim.best_case)} if all were right ({claim.worst_case.items} items)"
        for claim in analysis.claims
        if claim.worst_case and claim.best_case
    ]
    notes += [_ladder_note(name, ladder, analysis) for name, ladder in analysis.ladders.items()]
    notes += analysis.warnings
    notes.append(f"validity: {analysis.validity}")
    notes += _ledger_notes(analysis)
    notes.append("outcomes: " + ", ".join(f"{count} {name}" for name, count in analysis.outcomes.items()))
    spend = f"${analysis.cost:.4f}" if analysis.cost is not None else "no listed price"
    spared = f"; {analysis.spared} were not needed, the answer was known" if analysis.spared else ""
    notes.append(
        f"{analysis.calls} of {analysis.planned} calls answered{spared}; {analysis.prompt_tokens:,} tokens in, "
        f"{analysis.completion_tokens:,} out, {spend}"
    )
    notes += _usage_notes(analysis)
    notes += _chaos_notes(analysis)
    if analysis.spared:
        notes.append("a drop at which a study stopped early looks larger or smaller than it is; trust its interval")
    for claim in analysis.claims:
        if claim.decision and claim.decision.verdict is Verdict.INCONCLUSIVE:
            notes.append(f"{claim.name}: {claim.decision.reason}")
            notes += likeliest(claim.needs)
    for one in analysis.others:
        if one.decision.verdict is Verdict.INCONCLUSIVE:
            notes.append(f"{one.conditions[0].clause}: {one.decision.reason}")
            notes += likeliest(analysis.other_needs[one.name])
    return [plain(note) for note in notes]


def likeliest(needs: Sequence[Need]) -> list[str]:
    """The last need that is worth paying for, indented."""
    worthwhile = [need for need in needs if need.affordable] or list(needs)
    return [f"  {line}" for line in settling(worthwhile[-1:])]


def _ladder_note(name: str, ladder: Ladder, analysis: Analysis) -> str:
    parts = []
    if any(claim.decision for claim in analysis.claims if claim.perturbation == name):
        parts.append(f"certified up to severity {ladder.certified}" if ladder.certified else "no severity certified")
        if ladder.broken is not None:
            parts.append(f"broken from severity {ladder.broken}")
    if ladder.breaking_point:
        value, low, high = (f"{x:.1f}" if x < 1e9 else f"> {ladder.severities[-1]}" for x in ladder.breaking_point)
        parts.append(f"crosses the margin at severity {value} [{low}, {high}]")
    if ladder.area:
        parts.append(f"mean drop over the ladder {shown(ladder.area)} points ({ladder.area.items} items)")
    if ladder.trend:
        parts.append(f"{shown(ladder.trend)} points more a step")
    if ladder.uneven:
        parts.append("warning: the drop does not rise with severity as it should")
    return f"{name}: " + ", ".join(parts)


def _estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    return asdict(estimate) if estimate else None


def _finite(value: float) -> float | None:
    return value if abs(value) < 1e300 and value == value else None


def _ladder_json(ladder: Ladder) -> dict[str, Any]:
    data = asdict(ladder)
    if ladder.breaking_point:
        data["breaking_point"] = [_finite(value) for value in ladder.breaking_point]
    return data


_SIMPLE = (
    "drop relative clean messy lost gained excess worst excess_worst agreement corrected invalid worst_case best_case"
).split()


def _claim_json(claim: Claim, analysis: Analysis) -> dict[str, Any]:
    return {
        "claim": claim.name,
        "perturbation": claim.perturbation,
        "severity": claim.severity,
        "verdict": claim.decision.verdict if claim.decision else None,
        "reason": claim.decision.reason if claim.decision else "no claim",
        "conditions": [_condition_json(one, claim, analysis) for one in claim.conditions],
        **{name: _estimate(getattr(claim, name)) for name in _SIMPLE},
        "no_effect_p": claim.no_effect,
        "no_effect_p_screened": claim.screened,
        "unchanged": claim.unchanged,
        "rejected": claim.rejected,
        "missing": claim.missing,
        "not_asked": claim.waiting,
        "outcomes": claim.outcomes,
        "mean_tokens": list(claim.tokens),
        "mean_seconds": claim.seconds,
        "cost_usd": claim.cost,
        "flips": claim.flipped,
    }


def _condition_json(condition: Condition, claim: Claim, analysis: Analysis) -> dict[str, Any]:
    """One condition with everything that a statistician asks about it."""
    found = condition.estimate
    data: dict[str, Any] = {
        "clause": str(condition.clause),
        "estimand": condition.clause.measure,
        "margin": condition.clause.bound,
        "verdict": condition.decision.verdict,
        "reason": condition.decision.reason,
        "seed": analysis.results.seed,
        "target": analysis.gate.target,
        "missing": claim.missing,
        "mdd": claim.detectable,
        "noise_floor": analysis.noise_floor.value if analysis.noise_floor else None,
        "validity": {
            "audited": claim.invalid.items if claim.invalid else 0,
            "q": claim.invalid.value if claim.invalid else None,
            "drop": "corrected" if claim.corrected else "raw",
        },
        "looks": _looks_json(claim, analysis),
        "multiplicity": {"family": analysis.family, "adjustment": "Holm"},
        "required": [asdict(need) for need in claim.needs if need.measure == condition.clause.measure],
    }
    if found:
        low, _, high = found.method.partition(", lower limit ")
        data |= {
            "n_items": found.items,
            "n_groups": found.groups,
            "k": found.draws,
            "R": found.repeats,
            "n_calls": sum(claim.outcomes.values()),
            "discordant_items": found.discordant,
            "b": claim.lost.value * claim.lost.items if claim.lost else None,
            "e": claim.gained.value * claim.gained.items if claim.gained else None,
            "deff": found.deff,
            "n_eff": found.items / found.deff,
            "estimate": found.value,
            "ci_low": found.low,
            "ci_high": found.high,
            "level": found.level,
            "method": found.method,
            "side_methods": {"low": high or low, "high": low},
            "posterior_above_margin": _posterior(condition, claim),
        }
    return data


def _posterior(condition: Condition, claim: Claim) -> float | None:
    """P(drop > margin) as a reading aid; None where answers are not right or wrong."""
    if condition.clause.measure != "drop" or not claim.drop or claim.drop.method not in (LAST_LOOK, INTERIM_LOOK):
        return None
    assert claim.lost is not None
    assert claim.gained is not None
    n = claim.drop.items / claim.drop.deff
    return posterior_above(claim.lost.value * n, claim.gained.value * n, n, condition.clause.bound)


def _looks_json(claim: Claim, analysis: Analysis) -> dict[str, Any]:
    fixed = analysis.gate.anytime or len(analysis.results.extents) > 1 or loosened(analysis.results, analysis.gate)
    bounds = () if fixed or not claim.looks else boundaries(claim.looks, (1 - analysis.gate.level) / 2)
    return {"planned": claim.planned_looks, "taken": list(claim.looks), "boundary": list(bounds)}


def _other_json(one: Judged, analysis: Analysis) -> dict[str, Any]:
    return {
        "claim": str(one.conditions[0].clause),
        "verdict": one.decision.verdict,
        "reason": one.decision.reason,
        "estimate": _estimate(one.conditions[0].estimate),
        "required": [asdict(need) for need in analysis.other_needs[one.name]],
    }


def _interval(estimate: Estimate | None) -> str:
    return shown(estimate) if estimate else "-"
