"""Variants per second beside nlpaug, on the same prompts in one run; memory over a million variants.

`python benchmarks/perturb.py [PROMPTS]`: PROMPTS is a text file with a prompt a line; without it, 500 texts of the
built-in suites. Bounds: typos at least 3 times as fast as nlpaug's KeyboardAug, edits, protection and the class in the
ledger included; memory grows by less than 20 MB from the 200,000th to the millionth variant.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import nlpaug.augmenter.char
from roadtest.datasets import load_suite, suite_names
from roadtest.harness import Case
from roadtest.perturbations import find

ROUNDS, COUNT = 5, 500
DRAWS = 40
MILLION = 1_000_000


def prompts() -> list[str]:
    """The prompts, one a line."""
    if len(sys.argv) > 1:
        lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    else:
        lines = [case.text for name in suite_names() for case in load_suite(name).cases]
        lines = lines[:: max(len(lines) // COUNT, 1)]
    return [line for line in lines if line.strip()][:COUNT]


def memory() -> float:
    """The resident memory of this process now, in MB."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * resource.getpagesize() / 1e6


def main() -> int:
    texts = prompts()
    letters = sum(map(len, texts)) / len(texts)
    print(f"{len(texts)} prompts of {letters:.0f} characters on average")
    augmenter = nlpaug.augmenter.char.KeyboardAug()
    cases = [Case(str(at), text, "?") for at, text in enumerate(texts)]
    typos = find("typos")
    begin = time.perf_counter()
    for case in cases:
        typos.variant(case, 3, 0).text  # noqa: B018 - the text is what is timed
    print(f"first pass, words not seen before: {len(cases) / (time.perf_counter() - begin):,.0f} variants a second")
    ratios = []
    for turn in range(ROUNDS):
        begin = time.perf_counter()
        for text in texts:
            augmenter.augment(text)
        theirs = len(texts) / (time.perf_counter() - begin)
        begin = time.perf_counter()
        sent = 0
        for draw in range(turn * DRAWS, (turn + 1) * DRAWS):
            for case in cases:
                variant = typos.variant(case, 3, 0, draw)
                sent += variant.validity != "rejected" and variant.text != case.text
        ours = len(texts) * DRAWS / (time.perf_counter() - begin)
        ratios.append(ours / theirs)
        print(f"typos@3 {ours:9,.0f} a second, KeyboardAug {theirs:9,.0f}; ratio {ours / theirs:.2f}, {sent:,} changed")
    ratio = sorted(ratios)[len(ratios) // 2]
    print(f"median ratio {ratio:.2f} (bound 3)")
    start = 0.0
    for number in range(MILLION):
        typos.variant(cases[number % len(cases)], 1 + number % 5, 0, number)
        if number == MILLION // 5:
            start = memory()
    grown = memory() - start
    print(f"memory: {start:.0f} MB after {MILLION // 5:,} variants, {grown:+.1f} MB more after {MILLION:,} (bound 20)")
    return int(ratio < 3 or grown > 20)


if __name__ == "__main__":
    sys.exit(main())
