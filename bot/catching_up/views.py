"""What pages of a channel's history and of a thread say, and what is said of a comparison."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from bot import blocks, commands
from bot.blocks import Message
from bot.house import Payload
from bot.mrkdwn import Mrkdwn, join, mrkdwn
from bot.targets import read_target
from bot.threads.views import is_human_reply
from domain.catch_up import Root
from domain.incidents import Incident
from domain.rereading import Found

GONE: Final = "tombstone"


def root(message: Payload) -> Root:
    """A message of the channel, as the root of a thread."""
    return Root(
        ts=message["ts"],
        reply_count=int(message.get("reply_count") or 0),
        latest_reply=message.get("latest_reply"),
        is_gone=message.get("subtype") == GONE,
        version=next(_versions(message.get("blocks") or ()), None),
    )


def replies(messages: Sequence[Payload], thread_ts: str, *, without: Collection[str]) -> list[dict[str, Any]]:
    """What stands in the thread below its root, in order."""
    below = (dict(message) for message in messages if message["ts"] != thread_ts and message["ts"] not in without)
    return sorted(below, key=lambda message: str(message["ts"]))


def said(messages: Sequence[Payload], channel_id: str, bot_user_id: str) -> list[dict[str, Any]]:
    """Those that a person wrote and that may be kept."""
    placed = ({**message, "channel": channel_id} for message in messages)
    return [
        message
        for message in placed
        if is_human_reply(message) and not commands.is_unkept(message.get("text") or "", bot_user_id)
    ]


def syncing(incident: Incident | None) -> Message:
    """What follows."""
    what = mrkdwn("the whole thread of {ref}", ref=incident.ref) if incident else Mrkdwn("every thread that counts")
    text = mrkdwn("Comparing {what} with what is kept here. What it finds comes by direct message.", what=what)
    return blocks.words(text)


def found(what: Found, incident: Incident | None) -> Message:
    """What nobody had told of."""
    name = mrkdwn("{ref}", ref=incident.ref) if incident else Mrkdwn("All threads")
    counted = (
        (what.replies, "reply", "replies"),
        (what.edits, "edit", "edits"),
        (what.deletions, "deletion", "deletions"),
    )
    parts = [mrkdwn("{n} {noun}", n=n, noun=one if n == 1 else many) for n, one, many in counted if n]
    outcome = mrkdwn("{parts} found.", parts=join(", ", parts)) if parts else Mrkdwn("nothing was missing.")
    if incident and not what.threads:
        outcome = Mrkdwn("Slack does not let me read its thread. Invite me to its channel with /invite.")
    text = mrkdwn("{name}: {outcome}", name=name, outcome=outcome)
    return blocks.words(text)


def _versions(part: Any) -> Iterator[int]:
    """Of the incident, as the buttons of a card carry it."""
    if isinstance(part, Mapping):
        version = read_target(part["value"]).version if isinstance(part.get("value"), str) else None
        if version is not None:
            yield version
        for each in part.values():
            yield from _versions(each)
    elif isinstance(part, list | tuple):
        for each in part:
            yield from _versions(each)
