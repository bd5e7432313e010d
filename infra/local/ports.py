"""Loopback ports: whether one answers, is free, and who holds it."""

import secrets
import socket
import urllib.error
import urllib.request
from collections import deque

LOOPBACK = "127.0.0.1"
# Below what the kernel gives to outgoing connections (32768 up): one of those may take a port
# between the moment it is found free and the moment its server starts.
LISTENING = range(16384, 32768)
TRIES = 100
GIVEN_LAST = 200  # ports that are not given again: their servers may be on their way
_given: deque[int] = deque(maxlen=GIVEN_LAST)


def answers(port: int, host: str = LOOPBACK) -> bool:
    """Return whether something accepts connections on a port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Return whether a server could listen on a port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str = LOOPBACK) -> int:
    """Return a port nobody listens on at the moment, and that no outgoing connection will take.

    It is not one of those this process was given last.

    Raises:
        OSError: none of a hundred can be had; the host is not one of this machine's.
    """
    for port in secrets.SystemRandom().sample(LISTENING, TRIES):
        if port not in _given and is_free(port, host):
            _given.append(port)
            return port
    raise OSError(f"no port of {host} can be listened on; is it an address of this machine?")


def http_ok(url: str, seconds: float = 1.0) -> bool:
    """Return whether a URL answers with a 2xx."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as reply:  # noqa: S310  # our own URL
            return bool(200 <= reply.status < 300)
    except (urllib.error.URLError, OSError, ValueError):
        return False
