"""What an OCR engine makes of a text: a noise channel with counts fitted to real Tesseract output.

The counts stand in `fitted/ocr.tsv`, which names its sources and licences; `benchmarks/fit_ocr.py` makes it. A text is
read in one *face*, a cluster of sentences that show the same confusions (as one typeface does: in some, every lone
capital i becomes a bar, in others small letters come out as capitals). In it every place has a hazard of being
misread. A word multiplies the hazards of its letters by a factor of its own, because misread letters come in clusters.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

from ..harness.cases import Edit

GAP = "¬"
"""How the corpus writes a blank inside a token, and a token of which nothing was read (NAT's `encode_line`)."""

TABLE = Path(__file__).parent / "fitted" / "ocr.tsv"
"""The fitted counts, as `benchmarks/fit_ocr.py` wrote them."""

LONGEST = 3
"""The longest block of characters that is misread as one; a run of marks such as "..." may be longer."""

POSITIONS = "AIZBSMPEL"
"""Where a block stands: A whole unit, I the same at a line's start, Z at its end; B first in its unit, S at a line's
start too; E last in its unit, L at a line's end too; P before the last character; M elsewhere."""

GARBLED = "GHK"
"""The positions of blocks in garbled words, misread in several places, and at once the kinds of these: H with digits
or marks among the letters, K with new capitals, G other."""

LENGTHS = "abcdefghijkl"
"""The positions that say how long a whole word is: two letters, three, ... thirteen or more."""

PLACES = POSITIONS + GARBLED + LENGTHS

WORD = "<word>"
"""What stands in the table for a whole word, which is read as one of GARBLED."""

BACK_OFF = 6.0
"""Imagined occurrences at each position that behave as the block does anywhere."""

MOST = 0.985
"""The highest share of its occurrences in which a place is misread, so that hazards stay finite."""

ATTEMPTS = 6
"""How often a word is garbled anew until it is misread in two places or more."""

CANDIDATES = 2
"""Of so many garbled words the one that looks most like a word is taken; more make words look too good."""

RARE = -8.0
"""The log of the share of two neighbouring letters that garbled words never show."""

LONGEST_WORD = 40
"""Of longer words only the beginning is garbled."""

LONGEST_RUN = 8
"""A longer run of marks (a ruled line) is read mark by mark."""

Unit = tuple[int, int, bool, bool, bool]
"""Start, end, whether a word (else a run of marks), whether first and last in its line."""

_HARD = re.compile(r"[^a-zA-Z'’-]")
_OTHER = re.compile(r"[^a-z'-]+")
_UNIT = re.compile(r"['’]?[^\W_]+(?:[^\s\w][^\W_]+)*|(?:[^\w\s]|_)+")


def units(text: str) -> Iterator[Unit]:
    """The words and the runs of marks of a text: start, end, whether a word, whether first and last in its line."""
    found = [(match.start(), match.end()) for match in _UNIT.finditer(text)]
    for number, (start, end) in enumerate(found):
        first = number == 0 or "\n" in text[found[number - 1][1] : start]
        last = number == len(found) - 1 or "\n" in text[end : found[number + 1][0]]
        yield start, end, text[start : start + 2].strip("'’")[:1].isalnum(), first, last


def position(at: int, end: int, unit: Unit) -> str:
    """Which of POSITIONS the block from `at` to `end` has in its unit."""
    start, stop, _, first, last = unit
    if (at, end) == (start, stop):
        return "Z" if last else "I" if first else "A"
    if at == start:
        return "S" if first else "B"
    if end == stop:
        return "L" if last else "E"
    return "P" if end == stop - 1 else "M"


def tells(kind: str, old: str, reading: str) -> bool:
    """Whether a misreading makes a garbled word one of this kind."""
    if kind == "H":
        return bool(_HARD.search(reading)) and not _HARD.search(old)
    return kind == "K" and sum(map(str.isupper, reading)) > sum(map(str.isupper, old))


def length(unit: Unit) -> str:
    """Which of LENGTHS a word has."""
    return LENGTHS[min(unit[1] - unit[0] - 2, len(LENGTHS) - 1)]


def blocks(text: str, at: int, unit: Unit) -> Iterator[tuple[int, int, str, str]]:
    """The blocks that begin at `at`: start, end, the characters, position; a lone mark also with the blank before."""
    start, stop, is_word, _, _ = unit
    for end in range(at + 1, min(at + LONGEST, stop) + 1):
        yield at, end, text[at:end], position(at, end, unit)
    if at == start and not is_word:
        if LONGEST < stop - start <= LONGEST_RUN:
            yield at, stop, text[at:stop], position(at, stop, unit)
        if at >= 2 and text[at - 1] == " " and not text[at - 2].isspace() and stop - start <= LONGEST_RUN:
            yield at - 1, stop, text[at - 1 : stop], position(at, stop, unit)


def pooled(counts: dict[str, float], place: str) -> float:
    """The counts of all positions that one of them may lean on: garbled words are a world of their own."""
    if place in GARBLED:
        return counts.get(place, 0.0)
    return sum(count for other, count in counts.items() if other not in GARBLED)


@dataclass(slots=True)
class Table:
    """The fitted numbers, and what has been worked out from them."""

    faces: list[float] = field(default_factory=list)  # shares
    shapes: dict[str, float] = field(default_factory=dict)  # of the gamma distributions: word, text
    curve: list[tuple[float, float]] = field(default_factory=list)  # rate, multiplier of all hazards
    population: list[tuple[float, float]] = field(default_factory=list)  # percentile, rate
    percentiles: list[float] = field(default_factory=list)  # rates of the 50th, 75th, 90th, 97th, 99th sentence
    seen: dict[str, dict[str, float]] = field(default_factory=dict)  # block: position: occurrences
    misread: dict[str, list[tuple[str, dict[str, float], list[float]]]] = field(default_factory=dict)
    letters: dict[str, float] = field(default_factory=dict)  # neighbours in garbled words: log of the second's share
    near: dict[str, float] = field(default_factory=dict)  # a character and its neighbour: factor of the hazard
    known: dict[tuple[int, str, str], tuple[float, list[tuple[float, str]]]] = field(default_factory=dict)
    hazards: dict[bool, list[tuple[float, float]]] = field(default_factory=dict)

    def readings(self, face: int, block: str, place: str) -> tuple[float, list[tuple[float, str]]]:
        """The share of the block's occurrences that are misread, and each misreading with its own share."""
        key = (face, block, place)
        if key not in self.known:
            seen = self.seen[block]
            here = seen.get(place, 0.0)
            shares = []
            for text, counts, factors in self.misread[block]:
                usual = pooled(counts, place) / max(pooled(seen, place), 1.0)
                share = (counts.get(place, 0.0) + BACK_OFF * usual) / (here + BACK_OFF)
                shares.append((share * factors[face], text))
            self.known[key] = (sum(share for share, _ in shares), shares)
        return self.known[key]

    def hazard(self, share: float, is_word: bool) -> float:
        """The hazard with which this share of places is misread, over all words and all texts."""
        if is_word not in self.hazards:
            self.hazards[is_word] = [(self.share(2**step, is_word), 2**step) for step in _steps(-24, 16, 0.5)]
        return _interpolated(self.hazards[is_word], min(share, MOST))

    def share(self, hazard: float, is_word: bool) -> float:
        """The share of places with this hazard that are misread, over all words and all texts."""
        total = 0.0
        for _, rate in self.population:
            product = hazard * self.multiplier(rate)
            shape = self.shapes["word"]
            total += 1 - ((1 + product / shape) ** -shape if is_word else math.exp(-product))
        return total / len(self.population)

    def multiplier(self, rate: float) -> float:
        """What all hazards are multiplied with at a rate."""
        return _interpolated(self.curve, rate)

    def rate(self, multiplier: float) -> float:
        """The rate that belongs to a multiplier, below 1."""
        return min(_interpolated([(multiple, rate) for rate, multiple in self.curve], multiplier), 1 - 1e-9)


def _steps(first: float, last: float, width: float) -> list[float]:
    return [first + width * step for step in range(round((last - first) / width) + 1)]


def _interpolated(points: list[tuple[float, float]], at: float) -> float:
    """The value at `at` on the line through these points, which do not fall; level beyond both ends."""
    index = bisect_left(points, (at, -math.inf))
    if index == 0:
        return points[0][1]
    if index == len(points):
        return points[-1][1]
    (left, low), (right, high) = points[index - 1], points[index]
    return high if right <= left else low + (high - low) * (at - left) / (right - left)


def _pairs(packed: str) -> dict[str, float]:
    """ "A3 M12.5" as a dictionary."""
    return {item[0]: float(item[1:]) for item in packed.split(" ")} if packed else {}


def read_table(lines: list[str]) -> Table:
    """The table that these lines hold; the first field of a line says what it is (see the comments in the file)."""
    result = Table()
    for line in lines:
        kind, *cells = line.rstrip("\n").split("\t")
        if kind == "seen":
            result.seen[cells[0]] = _pairs(cells[1])
        elif kind == "read":
            factors = [float(cell) for cell in cells[3].split(" ")]
            result.misread.setdefault(cells[0], []).append((cells[1], _pairs(cells[2]), factors))
        elif kind == "pair":
            result.letters[cells[0]] = float(cells[1])
        elif kind == "near":
            result.near[cells[0]] = float(cells[1])
        elif kind == "face":
            result.faces.append(float(cells[0]))
        elif kind == "shape":
            result.shapes[cells[0]] = float(cells[1])
        elif kind == "curve":
            result.curve.append((float(cells[0]), float(cells[1])))
        elif kind == "text":
            result.population.append((float(cells[0]), float(cells[1])))
        elif kind == "severity":
            result.percentiles.append(float(cells[1]))
    return result


@cache
def table() -> Table:
    """The shipped table, read once."""
    return read_table(TABLE.read_text(encoding="utf-8").splitlines())


def rates() -> tuple[float, ...]:
    """The rates of the 50th, 75th, 90th, 97th and 99th percentile sentence among those with an error."""
    return tuple(table().percentiles)


def rate_at(u: float) -> float:
    """The rate of the text at the percentile `u` in [0, 1), to draw a population of texts with an error."""
    return _interpolated(table().population, u)


def proposals(text: str, rng: Random, *, decoded: bool = False) -> Iterator[tuple[float, Edit]]:
    """Every place that may be misread, from left to right, each with a draw and what is read there.

    A rate is the share of characters (blanks aside) that are misread, on average over texts and faces, when the
    proposals with a draw below it are kept and the lower draw stands where two overlap. It does not count that share
    in this text: a text in a bad face, or with more of the shapes that engines confuse, is hit harder. At most one
    edit a place, and one for a whole garbled word. GAP stands as the corpus writes it, or `decoded` as real blanks.
    """
    known = table()
    mark, face = rng.random(), 0
    while face < len(known.faces) - 1 and mark >= known.faces[face]:
        mark -= known.faces[face]
        face += 1
    back = [(multiple, rate) for rate, multiple in known.curve]
    shape = known.shapes["word"]
    for unit in units(text):
        start, stop, is_word, _, _ = unit
        factor = max(rng.gammavariate(shape, 1 / shape), 1e-12) if is_word else 1.0
        if is_word and stop - start > 1:
            total, kinds = known.readings(face, WORD, length(unit))
            if total:
                hazard = known.hazard(total, False)
                draw = min(_interpolated(back, rng.expovariate(1.0) / hazard), 1 - 1e-9)
                _, _, kind = _chosen([(0, 0, total, kinds)], rng.random() * total)
                begin, end, reading = _garbled(text, unit, face, known, rng, kind)
                if reading != text[begin:end]:
                    yield draw, _spaced(text, begin, end, reading) if decoded else Edit(begin, end, reading)
        for at in range(start, stop):
            options = _options(text, at, unit, face, known, "")
            total = sum(share for _, _, share, _ in options)
            if not total:
                continue
            if is_word:
                before = "<" + (text[at - 1] if at > start else "^") + text[at]
                behind = ">" + text[at] + (text[at + 1] if at + 1 < stop else "$")
                factor_here = factor * known.near.get(before, 1.0) * known.near.get(behind, 1.0)
            else:
                factor_here = factor
            hazard = known.hazard(total, is_word) * factor_here
            draw = min(_interpolated(back, rng.expovariate(1.0) / hazard), 1 - 1e-9)
            begin, end, reading = _chosen(options, rng.random() * total)
            yield draw, _spaced(text, begin, end, reading) if decoded else Edit(begin, end, reading)


Option = tuple[int, int, float, list[tuple[float, str]]]


def _options(text: str, at: int, unit: Unit, face: int, known: Table, place: str) -> list[Option]:
    """The blocks that may be misread from `at` on: start, end, share, and the readings with theirs."""
    return [
        (begin, end, *known.readings(face, block, place or here))
        for begin, end, block, here in blocks(text, at, unit)
        if block in known.seen
    ]


def _chosen(options: list[Option], pick: float) -> tuple[int, int, str]:
    """The reading at `pick` in the shares laid end to end."""
    begin, end, reading = 0, 0, ""
    for begin, end, _, readings in options:
        for part, reading in readings:
            pick -= part
            if pick < 0:
                return begin, end, reading
    return begin, end, reading


def pairs_of(word: str) -> Iterator[str]:
    """The neighbouring letters of a word with its edges: "^a", "an", "n$"; a run of other characters counts as "#"."""
    plain = f"^{_OTHER.sub('#', word.lower())}$"
    return (plain[at : at + 2] for at in range(len(plain) - 1))


def _weighed(text: str, options: list[Option], kind: str, odds: float) -> list[Option]:
    """The options with the odds of readings that tell the kind changed by a factor."""
    result: list[Option] = []
    for begin, end, _, readings in options:
        old = text[begin:end]
        parts = [(share * odds if tells(kind, old, reading) else share, reading) for share, reading in readings]
        result.append((begin, end, sum(share for share, _ in parts), parts))
    return result


def _likeliest(candidates: list[str], known: Table) -> str:
    """The one whose letters follow each other most as in garbled words: engines know what words look like."""

    def looks(word: str) -> float:
        logs = [known.letters.get(pair, RARE) for pair in pairs_of(word)]
        return sum(logs) / len(logs)

    return max(candidates, key=looks)


def _garbled(text: str, unit: Unit, face: int, known: Table, rng: Random, kind: str) -> tuple[int, int, str]:
    """A word misread in several places, as the edit that makes it so."""
    start, stop, *_ = unit
    stop = min(stop, start + LONGEST_WORD)
    candidates: list[str] = []
    places: list[tuple[list[Option], float]] = []
    for at in range(start, stop):
        options = _options(text, at, unit, face, known, kind)
        places.append((options, sum(share for _, _, share, _ in options)))
    result = text[start:stop]
    for _ in range(ATTEMPTS):
        at, parts, misread, before, told = start, [], 0, "none", kind == "G"
        while at < stop:
            options, total = places[at - start]
            if rng.random() < min(total, MOST) * known.shapes[f"edit {kind} after {before}"]:
                odds = known.shapes[f"telling {kind} after {before}"]
                weighed = _weighed(text, options, kind, odds)
                _, end, reading = _chosen(weighed, rng.random() * sum(share for _, _, share, _ in weighed))
                parts.append(reading)
                misread += 1
                before = "telling" if tells(kind, text[at:end], reading) else "edit"
                told = told or before == "telling"
            else:
                end, before = at + 1, "none"
                parts.append(text[at])
            at = end
        result = "".join(parts)
        if misread > 1 and told and result != text[start:stop]:
            candidates.append(result)
            if len(candidates) == CANDIDATES:
                break
    return start, stop, _likeliest(candidates, known) if candidates else result


def _spaced(text: str, start: int, end: int, reading: str) -> Edit:
    """The edit with gaps as real blanks: one inside a word; none where nothing was read, nor the one before it."""
    within = start > 0 and end < len(text) and text[start - 1].isalnum() and text[end].isalnum()
    reading = reading.replace(f" {GAP}", "")
    if not within:
        reading = reading.strip(GAP)
    if not reading and start > 0 and text[start - 1] == " " and text[end : end + 1] in ("", " "):
        start -= 1
    return Edit(start, end, reading.replace(GAP, " "))
