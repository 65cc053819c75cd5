"""Fits the speech-recognition channel to NoiseQA and writes `perturbations/fitted/asr.tsv`.

`python benchmarks/fit_asr.py CORPORA_DIR [--only-lines even|odd] [--out FILE]`

Only counts, shares and weights go into the table, and of words only the closed list of function words in
`asr_channel.KINDS`. No sentence and no other word does.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from roadtest.perturbations import asr_channel as channel
from roadtest.perturbations.asr_channel import KINDS, Token
from roadtest.perturbations.tables import unescape
from scipy.optimize import minimize
from scipy.special import gammaln
from scipy.stats import gamma

DATE = "2026-11-23"
LEAST_COUNT = 2
"""Function words that were written once for another are counted by kind alone."""
INDEPENDENCE = 1.3
"""Words of one stretch tell this much more about their transcript's rate than one event does; with it, the spread of
misheard words over generated transcripts is that of the real ones."""
GAINED = 1.5
"""So much rarer are capitals in words heard rightly than their count among all such words says: they come in bursts."""
NOT_MADE = 1.25
"""So much rarer are misheard words than their rate says: stretches end with the sentence, capitals stand in the way."""
PERCENTILES = (0.5, 0.75, 0.9, 0.97, 0.99)


CLASS_PRIOR = 8.0
"""A class of words is as if eight more had been seen, misheard at the mean rate."""
WEIGHT_PRIOR = 0.1
"""The Gaussian prior on the weights of sound: half the inverse variance."""

Row = tuple[str, str, str, str]


class Run(NamedTuple):
    """Words of the clean text and what was written for them."""

    said: list[Token]
    written: list[Token]


def name(token: Token) -> str:
    """What tells two words apart."""
    return token.plain or token.text.lower()


def compare(clean: str, noisy: str) -> tuple[list[Token], list[Run], list[tuple[Token, Token]]]:
    """The words of a text, its misheard runs, and the words that were heard rightly, in pairs."""
    said, heard = channel.tokens(clean), channel.tokens(noisy)
    matcher = SequenceMatcher(None, [name(token) for token in said], [name(token) for token in heard], autojunk=False)
    runs, same = [], []
    for operation, i, j, k, m in matcher.get_opcodes():
        if operation == "equal":
            same += list(zip(said[i:j], heard[k:m], strict=True))
        else:
            runs.append(Run(said[i:j], heard[k:m]))
    return said, runs, same


def rows_of(section: str, context: str, counts: Mapping[str, float]) -> list[Row]:
    """Table rows, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(section, context, outcome, f"{count:g}") for outcome, count in ordered]


def outcome_of_ending(before: str, after: str) -> str:
    """What happened to a word's ending; "sound" where it is another word."""
    for kind, forms in channel.inflected(before).items():
        if after in forms:
            return kind
    return "sound"


def fit_weights(pairs: Sequence[tuple[str, str]], with_letters: bool) -> list[float]:
    """Weights of the log-linear model of words that sound alike, by maximum likelihood with a Gaussian prior."""
    known = channel.vocabulary()
    problems = []
    for before, after in pairs:
        heard = channel.sounds(before)
        near = [number for number in known.near(channel.coarse(heard)) if known.words[number] != before]
        right = [at for at, number in enumerate(near) if known.words[number] == after]
        if right:
            letters = before if with_letters else ""
            problems.append((np.array(list(channel.features(heard, letters, near)), float), right[0]))
    print(f"# {len(problems)} of {len(pairs)} misheard words are among the candidates")

    def cost(weights: np.ndarray) -> float:
        total = WEIGHT_PRIOR * float(weights @ weights)
        for values, right in problems:
            scores = values @ weights
            top = scores.max()
            total += float(top + np.log(np.exp(scores - top).sum()) - scores[right])
        return total

    start = np.array([-6, -6, 0, -2, 1, 0.5, 0.5, 0, 0], float)
    return [round(float(weight), 3) for weight in minimize(cost, start, method="L-BFGS-B").x]


def fit_spread(seen: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """How the rate is spread over transcripts, from (misheard stretches, stretches weighed by hazard) of each.

    The stretches of one transcript are taken as independent at its own level, -log(1 - rate), and the levels as gamma
    distributed: two numbers, by maximum likelihood (negative binomial counts).
    """
    counts, sizes = np.array(seen).T

    def cost(logs: np.ndarray) -> float:
        shape, mean = np.exp(logs)
        expected = sizes * mean
        return -float(
            np.sum(
                gammaln(counts + shape)
                - gammaln(shape)
                + shape * np.log(shape / (shape + expected))
                + counts * np.log(expected / (shape + expected))
            )
        )

    shape, mean = np.exp(minimize(cost, np.log([3.0, 0.25]), method="Nelder-Mead").x)
    print(f"# levels: gamma with shape {shape:.2f} and mean {mean:.3f}")
    levels = [*np.linspace(0, 0.95, 20), 0.97, 0.98, 0.99, 0.995, 1.0]
    return [(float(u), float(-np.expm1(-gamma.ppf(min(u, 0.998), shape, scale=mean / shape)))) for u in levels]


class Counted:
    """What is counted over all pairs."""

    def __init__(self) -> None:
        self.words: Counter[str] = Counter()
        self.misheard: Counter[str] = Counter()
        self.lengths: Counter[str] = Counter()
        self.shapes: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.added: Counter[str] = Counter()
        self.function: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.common: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.endings: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.look: defaultdict[str, list[bool]] = defaultdict(list)
        self.replaced: list[tuple[str, str]] = []

    def run(self, run: Run) -> None:
        """Counts one misheard stretch."""
        self.misheard.update(channel.hazard_class(token) for token in run.said)
        before, after = [name(token) for token in run.said], [name(token) for token in run.written]
        if before and all(token.plain for token in run.said):
            size = min(len(before), channel.LONGEST_RUN)
            self.lengths[str(size)] += 1
            context = str(size) if size > 1 else "1" + channel.commonness(before[0])
            least = 1 if context == "1F" else 0  # function words that are lost are counted with the others
            self.shapes[context][str(max(least, min(len(after), size + 2)))] += 1
        elif not before and len(after) == 1 and after[0] in KINDS:
            self.added[after[0]] += 1
        capital = any(token.text[0].isupper() and not token.opens for token in run.said)
        self.look[f"capital of misheard {'name' if capital else 'word'}"] += [
            token.text[0].isupper() for token in run.written if token.plain and token.plain not in KINDS
        ]
        if len(before) == len(after) or not after:
            for word, other in zip(before, after or [""] * len(before), strict=True):
                self.replacement(word, other, alone=len(before) == 1)

    def replacement(self, word: str, other: str, alone: bool) -> None:
        """Counts one word for another, or for nothing."""
        if word in KINDS:
            self.function[word][other] += 1
            self.kinds[KINDS[word]][KINDS.get(other, "sound") if other else "lost"] += 1
            if other in KINDS:
                self.common[KINDS[other]][other] += 1
        elif other and word.replace("'", "").isalpha():
            form = outcome_of_ending(word, other)
            self.endings[channel.ending(word)][form] += 1
            if form == "sound":
                self.replaced.append((word, other))
                if alone and other in channel.vocabulary().rank:
                    self.look["far"].append(not among_candidates(word, other))

    def heard(self, before: Token, after: Token) -> None:
        """Counts the capitals of a word heard rightly."""
        if before.plain and not any(sign.isupper() for sign in before.text[1:]):
            upper = before.text[0].isupper()
            where = "gained" if not upper else "start" if before.opens else "kept"
            self.look[f"capital {where} {channel.commonness(before.plain)}"].append(after.text[0].isupper())

    def hyphens(self, clean: str, noisy: str, same: Sequence[tuple[Token, Token]]) -> None:
        """Counts hyphens between words heard rightly."""
        for (one, its), (other, others) in pairwise(same):
            if clean[one.end : other.start] == "-" and one.plain and other.plain:
                self.look["hyphen kept"].append(noisy[its.end : others.start] == "-")

    @property
    def share(self) -> float:
        """The share of words that are misheard."""
        return self.misheard.total() / self.words.total()

    @property
    def mean_run(self) -> float:
        """The mean length of a misheard stretch."""
        return sum(int(size) * count for size, count in self.lengths.items()) / self.lengths.total()

    def hazards(self) -> dict[str, float]:
        """How many times likelier than the mean word each class is to be misheard; rare classes nearer to 1."""
        return {
            kind: round((self.misheard[kind] + CLASS_PRIOR * self.share) / (times + CLASS_PRIOR) / self.share, 3)
            for kind, times in sorted(self.words.items())
        }

    def table(self) -> Iterator[Row]:
        """The rows of all counts."""
        yield from (("hazard", kind, "times", f"{value:.3f}") for kind, value in self.hazards().items())
        yield "look", "word added", "times", f"{self.added.total() * self.mean_run / self.misheard.total():.4f}"
        for key, happened in sorted(self.look.items()):
            share = (sum(happened) + 0.5) / (len(happened) + 1)
            share /= self.share * GAINED if "gained" in key else 1  # it goes with the rate, so it is a hazard
            yield "look", key, "share", f"{share:.3f}"
        yield from rows_of("run", "all", self.lengths)
        yield from rows_of("added", "all", self.added)
        for word, counts in sorted(self.function.items()):
            frequent = {o: c for o, c in counts.items() if c >= LEAST_COUNT and (o in KINDS or not o)}
            rest = counts.total() - sum(frequent.values())
            if frequent:
                yield from rows_of("function", word, {**frequent, **({"other": rest} if rest else {})})
        for section in ("shape", "kind", "common", "ending"):
            counted = {"shape": self.shapes, "kind": self.kinds, "common": self.common, "ending": self.endings}[section]
            for context in sorted(counted):
                yield from rows_of(section, context, counted[context])


def among_candidates(word: str, other: str) -> bool:
    """Whether the index would find a word from the sounds of the one that was said."""
    known = channel.vocabulary()
    return any(known.words[number] == other for number in known.near(channel.coarse(channel.sounds(word))))


def rates(texts: Sequence[tuple[list[Token], list[Run]]], counted: Counted) -> Iterator[Row]:
    """How rates are spread over all transcripts, and the percentiles of those with a misheard word."""
    hazards = counted.hazards()
    event = counted.mean_run / INDEPENDENCE
    seen = [
        (
            sum(max(1, len(run.said) / event) for run in runs),
            sum(hazards[channel.hazard_class(token)] for token in said) / event / NOT_MADE,
        )
        for said, runs in texts
    ]
    yield from (("rates", "all", f"{level:.3f}", f"{value:.4f}") for level, value in fit_spread(seen))
    shares = [sum(len(run.said) for run in runs) / len(said) for said, runs in texts if any(run.said for run in runs)]
    weights = np.array(list(hazards.values()))
    sizes = np.array([counted.words[kind] for kind in hazards]) / counted.words.total()
    grid = np.linspace(0, 0.99, 400)  # at which rate is this share of all words misheard?
    misheard_at = [float(sizes @ (1 - (1 - rate) ** weights)) for rate in grid]
    for level in PERCENTILES:
        rate = float(np.interp(np.quantile(shares, level), misheard_at, grid))
        yield "rates", "changed", f"{level}", f"{rate:.4f}"


def fit(pairs: Iterable[tuple[str, str]]) -> list[Row]:
    """All rows of the table."""
    counted, texts = Counted(), []
    for clean, noisy in pairs:
        said, runs, same = compare(clean, noisy)
        texts.append((said, runs))
        counted.words.update(channel.hazard_class(token) for token in said)
        for run in runs:
            counted.run(run)
        for before, after in same:
            counted.heard(before, after)
        counted.hyphens(clean, noisy, same)
    table = list(counted.table())
    for context, with_letters in (("word", True), ("piece", False)):
        fitted = fit_weights(counted.replaced, with_letters)
        table += [("weights", context, f"{number}", f"{weight}") for number, weight in enumerate(fitted)]
    return [*table, *rates(texts, counted)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--only-lines", choices=("even", "odd"), help="counted from 1")
    tables = Path(__file__).parent.parent / "perturbations" / "fitted"
    parser.add_argument("--to", type=Path, default=tables / "asr.tsv")
    options = parser.parse_args()
    text = (options.corpora / "noiseqa-asr" / "sentences.tsv").read_text(encoding="utf-8")
    lines = [line.split("\t") for line in text.removesuffix("\n").split("\n")]
    pairs = [(unescape(clean), unescape(noisy)) for clean, noisy in lines]
    if options.only_lines:
        pairs = pairs[1::2] if options.only_lines == "even" else pairs[::2]
    table = fit(pairs)
    head = (
        "# How a speech service mishears questions read aloud: fitted to NoiseQA (Ravichander et al. 2021), MIT\n"
        f"# {DATE}, benchmarks/fit_asr.py, {len(pairs)} pairs\n"
        "# section, context, outcome, count; `hazard`, `look`, `weights` and `rates` hold numbers other than counts.\n"
    )
    options.to.write_text(head + "".join("\t".join(row) + "\n" for row in table), encoding="utf-8")


if __name__ == "__main__":
    main()
