"""Rewrites files that are generated from the code and kept for review: `python tests/regenerate.py golden|docs`.

With `--check` it writes nothing, prints what would change, and exits with 1 if anything would.
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

from roadtest.harness.cases import Case
from roadtest.perturbations import PERTURBATIONS, SEVERITIES, Perturbation, find
from roadtest.perturbations.bridges import nlpaug_names

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "tests" / "perturbations" / "golden.txt"
CATALOGUE = ROOT / "docs" / "perturbations.md"

SENTENCES = {
    "golden-order": Case(
        "golden-order", "Hello, I'm still waiting for order 48213. It should have been here on 3 March!", "48213"
    ),
    "golden-eggs": Case(
        "golden-eggs", "The recipe needs 12 eggs, but I have only 7 left. How many more should I buy?", "5"
    ),
    "golden-review": Case(
        "golden-review",
        "We didn't expect much, and the hotel was lovely; the staff couldn't have been kinder.",
        "positive",
        choices=("positive", "negative"),
    ),
    "golden-passage": Case(
        "golden-passage",
        "My sister Anna asked which city the festival moved to?",
        "Lisbon",
        context="The festival began in Porto and moved to Lisbon in its third year.",
    ),
    "golden-chat": Case(
        "golden-chat",
        "Please tell my husband Peter where the information centre is. He is waiting at the café, because the centre "
        "is closed, and he wants the tickets.",
        "?",
    ),
    "golden-russian": Case("golden-russian", "Где мой заказ 48213? Я жду уже неделю.", "48213"),
}
REVIEWED = tuple(SENTENCES)[:3]
NEEDS_A_PROGRAM = {"screenshot_ocr"}  # what it reads depends on the version of tesseract


def golden() -> str:
    """Three sentences under every perturbation and severity."""
    lines = ["Samples of every perturbation at severities 1 to 5, seed 0; rewritten by `make golden`."]
    for name, found in PERTURBATIONS.items():
        if name in NEEDS_A_PROGRAM:
            continue
        lines += ["", f"## {name}"]
        for case in map(SENTENCES.__getitem__, REVIEWED):
            lines += ["", case.text]
            for severity in SEVERITIES:
                variant = found.variant(case, severity, seed=0)
                lines.append(f"{severity}  " + (variant.text.replace("\n", "⏎") if variant.changed else "(unchanged)"))
    return "\n".join(lines) + "\n"


def catalogue() -> str:
    """The page that lists the perturbations."""
    families: dict[str, list[Perturbation]] = {}
    for found in PERTURBATIONS.values():
        families.setdefault(found.family, []).append(found)
    lines = [
        "# Perturbations",
        "",
        f"Made from the code by `make docs`: {len(PERTURBATIONS)} perturbations in {len(families)} families, and the",
        "bridges to foreign ones. [What severity, stacking and the validity classes mean](mess.md).",
        "",
        "| perturbation | family | right answer | class | what |",
        "|---|---|---|---|---|",
        *(
            f"| [{p.name}](#{p.name}) | {p.family} | {p.effect} | {_class(p)} | {p.summary} |"
            for p in PERTURBATIONS.values()
        ),
        *(f"| {p.name} | {p.family} | {p.effect} | {_class(p)} | {p.summary} |" for p in map(find, nlpaug_names())),
        "| python:module:function | bridges | same | guarded | any function of yours from text to text |",
        "| paraphrase:FILE | bridges | same | reviewed | paraphrases by a model, accepted by a person |",
    ]
    for family, members in families.items():
        lines += ["", f"## Family: {family}"]
        for found in members:
            lines += ["", f"### {found.name}", "", found.summary, "", *_facts(found), "", *_example(found)]
    return "\n".join(lines).rstrip() + "\n"


def _class(found: Perturbation) -> str:
    return "behaviour-changed" if found.effect != "same" else "proved" if found.proof else "guarded"


def _facts(found: Perturbation) -> list[str]:
    rates = ", ".join(f"{rate:.3g}" for rate in found.rates)
    facts = [
        f"- Right answer: {found.effect}. Class: {_class(found)}{f', because {found.proof}' if found.proof else ''}."
    ]
    return [*facts, f"- Rates, of {found.measure}: {rates}.", f"- Source: {found.source}."]


def _example(found: Perturbation) -> list[str]:
    if found.name in NEEDS_A_PROGRAM:
        return ["Its output depends on the version of the program, so that no example stands here."]
    for case in SENTENCES.values():
        mild, strong = (found.variant(case, level, seed=0) for level in (2, 4))
        if strong.changed:
            shown = [f"clean  {case.text}", f"@2     {_shown(mild.text)}"]
            if strong.text != mild.text:
                shown.append(f"@4     {_shown(strong.text)}")
            if strong.target is not None:
                shown.append(f"answer {case.target} -> {strong.target}")
            return ["```text", *shown, "```"]
    return ["None of the example sentences has what it changes."]


def _shown(text: str) -> str:
    return text.replace("\n", "\n       ").replace("       \n", "\n")


def main(which: str, check: bool) -> int:
    """Writes the file, or says how it differs."""
    target, content = {"golden": (GOLDEN, golden), "docs": (CATALOGUE, catalogue)}[which]
    fresh = content()
    if not check:
        target.write_text(fresh, encoding="utf-8", newline="\n")
        print(f"wrote {target.relative_to(ROOT)}")
        return 0
    kept = target.read_text(encoding="utf-8")
    sys.stdout.writelines(difflib.unified_diff(kept.splitlines(True), fresh.splitlines(True), "kept", "fresh"))
    return int(kept != fresh)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], check="--check" in sys.argv))
