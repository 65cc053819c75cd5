"""The same plan on a Ray cluster of two nodes, one of which is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from roadtest.harness import load_study, plan, read_records
from roadtest.harness.cluster import put, stored
from roadtest.harness.journal import Record, contents
from roadtest.harness.replay import replay

LINES = "suite = 'arithmetic'\nitems = 40\nperturbations = ['typos@4', 'casing@4', 'casing@5']"
RUN = """
import sys, threading, time
from pathlib import Path
from ray.cluster_utils import Cluster
import ray
from roadtest.harness import load_study, plan
from roadtest.harness.cluster import OnRay
from roadtest.harness.replay import replay

study, journal, store, kill_at = sys.argv[1:]
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
second = cluster.add_node(num_cpus=2)
ray.init(address=cluster.address, log_to_driver=False)
planned = plan(load_study(Path(study)))
seen, killed = [], []

def watch(record):
    seen.append(record.id)
    if len(seen) >= int(kill_at) and not killed:
        killed.append(True)
        cluster.remove_node(second, allow_graceful=False)
        cluster.add_node(num_cpus=2)

engine = OnRay(planned, store, workers=3, concurrency=6)
outcome = replay(planned, planned.study.system.endpoint(Path(".")), Path(journal), watch=watch, engine=engine)
print("OUTCOME", outcome.answered, outcome.failed, len(killed), outcome.stopped)
ray.shutdown()
cluster.shutdown()
"""


def on_cluster(study, journal, store, kill_at):
    arguments = [sys.executable, "-c", RUN, study, journal, store, str(kill_at)]
    quiet = os.environ | {"RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=280, check=False, env=quiet)
    assert done.returncode == 0, done.stderr[-3000:]
    print(done.stdout, done.stderr)
    (said,) = [line for line in done.stdout.splitlines() if line.startswith("OUTCOME ")]
    return said.removeprefix("OUTCOME ")


@pytest.mark.timeout(290)
def test_a_killed_node_costs_no_answer_and_the_journal_is_that_of_a_local_run(loopback, write_study, tmp_path):
    pytest.importorskip("ray")
    loopback.delay = 0.02
    loopback.answer = lambda messages: str(sum(map(ord, messages[-1]["content"])) % 97)
    path = write_study(LINES, f'model = "openai/m"\nbase_url = "{loopback.url}"\nroad = "direct"\nconcurrency = 6')
    planned = plan(load_study(path))
    assert planned.shared > 0
    replay(planned, planned.study.system.endpoint(Path()), tmp_path / "local")
    once = len(loopback.asked)
    assert once == len(planned.order) - planned.shared
    said = on_cluster(path, tmp_path / "ray", tmp_path / "store", 50)
    assert said == f"{len(planned.order)} 0 1 "
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")
    ids = [record.id for record in read_records(tmp_path / "ray")]
    assert len(ids) == len(set(ids)) == len(planned.order)
    assert once <= len(loopback.asked) - once <= once + 3 * 2 * 2, "only calls in flight at the kill are asked again"


@pytest.mark.timeout(290)
def test_one_budget_holds_for_all_workers(loopback, write_study, tmp_path):
    pytest.importorskip("ray")
    loopback.delay = 0.02
    lines = (
        f'model = "openai/m"\nbase_url = "{loopback.url}"\nroad = "direct"\nconcurrency = 6\nprice = {{call = 0.01}}'
    )
    path = write_study("budget = 0.5\n" + LINES, lines)
    said = on_cluster(path, tmp_path / "ray", tmp_path / "store", 10**6)
    assert "the budget of $0.5 is spent" in said
    assert 50 <= len(loopback.asked) < 50 + 6


def test_files_of_a_store_are_whole_or_not_there(tmp_path):
    records = [Record(f"a/clean#{at}", "", None, "server", "x") for at in range(3)]
    put(f"{tmp_path}/s/shard-0000/a-00000000.jsonl", b"".join(record.to_line() for record in records[:2]))
    put("memory://s/shard-0000/a-00000000.jsonl", records[2].to_line())
    (tmp_path / "s" / "shard-0000" / "b-00000000.jsonl.part").write_bytes(b'{"id": "half')
    seen = set()
    assert list(stored(str(tmp_path / "s"), seen)) == records[:2]
    assert list(stored(str(tmp_path / "s"), seen)) == [], "a file is read once"
    assert list(stored("memory://s", set())) == records[2:]
    assert list(stored(str(tmp_path / "nothing"), set())) == []


def test_contents_leave_out_what_clocks_and_chance_decide(tmp_path):
    line = {"id": "a", "at": "x", "reply": {"text": "1", "seconds": 1.0, "attempts": 3}, "failure": "", "message": ""}
    (tmp_path / "one").write_text(json.dumps(line) + "\n")
    line |= {"at": "y", "reply": {"text": "1", "seconds": 2.0, "first_token": 0.5}}
    (tmp_path / "other").write_text(json.dumps(line) + "\n")
    assert contents(tmp_path / "one") == contents(tmp_path / "other") != []
    line["reply"]["text"] = "2"
    (tmp_path / "other").write_text(json.dumps(line) + "\n")
    assert contents(tmp_path / "one") != contents(tmp_path / "other")
