"""Failures on demand: for calls of the bot by method, and for what is brought to it by type."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.errors import Refused
from sandbox.manifest import Manifest

Json = dict[str, Any]

KINDS = {"ratelimited", "http_403", "http_500", "timeout", "timeout_after_success", "connection_reset", "slow"}
DELIVERY_KINDS = {"timeout", "timeout_after_success", "slow", "doubled"}
RESPONSE_URL, UPLOAD = "response_url", "upload"
"""The bot's other calls, as methods of a fault; what they answer has no error codes to choose."""
MAIL = "mail"
"""The event of a mail that the app hands over; ``error:451`` is the mail server's answer then."""
MAIL_KINDS = {"timeout", "connection_reset"}
INTERACTIONS = {"block_actions", "block_suggestion", "message_action", "shortcut", "view_closed", "view_submission"}
WHOLE, NUMBERS = {"times", "retry_after"}, {"times", "retry_after", "rate", "delay_ms"}


@dataclass
class Fault:
    """
    Attributes:
        kind: ``http_403`` is the page of a proxy, which is no answer of Slack's.
        delay_ms: how long ``slow`` takes, and how long a ``timeout`` says nothing before the connection breaks; 0 is
            until the client gives up.
    """

    target: str
    name: str
    kind: str
    times: int | None = None
    rate: float = 1.0
    retry_after: int = 1
    delay_ms: float = 0.0


class Faults:
    """
    Attributes:
        methods: what the bot can call; a fault of anything else would never strike.
        dice: decides for faults with a rate.
        struck: how often each kind struck since the faults were set.
    """

    def __init__(self, manifest: Manifest) -> None:
        self.active: list[Fault] = []
        self.methods: Iterable[str] = ()
        self.dice = random.Random()  # noqa: S311 - no secret
        self.struck: Counter[str] = Counter()
        self._events = {"*", MAIL, *INTERACTIONS, *manifest.commands, *(e.partition(".")[0] for e in manifest.events)}

    def set(self, described: list[Json]) -> dict[str, int]:
        """Replace them; returns how often each kind struck since the last time."""
        self.active = [self._read(fault) for fault in described]
        struck, self.struck = self.struck, Counter()
        return dict(struck)

    def strikes(self, target: str, name: str) -> Fault | None:
        """The fault that hits this call or delivery, if one does; it counts as used."""
        for fault in self.active:
            if fault.target == target and fault.name in ("*", name) and fault.times != 0:
                if self.dice.random() >= fault.rate:
                    continue
                if fault.times is not None:
                    fault.times -= 1
                self.struck[fault.kind] += 1
                return fault
        return None

    def _read(self, described: Json) -> Fault:
        unknown = described.keys() - {"method", "event", "kind", *NUMBERS}
        if unknown:
            raise Refused(f"a fault has no {sorted(unknown)[0]}")
        if ("method" in described) == ("event" in described):
            raise Refused("a fault needs either a method or an event")
        target = "method" if "method" in described else "event"
        name, kind = str(described[target]), str(described.get("kind"))
        if name not in (self._events if target == "event" else {"*", RESPONSE_URL, UPLOAD, *self.methods}):
            raise Refused(f"there is no {target} {name}")
        if kind not in _allowed(target, name) and not (kind.startswith("error:") and _has_errors(target, name)):
            raise Refused(f"there is no fault {kind!r} for a {target}")
        given = {key: _number(key, value) for key, value in described.items() if key in NUMBERS and value is not None}
        return Fault(target, name, kind, **{"delay_ms": 3000.0 if kind == "slow" else 0.0, **given})


def _allowed(target: str, name: str) -> set[str]:
    return MAIL_KINDS if name == MAIL else KINDS if target == "method" else DELIVERY_KINDS


def _has_errors(target: str, name: str) -> bool:
    return name == MAIL or (target == "method" and name not in (RESPONSE_URL, UPLOAD))


def _number(name: str, value: Any) -> Any:
    is_number = isinstance(value, int if name in WHOLE else int | float) and not isinstance(value, bool)
    if not is_number or value < 0:
        raise Refused(f"{name} must be a {'whole ' if name in WHOLE else ''}number that is not negative")
    return value
