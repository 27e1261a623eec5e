"""conversations.*: channels, who is in them, and what was said."""

import re
from typing import Any

from sandbox import messages
from sandbox.core import Sandbox
from sandbox.errors import SlackError
from sandbox.membership import join
from sandbox.methods.method import Method
from sandbox.methods.paging import page
from sandbox.store import Channel

Json = dict[str, Any]

READ = ("channels:read", "groups:read", "im:read", "mpim:read")
HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
OPEN = ("channels:manage", "groups:write", "im:write", "mpim:write")
TYPES = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
FAMILIES = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
TS = re.compile(r"\d+(\.\d+)?")


def info(box: Sandbox, args: Json) -> Json:
    channel = _readable(box, args["channel"], "read")
    told = box.workspace.channel_object(channel)
    if args.get("include_num_members"):
        told["num_members"] = len(channel.members)
    return {"channel": told}


def list_all(box: Sandbox, args: Json) -> Json:
    channels = [c for c in _of_types(box, args) if box.workspace.bot_sees(c)]
    return _listed(box, channels, args)


def of_user(box: Sandbox, args: Json) -> Json:
    user = box.workspace.user(args.get("user", box.workspace.bot_user_id))
    channels = [c for c in _of_types(box, args) if user["id"] in c.members and box.workspace.bot_sees(c)]
    return _listed(box, channels, args)


def members(box: Sandbox, args: Json) -> Json:
    channel = _readable(box, args["channel"], "read")
    found, cursor = page([{"id": member} for member in channel.members], args, default=100, most=1000)
    return {"members": [member["id"] for member in found], "response_metadata": {"next_cursor": cursor}}


def history(box: Sandbox, args: Json) -> Json:
    channel = _member_of(box, args["channel"])
    shown = [m for m in channel.ordered() if _in_channel(m) and _within(m, args)]
    return _told(box, shown[::-1], args, default=100, most=999) | {"pin_count": 0}


def replies(box: Sandbox, args: Json) -> Json:
    channel = _member_of(box, args["channel"])
    asked = channel.messages.get(args["ts"])
    if asked is None:
        raise SlackError("thread_not_found")
    is_reply = asked.get("thread_ts", asked["ts"]) != asked["ts"]
    later = [] if is_reply else [m for m in channel.replies(asked["ts"]) if _within(m, args)]
    return _told(box, [asked, *later], args, default=1000, most=1000)


def open_dm(box: Sandbox, args: Json) -> Json:
    names = [name for name in args.get("users", "").split(",") if name]
    if "channel" in args:
        return _opened(box, box.workspace.channel(args["channel"]), args, existed=True)
    if not names:
        raise SlackError("users_list_not_supplied")
    if len(names) > 1:
        raise SlackError("method_not_supported_for_channel_type")
    user = box.workspace.user(names[0])
    if user["deleted"]:
        raise SlackError("user_disabled")
    if user["is_bot"] or user["id"] == "USLACKBOT":
        raise SlackError("cannot_dm_bot")
    if user.get("is_stranger"):
        raise SlackError("user_not_visible")
    existed = "D" + user["id"][1:] in box.workspace.channels
    return _opened(box, box.workspace.dm(user["id"]), args, existed=existed)


def join_public(box: Sandbox, args: Json) -> Json:
    channel = box.workspace.channel(args["channel"])
    if channel.kind != "channel":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    was_in = box.workspace.bot_user_id in channel.members
    if not was_in:
        join(box, channel, box.workspace.bot)
    answer: Json = {"channel": box.workspace.channel_object(channel)}
    if was_in:
        answer |= {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    return answer


def _readable(box: Sandbox, channel_id: str, what: str) -> Channel:
    channel = box.workspace.channel(channel_id)
    box.require_scope((f"{channel.scope_family}:{what}",))
    return channel


def _member_of(box: Sandbox, channel_id: str) -> Channel:
    channel = box.workspace.joined(channel_id)
    box.require_scope((f"{channel.scope_family}:history",))
    return channel


def _of_types(box: Sandbox, args: Json) -> list[Channel]:
    wanted = set()
    for word in args.get("types", "public_channel").split(","):
        kind = TYPES.get(word.strip())
        if kind is None:
            raise SlackError("invalid_types")
        box.require_scope((f"{FAMILIES[kind]}:read",))
        wanted.add(kind)
    skip = args.get("exclude_archived", False)
    return [c for c in box.workspace.channels.values() if c.kind in wanted and not (skip and c.is_archived)]


def _listed(box: Sandbox, channels: list[Channel], args: Json) -> Json:
    told = [box.workspace.channel_object(c) | {"num_members": len(c.members)} for c in channels]
    found, cursor = page(told, args, default=100, most=1000)
    return {"channels": found, "response_metadata": {"next_cursor": cursor}}


def _in_channel(message: Json) -> bool:
    is_reply = message.get("thread_ts", message["ts"]) != message["ts"]
    return not is_reply or message.get("subtype") == "thread_broadcast"


def _within(message: Json, args: Json) -> bool:
    for name in ("oldest", "latest"):
        if not TS.fullmatch(args.get(name, "0")):
            raise SlackError(f"invalid_ts_{name}")
    at = _micros(message["ts"])
    oldest, latest = _micros(args.get("oldest", "0")), _micros(args.get("latest", "9" * 12))
    return oldest <= at <= latest if args.get("inclusive") else oldest < at < latest


def _micros(ts: str) -> int:
    seconds, _, fraction = ts.partition(".")
    return int(seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0") or 0)


def _told(box: Sandbox, found: list[Json], args: Json, *, default: int, most: int) -> Json:
    part, cursor = page(found, args, default=default, most=most, at_once=box.limits.told_at_once(most))
    metadata = bool(args.get("include_all_metadata"))
    answer: Json = {"messages": [messages.told(m, metadata=metadata) for m in part], "has_more": bool(cursor)}
    return answer | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


def _opened(box: Sandbox, channel: Channel, args: Json, *, existed: bool) -> Json:
    told = box.workspace.channel_object(channel) if args.get("return_im") else {"id": channel.id}
    return {**({"no_op": True, "already_open": True} if existed else {}), "channel": told}


_SPAN = " latest oldest inclusive:bool limit:int cursor include_all_metadata:bool"
_LIST = "types exclude_archived:bool limit:int cursor"
METHODS = {
    "conversations.info": Method(info, "channel! include_num_members:bool", scopes=READ, takes_json=False),
    "conversations.list": Method(list_all, _LIST, tier=2, scopes=READ, takes_json=False),
    "conversations.members": Method(members, "channel! limit:int cursor", tier=4, scopes=READ, takes_json=False),
    "conversations.history": Method(history, "channel!" + _SPAN, scopes=HISTORY),
    "conversations.replies": Method(replies, "channel! ts!" + _SPAN, scopes=HISTORY, takes_json=False),
    "conversations.open": Method(open_dm, "users channel return_im:bool", scopes=OPEN),
    "conversations.join": Method(join_public, "channel!", scopes=("channels:join",)),
    "users.conversations": Method(of_user, "user " + _LIST, scopes=READ, takes_json=False),
}
