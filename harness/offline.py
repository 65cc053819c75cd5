"""No connection leaves the machine while a study runs that nobody allowed to spend."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import sys
from collections.abc import Collection, Iterator
from typing import Any

from .errors import EndpointError


class _Guard:
    """What the audit hook of this process does; a hook cannot be taken off again, so it is switched."""

    installed = False
    watching = 0
    allowed: frozenset[str] = frozenset()
    refused: list[str] | None = None


@contextlib.contextmanager
def loopback_only(allowed: Collection[str] = ()) -> Iterator[list[str]]:
    """Refuses connections and name lookups beyond this machine and the `allowed` hosts; gives those that were refused.

    It holds for the whole process, and for sockets that Python opens: not for other programs that it starts. What is
    refused raises an EndpointError of kind `offline`.
    """
    if not _Guard.installed:
        sys.addaudithook(_audit)
        _Guard.installed = True
    refused: list[str] = []
    before = _Guard.allowed, _Guard.refused
    _Guard.allowed, _Guard.refused = frozenset(allowed), refused
    _Guard.watching += 1
    try:
        yield refused
    finally:
        _Guard.watching -= 1
        _Guard.allowed, _Guard.refused = before


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    host = host.strip("[]").rstrip(".").lower()
    if host in ("", "localhost", "localhost.localdomain") or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback or address.is_unspecified


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if not _Guard.watching or not event.startswith("socket."):
        return
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        if getattr(args[0], "family", None) not in (socket.AF_INET, socket.AF_INET6) or not address:
            return
        host, port = str(address[0]), str(address[1])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host, port = _text(args[0]), _text(args[1]) if len(args) > 1 else ""
    else:
        return
    if is_loopback(host) or host in _Guard.allowed or host == socket.gethostname():
        return
    where = f"{host}:{port}" if port else host
    if _Guard.refused is not None:
        _Guard.refused.append(where)
    raise EndpointError("offline", f"{where} is beyond this machine, and this run is not live")


def _text(value: object) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else "" if value is None else str(value)
