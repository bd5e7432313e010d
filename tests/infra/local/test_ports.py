"""Ports are handed out so that no two servers get the same one."""

import socket

import pytest

from infra.local import ports


def test_a_port_is_not_given_twice_before_its_server_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "LISTENING", ports.LISTENING[:150])
    given = [ports.free_port() for _ in range(50)]
    assert len(set(given)) == 50


def test_what_somebody_listens_on_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(ports, "LISTENING", range(port, port + 1))
        monkeypatch.setattr(ports, "TRIES", 1)
        with pytest.raises(OSError, match="no port of"):
            ports.free_port()
