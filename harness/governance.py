"""What a governance review asks, what this study has to say to it, and what it does not cover."""

from __future__ import annotations

from dataclasses import dataclass

from .analysis import Analysis
from .escaping import plain
from .fairness import GROUPS, fairness, not_measured
from .manifest import JOURNALS, MANIFEST, SIGNATURE, read_manifest
from .minimal import read_minimal
from .policy import shown
from .questions import period
from .readings import AUDIT, statements


@dataclass(frozen=True, slots=True)
class Answer:
    """One question of a review: what was done about it, when, and what is not covered."""

    topic: str
    question: str
    tested: str
    date: str
    not_covered: str


def governance(analysis: Analysis) -> tuple[Answer, ...]:
    """The questions in the order of a review: explainable, protected, auditable, bias tested, robust, watched."""
    dates = period(analysis)
    date = dates[1] if dates else "-"
    found = [
        Answer(
            "Explainable",
            "Can it be said why an answer went wrong?",
            _explained(analysis),
            date,
            "Why the model itself answers so: nothing looks inside it.",
        ),
        Answer(
            "Protected",
            "Is personal data kept out, and are secrets safe?",
            _protected(analysis),
            date,
            "Attacks: prompt injection, data that leaks, jailbreaks. Names of persons are not found by patterns.",
        ),
        Answer(
            "Auditable",
            "Can the result be checked by somebody else?",
            _auditable(analysis),
            date,
            "Whether the endpoint was what it says it is; a manifest that nobody signed can be made anew.",
        ),
        Answer(
            "Bias tested",
            "Do groups of people fare otherwise?",
            _bias(analysis),
            date,
            f"{_unmeasured(analysis)} Outcomes for real people: only the same request from another writer is compared.",
        ),
        Answer(
            "Overseen",
            "Did a person check what the measurement rests on?",
            _overseen(analysis),
            date,
            "Whether anybody reads the system's answers in use.",
        ),
        Answer(
            "Robust",
            "Does it hold when people use it as they do?",
            f"{analysis.overall.verdict}: {analysis.overall.reason}.",
            date,
            "Other mess than that of the table, other languages than English, and the days to come.",
        ),
    ]
    return tuple(Answer(one.topic, one.question, plain(one.tested), one.date, plain(one.not_covered)) for one in found)


def _explained(analysis: Analysis) -> str:
    found = read_minimal(analysis.results)
    confirmed = sum(one.confirmed for one in found)
    edits = "Every variant is a list of edits, kept with the text."
    if not found:
        return f"{edits} No failure was shrunk to its cause (`roadtest shrink`)."
    return (
        f"{edits} {len(found)} failures were shrunk to the fewest edits that cause them; {confirmed} of them held when "
        "asked again beside the clean text."
    )


def _protected(analysis: Analysis) -> str:
    redacted = (
        "Personal data that patterns find was replaced before anything was asked or written."
        if analysis.results.redacted
        else "Personal data was not replaced (`redact = true` does)."
    )
    return f"{redacted} Keys are read from the environment and written nowhere."


def _auditable(analysis: Analysis) -> str:
    folder = analysis.results.folder
    if not (folder / MANIFEST).exists():
        return "Not sealed: the run that writes the manifest has not finished."
    sealed = read_manifest(folder)
    records = sum(sealed["journals"].get(name, {}).get("records", 0) for name in JOURNALS)
    signed = "signed" if (folder / SIGNATURE).exists() else "not signed (`roadtest sign`)"
    return (
        f"{records:,} records in linked journals under a manifest, {signed}; `roadtest verify` checks them. The "
        "same study makes the same variants on every machine."
    )


def _bias(analysis: Analysis) -> str:
    groups = fairness(analysis)
    if not groups:
        return "Nothing was measured."
    kinds = {kind: [one for one in groups if one.kind == kind] for kind in GROUPS}
    parts = []
    for kind, members in kinds.items():
        if members:
            worst = max(members, key=lambda one: one.drop.value)
            parts.append(f"{kind}: {len(members)} compared, the largest drop {shown(worst.drop)} points ({worst.name})")
    return "; ".join(parts) + "."


def _unmeasured(analysis: Analysis) -> str:
    missing = not_measured(analysis)
    return f"Not measured: {', '.join(missing)}." if missing else "Groups beyond those of the table."


def _overseen(analysis: Analysis) -> str:
    readings = statements(analysis.results.folder / AUDIT, "valid")
    if not readings:
        return "No variant was read by a person."
    readers = {reader for said in readings.values() for reader in said}
    return f"{len(readings)} variants were read by {len(readers)} {'people' if len(readers) > 1 else 'person'}."


def as_rows(analysis: Analysis) -> list[dict[str, str]]:
    """The questions of a governance review as a table."""
    return [
        {
            "asked": f"{one.topic}: {one.question}",
            "what was done": one.tested,
            "on": one.date,
            "not covered": one.not_covered,
        }
        for one in governance(analysis)
    ]
