from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roadtest.harness import Journal, Record, Reply, ResultsError, final_records, read_records

COUNTS = st.one_of(st.none(), st.integers(0, 10**9))
REPLIES = st.builds(
    Reply,
    text=st.text(st.characters()),
    finish=st.text(max_size=5),
    model=st.text(max_size=5),
    prompt_tokens=COUNTS,
    completion_tokens=COUNTS,
    cost=st.one_of(st.none(), st.floats(0, 1e6)),
    seconds=st.floats(0, 1e6),
    attempts=st.integers(1, 9),
)
RECORDS = st.one_of(
    st.builds(Record, id=st.text(), at=st.just("2026-01-01T00:00:00+00:00"), reply=REPLIES),
    st.builds(Record, id=st.text(), at=st.just(""), failure=st.sampled_from(["timeout", "server"]), message=st.text()),
)


@given(RECORDS)
def test_a_record_survives_its_line_whatever_the_answer(record):
    line = record.to_line()
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert Record.from_line(line) == record


@settings(max_examples=30, deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=6), st.data())
def test_a_journal_cut_at_any_byte_keeps_every_whole_record(tmp_path_factory, records, data):
    path = tmp_path_factory.mktemp("journal") / "records.jsonl"
    with Journal(path) as journal:
        for record in records:
            journal.append(record)
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    whole = content[:cut].count(b"\n")
    assert list(read_records(path)) == records[:whole]
    with Journal(path) as journal:
        journal.append(records[0])
    assert list(read_records(path)) == [*records[:whole], records[0]]


def test_a_record_is_on_the_disk_before_append_returns(tmp_path):
    path = tmp_path / "records.jsonl"
    with Journal(path) as journal:
        journal.append(Record("1", "", Reply("a")))
        assert [record.id for record in read_records(path)] == ["1"]


def test_the_first_reply_counts_and_a_failure_only_until_then(tmp_path):
    path = tmp_path / "records.jsonl"
    with Journal(path) as journal:
        for record in (Record("1", "", failure="timeout"), Record("1", "", Reply("a")), Record("1", "", Reply("b"))):
            journal.append(record)
        journal.append(Record("2", "", failure="server"))
    final = final_records(path)
    assert final["1"].reply == Reply("a")
    assert final["2"].failure == "server"


def test_a_damaged_line_is_named(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_bytes(Record("1", "", Reply("a")).to_line() + b"{broken\n" + Record("2", "", Reply("b")).to_line())
    with pytest.raises(ResultsError, match=r"records.jsonl, line 2: not a record"):
        list(read_records(path))


def test_a_second_process_is_refused(tmp_path):
    path = tmp_path / "records.jsonl"
    code = """
import sys
from pathlib import Path
from roadtest.harness import Journal
try:
    Journal(Path(sys.argv[1])).__enter__()
except Exception as error:
    print(error)
"""
    with Journal(path):
        run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert "another process is writing this journal" in run.stdout
    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert run.stdout == "", "the lock goes with its process"


def test_a_short_write_is_taken_back(tmp_path):
    path = tmp_path / "records.jsonl"
    with Journal(path) as journal:
        journal.append(Record("1", "", Reply("a")))
        real = journal._file

        class Short:
            def __getattr__(self, name):
                return getattr(real, name)

            def write(self, line):
                return real.write(line[:20])

        journal._file = Short()
        with pytest.raises(ResultsError, match="No space left"):
            journal.append(Record("2", "", Reply("b")))
        journal._file = real
        journal.append(Record("3", "", Reply("c")))
    assert [record.id for record in read_records(path)] == ["1", "3"]


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is a Linux device")
def test_a_full_disk_is_told_and_loses_nothing(tmp_path):
    path = tmp_path / "records.jsonl"
    path.symlink_to("/dev/full")
    journal = Journal(path)
    journal._cut_torn_line = lambda: None  # a device has no length to cut
    with journal, pytest.raises(ResultsError, match="No space left on device; what it holds is safe"):
        journal.append(Record("1", "", Reply("a")))
