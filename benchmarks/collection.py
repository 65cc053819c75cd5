"""What the pytest plugin adds to the collection of a project that does not use it.

Collects 2,000 tests of a made-up project with the plugin and without it (-p no:roadtest), one after the other, and
prints the medians of CPU seconds and their ratio, which should be below 1.05. The order alternates, so that a machine
that grows slower counts against both.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = """
import pytest

@pytest.mark.parametrize("number", range(200))
def test_many(number):
    assert number >= 0
"""


def seconds(folder: Path, *options: str) -> float:
    """CPU seconds of one collection."""
    before = os.times()
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", *options],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    """Prints the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
        for at in range(10):
            (folder / f"test_{at}.py").write_text(TESTS)
        taken: dict[str, list[float]] = {"with": [], "without": []}
        for at in range(rounds + 1):
            for which in ("with", "without") if at % 2 else ("without", "with"):
                found = seconds(folder, *(["-p", "no:roadtest"] if which == "without" else []))
                if at:  # the first round warms the disk
                    taken[which].append(found)
    medians = {which: statistics.median(values) for which, values in taken.items()}
    print(f"collection of 2,000 tests: {medians['without']:.3f} s CPU without the plugin, {medians['with']:.3f} s with")
    print(f"ratio {medians['with'] / medians['without']:.3f} (bound 1.05)")


if __name__ == "__main__":
    main()
