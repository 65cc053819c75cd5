"""The commands as a user meets them: in a process of their own, with what they print and their exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

APP = """
import json
from pathlib import Path

LINES = Path(__file__).with_name("answers.jsonl").read_text(encoding="utf-8").splitlines()
ANSWERS = {case["text"]: case["target"] for case in map(json.loads, LINES)}

def answer(messages):
    return ANSWERS.get(messages[-1]["content"], "-1")

def right(messages):
    words = set(messages[-1]["content"].lower().split())
    return ANSWERS[max(ANSWERS, key=lambda text: len(words & set(text.lower().split())))]

def broken(messages):
    raise RuntimeError("the database is away")
"""


def roadtest(*arguments, cwd=None, env=None):
    return subprocess.run(
        [Path(sys.executable).with_name("roadtest"), *map(str, arguments)],
        cwd=cwd,
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


@pytest.fixture
def app(tmp_path):
    from roadtest.datasets import load_suite

    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    rows = [json.dumps(case.to_dict()) for case in load_suite("arithmetic").cases]
    (tmp_path / "answers.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        "",
        "list",
        "preview",
        "plan",
        "run",
        "report",
        "gate",
        "compare",
        "selftest",
        "load",
        "chaos",
        "model",
        "model serve",
        "model fetch",
    ],
)
def test_every_command_has_help_that_teaches(command):
    run = roadtest(*command.split(), "--help")
    assert run.returncode == 0
    assert "Usage:" in run.stdout
    assert len(run.stdout.split()) > 15


def test_list_shows_what_there_is():
    out = roadtest("list").stdout
    for name in ("typos", "telegraphic", "nlpaug:KeyboardAug", "arithmetic", "sentiment", "token_f1", "smollm2-135m"):
        assert name in out


def test_preview_marks_the_edits():
    run = roadtest("preview", "casing@5", "Where is Order 48213?")
    assert run.stdout == "casing@5: [-Where-]{+where+} is [-Order-]{+order+} 48213?\n"
    all_five = roadtest("preview", "self_correction", "Cancel order 48213.").stdout.splitlines()
    assert [line[:18] for line in all_five] == [f"self_correction@{severity}:" for severity in range(1, 6)]
    assert roadtest("preview", "casing@5", "nothing here").stdout == "casing@5: unchanged\n"
    assert roadtest("preview", "typos@4", "--suite", "sentiment").stdout.count("typos@4: ") == 3
    assert "needs either a TEXT or --suite" in roadtest("preview", "typos").stderr


def test_preview_lets_no_escape_through():
    assert "\x1b" not in roadtest("preview", "casing@5", "Hi \x1b[31m there").stdout


def test_run_report_and_gate(app, write_study):
    study = write_study("suite = 'arithmetic'\nitems = 80\nperturbations = ['casing@5']", 'callable = "app:answer"')
    run = roadtest("run", study, "--into", "r", cwd=app)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("NO-GO: casing@5: the drop is above the margin: 100.0 [")
    assert "planned calls were not made" in run.stderr
    assert f"report: {Path('r') / 'report.html'}" in run.stdout
    assert "call/s" in run.stderr
    assert "$0.0000" in run.stderr
    assert sorted(path.name for path in (app / "r").iterdir() if path.suffix != ".lock") == [
        "cases.jsonl",
        "manifest.json",
        "records.jsonl",
        "records.parquet",
        "report.html",
        "report.json",
        "report.md",
        "study.json",
        "variants.jsonl",
    ]

    again = roadtest("run", study, "--into", "r", "--gate", cwd=app)
    assert again.returncode == 1
    assert again.stdout == run.stdout

    assert roadtest("report", "r", cwd=app).stdout == run.stdout.rpartition("\nreport: ")[0]
    assert json.loads(roadtest("report", "r", "--format", "json", cwd=app).stdout)["verdict"] == "NO-GO"
    assert roadtest("report", "r", "--format", "markdown", cwd=app).stdout.startswith("# study: NO-GO")

    assert roadtest("gate", "r", cwd=app).returncode == 1


@pytest.mark.parametrize(
    ("function", "items", "options", "code", "verdict"),
    [
        ("right", 100, (), 0, "GO"),
        ("answer", 80, (), 1, "NO-GO"),
        ("right", 40, (), 3, "INCONCLUSIVE"),
        ("right", 40, ("--inconclusive-as", "pass"), 0, "INCONCLUSIVE"),
        ("right", 40, ("--margin", "20pp"), 0, "GO"),
        ("right", 40, ("casing@5: drop <= 20pp and accuracy >= 50%",), 0, "GO"),
        ("answer", 80, ("casing: drop <= 20pp",), 1, "NO-GO"),
        ("right", 40, ("*: relative drop <= 5%",), 3, "INCONCLUSIVE"),
    ],
)
def test_the_gate_exits_with_the_verdict(app, write_study, function, items, options, code, verdict):
    study = write_study(
        f"suite = 'arithmetic'\nitems = {items}\nperturbations = ['casing@5']", f'callable = "app:{function}"'
    )
    roadtest("run", study, "--into", "r", cwd=app)
    gate = roadtest("gate", "r", *options, cwd=app)
    assert (gate.returncode, gate.stdout.partition(":")[0]) == (code, verdict)


def test_dry_spends_nothing(app, write_study):
    run = roadtest("run", write_study(endpoint='callable = "app:broken"'), "--dry", cwd=app)
    assert run.returncode == 0
    assert run.stdout.startswith("20 calls: 5 items x 2 clean, 10 variants") or "5 items x 2 clean" in run.stdout
    assert not (app / "results").exists()


def test_results_go_to_a_folder_named_by_the_fingerprint(app, write_study):
    study = write_study(endpoint='callable = "app:right"')
    fingerprint = roadtest("run", study, "--dry", cwd=app).stdout.partition("study ")[2][:12]
    roadtest("run", study, cwd=app)
    assert (app / "results" / f"study-{fingerprint}" / "report.md").is_file()


# --- mistakes: one clear line, exit code 2, no traceback -----------------------------------------------------------


def refused(run, *messages):
    assert run.returncode == 2, run.stdout + run.stderr
    assert "Traceback" not in run.stderr
    last = run.stderr.strip().splitlines()[-1]
    for message in messages:
        assert message in last
    return last


def test_a_broken_study_file(app, write_study):
    study = write_study()
    study.write_text("suite = \n", encoding="utf-8")
    refused(roadtest("run", study, cwd=app), "study.toml: not TOML: Invalid value (at line 1, column 9)")


def test_a_study_that_is_not_there(app):
    refused(roadtest("run", "nowhere.toml", cwd=app), "nowhere.toml: cannot be read: No such file or directory")


def test_an_unknown_perturbation(app, write_study):
    study = write_study("perturbations = ['typo@2']")
    refused(
        roadtest("run", study, cwd=app),
        "no perturbation called 'typo'; did you mean 'typos'? (`roadtest list` shows all)",
    )


LINE = '{"id": "a", "text": "x", "target": "y"}\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            LINE + "{oops\n",
            "mine.jsonl, line 2: not JSON: Expecting property name enclosed in double quotes (column 2)",
        ),
        (LINE + LINE, "mine.jsonl, line 2: the id 'a' was used in line 1 already"),
        ("", "mine.jsonl: no cases in it"),
        ("\n\n", "mine.jsonl: no cases in it"),
        (LINE + "[]\n", "line 2: expected a JSON object with id, text and target, found list"),
        ('{"id": "a", "text": "x"}\n', "line 1: the field 'target' is missing"),
        ('{"id": "a", "text": "x", "target": NaN}\n', "line 1: NaN is not a value a case can hold"),
        (
            '{"id": "a", "text": "x", "target": "z", "choices": ["y"]}\n',
            "line 1: target 'z' is not among the choices y",
        ),
        ('{"id": "a", "text": "\\ud83d", "target": "y"}\n', "line 1: text holds a lone surrogate"),
        (LINE.encode() + b'{"id": "b", "text": "\xff", "target": "y"}\n', "mine.jsonl, line 2: not UTF-8"),
    ],
)
def test_a_broken_dataset(app, write_study, content, message):
    (app / "mine.jsonl").write_bytes(content if isinstance(content, bytes) else content.encode())
    study = write_study("suite = 'mine.jsonl'\nscorer = 'exact'")
    refused(roadtest("run", study, cwd=app), message)


def test_an_endpoint_that_refuses_connections_leaves_a_resumable_run(app, write_study, loopback):
    endpoint = 'model = "openai/m"\nbase_url = "{}"\nretries = 1'
    study = write_study("name = 's'\nsuite = 'arithmetic'\nitems = 5", endpoint.format("${WHERE}"))
    run = roadtest("run", study, "--into", "r", cwd=app, env={"WHERE": "http://127.0.0.1:9/v1"})
    refused(
        run,
        "stopped: openai/m at http://127.0.0.1:9/v1: connection",
        "is the server running",
        "the same command goes on",
    )
    loopback.answer = lambda messages: "1"
    run = roadtest("run", study, "--into", "r", cwd=app, env={"WHERE": loopback.url})
    assert run.returncode == 0, run.stderr


def test_a_wrong_key(app, write_study, loopback):
    loopback.key = "right"
    study = write_study(endpoint=f'model = "openai/m"\nbase_url = "{loopback.url}"\nkey_env = "THE_KEY"')
    run = roadtest("run", study, "--into", "r", cwd=app, env={"THE_KEY": "sk-wrong-000111"})
    refused(run, "auth", "check the key and the variable that holds it")
    assert len(loopback.asked) == 1, "a wrong key costs one call"
    files = b"".join(path.read_bytes() for path in (app / "r").iterdir() if path.is_file())
    assert "sk-wrong-000111" not in run.stdout + run.stderr + files.decode("latin-1")
    refused(roadtest("run", study, "--into", "r", cwd=app), "the environment variable THE_KEY is not set")


def test_a_callable_that_always_raises_stops_soon(app, write_study):
    run = roadtest("run", write_study(endpoint='callable = "app:broken"'), "--into", "r", cwd=app)
    refused(run, "app:broken raised RuntimeError: the database is away")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("report", "."), "not a results folder"),
        (("preview", "typos@9", "x"), "severity must be a whole number from 1 to 5"),
        (("model", "fetch", "gpt-5"), "no model called 'gpt-5'"),
        (("model", "serve", "nowhere.gguf"), "no file nowhere.gguf"),
        (("frobnicate",), "No such command 'frobnicate'"),
    ],
)
def test_other_mistakes(app, arguments, message):
    refused(roadtest(*arguments, cwd=app), message)


def test_it_speaks_utf8_on_any_locale(app):
    run = roadtest(
        "preview", "casing@5", "Größe Ärger 😀", cwd=app, env={"PYTHONIOENCODING": "", "LC_ALL": "C", "PYTHONUTF8": "0"}
    )
    assert run.returncode == 0
    assert "größe" in run.stdout


# --- planning, self-test, claims, extension, comparison -------------------------------------------------------------


def test_plan_says_what_it_takes_and_what_it_could_show(app, write_study):
    study = write_study(
        "suite = 'arithmetic'\nitems = 60\nperturbations = ['casing@5']", 'model = "openai/gpt-4o-mini"\nmax_tokens = 9'
    )
    run = roadtest("plan", study, cwd=app)
    assert run.returncode == 0, run.stderr
    assert re.search(r"180 calls: 60 items x 2 clean, 60 variants", run.stdout)
    assert re.search(
        r"[\d,]+ tokens in, [\d,]+ to [\d,]+ out, \$0\.\d+ to \$0\.\d+, about \d+ s with 4 in flight", run.stdout
    )
    assert "GO possible" in run.stdout
    assert re.search(r"no GO is possible; items = 7\d ", run.stdout)
    assert not (app / "results").exists()
    assert "no GO is possible" not in roadtest("plan", study, "--items", 90, cwd=app).stdout


def test_plan_learns_from_a_pilot(app, write_study):
    study = write_study("suite = 'arithmetic'\nitems = 60\nperturbations = ['casing@5']", 'callable = "app:right"')
    roadtest("run", study, "--into", "r", cwd=app)
    assert "as in the answers that are there" in roadtest("plan", study, "--pilot", "r", cwd=app).stdout
    refused(roadtest("plan", study, "--pilot", "nowhere", cwd=app), "not a results folder")


def test_selftest_prints_false_alarms_and_power(app, write_study):
    study = write_study(
        "suite = 'arithmetic'\nitems = 120\nperturbations = ['casing@5']", 'callable = "app:broken"', 'margin = "10pp"'
    )
    run = roadtest("selftest", study, "--runs", 20, cwd=app)
    assert run.returncode == 0, run.stderr
    for words in ("A/A: mess does nothing", "casing@5 falls by exactly its margin", "casing@5 falls by 20 points"):
        assert words in run.stdout
    assert run.stdout.count("(error)") == 3
    assert run.stdout.count("(power)") == 2
    assert "20 simulated studies each on 120 items, clean accuracy 90%, a steady endpoint" in run.stdout
    assert "study/s" in run.stderr
    assert run.stdout == roadtest("selftest", study, "--runs", 20, cwd=app).stdout, "repeatable"


def test_claims_come_from_the_command_line_or_a_file(app, write_study):
    study = write_study("suite = 'arithmetic'\nitems = 100\nperturbations = ['casing@5']", 'callable = "app:right"')
    roadtest("run", study, "--into", "r", cwd=app)
    policy = app / "policy.toml"
    policy.write_text('[gate]\nclaims = ["casing@5: drop <= 1pp"]\n', encoding="utf-8")
    strict = roadtest("gate", "r", "--policy", policy, cwd=app)
    assert strict.returncode == 3
    assert "GO if the drop is 0.0 points" in strict.stdout
    shown = roadtest("report", "r", "--claim", "casing@5: drop <= 20pp", cwd=app).stdout
    assert shown.startswith("GO: casing@5: the drop is below the margin")
    refused(roadtest("gate", "r", "casign@5: drop <= 3pp", cwd=app), "did you mean 'casing@5'?")
    refused(roadtest("gate", "r", "casing@5 under 3", cwd=app), "must read 'SUBJECT: MEASURE <= BOUND'")
    refused(roadtest("gate", "r", "--policy", app / "nowhere.toml", cwd=app), "cannot be read")
    policy.write_text("[gates]\n", encoding="utf-8")
    refused(roadtest("gate", "r", "--policy", policy, cwd=app), "policy.toml", "margin must be stated")


def test_extending_pays_for_the_new_items_only(app, write_study):
    study = write_study("suite = 'arithmetic'\nitems = 60\nperturbations = ['casing@5']", 'callable = "app:right"')
    assert roadtest("run", study, "--into", "r", cwd=app).stdout.startswith("INCONCLUSIVE")
    lines = (app / "r" / "records.jsonl").read_text(encoding="utf-8").splitlines()
    refused(roadtest("run", study, "--into", "r", "--items", 200, cwd=app), "`--extend` adds to it")
    more = roadtest("run", study, "--extend", "r", "--items", 200, cwd=app)
    assert more.returncode == 0, more.stderr
    assert more.stdout.startswith("GO: ")
    assert "extended from 60 to 200 items" in more.stdout
    assert (app / "r" / "records.jsonl").read_text(encoding="utf-8").splitlines()[: len(lines)] == lines
    refused(roadtest("run", study, "--extend", "r", "--into", "x", cwd=app), "leave --into out")


def test_compare_prints_who_is_better_where(app, write_study):
    for name, function in (("one", "right"), ("two", "answer")):
        study = write_study(
            "suite = 'arithmetic'\nitems = 60\nperturbations = ['casing@5']",
            f'callable = "app:{function}"',
            'margin = "5pp"\nlooks = 1',
        )
        roadtest("run", study, "--into", name, cwd=app)
    run = roadtest("compare", "one", "two", cwd=app)
    assert run.returncode == 0, run.stderr
    assert "app:right is better than app:answer with probability 1.00" in run.stdout
    assert "60 items" in run.stdout
    assert "| casing@5" in roadtest("compare", "one", "two", "--format", "markdown", cwd=app).stdout
    refused(roadtest("compare", "one", cwd=app), "two results folders or more")
    refused(roadtest("compare", "one", "nowhere", cwd=app), "nowhere: not a results folder")


# --- several systems, money, cassettes, load, chaos ---------------------------------------------------------------


def test_several_systems_are_asked_in_turn_and_compared(app, write_study):
    study = write_study("suite = 'arithmetic'\nitems = 40\nperturbations = ['casing@5']")
    text = study.read_text().replace('[endpoint]\ncallable = "app:answer"', "[endpoints.one]\ncallable = 'app:answer'")
    study.write_text(text + "\n[endpoints.two]\ncallable = 'app:right'\n")
    run = roadtest("run", study, "--into", "r", "--gate", cwd=app)
    assert run.returncode == 1, run.stderr
    assert "one: app:answer" in run.stdout
    assert "two: app:right" in run.stdout
    assert sorted(path.name for path in (app / "r").iterdir()) == ["one", "two"]
    assert "app:right" in run.stdout.rpartition("report: ")[2], "the comparison comes last"
    only = roadtest("run", study, "--into", "s", "--system", "two", cwd=app)
    assert only.returncode == 0
    assert "app:answer" not in only.stdout
    refused(roadtest("run", study, "--system", "three", cwd=app), "it has the systems one, two; name one of them")
    refused(roadtest("run", study, "--record", "tape.jsonl", cwd=app), "need --system, one of one, two")
    assert roadtest("plan", study, cwd=app).stdout.count("results would go to") == 2


def test_a_budget_stops_resumably(app, write_study, loopback):
    loopback.answer = lambda messages: "1"
    endpoint = (
        f'model = "openai/m"\nbase_url = "{loopback.url}"\nroad = "direct"\nprice = {{call = 0.01}}\nconcurrency = 1'
    )
    study = write_study("suite = 'arithmetic'\nitems = 30", endpoint)
    run = roadtest("run", study, "--into", "r", "--budget", "0.2", cwd=app)
    refused(run, "stopped: the budget of $0.2 is spent ($0.2000); raise it to go on", "20 answers are kept")
    assert len(loopback.asked) == 20
    assert "$0.2000" in run.stderr
    assert roadtest("run", study, "--into", "r", "--budget", "9", cwd=app).returncode == 0


def test_a_cassette_plays_without_an_endpoint(app, write_study, loopback):
    loopback.answer = lambda messages: "1"
    endpoint = f'model = "openai/m"\nbase_url = "{loopback.url}"\nroad = "direct"'
    study = write_study("suite = 'arithmetic'\nitems = 30", endpoint)
    recorded = roadtest("run", study, "--into", "r", "--record", "tape.jsonl", cwd=app)
    assert recorded.returncode == 0, recorded.stderr
    asked = len(loopback.asked)
    played = roadtest("run", study, "--into", "s", "--cassette", "tape.jsonl", cwd=app)
    assert played.returncode == 0, played.stderr
    assert len(loopback.asked) == asked
    tables = [json.loads((app / name / "report.json").read_text())["claims"][0]["drop"] for name in "rs"]
    assert tables[0] == tables[1]
    (app / "tape.jsonl").write_text("\n".join((app / "tape.jsonl").read_text().splitlines()[:5]))
    refused(roadtest("run", study, "--into", "t", "--cassette", "tape.jsonl", cwd=app), "tape.jsonl has no answer to")
    refused(roadtest("run", study, "--into", "t", "--cassette", "no.jsonl", cwd=app), "no.jsonl: cannot be read")


def test_a_changed_study_is_refused_with_the_difference(app, write_study):
    assert roadtest("run", write_study(), "--into", "r", cwd=app).returncode == 0
    refused(
        roadtest("run", write_study("seed = 4"), "--into", "r", cwd=app), "holds another study; seed was 0 and is 4"
    )
    (app / "app.py").write_text((app / "app.py").read_text() + "\n# another version\n")
    refused(roadtest("run", write_study(), "--into", "r", cwd=app), "the code of the callable changed")


def test_load_finds_the_knee_and_the_report_shows_it(app, write_study, loopback):
    loopback.answer = lambda messages: "1"
    endpoint = f'model = "openai/m"\nbase_url = "{loopback.url}"\nroad = "direct"'
    study = write_study("suite = 'arithmetic'\nitems = 30", endpoint)
    arguments = ["--rate", "20", "--rate", "40", "--seconds", "1", "--calls", "90", "--into", "r"]
    run = roadtest("load", study, *arguments, cwd=app)
    assert run.returncode == 0, run.stderr
    assert "p95" in run.stdout
    assert "20 a second:" in run.stderr
    assert 40 <= len(loopback.asked) <= 90
    assert roadtest("run", study, "--into", "r", cwd=app).returncode == 0
    assert "## Load" in (app / "r" / "report.md").read_text()
    refused(roadtest("load", study, "--calls", "3", cwd=app), "most_calls must be at least 21")


def test_chaos_breaks_what_its_command_asks(app, write_study, loopback):
    loopback.answer = lambda messages: "1"
    endpoint = 'model = "openai/m"\nbase_url = "${ROADTEST_CHAOS_URL}"\nroad = "direct"\nretries = 0\nfailures = 1.0'
    study = write_study("suite = 'arithmetic'\nitems = 20", endpoint)
    arguments = ["chaos", loopback.url, "--rate", "500=20%", "--into", "r", "--seed", "5", "--", "roadtest"]
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    run = roadtest(*arguments, "run", str(study), "--into", "r", cwd=app, env=environment)
    assert run.returncode == 0, run.stderr
    assert f"stands for {loopback.url}; journal: {Path('r') / 'chaos.jsonl'}" in run.stderr
    assert " x 500 injected: " in run.stdout
    assert "server" in run.stdout
    refused(roadtest("chaos", loopback.url, "--rate", "5000=20%", cwd=app), "nothing called '5000' can be injected")


def error(status, message, code=None):
    return lambda messages: (status, {"error": {"message": message, "type": "x", "code": code}})


@pytest.mark.parametrize(
    ("answer", "calls", "words"),
    [
        (error(429, "slow down"), 10, ["rate limit: slow down"]),
        (error(429, "no credit", "insufficient_quota"), 1, ["quota: no credit", "top it up"]),
        (error(500, "it crashed"), 10, ["server: it crashed"]),
        (error(504, "upstream is slow"), 10, ["timeout: upstream is slow", "a larger timeout"]),
        (error(404, "no such model"), 1, ["not found: no such model", "check the model's name"]),
        (error(400, "temperature is too high"), 1, ["bad request: temperature is too high", "its options"]),
        (error(400, "8192 tokens at most", "context_length_exceeded"), 10, ["too long: 8192 tokens at most"]),
        (error(403, "not for you"), 1, ["auth: not for you", "check the key"]),
        (lambda messages: (200, {"hello": "world"}), 10, ["malformed: the answer is not the JSON", "not the API"]),
    ],
)
def test_what_a_user_reads_of_each_failure(app, write_study, loopback, answer, calls, words):
    """Whatever every call meets ends the run with one line, exit code 2, and what to do next; nothing is lost."""
    loopback.answer = answer
    lines = f'model = "openai/m"\nbase_url = "{loopback.url}"\nroad = "direct"\nretries = 0\nconcurrency = 1'
    study = write_study(endpoint=lines)
    run = roadtest("run", study, "--into", "r", cwd=app)
    refused(run, "stopped: openai/m at ", *words, "0 answers are kept; the same command goes on from there")
    assert len(loopback.asked) == calls
    loopback.answer = lambda messages: "1"
    assert roadtest("run", study, "--into", "r", cwd=app).returncode == 0


def test_a_second_process_on_one_journal_is_refused(app, write_study, loopback):
    loopback.answer, loopback.delay = (lambda messages: "1"), 0.2
    lines = f'model = "openai/m"\nbase_url = "{loopback.url}"\nroad = "direct"\nconcurrency = 1'
    study = write_study(endpoint=lines)
    command = [Path(sys.executable).with_name("roadtest"), "run", study, "--into", "r"]
    with subprocess.Popen(command, cwd=app, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        while not loopback.asked:
            assert first.poll() is None
        refused(
            roadtest("run", study, "--into", "r", cwd=app), "records.jsonl: another process is writing this journal"
        )
        assert first.wait(60) == 0


def test_a_damaged_journal_and_damaged_variants_are_named(app, write_study):
    study = write_study()
    assert roadtest("run", study, "--into", "r", cwd=app).returncode == 0
    journal, variants = app / "r" / "records.jsonl", app / "r" / "variants.jsonl"
    whole, lines = journal.read_bytes(), variants.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"no record\n" + whole)
    refused(roadtest("run", study, "--into", "r", cwd=app), "records.jsonl, line 1: not a record")
    journal.write_bytes(whole + b'{"id": "half a rec')
    assert roadtest("run", study, "--into", "r", cwd=app).returncode == 0, "a torn line was never counted"
    assert journal.read_bytes() == whole
    for broken in (lines[:-1], [lines[1], lines[0], *lines[2:]]):
        variants.write_bytes(b"".join(broken))
        refused(roadtest("report", "r", cwd=app), "variants.jsonl is damaged")
