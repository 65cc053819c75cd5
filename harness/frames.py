"""The frame of a study: what it puts around a case, and how the two become the messages that are sent."""

from __future__ import annotations

import base64
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

from .cases import Case
from .errors import CaseError
from .marks import OPEN, Picture, Turn, layout, turns
from .seeds import stream

Message = dict[str, Any]
"""One chat turn: `role` and `content`.

The content is text, or where a picture is in it a list of parts as OpenAI's format has them: `{"type": "text", "text":
...}` and `{"type": "image_url", "image_url": {"url": "data:image/png;base64,..."}}`.
"""

CUES: dict[str, Callable[[str], str]] = {
    "capitals": lambda cue: f"{cue.upper()}: ",
    "lower": lambda cue: f"{cue.lower()}: ",
    "dash": lambda cue: f"{cue} - ",
    "double": lambda cue: f"{cue}:: ",
    "line": lambda cue: f"{cue}:\n",
    "brackets": lambda cue: f"[{cue}] ",
    "bare": lambda cue: f"{cue} ",
}
"""How a cue word of the template, such as `Question:`, can be written otherwise, by the value of the mark `cues`."""

GAPS = {"line": "\n", "blank": "\n\n", "space": " ", "bar": " | "}
"""What can stand before a cue word in place of the template's line ends, by the value of the mark `gaps`."""

LABELS: dict[str, tuple[str, Sequence[str]]] = {
    "letters": ("letter", string.ascii_uppercase),
    "numbers": ("number", tuple(map(str, range(1, 27)))),
}
"""What choices can be renamed to, by the value of the mark `labels`: what one is called, and the names in order."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a study puts around a case: instructions, few-shot examples, and a template for the case's own turn.

    `{text}`, `{context}`, `{choices}` and the names of slots are filled in; other braces stand for themselves.
    `examples` are pairs of (user turn, assistant turn) and come before the case, so that a server can keep them cached.
    A case's `layout` can change all three; see `formats` among the perturbations.
    """

    system: str = ""
    template: str = "{text}"
    examples: tuple[tuple[str, str], ...] = ()

    def messages(self, case: Case) -> tuple[Message, ...]:
        """The chat turns to send for a case: system, examples, the case's history, and what the person sends now.

        Marks in the text end a message or make a picture of it (see `marks`); what the template puts before and behind
        the text goes with its first and last message. Raises CaseError for a place in the template that the case cannot
        fill, and for a picture of what cannot be drawn.
        """
        own = {"text": case.text, "context": case.context, "choices": ", ".join(case.choices)}
        clash = [name for name in case.slots if name in own]
        if clash:  # a slot called text would stand in for the messy text, and nothing would ever fall
            raise CaseError(f"case {case.id!r} has a slot called {clash[0]!r}, which is a place of its own; rename it")
        laid = self
        if case.layout:
            laid, own["choices"] = _laid_out(self, case)
        values = {**own, **case.slots}

        def fill(place: re.Match[str]) -> str:
            name = place[1]
            if name not in values:
                raise CaseError(
                    f"the template has a place {{{name}}}, but case {case.id!r} has only {', '.join(sorted(values))}"
                )
            return values[name]

        said: list[Message] = [{"role": "system", "content": laid.system}] if laid.system else []
        for question, answer in laid.examples:
            said += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        if case.history:
            said += [_message(turn) for turn in turns(case.history)]
        now = re.sub(r"\{(\w+)\}", fill, laid.template)
        if OPEN not in now:
            return (*said, {"role": "user", "content": now})
        messages = turns(now)
        return (*said, *(_message(turn, at == 0, at == len(messages) - 1) for at, turn in enumerate(messages)))


def _message(turn: Turn, first: bool = False, last: bool = False) -> Message:
    """A turn as it is sent; blanks beside marks are taken off, those of the template at both ends of the whole kept."""
    if not any(isinstance(part, Picture) for part in turn.parts):
        text = "".join(part for part in turn.parts if isinstance(part, str))
        text = text if first else text.lstrip()
        return {"role": turn.role, "content": text if last else text.rstrip()}
    parts: list[dict[str, Any]] = []
    for part in turn.parts:
        if isinstance(part, Picture):
            parts.append({"type": "image_url", "image_url": {"url": _data_url(part)}})
        elif part.strip():
            parts.append({"type": "text", "text": part.strip()})
    return {"role": turn.role, "content": parts}


@lru_cache(maxsize=64)  # the same picture is asked for when the call is planned, made and recorded
def _data_url(picture: Picture) -> str:
    return "data:image/png;base64," + base64.b64encode(drawn(picture)).decode("ascii")


def drawn(picture: Picture) -> bytes:
    """The picture as PNG. Raises CaseError for what cannot be drawn."""
    from .pictures import Look, draw

    look: dict[str, Any] = dict(picture.look)
    return draw(picture.text, Look(**look)).png


def said(message: Mapping[str, Any]) -> str:
    """The text of a message, `[picture]` standing for each picture."""
    content = message["content"]
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] if part.get("type") == "text" else "[picture]" for part in content)


PICTURE_TOKENS = 765
"""Tokens that a picture of a phone or desktop screen takes: 85 and 170 for each of four tiles of 512 pixels, as OpenAI
counts them at high detail (platform.openai.com/docs/guides/images-vision); other providers charge about as much."""


def pictured(message: Mapping[str, Any]) -> int:
    """The number of pictures in a message."""
    content = message["content"]
    return 0 if isinstance(content, str) else sum(part.get("type") != "text" for part in content)


def weight(message: Mapping[str, Any]) -> int:
    """About how many tokens a message takes: a quarter of its characters, and its pictures."""
    return len(said(message)) // 4 + PICTURE_TOKENS * pictured(message)


# --- another layout of the frame ----------------------------------------------------------------------------------


def named(case: Case) -> dict[str, str]:
    """The choice behind each new name that a case's layout gives; empty where it gives none."""
    wanted = layout(case.layout) if case.layout else {}
    kind = wanted.get("labels", "")
    if kind not in LABELS or len(case.choices) > len(LABELS[kind][1]):
        return {}
    return dict(zip(LABELS[kind][1], _ordered(case, wanted), strict=False))


def old_name(case: Case, text: str) -> str | None:
    """The choice that a reply names by its new name: as the whole reply, at its start, in brackets, or as the answer.

    None where it uses none; a letter inside a sentence ("a parcel") is no name.
    """
    choices = named(case)
    if not choices:
        return None
    names = "|".join(choices)
    for pattern in (
        rf"\W*({names})\W*",
        rf"\W*({names})(?:[).:\]]|\s*[(\n-]).*",
        rf".*\b(?:answer|choice|option|label|number|letter)\b[^\w\n]*(?:is\b)?[^\w\n]*({names})\b.*",
        rf".*[(\[]({names})[)\]].*",
    ):
        hit = re.fullmatch(pattern, text.strip(), re.DOTALL)
        if hit:
            return choices[hit[1]]
    lone = re.fullmatch(r"\W*(\w)\W*", text.strip())  # a small letter alone
    return choices.get(lone[1].upper()) if lone else None


def _ordered(case: Case, wanted: Mapping[str, str]) -> list[str]:
    order = [int(at) for at in wanted.get("choices", "").split(",") if at.isdecimal()]
    if sorted(order) != list(range(len(case.choices))):
        return list(case.choices)
    return [case.choices[at] for at in order]


def _laid_out(frame: Frame, case: Case) -> tuple[Frame, str]:
    """The frame as the case's layout wants it, and what stands in the place of the choices."""
    wanted = layout(case.layout)
    shown = _ordered(case, wanted)
    frame = _with_choices(frame, case.choices, shown)
    kind = wanted.get("labels", "")
    if kind in LABELS and case.choices and len(shown) <= len(LABELS[kind][1]):
        called, names = LABELS[kind]
        given = dict(zip(shown, names, strict=False))
        renamed = _renamed(frame, given, called)
        if renamed:
            frame, shown = renamed, [f"{given[label]} ({label})" for label in shown]
    if "examples" in wanted:
        examples, rng = list(frame.examples), stream(0, "examples", wanted["examples"])
        while len(set(examples)) > 1 and tuple(examples) == frame.examples:
            rng.shuffle(examples)
        frame = replace(frame, examples=tuple(examples))
    if "cues" in wanted or "gaps" in wanted:
        frame = _cued(frame, wanted.get("cues", "").split(","), wanted.get("gaps", "").split(","))
    return frame, ", ".join(shown)


def _label(labels: Sequence[str]) -> str:
    """A pattern for any of these labels as a whole word, the longest first."""
    return "|".join(rf"(?<!\w){re.escape(label)}(?!\w)" for label in sorted(labels, key=len, reverse=True))


def _lines(system: str, labels: Sequence[str]) -> list[int]:
    """The lines that list the choices: one after the other, each begun by one, and none between them; else none."""
    lines = system.split("\n")
    begins = {at: hit[1] for at, line in enumerate(lines) if (hit := re.match(rf"\W*({_label(labels)})", line))}
    places = list(begins)
    whole = sorted(begins.values()) == sorted(labels) and places[-1] - places[0] == len(labels) - 1
    return places if whole else []


def _inline(system: str, labels: Sequence[str]) -> list[re.Match[str]]:
    """Where a sentence lists the choices, each once and nothing but commas and the like between them; else nowhere."""
    found = list(re.finditer(_label(labels), system))
    between = [system[one.end() : two.start()] for one, two in pairwise(found)]
    listed = sorted(hit[0] for hit in found) == sorted(labels) and all(_LISTED.fullmatch(text) for text in between)
    return found if listed else []


_LISTED = re.compile(r"[\s,;/|\"'“”‘’`*-]*(?:or|and)?[\s\"'“”‘’`*]*")
"""What stands between two choices that are only listed; where more is said of each, none may trade places."""

_BY_PLACE = re.compile(r"\b(?:first|last|order|above|below|top|former|latter|preceding|following)\b", re.IGNORECASE)
"""Words with which instructions may speak of the places in a list, which must then stay as they are."""


def _with_choices(frame: Frame, was: Sequence[str], now: Sequence[str]) -> Frame:
    """The frame whose instructions list the choices in another order: as lines that begin with one, or in a sentence.

    Where no list is recognised the instructions stay as they are ("if yes it is positive, if no negative" must not be
    turned round), and so they do where they speak of places in the list.
    """
    if list(was) == list(now) or _BY_PLACE.search(frame.system):
        return frame
    lines, places = frame.system.split("\n"), _lines(frame.system, was)
    if places:
        by_name = {
            next(label for label in was if re.match(rf"\W*{_label([label])}", lines[at])): lines[at] for at in places
        }
        for at, label in zip(places, now, strict=True):
            lines[at] = by_name[label]
        return replace(frame, system="\n".join(lines))
    if _inline(frame.system, was):
        order = iter(now)
        return replace(frame, system=re.sub(_label(was), lambda _: next(order), frame.system))
    return frame


def _renamed(frame: Frame, names: Mapping[str, str], called: str) -> Frame | None:
    """The frame that lists each choice with its new name, shows the new names in its examples, and asks for them.

    None where it lists the choices nowhere.
    """
    labels, system = list(names), frame.system
    lines, places = system.split("\n"), _lines(system, labels)
    if places:
        for at in places:
            lines[at] = re.sub(_label(labels), lambda hit: f"{names[hit[0]]} ({hit[0]})", lines[at], count=1)
        system = "\n".join(lines)
    elif _inline(system, labels):
        system = re.sub(_label(labels), lambda hit: f"{names[hit[0]]} ({hit[0]})", system)
    elif "{choices}" not in frame.template:
        return None
    asks = f"Answer with the {called} alone."
    by_answer = {label.casefold(): name for label, name in names.items()}
    return replace(
        frame,
        system=f"{system}\n{asks}" if system else asks,
        examples=tuple((said, by_answer.get(answer.strip(" .").casefold(), answer)) for said, answer in frame.examples),
    )


def _cued(frame: Frame, cues: Sequence[str], gaps: Sequence[str]) -> Frame:
    """The frame with the cue words of its template, such as `Question:` at the start of a line, written otherwise.

    Of the ways named the first is taken that is another one than the template's own.
    """
    words = list(dict.fromkeys(re.findall(r"(?m)^([A-Z][\w ]{0,30}):", frame.template)))
    if not words:
        return frame
    pattern = re.compile(rf"(?P<gap>\A|\n+)(?P<cue>{'|'.join(map(re.escape, words))})(?P<mark>:[ \t]*)")

    def rewritten(text: str, cue: Callable[[str], str] | None, gap: str | None) -> str:
        def written(hit: re.Match[str]) -> str:
            between = gap if gap is not None and hit["gap"] else hit["gap"]
            return between + (cue(hit["cue"]) if cue else hit["cue"] + hit["mark"])

        return pattern.sub(written, text).rstrip(" ")

    def first(ways: Sequence[tuple[Callable[[str], str] | None, str | None]]) -> Frame:
        for cue, gap in ways:
            template = rewritten(frame.template, cue, gap)
            if template != frame.template:
                examples = tuple((rewritten(question, cue, gap), answer) for question, answer in frame.examples)
                return replace(frame, template=template, examples=examples)
        return frame

    frame = first([(CUES[name], None) for name in cues if name in CUES])
    return first([(None, GAPS[name]) for name in gaps if name in GAPS])
