"""What every format of the report says: the same rows and sentences, made once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from .analysis import Analysis, Claim
from .answers import VALIDITIES
from .behaviour import judged
from .breakdown import Breakdown
from .costs import monthly_cost
from .defects import defects, described, not_confirmed
from .escaping import plain
from .fairness import Group
from .manifest import MANIFEST, file_digest, read_manifest
from .minimal import read_minimal
from .policy import Verdict, percent, shown
from .settling import Need
from .severity import Ladder
from .statistics import Estimate, z_of

INFLATED = 1.2


def headline(analysis: Analysis) -> str:
    """The verdict and its reason in one line."""
    return f"{analysis.overall.verdict}: {analysis.overall.reason}."


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


def shown_drop(claim: Claim) -> Estimate | None:
    """The drop that the verdict rests on: corrected or widened where it was, else the plain one."""
    judged = [one.estimate for one in claim.conditions if one.clause.measure == "drop" and one.estimate]
    return judged[0] if judged else claim.drop


def noise_band(analysis: Analysis) -> float | None:
    """The drop, as a fraction, that two clean runs of all items show at most by chance, at the gate's level.

    The difference of two runs' accuracies has the variance of one item's, the noise floor, over the number of items;
    None where the noise floor was not measured.
    """
    floor = analysis.noise_floor
    return z_of(analysis.gate.level) * math.sqrt(floor.value / floor.items) if floor else None


def claim_rows(analysis: Analysis) -> list[dict[str, str]]:
    """The main table: clean and messy accuracy, the drop and the verdict, a row a claim on what users do."""
    level = f"{analysis.gate.level:.0%} interval"
    rows = _claim_rows(analysis.of_users, level)
    for one in analysis.others:
        condition = one.conditions[0]
        rows.append(
            {
                "perturbation": str(condition.clause),
                "items": str(len(one.pairs.items)) if one.pairs else "",
                "k": str(analysis.results.draws) if one.pairs else "",
                "clean %": "",
                "messy %": "",
                f"drop, points [{level}]": interval(condition.estimate) if condition.estimate else "",
                "verdict": str(one.decision.verdict),
            }
        )
    return rows


def frame_rows(analysis: Analysis) -> list[dict[str, str]]:
    """The same for the study's own frame; nothing where it was not varied."""
    return _claim_rows(analysis.of_the_frame, f"{analysis.gate.level:.0%} interval")


def _claim_rows(claims: Sequence[Claim], level: str) -> list[dict[str, str]]:
    return [
        {
            "perturbation": claim.name,
            "items": str(claim.drop.items if claim.drop else 0),
            "k": str(claim.drop.draws if claim.drop else 0),
            "clean %": interval(claim.clean),
            "messy %": interval(claim.messy),
            f"drop, points [{level}]": interval(shown_drop(claim)),
            "verdict": str(claim.decision.verdict) if claim.decision else "no claim",
        }
        for claim in claims
    ]


def flip_rows(analysis: Analysis) -> list[dict[str, str]]:
    """The second table: flips, relative drop, tests, and what was left out; the study's own frame last."""
    rows, claims = [], (*analysis.of_users, *analysis.of_the_frame)
    worst = any(claim.worst for claim in claims)
    agree = any(claim.agreement for claim in claims)
    for claim in claims:
        row = {
            "perturbation": claim.name,
            "items": str(claim.drop.items if claim.drop else 0),
            "lost %": interval(claim.lost),
            "gained %": interval(claim.gained),
            "excess flips %": interval(claim.excess),
            "relative %": interval(claim.relative),
        }
        if worst:
            row |= {"all draws right %": interval(claim.worst), "of that by mess %": interval(claim.excess_worst)}
        if agree:
            row["draws agree %"] = interval(claim.agreement)
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


def ledger_rows(analysis: Analysis) -> list[dict[str, str]]:
    """The ledger as a table: a row a perturbation, a column a class that occurs."""
    used = [one for one in VALIDITIES if any(entry.classes[one] for entry in analysis.ledger)]
    return [
        {
            "perturbation": entry.name,
            **{one: str(entry.classes[one]) for one in used},
            "unchanged": str(entry.unchanged),
            "did what is right now": f"{shown(entry.right)}%" if entry.right else "-",
        }
        for entry in analysis.ledger
    ]


def note_lines(analysis: Analysis) -> list[str]:
    """What the tables rest on and what they leave open, a line each."""
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
    return [plain(note) for note in notes]


def open_lines(analysis: Analysis) -> list[str]:
    """Each claim that is open, and the likeliest way to settle it."""
    notes = []
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


def reasons(analysis: Analysis) -> list[tuple[str, Verdict, str, list[str]]]:
    """Each claim with its verdict, the reason, and what would settle it where it is open."""
    found = [
        (claim.name, claim.decision.verdict, claim.decision.reason, settling(claim.needs))
        for claim in analysis.claims
        if claim.decision
    ]
    for one in analysis.others:
        needs = settling(analysis.other_needs[one.name])
        found.append((str(one.conditions[0].clause), one.decision.verdict, one.decision.reason, needs))
    return found


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


def _ledger_notes(analysis: Analysis) -> list[str]:
    total = {one: sum(entry.classes[one] for entry in analysis.ledger) for one in VALIDITIES}
    unchanged = sum(entry.unchanged for entry in analysis.ledger)
    counted = ", ".join(f"{count} {one}" for one, count in total.items() if count)
    notes = [f"variants: {counted or 'none changed'}, {unchanged} unchanged; rejected and unchanged ones are not sent"]
    read = _read_by_judge(analysis)
    for at, entry in enumerate(analysis.ledger):
        if entry.classes["behaviour-changed"]:
            right = "ask back, name the conflict or decline" if entry.reactions else "follow the new answer"
            did = ", ".join(f"{count} {kind}" for kind, count in entry.reactions.items())
            rest = sum(entry.reactions.values()) - read[at]
            by = f"a judge ({read[at]}) and rules ({rest})" if read[at] and rest else "a judge" if read[at] else "rules"
            told = f" ({did}; as {by} read them)" if did else ""
            said = f"{shown(entry.right)}% {right}{told}" if entry.right else "none answered"
            notes.append(
                f"{entry.name} changes what is right, so that it has no drop: {entry.asked} answers "
                f"({entry.classes['behaviour-changed']} variants); {said}"
            )
    return notes


def _read_by_judge(analysis: Analysis) -> Counter[int]:
    """How many replies a judge read, by the place of their perturbation in the ledger; rules read the others."""
    results, answers = analysis.results, analysis.answers
    rows = (results.numbering.number_of(name) for name in judged(results.folder))
    return Counter(int(answers.condition[row]) for row in rows if row is not None and answers.answered[row])


def interval(estimate: Estimate | None) -> str:
    """An estimate with its limits, or a dash."""
    return shown(estimate) if estimate else "-"


HOW_TO_READ = (
    "Drop is clean minus messy accuracy over the items that the perturbation changed, in points; positive is worse. "
    "Each item is compared with itself; repeats (of clean text) and draws (k, of mess) are averaged inside the item. "
    "Lost and gained are the shares of answers that went from right to wrong and back; excess is both together less "
    "what flips between two clean runs anyway. Relative is the share of the clean accuracy that is lost. Limits are "
    "rounded outward, and hold over all looks at the results together. p is of the test that mess does nothing at all; "
    "it decides nothing. Detectable is the smallest drop, in points, that a study like this finds in 80 % of cases. "
    "GO means that the whole interval lies below the margin, NO-GO that it lies above."
)


ABOUT_FRAME = (
    "How far the figures hang on how the benchmark itself is asked: the order and names of choices, the template, the "
    "order of examples. No user writes this, so that it is part of no mean, and judged only where a claim names it."
)


ABOUT_DEFECTS = (
    "For the worst flips, the fewest edits that still turn the answer wrong, clustered by what they do. Each was asked "
    "again, side by side with its clean text; what failed by chance is not listed."
)


ABOUT_VALIDITY = (
    "Proved: the kind of edit cannot change what is asked, and every protected span survives. Guarded: numbers, units, "
    "dates, negations, names, choices and the answer's words were kept from the edits. Reviewed: a person signed it. "
    "Behaviour-changed: another answer is right, so that it counts apart. Rejected: the guard found the meaning "
    "changed; never sent."
)


ABOUT_USAGE = (
    "Tokens are means a call, seconds percentiles of the last try; a p95 needs 20 answers and a p99 100. In brackets: "
    "the ratio to the clean calls of the same items. A shared answer comes from a variant that reads the same and is "
    "paid once. Tries are those of answered calls."
)


ABOUT_CHAOS = (
    "What a chaos proxy between the application and its model injected, and what became of the calls that met it. A "
    "call met an injection when it was under way at that time and its text stands in what the application sent."
)


def breakdown_rows(found: Breakdown) -> list[dict[str, str]]:
    """The drop of each family on each task."""
    return [
        {"family": family} | {plain(task): interval(found.cells.get((family, task))) for task in found.tasks}
        for family in found.families
    ]


def fairness_rows(groups: Sequence[Group]) -> list[dict[str, str]]:
    """A row a group of writers, against the study's own text of the same items."""
    return [
        {
            "kind": one.kind,
            "group": one.name,
            "by": one.condition,
            "items": str(one.drop.items),
            "clean %": shown(one.clean),
            "as this group %": shown(one.messy),
            "drop, points": shown(one.drop),
        }
        for one in groups
    ]


def failure_rows(analysis: Analysis) -> list[dict[str, str]]:
    """What became of the calls: a row a kind, with its share of all answers or calls."""
    total = sum(analysis.outcomes.values())
    return [
        {"outcome": plain(kind), "calls": f"{count:,}", "share": f"{100 * count / total:.1f}%"}
        for kind, count in analysis.outcomes.items()
    ]


def missing_rows(analysis: Analysis) -> list[dict[str, str]]:
    """The drop of each perturbation with calls that failed, if all of these had gone for the system, or against it."""
    return [
        {
            "perturbation": claim.name,
            "no answer": str(claim.missing),
            "drop, if all were right": shown(claim.best_case),
            "drop": interval(claim.drop),
            "drop, if all were wrong": shown(claim.worst_case),
        }
        for claim in analysis.claims
        if claim.worst_case and claim.best_case
    ]


def cost_lines(analysis: Analysis) -> list[str]:
    """What the drop costs a month; nothing where the study does not say what a wrong answer costs."""
    business = analysis.business
    if business is None:
        return []
    traffic = f"{business.requests:,.0f} requests a month, {business.messy:.0%} of them messy"
    prices = f"US$ {business.wrong:,.2f} a wrong answer, US$ {business.escalation:,.2f} an escalation"
    found = monthly_cost(analysis, business)
    if found is None:
        return [f"stated: {traffic}; {prices}; nothing was measured yet"]
    call = "no listed price"
    if found.call is not None and found.calls is not None:
        call = f"US$ {found.call:.6f} a call, US$ {found.calls:,.2f} a month for the messy ones"
    return [
        f"the drop costs {dollars(found.drop)} a month, on top of {dollars(found.clean)} for errors on clean requests",
        f"of messy requests {shown(found.wrong)}% more are answered wrong, {shown(found.escalated)}% more go to people",
        f"the calls themselves: {call}",
        f"stated by the owner: {traffic}; {prices}; every kind of mess taken to be as frequent as the others",
    ]


def dollars(estimate: Estimate) -> str:
    """`US$ 1,200 [800, 1,700]`: limits rounded outward."""
    low, high = math.floor(estimate.low), math.ceil(estimate.high)
    return f"US$ {estimate.value:,.0f} [{low:,}, {high:,}]"


def provenance(analysis: Analysis) -> list[tuple[str, str]]:
    """Where the numbers come from, as names and values."""
    results, folder = analysis.results, analysis.results.folder
    suite = results.suite
    found = [
        ("study", f"{results.name}, fingerprint {results.fingerprint}, seed {results.seed}"),
        ("variants", f"SHA-256 {results.manifest}"),
        ("suite", ", ".join(f"{key} {value}" for key, value in suite.items() if value)),
        ("system", results.system),
        *(
            ("answered as", f"{model or 'no name'}{f', fingerprint {mark}' if mark else ''}: {count:,} answers")
            for (model, mark), count in sorted(analysis.answers.models.items())
        ),
        ("scorer", analysis.scorer),
        ("gate", ", ".join(str(clause) for clause in analysis.gate.clauses) + f"; level {analysis.gate.level:.0%}"),
    ]
    if results.git:
        changed = " with changes" if results.git.get("changed") else ""
        found.append(("git commit", f"{results.git.get('commit')}{changed}"))
    if (folder / MANIFEST).exists():
        sealed = read_manifest(folder)
        found.append(("answers", f"{sealed['first_answer']} to {sealed['last_answer']}"))
        for name, journal in sealed["journals"].items():
            found.append((name, f"{journal['records']:,} records, last link {journal['head']}"))
        found.append((MANIFEST, f"SHA-256 {file_digest(folder / MANIFEST)}"))
    found.append(("versions", ", ".join(f"{name} {value}" for name, value in results.versions.items())))
    return [(name, plain(str(value))) for name, value in found if value]


def ladder_notes(analysis: Analysis) -> list[str]:
    """What the severities of each perturbation say together."""
    return [plain(_ladder_note(name, ladder, analysis)) for name, ladder in analysis.ladders.items()]


ABOUT_BREAKDOWN = (
    "The drop in points by family of mess and by task, with its interval. The intervals are not adjusted for their "
    "number: this says where to look, and decides nothing."
)

ABOUT_FAIRNESS = (
    "The same requests as another person would write them, against the study's own text of the same items. A drop is "
    "what it costs to be that person. Names of unlike groups stand in unlike items, so that their drops also differ by "
    "chance; intervals that overlap do not show that two groups fare alike."
)
