"""An audit: which variants a person is shown, and where the answer is kept. [validity]"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from .answers import ANSWERED, CLEAN, Answers
from .cases import Variant
from .readings import AUDIT, statements
from .results import Results
from .seeds import stream

QUOTA = {"10": 60, "11": 60, "00": 20, "01": 20, "none": 60}
"""How many variants a perturbation are read in each cell of clean and messy answer right (1) or wrong (0)."""


def sample(results: Results, answers: Answers, size: int | None = None, condition: str = "") -> list[int]:
    """The rows of the variants to be read, in an order in which any first part is balanced too. [validity]

    The strata are the conditions and, inside each, the cells of clean and messy answer, because an invalid variant
    counts most where the answer flipped; variants without an answer are a stratum of their own.
    """
    clean = answers.condition == CLEAN
    answered = answers.status == ANSWERED
    count = np.bincount(answers.item[clean & answered], minlength=len(results.cases))
    right = np.bincount(
        answers.item[clean & answered], weights=answers.score[clean & answered], minlength=len(results.cases)
    )
    strata: dict[tuple[int, str], list[int]] = {}
    for row in np.flatnonzero(answers.changed & answers.same & ~clean):
        at, item = int(answers.condition[row]), answers.item[row]
        name = results.conditions[at]
        if condition and condition not in (name, name.rpartition("@")[0]):
            continue
        cell = "none"
        if answered[row] and count[item]:
            cell = f"{right[item] / count[item] >= 0.5:d}{answers.score[row] >= 0.5:d}"
        strata.setdefault((at, cell), []).append(int(row))
    ranked: list[tuple[float, int]] = []
    for (at, cell), rows in strata.items():
        stream(results.seed, "audit", at, cell).shuffle(rows)
        ranked += [((place + 0.5) / QUOTA[cell], row) for place, row in enumerate(rows[: QUOTA[cell]])]
    return [row for _, row in sorted(ranked)][:size]


def to_read(
    results: Results, answers: Answers, size: int | None, reader: str, condition: str = ""
) -> Iterator[Variant]:
    """The variants of the sample that this reader has not judged yet."""
    known = statements(results.folder / AUDIT, "valid")
    for row in sample(results, answers, size, condition):
        variant = results.variant_at(int(answers.variant[row]))
        if reader not in known.get(variant.id, {}):
            yield variant


def sign(results: Results, variant: Variant, valid: bool, reader: str) -> None:
    """Adds who found what of which variant, and when, to `audit.jsonl`; on disk before it returns."""
    row = {
        "id": variant.id,
        "valid": valid,
        "by": reader,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "edits": [[edit.start, edit.end, edit.text] for edit in variant.edits],
    }
    with (results.folder / AUDIT).open("ab") as file:
        file.write(json.dumps(row, ensure_ascii=True).encode("ascii") + b"\n")
        file.flush()
        os.fsync(file.fileno())
