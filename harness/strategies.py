"""Hypothesis strategies: messy variants of a text that shrink towards the clean one, edit by edit."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from ..perturbations import SEVERITIES, expand, find
from ..perturbations.guard import findings
from ..perturbations.perturbation import OF_RECORDS
from .cases import Case, Variant
from .causes import causes, in_words
from .errors import StudyError

if TYPE_CHECKING:
    from ..perturbations import Perturbation

DEFAULT_KINDS = ("typos", "casing", "punctuation", "fragments")
"""The mess where nobody names any: what most people's messages have."""

EXPENSIVE, LONGEST = 25, timedelta(minutes=2)
"""Examples and time for an example under the profile for endpoints that cost money or time."""

_SEEDS = 2**16
_LEVELS = 15  # one text in sixteen is clean
_KEEP = 9  # nine edits in ten are kept until Hypothesis shrinks


class Messy(str):
    """A messy text; it is a string like any other, and knows what was done to it.

    `variant` holds the edits, `clean` the text without them. Its repr shows both and says what changed.
    """

    __slots__ = ("variant",)
    variant: Variant

    def __new__(cls, variant: Variant) -> Self:
        """The messy text of a variant."""
        self = super().__new__(cls, variant.text)
        self.variant = variant
        return self

    @property
    def clean(self) -> str:
        """The text without the edits."""
        return self.variant.case.text

    def __repr__(self) -> str:
        what = in_words(causes(self.variant)) or "nothing changed"
        return f"{str(self)!r} ({what}; clean: {self.clean!r})" if self.variant.edits else f"{str(self)!r} (clean)"


@st.composite
def _messy(draw: st.DrawFn, case: Case, chosen: Sequence[Sequence[tuple[Perturbation, Sequence[int]]]]) -> Messy:
    level = draw(st.integers(0, _LEVELS))
    if not level:  # the simplest of all needs no further choice
        return Messy(Variant(case, "clean", 0))
    perturbation, severities = draw(st.sampled_from(draw(st.sampled_from(chosen))))
    severity = severities[(level - 1) % len(severities)]
    whole = perturbation.variant(case, severity, draw(st.integers(0, _SEEDS)))
    # one number a group of edits, 0 to leave it out: Hypothesis goes to 0 wherever the edit does not matter
    kept = [group for group in whole.groups if draw(st.integers(0, _KEEP))] if whole.sent else []
    some = whole.subset(kept)
    if kept and some.validity != "proved" and not set(findings(case, some.messy)) <= set(findings(case, whole.messy)):
        return Messy(whole.subset(()))  # part of it would ask for something else
    return Messy(some)


def messy(
    text: str | Case, kinds: Sequence[str] | str = DEFAULT_KINDS, *, protect: Sequence[str] = ()
) -> st.SearchStrategy[Messy]:
    """Variants of a text, or of a case, as people write it: strings that shrink towards the clean text.

    `kinds` are perturbations (`typos`, at any severity, or `typos@3`) and families (`fragments`). The right answer
    still holds: numbers, names and the like are kept, and so is what `protect` names. Raises StudyError for an unknown
    kind, and for one that makes another answer right.

    >>> from roadtest.harness.strategies import messy
    >>> messy("Cancel order 48213", kinds=["typos", "fragments"]).example()  # doctest: +SKIP
    'Cnacel order 48213' (misspelling 'Cancel' as 'Cnacel'; clean: 'Cancel order 48213')
    """
    names = [kinds] if isinstance(kinds, str) else list(kinds)
    chosen = [[_parsed(member) for member in expand([name])] for name in names]
    if not chosen:
        raise StudyError("kinds must name at least one perturbation or family, as in ['typos', 'fragments']")
    case = text if isinstance(text, Case) else Case("text", text, "", protect=tuple(protect))
    return _messy(case, chosen)


_BEYOND_TEXT = OF_RECORDS | {"formats"}


def _parsed(clause: str) -> tuple[Perturbation, Sequence[int]]:
    name, at, level = clause.rpartition("@") if "@" in clause else (clause, "", "")
    perturbation = find(name)
    if perturbation.effect != "same":
        raise StudyError(
            f"{name!r} makes another answer right, so that a property of the clean text cannot hold for it"
        )
    if perturbation.sends or perturbation.family in _BEYOND_TEXT:
        raise StudyError(f"{name!r} changes more than one text: messages, pictures, records or the frame of a study")
    if at and level not in {str(severity) for severity in SEVERITIES}:
        raise StudyError(f"{clause!r}: severity must be a whole number from 1 to {SEVERITIES[-1]}")
    return perturbation, [int(level)] if at else SEVERITIES


def expensive(max_examples: int = EXPENSIVE) -> settings:
    """Settings for an endpoint that costs money or time: `@expensive()` above `@given(...)`.

    Few examples, two minutes for each, and no phase that asks again what was asked before; the examples are always the
    same where the variable CI is set, so that a run there can be repeated and cached.
    """
    return settings(
        max_examples=max_examples,
        deadline=LONGEST,
        derandomize=bool(os.environ.get("CI")),
        database=None if os.environ.get("CI") else settings.default.database if settings.default else None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow],
    )


class Conversation(RuleBasedStateMachine):
    """A state machine that sends messy messages in any order: give it `messages`, and say what must hold in `check`.

    `messages` maps names to clean texts, `kinds` says how they are messed up. Hypothesis finds the shortest sequence of
    the cleanest messages that breaks `check`. Use it as `TestBot = conversation({...}, check).TestCase`.
    """

    messages: Mapping[str, str] = MappingProxyType({})
    kinds: Sequence[str] = DEFAULT_KINDS

    def check(self, name: str, text: Messy) -> None:
        """Sends one message and asserts what must hold; it may keep state on `self`."""
        raise NotImplementedError


def conversation(base: type[Conversation]) -> type[Conversation]:
    """The state machine of a Conversation, with a rule for each of its messages."""
    rules: dict[str, Any] = {}
    for name, text in base.messages.items():
        rules[f"say_{name}"] = _rule(name, messy(text, base.kinds))
    return type(base.__name__, (base,), rules)


def _rule(name: str, strategy: st.SearchStrategy[Messy]) -> Any:
    def say(self: Conversation, text: Messy) -> None:
        self.check(name, text)

    say.__name__ = say.__qualname__ = f"say_{name}"
    return rule(text=strategy)(say)
