from __future__ import annotations

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadtest.harness import Application, EndpointError, StudyError, load_study, run_study
from roadtest.harness.application import filled

TURNS = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where is {text} my {system}?"}]


@pytest.fixture
def shop():
    """An application of its own kind: it takes a question and gives an answer in a nested object."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((body, dict(self.headers)))
            said = str(body.get("question"))
            status, content = 200, {"answers": [{"text": f"You said {said}", "sure": 0.5}], "ok": True}
            if said.startswith("fail "):
                status, content = int(said.split()[1]), {"detail": "not today"}
            content = b"just text" if said == "text" else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Retry-After", "3")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = asked
    server.url = f"http://127.0.0.1:{server.server_port}/ask"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def ask(endpoint, said):
    async def one():
        try:
            return await endpoint([TURNS[0], {"role": "user", "content": said}])
        finally:
            await endpoint.close()

    return asyncio.run(one())


def test_places_of_the_body_are_filled_and_what_a_person_wrote_is_not_searched_for_places():
    body = {"q": "Q: {text}", "n": 3, "deep": [{"s": "{system}"}], "all": "{messages}", "none": None}
    assert filled(body, TURNS) == {
        "q": "Q: Where is {text} my {system}?",
        "n": 3,
        "deep": [{"s": "Be brief."}],
        "all": TURNS,
        "none": None,
    }


@given(st.text())
def test_any_text_arrives_as_it_is(text):
    assert filled({"q": "<{text}|{text}>"}, [{"role": "user", "content": text}]) == {"q": f"<{text}|{text}>"}


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("$.answers[0].text", "You said é😀"),
        ("$.answers[0].sure", "0.5"),
        ("$.ok", "true"),
        ("$..text", "You said é😀"),
        ("$.answers[0]", '{"text": "You said é😀", "sure": 0.5}'),
    ],
)
def test_the_answer_is_read_by_its_jsonpath(shop, path, answer):
    endpoint = Application(shop.url, body={"question": "{text}"}, answer=path, price={"call": 0.25})
    reply = ask(endpoint, "é😀")
    assert (reply.text, reply.cost) == (answer, 0.25)
    assert shop.asked[0][0] == {"question": "é😀"}


def test_the_whole_body_is_the_answer_where_no_path_is_named(shop, monkeypatch):
    monkeypatch.setenv("SHOP_KEY", "sk-shop-1234")
    extra = {"extra_headers": {"X-Team": "7"}}
    endpoint = Application(shop.url, body={"question": "{text}"}, key_env="SHOP_KEY", extra=extra)
    assert ask(endpoint, "text").text == "just text"
    headers = shop.asked[0][1]
    assert (headers["Authorization"], headers["X-Team"]) == ("Bearer sk-shop-1234", "7")


@pytest.mark.parametrize(
    ("said", "kind", "words", "wait"),
    [
        ("fail 429", "rate_limit", "not today", 3.0),
        ("fail 500", "server", "not today", 3.0),
        ("fail 401", "auth", "check the key", 3.0),
        ("fail 422", "bad_request", "not today", 3.0),
        ("text", "malformed", "not the JSON that was expected", None),
    ],
)
def test_failures_keep_their_kind(shop, said, kind, words, wait):
    with pytest.raises(EndpointError) as caught:
        ask(Application(shop.url, body={"question": "{text}"}, answer="$.answers[0].text"), said)
    assert (caught.value.kind, caught.value.wait) == (kind, wait)
    assert words in str(caught.value)


def test_an_answer_that_is_not_there_is_malformed(shop):
    with pytest.raises(EndpointError, match=r"the answer has nothing at \$\.result"):
        ask(Application(shop.url, body={"question": "{text}"}, answer="$.result"), "hello")


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        ("url = 'http://x'\nbody = {q = 'fixed'}", "body must hold {text} or '{messages}'"),
        ("url = 'http://x'\nbody = {q = '{text}'}\nanswer = '$['", "answer = '$[' is no JSONPath"),
        ("url = 'http://x'", "url needs a body with a place for the text"),
        ("url = 'http://x'\nmodel = 'a/b'", "[endpoint] needs one of"),
        ("model = 'a/b'\nroad = 'opnai'", "road = 'opnai'; did you mean 'openai'?"),
        ("model = 'a/b'\nprice = {inptu = 1}", "price: no 'inptu'; did you mean 'input'?"),
        ("model = 'a/b'\nprice = {input = -1}", "price: input must be US dollars, at least 0, not -1"),
        ("model = 'a/b'\nfailures = '200%'", "failures must be above 0 % and at most 100 %"),
        ("model = 'a/b'\nstream = 1", "[endpoint] stream must be true or false, not 1"),
    ],
)
def test_mistakes_are_told_before_anything_is_asked(write_study, endpoint, message):
    path = write_study(endpoint=endpoint)
    with pytest.raises(StudyError) as caught:
        load_study(path).system.endpoint(path.parent)
    assert message in str(caught.value)


def test_a_study_of_an_application(shop, write_study, tmp_path):
    lines = f'url = "{shop.url}"\nbody = {{question = "{{text}}"}}\nanswer = "$.answers[0].text"'
    analysis, outcome = run_study(load_study(write_study(endpoint=lines)), into=tmp_path / "r")
    assert outcome.complete
    assert analysis.results.system == shop.url
    assert len(shop.asked) == outcome.answered


def test_a_key_in_the_address_is_never_shown(monkeypatch, write_study):
    monkeypatch.setenv("SHOP_TOKEN", "t0psecret")
    lines = 'url = "http://127.0.0.1:9/ask?token=${SHOP_TOKEN}"\nbody = {question = "{text}"}'
    study = load_study(write_study(endpoint=lines))
    endpoint = study.system.endpoint(study.folder)
    with pytest.raises(EndpointError) as caught:
        ask(endpoint, "hello")
    assert "t0psecret" not in str(caught.value)
    assert "http://127.0.0.1:9/ask?token=***: connection" in str(caught.value)
