"""Answers questions about orders from their records: JSON lines first, then the question."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence

FIELDS = {
    "status": ("status", "state", "progress", "stage"),
    "total": ("total", "cost", "costs", "price", "amount", "pay", "paid"),
    "city": ("city", "town", "where", "place", "going"),
    "due": ("due", "date", "arrive", "arrives", "delivered", "delivery", "when"),
    "items": ("items", "pieces", "many", "things", "count"),
}
"""The fields of a record, and the words with which people ask for them."""

_WORDS = {word: field for field, words in FIELDS.items() for word in words}


def field_of(question: str) -> str:
    """The field that a question asks for: by the first word that is one of ours, or much like one."""
    words = re.findall(r"[a-z]+", question.lower())
    for cutoff in (1.0, 0.75):
        for word in words:
            close = difflib.get_close_matches(word, _WORDS, 1, cutoff) if len(word) > 2 else []
            if close:
                return _WORDS[close[0]]
    return ""


def answer(messages: Sequence[Mapping[str, str]]) -> str:
    """The value that is asked for, or a question back."""
    records, _, question = messages[-1]["content"].partition("\n\nQuestion: ")
    orders = {str(one["order"]): one for one in map(json.loads, records.splitlines())}
    number = next((found for found in re.findall(r"\d+", question) if found in orders), "")
    field = field_of(question)
    if not number or not field:
        return "Which order, and what about it?"
    return str(orders[number][field])
