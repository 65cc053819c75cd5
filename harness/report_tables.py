"""The report as tables: a row a claim, and a row a call, in CSV and Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .analysis import Analysis, Claim
from .errors import ResultsError
from .escaping import cell
from .gate import of_the_frame
from .records import PARQUET, compile_records

CLAIMS, RECORDS_CSV = "claims", "records.csv"
"""The names of the tables; the claims come as `.csv` or `.parquet`."""

TEXTS = ("text", "target", "answer", "message")
"""Columns of the table of calls that hold words of a user or of the system."""

_ESTIMATES = "drop relative clean messy lost gained excess worst excess_worst agreement corrected invalid".split()
_AT_ONCE = 20_000  # rows in memory


def write_tables(analysis: Analysis, folder: Path, form: str, *, texts: bool = True) -> list[Path]:
    """Writes the two tables as "csv" or "parquet" into a folder, and gives their paths.

    In CSV a text that a spreadsheet would take for a formula has a quotation mark before it. Without `texts` the
    columns of TEXTS are left out. Raises ResultsError where a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        claims = folder / f"{CLAIMS}.{form}"
        table = claims_table(analysis)
        if form == "csv":
            _guarded(table).to_csv(claims, index=False, lineterminator="\n")
        else:
            table.to_parquet(claims, index=False)
        left_out = () if texts else TEXTS
        calls = compile_records(analysis.results, analysis.answers, folder / PARQUET, leave_out=left_out)
        if form == "csv":
            calls = _as_csv(calls, folder / RECORDS_CSV, keep=folder.resolve() == analysis.results.folder.resolve())
    except OSError as error:
        raise ResultsError(f"{folder}: cannot be written: {error.strerror or error}") from error
    return [claims, calls]


def claims_table(analysis: Analysis) -> Any:
    """A pandas table with a row a claim: fractions, unrounded, each estimate with its limits."""
    import pandas as pd

    return pd.DataFrame([_row(claim) for claim in analysis.claims])


def _row(claim: Claim) -> dict[str, Any]:
    row: dict[str, Any] = {
        "claim": claim.name,
        "perturbation": claim.perturbation,
        "severity": claim.severity,
        "mess": "frame" if of_the_frame(claim.name) else "users",
        "verdict": str(claim.decision.verdict) if claim.decision else None,
        "reason": claim.decision.reason if claim.decision else None,
        "items": claim.drop.items if claim.drop else 0,
        "unchanged": claim.unchanged,
        "rejected": claim.rejected,
        "no_answer": claim.missing,
        "not_asked": claim.waiting,
        "no_effect_p": claim.no_effect,
    }
    for name in _ESTIMATES:
        estimate = getattr(claim, name)
        for part in ("value", "low", "high"):
            row[name if part == "value" else f"{name}_{part}"] = getattr(estimate, part) if estimate else None
    return row


def _guarded(table: Any) -> Any:
    """The table with texts that no spreadsheet takes for formulas; numbers stay numbers."""
    for name in table.columns:
        if table[name].dtype == object or str(table[name].dtype).startswith("str"):
            table[name] = table[name].map(lambda value: cell(value) if isinstance(value, str) else value)
    return table


def _as_csv(parquet: Path, path: Path, *, keep: bool) -> Path:
    """The table of calls as CSV, piece by piece; the Parquet file goes unless it is the results folder's own."""
    from pyarrow.parquet import ParquetFile

    draft = path.with_name(path.name + ".part")
    with draft.open("w", encoding="utf-8", newline="") as file:
        for number, batch in enumerate(ParquetFile(parquet).iter_batches(_AT_ONCE)):
            _guarded(batch.to_pandas()).to_csv(file, index=False, header=number == 0, lineterminator="\n")
    draft.replace(path)
    if not keep:
        parquet.unlink()
    return path
