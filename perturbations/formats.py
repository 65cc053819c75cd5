"""The study's own mess: the same task under another order of choices, other labels, another template or other examples.

No user writes any of it. It shows how far a figure hangs on how the benchmark is asked, and is reported apart from what
users do. The edits are marks in the `layout` of a case, which `frames.Frame` reads; a frame that has no place for one
is left as it is, and the variant counts as unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from ..harness.cases import Case, Edit
from ..harness.frames import CUES, GAPS, LABELS
from ..harness.marks import mark
from .perturbation import ALWAYS, Proposal, perturbation

_ONCE = "a frame has it or not, so that the severities are one"
_FORMATS = "what is varied follows Sclar et al. 2024 (FormatSpread, arXiv 2310.11324); the forms are ours"


def _laid_out(name: str, value: str) -> Edit:
    return Edit(0, 0, mark(name, value), field="layout")


@perturbation(
    "choice_order",
    rates=ALWAYS,
    measure="cases with choices",
    source=f"after Zheng et al. 2024 (arXiv 2309.03882); {_ONCE}",
    proof="the same choices, in another order, wherever the frame lists them",
)
def choice_order(case: Case, rng: Random) -> Iterator[Proposal]:
    """The choices are listed in another order; new labels, if there are any, follow their places."""
    size = len(case.choices)
    if size > 1:
        order = list(range(size))
        while order == list(range(size)):
            rng.shuffle(order)
        yield -1.0, _laid_out("choices", ",".join(map(str, order)))


@perturbation(
    "choice_labels",
    rates=ALWAYS,
    measure="cases with choices",
    source=f"after Zheng et al. 2024 (arXiv 2309.03882); {_ONCE}",
    proof="each choice gets a letter or a number, told beside its name; an answer by either counts",
)
def choice_labels(case: Case, rng: Random) -> Iterator[Proposal]:
    """The choices are answered by a letter or a number, unless one of them reads like that; the right one follows."""
    words = {word.casefold() for choice in (*case.choices, *case.aliases) for word in re.findall(r"\w+", choice)}
    kinds = [kind for kind, (_, names) in sorted(LABELS.items()) if words.isdisjoint(name.casefold() for name in names)]
    if kinds and 1 < len(case.choices) <= min(len(LABELS[kind][1]) for kind in kinds):
        yield -1.0, _laid_out("labels", rng.choice(kinds))


@perturbation(
    "template_cues",
    rates=ALWAYS,
    measure="frames with cue words",
    source=f"{_FORMATS}; {_ONCE}",
    proof="the words around the case stay; the marks and the letter case of its cue words change",
)
def template_cues(case: Case, rng: Random) -> Iterator[Proposal]:
    """The cue words of the template are written otherwise, in the examples too: QUESTION:, Question -, [Question]."""
    yield -1.0, _laid_out("cues", ",".join(rng.sample(sorted(CUES), len(CUES))))


@perturbation(
    "template_gaps",
    rates=ALWAYS,
    measure="frames with cue words",
    source=f"{_FORMATS}; {_ONCE}",
    proof="the words around the case stay; the line ends before its cue words change",
)
def template_gaps(case: Case, rng: Random) -> Iterator[Proposal]:
    """The parts of the template stand closer together or further apart, in the examples too."""
    yield -1.0, _laid_out("gaps", ",".join(rng.sample(sorted(GAPS), len(GAPS))))


@perturbation(
    "example_order",
    rates=ALWAYS,
    measure="frames with examples",
    source=f"after Lu et al. 2022 (arXiv 2104.08786); {_ONCE}",
    proof="the same examples, in another order",
)
def example_order(case: Case, rng: Random) -> Iterator[Proposal]:
    """The few-shot examples come in another order."""
    yield -1.0, _laid_out("examples", str(rng.randrange(1_000_000)))
