"""What a comment looks like, and what a thread reply says."""

from datetime import UTC, datetime
from typing import Any

from bot import blocks, mrkdwn
from bot.blocks import Message
from bot.house import Payload
from domain.comments import Reply, Said

HUMAN_SUBTYPES = {None, "file_share", "thread_broadcast", "me_message"}
SLACKBOT = "USLACKBOT"


def comment(said: Said) -> Message:
    """A comment made elsewhere, as it stands in the thread in the person's name."""
    text = mrkdwn.mrkdwn("*{author}* says: {content}", author=said.author, content=said.content)
    rest, parts = said.content, []
    while rest:
        parts.append(blocks.section(mrkdwn.escape(rest[:2_500])))
        rest = rest[2_500:]
    head = blocks.context(mrkdwn.mrkdwn("*{author}* says", author=said.author))
    return blocks.message(text, [head, *parts])


def is_human_reply(event: Payload) -> bool:
    """Whether a message event is what a person wrote in a thread: not an app, a join, a topic or a root."""
    is_reply = bool(event.get("thread_ts")) and event.get("thread_ts") != event.get("ts")
    is_human = bool(event.get("user")) and event["user"] != SLACKBOT and not event.get("bot_id")
    return is_reply and is_human and event.get("subtype") in HUMAN_SUBTYPES


def edited(event: Payload) -> dict[str, Any] | None:
    """The message as it is after a person's edit; None for unfurls, counters and our own updates."""
    now, before = event.get("message") or {}, event.get("previous_message") or {}
    if not now.get("edited") or (now["edited"] == before.get("edited") and now.get("text") == before.get("text")):
        return None
    return {**now, "channel": event["channel"]}


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
