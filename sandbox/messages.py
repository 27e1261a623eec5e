"""Posting, editing, deleting and finding messages in a channel, with everything that a thread's root counts."""

from typing import Any

from sandbox import formatting, ids
from sandbox.errors import SlackError
from sandbox.store import Channel, Workspace

Json = dict[str, Any]

ROOT_FIELDS = ("reply_count", "reply_users_count", "latest_reply", "reply_users")
REPLY_USERS = 5
BOT_ICONS = {f"image_{size}": f"https://a.slack-edge.com/80588/img/plugins/app/bot_{size}.png" for size in (36, 48, 72)}


def from_bot(workspace: Workspace, **fields: Any) -> Json:
    """A message of the app, without a ts."""
    return {
        "user": workspace.bot_user_id,
        "type": "message",
        "bot_id": workspace.bot_id,
        "app_id": workspace.app_id,
        "team": workspace.team_id,
        "bot_profile": bot_profile(workspace),
        **fields,
    }


def bot_profile(workspace: Workspace) -> Json:
    return {
        "id": workspace.bot_id,
        "app_id": workspace.app_id,
        "user_id": workspace.bot_user_id,
        "name": workspace.bot["real_name"],
        "icons": BOT_ICONS,
        "deleted": False,
        "updated": workspace.bot["updated"],
        "team_id": workspace.team_id,
    }


def from_person(workspace: Workspace, user: Json, text: str) -> Json:
    if user["is_bot"]:
        return _from_other_bot(workspace, user, text)
    client_id = ids.new("").lower()
    made: Json = {"user": user["id"], "type": "message", "client_msg_id": f"{client_id}-sandbox", "text": text}
    made["team"] = workspace.team_id
    if workspace.is_external(user):
        made |= {"user_team": user["team_id"], "source_team": user["team_id"], "user_profile": _glimpse(user)}
    if text:
        made["blocks"] = formatting.rich_text(text)
    return made


def add(workspace: Workspace, channel: Channel, message: Json, *, thread_ts: str | None = None) -> Json:
    """Put it in the channel, or in a thread of it.

    Raises:
        SlackError: there is no such thread.
    """
    message["ts"] = workspace.stamps.next()
    if thread_ts is not None:
        root = thread_root(channel, thread_ts)
        message["thread_ts"] = thread_ts
        if "user" in root:
            message["parent_user_id"] = root["user"]
    channel.messages[message["ts"]] = message
    if thread_ts is not None:
        recount(channel, thread_ts)
    return message


def thread_root(channel: Channel, thread_ts: str) -> Json:
    root = channel.messages.get(thread_ts)
    if root is None or root.get("thread_ts", thread_ts) != thread_ts:
        raise SlackError("cannot_reply_to_message")
    return root


def recount(channel: Channel, root_ts: str) -> None:
    """Bring a root up to date after its replies changed. It stays a root when they are gone."""
    root, replies = channel.messages[root_ts], channel.replies(root_ts)
    authors = list(dict.fromkeys(reply.get("user") or reply["bot_id"] for reply in replies))
    root["thread_ts"] = root_ts
    root |= {
        "reply_count": len(replies),
        "reply_users_count": len(authors),
        "latest_reply": replies[-1]["ts"] if replies else None,
        "reply_users": authors[:REPLY_USERS],
        "is_locked": False,
        "subscribed": False,
    }
    if not replies:
        del root["latest_reply"]


def find(channel: Channel, ts: str) -> Json:
    message = channel.messages.get(ts)
    if message is None or message.get("subtype") == "tombstone":
        raise SlackError("message_not_found")
    return message


def change(workspace: Workspace, message: Json, *, editor: str, shown: bool = True, **fields: Any) -> None:
    """Change a message in place; None takes a field away."""
    for name, value in fields.items():
        if value is None:
            message.pop(name, None)
        else:
            message[name] = value
    if shown:
        message["edited"] = {"user": editor, "ts": workspace.stamps.next().split(".")[0] + ".000000"}


def remove(channel: Channel, message: Json) -> bool:
    """Delete a message; a root with replies becomes a tombstone.

    Returns:
        Whether it is a tombstone now.
    """
    ts, root = message["ts"], message.get("thread_ts")
    if root == ts and channel.replies(ts):
        channel.messages[ts] = {
            "type": "message",
            "subtype": "tombstone",
            "text": "This message was deleted.",
            "user": "USLACKBOT",
            "hidden": True,
            "ts": ts,
            "thread_ts": ts,
            **{name: message[name] for name in (*ROOT_FIELDS, "is_locked", "subscribed")},
        }
        return True
    del channel.messages[ts]
    if root not in (None, ts) and root in channel.messages:
        recount(channel, root)
    return False


def told(message: Json, *, metadata: bool = False) -> Json:
    """As the Web API returns it: metadata only for those who ask."""
    return {key: value for key, value in message.items() if metadata or key != "metadata"}


def permalink(workspace: Workspace, channel: Channel, message: Json) -> str:
    link = f"{workspace.url}/archives/{channel.id}/p{message['ts'].replace('.', '')}"
    thread = message.get("thread_ts")
    return link if thread in (None, message["ts"]) else f"{link}?thread_ts={thread}&cid={channel.id}"


def _from_other_bot(workspace: Workspace, user: Json, text: str) -> Json:
    bot_id, app_id = "B" + user["id"][1:], "A" + user["id"][1:]
    profile = {
        **bot_profile(workspace),
        "id": bot_id,
        "app_id": app_id,
        "name": user["real_name"],
        "user_id": user["id"],
    }
    made: Json = {"user": user["id"], "type": "message", "bot_id": bot_id, "app_id": app_id, "text": text}
    return made | {"team": workspace.team_id, "bot_profile": profile}


def _glimpse(user: Json) -> Json:
    """What a message says about an author from elsewhere."""
    profile = user["profile"]
    return {
        "avatar_hash": profile["avatar_hash"],
        "image_72": profile["image_72"],
        "first_name": profile["first_name"],
        "real_name": profile["real_name"],
        "display_name": profile["display_name"],
        "team": user["team_id"],
        "name": user["name"],
        "is_restricted": user["is_restricted"],
        "is_ultra_restricted": user["is_ultra_restricted"],
    }
