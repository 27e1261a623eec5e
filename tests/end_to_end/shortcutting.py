"""What people's hands and eyes do in tests of shortcuts."""

import json
from typing import Any

from sandbox import interactions
from tests.end_to_end.conftest import Json, Workspace

INCIDENTS = "SELECT number, title, description, channel_id FROM incident ORDER BY number"
COMMENTS = """
SELECT number, full_name, content, comment.channel_id, comment.ts FROM comment
JOIN "user" ON "user".id = author_id JOIN incident ON incident.id = incident_id
WHERE comment.deleted_at IS NULL ORDER BY comment.created_at
"""


async def said(workspace: Workspace, channel: str, words: str, *, by: str = "ben", **more: object) -> str:
    done = await workspace.stage.do("message", user=by, channel=channel, text=words, **more)
    return str(done["ts"])


async def chosen(workspace: Workspace, shortcut: str, channel: str, ts: str, *, by: str = "ana") -> Json:
    """The dialog that a shortcut on a message opens."""
    await workspace.stage.do("shortcut", user=by, callback_id=shortcut, channel=channel, message_ts=ts)
    return await dialog(workspace, by)


async def dialog(workspace: Workspace, by: str = "ana") -> Json:
    views = (await workspace.stage.state())["views"]
    stack: list[Json] = next(s for u, s in views.items() if u.lower().startswith(f"u0{by}") and s)
    return stack[-1]


async def sent(workspace: Workspace, form: Json, *, by: str = "ana", **values: Any) -> Json:
    """What comes back when a form is sent; picks the incident by its number as a person does."""
    ids = {b["block_id"]: b["element"]["action_id"] for b in form["blocks"] if b["type"] == "input"}
    if "incident" in values:
        await offered(workspace, form, values["incident"], by=by)
    typed = {block_id: {ids[block_id]: value} for block_id, value in values.items()}
    return await workspace.control("submit", {"user": by, "view_id": form["id"], "values": typed})


async def offered(workspace: Workspace, form: Json, typed: str, *, by: str = "ana") -> list[str]:
    query = {"user": by, "view_id": form["id"], "action_id": "message.incident", "value": typed}
    return [option["text"]["text"] for option in (await workspace.control("options", query))["options"]]


async def dispatched(workspace: Workspace, by: str, callback_id: str, channel: str, message: Json) -> Json:
    """A payload that the local workspace's page does not offer, but that can reach the bot."""
    box = workspace.sandbox
    place, user = box.workspace.channel_named(channel), box.workspace.person(by)
    payload = interactions.message_shortcut(workspace.sandbox, user, callback_id, place, message)
    ack = await box.dispatcher.call("interactive", payload)
    assert ack.status == "acked"
    return await dialog(workspace, by)


def words(form: Json) -> str:
    return json.dumps([form["blocks"]], ensure_ascii=False)


def fields(form: Json) -> list[str]:
    return [block["block_id"] for block in form["blocks"] if block["type"] == "input"]


def value(form: Json, block_id: str) -> Any:
    element = next(b["element"] for b in form["blocks"] if b["block_id"] == block_id)
    return element.get("initial_value") or element.get("initial_conversation")


async def thread_of(workspace: Workspace, channel: str, root: str) -> list[str]:
    told = await workspace.stage.messages(channel)
    return [m["text"] for m in told if m.get("thread_ts") == root != m["ts"]]


async def direct(workspace: Workspace, user_id: str) -> list[str]:
    channels = (await workspace.stage.state())["channels"]
    return [m["text"] for c in channels if c["id"] == f"D{user_id[1:]}" for m in c["messages"]]
