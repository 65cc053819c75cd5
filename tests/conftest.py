"""What several tests need: a real HTTP server on loopback, and studies in a folder of their own."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

Answer = Callable[[list[dict[str, str]]], Any]


@dataclass
class Loopback:
    """An OpenAI-compatible server that a test scripts: `answer(messages)` gives a text, or (status, JSON body)."""

    answer: Answer = lambda messages: messages[-1]["content"]
    key: str = ""
    delay: float = 0.0
    url: str = ""
    asked: list[list[dict[str, str]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def respond(self, headers: dict[str, str], body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self.lock:
            self.asked.append(body["messages"])
            self.headers.append(headers)
        time.sleep(self.delay)
        if self.key and headers.get("authorization") != f"Bearer {self.key}":
            said = f"Incorrect API key provided: {headers.get('authorization', '').removeprefix('Bearer ')}"
            return 401, {"error": {"message": said, "type": "invalid_request_error", "code": "invalid_api_key"}}
        answer = self.answer(body["messages"])
        if isinstance(answer, tuple):
            return answer
        return 200, {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": answer}}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
        }


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A server on a free port of 127.0.0.1; set its `answer` before asking."""
    server = Loopback()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, reply = server.respond({name.lower(): value for name, value in self.headers.items()}, body)
            content = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            if not isinstance(sys.exception(), ConnectionError):  # a client that hung up is no news
                super().handle_error(request, client_address)

    httpd = Server(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    server.url = f"http://127.0.0.1:{httpd.server_port}/v1"
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield server
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture
def write_study(tmp_path: Path) -> Callable[..., Path]:
    """Writes `study.toml` with these lines at its top and this endpoint, and gives its path."""

    def write(top: str = "", endpoint: str = 'callable = "app:answer"', gate: str = 'margin = "5pp"') -> Path:
        path = tmp_path / "study.toml"
        if "suite" not in top:
            top += '\nsuite = "arithmetic"\nitems = 5'
        if "perturbations" not in top:
            top += '\nperturbations = ["typos@4", "casing@5"]'
        if "shrink" not in top:  # most tests count calls
            top += "\nshrink = 0"
        path.write_text(f"{top}\n[endpoint]\n{endpoint}\n[gate]\n{gate}\n", encoding="utf-8")
        return path

    return write


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees a key of the machine it runs on."""
    for name in list(os.environ):
        if name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
