"""A server that runs until Ctrl-C, or while another command does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence

from .errors import RoadtestError


def while_serving(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Waits for Ctrl-C or SIGTERM, or runs the command with these variables in its environment; gives its exit code.

    Raises RoadtestError where the command cannot be started.
    """
    if not command:
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        with contextlib.suppress(KeyboardInterrupt):
            stop.wait()
        return 0
    try:
        child = subprocess.Popen(list(command), env={**os.environ, **variables})  # noqa: S603 - the user's own command
    except OSError as error:
        raise RoadtestError(f"{command[0]}: {error.strerror}") from error
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:  # the child got the same Ctrl-C; it decides when it is done
            continue
