"""Foreign code as perturbations: its output becomes edits, protected and checked like ours."""

from __future__ import annotations

import importlib
import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from random import Random
from typing import Any

from ..harness.cases import Case, Edit, edits_between, trimmed
from ..harness.errors import StudyError, did_you_mean
from .guard import guard
from .perturbation import ALWAYS, Perturbation, Proposal, Restating
from .text import sites

_RATES = (0.05, 0.1, 0.2, 0.4, 0.8)

# The augmenters of nlpaug that change text without a model download, set to change one character or word of what they
# are given. They are given one word at a time: how many of those changes are kept is then our severity, severities are
# nested, and no change can be put down to the wrong word.
_NLPAUG: dict[str, tuple[str, dict[str, Any]]] = {
    "KeyboardAug": ("char", {"aug_word_p": 1.0, "aug_char_max": 1, "include_numeric": False}),
    "OcrAug": ("char", {"aug_word_p": 1.0, "aug_char_max": 1}),
    "RandomCharAug": ("char", {"action": "substitute", "aug_word_p": 1.0, "aug_char_max": 1}),
    "SpellingAug": ("word", {"aug_p": 1.0}),
    "SplitAug": ("word", {"aug_p": 1.0}),
}
_WORD_LETTERS = 40


def nlpaug_names() -> list[str]:
    """The names under which nlpaug's augmenters can be asked for."""
    return [f"nlpaug:{name}" for name in _NLPAUG]


def bridge(name: str) -> Perturbation:
    """The perturbation behind `nlpaug:KeyboardAug`, `python:module:function` or `paraphrase:FILE`.

    Raises StudyError for an augmenter, module, function or file that is not there.
    """
    kind, _, rest = name.partition(":")
    return {"nlpaug": _nlpaug, "python": _python, "paraphrase": _paraphrase}[kind](name, rest)


# --- nlpaug -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def _nlpaug(name: str, augmenter: str) -> Perturbation:
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
        summary=f"nlpaug's {augmenter}, word by word, turned into edits, protected, checked and nested like ours.",
        measure="words that it changes",
        propose=_WordForWord(augmenter),
        takes_case=True,
        check=guard,
    )


class _WordForWord:
    """Proposals from an augmenter that is given one word at a time; it is made when first needed."""

    def __init__(self, augmenter: str) -> None:
        self._name = augmenter
        self._change: Callable[[str], str] | None = None

    def __call__(self, case: Case, rng: Random) -> Iterator[Proposal]:
        for word in sites(case).words:
            draw, seed = rng.random(), rng.getrandbits(32)
            if 2 <= len(word.text) <= _WORD_LETTERS:
                yield draw, partial(self._edit, word.text, word.start, seed)

    def _edit(self, word: str, start: int, seed: int) -> Edit | None:
        if self._change is None:
            self._change = _augmenter(self._name)
        with seeded_global_random(seed):
            new = self._change(word)
        return None if new == word else trimmed(word, new, start)


def _augmenter(name: str) -> Callable[[str], str]:
    folder, options = _NLPAUG[name]
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


# --- any function str -> str --------------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def _python(name: str, path: str) -> Perturbation:
    module, _, function = path.partition(":")
    if not module or not function:
        raise StudyError(f"{name!r}: write python:module:function, as in 'python:my_mess:shout'")
    try:
        change = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as problem:
        raise StudyError(f"{name!r}: {problem}; the module must be importable from where roadtest runs") from None
    if not callable(change):
        raise StudyError(f"{name!r}: {function} is not a function")
    doc = (change.__doc__ or "").strip().splitlines()
    return Perturbation(
        name=name,
        family="bridges",
        rates=_RATES,
        effect="same",
        source="a function of yours; rates are steps of the share of its changes that are kept",
        summary=doc[0] if doc else f"The function {function} of {module}.",
        measure="changes that it makes",
        propose=_Whole(change, name),
        check=guard,
    )


class _Whole:
    """Proposals from a function `str -> str` that is given the whole text; a diff by tokens makes edits of it."""

    def __init__(self, change: Callable[[str], str], name: str) -> None:
        self._change, self._name = change, name

    def __call__(self, text: str, rng: Random) -> Iterator[Proposal]:
        if not text.strip():
            return
        with seeded_global_random(rng.getrandbits(32)):
            try:
                new = self._change(text)
            except Exception as problem:
                raise StudyError(
                    f"{self._name} failed on {text[:40]!r}: {type(problem).__name__}: {problem}"
                ) from problem
        if not isinstance(new, str):
            raise StudyError(f"{self._name} must give a string, not {type(new).__name__}")
        for edit in edits_between(text, new):
            yield rng.random(), edit


# --- frozen paraphrases -------------------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def _paraphrase(name: str, path: str) -> Perturbation:
    accepted = (row for row in paraphrases(Path(path)) if row["review"] == "accepted")
    known = {row["case"]: (row["clean"], row["text"]) for row in accepted}
    return Perturbation(
        name=name,
        family="bridges",
        rates=ALWAYS,
        effect="same",
        source=f"paraphrases frozen in {Path(path).name}, each accepted by a reviewer before it counts",
        summary="Paraphrases that a model wrote and a person accepted, from a file.",
        measure="messages",
        propose=_Frozen(known),
        takes_case=True,
        reviewed=True,
    )


def paraphrases(path: Path) -> list[dict[str, str]]:
    """The lines of a file of paraphrases.

    The file is JSON Lines with case, clean, text, and review ("accepted", "refused" or ""). Raises StudyError with file
    and line for anything else.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as problem:
        raise StudyError(f"{path}: {problem.strerror}; `roadtest paraphrase` makes such a file") from None
    except UnicodeDecodeError:
        raise StudyError(f"{path}: not UTF-8") from None
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = {key: str(value) for key, value in json.loads(line).items()}
            review, *_ = (row[key] for key in ("review", "case", "clean", "text"))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise StudyError(f"{path}, line {number}: expected a JSON object with case, clean, text, review") from None
        if review not in ("accepted", "refused", ""):
            raise StudyError(f"{path}, line {number}: review must be 'accepted', 'refused' or '', not {review!r}")
        found.append(row)
    return found


class _Frozen:
    """One proposal a case: its accepted paraphrase in place of the text, if the text is still what was paraphrased."""

    def __init__(self, known: Mapping[str, tuple[str, str]]) -> None:
        self._known = known

    def __call__(self, case: Case, rng: Random) -> Iterator[Proposal]:
        clean, text = self._known.get(case.id, ("", ""))
        if text and clean == case.text:
            yield -1.0, Restating((Edit(0, len(clean), text),))
