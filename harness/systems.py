"""The system under test as a study names it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .application import Application
from .direct_road import Direct
from .endpoints import load_callable
from .errors import StudyError, did_you_mean
from .limits import Limits, SharedLimits
from .litellm_road import LiteLLM
from .models import Model
from .openai_road import OpenAIClient
from .prices import checked
from .replies import Endpoint
from .seeds import digest

ROADS: dict[str, Callable[..., Model]] = {"litellm": LiteLLM, "openai": OpenAIClient, "direct": Direct}
"""The ways to a model, by name. The last two are for servers that speak OpenAI's format."""


@dataclass(frozen=True, slots=True)
class System:
    """The system under test: a `model`, a `callable` written `module:function`, or an application behind a `url`.

    A model is asked over a `road`: `litellm`, `openai` or `direct`. `base_url`, `temperature`, `max_tokens`, `stream`
    are for models, `body` and `answer` for a url (see Application). `key_env` names the variable with the key; `extra`
    goes to the call as it is; `price` is in US dollars, `input` and `output` for a million tokens and `call` for a
    call. `timeout` is in seconds, `retries` the further tries after a transient failure, `concurrency` the most calls
    in flight at once, `requests_per_minute` and `tokens_per_minute` (0 = no limit) are kept together with other runs
    on this machine. `failures` is the share of failed calls from which the replay stops. `${NAME}` in `model`,
    `base_url` and `url` is read from the environment.
    """

    model: str = ""
    callable: str = ""
    url: str = ""
    road: str = "litellm"
    base_url: str = ""
    key_env: str = ""
    temperature: float = 0.0
    max_tokens: int = 256
    stream: bool = False
    body: Mapping[str, Any] = field(default_factory=dict, hash=False)
    answer: str = ""
    timeout: float = 60.0
    retries: int = 3
    concurrency: int = 4
    requests_per_minute: float = 0.0
    tokens_per_minute: float = 0.0
    failures: float = 0.1
    price: Mapping[str, Any] = field(default_factory=dict, hash=False)
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if sum(map(bool, (self.model, self.callable, self.url))) != 1:
            raise StudyError(
                "[endpoint] needs one of model = 'provider/name', callable = 'module:function' and url = 'http://...'"
            )
        if self.road not in ROADS:
            raise StudyError(
                f"[endpoint] road = {self.road!r}{did_you_mean(self.road, ROADS)} (known: {', '.join(ROADS)})"
            )
        if self.url and not self.body:
            raise StudyError(
                "[endpoint] url needs a body with a place for the text, as in body = {question = '{text}'}"
            )
        for name in ("extra", "body"):
            try:
                json.dumps(dict(getattr(self, name)), allow_nan=False)
            except (TypeError, ValueError) as error:
                raise StudyError(f"[endpoint] {name} must hold what JSON can hold: {error}") from error
        for place in (self.extra, *(self.extra.get(name, {}) for name in ("extra_headers", "headers", "extra_body"))):
            for name in place if isinstance(place, Mapping) else ():
                if re.search(r"(?i)(^|[_-])(key|token|secret|authorization|password)$", name):
                    raise StudyError(f"[endpoint] extra holds {name!r}: keys do not belong in a study; name a key_env")
        for name, least in (
            ("timeout", 0.001),
            ("retries", 0),
            ("concurrency", 1),
            ("max_tokens", 1),
            ("requests_per_minute", 0),
            ("tokens_per_minute", 0),
        ):
            if getattr(self, name) < least:
                raise StudyError(f"[endpoint] {name} must be at least {least:g}, not {getattr(self, name)}")
        if not 0 < self.failures <= 1:
            raise StudyError(f"[endpoint] failures must be above 0 % and at most 100 %, not {self.failures}")
        checked(self.price)

    @property
    def name(self) -> str:
        """What the report calls it."""
        return self.model or self.callable or self.url

    @property
    def takes(self) -> frozenset[str]:
        """What it takes besides one text: turns and pictures, wherever it is given all messages."""
        whole = not self.url or '"{messages}"' in json.dumps(dict(self.body))
        return frozenset({"turns", "pictures"} if whole else ())

    def identity(self, folder: Path) -> dict[str, Any]:
        """What of it decides the answers: not how fast it is asked, nor through which port.

        Of a callable its module's source file counts too, looked for in `folder` first.
        """
        found: dict[str, Any] = {
            "model": expand(self.model, "model"),
            "callable": self.callable,
            "base_url": self.base_url,
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "extra": dict(self.extra),
        }
        if self.callable:
            found["code"] = _code(self.callable.partition(":")[0], folder)
        if self.url:
            found |= {"url": self.url, "body": dict(self.body), "answer": self.answer}
        return found

    def endpoint(self, folder: Path) -> Endpoint:
        """The endpoint these settings name; modules of callables are looked for in `folder` first."""
        if self.callable:
            return load_callable(self.callable, folder, self.timeout)
        common: dict[str, Any] = {
            "key_env": self.key_env or None,
            "timeout": self.timeout,
            "extra": dict(self.extra),
            "price": checked(self.price) or None,
        }
        if self.url:
            return Application(expand(self.url, "url"), body=self.body, answer=self.answer, **common)
        return ROADS[self.road](
            expand(self.model, "model"),
            base_url=expand(self.base_url, "base_url") or None,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            stream=self.stream,
            **common,
        )

    def limits(self) -> Limits | None:
        """Its limits, shared with every process of this machine that asks the same system with the same key."""
        wanted = {"requests": self.requests_per_minute, "tokens": self.tokens_per_minute}
        per_minute = {name: value for name, value in wanted.items() if value}
        if not per_minute:
            return None
        from platformdirs import user_state_path

        whose = [expand(self.name, "model"), expand(self.base_url, "base_url"), self.key_env]
        folder = Path(os.environ.get("ROADTEST_STATE") or user_state_path("roadtest"))
        return SharedLimits(folder / "limits.sqlite", digest(*whose).hex()[:16], per_minute)


def expand(text: str, key: str) -> str:
    """`text` with each `${NAME}` read from the environment. Raises StudyError for one that is not set."""

    def value(place: re.Match[str]) -> str:
        if place[1] not in os.environ:
            hint = "; `roadtest model serve -- COMMAND` sets it for COMMAND" if place[1].startswith("ROADTEST_") else ""
            raise StudyError(f"[endpoint] {key} needs the environment variable {place[1]}, which is not set{hint}")
        return os.environ[place[1]]

    return re.sub(r"\$\{(\w+)\}", value, text)


def _code(module: str, folder: Path) -> str:
    """SHA-256 of a module's source file, found without importing anything; empty where there is none."""
    top, *rest = module.split(".")
    roots = [folder / top]
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        spec = None
    if spec:
        roots += map(Path, spec.submodule_search_locations or [(spec.origin or "").removesuffix(".py")])
    for root in roots:
        path = root.joinpath(*rest)
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return digest(file.read_bytes().decode("utf-8", "replace")).hex()
    return ""
