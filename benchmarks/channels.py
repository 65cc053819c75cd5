"""One item, many surfaces: what it costs that a request is not typed, not in one message, or not about clean data.

    make channels      (or: roadtest model serve -- python benchmarks/channels.py)

The same items of the suite `records` are asked clean, as text that Tesseract read off a screenshot, as what a speech
service wrote down, in four messages, and with the context as production has it. Every figure is paired with the clean
answer to the same item; the noise floor is that of two clean runs. Writes benchmarks/channels.md. Answers are kept in
results/channels-*, so that a run that was stopped goes on from there, and a second one asks nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path

from roadtest.harness import Analysis, Gate, Plan, Study, System, plan, run_study
from roadtest.harness.journal import RECORDS, read_records
from roadtest.harness.policy import shown
from roadtest.harness.summary import interval
from tabulate import tabulate
from tqdm import tqdm

ITEMS = 100
CHANNELS = {
    "ocr@3": "read off a screenshot: Tesseract's misreadings, fitted",
    "asr@3": "dictated: a speech service's mishearings, fitted",
    "several_messages@3": "four messages in a row",
    "outdated_record+duplicate_records+api_nulls@3": "dirty context: old versions, duplicates and nulls in the records",
}
PAGE = Path(__file__).with_suffix(".md")


class ItemByItem(Plan):
    """A plan that asks all surfaces of an item in a row: the server keeps what their prompts share, which is much.

    A study mixes its calls, so that a provider's drift is not taken for mess; a model on one's own machine has none.
    """

    @cached_property
    def order(self) -> Sequence[int]:
        """The numbers of all calls, by item."""
        return sorted(super().order, key=lambda number: (self.numbering.case_of(number), number))


def measured() -> Analysis:
    """The study, asked as far as its results folder lacks answers."""
    model, url = os.environ.get("ROADTEST_MODEL"), os.environ.get("ROADTEST_MODEL_URL")
    if not model or not url:
        sys.exit("needs a model: roadtest model serve -- python benchmarks/channels.py")
    study = Study(
        name="channels",
        suite="records",
        perturbations=tuple(CHANNELS),
        system=System(model="openai/${ROADTEST_MODEL}", base_url="${ROADTEST_MODEL_URL}", max_tokens=24, concurrency=1),
        gate=Gate(0.05, looks=1),
        items=ITEMS,
        repeats=2,
        shrink=0,
    )
    planned = ItemByItem(**{one.name: getattr(plan(study), one.name) for one in fields(Plan)})
    into = Path("results") / f"channels-{planned.fingerprint}"
    asked = len({record.id for record in read_records(into / RECORDS) if record.reply is not None})
    with tqdm(total=len(planned.order), initial=asked, unit="call", file=sys.stderr) as bar:
        analysis, outcome = run_study(planned, into=into, watch=lambda record: bar.update())
    if not outcome.complete:
        told = outcome.stopped or f"{outcome.failed} calls failed"
        print(f"stopped: {told}; the page holds what is there, and the same command goes on", file=sys.stderr)
    return analysis


def page(analysis: Analysis) -> str:
    """The table and what it rests on."""
    rows = [
        {
            "channel": CHANNELS[claim.name],
            "perturbation": f"`{claim.name}`",
            "items": claim.drop.items if claim.drop else 0,
            "clean %": interval(claim.clean),
            "this way %": interval(claim.messy),
            "drop, points [95% interval]": interval(claim.drop),
        }
        for claim in analysis.claims
    ]
    versions = analysis.results.versions
    asked = analysis.clean.items if analysis.clean else 0
    floor = shown(analysis.noise_floor) if analysis.noise_floor else "not measured"
    return "\n".join(
        [
            "# One item, many surfaces",
            "",
            "Written by `make channels`; do not edit.",
            "",
            *(
                [
                    f"**Not finished: {analysis.calls} of {analysis.planned} calls; `make channels` goes on.**",
                    "",
                ]
                if analysis.calls < analysis.planned
                else []
            ),
            f"The same {ITEMS} items of the suite `records` on the embedded model {analysis.results.system}, each",
            "compared with its own clean answer. Severity 3 is the 90th percentile of real messages where a corpus was",
            "fitted (OCR, speech), else a step. The intervals are those of each row alone.",
            "",
            tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True),
            "",
            f"Clean accuracy {interval(analysis.clean)} % over {asked} items, two answers each; {floor} % of",
            f"answers flip between two clean runs. {analysis.calls} calls, {analysis.prompt_tokens:,} tokens in.",
            f"roadtest {versions.get('roadtest', '?')}, xllamacpp {versions.get('xllamacpp', '?')}, temperature 0, one",
            "call at a time. The model sees text only, so that a screenshot as a picture is not among the rows.",
            "",
        ]
    )


if __name__ == "__main__":
    found = page(measured())
    PAGE.write_text(found, encoding="utf-8", newline="\n")
    print(found)
