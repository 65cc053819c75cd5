"""The pytest plugin, as a test suite meets it: every option, ini key, marker argument and outcome."""

from __future__ import annotations

import fnmatch
import importlib
import json
import os
import re
import signal
import sys
import time
import xml.etree.ElementTree as ET

import pytest

# what a run inside this process imports is forgotten after it; these load but once
for name in (
    "roadtest.harness.testing",
    "roadtest.harness.testing_summary",
    "hypothesis.statistics",
    "hypothesis.internal.observability",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "aiohttp",
    "filelock",
    "ftfy",
    "jinja2",
    "numpy",
    "pandas",
    "scipy.optimize",
    "scipy.special",
    "scipy.stats",
    "tabulate",
    "wcwidth",
):
    importlib.import_module(name)

CASES = "".join(
    json.dumps({"id": f"n{i}", "text": f"Please tell me if {i} is Even.", "target": "no" if i % 2 else "yes"}) + "\n"
    for i in range(100, 160)
)
APP = '''
import re
def good(text):
    return "no" if int(re.search(r"\\d+", text)[0]) % 2 else "yes"
def bad(text):
    """Falls for letter case."""
    return good(text) if "Please" in text else "what?"
def shaky(text):
    """Falls for letter case in one case of eight."""
    return bad(text) if int(re.search(r"\\d+", text)[0]) % 8 == 0 else good(text)
def answer(messages):
    return good(messages[-1]["content"])
def bad_answer(messages):
    return bad(messages[-1]["content"])
'''
FIXTURE = """
import app
def test_study(roadtest):
    report = roadtest(app.{system}, cases="cases.jsonl", perturbations={mess}, scorer="exact")
    report.require("casing@5: drop <= {margin}pp")
"""
STUDY = """
suite = "cases.jsonl"
perturbations = ["casing@5", "small_talk@1"]
scorer = "exact"
{top}
[endpoint]
{endpoint}
[gate]
{gate}
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch) -> pytest.Pytester:
    """A project with a system and cases."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "CI", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ROADTEST_STATE", str(pytester.path / "state"))
    pytester.makepyfile(app=APP)
    (pytester.path / "cases.jsonl").write_text(CASES)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.syspathinsert()
    return pytester


def fixture_test(project, system="good", mess='["casing@5"]', margin="10"):
    project.makepyfile(test_it=FIXTURE.format(system=system, mess=mess, margin=margin))


def study_file(project, name="router", *, top="", endpoint='callable = "app:answer"', gate='margin = "10pp"'):
    path = project.path / f"{name}.roadtest.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(STUDY.format(top=top, endpoint=endpoint, gate=gate))
    return path


def run(project, *options, subprocess=False):
    how = project.runpytest_subprocess if subprocess else project.runpytest_inprocess
    return how("-p", "no:cacheprovider", *options)


def study_json(project, name="test_it.test_study"):
    return json.loads((project.path / ".roadtest" / name / "study.json").read_text())


# --- the fixture --------------------------------------------------------------------------------------------------

WORKERS = [[], ["-n", "2"]]


@pytest.mark.parametrize("workers", WORKERS, ids=["alone", "xdist"])
@pytest.mark.parametrize(
    ("system", "margin", "outcome", "words"),
    [
        ("good", "10", {"passed": 1}, "*casing@5*GO*"),
        ("bad", "10", {"failed": 1}, "*NO-GO*above the margin*"),
        ("shaky", "10", {"failed": 1}, "*INCONCLUSIVE*"),
    ],
)
def test_go_passes_and_the_others_fail(project, workers, system, margin, outcome, words):
    fixture_test(project, system, margin=margin)
    result = run(project, *workers, subprocess=bool(workers))
    result.assert_outcomes(**outcome)
    result.stdout.fnmatch_lines_random(["*= roadtest =*", words])


@pytest.mark.parametrize("workers", WORKERS, ids=["alone", "xdist"])
@pytest.mark.parametrize("how", ["option", "ini", "-o"])
def test_inconclusive_is_an_xfail_where_that_is_asked_for(project, workers, how):
    fixture_test(project, "shaky")
    options = {"option": ["--roadtest-inconclusive=xfail"], "-o": ["-o", "roadtest_inconclusive=xfail"]}.get(how, [])
    if how == "ini":
        project.makeini("[pytest]\nroadtest_inconclusive = xfail\n")
    result = run(project, *workers, *options, "-rx", subprocess=bool(workers))
    result.assert_outcomes(xfailed=1)
    result.stdout.fnmatch_lines(["*XFAIL*INCONCLUSIVE*"])
    assert result.ret == 0


def test_no_go_is_never_an_xfail(project):
    fixture_test(project, "bad")
    run(project, "--roadtest-inconclusive=xfail").assert_outcomes(failed=1)


def test_a_failed_test_shows_what_turned_answers_wrong(project):
    fixture_test(project, "bad")
    run(project).stdout.fnmatch_lines(
        [
            "*report.require*",
            "*NO-GO*",
            "*writing 'Please' as 'please' (1 of * edits; wrong 5 of 5 times, clean 0 of 5)",
            "*clean: Please*",
            "*said: what?",
        ]
    )


def test_the_margin_and_require_of_the_call_judge_at_once(project):
    project.makepyfile(
        test_it="""
        import app
        def test_margin(roadtest):
            roadtest(app.bad, cases="cases.jsonl", perturbations="casing@5", scorer="exact", margin="5pp")
        def test_require(roadtest):
            roadtest(app.bad, cases="cases.jsonl", perturbations=["casing@5"], scorer="exact",
                     require="casing@5: drop <= 5pp")
        def test_nothing_is_required(roadtest):
            report = roadtest(app.bad, cases="cases.jsonl", perturbations=["casing@5"], scorer="exact")
            assert report.analysis.claims[0].drop.value == 1
            assert str(report.verdict) == "INCONCLUSIVE"
        """
    )
    result = run(project)
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(["*nothing_is_required*casing@5*100.0 *no claim"])


def test_claims_of_several_calls_are_judged_together(project):
    project.makepyfile(
        test_it="""
        import app
        def test_both(roadtest):
            report = roadtest(app.good, cases="cases.jsonl", perturbations=["casing@5", "small_talk@1"], scorer="exact")
            report.require("casing@5: drop <= 10pp")
            report.require("small_talk@1: drop <= 10pp")
            assert report.analysis.family == 2
        """
    )
    run(project).assert_outcomes(passed=1)


def test_cases_may_be_a_list_and_a_built_in_suite_and_the_system_may_take_chat_turns(project):
    project.makepyfile(
        test_it="""
        from roadtest.harness import Case, Scripted
        def turns(messages):
            assert messages[0]["role"] == "system"
            return "yes"
        CASES = [Case(f"c{i}", "Is this Right, or is it not?", "yes") for i in range(3)]
        def test_list(roadtest):
            from roadtest.harness import Frame
            report = roadtest(turns, cases=CASES, perturbations=["casing@5"], scorer="exact", frame=Frame("Be brief."))
            assert report.analysis.clean.value == 1
        def test_dicts(roadtest):
            report = roadtest(lambda text: "no", cases=[dict(id="1", text="Hi There", target="no")],
                              perturbations=["casing@5"], scorer="exact")
            assert report.analysis.clean.value == 1
        def test_suite(roadtest):
            report = roadtest(Scripted(lambda text: "3"), cases="arithmetic", perturbations=["typos"], items=4)
            assert len(report.analysis.results.cases) == 4
        """
    )
    run(project).assert_outcomes(passed=3)


def test_names_that_read_alike_do_not_share_results(project):
    project.makepyfile(
        test_it="""
        import app, pytest
        @pytest.mark.parametrize("name", ["a/b", "a-b", "a b", "[]", ""])
        def test_it(roadtest, name):
            seen = []
            def system(text):
                seen.append(text)
                return app.good(text)
            roadtest(system, cases="cases.jsonl", perturbations=["casing@5"], scorer="exact", items=3)
            assert seen
        @pytest.mark.parametrize("who", ["first", "second"])
        def test_mine(roadtest, who):
            roadtest(app.good, cases="cases.jsonl", perturbations=["casing@5"], scorer="exact", items=3, name="mine")
        """
    )
    result = run(project)
    result.assert_outcomes(passed=6, failed=1)
    result.stdout.fnmatch_lines(["*the name 'mine' is taken by test_it.py::test_mine?first? (call 1)*"])


def test_a_family_stands_for_its_perturbations(project):
    project.makepyfile(
        test_it="""
        import app
        def test_it(roadtest):
            report = roadtest(app.good, cases="cases.jsonl", perturbations=["fragments@2"], scorer="exact", items=5)
            assert "telegraphic@2" in report.analysis.results.conditions
        """
    )
    run(project).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("roadtest(app.good)", "*cases must be a JSONL file*"),
        ("roadtest(app.good, cases='nosuch.jsonl', perturbations=['typos'])", "*no file nosuch.jsonl*"),
        ("roadtest(app.good, cases='cases.jsonl', perturbations=['tipos'])", "*did you mean 'typos'*"),
        ("roadtest(app.good, cases='cases.jsonl', perturbations=['typos'])", "*names no scorer*"),
        ("roadtest(cases='cases.jsonl', perturbations=['typos'])", "*name what to test*"),
        ("roadtest(7, cases='cases.jsonl', perturbations=['typos'])", "*7 cannot be tested*"),
        ("roadtest(app.good, cases='cases.jsonl', perturbations=['typos'], itmes=3)", "*no argument 'itmes'*"),
        ("roadtest(app.good, study='x.toml')", "*a study file says everything*"),
        ("roadtest(app.good, cases=[dict(id='1', text='x')], perturbations=['typos'])", "*'target' is missing*"),
        (
            "roadtest(app.good, cases='cases.jsonl', perturbations=['typos'], scorer='exact').require('typos@9: x')",
            "*must read 'MEASURE <= BOUND'*",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(project, call, words):
    project.makepyfile(test_it=f"import app\ndef test_it(roadtest):\n    {call}\n")
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([words])
    result.stdout.no_fnmatch_line("*harness/testing.py*")


def test_a_system_that_raises_stops_the_study_and_fails_the_test(project):
    project.makepyfile(
        test_it="""
        def broken(text):
            raise RuntimeError("no database")
        def test_it(roadtest):
            roadtest(broken, cases="cases.jsonl", perturbations=["typos"], scorer="exact")
        """
    )
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*was stopped: *no database*"])


def test_async_systems_and_async_tests(project):
    project.makepyfile(
        test_it="""
        import asyncio, app, pytest
        async def system(text):
            await asyncio.sleep(0)
            return app.good(text)
        def test_sync(roadtest):
            roadtest(system, cases="cases.jsonl", perturbations=["casing@5"], scorer="exact", margin="10pp")
        @pytest.mark.asyncio
        async def test_async(roadtest):
            loop, seen = asyncio.get_running_loop(), set()
            async def here(text):
                seen.add(asyncio.get_running_loop())
                return app.good(text)
            some = dict(perturbations=["casing@5"], scorer="exact", margin="10pp")
            await roadtest.async_run(here, cases="cases.jsonl", **some)
            assert seen == {loop}
        @pytest.mark.asyncio
        async def test_wrong(roadtest):
            roadtest(system, cases="cases.jsonl", perturbations=["casing@5"], scorer="exact", margin="10pp")
        """
    )
    result = run(project)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*await roadtest.async_run*"])


def test_two_calls_of_one_test_and_names_of_ones_own_have_results_of_their_own(project):
    project.makepyfile(
        test_it="""
        import app
        def test_it(roadtest):
            some = dict(cases="cases.jsonl", perturbations=["casing@5"], scorer="exact", items=5)
            folders = [roadtest(app.good, **some).folder for _ in range(2)]
            folders.append(roadtest(app.bad, name="mine", **some).folder)
            assert [folder.name for folder in folders] == ["test_it.test_it", "test_it.test_it-2", "mine"]
        """
    )
    run(project).assert_outcomes(passed=1)


# --- the marker ---------------------------------------------------------------------------------------------------

MARKED = """
import app, pytest
@pytest.mark.roadtest(cases="cases.jsonl", perturbations=["casing@5", "small_talk@1"], margin="10pp", scorer="exact")
def test_system(text):
    with open("asked.txt", "a") as file:
        print(repr(text), file=file)
    return app.{system}(text)
"""


@pytest.mark.parametrize("workers", WORKERS, ids=["alone", "xdist"])
def test_a_marked_test_is_the_system_and_each_claim_a_test(project, workers):
    project.makepyfile(test_it=MARKED.format(system="bad"))
    result = run(project, *workers, "-v", subprocess=bool(workers))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*small_talk@1*PASSED*"] if not workers else ["*PASSED*small_talk@1*"])
    asked = len((project.path / "asked.txt").read_text().splitlines())
    answers = json.loads((project.path / ".roadtest/test_it.test_system/report.json").read_text())["calls"]
    shrinking = (project.path / ".roadtest/test_it.test_system/shrink.jsonl").read_text().count("\n")
    assert asked == answers + shrinking, "the claims share one run"


def test_a_marked_test_may_use_fixtures_parameters_and_a_class(project):
    project.makepyfile(
        test_it="""
        import app, pytest
        pytestmark = pytest.mark.roadtest("cases.jsonl", ["casing@5"], margin="10pp", scorer="exact")
        @pytest.fixture
        def system():
            return app.good
        class TestRouter:
            @pytest.mark.parametrize("suffix", ["", "!"])
            def test_system(self, suffix, text, system):
                assert isinstance(self, TestRouter)
                return system(text) + suffix
        async def test_async(messages, system):
            return system(messages[-1]["content"])
        """
    )
    result = run(project, "-v")
    result.assert_outcomes(passed=3)


def test_a_marker_gives_the_fixture_its_arguments(project):
    project.makepyfile(
        test_it="""
        import app, pytest
        @pytest.mark.roadtest(cases="cases.jsonl", perturbations=["casing@5"], scorer="exact", items=50)
        def test_it(roadtest):
            report = roadtest(app.good, items=7)
            assert len(report.analysis.results.cases) == 7
        """
    )
    run(project).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ('cases="cases.jsonl", perturbations=["typos"]', "*needs margin='5pp' or require*"),
        ('cases="nosuch.jsonl", perturbations=["typos"], margin="5pp"', "*no file nosuch.jsonl*"),
        ('cases="cases.jsonl", perturbations=["tipos"], margin="5pp"', "*did you mean 'typos'*"),
        ('"cases.jsonl", ["typos"], 3', "*takes cases and perturbations*"),
    ],
)
def test_a_mistake_in_a_marker_is_an_error_of_the_collection(project, mark, words):
    project.makepyfile(test_it=f"import pytest\n@pytest.mark.roadtest({mark})\ndef test_it(text):\n    pass\n")
    result = run(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([words])


def test_a_marked_test_must_take_the_text(project):
    project.makepyfile(
        test_it='import pytest\n@pytest.mark.roadtest(cases="x", margin="5pp")\ndef test_it(x):\n    pass\n'
    )
    run(project).stdout.fnmatch_lines(["*must take `text`*"])


def test_the_marker_is_known(project):
    run(project, "--markers").stdout.fnmatch_lines(["@pytest.mark.roadtest(cases, perturbations*"])


# --- study files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", WORKERS, ids=["alone", "xdist"])
def test_study_files_are_collected_a_test_a_claim(project, workers):
    study_file(project, endpoint='callable = "app:bad_answer"')
    result = run(project, *workers, "-v", subprocess=bool(workers))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*router.roadtest.toml*casing@5: drop <= 10pp*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_systems_claims_and_regressions_of_a_file_are_tests(project):
    (project.path / "kept.jsonl").write_text(
        '{"id": "k1", "text": "is 112 evn", "target": "yes", "provenance": {"from": "incident"}}\n'
        '{"id": "k2", "text": "is 113 evn", "target": "yes", "provenance": {"from": "incident", "note": "ticket 7"}}\n'
    )
    path = study_file(project, top='regressions = "kept.jsonl"', gate='claims = ["mean: drop <= 10pp"]')
    path.write_text(
        path.read_text().replace("[endpoint]", "[endpoints.one]") + '[endpoints.two]\ncallable = "app:bad_answer"\n'
    )
    result = run(project, "-v")
    result.assert_outcomes(passed=2, failed=4)
    result.stdout.fnmatch_lines_random(
        [
            "*::one/mean: drop <= 10pp PASSED*",
            "*::one/k1 PASSED*",
            "*::one/k2 FAILED*",
            "*::two/mean: drop <= 10pp FAILED*",
            "*::two/k1 FAILED*",
            "k2: wrong 2 of 2 times",
            "*note: ticket 7",
        ]
    )


def test_k_and_last_failed_choose_among_claims(project):
    study_file(project, endpoint='callable = "app:bad_answer"')
    run(project, "-k", "small_talk").assert_outcomes(passed=1)
    project.runpytest_inprocess().assert_outcomes(passed=1, failed=1)
    result = project.runpytest_inprocess("--lf")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*casing@5*"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("suite = 3", "*suite and perturbations must be given*"),
        ("suite = ", "*router.roadtest.toml: not TOML*"),
        (
            'suite = "nosuch.jsonl"\nperturbations = ["typos"]\n[endpoint]\nmodel = "x/y"\n[gate]\nlevel = 0.9',
            "*margin*",
        ),
    ],
)
def test_a_broken_study_file_is_an_error_of_the_collection(project, text, words):
    (project.path / "router.roadtest.toml").write_text(text)
    result = run(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([words])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_files_of_one_name_in_two_folders_do_not_mix(project):
    for folder in ("a", "b"):
        study_file(project, f"{folder}/router", endpoint=f'callable = "app:{"bad_" * (folder == "b")}answer"')
        (project.path / folder / "cases.jsonl").write_text(CASES)
    result = run(project)
    result.assert_outcomes(passed=3, failed=1)
    assert {"a-router", "b-router"} <= {path.name for path in (project.path / ".roadtest").iterdir()}


def test_a_test_can_run_a_study_file(project):
    study_file(project)
    project.makepyfile(
        test_it="""
        def test_it(roadtest):
            roadtest(study="router.roadtest.toml").require()
        """
    )
    run(project).assert_outcomes(passed=3)


# --- options and ini keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["option", "ini"])
def test_seed(project, how):
    fixture_test(project)
    if how == "ini":
        project.makeini("[pytest]\nroadtest_seed = 7\n")
    result = run(project, *(["--roadtest-seed=7"] if how == "option" else []))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["roadtest: seed 7, no live endpoints; repeat with --roadtest-seed=7"])
    assert study_json(project)["study"]["seed"] == 7


@pytest.mark.parametrize("how", ["option", "ini"])
def test_limit(project, how):
    fixture_test(project)
    if how == "ini":
        project.makeini("[pytest]\nroadtest_limit = 9\n")
    run(project, *(["--roadtest-limit=9"] if how == "option" else [])).assert_outcomes(failed=1)
    assert study_json(project)["extents"] == [9]


@pytest.mark.parametrize("how", ["option", "ini"])
def test_endpoint_stands_in_for_models(project, how, loopback):
    loopback.answer = lambda messages: "yes"
    base = f'base_url = "{loopback.url}"'
    study_file(project, endpoint=f'model = "openai/nosuch"\n{base}\nroad = "direct"')
    if how == "ini":
        project.makeini("[pytest]\nroadtest_endpoint = openai/other\n")
    run(project, *(["--roadtest-endpoint=openai/other"] if how == "option" else []))
    assert study_json(project, "router")["asked"]["endpoint"]["model"] == "openai/other"
    assert loopback.asked


def test_the_endpoint_option_is_asked_where_a_test_names_no_system(project):
    project.makepyfile(
        test_it="""
        def test_it(roadtest):
            roadtest(cases="cases.jsonl", perturbations=["casing@5"], scorer="exact", margin="10pp")
        """
    )
    run(project, "--roadtest-endpoint=app:answer").assert_outcomes(passed=1)


def test_results_folder_and_what_is_in_it(project):
    fixture_test(project)
    project.makeini("[pytest]\nroadtest_results = build/mess\n")
    run(project).assert_outcomes(passed=1)
    folder = project.path / "build/mess"
    assert (folder / "test_it.test_study/report.md").exists()
    assert (folder / ".gitignore").read_text() == "*\n"
    assert not (project.path / ".roadtest").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--roadtest-limit=-1"], "*must be above 0*"),
        (["--roadtest-budget=-1"], "*must be above 0*"),
        (["--roadtest-seed=x"], "*invalid int*"),
        (["-o", "roadtest_seed=x"], "*roadtest_seed = x: must be a number*"),
        (["-o", "roadtest_inconclusive=pass"], "*must be one of fail, xfail*"),
    ],
)
def test_a_wrong_option_is_a_usage_error(project, options, words):
    fixture_test(project, "shaky")
    result = run(project, *options)
    assert result.ret != 0
    assert fnmatch.filter([*result.outlines, *result.errlines], words)


# --- live, recorded, paid -----------------------------------------------------------------------------------------


def paid(loopback, price=0.01):
    loopback.answer = lambda messages: "no" if int("".join(filter(str.isdigit, messages[-1]["content"]))) % 2 else "yes"
    return (
        f'model = "openai/small"\nbase_url = "{loopback.url}"\nroad = "direct"\nprice = {{call = {price}}}\n'
        "concurrency = 1"
    )


def test_a_remote_endpoint_is_not_asked_without_live(project):
    study_file(project, endpoint='model = "openai/gpt-4o-mini"')
    result = run(project)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*would make * calls to openai/gpt-4o-mini*--roadtest-live*"])


def test_an_application_that_reaches_out_is_stopped_without_live(project):
    project.makepyfile(
        test_it="""
        import socket
        def phones(text):
            try:
                socket.create_connection(("192.0.2.1", 443), timeout=0.2)
            except OSError:
                pass
            return "yes"
        def swallows(text):
            try:
                return phones(text)
            except Exception:
                return "yes"
        def test_it(roadtest):
            roadtest(phones, cases="cases.jsonl", perturbations=["casing@5"], scorer="exact")
        def test_quiet(roadtest):
            roadtest(swallows, cases="cases.jsonl", perturbations=["casing@5"], scorer="exact", items=2)
        def test_free_outside():
            try:
                socket.create_connection(("192.0.2.1", 443), timeout=0.01)
            except OSError:
                pass
        """
    )
    result = run(project)
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(["*tried to reach 192.0.2.1:443*--roadtest-live*"])
    run(project, "-o", "roadtest_allow_hosts=192.0.2.1", "-k", "quiet").assert_outcomes(passed=1)
    run(project, "--roadtest-live", "-k", "quiet").assert_outcomes(passed=1)


@pytest.mark.parametrize("how", ["option", "ini"])
def test_record_and_replay(project, loopback, how):
    study_file(project, endpoint=paid(loopback), top="items = 20", gate='margin = "45pp"')
    if how == "ini":
        project.makeini("[pytest]\nroadtest_record = true\nroadtest_live = true\n")
    result = run(project, *(["--roadtest-record", "--roadtest-live"] if how == "option" else []))
    result.assert_outcomes(passed=2)
    asked = len(loopback.asked)
    assert (project.path / "cassettes/router.jsonl").exists()
    project.makeini("[pytest]\n")
    run(project).assert_outcomes(passed=2)
    assert len(loopback.asked) == asked, "the cassette answers"
    text = (project.path / "cases.jsonl").read_text()
    (project.path / "cases.jsonl").write_text(text.replace("Please tell", "Please do tell"))
    result = run(project)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*cassettes/router.jsonl has no answer to*"])


def test_recording_again_takes_the_place_of_what_was_recorded(project):
    study_file(project, top="items = 20", gate='margin = "45pp"')
    run(project, "--roadtest-record").assert_outcomes(passed=2)
    first = (project.path / "cassettes/router.jsonl").read_bytes()
    study_file(project, top="items = 20", endpoint='callable = "app:bad_answer"', gate='margin = "45pp"')
    run(project).assert_outcomes(failed=2)
    run(project, "--roadtest-record").assert_outcomes(passed=1, failed=1)
    assert (project.path / "cassettes/router.jsonl").read_bytes() != first


@pytest.mark.parametrize("workers", WORKERS, ids=["alone", "xdist"])
def test_one_budget_for_the_session(project, loopback, workers):
    """Three studies of some 45 calls at a cent each, and 75 cents for all."""
    for name in ("a", "b", "c"):
        study_file(project, name, endpoint=paid(loopback), top="items = 15", gate='margin = "1pp"\nlooks = 1')
    result = run(project, *workers, "--roadtest-live", "--roadtest-budget=0.75", subprocess=bool(workers))
    assert len(loopback.asked) == 75
    result.stdout.fnmatch_lines(["*the budget of $*is spent*"])
    assert result.parseoutcomes()["failed"] == 6


def test_a_second_session_asks_again_and_keeps_the_first_one(project):
    fixture_test(project)
    run(project).assert_outcomes(passed=1)
    run(project).assert_outcomes(passed=1)
    (earlier,) = (project.path / ".roadtest/earlier").iterdir()
    assert (earlier / "records.jsonl").exists()
    assert study_json(project)["extents"] == [60]


def test_an_interrupted_paid_run_goes_on(project, loopback):
    """Stopped by its budget in one session, it pays only for the rest in the next."""
    study_file(project, endpoint=paid(loopback), top="items = 15", gate='margin = "1pp"\nlooks = 1')
    run(project, "--roadtest-live", "--roadtest-budget=0.2").assert_outcomes(failed=2)
    assert len(loopback.asked) == 20
    run(project, "--roadtest-live", "--roadtest-budget=9").assert_outcomes(failed=2)
    total = json.loads((project.path / ".roadtest/router/report.json").read_text())["calls"]
    assert len(loopback.asked) == total


def test_ctrl_c_keeps_paid_answers_and_the_next_session_goes_on(project, loopback):
    study_file(project, endpoint=paid(loopback), top="items = 15", gate='margin = "1pp"\nlooks = 1')
    loopback.delay = 0.2
    process = project.popen([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--roadtest-live"])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and len(loopback.asked) < 4:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    said = process.stdout.read().decode()
    assert process.wait(timeout=60) == 2
    assert re.search("KeyboardInterrupt.*interrupted; the calls in flight were finished and kept", said), said
    journal = project.path / ".roadtest/router/records.jsonl"
    kept = journal.read_text().count("\n")
    assert kept == len(loopback.asked)
    loopback.delay = 0
    run(project, "--roadtest-live").assert_outcomes(failed=2)
    total = json.loads((project.path / ".roadtest/router/report.json").read_text())["calls"]
    assert len(loopback.asked) == total


# --- what is reported ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", WORKERS, ids=["alone", "xdist"])
def test_junit_has_the_figures_as_properties(project, workers):
    fixture_test(project, "bad", mess='["casing@5", "small_talk@1"]')
    run(project, *workers, "--junit-xml=out.xml", subprocess=bool(workers))
    properties = {p.get("name"): p.get("value") for p in ET.parse(project.path / "out.xml").iter("property")}
    assert properties["roadtest.casing@5.verdict"] == "NO-GO"
    assert properties["roadtest.casing@5.drop"] == "100.0"
    assert float(properties["roadtest.casing@5.low"]) > 10
    assert properties["roadtest.casing@5.items"] == "60"
    assert properties["roadtest.small_talk@1.verdict"] == "no claim"


@pytest.mark.parametrize("workers", WORKERS, ids=["alone", "xdist"])
def test_on_github_there_is_a_summary_and_an_annotation(project, workers, monkeypatch):
    study_file(project, endpoint='callable = "app:bad_answer"')
    summary = project.path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    result = run(project, *workers, subprocess=bool(workers))
    result.stdout.fnmatch_lines(["::error file=router.roadtest.toml,title=NO-GO%3A casing@5::*drop 100.0*"])
    assert "| router" in summary.read_text()
    assert summary.read_text().startswith("## roadtest\n")


def test_an_inconclusive_that_passes_is_a_warning_on_github(project, monkeypatch):
    fixture_test(project, "shaky")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = run(project, "--roadtest-inconclusive=xfail")
    result.stdout.fnmatch_lines(["::warning file=test_it.py,title=INCONCLUSIVE%3A casing@5::*"])


def test_what_systems_say_cannot_write_to_the_terminal_or_to_github(project, monkeypatch):
    project.makepyfile(
        test_it="""
        import app
        def evil(text):
            return app.good(text) if "Please" in text else "\\x1b[2Jno\\n::error::boo\\u202e"
        def test_it(roadtest):
            roadtest(evil, cases="cases.jsonl", perturbations=["casing@5"], scorer="exact", margin="10pp")
        """
    )
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = run(project, "--color=no")
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "\x1b[2J" not in text
    assert "\u202e" not in text
    assert not [line for line in result.outlines if line.startswith("::error::")]


def test_nothing_is_said_where_it_is_not_used(project):
    project.makepyfile(test_it="def test_it():\n    pass\n")
    result = run(project)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*= roadtest =*")
    assert not (project.path / ".roadtest").exists()
