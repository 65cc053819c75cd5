"""Foreign augmenters as perturbations: their output becomes edits like ours."""

from __future__ import annotations

import importlib
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from ..harness.cases import edits_between
from ..harness.errors import StudyError, did_you_mean
from .perturbation import Perturbation, Proposal

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_RATES = (0.05, 0.1, 0.2, 0.4, 0.8)

# The augmenters of nlpaug that change text without a model download, set to change every word they can: how many of
# those changes are kept is then our severity, and severities are nested.
_NLPAUG: dict[str, tuple[str, dict[str, Any]]] = {
    "KeyboardAug": ("char", {"aug_word_p": 1.0, "aug_word_max": None, "aug_char_max": 1, "include_numeric": False}),
    "OcrAug": ("char", {"aug_word_p": 1.0, "aug_word_max": None, "aug_char_max": 1}),
    "RandomCharAug": ("char", {"action": "substitute", "aug_word_p": 1.0, "aug_word_max": None, "aug_char_max": 1}),
    "SpellingAug": ("word", {"aug_p": 1.0, "aug_max": None}),
    "SplitAug": ("word", {"aug_p": 1.0, "aug_max": None}),
}


def nlpaug_names() -> list[str]:
    """The names under which nlpaug's augmenters can be asked for."""
    return [f"nlpaug:{name}" for name in _NLPAUG]


def bridge(name: str) -> Perturbation:
    """The perturbation behind `nlpaug:KeyboardAug` and the like. Raises StudyError for an unknown augmenter."""
    _, _, augmenter = name.partition(":")
    if augmenter not in _NLPAUG:
        raise StudyError(
            f"no nlpaug augmenter called {augmenter!r}{did_you_mean(augmenter, _NLPAUG)} (known: {', '.join(_NLPAUG)})"
        )
    return Perturbation(
        name=name,
        family="bridges",
        rates=_RATES,
        effect="same",
        source="nlpaug (Edward Ma, MIT licence); rates are steps of the share of its changes that are kept",
        summary=f"nlpaug's {augmenter}, turned into edits, protected and nested like ours.",
        propose=_Foreign(lambda: _augmenter(augmenter)),
    )


class _Foreign:
    """Proposals from a function `str -> str` that is made when it is first needed."""

    def __init__(self, make: Callable[[], Callable[[str], str]]) -> None:
        self._make = make
        self._change: Callable[[str], str] | None = None

    def __call__(self, text: str, rng: Random) -> Iterator[Proposal]:
        if not text.strip():
            return
        if self._change is None:
            self._change = self._make()
        with seeded_global_random(rng.getrandbits(32)):
            new = self._change(text)
        for edit in edits_between(text, new):
            yield rng.random(), edit


def _augmenter(name: str) -> Callable[[str], str]:
    folder, options = _NLPAUG[name]
    # nlpaug's own tokenizer puts blanks around apostrophes and loses line breaks; these pairs lose nothing
    if name == "SplitAug":  # it makes two tokens of one, and a blank must come between them
        options = options | {"tokenizer": lambda text: text.split(" "), "reverse_tokenizer": " ".join}
    else:
        options = options | {"tokenizer": _TOKEN.findall, "reverse_tokenizer": "".join}
    augmenter = getattr(importlib.import_module(f"nlpaug.augmenter.{folder}"), name)(**options)
    if name == "SpellingAug":  # its lists come out of sets, in an order that changes from process to process
        for known in augmenter.model.dict.values():
            known.sort()

    def change(text: str) -> str:
        out = augmenter.augment(text)
        return str(out[0] if isinstance(out, list) else out) if out else text

    return change


@contextmanager
def seeded_global_random(seed: int) -> Iterator[None]:
    """Python's and numpy's global random state, seeded for foreign code that draws from it and then put back."""
    import numpy as np

    python_state, numpy_state = random.getstate(), np.random.get_state()
    random.seed(seed)  # noqa: TID251 - foreign code reads this state; it is put back below
    np.random.seed(seed)  # noqa: TID251 - as above
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
