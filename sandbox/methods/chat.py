"""chat.*: what the bot says."""

from typing import Any

from sandbox import formatting, messages
from sandbox.blockkit import message_problems
from sandbox.core import Sandbox
from sandbox.errors import SlackError
from sandbox.methods.method import Method
from sandbox.store import Channel

Json = dict[str, Any]

UPDATE_LIMIT = 4000
WRITE = ("chat:write",)


def post_message(box: Sandbox, args: Json) -> Json:
    channel = _writable(box, args["channel"])
    fields = content(args)
    root = args.get("thread_ts")
    if root is not None:
        messages.thread_root(channel, root)
    box.limits.spend_message(channel.id)
    message = messages.from_bot(box.workspace, **fields)
    if args.get("reply_broadcast") and root is not None:
        message["subtype"] = "thread_broadcast"
    if metadata := _metadata(args):
        message["metadata"] = metadata
    messages.add(box.workspace, channel, message, thread_ts=root)
    box.happenings.posted(channel, message)
    return {"channel": channel.id, "ts": message["ts"], "message": messages.told(message, metadata=True)}


def update(box: Sandbox, args: Json) -> Json:
    workspace = box.workspace
    channel = workspace.channel(args["channel"])
    if channel.is_archived:
        raise SlackError("is_inactive")
    message = messages.find(channel, args["ts"])
    if message.get("bot_id") != workspace.bot_id:
        raise SlackError("cant_update_message")
    fields = _changed_content(args)
    if "metadata" in args:
        fields["metadata"] = _metadata(args)
    if args.get("reply_broadcast"):
        fields |= _broadcast(message, args)
    before = dict(message)
    shown = "text" in fields and not fields.get("blocks")
    messages.change(workspace, message, editor=workspace.bot_user_id, shown=shown, **fields)
    box.happenings.changed(channel, message, before)
    told = messages.told(message, metadata=True)
    return {"channel": channel.id, "ts": message["ts"], "text": message["text"], "message": told}


def delete(box: Sandbox, args: Json) -> Json:
    channel = box.workspace.channel(args["channel"])
    message = messages.find(channel, args["ts"])
    if message.get("bot_id") != box.workspace.bot_id:
        raise SlackError("cant_delete_message")
    if messages.remove(channel, message):
        box.happenings.changed(channel, channel.messages[message["ts"]], message)
    else:
        box.happenings.deleted(channel, message)
    return {"channel": channel.id, "ts": message["ts"]}


def post_ephemeral(box: Sandbox, args: Json) -> Json:
    workspace = box.workspace
    channel = _writable(box, args["channel"])
    user = workspace.users.get(args["user"])
    if user is None or user["id"] not in channel.members or user["deleted"]:
        raise SlackError("user_not_in_channel")
    if "thread_ts" in args:
        messages.thread_root(channel, args["thread_ts"])
    if len(args.get("text", "").encode()) > UPDATE_LIMIT:
        raise SlackError("msg_too_long")
    made = show_ephemeral(box, channel, user["id"], content(args), thread_ts=args.get("thread_ts"))
    return {"message_ts": made["ts"]}


def get_permalink(box: Sandbox, args: Json) -> Json:
    channel = box.workspace.channel(args["channel"])
    message = messages.find(channel, args["message_ts"])
    return {"channel": channel.id, "permalink": messages.permalink(box.workspace, channel, message)}


def show_ephemeral(box: Sandbox, channel: Channel, user: str, fields: Json, *, thread_ts: str | None = None) -> Json:
    """Only this person sees it; no method finds it again."""
    message = messages.from_bot(box.workspace, **fields)
    message |= {"ts": box.workspace.stamps.next(), "channel": channel.id, "is_ephemeral": True}
    if thread_ts is not None:
        message["thread_ts"] = thread_ts
    box.workspace.ephemerals.setdefault(user, []).append(message)
    box.journal.ring()
    return message


def content(args: Json) -> Json:
    """Text and blocks as Slack would store them."""
    text, blocks = args.get("text") or "", args.get("blocks")
    if not text and not blocks:
        raise SlackError("no_text")
    fields: Json = {"text": formatting.text(text[: formatting.POST_LIMIT], links=args.get("parse") != "none")}
    if blocks:
        fields["blocks"] = checked_blocks(blocks)
    return fields


def checked_blocks(blocks: Any) -> list[Json]:
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise SlackError("invalid_blocks_format")
    if problems := message_problems(blocks):
        raise SlackError("invalid_blocks", response_metadata={"messages": problems})
    return formatting.blocks(blocks)


def _changed_content(args: Json) -> Json:
    """What an update changes: text without blocks drops the blocks, [] drops them too, neither keeps both."""
    if "text" not in args and "blocks" not in args:
        if "metadata" not in args and "reply_broadcast" not in args:
            raise SlackError("no_text")
        return {}
    if len(args.get("text", "")) > UPDATE_LIMIT:
        raise SlackError("msg_too_long")
    return {"blocks": None, **content(args)}


def _broadcast(message: Json, args: Json) -> Json:
    if "text" in args or "blocks" in args:
        raise SlackError("no_dual_broadcast_content_update")
    if message.get("thread_ts", message["ts"]) == message["ts"]:
        raise SlackError("cant_broadcast_message")
    return {"subtype": "thread_broadcast"}


def _metadata(args: Json) -> Json | None:
    metadata = args.get("metadata")
    if not metadata:
        return None
    if not isinstance(metadata, dict) or metadata.keys() != {"event_type", "event_payload"}:
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata["event_type"], str) or not isinstance(metadata["event_payload"], dict):
        raise SlackError("invalid_metadata_schema")
    return metadata


def _writable(box: Sandbox, channel_id: str) -> Channel:
    channel = box.workspace.channel(channel_id)
    if channel.is_archived:
        raise SlackError("is_archived")
    if channel.is_im and not box.manifest.messages_tab:
        raise SlackError("messages_tab_disabled")
    if channel.kind == "channel" and box.manifest.grants(("chat:write.public",)):
        return channel
    return box.workspace.joined(channel_id)


METHODS = {
    "chat.postMessage": Method(
        post_message,
        "channel! text blocks:json thread_ts reply_broadcast:bool metadata:json parse mrkdwn:bool"
        " unfurl_links:bool unfurl_media:bool",
        tier=None,
        scopes=WRITE,
    ),
    "chat.update": Method(
        update, "channel! ts! text blocks:json metadata:json parse reply_broadcast:bool", scopes=WRITE
    ),
    "chat.delete": Method(delete, "channel! ts!", scopes=WRITE),
    "chat.postEphemeral": Method(
        post_ephemeral, "channel! user! text blocks:json thread_ts parse", tier=4, scopes=WRITE
    ),
    "chat.getPermalink": Method(get_permalink, "channel! message_ts!", tier=None, takes_json=False),
}
