"""How bad the messages of real people are: `python benchmarks/fit_levels.py CORPORA` prints rates for severities.

For each kind of mess in UD English EWT (web reviews, e-mail, newsgroups, weblogs; CC BY-SA 4.0, counts only): the share
of sentences of eight words or more that have any of it, and among those the share of their words (or other sites) that
are hit, for the median sentence and the 75th, 90th, 97th and 99th percentile. The rates in perturbations/*.py that name
UD English EWT as their source are these, rounded.
"""

from __future__ import annotations

import difflib
import re
import sys
from pathlib import Path

import numpy as np
from roadtest.perturbations.spelling_channel import zipf

LEVELS = (0.5, 0.75, 0.9, 0.97, 0.99)
WORD = re.compile(r"[^\W\d_]+(?:['’`][^\W\d_]+)*")


def changed(clean: list[str], noisy: list[str], alike) -> int:
    """Words of the clean side that differ on the noisy side in a way that `alike` recognises."""
    count = 0
    for kind, i, j, k, m in difflib.SequenceMatcher(None, clean, noisy, autojunk=False).get_opcodes():
        if kind == "replace" and alike(" ".join(clean[i:j]), " ".join(noisy[k:m])):
            count += max(j - i, 1)
    return count


def bare(text: str) -> str:
    return re.sub(r"[\s'’`-]", "", text.lower())


KINDS = {
    "typos: words": lambda c, n: (changed(c.split(), n.split(), lambda a, b: a.lower() != b.lower()), len(c.split())),
    "apostrophes: words that have one": lambda c, n: (
        changed(c.split(), n.split(), lambda a, b: "'" in a and "'" not in b and bare(a) == bare(b)),
        sum("'" in word for word in c.split()),
    ),
    "blanks: gaps between words": lambda c, n: (
        changed(c.split(), n.split(), lambda a, b: bare(a) == bare(b) and len(a.split()) != len(b.split())),
        len(c.split()),
    ),
    "capital at the start and of I": lambda c, n: (
        int(n[:1].islower()) + len(re.findall(r"\bi\b(?!\.)", n)),
        int(n[:1].isalpha()) + len(re.findall(r"\b[iI]\b(?!\.)", n)),
    ),
    "words in capitals": lambda c, n: (len(re.findall(r"\b[A-Z]{4,}\b", n)), len(WORD.findall(n))),
    "no mark at the end": lambda c, n: (int(n.rstrip()[-1:].isalnum()), 1),
    "marks that run away": lambda c, n: (len(re.findall(r"[!?]{2,}|\.{4,}", n)), max(len(re.findall(r"[.!?]+", n)), 1)),
    "long-drawn words": lambda c, n: (len(re.findall(r"\b\w*([A-Za-z])\1{2,}\w*", n)), len(WORD.findall(n))),
    "doubled blanks": lambda c, n: (len(re.findall(r"\S  +\S", n)), max(len(n.split()) - 1, 1)),
    "emoticons": lambda c, n: (len(re.findall(r"[:;]-?[)(DPp]", n)), 1),
    "chat words": lambda c, n: (
        len(re.findall(r"\b(?:u|ur|r|pls|plz|thx|btw|b4|2day|cuz|lol|omg|asap|ppl|w/)\b", n)),
        len(WORD.findall(n)),
    ),
}


def risks(pairs: list[tuple[str, str]]) -> None:
    """How much likelier than the average word a word is in error: by length, with an apostrophe, and very frequent."""
    words: dict[str, int] = {}
    errors: dict[str, int] = {}
    for clean, noisy in pairs:
        old, new = WORD.findall(clean), WORD.findall(noisy)
        for word in old:
            for kind in kinds_of(word):
                words[kind] = words.get(kind, 0) + 1
        for operation, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if operation == "replace" and j - i == m - k:
                for before, after in zip(old[i:j], new[k:m], strict=True):
                    if before.lower() != after.lower():
                        for kind in kinds_of(before):
                            errors[kind] = errors.get(kind, 0) + 1
    average = errors["any"] / words["any"]
    print(f"a word is in error in {average:.2%}; how much likelier than that:")
    for kind in sorted(words):
        print(f"  {kind:16} {errors.get(kind, 0) / words[kind] / average:6.2f}  ({words[kind]} words)")


def kinds_of(word: str) -> tuple[str, ...]:
    if "'" in word or "’" in word:
        return ("any", "apostrophe")
    common = ("zipf 7 and more",) if zipf(word.lower()) >= 7 else ()
    return ("any", f"{min(len(word), 11):2} letters", *common)


def main(corpora: Path) -> None:
    pairs = []
    for line in (corpora / "ud-ewt" / "sentences.tsv").read_text(encoding="utf-8").splitlines():
        clean, noisy = line.split("\t")
        if len(clean.split()) >= 8:
            pairs.append((clean, noisy))
    print(f"{len(pairs)} sentences of eight words or more")
    for name, hit in KINDS.items():
        rates = np.array([count / sites for count, sites in (hit(*pair) for pair in pairs) if count and sites])
        shown = "  ".join(f"{value:.3f}" for value in np.quantile(rates, LEVELS)) if len(rates) else "-"
        print(f"{name:36} in {len(rates) / len(pairs):7.2%} of sentences; share hit {shown}")
    risks(pairs)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
