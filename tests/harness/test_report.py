"""The report in every format: the same numbers, harmless texts, and what only some studies have."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
import roadtest.harness
from click.testing import CliRunner
from roadtest.datasets import load_suite
from roadtest.harness import (
    Business,
    Scripted,
    StudyError,
    analyse,
    html,
    load_study,
    markdown,
    read_results,
    run_study,
)
from roadtest.harness.cli import main
from roadtest.harness.escaping import cell, clipped, inline, plain
from roadtest.harness.formats import REPORT_HTML, TEXT_FORMATS, rendered
from roadtest.harness.policy import percent, shown
from roadtest.harness.questions import five_questions
from roadtest.harness.report_json import as_json
from roadtest.harness.report_tables import write_tables
from roadtest.harness.statistics import Estimate
from roadtest.harness.summary import claim_rows, cost_lines, noise_band

ANSWERS = {case.text: case.target for case in load_suite("arithmetic").cases}
SCHEMA = json.loads((Path(roadtest.harness.__file__).parent / "report.schema.json").read_text())
TOP = (
    'suite = "arithmetic"\nitems = 40\nperturbations = ["typos@2", "typos@4", "casing@5", "introduction@3"]\nshrink = 1'
)


def forgetful(text):
    """Right on clean text, wrong where nothing is written in capitals, and at a loss now and then."""
    if text in ANSWERS:
        return ANSWERS[text]
    if len(text) % 7 == 0:
        return "no idea"
    words = set(text.lower().split())
    nearest = max(ANSWERS, key=lambda one: len(words & set(one.lower().split())))
    return "-1" if text == text.lower() else ANSWERS[nearest]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    (folder / "study.toml").write_text(
        f'{TOP}\n[endpoint]\ncallable = "app:answer"\n[gate]\nmargin = "5pp"\nlooks = 1\n'
        "[business]\nrequests = 10_000\nwrong = 2.5\nescalation = 4\nmessy = 0.5\n"
    )
    run_study(load_study(folder / "study.toml"), Scripted(forgetful), into=folder / "r")
    return folder / "r"


@pytest.fixture
def analysis(results):
    return analyse(read_results(results))


# --- the same numbers everywhere ----------------------------------------------------------------------------------


def estimates(value):
    """Every estimate of a JSON report, as the object it is."""
    if isinstance(value, dict):
        if {"value", "low", "high", "method"} <= set(value):
            yield Estimate(**value)
        for part in value.values():
            yield from estimates(part)
    elif isinstance(value, list):
        for part in value:
            yield from estimates(part)


def test_the_numbers_are_the_same_in_html_markdown_and_json(analysis):
    page, text, data = html(analysis), markdown(analysis), as_json(analysis)
    said = re.sub(r"\\(.)", r"\1", text)
    for claim in data["claims"]:
        for name in ("clean", "messy", "drop", "lost", "gained", "excess", "relative"):
            number = shown(Estimate(**claim[name]))
            assert number in page, (claim["claim"], name)
            assert number in said, (claim["claim"], name)
    for one in (data["clean"], data["noise_floor"]):
        assert shown(Estimate(**one)) in page
        assert shown(Estimate(**one)) in said
    for cell_ in data["breakdown"]:
        assert shown(Estimate(**cell_["drop"])) in page
        assert shown(Estimate(**cell_["drop"])) in said
    for group in data["fairness"]:
        for name in ("clean", "messy", "drop"):
            assert shown(Estimate(**group[name])) in page
            assert shown(Estimate(**group[name])) in said
    for row in data["questions"]:
        assert row["answer"] in plain(said)
    numbers = set(re.findall(r"-?\d+\.\d \[-?\d+\.\d, -?\d+\.\d\]", said))
    assert len(numbers) > 20
    known = {shown(one) for one in estimates(data)}
    known |= {
        shown(Estimate(**claim[name]))
        for claim in data["claims"]
        for name in ("best_case", "worst_case")
        if claim[name]
    }
    crossing = re.findall(r"crosses the margin at severity (\S+ \[[^\]]*\])", said)
    assert numbers - known <= set(crossing), "a number in the Markdown that the JSON has not"
    assert numbers <= set(re.findall(r"-?\d+\.\d \[-?\d+\.\d, -?\d+\.\d\]", page)), "one that the HTML has not"


def test_json_is_valid_by_its_published_schema(analysis):
    validator = jsonschema.Draft202012Validator(SCHEMA)
    validator.check_schema(SCHEMA)
    for one in (analysis, analyse(analysis.results, business=Business(requests=5, wrong=1))):
        validator.validate(json.loads(rendered(one, "json")))
        validator.validate(json.loads(rendered(one, "json", texts=False)))
    broken = json.loads(rendered(analysis, "json"))
    broken["claims"][0]["drop"]["valu"] = broken["claims"][0]["drop"].pop("value")
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(broken)


def test_a_study_without_an_answer_has_a_report_too(write_study, tmp_path):
    from roadtest.harness import EndpointError, ResultsError

    def dead(text):
        raise EndpointError("auth", "no key")

    study = load_study(write_study())
    run_study(study, Scripted(dead), into=tmp_path / "r")
    analysis = analyse(read_results(tmp_path / "r"))
    for form in TEXT_FORMATS:
        assert "INCONCLUSIVE" in rendered(analysis, form)
    jsonschema.validate(json.loads(rendered(analysis, "json")), SCHEMA)
    assert not isinstance(analysis, ResultsError)


def test_each_question_is_answered_in_a_line(analysis):
    found = five_questions(analysis)
    assert [question for question, _ in found] == [
        "Is this drop just noise?",
        "Was the question still answerable?",
        "Do our users write like that?",
        "Did the API fail, or the model?",
        "What would it take to be sure?",
    ]
    assert all("\n" not in answer and 20 < len(answer) < 160 for _, answer in found)
    answers = dict(found)
    assert answers["Is this drop just noise?"].startswith("No: ")
    assert "guarded" in answers["Was the question still answerable?"]
    assert "75th, 90th, 97th and 99th percentile" in answers["Do our users write like that?"]
    assert "were answered" in answers["Did the API fail, or the model?"]


def test_the_noise_band_is_what_two_clean_runs_differ_by(analysis):
    assert noise_band(analysis) == 0  # a scripted system answers alike
    from dataclasses import replace

    floor = replace(analysis.noise_floor, value=0.18, items=10_000)
    assert noise_band(replace(analysis, noise_floor=floor)) == pytest.approx(1.95996 * 0.18**0.5 / 100, rel=1e-4)
    assert noise_band(replace(analysis, noise_floor=None)) is None


# --- what a study may have besides --------------------------------------------------------------------------------


def test_the_drop_in_dollars_a_month(analysis):
    from roadtest.harness.costs import monthly_cost

    found = monthly_cost(analysis, analysis.business)
    # wrong answers cost 2.5, "no idea" cannot be read as a number and goes to a person for 4
    assert found.drop.value == pytest.approx(5_000 * (2.5 * found.wrong.value + 4 * found.escalated.value))
    assert found.drop.low < found.drop.value < found.drop.high
    assert found.clean.value == 0
    assert found.wrong.value > 0
    assert found.escalated.value > 0
    assert found.call is None
    lines = cost_lines(analysis)
    assert lines[0].startswith(f"the drop costs US$ {found.drop.value:,.0f} [")
    assert "10,000 requests a month, 50% of them messy" in lines[-1]
    assert lines[0] in html(analysis)
    assert f"cost: {lines[0]}" in rendered(analysis, "terminal")


def test_without_a_statement_of_costs_there_is_none(results):
    read = read_results(results)
    from dataclasses import replace

    analysis = analyse(replace(read, business=None))
    assert cost_lines(analysis) == []
    assert as_json(analysis)["monthly_cost"] is None
    assert "What it costs a month" not in html(analysis)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"requests": 0, "wrong": 1}, "requests must be more than 0"),
        ({"requests": 10}, "needs the cost of a wrong answer"),
        ({"requests": 10, "wrong": -1}, "wrong must not be negative"),
        ({"requests": 10, "wrong": 1, "messy": 2}, "messy is a share"),
    ],
)
def test_costs_that_make_no_sense_are_refused(numbers, message):
    with pytest.raises(StudyError, match=message):
        Business(**numbers)


def test_another_policy_judges_and_prices_without_a_call(results, tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text('[gate]\nclaims = ["typos@2: drop <= 99pp"]\n[business]\nrequests = 1000\nwrong = 1\n')
    runner = CliRunner()
    before = (results / "records.jsonl").read_bytes()
    data = json.loads(runner.invoke(main, ["report", str(results), "--policy", str(policy), "--format", "json"]).output)
    assert data["verdict"] == "GO"
    assert data["monthly_cost"]["stated"]["requests"] == 1000
    other = json.loads(runner.invoke(main, ["report", str(results), "--scorer", "exact", "--format", "json"]).output)
    assert other["scorer"] == "exact"
    assert (results / "records.jsonl").read_bytes() == before
    policy.write_text('[gate]\nmargin = "5pp"\n[business]\nwrong = 1\n')
    refused = runner.invoke(main, ["report", str(results), "--policy", str(policy)])
    assert refused.exit_code == 2
    assert "[business] requests is missing" in refused.output


def test_groups_of_writers_and_what_was_not_measured(analysis):
    data = as_json(analysis)
    groups = data["fairness"]
    assert groups[0]["condition"] == "introduction@3"
    whole, *names = groups
    assert whole["name"] == "the writer gives a name"
    assert len(names) >= 5
    assert sum(one["drop"]["items"] for one in names) == whole["drop"]["items"]
    weighted = sum(one["drop"]["items"] * one["drop"]["value"] for one in names) / whole["drop"]["items"]
    assert weighted == pytest.approx(whole["drop"]["value"])
    topics = {one["topic"]: one for one in data["governance"]}
    assert set(topics) == {"Explainable", "Protected", "Auditable", "Bias tested", "Overseen", "Robust"}
    assert "Dialect" in topics["Bias tested"]["not_covered"]
    assert "not signed" in topics["Auditable"]["tested"]
    assert all(one["not_covered"] for one in data["governance"])
    assert any("Dialect" in line for line in data["cannot_see"])


def test_families_and_tasks(analysis, tmp_path):
    from roadtest.harness.breakdown import tasks_of

    found = analysis.breakdown
    assert found.families == ("typing", "surface", "people")
    assert found.tasks == ("arithmetic",)
    casing = next(claim for claim in analysis.claims if claim.perturbation == "casing")
    assert found.cells["surface", "arithmetic"].value == pytest.approx(casing.drop.value)
    extraction, intent = load_suite("extraction").cases, load_suite("intent").cases
    assert set(tasks_of(extraction, "x")) == {"order number", "date", "amount"}
    assert set(tasks_of(intent, "x")) == set(intent[0].choices)
    assert set(tasks_of(load_suite("reading").cases, "reading")) == {"reading"}


def test_where_not_all_variants_fit_the_rule_says_which_are_shown(analysis, monkeypatch):
    from roadtest.harness import browsing

    def content(table):
        return json.loads(gzip.decompress(base64.b64decode(table.data)))

    whole = browsing.table(analysis)
    assert whole.rule == "All 160 variants."
    states = [row[3] for row in content(whole)["rows"]]
    lost = states.count(browsing.STATES.index("right to wrong"))
    assert 10 < lost < 100
    monkeypatch.setattr(browsing, "MOST_ROWS", lost + 5)
    some = browsing.table(analysis)
    assert some.rule.startswith(f"{lost + 5} of 160 variants: every variant whose answer was turned")
    assert sum(row[3] == 0 for row in content(some)["rows"]) == lost, "all that were turned are among them"
    assert some == browsing.table(analysis), "the same ones every time"
    monkeypatch.setattr(browsing, "MOST_BYTES", len(some.data) // 2)
    fewer = browsing.table(analysis)
    assert len(fewer.data) <= browsing.MOST_BYTES
    assert 0 < fewer.shown < some.shown
    assert all(row[3] == 0 for row in content(fewer)["rows"])


# --- formats ------------------------------------------------------------------------------------------------------


def test_junit_never_passes_what_is_not_go(analysis):
    root = ET.fromstring(rendered(analysis, "junit").encode())
    cases = {case.get("name"): [part.tag for part in case] for case in root.iter("testcase")}
    for row in claim_rows(analysis):
        expected = {"GO": [], "NO-GO": ["failure"], "INCONCLUSIVE": ["error"]}[row["verdict"]]
        assert cases[row["perturbation"]] == expected
    assert int(root.get("failures")) + int(root.get("errors")) >= 1


def test_tables_in_csv_and_parquet(analysis, tmp_path):
    import pandas as pd

    claims, calls = write_tables(analysis, tmp_path / "csv", "csv")
    assert (claims.name, calls.name) == ("claims.csv", "records.csv")
    table = pd.read_csv(claims)
    for claim, row in zip(analysis.claims, table.itertuples(), strict=True):
        assert row.claim == claim.name
        assert row.drop == pytest.approx(claim.drop.value)
        assert percent(row.drop_low, down=True) == percent(claim.drop.low, down=True)
    assert len(pd.read_csv(calls)) == sum(analysis.outcomes.values())
    claims, calls = write_tables(analysis, tmp_path / "parquet", "parquet", texts=False)
    assert pd.read_parquet(claims)["drop"].tolist() == pytest.approx(table["drop"].tolist())
    columns = set(pd.read_parquet(calls).columns)
    assert "score" in columns
    assert not columns & {"text", "target", "answer", "message"}
    assert (analysis.results.folder / "records.parquet").exists()


def test_the_command_writes_each_format_where_it_is_told(results, tmp_path):
    runner = CliRunner()
    for form, start in (("html", "<!DOCTYPE html>"), ("markdown", "# study"), ("json", "{"), ("junit", "<?xml")):
        path = tmp_path / f"out/report.{form}"
        done = runner.invoke(main, ["report", str(results), "--format", form, "--output", str(path)])
        assert done.exit_code == 0, done.output
        assert done.output.strip() == str(path)
        assert path.read_text(encoding="utf-8").startswith(start)
    done = runner.invoke(main, ["report", str(results), "--format", "csv", "--output", str(tmp_path / "tables")])
    assert done.output.split() == [str(tmp_path / "tables/claims.csv"), str(tmp_path / "tables/records.csv")]
    assert (results / REPORT_HTML).exists(), "the run itself wrote one"


def test_the_same_journal_gives_the_same_report(analysis, results):
    again = analyse(read_results(results))
    for form in TEXT_FORMATS:
        assert rendered(analysis, form) == rendered(again, form)


# --- nothing that a model or a user wrote does anything -----------------------------------------------------------

EVIL = [
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "[click](javascript:alert(1)) ![x](http://evil.example/p.png) <b>bold</b> http://evil.example/a www.evil.example",
    "```\n# not a heading\n```` <h1>x</h1>",
    "\x1b[31mred\x1b]0;title\x07\x9b2J",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+1|x",
    "\u202eevil\u202c \u2066x\u2069 \u200b \ufeff \U000e0041",
    "{{ 7 * 7 }} {% for x in y %} ${7*7}",
    "\ud800 lone \udfff",
    "y" * 1_000_000,
    "\x00\x01\x02]]>&amp;<!--",
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A study whose items, ids, targets and answers try everything."""
    folder = tmp_path_factory.mktemp("hostile")
    rows = []
    for at, evil in enumerate(EVIL):
        safe = evil.encode("utf-8", "replace").decode().replace("\x00", "")
        rows.append(
            {"id": f"{at} {safe[:60]}", "text": f"Please read this: {safe} and tell me the word", "target": "word"}
        )
    rows += [{"id": f"p-{at}", "text": f"Please tell me the word of item {at}", "target": "word"} for at in range(20)]
    (folder / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "study.toml").write_text(
        'suite = "cases.jsonl"\nscorer = "exact"\nperturbations = ["small_talk@2", "casing@5"]\nshrink = 2\n'
        '[endpoint]\ncallable = "app:answer"\n[gate]\nmargin = "5pp"\nlooks = 1\n'
    )
    texts = {json.loads(line)["text"] for line in (folder / "cases.jsonl").read_text().splitlines()}
    run_study(
        load_study(folder / "study.toml"),
        Scripted(lambda text: "word" if text in texts else EVIL[len(text) % len(EVIL)]),
        into=folder / "r",
    )
    return analyse(read_results(folder / "r"))


class Tags(HTMLParser):
    """What a browser would make of a page: its elements with their attributes, and the words between them."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.elements, self.words = [], []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)


def test_html_holds_hostile_texts_as_texts(hostile):
    page = html(hostile)
    assert len(page) < 2_000_000
    found = Tags()
    found.feed(page)
    kinds = [tag for tag, _ in found.elements]
    assert kinds.count("script") == 2, "the data and our own"
    assert "img" not in kinds
    assert "iframe" not in kinds
    assert not any(name.startswith("on") for _, attributes in found.elements for name in attributes)
    assert all(value.startswith("#") for _, attributes in found.elements if (value := attributes.get("href")))
    assert not any("src" in attributes for _, attributes in found.elements)
    assert not UNSEEN.search(page)
    words = "".join(found.words)
    assert "</script><script>document.title='owned'</script>" in words, "it is shown, as text"
    assert "{{ 7 * 7 }} {% for x in y %} ${7*7}" in words
    assert "y" * 4_200 not in words
    content = next(text for text in found.words if text.startswith("H4sI"))
    data = json.loads(gzip.decompress(base64.b64decode(content)))
    assert any("onerror" in row[6] for row in data["rows"])
    assert all(len(row[6]) <= 2_100 for row in data["rows"])
    assert any("y" * 1_000 in case[1]["text"] for case in data["cases"])
    assert all(len(case[1]["text"]) <= 2_100 for case in data["cases"])


def test_markdown_holds_hostile_texts_as_texts(hostile):
    text = markdown(hostile)
    assert not UNSEEN.search(text)
    rest, fence = "", ""
    for line in text.splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif ticks := re.match(r"`{3,}", line):
            fence = ticks[0]
        else:
            rest += line + "\n"
    assert not fence, "every fence is closed"
    for pattern in (r"(?<!\\)<(?:img|script|b|h1)", r"(?<!\\)\]\(", r"https?://(?!\S*\\)evil", r"(?<!\\)!\["):
        assert not re.search(pattern, rest), pattern
    assert len(text) < 500_000


def test_terminal_holds_hostile_texts_as_texts(hostile):
    said = rendered(hostile, "terminal")
    assert not UNSEEN.search(said)
    assert "\x1b" not in said


def test_junit_holds_hostile_texts_as_texts(hostile):
    from dataclasses import replace

    decided = hostile.claims[0].decision
    claims = [
        replace(c, decision=replace(decided, reason=e[:500])) for c, e in zip(hostile.claims * 7, EVIL, strict=False)
    ]
    document = rendered(replace(hostile, claims=tuple(claims)), "junit")
    root = ET.fromstring(document.encode("utf-8"))
    said = [part.get("message") for part in root.iter() if part.tag in ("failure", "error")]
    assert "<img src=x onerror=\"document.title='owned'\">" in said
    assert not UNSEEN.search(document)


def test_csv_holds_no_formula(hostile, tmp_path):
    _, calls = write_tables(hostile, tmp_path, "csv")
    csv.field_size_limit(10_000_000)
    rows = list(csv.reader(io.StringIO(calls.read_text(encoding="utf-8"), newline="")))
    cells = [one for row in rows[1:] for one in row]
    assert any("cmd|" in one for one in cells)
    for one in cells:
        assert not one.lstrip().startswith(("=", "+", "@", "|", "%")), one[:40]
        assert not one.startswith("-") or re.fullmatch(r"-\d+(\.\d+)?", one)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", " =1", "\t=1", "|x", "%x"])
def test_a_cell_that_would_be_a_formula_is_quoted(text):
    assert cell(text) == f"'{text}"
    assert cell("plain = text") == "plain = text"


def test_long_and_unseen_texts():
    assert clipped("a" * 5_000).endswith("... (1,000 more characters)")
    assert plain("a\u061cb\u180ec\ufffe d\n\te") == "a\\u061cb\\u180ec\\ufffe d\n\te"
    assert inline("http://x.y www.z") == "http\\://x.y www\\.z"


# --- a report to share --------------------------------------------------------------------------------------------


def test_a_report_without_texts_holds_no_word_of_anybody(results, tmp_path):
    analysis = analyse(read_results(results))
    secrets = [case.text for case in analysis.results.cases.values()]
    whole = {form: rendered(analysis, form) for form in TEXT_FORMATS}
    assert any(secret in whole["markdown"] for secret in secrets)
    runner = CliRunner()
    for form in TEXT_FORMATS:
        shared = runner.invoke(main, ["report", str(results), "--format", form, "--no-texts"]).output
        assert "INCONCLUSIVE" in shared or "NO-GO" in shared
        assert not any(secret in shared for secret in secrets), form
        words = {word for secret in secrets for word in re.findall(r"[a-z]{9,}", secret)}
        ours = " ".join(
            re.findall(r"[A-Za-z]+", re.sub(r"<script.*?</script>|<style.*?</style>", "", shared, flags=re.DOTALL))
        )
        assert not {word for word in words if re.search(rf"\b{word}\b", ours)} - set(
            re.findall(r"[a-z]{9,}", OUR_WORDS)
        )
    page = html(analysis, texts=False)
    packed = re.search(r'id="data">([^<]+)<', page)[1]
    data = json.loads(gzip.decompress(base64.b64decode(packed)))
    assert all(len(row) == 5 for row in data["rows"])
    assert all(case[1] == {} and case[2] == case[3] == "" for case in data["cases"])


OUR_WORDS = "altogether"
"""Words of nine letters or more that our own sentences share with the suite's texts."""
