"""The five questions of a go/no-go meeting, each answered in a line, and what a study cannot see."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from .analysis import Analysis
from .answers import ANSWERED, VALIDITIES
from .costs import ESCALATED
from .escaping import plain
from .fairness import not_measured
from .policy import Verdict, shown
from .summary import shown_drop

PERCENTILES = {1: "50th", 2: "75th", 3: "90th", 4: "97th", 5: "99th"}
"""The percentile of writers that a severity stands for, among real messages that have this mess; see docs/mess.md."""


def five_questions(analysis: Analysis) -> list[tuple[str, str]]:
    """Each question with its answer, in the order in which they are asked."""
    answers = {
        "Is this drop just noise?": _noise(analysis),
        "Was the question still answerable?": _answerable(analysis),
        "Do our users write like that?": _real(analysis),
        "Did the API fail, or the model?": _failures(analysis),
        "What would it take to be sure?": _sure(analysis),
    }
    return [(question, plain(answer)) for question, answer in answers.items()]


def cannot_see(analysis: Analysis) -> list[str]:
    """What this study cannot tell, in sentences."""
    results = analysis.results
    found = [
        "The intervals take the items for a random sample of what users ask; that is an assumption, not a finding."
        if analysis.gate.target == "population"
        else "The verdict is about the items of this suite alone, not about what users ask.",
        "The mess is that of other people's messages. Whether your users write so, only their own messages can tell.",
        f"It saw {_when(analysis)}. A model that is changed behind the same name afterwards is another model.",
        "Each perturbation is measured for itself; what several of them do together shows only where they are stacked.",
        "Answers were graded by a rule. Tone, harm and what a reader would make of them were not.",
    ]
    if not any(claim.corrected for claim in analysis.claims):
        found.append("No person has read whether the variants still ask the same; the guard that did can be wrong.")
    missing = not_measured(analysis)
    if missing:
        found.append(f"Nothing was measured about: {', '.join(missing)}.")
    if not analysis.chaos:
        found.append("Nothing failed on purpose: what the system does when its model does was not tried.")
    if results.repeats < 2:
        found.append("Clean items were asked once, so that chance cannot be told from mess in single answers.")
    if analysis.spared:
        found.append("It stopped early: a drop looks larger or smaller than it is. Trust its interval.")
    return [plain(one) for one in found]


def period(analysis: Analysis) -> tuple[str, str] | None:
    """The dates of the first and the last answer (UTC, ISO 8601); None without one."""
    at = analysis.answers.at[analysis.answers.status == ANSWERED]
    at = at[~np.isnan(at)]
    if not len(at):
        return None
    first, last = (datetime.fromtimestamp(float(one), UTC).date().isoformat() for one in (at.min(), at.max()))
    return first, last


def _when(analysis: Analysis) -> str:
    dates = period(analysis)
    if dates is None:
        return "no answer"
    return f"the system on {dates[0]}" if dates[0] == dates[1] else f"the system from {dates[0]} to {dates[1]}"


def _noise(analysis: Analysis) -> str:
    measured = [(claim, drop) for claim in analysis.of_users if (drop := shown_drop(claim))]
    floor = (
        f"Chance flips {shown(analysis.noise_floor)}%."
        if analysis.noise_floor
        else "How much flips by chance was not measured."
    )
    beyond = [(claim, drop) for claim, drop in measured if drop.low > 0]
    if not measured:
        return f"Nothing was measured yet. {floor}"
    if not beyond:
        return f"It may be: none of {len(measured)} drops lies beyond chance. {floor}"
    worst, drop = max(beyond, key=lambda one: one[1].value)
    several = (
        f"{len(beyond)} of {len(measured)} drops lie beyond it; the largest is that"
        if len(measured) > 1
        else "the drop"
    )
    return f"No: {several} of {worst.name}, {shown(drop)} points. {floor}"


def _answerable(analysis: Analysis) -> str:
    total = {one: sum(entry.classes[one] for entry in analysis.ledger) for one in VALIDITIES}
    sent = sum(total.values()) - total["rejected"]
    kinds = ", ".join(f"{count:,} {name}" for name, count in total.items() if count and name != "rejected")
    said = f"{sent:,} variants: {kinds or 'none'}; {total['rejected']:,} rejected and never sent."
    audited = [claim for claim in analysis.claims if claim.invalid]
    if audited:
        shares = ", ".join(f"{claim.name} {shown(claim.invalid)}%" for claim in audited if claim.invalid)
        return f"{said} Found invalid by people, and corrected for: {shares}."
    return f"{said} No person has audited them yet."


def _real(analysis: Analysis) -> str:
    known = [PERCENTILES[one] for one in sorted({claim.severity for claim in analysis.of_users}) if one in PERCENTILES]
    if not known:
        return "No mess was measured."
    listed = " and ".join([", ".join(known[:-1]), known[-1]] if len(known) > 1 else known)
    return f"People do, at the {listed} percentile of real messages with this mess. Yours were not measured."


def _failures(analysis: Analysis) -> str:
    failed = {kind: count for kind, count in analysis.outcomes.items() if kind.startswith("failed: ")}
    if failed:
        kinds = ", ".join(f"{count:,} {kind.removeprefix('failed: ')}" for kind, count in failed.items())
        could = [one.name for one in analysis.claims if one.decision and "unanswered calls" in one.decision.reason]
        change = f"that could change {', '.join(could)}" if could else "that changes no verdict"
        said = f"The API: {sum(failed.values()):,} calls without an answer ({kinds}), not scored; {change}."
    else:
        said = f"The API: all {analysis.calls:,} calls were answered."
    unusable = {kind: count for kind, count in analysis.outcomes.items() if kind in ESCALATED}
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in unusable.items())
    return f"{said} The model: {kinds or 'no unusable answer'}{', counted as wrong' if kinds else ''}."


def _sure(analysis: Analysis) -> str:
    needs = {c.name: c.needs for c in analysis.claims if c.decision and c.decision.verdict is Verdict.INCONCLUSIVE}
    needs |= {
        str(one.conditions[0].clause): analysis.other_needs[one.name]
        for one in analysis.others
        if one.decision.verdict is Verdict.INCONCLUSIVE
    }
    verdict = analysis.overall.verdict
    if not needs:
        return "Nothing more: every claim is decided." if verdict is not Verdict.INCONCLUSIVE else "A claim to judge."
    count = f"{len(needs)} {'claims are' if len(needs) > 1 else 'claim is'} open"
    what = f"Nothing more for the NO-GO; {count}" if verdict is Verdict.NO_GO else count
    settled = [
        (
            found[-1].calls,
            f"{found[-1].towards} on {name} after {found[-1].calls:,} calls",
        )
        for name, found in needs.items()
        if found and found[-1].affordable
    ]
    return f"{what}; the cheapest: {min(settled)[1]}." if settled else f"{what}; see the reasons below."
