"""What the local Slack wrote down of each message, whether anybody still sees it or not."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.looking import delivery_of
from tests.chaos.people import Json

Place: TypeAlias = tuple[str, str]
"""Channel and ts."""


@dataclass
class Told:
    """An event about a message, and what became of each try to deliver it.

    Args:
        at: seconds on the clock of the machine that only goes forward.
        message: as it was then; what it was, if it is deleted.
    """

    what: str
    at: float
    message: Json
    tries: list[str] = field(default_factory=list)

    @property
    def is_heard(self) -> bool:
        return "acked" in self.tries

    @property
    def is_end(self) -> bool:
        """Whether it was deleted then."""
        return self.what == "message_deleted" or self.message.get("subtype") == "tombstone"

    def __repr__(self) -> str:
        return f"{self.what} {'/'.join(self.tries)}"


def events(log: Sequence[Json]) -> dict[Place, list[Told]]:
    """What Slack told of each message, in the order in which it happened."""
    made: dict[str, Told] = {}
    about: dict[Place, list[Told]] = defaultdict(list)
    for entry in log:
        if entry["kind"] == "delivery" and entry["type"] in ("message", "app_mention") and "event_id" in entry:
            event = entry["payload"]["event"]
            message = event.get("message") or event.get("previous_message") or event
            if entry["event_id"] not in made:
                told = Told(event.get("subtype") or event["type"], entry["at"] / 1000, message)
                made[entry["event_id"]] = told
                about[event["channel"], event.get("deleted_ts") or message["ts"]].append(told)
            made[entry["event_id"]].tries.append(entry["status"])
    for told_of in about.values():
        told_of.sort(key=lambda each: each.at)
    return about


def posts(about: dict[Place, list[Told]]) -> dict[str, list[Place]]:
    """Where everything was posted that a row of the outbox asked for, by row, the earliest first."""
    found: dict[str, list[Place]] = defaultdict(list)
    for place, told in sorted(about.items(), key=lambda each: each[1][0].at):
        delivery = delivery_of(told[0].message) if "bot_id" in told[0].message else None
        if delivery is not None and told[0].what == "message":
            found[delivery].append(place)
    return found


def removed(log: Sequence[Json]) -> set[Place]:
    """Where the bot asked Slack to delete a message, and was not refused."""
    return {
        (entry["args"]["channel"], entry["args"]["ts"])
        for entry in log
        if entry["kind"] == "api" and entry["method"] == "chat.delete" and (entry["answer"] or {"ok": True})["ok"]
    }
