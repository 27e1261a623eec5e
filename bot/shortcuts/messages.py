"""What a message in Slack says, and who says it, as a shortcut or a thread tells it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot import mrkdwn
from bot.house import House, Payload
from bot.incidents.views import address
from bot.threads.views import SLACKBOT, is_human
from domain.sources import Source

DELETED = "This message was deleted."
NO_PREVIEW = "[no preview available]"
NAMED = ("text", "pretext", "title", "fallback")
"""What an attachment says, the best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """The message that a shortcut was used on.

    Args:
        source: which it is, with its words and who said them.
        is_threaded: it is in a thread, or has one.
        is_direct: it is in a direct message.
    """

    source: Source
    is_threaded: bool
    is_direct: bool


def picked(body: Payload, names: Mapping[str, str]) -> Picked:
    """The message of a shortcut's payload."""
    message, channel = body["message"], body["channel"]
    ts = str(message.get("ts") or body.get("message_ts") or "")
    return Picked(
        source=Source(
            channel_id=channel["id"],
            ts=ts,
            thread_ts=str(message.get("thread_ts") or ""),
            words=words(message, names),
            author=message["user"] if is_human(message) else "",
            app="" if is_human(message) else app_of(message),
        ),
        is_threaded=bool(message.get("thread_ts") or message.get("reply_count")),
        is_direct=channel.get("name") == "directmessage",
    )


def is_gone(message: Payload) -> bool:
    """Whether it was deleted: Slack leaves a line in its place."""
    is_slackbot = message.get("user") in {None, SLACKBOT}
    return message.get("subtype") == "tombstone" or (is_slackbot and message.get("text") == DELETED)


def is_hidden(message: Payload) -> bool:
    """Whether only the person sees it: it has no link, and nobody can open it again."""
    return bool(message.get("is_ephemeral")) or message.get("subtype") == "ephemeral" or not message.get("ts")


def words(message: Payload, names: Mapping[str, str]) -> str:
    """What people see of it, as plain text: its text, or what an app put in attachments or blocks, or its files."""
    said = str(message.get("text") or "")
    if not said.strip():
        said = "\n".join([*_attached(message), *_in_blocks(message.get("blocks") or [])])
    files = [f"{file.get('name') or 'file'} {file.get('permalink') or ''}" for file in message.get("files") or []]
    return "\n".join([mrkdwn.unescape(said, dict(names)).strip(), *files]).strip()


def mentioned(message: Payload) -> str:
    """The text whose mentions need names."""
    return " ".join([str(message.get("text") or ""), *_attached(message)])


def app_of(message: Payload) -> str:
    """The name of the app that posted it."""
    profile = message.get("bot_profile") or {}
    return str(profile.get("name") or message.get("username") or "an app")


def permalink(house: House, source: Source) -> str:
    """The link to a message."""
    place = address(house, source.channel_id, source.ts)
    if source.thread_ts in ("", source.ts):
        return place
    return f"{place}?thread_ts={source.thread_ts}&cid={source.channel_id}"


def _attached(message: Payload) -> list[str]:
    found = []
    for attachment in message.get("attachments") or []:
        said = [str(attachment[name]) for name in NAMED if attachment.get(name) and attachment[name] != NO_PREVIEW]
        found += said[:1]
    return found


def _in_blocks(blocks: list[Any]) -> list[str]:
    return [said for block in blocks if (said := " ".join(_texts(block)).strip())]


def _texts(node: Any) -> Iterator[str]:
    """Every text that is shown, in order; of buttons and menus nothing."""
    if isinstance(node, list):
        for each in node:
            yield from _texts(each)
    elif isinstance(node, dict) and node.get("type") not in {"actions", "button", "overflow", "input"}:
        if isinstance(node.get("text"), str):
            yield node["text"]
        for name in ("text", "fields", "elements"):
            if isinstance(node.get(name), dict | list):
                yield from _texts(node[name])
