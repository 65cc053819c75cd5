"""Rewrites files that are generated from the code and kept for review: `python tests/regenerate.py golden|docs`.

With `--check` it writes nothing, prints what would change, and exits with 1 if anything would.
"""

from __future__ import annotations

import difflib
import sys
from pathlib import Path

from roadtest.harness.cases import Case
from roadtest.perturbations import PERTURBATIONS, SEVERITIES

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
}


def golden() -> str:
    """Three sentences under every perturbation and severity."""
    lines = ["Samples of every perturbation at severities 1 to 5, seed 0; rewritten by `make golden`."]
    for name, found in PERTURBATIONS.items():
        lines += ["", f"## {name}"]
        for case in SENTENCES.values():
            lines += ["", case.text]
            for severity in SEVERITIES:
                variant = found.variant(case, severity, seed=0)
                lines.append(f"{severity}  " + (variant.text.replace("\n", "⏎") if variant.changed else "(unchanged)"))
    return "\n".join(lines) + "\n"


def catalogue() -> str:
    """The page that lists the perturbations."""
    lines = [
        "# Perturbations",
        "",
        "Made from the code by `make docs`. Severity runs from 1 to 5; the rate is the share of sites that are hit at",
        "each. Numbers, money, dates, codes, negations, quantifiers, the choices and the answer's words are never",
        "touched. nlpaug's augmenters can be used too: see `roadtest list` for `nlpaug:` names.",
    ]
    case = SENTENCES["golden-order"]
    for found in PERTURBATIONS.values():
        lines += [
            "",
            f"## {found.name}",
            "",
            found.summary,
            "",
            f"Family: {found.family}. Effect on the right answer: {found.effect}.",
            f"Rates: {', '.join(f'{rate:g}' for rate in found.rates)}. Source: {found.source}.",
            "",
            "```text",
            f"clean  {case.text}",
            *(f"@{level}     {line}" for level in (2, 4) for line in [_shown(found.variant(case, level, seed=0).text)]),
            "```",
        ]
    return "\n".join(lines) + "\n"


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
