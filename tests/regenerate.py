"""Rewrites what is generated from the code and kept for review: `tests/regenerate.py golden|docs|reference|pictures`.

With `--check` it writes nothing, prints what would change, and exits with 1 if anything would. Pictures need chromium,
and are not checked.
"""

from __future__ import annotations

import difflib
import shutil
import sys
from pathlib import Path

from roadtest.harness import Frame, analyse, markdown, read_results, write_report
from roadtest.harness.cases import TEXT_FIELDS, Case, Variant
from roadtest.harness.escaping import plain
from roadtest.harness.frames import said
from roadtest.harness.marks import readable
from roadtest.perturbations import PERTURBATIONS, SEVERITIES, Perturbation, find
from roadtest.perturbations.bridges import nlpaug_names
from roadtest.perturbations.perturbation import OF_RECORDS

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
    "golden-records": Case(
        "golden-records",
        "Hi, I wonder about order 48213. What is its status? I was away for a week.",
        "shipped",
        context="[\n  "
        + ",\n  ".join(
            f'{{"order": "{order}", "customer": "{customer}", "amount": {amount}, "weight": "{weight} kg", '
            f'"status": "{status}", "updated": "2026-{day}"}}'
            for order, customer, amount, weight, status, day in (
                ("51077", "Zoë Müller", "1249.90", "2.4", "open", "03-02"),
                ("48213", "Ada Okafor", "18.5", "0.7", "shipped", "03-04"),
                ("60402", "Ben Lund", "75.25", "12", "returned", "02-20"),
            )
        )
        + "\n]",
        query={"select": "status", "where": "order = 48213", "key": "order", "latest": "updated"},
    ),
    "golden-russian": Case("golden-russian", "Где мой заказ 48213? Я жду уже неделю.", "48213"),
}
FRAME = Frame(
    "Is the review positive or negative? Answer with one word.",
    "Review: {text}\nVerdict:",
    (("Review: The soup was cold.\nVerdict:", "negative"), ("Review: We will be back!\nVerdict:", "positive")),
)
"""What the examples of other layouts are shown in."""

REFERENCE = ROOT / "results" / "reference"
PICTURES = ROOT / "docs" / "pictures"
REVIEWED = tuple(SENTENCES)[:3]
NEEDS_A_PROGRAM = {"screenshot_ocr"}  # what it reads depends on the version of tesseract


def golden() -> str:
    """Three sentences under every perturbation and severity."""
    lines = ["Samples of every perturbation at severities 1 to 5, seed 0; rewritten by `make golden`."]
    for name, found in PERTURBATIONS.items():
        if name in NEEDS_A_PROGRAM:
            continue
        lines += ["", f"## {name}"]
        of_records = found.family in OF_RECORDS
        reviewed = ("golden-records",) if of_records else {"formats": ("golden-review",)}.get(found.family, REVIEWED)
        for case in map(SENTENCES.__getitem__, reviewed):
            lines += ["", case.text]
            for severity in SEVERITIES:
                variant = found.variant(case, severity, seed=0)
                changed = " ¦ ".join(_messy_texts(variant)).replace("\n", "⏎")
                lines.append(f"{severity}  {changed if variant.changed else '(unchanged)'}")
    return "\n".join(lines) + "\n"


def _messy_texts(variant: Variant) -> list[str]:
    """The texts of a variant that its perturbation changed, or its text where that is all there is to see."""
    changed = [name for name in TEXT_FIELDS if any(edit.field == name for edit in variant.edits)]
    if set(changed) <= {"text"}:
        return [readable(variant.text)]
    if "layout" in changed:
        return [f"{turn['role']}: {said(turn)}" for turn in FRAME.messages(variant.messy)]
    return [f"{name}: {plain(getattr(variant.messy, name))}" for name in changed]


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
    cases = [SENTENCES["golden-review"]] if found.family == "formats" else SENTENCES.values()
    for case in cases:
        mild, strong = (found.variant(case, level, seed=0) for level in (2, 4))
        if strong.changed:
            low, high = ("\n".join(_messy_texts(one)) for one in (mild, strong))
            shown = [f"clean  {_shown(_clean_texts(strong))}", f"@2     {_shown(low)}"]
            if high != low:
                shown.append(f"@4     {_shown(high)}")
            if strong.target is not None:
                shown.append(f"answer {case.target} -> {strong.target}")
            return ["```text", *shown, "```"]
    return ["None of the example sentences has what it changes."]


def _clean_texts(variant: Variant) -> str:
    changed = [name for name in TEXT_FIELDS if any(edit.field == name for edit in variant.edits)]
    if "layout" in changed:
        return "\n".join(f"{turn['role']}: {said(turn)}" for turn in FRAME.messages(variant.case))
    texts = [f"{name}: {getattr(variant.case, name)}" for name in changed if getattr(variant.case, name)]
    return variant.case.text if set(changed) <= {"text"} else "\n".join(texts) or variant.case.text


def _shown(text: str) -> str:
    return text.replace("\n", "\n       ").replace("       \n", "\n")


def reference() -> str:
    """The report of the study that is kept in results/reference, as Markdown."""
    return markdown(analyse(read_results(REFERENCE)))


def pictures() -> None:
    """The reference report in HTML and JSON, and what it looks like in chromium."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    write_report(analyse(read_results(REFERENCE)), REFERENCE)
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, scheme, place in SHOTS:
            context = browser.new_context(viewport={"width": 1366, "height": 768}, color_scheme=scheme)
            page = context.new_page()
            page.goto((REFERENCE / "report.html").as_uri())
            page.wait_for_selector("#browse:not([hidden])")
            if name == "variants":
                page.locator("#by-state").select_option("right to wrong")
            if name == "print":
                page.emulate_media(media="print")
                page.set_viewport_size({"width": 690, "height": 976})
            page.locator(place).evaluate("node => node.scrollIntoView()")
            path = PICTURES / f"{name}.png"
            page.screenshot(path=path)
            Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)
            print(f"wrote {path.relative_to(ROOT)}")
            context.close()
        browser.close()


SHOTS = [
    ("report", "light", "header"),
    ("dark", "dark", "#drop"),
    ("severity", "light", "#severity"),
    ("where", "light", "#where"),
    ("defects", "dark", "#defects"),
    ("variants", "light", "#browse-title"),
    ("fairness", "light", "#fairness"),
    ("print", "light", "header"),
]
"""Pictures of the reference report: name, colour scheme, and the place that is at the top."""


def main(which: str, check: bool) -> int:
    """Writes the file, or says how it differs."""
    if which == "pictures":
        pictures()
        return 0
    known = {
        "golden": (GOLDEN, golden),
        "docs": (CATALOGUE, catalogue),
        "reference": (REFERENCE / "report.md", reference),
    }
    target, content = known[which]
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
