"""What a message in a thread says."""

from datetime import UTC, datetime
from typing import Any

from bot import mrkdwn
from bot.house import Payload
from domain.comments import Reply

HUMAN_SUBTYPES = {None, "file_share", "thread_broadcast", "me_message"}
CONVERTED = {"channel_convert_to_private", "channel_convert_to_public"}
SLACKBOT = "USLACKBOT"


def is_human_reply(event: Payload) -> bool:
    """Whether a message event is what a person wrote in a thread: not an app, a join, a topic or a root."""
    is_reply = bool(event.get("thread_ts")) and event.get("thread_ts") != event.get("ts")
    return is_reply and is_human(event)


def is_human(event: Payload) -> bool:
    """Whether a person wrote it: not an app, a join or a topic."""
    is_person = bool(event.get("user")) and event["user"] != SLACKBOT and not event.get("bot_id")
    return is_person and event.get("subtype") in HUMAN_SUBTYPES


def edited(event: Payload) -> dict[str, Any] | None:
    """The message as it is after a person's edit; None for unfurls, counters and our own updates."""
    now, before = event.get("message") or {}, event.get("previous_message") or {}
    if not now.get("edited") or (now["edited"] == before.get("edited") and now.get("text") == before.get("text")):
        return None
    ts = now.get("ts") or before.get("ts")
    return {**now, "ts": ts, "channel": event["channel"]} if ts else None


def is_lost_root(event: Payload) -> bool:
    """Whether this tells that the root of a thread was deleted, which keeps its replies."""
    return (event.get("message") or {}).get("subtype") == "tombstone"


def reply(message: Payload, names: dict[str, str]) -> Reply:
    """A human reply as the domain keeps it; what people saw, not Slack's markup."""
    edited_ts = (message.get("edited") or {}).get("ts")
    return Reply(
        channel_id=message["channel"],
        thread_ts=message["thread_ts"],
        ts=message["ts"],
        content=mrkdwn.unescape(message.get("text") or "", names),
        files=tuple(_file(f) for f in message.get("files") or []),
        edited_at=datetime.fromtimestamp(float(edited_ts), UTC) if edited_ts else None,
    )


def _file(file: Payload) -> dict[str, str]:
    return {
        "name": str(file.get("name") or file.get("id") or "file"),
        "type": str(file.get("mimetype") or ""),
        "size": str(file.get("size") or ""),
        "link": str(file.get("permalink") or ""),
    }
