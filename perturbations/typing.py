"""Slips of the fingers."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from ..harness.cases import Edit
from .perturbation import Proposal, perturbation
from .text import words

# Letters that lie beside each other on a US QWERTY keyboard (public fact of the layout).
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS: dict[str, str] = {}
for _row, _letters in enumerate(_ROWS):
    for _at, _letter in enumerate(_letters):
        _beside = [_letters[i] for i in (_at - 1, _at + 1) if 0 <= i < len(_letters)]
        # each row is set about half a key to the right of the one above
        _beside += [_ROWS[_row - 1][i] for i in (_at, _at + 1) if _row > 0 and i < len(_ROWS[_row - 1])]
        _beside += [_ROWS[_row + 1][i] for i in (_at - 1, _at) if _row < 2 and 0 <= i < len(_ROWS[_row + 1])]
        _NEIGHBOURS[_letter] = "".join(_beside)


@perturbation(
    "typos",
    rates=(0.03, 0.06, 0.12, 0.25, 0.5),
    source="rates and the even mix of four slips are chosen by hand, not yet fitted",
)
def typos(text: str, rng: Random) -> Iterator[Proposal]:
    """One slip in a share of the words: letters swapped, dropped, doubled, or hit on the key beside."""
    for word in words(text, at_least=3):
        draw, slip, at = rng.random(), rng.randrange(4), word.start + rng.randrange(word.end - word.start - 1)
        pair = text[at : at + 2]
        if slip == 0 and pair[0] != pair[1] and pair.isalpha():
            yield draw, Edit(at, at + 2, pair[1] + pair[0])
        elif slip == 1:
            yield draw, Edit(at + 1, at + 2, "")
        elif slip == 2:
            yield draw, Edit(at + 1, at + 1, pair[0])
        else:
            key = _NEIGHBOURS.get(pair[0].lower(), "")
            hit = rng.choice(key) if key else pair[0]
            yield draw, Edit(at, at + 1, hit.upper() if pair[0].isupper() else hit)
