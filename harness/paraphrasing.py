"""Paraphrases by a model, frozen to a file and reviewed before they count."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ..perturbations.bridges import paraphrases
from ..perturbations.guard import findings
from .cases import Case
from .errors import EndpointError, StudyError
from .litellm_road import LiteLLM

_INSTRUCTION = (
    "Rewrite the user's message the way a hurried customer would put it in other words. Keep every number, name, date, "
    "code, unit and negation exactly as it is, ask for the same thing, answer nothing. Reply with the message alone."
)


def paraphrase(
    cases: Sequence[Case], endpoint: LiteLLM, path: Path, watch: Callable[[Case, str], None] = lambda case, why: None
) -> int:
    """Asks for one paraphrase of each case that the file does not hold yet, and appends it; gives how many were new.

    What the guard rejects is kept with review "refused" and its reason; the rest has review "" until a person signs.
    Raises StudyError where the endpoint fails.
    """
    known = {row["case"] for row in rows(path)}
    new = 0
    for case in cases:
        if case.id in known or not case.text.strip():
            continue
        messages = ({"role": "system", "content": _INSTRUCTION}, {"role": "user", "content": case.text})
        try:
            reply = asyncio.run(endpoint(messages))
        except EndpointError as failure:
            raise StudyError(f"paraphrasing {case.id!r}: {failure}; what is there is kept, run it again") from None
        text = reply.text.strip().strip('"').strip()
        wrong = findings(case, replace(case, text=text)) if text else ("the model said nothing",)
        row = {"case": case.id, "clean": case.text, "text": text, "review": "refused" if wrong else "", "by": ""}
        if wrong:
            row |= {"why": "; ".join(wrong), "by": "guard"}
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
        watch(case, row.get("why", ""))
        new += 1
    return new


def rows(path: Path) -> list[dict[str, str]]:
    """The lines of a file of paraphrases; empty where there is none. Raises StudyError for a broken line."""
    return paraphrases(path) if path.exists() else []


def unread(path: Path) -> Iterator[dict[str, str]]:
    """The paraphrases that wait for a person."""
    return (row for row in rows(path) if not row["review"])


def review(path: Path, case: str, accepted: bool, reader: str) -> None:
    """Signs one paraphrase: the file is written anew beside itself and then put in its place."""
    found = rows(path)
    for row in found:
        if row["case"] == case:
            row |= {"review": "accepted" if accepted else "refused", "by": reader}
    fresh = path.with_name(path.name + ".new")
    fresh.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found), encoding="utf-8")
    fresh.replace(path)
