"""What an edit did, in words: "dropping 'not received'", "comma for the decimal point in '3.5'"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from .cases import Edit, Variant
from .marks import OPEN, layout, readable, unmarked

Kind = str

KINDS: dict[Kind, str] = {
    "dropped": "words left out",
    "added": "text added",
    "case": "letter case",
    "blanks": "blanks",
    "number": "another way to write a number",
    "marks": "punctuation",
    "characters": "unusual characters",
    "spelling": "misspelling",
    "order": "words in another order",
    "replaced": "another word",
    "turns": "several messages",
    "picture": "a picture in place of the text",
    "records": "other records",
    "frame": "another frame",
}
"""The kinds of change, and what a list of defects calls them."""

LONGEST = 60
"""Characters of a text that a sentence quotes."""

_ALIKE = 0.5  # of the characters of two words that are taken for one word and its misspelling
_WORD = re.compile(r"[^\W_]")
_PICTURE = frozenset("picture scale blur jpeg crop rotate".split())


@dataclass(frozen=True, slots=True)
class Cause:
    """What one group of edits did: its kind, the clean words that it hit (lower case, may be empty), and a phrase."""

    kind: Kind
    words: str
    phrase: str


def causes(variant: Variant) -> tuple[Cause, ...]:
    """What each group of edits of a variant did, in order of place."""
    return tuple(_cause(variant, [e for e in variant.edits if e.group == group]) for group in variant.groups)


def in_words(found: Sequence[Cause]) -> str:
    """The phrases of several causes as one: "a and b", "a, b and c"."""
    phrases = list(dict.fromkeys(cause.phrase for cause in found))
    return " and ".join([", ".join(phrases[:-1]), phrases[-1]] if len(phrases) > 1 else phrases)


def _cause(variant: Variant, edits: Sequence[Edit]) -> Cause:
    beyond = _beyond_words(variant, edits)
    if beyond:
        return beyond
    parts = [_described(getattr(variant.case, edit.field), edit) for edit in edits]
    if edits[0].field == "context":
        return Cause("records", "", ", ".join(dict.fromkeys(part.phrase for part in parts[:3])))
    if len(parts) == 1:
        return parts[0]
    kinds = {part.kind for part in parts}
    text = getattr(variant.case, edits[0].field)
    if kinds == {"case"}:
        put = "".join(edit.text for edit in edits)
        style = "small letters" if put == put.lower() else "capitals" if put == put.upper() else "other capitals"
        return Cause("case", "", f"{style} in {len(parts)} places")
    was, now = " ".join(text[e.start : e.end] for e in edits).split(), " ".join(e.text for e in edits).split()
    if was and sorted(was) == sorted(now):
        return Cause("order", "", f"moving {_quoted(' '.join(was))}")
    most = max(kinds, key=lambda kind: sum(part.kind == kind for part in parts))
    words = " ".join(dict.fromkeys(part.words for part in parts if part.words))
    shown = list(dict.fromkeys(part.phrase for part in parts))
    more = f" and {len(shown) - 3} more changes" if len(shown) > 3 else ""
    return Cause(most, words, ", ".join(shown[:3]) + more)


def _beyond_words(variant: Variant, edits: Sequence[Edit]) -> Cause | None:
    """What edits did that put marks in: a message ended, the text became a picture, the frame changed."""
    put = "".join(edit.text for edit in edits)
    if edits[0].field == "layout":
        return Cause("frame", "", f"another frame ({readable(put)})")
    if OPEN not in put:
        return None
    if any(name in _PICTURE for name in layout(put)):
        return Cause("picture", "", f"a picture ({readable(put).replace('‹/picture›', '')})")
    said = unmarked(put).strip()
    if said:
        return Cause("turns", "", f"a message more ({_quoted(said)})")
    before = variant.case.text[: edits[0].start].split()
    return Cause("turns", "", f"a message that ends behind {_quoted(' '.join(before[-3:]))}")


def _described(text: str, edit: Edit) -> Cause:
    """One edit, read together with the rest of the words that it cuts into."""
    start, end, inside = edit.start, edit.end, text[edit.start : edit.end] or edit.text
    if edit.start == edit.end and len(edit.text.strip()) > 1 and not edit.text.strip().isalnum():
        return Cause(*_kind_of("", edit.text, ""))
    blank = all(c.isspace() or unicodedata.category(c) == "Cf" for c in inside)
    while start > 0 and (_joins(text[start - 1], inside) or (blank and not text[start - 1].isspace())):
        start -= 1
    while end < len(text) and (_joins(text[end], inside[::-1]) or (blank and not text[end].isspace())):
        end += 1
    before = text[start:end]
    after = text[start : edit.start] + edit.text + text[edit.end : end]
    words = " ".join(re.findall(r"[\w'’.,%$€£-]*\w", before.lower()))
    return Cause(*_kind_of(before, after, words))


def _joins(neighbour: str, inside: str) -> bool:
    """Whether a character belongs to the word that an edit begins or ends in."""
    touches = bool(_WORD.match(inside[:1])) or inside[:1] in "'’.,"
    return bool(inside.strip()) and touches and (bool(_WORD.match(neighbour)) or neighbour in "'’")


def _kind_of(before: str, after: str, words: str) -> tuple[Kind, str, str]:
    was, now = before.strip(), after.strip()
    if not now:
        return _dropped(was, words)
    if not was or (now != was and was in now and not _same_word(was, now)):
        added = now.replace(was, " ", 1).strip() if was else now
        if all(unicodedata.category(c) == "Cf" for c in added):
            return "characters", words, f"an invisible character (U+{ord(added[0]):04X}) in {_quoted(was)}"
        kind = "added" if _WORD.search(added) else "marks"
        return kind, "" if kind == "added" else added, f"adding {_quoted(added)}"
    if "".join(was.split()) == "".join(now.split()):
        more = len(now.split()) - len(was.split())
        how = "running together" if more < 0 else "breaking up" if more else "other blanks in"
        return "blanks", words, f"{how} {_quoted(was)}"
    if was.casefold() == now.casefold():
        return "case", words, f"writing {_quoted(was)} as {_quoted(now)}"
    found = _number(was, now, words)
    if found:
        return found
    foreign = was.isascii() and len(was) == len(now) and any(c.isalpha() and not c.isascii() for c in now)
    if foreign or _plain(was).casefold() == _plain(now).casefold():
        return "characters", words, f"unusual characters in {_quoted(was)} (now {_quoted(now)})"
    if _letters(was) == _letters(now):
        mark = was.replace(now, "", 1) if now in was else ""
        how = f"dropping {_quoted(mark)} from" if mark else "other punctuation in"
        return "marks", words, f"{how} {_quoted(was)}" + ("" if mark else f" (now {_quoted(now)})")
    if sorted(was.casefold().split()) == sorted(now.casefold().split()):
        return "order", words, f"turning {_quoted(was)} into {_quoted(now)}"
    if _same_word(was, now):
        return "spelling", words, f"misspelling {_quoted(was)} as {_quoted(now)}"
    return "replaced", words, f"{_quoted(now)} for {_quoted(was)}"


def _dropped(was: str, words: str) -> tuple[Kind, str, str]:
    if not was:
        return "blanks", "", "other blanks"
    if not _WORD.search(was):
        return "marks", was, f"dropping {_quoted(was)}"
    many = "the words" if len(was.split()) > 1 else "the word"
    return "dropped", words, f"dropping {many} {_quoted(was)}"


def _number(was: str, now: str, words: str) -> tuple[Kind, str, str] | None:
    """Where the digits are the same and only what stands between them is not."""
    digits = re.findall(r"\d", was)
    if (
        not digits
        or digits != re.findall(r"\d", now)
        or _letters(was).strip("0123456789") != _letters(now).strip("0123456789")
    ):
        return None
    if re.search(r"\d\.\d", was) and now == was.replace(".", ","):
        return "number", words, f"comma for the decimal point in {_quoted(was)}"
    return "number", words, f"writing {_quoted(was)} as {_quoted(now)}"


def _same_word(was: str, now: str) -> bool:
    one, other = was.split(), now.split()
    if len(one) != len(other):
        return len(one) + len(other) == 3 and SequenceMatcher(None, was, now, autojunk=False).ratio() >= 0.8
    return all(SequenceMatcher(None, a, b, autojunk=False).ratio() >= _ALIKE for a, b in zip(one, other, strict=True))


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _quoted(text: str) -> str:
    text = " ".join(text.split())
    return f"'{text if len(text) <= LONGEST else text[: LONGEST - 3] + '...'}'"
