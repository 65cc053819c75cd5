"""Tab-separated text: the fitted tables beside this file, and the corpora of pairs that they are fitted to."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "fitted"


@cache
def rows(name: str) -> tuple[tuple[str, ...], ...]:
    """The rows of `fitted/<name>.tsv`; comments, which name source and licence, and empty lines left out."""
    lines = (FOLDER / f"{name}.tsv").read_text(encoding="utf-8").split("\n")
    return tuple(tuple(line.split("\t")) for line in lines if line and not line.startswith("# "))


_ESCAPES = {"t": "\t", "n": "\n", "r": "\r"}


def unescape(field: str) -> str:
    """The text that a field of a corpus stands for: tab, newline, return and backslash are written as in C."""
    return re.sub(r"\\[\\tnr]", lambda code: _ESCAPES.get(code[0][1], "\\"), field)


def changed_pairs(path: Path, only: str | None = None) -> list[tuple[str, str]]:
    """The pairs of a corpus, `clean<TAB>noisy`, that differ; of "even" or "odd" lines (counted from 0) if so wished."""
    pairs = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n")):
        if line and (only is None or number % 2 == (only == "odd")):
            clean, noisy = map(unescape, line.split("\t"))
            if clean != noisy:
                pairs.append((clean, noisy))
    return pairs
