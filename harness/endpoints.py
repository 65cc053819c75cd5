"""Systems that are not models behind an API: any Python callable, or a script for tests."""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import inspect
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .errors import EndpointError, StudyError
from .frames import Message, said
from .replies import Reply


@dataclass(frozen=True)
class PythonCallable:
    """Any Python function as a system: it takes the chat turns and returns text or a Reply, sync or async.

    A sync function runs in a thread of its own, so that it does not hold up the others. `timeout` is in seconds (0 =
    none); a sync function that is late cannot be ended, so its thread is left behind and its answer thrown away.
    """

    function: Callable[..., Any]
    label: str = ""
    timeout: float = 0.0

    @property
    def name(self) -> str:
        """The label, else the function's own name."""
        return self.label or getattr(self.function, "__qualname__", type(self.function).__name__)

    async def __call__(self, messages: Sequence[Message], /) -> Reply:
        """The function's answer. What it raises becomes an EndpointError of kind `raised`, or `timeout`."""
        started = time.perf_counter()
        limit = asyncio.timeout(self.timeout or None)
        try:
            async with limit:
                if inspect.iscoroutinefunction(self.function):
                    answer = await self.function(messages)
                else:
                    answer = await _in_thread(self._call, messages)
                    if isinstance(answer, Awaitable):
                        answer = await answer
        except EndpointError:
            raise
        except (Exception, SystemExit, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task and task.cancelling():
                raise  # the replay is being stopped
            if limit.expired():
                raise EndpointError("timeout", f"{self.name}: timeout: no answer within {self.timeout:g} s") from error
            said = " ".join(f"{type(error).__name__}: {error}".split())[:240]
            raise EndpointError("raised", f"{self.name} raised {said}") from error
        seconds = time.perf_counter() - started
        if isinstance(answer, Reply):
            return replace(answer, seconds=seconds)
        if not isinstance(answer, str):
            raise EndpointError("raised", f"{self.name} returned {type(answer).__name__}, expected text or a Reply")
        return Reply(answer, model=self.name, seconds=seconds)

    def _call(self, messages: Sequence[Message]) -> Any:
        """The function's answer; what no future can carry or what would end the process becomes a RuntimeError."""
        try:
            return self.function(messages)
        except (StopIteration, SystemExit, asyncio.CancelledError) as error:
            raise RuntimeError(f"{type(error).__name__}: {error}") from error


async def _in_thread(function: Callable[[Sequence[Message]], Any], messages: Sequence[Message]) -> Any:
    """The function's result, from a thread that cannot keep the process alive when nobody waits for it any more."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: Any, error: BaseException | None) -> None:
        if done.done():  # given up meanwhile
            return
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)

    def work() -> None:
        result, raised = None, None
        try:
            result = context.run(function, messages)
        except BaseException as error:
            raised = error
        try:
            loop.call_soon_threadsafe(settle, result, raised)
        except RuntimeError:  # the loop is closed: the replay ended without this answer
            return

    threading.Thread(target=work, name="roadtest callable", daemon=True).start()
    return await done


class Scripted:
    """An endpoint for tests: answers come from a function of the last user turn, or from a list in turn.

    A scripted answer that is an exception is raised. `calls` keeps what was asked.

    >>> import asyncio
    >>> echo = Scripted(lambda text: text.upper())
    >>> asyncio.run(echo([{"role": "user", "content": "hi"}])).text
    'HI'
    """

    def __init__(self, script: Callable[[str], str | Exception] | Sequence[str | Exception], name: str = "scripted"):
        self.name = name
        self.calls: list[tuple[Message, ...]] = []
        self._script = script

    async def __call__(self, messages: Sequence[Message], /) -> Reply:
        """The scripted answer to the last turn."""
        turn = len(self.calls)
        self.calls.append(tuple(messages))
        if callable(self._script):
            answer = self._script(said(messages[-1]))
        elif turn < len(self._script):
            answer = self._script[turn]
        else:
            raise EndpointError("raised", f"{self.name} has {len(self._script)} answers and was asked once more")
        if isinstance(answer, Exception):
            raise answer
        return Reply(answer, model=self.name)


def load_callable(path: str, folder: Path, timeout: float = 0.0) -> PythonCallable:
    """The function behind `module:function`, looked for from `folder` first. Raises StudyError where there is none."""
    module_name, colon, function_name = path.partition(":")
    if not (module_name and colon and function_name):
        raise StudyError(f"callable = {path!r} must read 'module:function'")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))  # it stays: the module may import its neighbours later
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise StudyError(
            f"callable = {path!r}: importing {module_name} failed: {type(error).__name__}: {error}"
        ) from error
    function = getattr(module, function_name, None)
    if not callable(function):
        raise StudyError(f"callable = {path!r}: {module_name} has no function called {function_name!r}")
    return PythonCallable(function, label=path, timeout=timeout)
