"""Peak memory of a whole `roadtest run`: plan, calls, journal, analysis, report and table.

    python benchmarks/memory.py [--calls 1130000]

Runs studies of rising size against an async function that answers at once, each in a process of its own. A tenth of the
variants change nothing and are not asked; what is printed counts the calls that were. Bound: 500 MiB for a million
planned calls. Prints the peak, and what a further call takes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MIB = 500
NAMES = """casing doubled_letters emoji email_thread keyboard stuck_key swapped_letters dropped_letters missing_spaces
split_words elongation whitespace caps_lock punctuation smart_quotes runaway_punctuation invisible lookalikes small_talk
interface_chrome""".split()
CLAUSES = [f"{name}@{severity}" for name in NAMES for severity in range(1, 6)]
APP = """
async def answer(messages):
    text = messages[-1]["content"]
    return text.split()[-1].strip(".?!") if len(text) % 7 else "none"
"""
WORDS = "the parcel for my order should have come on Tuesday but nobody rang and the shop never wrote back about it"


def run(calls: int) -> tuple[int, float, float]:
    """Planned calls really made, peak MiB and CPU seconds of one study."""
    items = calls // (2 + len(CLAUSES))
    luck = random.Random(0)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "app.py").write_text(APP)
        with (folder / "suite.jsonl").open("w") as file:
            for at in range(items):
                words = WORDS.split()
                luck.shuffle(words)
                text = f"{' '.join(words)}, number {at}."
                file.write(json.dumps({"id": f"i-{at}", "text": text, "target": str(at)}) + "\n")
        (folder / "study.toml").write_text(
            f'suite = "suite.jsonl"\nscorer = "exact"\nperturbations = {json.dumps(CLAUSES)}\n'
            '[endpoint]\ncallable = "app:answer"\nconcurrency = 16\n[gate]\nmargin = "5pp"\nlooks = 1\n'
        )
        roadtest = Path(sys.executable).with_name("roadtest")
        process = subprocess.Popen(
            [roadtest, "run", folder / "study.toml", "--into", folder / "results"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0, "the run failed"
        with (folder / "results" / "records.jsonl").open("rb") as journal:
            made = sum(1 for _ in journal)
        return made, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=1_130_000)
    largest = parser.parse_args().calls
    seen = []
    for calls in (largest // 25, largest // 5, largest):
        started = time.perf_counter()
        made, peak, cpu = run(calls)
        seen.append((made, peak))
        print(
            f"{made:>9,} calls: peak {peak:,.0f} MiB, {1000 * cpu / made:.2f} ms CPU a call, "
            f"{time.perf_counter() - started:,.0f} s",
            flush=True,
        )
    (fewer, less), (more, peak) = seen[-2:]
    print(
        f"a further call takes {1024**2 * (peak - less) / (more - fewer):,.0f} bytes; bound {MIB} MiB: "
        f"{'met' if peak <= MIB else 'NOT met'}"
    )
    return int(peak > MIB)


if __name__ == "__main__":
    sys.exit(main())
