"""Texts that were not written by us, made harmless for where they are shown."""

from __future__ import annotations

import re

from .marks import readable

LONGEST = 4000
"""Characters of a text that a report shows; a longer one is cut, and says so."""

_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff"
    r"\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)


def plain(text: str) -> str:
    """Text that can do nothing to a terminal or a page: control, bidi and other invisible characters are escaped.

    Marks of turns and pictures read `‹user›`.
    """
    return _UNSEEN.sub(lambda hit: f"\\u{ord(hit[0]):04x}", readable(text))


def inline(text: str) -> str:
    """One line of Markdown that reads as the text itself: no link, no HTML, no table cell can come of it."""
    escaped = re.sub(r"([\\`*_\[\]<>|#&!~$])", r"\\\1", plain(" ".join(text.split())))
    return re.sub(r"(?i)\b(https?|ftp|www)(?=[:.])", r"\1\\", escaped)  # nor of a bare address


def fence(text: str) -> list[str]:
    """The lines of a code block that the text inside cannot close."""
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return [f"{ticks}text", *(plain(line) for line in text.splitlines()), ticks]


def cell(text: str) -> str:
    """Text for a spreadsheet: nothing in it is taken for a formula. A quotation mark goes before what would be."""
    return f"'{text}" if text.lstrip(" \t\r\n").startswith(("=", "+", "-", "@", "|", "%")) else text


def clipped(text: str, most: int = LONGEST) -> str:
    """The beginning of a long text, with the number of characters that are left out."""
    return text if len(text) <= most else f"{text[:most]} ... ({len(text) - most:,} more characters)"
