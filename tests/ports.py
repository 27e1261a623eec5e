"""Ports for what is started by tests: of a range from which the system hands out none by itself."""

import os
import socket
from itertools import cycle

_FIRST = 20_000 + 1_000 * (int("0" + os.environ.get("PYTEST_XDIST_WORKER", "")[2:]) % 12)
_PORTS = cycle([_FIRST + (os.getpid() + number) % 1_000 for number in range(1_000)])
"""Each worker has a thousand; another run at the same time begins elsewhere among them."""


def free_port() -> int:
    """One that nobody has, and that nobody else of these tests is told."""
    for port in _PORTS:
        with socket.socket() as found:
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("a cycle has no end")
