"""What Slack does to text and blocks on the way in."""

import copy
import re
from typing import Any

from sandbox import ids

Json = dict[str, Any]

URL = re.compile(r"https?://[^\s<>|\"]+[^\s<>|\".,;:!?)'\]]")
ENTITY = re.compile(r"<(?:[@#!][^<>\s][^<>]*|(?:https?://|mailto:|tel:|slack:)[^<>]*)>")
ESCAPED = re.compile(r"&(?!amp;|lt;|gt;)")
MENTION = re.compile(r"(?<![\w<])@([\w.-]*\w)")
CHANNEL = re.compile(r"(?<![\w<&/])#([\w-]+)")
POST_LIMIT = 40_000
ACTIVE = ("button", "overflow", "checkboxes", "radio_buttons")
ACTIVE_ENDINGS = ("_button", "_input", "_select", "picker")


def text(raw: str, *, links: bool = True) -> str:
    """Escape what is no entity, and wrap bare URLs."""
    return _outside_entities(raw, lambda part: _wrapped(_escaped(part)) if links else _escaped(part))


def typed(raw: str) -> str:
    """What a person typed: every &, < and > is text, except in mentions and links that the client put there."""
    return _outside_entities(raw, lambda part: _wrapped(_escape_all(part)))


def blocks(source: list[Json]) -> list[Json]:
    """A copy with the ids and defaults that Slack fills in."""
    made = copy.deepcopy(source)
    for block in made:
        block.setdefault("block_id", ids.short())
        _complete(block)
    return made


def plain(source: Json) -> Json:
    return {"emoji": True, **source}


def rich_text(normalised: str) -> list[Json]:
    """The blocks of what a person typed."""
    elements = [_element(part) for part in re.split(r"(<[^<>]+>)", normalised) if part]
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "block_id": ids.short(), "elements": [section]}]


def unescaped(part: str) -> str:
    return part.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _escape_all(part: str) -> str:
    return part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _escaped(part: str) -> str:
    return ESCAPED.sub("&amp;", part).replace("<", "&lt;").replace(">", "&gt;")


def _wrapped(part: str) -> str:
    return URL.sub(lambda url: f"<{url.group()}>", part)


def _outside_entities(raw: str, change: Any) -> str:
    made, end = [], 0
    for entity in ENTITY.finditer(raw):
        made += [change(raw[end : entity.start()]), entity.group()]
        end = entity.end()
    return "".join([*made, change(raw[end:])])


def _complete(node: Any) -> None:
    """Fill in action ids and the defaults of text objects, everywhere below."""
    if isinstance(node, list):
        for item in node:
            _complete(item)
    if not isinstance(node, dict):
        return
    kind = node.get("type")
    if kind == "mrkdwn":
        node.setdefault("verbatim", False)
        node["text"] = text(node["text"], links=not node["verbatim"])
    elif kind == "plain_text":
        node.setdefault("emoji", True)
    elif isinstance(kind, str) and (kind in ACTIVE or kind.endswith(ACTIVE_ENDINGS)):
        node.setdefault("action_id", ids.short())
    for value in node.values():
        _complete(value)


def _element(part: str) -> Json:
    if part.startswith("<@"):
        return {"type": "user", "user_id": part[2:-1].split("|")[0]}
    if part.startswith("<#"):
        return {"type": "channel", "channel_id": part[2:-1].split("|")[0]}
    if part.startswith("<!"):
        return {"type": "broadcast", "range": part[2:-1].split("|")[0]}
    if part.startswith("<"):
        url, _, label = part[1:-1].partition("|")
        return {"type": "link", "url": unescaped(url), **({"text": label} if label else {})}
    return {"type": "text", "text": unescaped(part)}
