from __future__ import annotations

import os
import subprocess
import sys

from roadtest.harness.seeds import digest, stream


def test_a_stream_depends_on_its_name_alone():
    assert stream(1, "case", "typos", 0).random() == stream(1, "case", "typos", 0).random()
    assert stream(1, "case", "typos", 0).random() != stream(1, "case", "typos", 1).random()
    assert stream(0, "case").random() != stream(1, "case").random()


def test_names_do_not_run_together():
    names = [("ab", "c"), ("a", "bc"), ("abc",), ("a,b", "c"), (1,), ("1",), ("\ud800",), ("",), ()]
    assert len({digest(*name) for name in names}) == len(names)


def test_streams_are_the_same_under_another_hash_seed():
    code = "from roadtest.harness.seeds import stream; print(stream(7, 'é', 'typos', 3).random())"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "random")
    }
    assert runs == {f"{stream(7, 'é', 'typos', 3).random()}\n"}
