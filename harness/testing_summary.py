"""What the pytest plugin shows when a session ends: a table, and what GitHub Actions understands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .escaping import inline, plain

Row = dict[str, str]


def table(rows: Sequence[Row], form: str = "simple") -> str:
    """The degradation table, a row a perturbation and test; equal rows of several tests stand once."""
    from tabulate import tabulate

    cell = plain if form == "simple" else inline
    shown = [
        {
            "study": cell(row["study"]),
            "claim": cell(row["claim"]),
            "items": row["items"],
            "clean %": row["clean"],
            "messy %": row["messy"],
            "drop, points": f"{row['drop']} [{row['low']}, {row['high']}]" if row["drop"] else "-",
            "verdict": row["verdict"],
        }
        for row in {(row["study"], row["claim"]): row for row in rows}.values()
    ]
    text: str = tabulate(shown, headers="keys", tablefmt=form, disable_numparse=True)
    return text


def step_summary(rows: Sequence[Row]) -> str:
    """The table as Markdown, for $GITHUB_STEP_SUMMARY."""
    return f"## roadtest\n\n{table(rows, 'github')}\n"


def workflow_commands(rows: Sequence[Row], inconclusive_passes: bool) -> Iterator[str]:
    """A workflow command for each claim that is not GO: an error, or a warning where it does not fail the run."""
    for row in rows:
        if row.get("failed") and row["verdict"] not in ("GO", "no claim"):
            level = "warning" if row["verdict"] == "INCONCLUSIVE" and inconclusive_passes else "error"
            drop = (
                f"{row['test']}: drop {row['drop']} [{row['low']}, {row['high']}] points"
                if row["drop"]
                else row["test"]
            )
            title = f"{row['verdict']}: {row['claim']}"
            path = row["test"].partition("::")[0]
            yield f"::{level} file={_key(path)},title={_key(title)}::{_text(drop)}"


def _text(text: str) -> str:
    return plain(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _key(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")
