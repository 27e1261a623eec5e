"""Identifiers that look like Slack's."""

import secrets
import string
import time
from itertools import count

LETTERS = string.ascii_uppercase + string.digits
_serial = count(1)


class Stamps:
    """Message timestamps: microseconds, unique, always rising."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> str:
        self._last = max(self._last + 1, time.time_ns() // 1000)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06}"


def new(prefix: str) -> str:
    """For example ``V0A1B2C3D4E``."""
    return prefix + "0" + "".join(secrets.choice(LETTERS) for _ in range(9))


def short() -> str:
    """What Slack puts where a block or an element has no id."""
    return "".join(secrets.choice(string.ascii_letters + string.digits + "+/=") for _ in range(5))


def view_hash() -> str:
    return f"{int(time.time())}.{secrets.token_urlsafe(6)}"


def trigger(team: str) -> str:
    return f"{next(_serial)}.{team}.{secrets.token_hex(16)}"
