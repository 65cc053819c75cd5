"""Time, memory and size of a report: read the journal, grade every answer, measure, decide 100 claims, write it all.

    python benchmarks/analyse.py [ITEMS]      # 10,000 items: 1,000,000 messy records and 20,000 clean ones

Writes results folders of rising size (20 perturbations x 5 severities) and analyses each in a process of its own.
Bounds: 120 seconds, 2 GiB and 5 MB of HTML for 10,000 items, 2 MB of HTML for a ninth of them (some 110,000 records),
and a time for each record that does not grow.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

QUEUES = ["delivery", "refund", "cancel", "login", "payment", "technical", "product"]
PERTURBATIONS, SEVERITIES, REPEATS = 20, 5, 2
SECONDS, GIB = 120, 2
MEGABYTES, SMALL_MEGABYTES = 5, 2


def write(folder: Path, items: int) -> None:
    """A results folder as a study of this size leaves it behind; drops grow with perturbation and severity."""
    luck = random.Random(1)
    conditions = [f"mess{p:02d}@{s}" for p in range(PERTURBATIONS) for s in range(1, SEVERITIES + 1)]
    targets = [luck.choice(QUEUES) for _ in range(items)]
    ease = [luck.random() for _ in range(items)]
    with (folder / "cases.jsonl").open("w") as file:
        for i in range(items):
            text = f"Ticket {i}: the parcel of order {10_000 + i} should have been here on Tuesday; where is it?"
            file.write(json.dumps({"id": f"t-{i}", "text": text, "target": targets[i], "choices": QUEUES}) + "\n")
    study = {
        "fingerprint": "0" * 12,
        "manifest": "0" * 64,
        "system": "openai/benchmark",
        "scorer": "label",
        "extents": [items],
        "gate_changes": [],
        "versions": {},
        "asked": {"perturbations": conditions},
        "effects": dict.fromkeys(conditions, "same"),
        "study": {
            "name": "benchmark",
            "repeats": REPEATS,
            "draws": 1,
            "seed": 0,
            "gate": {"margin": 0.05},
            "endpoint": {"model": "openai/benchmark", "temperature": 0.0},
        },
    }
    (folder / "study.json").write_text(json.dumps(study))

    def record(key: str, right: bool, i: int) -> str:
        text = targets[i] if right else QUEUES[(QUEUES.index(targets[i]) + 1 + luck.randrange(6)) % 7]
        reply = {"text": text, "finish": "stop", "model": "benchmark", "prompt_tokens": 1000, "completion_tokens": 2}
        reply |= {"cost": 0.00015, "seconds": 0.4, "attempts": 1}
        line = {"id": key, "at": "2026-01-01T00:00:00.000+00:00", "reply": reply, "failure": "", "message": ""}
        return json.dumps(line) + "\n"

    with (folder / "variants.jsonl").open("w") as variants, (folder / "records.jsonl").open("w") as records:
        for i in range(items):
            for repeat in range(REPEATS):
                records.write(record(f"t-{i}/clean#{repeat}", luck.random() < 0.8 + 0.19 * ease[i], i))
        for i in range(items):
            for p in range(PERTURBATIONS):
                for severity in range(1, SEVERITIES + 1):
                    key = f"t-{i}/mess{p:02d}@{severity}#0"
                    row = {"id": key, "case": f"t-{i}", "perturbation": f"mess{p:02d}", "severity": severity, "draw": 0}
                    row |= {"effect": "same", "target": None, "validity": "proved", "changed": luck.random() < 0.97}
                    row["edits"] = [
                        {"start": at, "end": at + 2, "text": "xy", "group": at, "field": "text"}
                        for at in range(0, 3 * severity, 3)
                    ]
                    variants.write(json.dumps(row) + "\n")
                    if row["changed"]:
                        right = luck.random() < 0.8 + 0.19 * ease[i] - 0.002 * p * severity
                        records.write(record(key, right, i))


def analyse(folder: Path) -> None:
    """In a process of its own: prints seconds, peak memory in MiB, records and the verdict."""
    began = time.perf_counter()
    from roadtest.harness import analyse as analyse_results
    from roadtest.harness import read_results, write_report

    analysis = analyse_results(read_results(folder))
    size = write_report(analysis, folder).stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = {"seconds": time.perf_counter() - began, "mib": peak, "records": analysis.calls, "html": size}
    print(json.dumps(found | {"verdict": analysis.overall.verdict, "claims": len(analysis.claims)}))


def main(items: int) -> int:
    rows = []
    for size in (items // 9, items // 3, items):
        with tempfile.TemporaryDirectory() as name:
            write(Path(name), size)
            run = subprocess.run(
                [sys.executable, __file__, "--analyse", name], stdout=subprocess.PIPE, text=True, check=True
            )
        rows.append(json.loads(run.stdout) | {"items": size})
        print(
            f"{size:>7,} items {rows[-1]['records']:>10,} records {rows[-1]['seconds']:7.1f} s "
            f"{rows[-1]['mib']:7.0f} MiB {1e6 * rows[-1]['seconds'] / rows[-1]['records']:6.1f} us a record, "
            f"{rows[-1]['html'] / 1e6:.2f} MB of HTML"
        )
    last, before = rows[-1], rows[-2]
    growth = (last["seconds"] / last["records"]) / (before["seconds"] / before["records"])
    scale = items / 10_000
    print(f"time over the bound of {SECONDS * scale:g} s: {last['seconds'] / (SECONDS * scale):.2f}")
    print(f"memory over the bound of {GIB} GiB: {last['mib'] / 1024 / GIB:.2f}")
    large, small = last["html"] / 1e6 / MEGABYTES, rows[0]["html"] / 1e6 / SMALL_MEGABYTES
    print(f"HTML over the bound of {MEGABYTES} MB: {large:.2f}; the smallest over {SMALL_MEGABYTES} MB: {small:.2f}")
    print(f"time a record over that of a third of the size: {growth:.2f} (linear is 1)")
    slow, big = last["seconds"] > SECONDS * scale, last["mib"] > GIB * 1024
    return int(slow or big or growth > 1.25 or large > 1 or small > 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--analyse"]:
        analyse(Path(sys.argv[2]))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
