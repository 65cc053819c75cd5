"""What people said of variants and of answers, and what that changes about a claim. [validity] [judges]"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .answers import CLEAN, Answers, Flags
from .errors import ResultsError
from .judging import Evidence
from .pairs import Pairs, Scores
from .results import Results
from .statistics import Estimate, Floats
from .validity import FEWEST_KAPPA, Cells, audited_drop, invalid_share, judged_drop, kappa

AUDIT, LABELS = "audit.jsonl", "labels.jsonl"
"""Files of a results folder in which people say whether variants are valid, and what answers are worth."""


def gathered(results: Results, answers: Answers, scores: Scores) -> dict[str, Evidence]:
    """What an audit of variants or human labels of answers change about each condition; empty where there is neither.

    `audit.jsonl` holds `{"id": variant id, "valid": true, "by": reader}` a line, `labels.jsonl`
    `{"id": request id, "score": 0 to 1, "by": reader}`.
    """
    audit, labels = statements(results.folder / AUDIT, "valid"), statements(results.folder / LABELS, "score")
    if not audit and not labels:
        return {}
    row_of = _rows_of(results, (*audit, *labels))
    stray = next((key for key in (*audit, *labels) if key not in row_of), None)
    if stray is not None:
        raise ResultsError(f"{results.folder}: {AUDIT} or {LABELS} names {stray!r}, which the study never asked")
    found: dict[str, Evidence] = {}
    for at, name in enumerate(scores.messy):
        rows = (answers.condition == at) & answers.changed & answers.same
        audited = {row_of[key]: said for key, said in audit.items() if rows[row_of[key]]}
        if audited:
            found[name] = _audited(answers, scores, rows, audited)
        human = {row_of[key]: float(np.mean(list(said.values()))) for key, said in labels.items()}
        if any(rows[row] for row in human):
            found[name] = _labelled(answers, scores, rows, human)
    return found


def signed(results: Results) -> tuple[int, ...]:
    """The rows of the variants that every reader of the audit found valid."""
    audit = statements(results.folder / AUDIT, "valid")
    if not audit:
        return ()
    row_of = _rows_of(results, audit)
    return tuple(row_of[key] for key, said in audit.items() if key in row_of and min(said.values()) >= 1)


def _audited(answers: Answers, scores: Scores, rows: Flags, audited: Mapping[int, dict[str, float]]) -> Evidence:
    valid = np.full(len(answers.item), np.nan)
    for row, said in audited.items():
        valid[row] = float(min(said.values()) >= 1)  # one reader who doubts it is enough
    twice = [list(said.values())[:2] for said in audited.values() if len(said) >= 2]
    agreed = kappa([one for one, _ in twice], [other for _, other in twice]) if twice else math.nan
    blocked = f"two readers of the audit agree too little (kappa {agreed:.2f})" if agreed < FEWEST_KAPPA else ""
    clean = scores.clean.mean()
    used = rows & answers.answered & ~np.isnan(clean[answers.item])

    def corrected(pairs: Pairs) -> Estimate:
        kept = np.flatnonzero(used & np.isin(answers.item, pairs.items))
        item = answers.item[kept]
        cells = Cells(item, clean[item], answers.score[kept], valid[kept])
        basis: Any = {"draws": scores.draws, "repeats": scores.repeats}
        try:
            return audited_drop(cells, level=pairs.level, **basis)
        except ValueError:  # all that was read is invalid: as if nothing had been read, which leaves it open
            unread = replace(cells, valid=np.full(len(kept), np.nan))
            return audited_drop(unread, level=pairs.level, **basis)

    kept = np.flatnonzero(used)
    if not blocked and np.any(used & (valid == 0)) and not np.any(used & (valid == 1)):
        blocked = "the audit found no valid variant yet; read more of them"
    share = invalid_share(Cells(answers.item[kept], clean[answers.item[kept]], answers.score[kept], valid[kept]))
    return Evidence(drop=corrected, invalid=share, blocked=blocked)


def _labelled(answers: Answers, scores: Scores, rows: Flags, human: Mapping[int, float]) -> Evidence:
    """People's scores against the scorer's, on the items that have them in both conditions."""
    said = np.full(len(answers.item), np.nan)
    for row, value in human.items():
        said[row] = value

    def by_item(at: Flags, values: Floats) -> Floats:
        known = at & ~np.isnan(values)
        count = np.bincount(answers.item[known], minlength=len(scores.looks))
        total = np.bincount(answers.item[known], weights=values[known], minlength=len(scores.looks))
        return np.asarray(total / np.where(count > 0, count, np.nan))

    people = by_item(answers.condition == CLEAN, said) - by_item(rows, said)
    name = next(name for at, name in enumerate(scores.messy) if np.any(rows & (answers.condition == at)))
    judge_drop = scores.clean.mean() - scores.messy[name].mean()

    def corrected(pairs: Pairs) -> Estimate:
        inside = np.isin(np.arange(len(people)), pairs.items)
        both, rest = inside & ~np.isnan(people), inside & np.isnan(people)
        return judged_drop(people[both], judge_drop[both], judge_drop[rest], level=pairs.level)

    return Evidence(drop=corrected, labelled=int(np.sum(~np.isnan(people))))


def statements(path: Path, key: str) -> dict[str, dict[str, float]]:
    """What each reader said of each id; the last word of a reader counts."""
    found: dict[str, dict[str, float]] = {}
    if not path.exists():
        return found
    for at, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            value = float(row[key])
            if not 0 <= value <= 1:
                raise ValueError(f"{key} must lie between 0 and 1")
            found.setdefault(str(row["id"]), {})[str(row.get("by", ""))] = value
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            expected = f'{{"id": ..., "{key}": ..., "by": ...}}'
            raise ResultsError(f"{path}, line {at}: expected {expected} ({error})") from error
    return found


def _rows_of(results: Results, ids: Iterable[str]) -> dict[str, int]:
    """The rows of these ids, as far as the study has them."""
    found = {one: results.numbering.number_of(one) for one in ids}
    return {one: row for one, row in found.items() if row is not None}
