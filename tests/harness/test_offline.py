"""While a study runs that is not live, nothing leaves the machine."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest
from roadtest.harness import EndpointError
from roadtest.harness.offline import is_loopback, loopback_only


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST.", "127.0.0.1", "127.8.9.1", "::1", "[::1]", "::ffff:127.0.0.1", "0.0.0.0", "a.localhost"],
)
def test_this_machine_is_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["example.org", "10.0.0.1", "192.0.2.1", "2001:db8::1", "localhost.evil.org", "127.0.0.1.nip.io"]
)
def test_other_machines_are_not(host):
    assert not is_loopback(host)


def test_connections_and_lookups_beyond_this_machine_are_refused():
    with loopback_only() as refused:
        with pytest.raises(EndpointError, match=r"192\.0\.2\.1:443 is beyond this machine") as caught:
            socket.create_connection(("192.0.2.1", 443), timeout=0.1)
        assert caught.value.kind == "offline"
        with pytest.raises(EndpointError, match=r"example\.org"):
            socket.getaddrinfo("example.org", 443)
        with pytest.raises(EndpointError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x", ("192.0.2.1", 53))
        with pytest.raises(EndpointError), socket.socket(socket.AF_INET6) as six:
            six.connect(("2001:db8::1", 443))
    assert refused == ["192.0.2.1:443", "example.org:443", "192.0.2.1:53", "2001:db8::1:443"]


def test_it_holds_in_other_threads_and_in_asyncio():
    found = []

    def elsewhere():
        try:
            socket.create_connection(("192.0.2.1", 443), timeout=0.1)
        except Exception as error:
            found.append(error)

    with loopback_only():
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        with pytest.raises(EndpointError):
            asyncio.run(asyncio.open_connection("192.0.2.1", 443))
    assert isinstance(found[0], EndpointError)


def test_this_machine_and_allowed_hosts_can_be_reached(tmp_path):
    server = socket.create_server(("127.0.0.1", 0))
    local = socket.socket(socket.AF_UNIX)
    local.bind(str(tmp_path / "s"))
    local.listen()
    with loopback_only(["192.0.2.1"]) as refused:
        socket.create_connection(("localhost", server.getsockname()[1])).close()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "s"))
        with pytest.raises(OSError):
            socket.create_connection(("192.0.2.1", 443), timeout=0.01)
    assert refused == []
    server.close()
    local.close()


def test_afterwards_everything_is_as_before():
    with loopback_only(), loopback_only(["192.0.2.1"]):
        pass
    with pytest.raises(OSError):
        socket.create_connection(("192.0.2.1", 443), timeout=0.01)
