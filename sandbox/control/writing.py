"""People writing: messages, edits, deletions, reactions."""

import re
from typing import Any

from sandbox import formatting, ids, messages, reactions
from sandbox.control.calls import Body, acked, acting, place, writable
from sandbox.core import Sandbox
from sandbox.dispatch import settled
from sandbox.errors import Refused
from sandbox.methods.files import described

Json = dict[str, Any]


async def message(box: Sandbox, body: Body) -> Json:
    """Waits for the first delivery of the message and of the mention."""
    user = acting(box, body)
    channel = writable(box, body, user)
    if channel.is_im and (box.manifest.messages_read_only or not box.manifest.messages_tab):
        raise Refused("messages_tab_disabled")
    files = [_file(box, user, file) for file in body.get("files") or []]
    text = formatting.typed(mentioned(box, body.get("text") or ""))
    if not text and not files:
        raise Refused("no_text")
    made = messages.from_person(box.workspace, user, text)
    if files:
        made |= {"subtype": "file_share", "files": files, "upload": True, "display_as_bot": False}
    if body.get("broadcast"):
        made["subtype"] = "thread_broadcast"
    messages.add(box.workspace, channel, made, thread_ts=body.get("thread_ts"))
    box.journal.ring()
    ack = await settled(box.happenings.posted(channel, made))
    return {**acked(ack), "ts": made["ts"], "channel": channel.id}


async def edit(box: Sandbox, body: Body) -> Json:
    user = acting(box, body)
    channel = writable(box, body, user)
    found = messages.find(channel, body["ts"])
    if found.get("user") != user["id"] or "bot_id" in found:
        raise Refused("cant_update_message")
    text = formatting.typed(mentioned(box, body["text"]))
    before = dict(found)
    messages.change(box.workspace, found, editor=user["id"], text=text, blocks=formatting.rich_text(text))
    box.journal.ring()
    return acked(await settled(box.happenings.changed(channel, found, before)))


async def delete(box: Sandbox, body: Body) -> Json:
    """One's own message, or any as an admin."""
    user = acting(box, body)
    channel = place(box, body, user)
    found = messages.find(channel, body["ts"])
    if found.get("user") != user["id"] and not user["is_admin"]:
        raise Refused("cant_delete_message")
    if messages.remove(channel, found):
        deliveries = box.happenings.changed(channel, channel.messages[found["ts"]], found)
    else:
        deliveries = box.happenings.deleted(channel, found)
    box.journal.ring()
    return acked(await settled(deliveries))


async def react(box: Sandbox, body: Body) -> Json:
    """``remove`` takes it back."""
    user = acting(box, body)
    channel = place(box, body, user)
    found = messages.find(channel, body["ts"])
    change = reactions.unreact if body.get("remove") else reactions.react
    deliveries = change(box, channel, found, user["id"], body["reaction"])
    box.journal.ring()
    return acked(await settled(deliveries))


async def unfurl(box: Sandbox, body: Body) -> Json:
    """A preview appears under a message with a link: a change that nobody made."""
    user = acting(box, body)
    channel = place(box, body, user)
    found = messages.find(channel, body["ts"])
    before = dict(found)
    url = body.get("url", "https://example.com/")
    found["attachments"] = [{"id": 1, "from_url": url, "original_url": url, "title": url, "fallback": url}]
    box.journal.ring()
    return acked(await settled(box.happenings.changed(channel, found, before)))


def mentioned(box: Sandbox, text: str) -> str:
    """@handles and @Names of people here, as the composer turns them into mentions."""
    names: dict[str, str] = {}
    for user in box.workspace.users.values():
        names |= {name.lower(): user["id"] for name in (user["name"], user["real_name"]) if name}
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w<])@({known})(?!\w)", re.IGNORECASE)
    return pattern.sub(lambda found: f"<@{names[found[1].lower()]}>", text)


def _file(box: Sandbox, user: Json, given: Json) -> Json:
    """A file as a message shows it; from elsewhere, only that there is one."""
    file_id = ids.new("F")
    mimetype = given.get("mimetype", "application/octet-stream")
    file = described(
        box, file_id, name=given["name"], mimetype=mimetype, size=int(given.get("size", 0)), user=user["id"]
    )
    box.workspace.files[file_id] = file
    if box.workspace.is_external(user):
        return {"id": file_id, "mode": "file_access", "file_access": "check_file_info"}
    return file
