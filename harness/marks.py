"""Marks: how a text field says where a message ends, who speaks next, and that a person sent a picture of the text.

A mark is a few words between two characters that Unicode keeps for the use inside a program and that no text holds
(U+FDD0 and U+FDD1, noncharacters; Unicode 16, section 23.7). Edits put marks in like any other text, so that turns and
screenshots are drawn, nested, stacked and shrunk as a typo is; `Frame.messages` reads them when it makes the messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .errors import CaseError

OPEN, CLOSE = "\ufdd0", "\ufdd1"
"""The characters around a mark."""

_SHOWN = {ord(OPEN): "‹", ord(CLOSE): "›"}
_LOOKS: dict[str, tuple[type[int | float], float, float]] = {
    "scale": (float, 0.3, 2.0),
    "blur": (float, 0.0, 3.0),
    "jpeg": (int, 1, 95),
    "crop": (float, 0.0, 1.0),
    "rotate": (float, -10.0, 10.0),
}
"""What may be done to a picture: its type and range; `pictures.Look` says what it means."""

_MARK = re.compile(
    rf"{OPEN}(?P<name>user|assistant|picture|/picture|{'|'.join(_LOOKS)}|choices|labels|examples|cues|gaps)"
    rf"(?: (?P<value>[\w., -]+))?{CLOSE}"
)


def mark(name: str, value: str = "") -> str:
    """A mark of this name, such as `mark("user")` or `mark("blur", "0.6")`."""
    return f"{OPEN}{name}{f' {value}' if value else ''}{CLOSE}"


USER, ASSISTANT, PICTURE_END = mark("user"), mark("assistant"), mark("/picture")
"""The marks behind which a person's next message, a reply, and what is not in the picture any more begin."""


def readable(text: str) -> str:
    """A text with its marks as a person can read them: `‹user›`."""
    return text.translate(_SHOWN)


def unmarked(text: str) -> str:
    """A text without its marks, a line break where a message ends."""
    return _MARK.sub(lambda hit: "\n" if hit["name"] in ("user", "assistant") else "", text)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a text: its look is the arguments of `pictures.Look` as pairs of name and value."""

    text: str
    look: tuple[tuple[str, str | float | int], ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation: who speaks, and the texts and pictures of it, in order."""

    role: str
    parts: tuple[str | Picture, ...]


def turns(text: str) -> tuple[Turn, ...]:
    """The messages that a marked text is; what comes before the first mark is the person's. Empty ones are left out.

    Only what the person sends is ever in a picture.
    """
    found: list[Turn] = []
    role, parts, look = "user", list[str | Picture](), dict[str, str | float | int]()
    said = ""

    def said_so_far() -> None:
        nonlocal said
        if look and role == "user" and said.strip():
            parts.append(Picture(said.strip(), tuple(look.items())))
        elif said:
            parts.append(said)
        said = ""

    def ended() -> None:
        nonlocal parts
        if any(isinstance(part, Picture) or part.strip() for part in parts):
            found.append(Turn(role, tuple(parts)))
        parts = []

    for plain, name, value in _pieces(text):
        said += plain
        if name in ("user", "assistant"):
            said_so_far()
            ended()
            role = name
        elif name == "picture":
            said_so_far()
            look = _look(value)
        elif name == "/picture":
            said_so_far()
            look = {}
        elif name in _LOOKS and look:
            look[name] = _number(name, value)
    said_so_far()
    ended()
    return tuple(found)


def pictures(text: str) -> tuple[Picture, ...]:
    """The pictures in a marked text."""
    return tuple(part for turn in turns(text) for part in turn.parts if isinstance(part, Picture))


def conversation(history: Sequence[tuple[str, str]]) -> str:
    """Turns, as pairs of role (user, assistant) and content, as one marked text. Raises CaseError for another role."""
    for role, content in history:
        if role not in ("user", "assistant"):
            raise CaseError(f"history: a role must be 'user' or 'assistant', not {role!r}")
        if not content.strip():
            raise CaseError("history: a turn without content cannot be sent")
    return "".join(mark(role) + content for role, content in history)


def layout(text: str) -> dict[str, str]:
    """What a layout field says: the values of its marks by name, the last one of a name counts."""
    return {name: value for _, name, value in _pieces(text) if name}


def _pieces(text: str) -> Iterator[tuple[str, str, str]]:
    """Each stretch of plain text with name and value of the mark behind it, both empty at the end."""
    at = 0
    for hit in _MARK.finditer(text):
        yield text[at : hit.start()], hit["name"], hit["value"] or ""
        at = hit.end()
    yield text[at:], "", ""


def _look(value: str) -> dict[str, str | float | int]:
    """Kind, theme, device and seed, as a picture's mark gives them: `chat dark phone 7`."""
    kind, theme, device, seed = [*value.split(), "", "", "", ""][:4]
    return {"kind": kind, "theme": theme, "device": device, "seed": int(seed) if seed.isdecimal() else 0}


def _number(name: str, value: str) -> float | int:
    make, low, high = _LOOKS[name]
    try:
        return min(max(make(value), make(low)), make(high))
    except ValueError:
        raise CaseError(f"a mark {name!r} needs a number, not {value!r}") from None
