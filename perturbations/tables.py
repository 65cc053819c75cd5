"""The fitted tables beside this file: tab-separated text whose first lines, marked #, name source and licence."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "fitted"


@cache
def rows(name: str) -> tuple[tuple[str, ...], ...]:
    """The rows of `fitted/<name>.tsv`, comments and empty lines left out."""
    lines = (FOLDER / f"{name}.tsv").read_text(encoding="utf-8").split("\n")
    return tuple(tuple(line.split("\t")) for line in lines if line and not line.startswith("# "))
