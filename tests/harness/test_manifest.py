"""The audit trail: linked journals, a manifest, and signatures; whatever is altered is found."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from roadtest.harness import Journal, Record, Reply, ResultsError, Scripted, StudyError, load_study, run_study, verify
from roadtest.harness.cli import main
from roadtest.harness.journal import START, holds, link_of, linked
from roadtest.harness.manifest import MANIFEST, SIGNATURE, read_manifest
from roadtest.harness.signing import check, new_key, sign

TOP = 'suite = "arithmetic"\nitems = 6\nperturbations = ["typos@4", "casing@5"]\nshrink = 1'


@pytest.fixture
def study(write_study):
    return load_study(write_study(TOP, gate='margin = "5pp"\nlooks = 1'))


@pytest.fixture
def results(study, tmp_path):
    """A finished run whose system is right on clean text alone, so that a failure is shrunk too."""
    answers = {}

    def answer(text):
        from roadtest.datasets import load_suite

        answers.update({case.text: case.target for case in load_suite("arithmetic").cases} if not answers else {})
        return answers.get(text, "-1")

    run_study(study, Scripted(answer), into=tmp_path / "r")
    return tmp_path / "r"


@given(st.binary(max_size=40), st.integers(0, 3))
def test_a_line_holds_in_its_place_and_nowhere_else(said, count):
    chain, lines = START, []
    for at in range(count + 1):
        body = json.dumps({"id": str(at), "said": said.hex()}).encode() + b"\n"
        lines.append((linked(body, chain), chain))
        chain = link_of(lines[-1][0])
        assert json.loads(lines[-1][0])["chain"] == chain
    for at, (line, before) in enumerate(lines):
        assert holds(line, before)
        assert not any(holds(line, other) for place, (_, other) in enumerate(lines) if place != at)


def test_a_journal_that_is_opened_again_goes_on_with_its_chain(tmp_path):
    path = tmp_path / "records.jsonl"
    for name in "ab":
        with Journal(path) as journal:
            journal.append(Record(name, "", Reply(name)), Record(name * 2, "", Reply(name)))
    chain = START
    for line in path.read_bytes().splitlines(keepends=True):
        assert holds(line, chain)
        chain = link_of(line)


def test_the_manifest_says_who_answered_what_and_when(results, study):
    manifest = read_manifest(results)
    about = json.loads((results / "study.json").read_text())
    assert manifest["variants"] == about["manifest"]
    assert manifest["fingerprint"] == about["fingerprint"]
    assert set(manifest["perturbations"]) == {"typos@4", "casing@5"}
    assert len(set(manifest["perturbations"].values())) == 2
    assert manifest["suite"]["name"] == "arithmetic"
    assert len(manifest["suite"]["sha256"]) == 64
    assert manifest["models"][0]["model"] == "scripted"
    assert manifest["journals"]["records.jsonl"]["records"] == sum(1 for _ in (results / "records.jsonl").open())
    assert manifest["journals"]["shrink.jsonl"]["records"] > 0
    assert {"study.json", "cases.jsonl", "variants.jsonl", "minimal.jsonl"} <= set(manifest["files"])
    assert manifest["first_answer"] <= manifest["last_answer"]
    assert manifest["git"] is None or len(manifest["git"]["commit"]) == 40
    assert verify(results).holds
    assert not verify(results).notes


def test_what_the_endpoint_says_of_itself_is_in_the_manifest(loopback, write_study, tmp_path):
    def with_mark(messages):
        return 200, {
            "model": "gpt-of-the-day",
            "system_fingerprint": "fp_44709d6fcb",
            "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "1"}}],
        }

    loopback.answer = with_mark
    endpoint = f'model = "openai/x"\nbase_url = "{loopback.url}"\n'
    for road in ("litellm", "openai", "direct"):
        study = load_study(write_study(endpoint=f'{endpoint}road = "{road}"', gate='margin = "5pp"\nlooks = 1'))
        run_study(study, into=tmp_path / road)
        (model,) = read_manifest(tmp_path / road)["models"]
        assert (model["model"], model["system_fingerprint"]) == ("gpt-of-the-day", "fp_44709d6fcb")


def _altered(lines, data):
    """The lines of a journal after one alteration, one deletion, one exchange, one doubling or one new line."""
    at = data.draw(st.integers(0, len(lines) - 1), label="line")
    kind = data.draw(st.sampled_from(["alter", "delete", "swap", "double", "insert", "cut"]), label="kind")
    changed = list(lines)
    if kind == "alter":
        place = data.draw(st.integers(0, len(lines[at]) - 1), label="byte")
        byte = data.draw(st.integers(0, 255).filter(lambda one: one != lines[at][place]), label="value")
        changed[at] = lines[at][:place] + bytes([byte]) + lines[at][place + 1 :]
    elif kind == "delete":
        del changed[at]
    elif kind == "swap":
        other = data.draw(st.integers(0, len(lines) - 1).filter(lambda one: one != at), label="other")
        changed[at], changed[other] = changed[other], changed[at]
    elif kind == "double":
        changed.insert(at, lines[at])
    elif kind == "insert":
        new = data.draw(st.sampled_from([b"\n", b"{}\n", linked(b'{"id": "x"}\n', START)]), label="new")
        changed.insert(at, new)
    else:
        changed[-1] = lines[-1][: data.draw(st.integers(1, len(lines[-1]) - 1), label="kept")]
    return changed


@settings(max_examples=400, deadline=None)
@given(st.data(), st.integers(2, 12))
def test_every_single_alteration_deletion_and_exchange_of_records_is_found(tmp_path_factory, data, count):
    folder = tmp_path_factory.mktemp("sealed")
    path = folder / "records.jsonl"
    with Journal(path) as journal:
        for at in range(count):
            journal.append(Record(f"case/clean#{at}", "2026-01-01T00:00:00+00:00", Reply(f"answer {at % 3}")))
    lines = path.read_bytes().splitlines(keepends=True)
    sealed = {"records": count, "head": link_of(lines[-1])}
    (folder / "study.json").write_text('{"fingerprint": "f", "manifest": "m"}')
    (folder / "variants.jsonl").write_text("")
    none = "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"  # SHA-256 of an empty JSON list
    (folder / "study.json").write_text(json.dumps({"fingerprint": "f", "manifest": none}))
    (folder / MANIFEST).write_text(
        json.dumps({"files": {}, "journals": {"records.jsonl": sealed}, "fingerprint": "f", "variants": none})
    )
    assert verify(folder).holds
    changed = b"".join(_altered(lines, data))
    if changed == b"".join(lines):  # the exchange of a line with its equal
        return
    path.write_bytes(changed)
    found = verify(folder)
    assert not found.holds
    assert "records.jsonl" in found.problems[0]


@pytest.mark.parametrize("name", ["study.json", "cases.jsonl", "variants.jsonl", "minimal.jsonl"])
def test_an_altered_or_missing_file_is_found(results, name):
    content = (results / name).read_bytes()
    (results / name).write_bytes(content.replace(b"a", b"b", 1))
    assert any(name in problem for problem in verify(results).problems)
    (results / name).unlink()
    assert any(f"{name}: is missing" in problem for problem in verify(results).problems)
    (results / name).write_bytes(content)
    assert verify(results).holds


def test_records_after_the_seal_are_told_and_not_taken_for_alterations(results):
    with Journal(results / "records.jsonl") as journal:
        journal.append(Record("later", "", Reply("x")))
    found = verify(results)
    assert found.holds
    assert "1 records came after the seal" in found.notes[0]
    with (results / "records.jsonl").open("ab") as file:
        file.write(b'{"id": "half writ')  # by a process that was killed
    assert verify(results).holds


def test_altered_answers_are_never_sealed_anew(results, study, tmp_path):
    path = results / "records.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"text": "', b'"text": "9', 1))
    with pytest.raises(ResultsError, match=r"line \d+: is not what was written there: it was altered"):
        run_study(study, Scripted(lambda text: "1"), into=results)


def test_verify_on_the_command_line_names_the_line_and_exits_with_1(results):
    runner = CliRunner()
    good = runner.invoke(main, ["verify", str(results)])
    assert good.exit_code == 0
    assert "intact: " in good.output
    path = results / "records.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:4], *lines[5:]]))
    bad = runner.invoke(main, ["verify", str(results)])
    assert bad.exit_code == 1
    assert "records.jsonl, line 5: is not what was written there" in bad.output
    assert "ALTERED" in bad.output
    (results / MANIFEST).unlink()
    none = runner.invoke(main, ["verify", str(results)])
    assert none.exit_code == 2
    assert "manifest.json: is not there" in none.output


def test_two_machines_make_the_same_variants(write_study, tmp_path):
    path = write_study(TOP)
    code = (
        "import sys; from pathlib import Path; from roadtest.harness import load_study, plan;"
        "print(plan(load_study(Path(sys.argv[1]))).manifest)"
    )
    found = set()
    for seed, zone, locale in (
        ("0", "UTC", "C"),
        ("1", "Asia/Tokyo", "de_DE.UTF-8"),
        ("random", "US/Hawaii", "C.UTF-8"),
    ):
        env = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale}
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        found.add(done.stdout.strip())
    assert len(found) == 1
    assert len(found.pop()) == 64


def test_a_signature_holds_for_its_key_and_its_content_alone(results, tmp_path):
    key = tmp_path / "me.pem"
    public = new_key(key)
    assert key.stat().st_mode & 0o077 == 0
    with pytest.raises(StudyError, match="never overwritten"):
        new_key(key)
    mark = sign(results, key)
    assert mark.startswith("SHA256:")
    assert check(results, public) == ("", f"signed by the key that was expected ({mark})")
    problem, said = check(results)
    assert not problem
    assert mark in said
    other = new_key(tmp_path / "other.pem")
    assert "signed by another key" in check(results, other)[0]
    manifest = results / MANIFEST
    manifest.write_bytes(manifest.read_bytes().replace(b'"seed": 0', b'"seed": 7'))
    assert "not the one that was signed" in check(results, public)[0]


def test_signing_on_the_command_line(results, tmp_path):
    runner = CliRunner()
    key = tmp_path / "me.pem"
    made = runner.invoke(main, ["sign", "--new-key", str(key)])
    assert made.exit_code == 0
    assert "PRIVATE" not in made.output
    unsigned = runner.invoke(main, ["verify", str(results), "--public-key", f"{key}.pub"])
    assert unsigned.exit_code == 1
    assert "there is no signature" in unsigned.output
    assert runner.invoke(main, ["sign", str(results), "--key", str(key)]).exit_code == 0
    assert runner.invoke(main, ["verify", str(results), "--public-key", f"{key}.pub"]).exit_code == 0
    (results / "cases.jsonl").write_text("{}\n")
    refused = runner.invoke(main, ["sign", str(results), "--key", str(key)])
    assert refused.exit_code == 2
    assert "altered results are not signed" in refused.output
    public_as_key = runner.invoke(main, ["sign", str(results), "--key", f"{key}.pub"])
    assert public_as_key.exit_code == 2
    assert runner.invoke(main, ["sign", str(results)]).exit_code == 2
    assert runner.invoke(main, ["sign"]).exit_code == 2


def test_a_new_seal_takes_away_the_signature_of_another_content(results, study, tmp_path):
    new_key(tmp_path / "me.pem")
    sign(results, tmp_path / "me.pem")
    run_study(study, Scripted(lambda text: "1"), into=results)
    assert (results / SIGNATURE).exists(), "nothing has changed, so the signature stands"
    with Journal(results / "records.jsonl") as journal:
        first = json.loads((results / "records.jsonl").read_bytes().splitlines()[0])["id"]
        journal.append(Record(first, "", Reply("again")))
    run_study(study, Scripted(lambda text: "1"), into=results)
    assert not (results / SIGNATURE).exists()
    assert verify(results).holds
