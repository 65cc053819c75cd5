"""The report as people meet it: opened from a file in a real browser, in light and dark, and printed."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from roadtest.harness import Scripted, analyse, html, load_study, read_results, run_study
from roadtest.harness.comparison import compare
from roadtest.harness.comparison_report import comparison_html

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"), reason="chromium is not installed (make programs)"
)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "in CI the browser must be there: make programs"
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report of the study that is kept with the project: a real model's answers, made into a page just now."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html(analyse(read_results(REFERENCE))), encoding="utf-8")
    return path


class Opened:
    """A page with what it asked for and what it complained of."""

    def __init__(self, browser, path, scheme="light", **options):
        context = browser.new_context(viewport={"width": 1366, "height": 768}, color_scheme=scheme, **options)
        self.page = context.new_page()
        self.requests, self.complaints = [], []
        self.page.on("request", lambda one: self.requests.append(one.url))
        self.page.on("console", lambda one: self.complaints.append(one.text))
        self.page.on("pageerror", lambda one: self.complaints.append(str(one)))
        self.page.goto(path.as_uri())
        self.page.wait_for_load_state()


@pytest.fixture
def opened(browser, report):
    found = Opened(browser, report)
    found.page.wait_for_selector("#browse:not([hidden])")
    yield found
    found.page.context.close()


def test_the_verdict_is_seen_without_scrolling(opened):
    box = opened.page.locator(".verdict strong").bounding_box()
    assert box["y"] + box["height"] < 300
    assert opened.page.locator(".verdict strong").inner_text() == "NO-GO"
    reason = opened.page.locator(".verdict span")
    assert "email_thread@2 does not hold" in reason.inner_text()
    assert reason.bounding_box()["y"] < 300
    questions = opened.page.locator("dl.questions dd")
    assert questions.count() == 5
    for at in range(5):
        box = questions.nth(at).bounding_box()
        assert box["y"] + box["height"] < 768
        assert box["height"] < 2 * 22, "an answer is a line"


def test_nothing_leaves_the_file_and_nothing_is_complained_of(opened, report):
    page = opened.page
    page.locator("#by-state").select_option("right to wrong")
    page.locator("details summary").click()
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(200)
    assert opened.requests == [report.as_uri()]
    assert opened.complaints == []


def rows(page):
    return page.locator("#variants tbody tr")


def count(page):
    return int(re.match(r"[\d,]+", page.locator("#count").inner_text())[0].replace(",", ""))


def test_filters_and_sorting_and_pages(opened):
    page, analysis = opened.page, analyse(read_results(REFERENCE))
    total = analysis.results.numbering.total - analysis.results.numbering.clean
    assert count(page) == total
    assert rows(page).count() == 25
    page.locator("#by-condition").select_option("email_thread@2")
    page.locator("#by-state").select_option("right to wrong")
    claim = next(one for one in analysis.claims if one.name == "email_thread@2")
    assert count(page) == claim.flipped
    assert set(rows(page).locator("td:nth-child(2)").all_inner_texts()) == {"email_thread@2"}
    assert {text.split("\n")[0] for text in rows(page).locator("td:nth-child(3)").all_inner_texts()} == {
        "right to wrong"
    }
    assert rows(page).first.locator("ins").count() > 0, "what came is marked"
    page.locator("#by-condition").select_option("")
    page.locator("#by-state").select_option("")
    page.locator("#by-text").fill("jumper")
    assert 0 < count(page) < total
    assert all("jumper" in text.lower() for text in rows(page).all_inner_texts())
    page.locator("#by-text").fill("no such words anywhere")
    assert page.locator("#count").inner_text() == "no variant"
    page.locator("#by-text").fill("")
    header = page.locator("#variants th", has_text="item")
    header.locator("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    first = rows(page).locator("td:nth-child(1)").all_inner_texts()
    assert first == sorted(first)
    header.locator("button").click()
    assert header.get_attribute("aria-sort") == "descending"
    last = rows(page).locator("td:nth-child(1)").all_inner_texts()
    assert last[0] > first[0]
    assert last == sorted(last, reverse=True)
    page.locator("#on").click()
    assert "page 2 of" in page.locator("#count").inner_text()
    assert rows(page).locator("td:nth-child(1)").all_inner_texts()[0] <= last[-1]
    page.locator("#back").click()
    assert page.locator("#back").is_disabled()


def test_what_is_shown_is_what_was_sent_and_answered(opened):
    page, results = opened.page, read_results(REFERENCE)
    page.locator("#by-condition").select_option("typos@5")
    page.locator("#by-state").select_option("right to wrong")
    shown = rows(page).first
    item = shown.locator("td:nth-child(1)").inner_text()
    variant = next(one for one in results.variants if one.id == f"{item}/typos@5#0")
    text = shown.locator("td:nth-child(4) .text").first
    sent = text.evaluate(
        "node => [...node.childNodes].filter(n => n.nodeName !== 'DEL').map(n => n.textContent).join('')"
    )
    clean = text.evaluate(
        "node => [...node.childNodes].filter(n => n.nodeName !== 'INS').map(n => n.textContent).join('')"
    )
    assert sent == variant.text
    assert clean == variant.case.text
    cells = shown.locator("td").all_inner_texts()
    assert cells[4] == variant.case.target
    assert cells[6] == results.records[variant.id].reply.text
    assert cells[5] == results.records[f"{item}/clean#0"].reply.text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, report, scheme):
    from axe_playwright_python.sync_playwright import Axe

    found = Opened(browser, report, scheme)
    found.page.wait_for_selector("#browse:not([hidden])")
    found.page.locator("details summary").click()
    response = Axe().run(found.page).response
    assert len(response["passes"]) > 15, "it did look"
    violations = response["violations"]
    serious = [one for one in violations if one["impact"] in ("serious", "critical")]
    assert not serious, json.dumps(
        [(one["id"], [node["html"][:150] for node in one["nodes"][:5]]) for one in serious], indent=1
    )
    assert not violations, [one["id"] for one in violations]
    found.page.context.close()


def test_everything_can_be_reached_by_the_keyboard(opened):
    page, reached = opened.page, set()
    page.locator("#by-condition").focus()
    for _ in range(12):
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.dataset.key"))
        page.keyboard.press("Tab")
    assert {"by-condition", "by-state", "by-text", "id", "condition", "state", "target", "answer", "on"} <= reached


def test_it_prints_to_readable_pages(opened, tmp_path):
    path = tmp_path / "report.pdf"
    opened.page.pdf(path=path, format="A4", print_background=True)
    content = path.read_bytes()
    pages = len(re.findall(rb"/Type\s*/Page\b", content))
    assert 4 <= pages <= 25
    opened.page.emulate_media(media="print")
    opened.page.set_viewport_size({"width": 687, "height": 1000})  # A4 less its margins, at 96 dots an inch
    wide = opened.page.evaluate(
        "[...document.querySelectorAll('main *')]"
        ".filter(n => n.getBoundingClientRect().right > 700 && n.tagName !== 'path')"
        ".map(n => n.tagName + ' ' + n.textContent.slice(0, 40))"
    )
    assert wide == [], "nothing is cut off at the right"
    assert not opened.page.locator(".controls").is_visible()


def test_without_scripts_it_still_tells(browser, report):
    found = Opened(browser, report, java_script_enabled=False)
    assert found.page.locator(".verdict strong").inner_text() == "NO-GO"
    assert found.page.locator("#waiting").is_visible()
    assert found.page.locator("details .failure").count() > 5
    found.page.context.close()


def test_hostile_texts_do_nothing_in_the_browser(browser, tmp_path):
    from .test_report import EVIL

    rows_ = [
        {"id": f"{at}", "text": f"Read this {evil.encode('utf-8', 'replace').decode()} and say word", "target": "word"}
        for at, evil in enumerate(EVIL[:7] + EVIL[8:11])
    ] + [{"id": f"p{at}", "text": f"Please say word {at}", "target": "word"} for at in range(15)]
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows_))
    (tmp_path / "study.toml").write_text(
        'suite = "cases.jsonl"\nscorer = "exact"\nperturbations = ["small_talk@2"]\nshrink = 1\n'
        '[endpoint]\ncallable = "a:b"\n[gate]\nmargin = "5pp"\nlooks = 1\n'
    )
    known = {row["text"] for row in rows_}
    run_study(
        load_study(tmp_path / "study.toml"),
        Scripted(lambda text: "word" if text in known else EVIL[len(text) % 10]),
        into=tmp_path / "r",
    )
    found = Opened(browser, tmp_path / "r" / "report.html")
    found.page.wait_for_selector("#browse:not([hidden])")
    found.page.locator("details summary").click()
    assert found.page.title() == "study: NO-GO"
    assert found.page.locator("img").count() == 0
    assert found.page.locator("main script").count() == 0
    assert found.complaints == []
    assert found.requests == [(tmp_path / "r" / "report.html").as_uri()]
    texts = found.page.locator("#variants tbody").inner_text()
    assert "<img src=x onerror" in texts
    assert "\\u202e" in texts or "\\u001b" in texts
    found.page.context.close()


def test_a_comparison_opens_too(browser, write_study, tmp_path):
    from axe_playwright_python.sync_playwright import Axe

    study = load_study(write_study('suite = "arithmetic"\nitems = 30\nperturbations = ["typos@3", "casing@5"]'))
    for name, answer in (("one", lambda text: "1"), ("two", lambda text: str(len(text) % 50))):
        run_study(study, Scripted(answer), into=tmp_path / name)
    path = tmp_path / "compare.html"
    path.write_text(comparison_html(compare([read_results(tmp_path / name) for name in ("one", "two")])))
    found = Opened(browser, path)
    assert found.complaints == []
    assert found.requests == [path.as_uri()]
    assert not [one["id"] for one in Axe().run(found.page).response["violations"]]
    assert "leads" in found.page.locator("h1").inner_text()
    found.page.context.close()
