"""The soak test at a size that CI can bear, at its full size, and whether its checks would notice."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


def soaked(calls, seconds):
    command = [sys.executable, SOAK, str(calls), "--kills", "5", "--road", "direct"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    return done.stdout


def figure(out, pattern):
    found = re.search(pattern, out)
    assert found, pattern
    return int(found[1].replace(",", ""))


def check(out, calls):
    planned = figure(out, r"([\d,]+) calls planned")
    assert abs(planned - calls) < 0.02 * calls
    assert figure(out, r"answered ([\d,]+) of") == planned
    assert figure(out, r"answered twice (\d+)") == 0
    assert figure(out, r"answers to another question (\d+)") == 0
    assert figure(out, r"paid twice (\d+) of") <= figure(out, r"at most (\d+) \(") == 5 * 64
    assert figure(out, r"answers unlike the undisturbed run's (\d+)") == 0
    assert figure(out, r"statistics unlike the undisturbed run's (\d+)") == 0
    assert len(re.findall(r"^kill \d: at [\d,]+ lines", out, re.MULTILINE)) == 5
    for fault in ("rate_limit", "server", "hang", "cut", "malformed"):
        assert figure(out, rf"([\d,]+) {fault}") > 0
    assert "verdict: NO-GO" in out, "the server gives more wrong answers to messy texts"
    assert "FAILED" not in out


@pytest.mark.timeout(600)
def test_five_kills_and_a_bad_line_lose_nothing_and_change_nothing():
    check(soaked(5_000, 580), 5_000)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_fifty_thousand_calls():
    check(soaked(50_000, 3580), 50_000)


@pytest.fixture
def soak():
    spec = importlib.util.spec_from_file_location("soak", SOAK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_of(soak, folder, records, paid):
    """A run that is over, with this journal and these paid answers; the undisturbed one is as it should be."""
    run = soak.Soak(folder, "http://127.0.0.1:9", 3)
    for mode, lines in (("bad", records), ("good", [record(one) for one in "abc"])):
        run.journal(mode).parent.mkdir(parents=True)
        run.journal(mode).write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "paid.log").write_text("".join(f"bad {one}\n" for one in paid) + "good a\ngood b\ngood c\n")
    run.tally = lambda mode: Counter({"answered": len(paid), "most in flight": 1})
    run.report = lambda mode: {"verdict": "NO-GO", "clean": {"value": 0.9}, "claims": []}
    run.killed, run.lost = ["at 1 line"], [0]
    return run


def record(name, text="", of=""):
    return {"id": name, "of": of, "reply": {"text": f"{text or name}: 1", "attempts": 1}}


@pytest.mark.parametrize(
    ("records", "paid", "noticed"),
    [
        ([record("a"), record("b"), record("c")], "abc", []),
        ([record("a"), record("b")], "abc", ["answered 2 of 3", "answers unlike"]),
        ([record("a"), record("b"), record("c"), record("c")], "abcc", ["answered twice 1"]),
        ([record("a"), record("b"), record("c"), record("d")], "abcd", ["answered 4 of 3", "another question"]),
        ([record("a"), record("b", "c"), record("c", "b")], "abc", ["another question 2", "answers unlike"]),
        ([record("a"), record("b"), record("c")], "abbccc", ["paid twice 3 of"]),
        ([record("a"), record("b"), record("c")], "ab", ["unpaid answers 1", "paid twice -1 of"]),
        ([record("a"), record("b"), record("c", of="d")], "ab", ["of no call 1"]),
    ],
)
def test_the_checks_notice(soak, tmp_path, records, paid, noticed):
    run = run_of(soak, tmp_path, records, paid)
    found = soak.check_journal(run, {one: one for one in "abc"}) + soak.check_bill(run, 2) + soak.check_same(run)
    failed = [text for well, text in found if not well]
    for words in noticed:
        assert any(words in text for text in failed), failed
    assert bool(failed) == bool(noticed)
