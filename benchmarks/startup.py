"""How long roadtest takes to start, beside a bare interpreter and beside importing litellm, in the same run.

Prints medians in milliseconds and ratios to the bare interpreter: `python benchmarks/startup.py [runs]`.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import roadtest.harness": [sys.executable, "-c", "import roadtest.harness"],
    "roadtest --help": [str(Path(sys.executable).with_name("roadtest")), "--help"],
    "import litellm": [sys.executable, "-c", "import litellm"],
}


def main(runs: int) -> None:
    """Times the commands in turn, so that a busy moment hits all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    environment = os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    for turn in range(runs + 1):
        for name, command in COMMANDS.items():
            started = time.perf_counter()
            subprocess.run(command, env=environment, check=True, capture_output=True)
            if turn:  # the first turn warms the disk cache
                seconds[name].append(time.perf_counter() - started)
    bare = statistics.median(seconds["python -c pass"])
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"{name:26} {median * 1000:8.0f} ms   {median / bare:6.1f} x bare")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
