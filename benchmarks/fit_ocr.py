"""Fits the OCR noise channel to real Tesseract output and writes `perturbations/fitted/ocr.tsv`.

`python benchmarks/fit_ocr.py CORPORA_DIR [--only-lines even|odd] [--engine tess4|tess3] [--out FILE]`
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from roadtest.perturbations import ocr_channel as channel
from roadtest.perturbations.tables import changed_pairs
from scipy.stats import gamma

DATE = "2026-11-23"
FACES = 6
"""Clusters of sentences: on held-out sentences the likelihood peaks between four and eight."""
FACE_BACK_OFF, FACTOR_BACK_OFF = 5.0, 4.0
"""Imagined errors a face and misreading with the usual share of them, while faces are found and when they are."""

WORD_SHAPE, TEXT_SHAPE = 1.0, 3.0
"""Shapes of the gamma distributions of a word's and a text's multiplier of hazards; 3 for words and 6 for texts score
0.006 to 0.008 worse."""

ENOUGH = 3
"""A run of edits that occurs so often is one misreading; a rarer one is taken apart."""

Unit = channel.Unit
Block = tuple[int, int, str]
"""Start and end in the clean text, and what is read there."""

Event = tuple[str, str, str, int]
"""A block, its position, what is read, and where it starts."""


def steps(clean: str, noisy: str) -> list[Block]:
    """Single-character edits that turn one token into the other, at the least cost; a change of case costs less."""

    def cost(i: int, j: int) -> float:
        one, other = clean[i - 1], noisy[j - 1]
        return 0 if one == other else 0.9 if one.lower() == other.lower() else 1.2

    table = [[0.0] * (len(noisy) + 1) for _ in range(len(clean) + 1)]
    for i in range(len(clean) + 1):
        for j in range(len(noisy) + 1):
            choices = [table[i - 1][j - 1] + cost(i, j)] if i and j else []
            choices += [table[i - 1][j] + 1] if i else []
            choices += [table[i][j - 1] + 1] if j else []
            table[i][j] = min(choices, default=0.0)
    i, j, path = len(clean), len(noisy), []
    while i or j:
        here = table[i][j]
        if i and j and math.isclose(here, table[i - 1][j - 1] + cost(i, j)):
            i, j = i - 1, j - 1
            path.append((i, i + 1, noisy[j]))
        elif i and math.isclose(here, table[i - 1][j] + 1):
            i -= 1
            path.append((i, i + 1, ""))
        else:
            j -= 1
            path.append((i, i, noisy[j]))
    return path[::-1]


def merged(clean: str, path: list[Block]) -> list[list[Block]]:
    """The runs of edits between unchanged characters."""
    runs: list[list[Block]] = []
    touching = False
    for start, end, text in path:
        if clean[start:end] == text:
            touching = False
            continue
        if not touching:
            runs.append([])
        runs[-1].append((start, end, text))
        touching = True
    return runs


def anchored(run: list[Block], low: int, high: int, clean: str) -> list[Block]:
    """The run with each insertion made part of the edit of the character before it, or else behind it."""
    result: list[Block] = []
    ahead = ""
    for start, end, text in run:
        if start == end:
            if result and result[-1][1] == start:
                result[-1] = (result[-1][0], start, result[-1][2] + text)
            elif start > low and not ahead:
                result.append((start - 1, start, clean[start - 1] + text))
            else:
                ahead += text
        else:
            result.append((start, end, ahead + text))
            ahead = ""
    if ahead:
        at = run[-1][1]
        if at < high:
            result.append((at, at + 1, ahead + clean[at]))
    return result


class Sentence:
    """A sentence, its units, and the runs of edits in it."""

    def __init__(self, clean: str, noisy: str) -> None:
        self.clean = clean
        self.units: list[Unit] = list(channel.units(clean))
        self.at: dict[int, Unit] = {at: unit for unit in self.units for at in range(unit[0], unit[1])}
        self.runs: list[list[Block]] = []
        offset, shifted = 0, False
        old, new = clean.split(" "), noisy.split(" ")
        for number, (before, after) in enumerate(zip(old, new, strict=True)):
            path = steps(before, after) if before != after and not shifted else []
            behind = new[number + 1 : number + 2] == [channel.GAP] and not old[number + 1][:1].isalnum()
            added = ""  # what was read of a lone mark behind this token may stand at its end: "so ," as "so. ¬"
            while behind and path and path[-1][0] == path[-1][1] == len(before):
                added = path.pop()[2] + added
            placed = [(offset + start, offset + end, text) for start, end, text in path]
            ends = offset, offset + len(before)
            self.runs += [anchored(run, *ends, clean) for run in merged(clean, placed)]
            if added:
                self.runs.append([(ends[1], ends[1] + 1 + len(old[number + 1]), f"{added} {channel.GAP}")])
            shifted = bool(added)
            offset = ends[1] + 1
        self.runs = [run for run in self.runs if run]

    def joint(self, run: list[Block]) -> bool:
        """Whether a run of edits is short enough to be one block."""
        start, end = run[0][0], run[-1][1]
        unit = self.at.get(start)
        inside = unit is not None and end <= unit[1]
        small = end - start <= channel.LONGEST or (inside and unit and (start, end) == unit[:2] and not unit[2])
        return len(run) == 1 or bool(inside and small and sum(len(text) for _, _, text in run) <= 4)

    def events(self, common: Counter[tuple[str, str]]) -> Iterator[tuple[list[Block], Unit | None]]:
        """The edits, word by word, and the word if it is garbled: several edits, or one long one that is rare."""
        words: dict[int, list[list[Block]]] = defaultdict(list)
        for run in self.runs:
            unit = self.at.get(run[0][0])
            words[unit[0] if unit and unit[2] else -1 - run[0][0]].append(run)
        for first, runs in words.items():
            blocks: list[Block] = []
            garbled = len(runs) > 1
            for run in runs:
                start, end = run[0][0], run[-1][1]
                text = "".join(part for _, _, part in run)
                if len(run) == 1 or (self.joint(run) and common[self.clean[start:end], text] >= ENOUGH):
                    blocks.append((start, end, text))
                else:
                    blocks += run
                    garbled = True
            blocks = [(i, j, text) for i, j, text in blocks if len(text) <= 4 and self.clean[i:j] != text]
            yield blocks, self.at[first] if garbled and first >= 0 and len(blocks) > 1 else None

    def place(self, start: int, end: int) -> str | None:
        """The position of a block, or None where it is no block of the channel."""
        at = start + (self.clean[start] == " ")
        unit = self.at.get(at)
        if unit is None or end > unit[1] or (at != start and (at, end) != unit[:2]):
            return None
        return channel.position(at, end, unit)


def garble_kind(clean: str, parts: list[Block]) -> str:
    """Which of GARBLED a garbled word is."""
    changes = [(clean[start:end], text) for start, end, text in parts]
    return next((kind for kind in "HK" if any(channel.tells(kind, *change) for change in changes)), "G")


def lumped(block: str, text: str, count: int) -> str:
    """The name under which faces are told apart: rare misreadings are lumped with their like."""
    if count >= 12:
        return f"{block}>{text}"
    return (
        "case"
        if block.lower() == text.lower()
        else "lost"
        if not text
        else "gap"
        if channel.GAP in text
        else "digit"
        if re.search("[0-9]", text)
        else "letters"
        if text.isalpha()
        else "marks"
    ) + ("" if block.isalpha() else " for marks")


def widened(text: str, edit: Block, unit: Unit) -> Iterator[tuple[int, str, str]]:
    """An edit with neighbours inside its word: where it starts, the characters, what is read."""
    at, stop, reading = edit
    for left, right in ((1, 0), (0, 1), (1, 1), (2, 0), (0, 2)):
        start, end = at - left, stop + right
        new = text[max(start, 0) : at] + reading + text[stop:end]
        if unit[0] <= start and end <= unit[1] and end - start <= channel.LONGEST and len(new) <= 4:
            yield start, text[start:end], new


def extend(sentences: list[Sentence], edits: list[list[Event]], args: argparse.Namespace) -> None:
    """Widens edits by a neighbour where that neighbour makes them likelier ("ll" to "l", not any l lost)."""
    wide: Counter[tuple[str, str, str]] = Counter()
    single: Counter[tuple[str, str]] = Counter()
    seen: Counter[str] = Counter()
    options: list[tuple[int, int, list[tuple[int, str, str]]]] = []
    for row, (sentence, mine) in enumerate(zip(sentences, edits, strict=True)):
        text = sentence.clean
        for unit in sentence.units:
            for at in range(unit[0], unit[1]):
                seen.update(block for _, _, block, _ in channel.blocks(text, at, unit))
        for index, (block, place, reading, at) in enumerate(mine):
            home = sentence.at.get(at)
            if home is None or not home[2] or at + len(block) > home[1]:
                continue
            if place in channel.GARBLED or block == channel.WORD:
                continue
            found = list(widened(text, (at, at + len(block), reading), home))
            for start, old, new in found:
                wide[old, new, channel.position(start, start + len(old), home)] += 1
            single[block, reading] += 1
            options.append((row, index, found))
    for row, index, found in options:
        block, _, reading, at = edits[row][index]
        base = single[block, reading] / max(seen[block], 1)
        unit = sentences[row].at[at]
        choices: list[tuple[float, Event]] = []
        for start, old, new in found:
            where = channel.position(start, start + len(old), unit)
            lift = wide[old, new, where] / max(seen[old] * base, 1e-9)
            if wide[old, new, where] >= args.wide and lift > args.lift:
                choices.append((lift, (old, where, new, start)))
        if choices:
            edits[row][index] = max(choices, key=lambda choice: choice[0])[1]


Garbles = list[dict[int, tuple[str, list[Block]]]]
"""For each sentence: where its garbled words start, of which kind they are, and the edits in them."""

Matrix = np.ndarray[Any, np.dtype[np.float64]]


def found(sentences: list[Sentence]) -> tuple[list[list[Event]], Garbles]:
    """The events and the garbled words of each sentence."""
    common: Counter[tuple[str, str]] = Counter()
    for sentence in sentences:
        for run in filter(sentence.joint, sentence.runs):
            common[sentence.clean[run[0][0] : run[-1][1]], "".join(text for _, _, text in run)] += 1
    edits: list[list[Event]] = []
    garbled: Garbles = []
    for sentence in sentences:
        mine: list[Event] = []
        bad: dict[int, tuple[str, list[Block]]] = {}
        for parts, unit in sentence.events(common):
            kind = garble_kind(sentence.clean, parts) if unit else ""
            if unit:
                bad[unit[0]] = kind, parts
                mine.append((channel.WORD, channel.length(unit), kind, unit[0]))
            for start, end, text in parts:
                place = kind or sentence.place(start, end)
                if place and (not unit or (unit[0] <= start and end <= unit[1])):
                    mine.append((sentence.clean[start:end], place, text, start))
        edits.append(mine)
        garbled.append(bad)
    return edits, garbled


class Counts:
    """How often each block stands at each position and is misread there, over all sentences and in each."""

    def __init__(
        self, sentences: list[Sentence], edits: list[list[Event]], garbled: Garbles, least: int, least1: int
    ) -> None:
        self.misread: Counter[tuple[str, str, str]] = Counter()
        self.totals: Counter[tuple[str, str]] = Counter()
        for block, place, text, _ in itertools.chain.from_iterable(edits):
            self.misread[block, place, text] += 1
            self.totals[block, text] += 1
        self.kept = sorted(
            pair for pair, count in self.totals.items() if count >= (least1 if len(pair[0]) == 1 else least)
        )
        self.readings: dict[str, list[str]] = defaultdict(list)
        for block, text in self.kept:
            self.readings[block].append(text)
        self.seen: dict[str, Counter[str]] = defaultdict(Counter)
        self.rows: list[Counter[tuple[str, str]]] = []
        for sentence, bad in zip(sentences, garbled, strict=True):
            self.rows.append(Counter(self.occurrences(sentence, bad)))
            for (block, place), count in self.rows[-1].items():
                self.seen[block][place] += count
        self.share = {
            (block, place, text): self.shared(block, place, text)
            for block, text in self.kept
            for place in channel.PLACES
        }

    def occurrences(self, sentence: Sentence, bad: dict[int, tuple[str, list[Block]]]) -> Iterator[tuple[str, str]]:
        """The known blocks of a sentence with their positions; those of garbled words count there as well."""
        for unit in sentence.units:
            if unit[2] and unit[1] - unit[0] > 1:
                yield channel.WORD, channel.length(unit)
            for at in range(unit[0], unit[1]):
                for _, _, block, place in channel.blocks(sentence.clean, at, unit):
                    if block in self.readings:
                        yield block, place
                        if unit[0] in bad:
                            yield block, bad[unit[0]][0]

    def shared(self, block: str, place: str, text: str) -> float:
        """The share of a block's occurrences at a position that are misread so, leaning on the other positions."""
        counts: dict[str, float] = {other: self.misread[block, other, text] for other in channel.PLACES}
        seen: dict[str, float] = dict(self.seen[block])
        usual = channel.pooled(counts, place) / max(channel.pooled(seen, place), 1)
        return (counts[place] + channel.BACK_OFF * usual) / (seen.get(place, 0) + channel.BACK_OFF)

    def matrices(self, edits: list[list[Event]]) -> tuple[Matrix, Matrix]:
        """Expected and observed misreadings: a row for each sentence, a column for each of `kept`."""
        column = {pair: number for number, pair in enumerate(self.kept)}
        expected, observed = np.zeros((2, len(edits), len(column)))
        for row, (seen, mine) in enumerate(zip(self.rows, edits, strict=True)):
            for (block, place), count in seen.items():
                for text in self.readings[block]:
                    expected[row, column[block, text]] += count * self.share[block, place, text]
            for block, _, text, _ in mine:
                if (block, text) in column:
                    observed[row, column[block, text]] += 1
        return expected, observed


def faces(counts: Counts, edits: list[list[Event]], args: argparse.Namespace) -> tuple[Matrix, Matrix]:
    """The shares of the faces and, for each face and misreading, the factor of its usual share.

    A Poisson mixture over sentences, by expectation and maximisation from three starts.
    """
    expected, observed = counts.matrices(edits)
    groups: dict[str, int] = {}
    column = [groups.setdefault(lumped(*pair, counts.totals[pair]), len(groups)) for pair in counts.kept]
    lump = np.zeros((len(column), len(groups)))
    lump[np.arange(len(column)), column] = 1
    wanted, got = expected @ lump, observed @ lump
    best, weight_of_best, prior_of_best = -math.inf, np.zeros((0, 0)), np.zeros(0)
    for attempt in range(3):
        weight = np.random.default_rng(attempt).dirichlet([0.3] * args.faces, size=len(edits))
        for turn in range(80):
            factor = (weight.T @ got + args.face_back_off) / (weight.T @ wanted + args.face_back_off)
            prior = (weight.sum(0) + 5) / (weight.sum() + 5 * args.faces)
            log = np.log(prior) + got @ np.log(factor).T - wanted @ factor.T
            log *= min(1.0, 0.2 + turn / 40)  # annealed, lest one face takes all
            top = log.max(1, keepdims=True)
            weight = np.exp(log - top)
            likelihood = float((top[:, 0] + np.log(weight.sum(1))).sum())
            weight /= weight.sum(1, keepdims=True)
        if likelihood > best:
            best, weight_of_best, prior_of_best = likelihood, weight, prior
    order = np.argsort(-prior_of_best)
    weight = weight_of_best[:, order]
    factors = (weight.T @ observed + args.factor_back_off) / (weight.T @ expected + args.factor_back_off)
    return prior_of_best[order], factors


def fit(pairs: list[tuple[str, str]], args: argparse.Namespace) -> list[str]:
    """The lines of the table."""
    sentences = [Sentence(*pair) for pair in pairs]
    edits, garbled = found(sentences)
    extend(sentences, edits, args)
    counts = Counts(sentences, edits, garbled, args.least, args.least1)
    shares, factors = faces(counts, edits, args)
    lines = [f"face\t{value:.4f}" for value in shares]
    lines += [f"shape\tword\t{args.word_shape}", f"shape\ttext\t{args.text_shape}"]
    lines += nearby(sentences, edits, counts)
    lines += follow(sentences, garbled)
    lines += letters(sentences, garbled)
    lines += [f"seen\t{block}\t{packed(counts.seen[block])}" for block in sorted(counts.readings)]
    for number, (block, text) in enumerate(counts.kept):
        places = Counter({place: counts.misread[block, place, text] for place in channel.PLACES})
        packed_factors = " ".join(f"{value:.2g}" for value in factors[:, number])
        lines.append(f"read\t{block}\t{text}\t{packed(places)}\t{packed_factors}")
    return with_curve(lines, sentences, edits, args)


def nearby(sentences: list[Sentence], edits: list[list[Event]], counts: Counts) -> list[str]:
    """How a neighbour changes the hazard of a character, where it clearly does."""
    total = {
        (block, place): sum(counts.share[block, place, text] for text in texts)
        for block, texts in counts.readings.items()
        for place in channel.PLACES
    }
    expected: defaultdict[str, float] = defaultdict(float)
    observed: Counter[str] = Counter()
    for sentence, mine in zip(sentences, edits, strict=True):
        wrong = {at for block, _, _, at in mine if block != channel.WORD}
        whole = {at for block, _, _, at in mine if block == channel.WORD}
        for unit in sentence.units:
            if not unit[2] or unit[0] in whole:
                continue
            padded = "^" + sentence.clean[unit[0] : unit[1]] + "$"
            for at in range(unit[0], unit[1]):
                p = sum(total.get((block, place), 0) for _, _, block, place in channel.blocks(sentence.clean, at, unit))
                k = at - unit[0] + 1
                for key in ("<" + padded[k - 1 : k + 1], ">" + padded[k : k + 2]):
                    expected[key] += p
                    observed[key] += at in wrong
    lines = []
    for key in sorted(expected):
        ratio = (observed[key] + 6) / (expected[key] + 6)
        if abs(math.log(ratio)) > 0.25:
            lines.append(f"near\t{key}\t{ratio:.2f}")
    return lines


def letters(sentences: list[Sentence], garbled: Garbles) -> list[str]:
    """Which letters follow each other in garbled words, as log shares."""
    counts: Counter[str] = Counter()
    for sentence, bad in zip(sentences, garbled, strict=True):
        for first, (_, parts) in bad.items():
            pieces, at = [], first
            for start, end, text in parts:
                pieces += [sentence.clean[at:start], text]
                at = end
            counts.update(channel.pairs_of("".join(pieces) + sentence.clean[at : sentence.at[first][1]]))
    firsts: Counter[str] = Counter()
    for pair, count in counts.items():
        firsts[pair[0]] += count
    return [
        f"pair\t{pair}\t{math.log(count / firsts[pair[0]]):.1f}" for pair, count in sorted(counts.items()) if count > 1
    ]


def follow(sentences: list[Sentence], garbled: Garbles) -> list[str]:
    """How much likelier an edit, and a telling reading, is behind an edit, a telling one, or none, than anywhere."""
    edited: Counter[tuple[str, str, bool]] = Counter()
    telling: Counter[tuple[str, str, bool]] = Counter()
    for sentence, bad in zip(sentences, garbled, strict=True):
        for first, (kind, parts) in bad.items():
            begins = {start: (end, channel.tells(kind, sentence.clean[start:end], text)) for start, end, text in parts}
            at, before = first, "none"
            while at < sentence.at[first][1]:
                end, tells = begins.get(at, (at + 1, False))
                edited[kind, before, at in begins] += 1
                if at in begins:
                    telling[kind, before, tells] += 1
                before = "telling" if tells else "edit" if at in begins else "none"
                at = max(end, at + 1)
    lines = []
    for kind in channel.GARBLED:
        for name, counts in (("edit", edited), ("telling", telling)):
            both = [sum(n for (k, _, what), n in counts.items() if k == kind and what is w) for w in (True, False)]
            share = (both[0] + 1) / (sum(both) + 2)
            for before in ("none", "edit", "telling"):
                yes, no = counts[kind, before, True] + 5 * share, counts[kind, before, False] + 5 * (1 - share)
                ratio = yes / (yes + no) / share if name == "edit" else yes / no / (share / (1 - share))
                lines.append(f"shape\t{name} {kind} after {before}\t{ratio:.3f}")
    return lines


def gamma_quantiles(shape: float, points: int) -> list[float]:
    """Quantiles in the middle of equal slices of a gamma distribution with mean 1."""
    return [float(gamma.ppf((number + 0.5) / points, shape, scale=1 / shape)) for number in range(points)]


def with_curve(
    lines: list[str], sentences: list[Sentence], edits: list[list[Event]], args: argparse.Namespace
) -> list[str]:
    """The lines with what rates mean."""
    points = 40
    quantiles = gamma_quantiles(args.text_shape, points)
    # hazards are calibrated with the identity curve, rate = multiplier
    trial = channel.read_table(lines)
    trial.curve = [(0.0, 0.0), (1e9, 1e9)]
    trial.population = [((number + 0.5) / points, value) for number, value in enumerate(quantiles)]
    sample = random.Random(0).sample(sentences, 150)
    hazards: defaultdict[tuple[bool, float], float] = defaultdict(float)
    characters = 0
    for sentence in sample:
        characters += sum(not character.isspace() for character in sentence.clean)
        for unit in sentence.units:
            for face, prior in enumerate(trial.faces):
                if unit[2] and unit[1] - unit[0] > 1 and channel.WORD in trial.seen:
                    total = trial.readings(face, channel.WORD, channel.length(unit))[0]
                    if total:
                        log = round(math.log2(trial.hazard(total, False)), 1)
                        hazards[False, log] += prior * 0.6 * (unit[1] - unit[0])
            for at in range(unit[0], unit[1]):
                options = [b for b in channel.blocks(sentence.clean, at, unit) if b[2] in trial.seen]
                for face, prior in enumerate(trial.faces):
                    shares = [trial.readings(face, block, place)[0] for _, _, block, place in options]
                    size = sum(s * (b[1] - b[0]) for s, b in zip(shares, options, strict=True)) / max(
                        sum(shares), 1e-12
                    )
                    if sum(shares):
                        hazards[unit[2], round(math.log2(trial.hazard(sum(shares), unit[2])), 1)] += prior * size
    shape = args.word_shape
    grid = [2**step for step in channel._steps(-12, 20, 0.5)]
    curve = []
    for multiple in grid:
        total = 0.0
        for (is_word, log), size in hazards.items():
            product = 2**log * multiple
            total += size * (1 - ((1 + product / shape) ** -shape if is_word else math.exp(-product)))
        curve.append((1 - math.exp(-total / characters), multiple))  # blocks overlap: the lower draw stands
    curve.insert(0, (0.0, 0.0))
    back = [(multiple, rate) for rate, multiple in curve]
    result = [f"curve\t{rate:.6g}\t{multiple:.6g}" for rate, multiple in curve]
    result += [
        f"text\t{(number + 0.5) / points:.4g}\t{channel._interpolated(back, value):.6g}"
        for number, value in enumerate(quantiles)
    ]
    bad = sorted(
        sum(len(block.strip()) for block, _, _, _ in mine if block != channel.WORD)
        / sum(not c.isspace() for c in sentence.clean)
        for mine, sentence in zip(edits, sentences, strict=True)
        if mine
    )
    for percent in (50, 75, 90, 97, 99):
        result.append(f"severity\t{percent}\t{bad[len(bad) * percent // 100]:.4f}")
    return result + lines


def packed(counts: Counter[str]) -> str:
    """Counts by position as one field: "A3 M12"."""
    return " ".join(f"{place}{counts[place]}" for place in channel.PLACES if counts[place])


def main() -> None:
    """Fits and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--only-lines", choices=("even", "odd"))
    parser.add_argument("--engine", choices=("tess4", "tess3"), default="tess4")
    parser.add_argument("--to", type=Path, default=channel.TABLE)
    parser.add_argument("--faces", type=int, default=FACES)
    parser.add_argument("--least", type=int, default=5)
    parser.add_argument("--least1", type=int, default=2)
    parser.add_argument("--wide", type=int, default=5)
    parser.add_argument("--lift", type=float, default=2.0)
    parser.add_argument("--face-back-off", type=float, default=FACE_BACK_OFF)
    parser.add_argument("--factor-back-off", type=float, default=FACTOR_BACK_OFF)
    parser.add_argument("--word-shape", type=float, default=WORD_SHAPE)
    parser.add_argument("--text-shape", type=float, default=TEXT_SHAPE)
    args = parser.parse_args()
    pairs = changed_pairs(args.corpora / "ocr-tesseract-nat" / f"{args.engine}.tsv", args.only_lines)
    lines = fit(pairs, args)
    head = [
        "# How Tesseract 4 misreads: counts for perturbations/ocr_channel.py. Numbers only, no text of the corpora.",
        "# Source: fitted to NAT (Namysl et al. 2021), MIT, and UD English EWT, CC BY-SA 4.0.",
        f"# Made {DATE} by benchmarks/fit_ocr.py, which explains how.",
        f"# {channel.GAP} is a blank inside a token, or a token of which nothing was read, as the corpus writes it.",
        "# curve: rate, multiplier of all hazards. text: percentile of texts, rate. severity: percentile of sentences",
        "# with an error, share of their characters that are misread. face: share of texts. shape: constants by name.",
        "# near: < or > (neighbour before or behind), two characters, factor of the hazard of the first or second that",
        "# is meant. pair: neighbours in garbled words, log share. seen: block, occurrences by position (POSITIONS,",
        "# GARBLED, LENGTHS in ocr_channel.py). read: block, reading, times by position, factor in each face.",
    ]
    args.to.write_text("\n".join(head + lines) + "\n", encoding="utf-8")
    print(args.to, args.to.stat().st_size, len(lines))


if __name__ == "__main__":
    main()
