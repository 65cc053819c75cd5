from __future__ import annotations

import os
import subprocess
import sys

from roadtest.harness.seeds import digest, stream, uniforms


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


def test_uniforms_depend_on_their_name_alone_and_are_uniform():
    first = uniforms(2000, 7, "case", "typos", 0)
    assert first == uniforms(2000, 7, "case", "typos", 0)
    assert first[:5] == uniforms(5, 7, "case", "typos", 0), "more of them are the same and then others"
    assert all(0 <= one < 1 for one in first)
    assert abs(sum(first) / 2000 - 0.5) < 0.03
    others = {
        uniforms(3, *name) for name in ((8, "case", "typos", 0), (7, "case", "typos", 1), (7, "casetypos", "", 0))
    }
    assert len(others) == 3
    assert uniforms(2, 0, "\ud800") != uniforms(2, 0, "?")
    assert uniforms(1, 1, "a") != uniforms(1, 1, 1)
    assert uniforms(0, 1) == ()
