"""Fits perturbations/fitted/spelling.tsv: `python benchmarks/fit_spelling.py CORPORA [--without CORPUS ...]`.

CORPORA holds a folder for each corpus with its `words.tsv`: clean, noisy, count. Every corpus has the same weight.
"""

from __future__ import annotations

import argparse
import math
import random
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from roadtest.perturbations import tables
from roadtest.perturbations.spelling_channel import (
    FEATURES,
    LONGEST_BLOCK,
    Channel,
    blocks,
    contexts,
    features,
    likeliest,
)
from scipy.optimize import minimize

CORPORA = ("adfreiburg-typos", "codespell", "wikipedia", "ud-ewt")
HEADER = """\
# Edits inside misspelt words, in context: counts that were fitted, no words.
# Fitted to ad-freiburg/tokenization-repair (Bast, Hertel, Mohamed 2021), Apache-2.0; the codespell dictionary, CC BY-SA
# 3.0; Wikipedia's list of common misspellings, CC BY-SA; UD English EWT, CC BY-SA 4.0.
# 2026-11-23, benchmarks/fit_spelling.py
# edits <context> <occurrences> <new>:<count> ... | several <length> <share of two edits> | tilt <feature> <weight>
"""
PAIRS_A_CORPUS = 25_000  # so that all weigh the same
LEAST = 4.0  # occurrences of an error in a context, or of the error that its parent expects and that is missing
TILT_PAIRS = 3_000
# Two of the four corpora are lists that name each misspelling once, whereas people write the frequent ones often: what
# the lists teach the tilt about frequency is too little by about this (UD English EWT: AUC .74 without, .72 with).
OFTEN = 1.0


def read(corpora: Path, name: str, held: frozenset[str]) -> Counter[tuple[str, str]]:
    """Pairs with their counts, scaled to PAIRS_A_CORPUS."""
    pairs: Counter[tuple[str, str]] = Counter()
    for line in (corpora / name / "words.tsv").read_text(encoding="utf-8").splitlines():
        clean, noisy, count = line.split("\t")
        if clean not in held and clean != noisy:
            pairs[clean, noisy] += int(count)
    total = sum(pairs.values())
    scale = PAIRS_A_CORPUS / total
    if name == "ud-ewt":
        scale = min(scale, 8.0)  # 583 occurrences cannot stand for a quarter of everything
    return Counter({pair: count * scale for pair, count in pairs.items()})


def count(pairs: Counter[tuple[str, str]]) -> Channel:
    times: Counter[tuple[str, ...]] = Counter()
    turned: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    lengths: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for (clean, noisy), weight in pairs.items():
        made = blocks(clean, noisy)
        lengths[min(len(clean), 12)][len(made) > 1] += weight
        for size in range(LONGEST_BLOCK + 1):
            for start in range(len(clean) - size + 1):
                for context in contexts(clean, start, size):
                    times[context] += weight
        for start, end, text in made:
            for context in contexts(clean, start, end - start):
                turned[context][text] += weight
    kept = {}
    for context, became in turned.items():
        few = {text: n for text, n in became.items() if n >= (LEAST if len(context) > 1 else 1.5)}
        if few and not any(mark in "".join(context) + "".join(few) for mark in "|:\t"):
            kept[context] = (times[context], few)
    for context, n in times.items():  # where an error is missing that one would expect
        if 1 < len(context) < 4 and context not in kept and (context[0],) in kept:
            total, became = kept[context[0],]
            if n * sum(became.values()) / total > 3 * LEAST:
                kept[context] = (n, {})
    return Channel(kept, {length: twice / (once + twice) for length, (once, twice) in sorted(lengths.items())})


def tilt(channel: Channel, pairs: list[tuple[str, str]], ridge: float = 2.0) -> list[float]:
    """The weights under which the real misspelling is the likeliest: conditional maximum entropy, ridge penalty."""
    choices, table = [], {}
    for clean, noisy in pairs:
        if clean not in table:
            found = likeliest(channel, clean)
            made = [clean[: b[0]] + b[2] + clean[b[1] :] for _, b in found]
            table[clean] = (made, np.array([features(clean, b, rate) for rate, b in found]))
        made, values = table[clean]
        if noisy in made:
            choices.append((made.index(noisy), values))
    start = np.zeros(len(FEATURES))
    start[-1] = 1.0

    def loss(weights):
        value, slope = ridge * ((weights - start) ** 2).sum(), 2 * ridge * (weights - start)
        for which, values in choices:
            score = values @ weights
            share = np.exp(score - score.max())
            share /= share.sum()
            value -= math.log(share[which] + 1e-300)
            slope -= values[which] - share @ values
        return value, slope

    print(f"tilt: {len(choices)} of {len(pairs)} pairs can be reached by one block edit")
    return list(minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 80}).x)


def fit(corpora: Path, without: list[str], held: frozenset[str], target: Path) -> None:
    pairs: Counter[tuple[str, str]] = Counter()
    for name in CORPORA:
        if name not in without:
            pairs.update(read(corpora, name, held))
    channel = count(pairs)
    rng = random.Random(1)
    listed = sorted(pairs)
    weights = tilt(channel, rng.choices(listed, [pairs[pair] for pair in listed], k=TILT_PAIRS))
    weights[FEATURES.index("frequency")] += OFTEN
    lines = [
        "\t".join(["edits", "|".join(context), f"{n:.0f}", *(f"{t}:{c:.0f}" for t, c in sorted(became.items()))])
        for context, (n, became) in sorted(channel.seen.items())
    ]
    lines += [f"several\t{length}\t{share:.3f}" for length, share in channel.several.items()]
    lines += [f"tilt\t{name}\t{weight:.3f}" for name, weight in zip(FEATURES, weights, strict=True)]
    target.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {target}: {target.stat().st_size / 1000:.0f} kB, {len(channel.seen)} contexts")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--without", nargs="*", default=[], choices=CORPORA, help="corpora left out, to be tested on")
    parser.add_argument("--held", type=Path, help="a file whose first column are words to leave out")
    parser.add_argument("--to", type=Path, default=tables.FOLDER / "spelling.tsv")
    given = parser.parse_args()
    words = given.held.read_text(encoding="utf-8").splitlines() if given.held else []
    fit(given.corpora, given.without, frozenset(line.split("\t")[0] for line in words), given.to)
