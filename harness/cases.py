"""The values everything is made of: a case, edits on its text, and the variant they make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import Any, Literal, get_args

from .errors import CaseError, did_you_mean
from .marks import conversation, turns

Effect = Literal["same", "updated", "clarify"]
"""What a perturbation does to the right answer: it still holds, it is another one, or the right answer is to ask."""

Validity = Literal["proved", "guarded", "reviewed", "behaviour-changed", "rejected"]
"""Why the right answer of a variant can be trusted: see `Variant`."""

TEXT_FIELDS = ("text", "context", "history", "layout")
"""The fields of a case that mess can reach: what the person typed, refers to and said before, and the study's frame."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question with its right answer.

    `text` is only what a person typed; the frame around it belongs to the study. `context` is material the person
    refers to (a passage, records), `query` says how the answer follows from records (see `perturbations.derivation`).
    `history` is what was said before, a marked text (`marks`); a list of turns with role and content becomes one.
    `layout` is empty in a clean case; marks in it say how the frame is laid out differently. `slots` fill named places
    of the frame, such as which field to extract. `aliases` are other wordings of `target` that count as right.
    `protect` names strings that must survive every perturbation. `provenance` says where a case comes from; it is never
    sent.
    Cases that share a `group` (one passage, one template) are not independent of each other.

    Raises CaseError for an empty id, for text that is not valid Unicode, and for a target that is not among `choices`.
    """

    id: str
    text: str
    target: str
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    context: str = ""
    history: str = ""
    query: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    layout: str = ""
    slots: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    protect: tuple[str, ...] = ()
    group: str = ""
    provenance: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False, compare=False)

    def __post_init__(self) -> None:
        history: Any = self.history
        if isinstance(history, list | tuple):
            object.__setattr__(self, "history", conversation([_turn(one) for one in history]))
        for name in ("id", "text", "target", "group", *TEXT_FIELDS):
            value: Any = getattr(self, name)
            if not isinstance(value, str):
                raise CaseError(f"{name} must be a string, not {type(value).__name__}")
        for name in ("aliases", "choices", "protect"):
            value = getattr(self, name)
            if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
                raise CaseError(f"{name} must be a list of strings")
            object.__setattr__(self, name, tuple(value))
        for name in ("slots", "provenance", "query"):
            named: Any = getattr(self, name)
            if not isinstance(named, Mapping) or not all(isinstance(value, str) for value in named.values()):
                raise CaseError(f"{name} must map names to strings")
            object.__setattr__(self, name, MappingProxyType(dict(named)))
        if not self.id.strip():
            raise CaseError("id must not be empty")
        if self.choices and self.target not in self.choices:
            raise CaseError(f"target {self.target!r} is not among the choices {', '.join(self.choices)}")

    @classmethod
    def from_dict(cls, data: object) -> Case:
        """A case from one decoded JSON object; an unknown or missing key is a CaseError that names it."""
        if not isinstance(data, dict):
            raise CaseError(f"expected a JSON object with id, text and target, found {type(data).__name__}")
        known = [f.name for f in fields(cls)]
        for key in data:
            if key not in known:
                raise CaseError(f"no case field called {key!r}{did_you_mean(key, known)} (known: {', '.join(known)})")
        for key in ("id", "text", "target"):
            if key not in data:
                raise CaseError(f"the field {key!r} is missing")
        return cls(**data)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that `from_dict` reads, without fields left at their default."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)} | {
            name: dict(getattr(self, name)) for name in ("slots", "provenance", "query")
        }
        if self.history:
            plain["history"] = [
                {"role": turn.role, "content": "".join(map(str, turn.parts))} for turn in turns(self.history)
            ]
        return {key: value for key, value in plain.items() if value or key in ("id", "text", "target")}

    @property
    def answers(self) -> tuple[str, ...]:
        """The target and its aliases."""
        return (self.target, *self.aliases)


def _turn(one: object) -> tuple[str, str]:
    if not isinstance(one, Mapping) or set(one) != {"role", "content"}:
        raise CaseError(f"history must be a list of objects with role and content, not {one!r}")
    if not all(isinstance(value, str) for value in one.values()):
        raise CaseError("history: role and content must be strings")
    return one["role"], one["content"]


@dataclass(frozen=True, slots=True)
class Edit:
    """`text` in place of the characters from `start` up to `end` of the *original* field.

    Edits that only make sense together share a `group`.
    """

    start: int
    end: int
    text: str
    group: int = 0
    field: str = "text"

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise CaseError(f"an edit needs 0 <= start <= end, not {self.start}, {self.end}")
        if self.field not in TEXT_FIELDS:
            raise CaseError(f"no text field called {self.field!r}{did_you_mean(self.field, TEXT_FIELDS)}")

    def to_dict(self) -> dict[str, Any]:
        """Its JSON object."""
        return {
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "group": self.group,
            "field": self.field,
        }

    def overlaps(self, other: Edit) -> bool:
        """Whether both touch the same characters; insertions at one place, or at an edge, do not."""
        if self.field != other.field:
            return False
        first, second = sorted((self, other), key=lambda edit: (edit.start, edit.end))
        return first.end > second.start


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """`text` with these edits of one field applied; insertions at one place keep the order they are given in.

    Raises CaseError where edits overlap or reach past the end.
    """
    pieces, at = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < at:
            raise CaseError(f"edits overlap at character {edit.start}")
        if edit.end > len(text):
            raise CaseError(f"an edit ends at {edit.end}, past the text's {len(text)} characters")
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*pieces, text[at:]])


@dataclass(frozen=True, slots=True)
class Variant:
    """A case and the non-overlapping edits that a perturbation made to it.

    Any subset of the edit groups is a variant too (`subset`). `target` is the right answer after the edits where the
    effect is `updated`, else None; `decisive` are the groups that make the effect other than `same`. Severity 0 and a
    variant without edits are the case itself.

    `validity` says why its right answer can be trusted. `proved`: every protected span survives and the kind of edit
    cannot change what is asked (letter case, blanks, text put around). `guarded`: numbers, units, dates, negations,
    names, choices and the answer's words were kept from the edits. `reviewed`: a person signed it.
    `behaviour-changed`: another answer is right now. `rejected`: the guard found the meaning changed, and `why` says
    how; such a variant is never sent.
    """

    case: Case
    perturbation: str
    severity: int
    draw: int = 0
    edits: tuple[Edit, ...] = ()
    effect: Effect = "same"
    target: str | None = None
    decisive: tuple[int, ...] = ()
    validity: Validity = "guarded"
    why: str = ""

    def __post_init__(self) -> None:
        if type(self.severity) is not int or type(self.draw) is not int:
            raise CaseError(f"severity and draw must be whole numbers, not {self.severity!r} and {self.draw!r}")
        if self.effect not in _EFFECTS:
            raise CaseError(f"effect must be one of {', '.join(get_args(Effect))}, not {self.effect!r}")
        if self.validity not in _VALIDITIES:
            raise CaseError(f"validity must be one of {', '.join(get_args(Validity))}, not {self.validity!r}")
        if (self.effect == "updated") != (self.target is not None):
            raise CaseError("a variant carries a target exactly when its effect is 'updated'")

    @property
    def id(self) -> str:
        """`<case>/<perturbation>@<severity>#<draw>`."""
        return f"{self.case.id}/{self.perturbation}@{self.severity}#{self.draw}"

    @property
    def condition(self) -> str:
        """`<perturbation>@<severity>`."""
        return f"{self.perturbation}@{self.severity}"

    @property
    def messy(self) -> Case:
        """The case as the person would have sent it."""
        changed: dict[str, Any] = {name: self._edited(name) for name in TEXT_FIELDS}
        if self.target is not None:
            changed |= {"target": self.target, "aliases": ()}
        return replace(self.case, **changed)

    @property
    def text(self) -> str:
        """The messy text."""
        return self._edited("text")

    def _edited(self, field: str) -> str:
        clean: str = getattr(self.case, field)
        edits = [edit for edit in self.edits if edit.field == field]
        return apply_edits(clean, edits) if edits else clean

    @property
    def changed(self) -> bool:
        """Whether the edits change a field; whether another layout changes what is sent, a plan knows."""
        return any(self._edited(name) != getattr(self.case, name) for name in TEXT_FIELDS)

    @property
    def sent(self) -> bool:
        """Whether the variant may be asked: it changes a field, and was not rejected."""
        return self.validity != "rejected" and self.changed

    @property
    def groups(self) -> tuple[int, ...]:
        """The edit groups, in order of first place."""
        return tuple(dict.fromkeys(edit.group for edit in self.edits))

    def subset(self, groups: Iterable[int]) -> Variant:
        """The variant with only these edit groups; without a decisive one, the clean answer holds again."""
        kept = frozenset(groups)
        edits = tuple(edit for edit in self.edits if edit.group in kept)
        if self.effect != "same" and not kept.issuperset(self.decisive):
            return replace(self, edits=edits, effect="same", target=None, decisive=(), validity="guarded")
        return replace(self, edits=edits)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of one line of `variants.jsonl`."""
        return {
            "id": self.id,
            "case": self.case.id,
            "perturbation": self.perturbation,
            "severity": self.severity,
            "draw": self.draw,
            "effect": self.effect,
            "target": self.target,
            "validity": self.validity,
            **({"why": self.why} if self.why else {}),
            **({"decisive": list(self.decisive)} if self.decisive else {}),
            "edits": [edit.to_dict() for edit in self.edits],
            "text": self.text,
        }


_EFFECTS, _VALIDITIES = frozenset(get_args(Effect)), frozenset(get_args(Validity))
_TOKEN = re.compile(r"\w+|[^\w\s]")
_ALIKE = 0.5  # of the characters of two words that are taken for one word and its misspelling


def edits_between(old: str, new: str, field: str = "text") -> tuple[Edit, ...]:
    """The edits that turn `old` into `new`, found by a token diff; what can change on its own is a group of its own.

    This is how a foreign augmenter's output becomes an edit list like any other: `apply_edits(old, edits) == new`, and
    any subset of the edits reads as a text that was changed in fewer places: words are paired one by one only where
    they are alike, blanks that came or went stand alone, and everything else between two unchanged tokens is one edit.
    """
    before, after = list(_TOKEN.finditer(old)), list(_TOKEN.finditer(new))
    matcher = SequenceMatcher(None, [m[0] for m in before], [m[0] for m in after], autojunk=len(before) > 2000)
    edits: list[Edit] = []
    at_old = at_new = 0
    for i, j, size in matcher.get_matching_blocks():
        for step in range(size):
            anchor, mate = before[i + step], after[j + step]
            edits += _gap_edits(old[at_old : anchor.start()], new[at_new : mate.start()], at_old)
            at_old, at_new = anchor.end(), mate.end()
    edits += _gap_edits(old[at_old:], new[at_new:], at_old)
    return tuple(replace(edit, group=group, field=field) for group, edit in enumerate(edits))


def _gap_edits(old: str, new: str, offset: int) -> list[Edit]:
    """The edits between two unchanged tokens; `offset` is where the gap begins."""
    if old == new:
        return []
    if "".join(old.split()) == "".join(new.split()):
        pairs = list(zip(re.split(r"(\S)", old), re.split(r"(\S)", new), strict=True))
    else:
        pairs = list(zip(re.split(r"(\S+)", old), re.split(r"(\S+)", new), strict=False))
        same_length = len(re.split(r"\S+", old)) == len(re.split(r"\S+", new))
        if not same_length or not all(_alike(was, now) for was, now in pairs[1::2]):
            pairs = [(old, new)]
    edits = []
    for was, now in pairs:
        if was != now:
            edits.append(trimmed(was, now, offset))
        offset += len(was)
    return edits


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE


def _common_prefix(old: str, new: str) -> int:
    limit = min(len(old), len(new))
    return next((at for at in range(limit) if old[at] != new[at]), limit)


def trimmed(was: str, now: str, offset: int) -> Edit:
    """The edit without the characters that both sides share at its edges."""
    head = _common_prefix(was, now)
    tail = _common_prefix(was[head:][::-1], now[head:][::-1])
    return Edit(offset + head, offset + len(was) - tail, now[head : len(now) - tail])


def ordered(edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Edits in the order in which they are applied; insertions at one place keep theirs."""
    return tuple(sorted(edits, key=lambda edit: (edit.field, edit.start, edit.end)))
