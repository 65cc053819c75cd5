"""Pictures and conversations on the wire: what a server receives is what an OpenAI-compatible client sends."""

from __future__ import annotations

import asyncio
import base64
import difflib
import json
import os
import shutil
import subprocess
from io import BytesIO

import pytest
from roadtest.harness import Case, Direct, Frame, LiteLLM, OpenAIClient, load_study, read_results, run_study
from roadtest.harness.frames import said
from roadtest.harness.journal import read_records
from roadtest.harness.marks import turns
from roadtest.perturbations import find

ROADS = {"litellm": LiteLLM, "openai": OpenAIClient, "direct": Direct}
TEXT = (
    "Hello, I ordered a lamp two weeks ago. My order number is 48213, and I paid 149.90 for it. "
    "Can you tell me where the parcel is?"
)
CASE = Case("1", TEXT, "48213")
FRAME = Frame("Answer with a few words.", "Message: {text}\nAnswer:", (("Message: Hi.\nAnswer:", "Hello."),))


def sent_by_openai(url, messages):
    """The body that the openai client sends for these messages, taken off the same server."""
    import openai

    client = openai.OpenAI(base_url=url, api_key="none", max_retries=0)
    client.chat.completions.create(model="seeing", messages=list(messages), temperature=0.0)


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize(
    "name", ["chat_screenshot@4", "sharded@3", "several_messages+form_screenshot@3", "wrong_before@1"]
)
def test_a_server_receives_what_an_openai_client_sends(loopback, road, name):
    loopback.answer = lambda messages: "fine"
    one, _, severity = name.rpartition("@")
    case = Case("1", TEXT, "a lamp", choices=("a lamp", "a chair")) if one == "wrong_before" else CASE
    variant = find(one).variant(case, int(severity), seed=1)
    assert variant.sent
    messages = FRAME.messages(variant.messy)
    asyncio.run(ROADS[road]("openai/seeing", base_url=loopback.url)(messages))
    sent_by_openai(loopback.url, messages)
    ours, theirs = loopback.asked
    assert ours == theirs == list(messages)


@pytest.mark.parametrize("road", ROADS)
def test_the_picture_that_arrives_opens_and_is_the_one_that_was_drawn(loopback, road):
    from PIL import Image
    from roadtest.harness.pictures import Look, draw

    loopback.answer = lambda messages: "fine"
    variant = find("email_screenshot").variant(CASE, 3, seed=5)
    asyncio.run(ROADS[road]("openai/seeing", base_url=loopback.url)(FRAME.messages(variant.messy)))
    content = loopback.asked[0][-1]["content"]
    assert [part["type"] for part in content] == ["text", "image_url", "text"]
    assert (content[0]["text"], content[2]["text"]) == ("Message:", "Answer:")
    picture = Image.open(BytesIO(png_in(content)))
    assert picture.format == "PNG"
    (drawn,) = turns(variant.text)[0].parts
    expected = draw(drawn.text, Look(**dict(drawn.look)))
    assert (picture.width, picture.height) == (expected.width, expected.height)
    assert picture.convert("RGB").tobytes() == Image.open(BytesIO(expected.png)).convert("RGB").tobytes()
    assert drawn.text == TEXT


def png_in(content):
    (url,) = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
    kind, _, data = url.partition(";base64,")
    assert kind == "data:image/png"
    return base64.b64decode(data, validate=True)


@pytest.mark.skipif(
    not (shutil.which("tesseract") or os.environ.get("CI")), reason="needs tesseract (make programs installs it)"
)
@pytest.mark.parametrize("severity", [1, 3, 5])
@pytest.mark.parametrize("name", ["chat_screenshot", "email_screenshot", "form_screenshot"])
def test_tesseract_reads_the_text_off_what_arrived(loopback, tmp_path, name, severity):
    loopback.answer = lambda messages: "fine"
    words, shares, numbers = TEXT.replace("I", "|").split(), [], 0
    for draw in range(4):  # light and dark, phone and desktop
        variant = find(name).variant(CASE, severity, seed=2, draw=draw)
        asyncio.run(asked(loopback, FRAME.messages(variant.messy)))
        path = tmp_path / "arrived.png"
        path.write_bytes(enlarged(png_in(loopback.asked[-1][-1]["content"])))
        command = ["tesseract", str(path), "stdout", "--psm", "11", "-l", "eng"]
        read = subprocess.run(command, capture_output=True, text=True, check=True).stdout.replace("I", "|").split()
        matched = difflib.SequenceMatcher(None, words, read, autojunk=False).get_matching_blocks()
        shares.append(sum(block.size for block in matched) / len(words))
        numbers += any("48213" in word for word in read)
    assert sum(shares) / 4 >= 0.9, shares
    assert numbers >= 3


async def asked(loopback, messages):
    endpoint = Direct("openai/seeing", base_url=loopback.url)
    await endpoint(messages)
    await endpoint.close()


def enlarged(png):
    """The picture twice as large and with dark text on light, as a reader of pictures wants it."""
    from PIL import Image, ImageOps

    picture = Image.open(BytesIO(png)).convert("L")
    if picture.resize((1, 1)).getpixel((0, 0)) < 128:
        picture = ImageOps.invert(picture)
    scale = max(1, round(1600 / picture.width))
    out = BytesIO()
    picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def test_a_study_of_channels_is_journaled_resumed_and_reported(loopback, write_study, tmp_path):
    asked = []

    def answer(messages):
        asked.append(messages)
        if len(asked) == 9:
            return 401, {"error": {"message": "no", "code": "invalid_api_key"}}
        return "shipped"

    loopback.answer = answer
    path = write_study(
        'suite = "records"\nitems = 6\nrepeats = 1\n'
        'perturbations = ["chat_screenshot@2", "sharded@3", "outdated_record@2", "null_answer@1"]',
        f'model = "openai/seeing"\nbase_url = "{loopback.url}"\nroad = "direct"\nconcurrency = 1',
    )
    study = load_study(path)
    _, outcome = run_study(study, into=tmp_path / "results")
    assert outcome.stopped
    kept = [record for record in read_records(tmp_path / "results" / "records.jsonl") if record.reply]
    assert len(kept) == 8
    second, outcome = run_study(study, into=tmp_path / "results")
    assert outcome.complete
    assert len(asked) == second.planned + 1, "nothing was asked twice but the call that failed"
    pictures = [messages for messages in asked if not isinstance(messages[-1]["content"], str)]
    assert len(pictures) == 6
    results = read_results(tmp_path / "results")
    assert all("[picture]" in said(messages[-1]) for messages in pictures)
    assert results.behaviours == ("null_answer@1",)
    (entry,) = [entry for entry in second.ledger if entry.name == "null_answer@1"]
    assert entry.right is not None
    assert entry.right.value == 0, "whoever says shipped did not ask back"
    page = (tmp_path / "results" / "report.html").read_text(encoding="utf-8")
    assert "\ufdd0" not in page
    assert "‹picture" not in json.dumps([record.reply.text for record in kept])
