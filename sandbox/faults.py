"""Failures on demand: for calls of the Web API by method, and for deliveries by type."""

import random
from dataclasses import dataclass
from typing import Any

from sandbox.errors import Refused

Json = dict[str, Any]

KINDS = {"ratelimited", "http_500", "timeout", "timeout_after_success", "connection_reset", "slow"}
DELIVERY_KINDS = {"timeout", "timeout_after_success", "slow"}
MAIL = "mail"
"""The event of a mail that the app hands over; ``error:451`` is the mail server's answer then."""
MAIL_KINDS = {"timeout", "connection_reset"}


@dataclass
class Fault:
    target: str
    name: str
    kind: str
    times: int | None = None
    rate: float = 1.0
    retry_after: int = 1
    delay_ms: float = 0.0


class Faults:
    def __init__(self) -> None:
        self.active: list[Fault] = []

    def set(self, described: list[Json]) -> None:
        self.active = [_read(fault) for fault in described]

    def strikes(self, target: str, name: str) -> Fault | None:
        """The fault that hits this call or delivery, if one does; it counts as used."""
        for fault in self.active:
            if fault.target == target and fault.name in ("*", name) and fault.times != 0:
                if random.random() >= fault.rate:  # noqa: S311 - no secret
                    continue
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None


def _read(described: Json) -> Fault:
    unknown = described.keys() - {"method", "event", "kind", "times", "rate", "retry_after", "delay_ms"}
    if unknown:
        raise Refused(f"a fault has no {sorted(unknown)[0]}")
    if ("method" in described) == ("event" in described):
        raise Refused("a fault needs either a method or an event")
    target = "method" if "method" in described else "event"
    kind = str(described.get("kind"))
    is_mail = described.get("event") == MAIL
    allowed = MAIL_KINDS if is_mail else KINDS if target == "method" else DELIVERY_KINDS
    if kind not in allowed and not ((is_mail or target == "method") and kind.startswith("error:")):
        raise Refused(f"there is no fault {kind!r} for a {target}")
    return Fault(
        target,
        str(described[target]),
        kind,
        described.get("times"),
        described.get("rate", 1.0),
        described.get("retry_after", 1),
        described.get("delay_ms", 3000.0 if kind == "slow" else 0.0),
    )
