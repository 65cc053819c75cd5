"""The answers as one flat table in Parquet, for pandas, DuckDB and friends."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from .answers import Answers
from .cases import apply_edits
from .errors import ResultsError
from .journal import record_at
from .results import Results

PARQUET = "records.parquet"
"""The name of the table in a results folder."""

_AT_ONCE = 2_000  # rows in memory

_COLUMNS = {
    "id": "string",
    "case": "string",
    "condition": "string",
    "perturbation": "string",
    "severity": "int8",
    "draw": "int16",
    "effect": "string",
    "validity": "string",
    "text": "string",
    "target": "string",
    "answer": "string",
    "outcome": "string",
    "score": "float64",
    "failure": "string",
    "message": "string",
    "of": "string",
    "finish": "string",
    "model": "string",
    "prompt_tokens": "int64",
    "completion_tokens": "int64",
    "cost": "float64",
    "seconds": "float64",
    "first_token": "float64",
    "attempts": "int32",
    "at": "string",
}


def compile_records(
    results: Results, answers: Answers, path: Path | None = None, *, leave_out: Collection[str] = ()
) -> Path:
    """Writes `records.parquet`: one row a call that was asked, or shares the answer of one that was.

    It goes into the results folder, or to `path`; the columns of `leave_out` are left out.

    `text` is what the person sent, `target` the right answer to it, `outcome` and `score` what the study's scorer says.
    Empty cells are null. Raises ResultsError where it cannot be written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([(name, getattr(pa, kind)()) for name, kind in _COLUMNS.items() if name not in leave_out])
    path = path or results.folder / PARQUET
    draft = path.with_name(path.name + ".part")
    rows = _rows(results, answers)
    try:
        pa.set_memory_pool(pa.system_memory_pool())  # the others keep a hundred megabytes in hand
        with parquet.ParquetWriter(draft, schema, compression="zstd") as writer:
            while chunk := list(islice(rows, _AT_ONCE)):
                writer.write_table(pa.Table.from_pylist(chunk, schema=schema))
        draft.replace(path)
    except OSError as error:
        raise ResultsError(f"{path}: cannot be written: {error.strerror or error}") from error
    return path


def _rows(results: Results, answers: Answers) -> Iterator[dict[str, Any]]:
    cases = list(results.cases.values())
    for row in np.flatnonzero(answers.record >= 0):
        record = record_at(results.journal, int(answers.record[row]))
        case = cases[answers.item[row]]
        found: dict[str, Any] = {"condition": "clean", "text": case.text, "target": case.target, "severity": 0}
        if answers.variant[row] >= 0:
            variant = results.variant_at(int(answers.variant[row]))
            edits = [edit for edit in variant.edits if edit.field == "text"]
            found = {
                "condition": variant.condition,
                "perturbation": variant.perturbation,
                "severity": variant.severity,
                "effect": variant.effect,
                "validity": variant.validity,
                "text": apply_edits(case.text, edits),
                "target": case.target if variant.effect == "same" else variant.target,
            }
        found |= {
            "id": record.id,
            "case": case.id,
            "draw": int(answers.draw[row]),
            "outcome": answers.kinds[answers.kind[row]],
            "failure": record.failure or None,
            "message": record.message or None,
            "of": record.of or None,
            "at": record.at,
        }
        if record.reply is not None:
            reply = record.reply
            found |= {"answer": reply.text, "score": float(answers.score[row])}
            for name in "finish model prompt_tokens completion_tokens cost seconds first_token attempts".split():
                found[name] = getattr(reply, name)
        yield {name: _valid(value) for name, value in found.items()}


def _valid(value: Any) -> Any:
    """Text as Parquet can hold it: a lone surrogate of an answer becomes a question mark."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
