"""What a perturbation is: proposals of edits, made into variants that are nested, protected and repeatable."""

from __future__ import annotations

import inspect
import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

from ..harness.cases import TEXT_FIELDS, Case, Edit, Effect, Validity, Variant, ordered, trimmed
from ..harness.errors import CaseError
from ..harness.marks import OPEN, layout, pictures
from ..harness.seeds import stream, uniforms
from .text import Span, sites, special

SEVERITIES = range(1, 6)
"""The severities of every perturbation; 0 is the original."""
ALWAYS = (1.0, 1.0, 1.0, 1.0, 1.0)
"""The rates of what a text has or has not."""
STEPS = (0.2, 0.4, 0.6, 0.8, 1.0)
"""The rates of what no figures are known of: even steps of the share of sites."""
OF_RECORDS = frozenset({"context", "legacy"})
"""The families that change records; their check says of any variant, a stack too, whether its records still answer."""


@dataclass(frozen=True, slots=True)
class Turning:
    """Edits after which another answer is right: `target`, or (None) to ask back. They may touch what is protected."""

    edits: tuple[Edit, ...]
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Restating:
    """Edits that say protected values in another form or place, the answer's own left alone; the guard reads on."""

    edits: tuple[Edit, ...]


Change = Edit | Sequence[Edit] | Turning | Restating
Proposal = tuple[float, Change | Callable[[], "Change | None"]]
"""A uniform draw in [0, 1) and the edit of one site, or the edits that only make sense together.

A draw below 0 is always kept. A function is called only where the draw is kept, and may find that there is no edit.
"""
_Made = tuple[Edit, ...]

Check = Callable[[Variant], Sequence[str]]
"""Reads a whole variant and names what is wrong with its right answer; nothing where it holds."""

Sends = Literal["turns", "pictures"]
"""What is sent besides one text: further messages, or pictures."""


@dataclass(frozen=True, slots=True)
class Perturbation:
    """One kind of mess.

    It is made by `propose(text, rng)`, which yields a `Proposal` for each site (a generator whose first parameter is
    called `case` gets the whole case); by `respell(word, u)`, which gives a word's new spelling from one uniform
    number (`weigh(word)` says how much likelier than others a word is hit); or by `parts`, perturbations that stack.
    The proposals whose draw lies below `rates[severity - 1]` are kept, so severities are nested; the lowest draw that
    changes something is always kept, so that a variant changes wherever there is room. Severity is the only knob.

    `effect` is what the right answer does; `source` is the evidence behind rates and tables, `measure` what a rate is a
    share of. `proof`, where given, says why no edit of this kind can change what is asked. `style` changes letter case
    and is applied to what other parts put in. `check` reads a whole variant and names what is wrong with its right
    answer, which rejects it; the texts of a `reviewed` one were signed by a person. `sends` says what a system must be
    able to take besides one text; one that `restates` says the clean request, or a part of it, a second time.
    """

    name: str
    family: str
    rates: tuple[float, ...]
    effect: Effect
    source: str
    summary: str
    measure: str = "sites"
    proof: str = ""
    propose: Callable[..., Iterable[Proposal]] | None = None
    takes_case: bool = False
    respell: Callable[[str, float], str] | None = None
    at_least: int = 1
    weigh: Callable[[str], float] | None = None
    style: Callable[[str], str] | None = None
    parts: tuple[Perturbation, ...] = ()
    check: Check | None = None
    reviewed: bool = False
    sends: frozenset[Sends] = frozenset()
    restates: bool = False

    def __post_init__(self) -> None:
        if len(self.rates) != len(SEVERITIES) or list(self.rates) != sorted(self.rates):
            raise CaseError(f"{self.name}: rates must be {len(SEVERITIES)} numbers that do not fall, not {self.rates}")
        if not all(0 <= rate <= 1 for rate in self.rates):
            raise CaseError(f"{self.name}: rates must lie in [0, 1], not {self.rates}")

    def variant(self, case: Case, severity: int, seed: int, draw: int = 0) -> Variant:
        """The case with this much of this mess: a pure function of the arguments.

        The edits of a severity are among those of the next one. Edits that would touch a protected span are never
        made, and where two proposals overlap the one with the lower draw stands. Raises CaseError for a severity
        outside 0 to 5.
        """
        if severity not in (0, *SEVERITIES):
            raise CaseError(f"severity must be a whole number from 0 to {SEVERITIES[-1]}, not {severity!r}")
        if not severity:
            return Variant(case, self.name, severity, draw)
        if self.parts:
            return _stacked(self, [part.variant(case, severity, seed, draw) for part in self.parts])
        return self.at_rate(case, self.rates[severity - 1], seed, draw, severity)

    def at_rate(self, case: Case, rate: float, seed: int, draw: int = 0, severity: int = 5) -> Variant:
        """The variant of a writer with this rate, in [0, 1]; 1 takes every site. Severities are five such rates."""
        turning: Turning | None = None
        if self.respell is not None:
            return self._variant(case, severity, draw, self._respelt(case, rate, seed, draw), None)
        assert self.propose is not None
        rng = stream(seed, case.id, self.name, draw)
        kept: list[Edit] = []
        proposals = enumerate(self.propose(case if self.takes_case else case.text, rng))
        for made, turn in _kept(case, proposals, rate, self.effect != "same"):
            kept += made
            turning = turn or turning
        return self._variant(case, severity, draw, ordered(sorted(kept, key=lambda edit: edit.group)), turning)

    def _variant(
        self, case: Case, severity: int, draw: int, edits: tuple[Edit, ...], turning: Turning | None
    ) -> Variant:
        if turning:
            variant = Variant(
                case,
                self.name,
                severity,
                draw,
                edits,
                self.effect,
                turning.target,
                tuple({edit.group: None for edit in turning.edits}),
                "behaviour-changed",
            )
        else:
            reason: Validity = "reviewed" if self.reviewed else "proved" if self.proof else "guarded"
            variant = Variant(case, self.name, severity, draw, edits, validity=reason if edits else "proved")
        wrong = self.check(variant) if self.check and edits else ()
        return replace(variant, validity="rejected", why="; ".join(wrong)) if wrong else variant

    def _respelt(self, case: Case, rate: float, seed: int, draw: int) -> tuple[Edit, ...]:
        free = sites(case).words
        if self.at_least > 1:
            free = tuple([word for word in free if word.end - word.start >= self.at_least])
        drawn = uniforms(2 * len(free), seed, case.id, self.name, draw)
        draws = drawn[::2]
        if self.weigh is not None:
            weigh = self.weigh
            draws = tuple([one / weigh(word.text) for one, word in zip(draws, free, strict=True)])
        kept: list[Edit] = []
        for site, one in enumerate(draws):
            if one < rate:
                edit = self._respelling(case, free, site, drawn[2 * site + 1])
                if edit is not None and not (kept and kept[-1].end > edit.start):
                    kept.append(edit)
        if not kept:  # the lowest draw that changes something
            for site in sorted(range(len(free)), key=draws.__getitem__):
                if draws[site] >= rate:
                    edit = self._respelling(case, free, site, drawn[2 * site + 1])
                    if edit is not None:
                        return (edit,)
        return tuple(kept)

    def _respelling(self, case: Case, free: Sequence[Span], site: int, u: float) -> Edit | None:
        assert self.respell is not None
        word = free[site]
        new = self.respell(word.text, u)
        if not new:  # joined to the next word, where a plain blank parts them
            after = free[site + 1] if site + 1 < len(free) else None
            if after is None or after.start != word.end + 1 or case.text[word.end] != " ":
                return None
            return None if _meant(case, word.text + after.text) else Edit(word.end, after.start, "", site)
        if new == word.text or _meant(case, new):
            return None
        edit = trimmed(word.text, new, word.start)
        return Edit(edit.start, edit.end, edit.text, site)


def _meant(case: Case, new: str) -> bool:
    """Whether a new spelling reads as a number, a negation or the like, or as an answer or a choice."""
    low = new.lower()
    if special(low) or (" " in low and any(special(part) for part in low.split())):
        return True
    return any(low == answer.lower() for answer in (*case.answers, *case.choices))


def _kept(
    case: Case, proposals: Iterable[tuple[int, Proposal]], rate: float, turns: bool
) -> Iterator[tuple[_Made, Turning | None]]:
    """The proposals below the rate that are neither protected nor in each other's way, in order of their draws.

    Going by draw makes severities nested: those kept below a lower rate are the first of those below a higher one. The
    first that can be made at all is kept whatever its draw.
    """
    taken: dict[str, list[tuple[int, int]]] = {field: [] for field in TEXT_FIELDS}
    found = False
    for group, (draw, proposed) in sorted(proposals, key=lambda proposal: proposal[1][0]):
        if draw >= rate and found:
            return
        change = proposed() if callable(proposed) else proposed
        if change is None:
            continue
        turning = change if isinstance(change, Turning) else None
        free = isinstance(change, Turning | Restating)
        if isinstance(change, Edit):
            edits: Sequence[Edit] = (change,)
        else:
            edits = change.edits if isinstance(change, Turning | Restating) else change
        made = tuple(
            Edit(edit.start, edit.end, edit.text, group, edit.field)
            for edit in edits
            if getattr(case, edit.field)[edit.start : edit.end] != edit.text
        )
        if not made or any(_clashes(taken[edit.field], edit) for edit in made):
            continue
        if not free and any(sites(case, edit.field).protection.refuses(edit) for edit in made):
            continue
        if isinstance(change, Restating) and case.protect and _loses(case, made):
            continue
        for edit in made:
            insort(taken[edit.field], (edit.start, edit.end))
        found = True
        yield made, replace(turning, edits=made) if turning and turns else None


def _loses(case: Case, made: Sequence[Edit]) -> bool:
    """Whether edits take out a phrase that the case itself protects, and put it in nowhere."""
    was = "\0".join(getattr(case, edit.field)[edit.start : edit.end] for edit in made)
    now = "\0".join(edit.text for edit in made)
    return any(now.count(phrase) < was.count(phrase) for phrase in case.protect if phrase)


def _clashes(taken: list[tuple[int, int]], edit: Edit) -> bool:
    at = bisect_left(taken, (edit.start, edit.end))
    if at < len(taken) and taken[at][0] < edit.end:
        return True
    return at > 0 and taken[at - 1][1] > edit.start


# --- several at once ----------------------------------------------------------------------------------------------


def stack(parts: Sequence[Perturbation]) -> Perturbation:
    """The perturbation `a+b`: both on one text, at the same severity, the first having its way where they collide.

    What changes letter case comes last whatever the order, and takes in what the others wrote. Raises CaseError where
    two parts would each make another answer right.
    """
    name = "+".join(part.name for part in parts)
    if len({part.name for part in parts}) < len(parts):
        raise CaseError(f"{name!r} names one perturbation twice")
    effects = [part.effect for part in parts if part.effect != "same"]
    if len(effects) > 1:
        raise CaseError(f"{name!r}: only one part of a stack may change the right answer")
    if effects and any(part.restates for part in parts):
        again = next(part.name for part in parts if part.restates)
        raise CaseError(f"{name!r}: {again} says the clean request again, which another part makes another one")
    return Perturbation(
        name=name,
        family="stacks",
        rates=parts[0].rates,
        effect=effects[0] if effects else "same",
        source="; ".join(dict.fromkeys(f"{part.name}: {part.source}" for part in parts)),
        summary=f"{', then '.join(part.name for part in parts)}, on the same text.",
        proof="every part is proved" if all(part.proof for part in parts) else "",
        parts=tuple(sorted(parts, key=lambda part: part.style is not None)),
        sends=frozenset[Sends]().union(*(part.sends for part in parts)),
    )


def _stacked(whole: Perturbation, variants: Sequence[Variant]) -> Variant:
    kept = list[Edit]()
    taken: dict[str, list[tuple[int, int]]] = {field: [] for field in TEXT_FIELDS}
    validities: list[Validity] = []
    for number, (part, variant) in enumerate(zip(whole.parts, variants, strict=True)):
        groups: dict[int, list[Edit]] = {}
        for edit in variant.edits:
            group = edit.group * len(variants) + number
            groups.setdefault(group, []).append(replace(edit, group=group))
        if part.style:
            kept = _restyled(kept, variant.edits, part.style)
        for edits in groups.values():
            if part.style:
                edits = [piece for edit in edits for piece in _around(edit, taken[edit.field])]
            if any(_clashes(taken[edit.field], edit) for edit in edits):
                continue
            for edit in edits:
                insort(taken[edit.field], (edit.start, edit.end))
            kept += edits
        validities.append(variant.validity)
    kept.sort(key=_around_picture)
    stacked = _with_effect(whole, variants, kept, validities)
    if "pictures" in whole.sends and not _drawable(stacked):
        return replace(stacked, validity="rejected", why="the text holds characters that cannot be drawn")
    checks = dict.fromkeys(part.check for part in whole.parts if part.check and part.family in OF_RECORDS)
    wrong = [fault for check in checks for fault in check(stacked)]
    return replace(stacked, validity="rejected", why="; ".join(dict.fromkeys(wrong))) if wrong else stacked


def _with_effect(
    whole: Perturbation, variants: Sequence[Variant], kept: Sequence[Edit], validities: Sequence[Validity]
) -> Variant:
    """The stack with what its parts do to the right answer."""
    case = variants[0].case
    turned = next(((n, v) for n, v in enumerate(variants) if v.effect != "same"), None)
    made = {edit.group for edit in kept}
    worst: Validity = "rejected" if "rejected" in validities else "guarded" if "guarded" in validities else "proved"
    plain = Variant(case, whole.name, variants[0].severity, variants[0].draw, ordered(kept), validity=worst)
    plain = replace(plain, why="; ".join(variant.why for variant in variants if variant.why))
    if turned is None:
        return plain
    number, variant = turned
    decisive = tuple(group * len(variants) + number for group in variant.decisive)
    if not made.issuperset(decisive):  # another part was in the way: the clean answer holds
        return plain
    return replace(plain, effect=variant.effect, target=variant.target, decisive=decisive, validity="behaviour-changed")


def _around_picture(edit: Edit) -> int:
    """Marks of a picture go around whatever else is put in at the same place."""
    name = next(iter(layout(edit.text)), "") if OPEN in edit.text else ""
    return 1 if name == "/picture" else -1 if name in ("picture", "scale", "blur", "jpeg", "crop", "rotate") else 0


def _drawable(variant: Variant) -> bool:
    from ..harness.pictures import drawable

    return all(drawable(picture.text) for picture in pictures(variant.text))


def _restyled(kept: Sequence[Edit], styled: Sequence[Edit], style: Callable[[str], str]) -> list[Edit]:
    """The edits of other parts, the letters of those that lie in a styled place changed as those around them were."""
    places: dict[str, list[tuple[int, int]]] = {field: [] for field in TEXT_FIELDS}
    for one in styled:
        places[one.field].append((one.start, one.end))
    for some in places.values():
        some.sort()
    found = []
    for edit in kept:
        some = places[edit.field]
        at = bisect_right(some, (edit.start, math.inf))
        near = some[max(at - 2, 0) : at]  # an insertion may stand between two of them
        inside = any(
            start <= edit.start
            and edit.end <= end
            and (start < edit.start < end or edit.start < edit.end or edit.text.isalpha())
            for start, end in near
        )
        found.append(replace(edit, text=style(edit.text)) if inside else edit)
    return found


def _around(edit: Edit, taken: Sequence[tuple[int, int]]) -> Iterator[Edit]:
    """The pieces of a change of letter case (as long as what it replaces) that lie beside the places taken, sorted."""
    at = bisect_left(taken, (edit.start, edit.start))
    first = at - 1 if at and taken[at - 1][1] > edit.start else at
    last = bisect_left(taken, (edit.end, edit.end), lo=first)
    inside = [(max(start, edit.start), min(end, edit.end)) for start, end in taken[first:last]]
    edges = [(edit.start, edit.start), *inside, (edit.end, edit.end)]
    for (_, start), (end, _) in pairwise(edges):
        if start < end:
            yield replace(edit, start=start, end=end, text=edit.text[start - edit.start : end - edit.start])


# --- decorators ---------------------------------------------------------------------------------------------------


def perturbation(
    name: str,
    *,
    rates: Sequence[float],
    source: str,
    effect: Effect = "same",
    measure: str = "sites",
    proof: str = "",
    style: Callable[[str], str] | None = None,
    check: Check | None = None,
    sends: Sends | None = None,
    restates: bool = False,
) -> Callable[[Callable[..., Iterable[Proposal]]], Perturbation]:
    """A decorator that makes a generator function into a Perturbation.

    Its family is the file it stands in and its summary the first line of its docstring.
    """

    def make(propose: Callable[..., Iterable[Proposal]]) -> Perturbation:
        first, *_ = inspect.signature(propose).parameters
        return Perturbation(
            name=name,
            family=propose.__module__.rpartition(".")[2],
            rates=tuple(rates),
            effect=effect,
            source=source,
            summary=_summary(propose),
            measure=measure,
            proof=proof,
            propose=propose,
            takes_case=first == "case",
            style=style,
            check=check,
            sends=frozenset({sends} if sends else ()),
            restates=restates,
        )

    return make


def word_by_word(
    name: str,
    *,
    rates: Sequence[float],
    source: str,
    at_least: int = 1,
    weigh: Callable[[str], float] | None = None,
    measure: str = "words",
    proof: str = "",
) -> Callable[[Callable[[str, float], str]], Perturbation]:
    """A decorator for mess inside words: a function of a word and a uniform number in [0, 1) that gives its new form.

    Only words of letters come that lie apart from protected spans and have `at_least` so many characters; the word
    itself means that there is nothing to change, an empty string joins it to the next one. `weigh` says how much
    likelier than others a word is hit. A new form that reads as a number, a negation or the like is dropped.
    """

    def make(respell: Callable[[str, float], str]) -> Perturbation:
        return Perturbation(
            name=name,
            family=respell.__module__.rpartition(".")[2],
            rates=tuple(rates),
            effect="same",
            source=source,
            summary=_summary(respell),
            measure=measure,
            proof=proof,
            respell=respell,
            at_least=at_least,
            weigh=weigh,
        )

    return make


def _summary(function: Any) -> str:
    doc = inspect.getdoc(function)
    if not doc:
        raise CaseError(f"{function.__name__} needs a docstring: its first line is what `roadtest list` shows")
    return doc.splitlines()[0]
