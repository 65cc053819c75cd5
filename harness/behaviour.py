"""What a reply can do where no answer is right, and what a judge said of the replies of a results folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, get_args

from .errors import ResultsError

Reaction = Literal["asked back", "named the conflict", "declined", "answered anyway"]
"""What a reply does where an answer would be wrong; all but the last are right."""

ASKED, CONFLICT, DECLINED, ANSWERED = get_args(Reaction)

JUDGE = "judge.jsonl"
"""The journal of a judge's answers in a results folder."""

JUDGED = "judged.jsonl"
"""The file of a results folder in which a judge's readings of replies are kept."""


def judged(folder: Path) -> dict[str, Reaction]:
    """What a judge said of the replies in a results folder, by request id; the last reading of each counts.

    Raises ResultsError, with file and line, for what is no reading.
    """
    path = folder / JUDGED
    if not path.exists():
        return {}
    found: dict[str, Reaction] = {}
    for at, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
            name, said = row["id"], row["reaction"]
        except (ValueError, KeyError, TypeError) as error:
            raise ResultsError(f"{path}, line {at}: not a judge's reading ({error!r})") from error
        if said not in get_args(Reaction):
            raise ResultsError(f"{path}, line {at}: no reaction called {said!r}")
        found[str(name)] = said
    return found
