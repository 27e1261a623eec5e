"""People clicking: commands, buttons, selects, shortcuts, the Home tab."""

from typing import Any

from sandbox import formatting, interactions, messages, responses, state
from sandbox.control.calls import Body, acked, acting, place, writable
from sandbox.control.choices import chosen
from sandbox.control.fields import remember, set_values
from sandbox.control.writing import mentioned
from sandbox.core import Sandbox
from sandbox.dispatch import Ack, settled
from sandbox.errors import Refused, SlackError
from sandbox.store import Channel

Json = dict[str, Any]


async def command(box: Sandbox, body: Body) -> Json:
    user = acting(box, body)
    if "thread_ts" in body:
        raise Refused("slash commands do not work in threads")
    if box.workspace.is_external(user):
        raise Refused("people from other organisations cannot use slash commands")
    described = box.manifest.commands.get(body["command"])
    if described is None or not box.manifest.grants(("commands",)):
        raise Refused(f"{body['command']} is not a valid command")
    channel = writable(box, body, user)
    text = str(body.get("text") or "").strip()
    if described.get("should_escape"):
        text = _escaped(box, text)
    payload = interactions.command(box, user, channel, body["command"], text)
    ack = await box.dispatcher.call("slash_commands", payload, url=described.get("url"))
    if ack.status == "acked" and (problem := responses.acknowledged(box, channel, user["id"], ack.body)):
        ack.status, ack.error = "error", problem
    return acked(ack)


async def action(box: Sandbox, body: Body) -> Json:
    user = acting(box, body)
    if "view_id" in body:
        return await _act_in_view(box, body, user)
    channel = place(box, body, user)
    message = shown_message(box, body, user, channel)
    blocks = message.get("blocks") or []
    values = state.initial(blocks)
    set_values(box, user, blocks, values, body.get("values") or {}, force=True)
    made = chosen(box, body, user, blocks, values)
    return acked(await _interact(box, interactions.message_click(box, user, channel, message, made, values)))


async def shortcut(box: Sandbox, body: Body) -> Json:
    """With a message, or global without one."""
    user = acting(box, body)
    described = box.manifest.shortcuts.get(body["callback_id"])
    if described is None or not box.manifest.grants(("commands",)):
        raise Refused(f"there is no shortcut {body['callback_id']}")
    if box.workspace.is_external(user):
        raise Refused("people from other organisations cannot use shortcuts")
    if described["type"] == "global":
        return acked(await _interact(box, interactions.global_shortcut(box, user, body["callback_id"])))
    channel = place(box, body, user)
    message = messages.find(channel, body["message_ts"])
    payload = interactions.message_shortcut(box, user, body["callback_id"], channel, message)
    return acked(await _interact(box, payload))


async def options(box: Sandbox, body: Body) -> Json:
    """What an external select offers for what was typed so far."""
    user = acting(box, body)
    where, blocks = _where(box, body, user)
    found = state.find(blocks, body["action_id"], body.get("block_id"))
    if found is None or "external" not in found[1]["type"]:
        raise Refused("there is no such select")
    block, element = found
    value = str(body.get("value") or "")
    if len(value) < element.get("min_query_length", 3):
        raise Refused("too few characters")
    payload = interactions.suggestion(box, user, where, block["block_id"], body["action_id"], value)
    ack = await box.dispatcher.call("interactive", payload, url=box.manifest.options_url)
    answer = ack.body if isinstance(ack.body, dict) else {}
    groups = answer.get("option_groups") or []
    listed = answer.get("options") or [option for group in groups for option in group["options"]]
    remember(box, user, body["action_id"], listed)
    return {**acked(ack), "options": listed, "option_groups": groups}


async def home(box: Sandbox, body: Body) -> Json:
    """Open the app's Home (or, with ``tab``, its messages)."""
    user = acting(box, body)
    tab = body.get("tab") or "home"
    if tab == "home" and not box.manifest.home:
        raise Refused("the manifest has no Home tab")
    seen = box.workspace.homes.get(user["id"])
    ack = await settled(box.happenings.home_opened(user["id"], tab, seen))
    return {**acked(ack), "view": box.workspace.homes.get(user["id"])}


def shown_message(box: Sandbox, body: Body, user: Json, channel: Channel) -> Json:
    """A message of the channel, or one that only this person sees."""
    ts = body["message_ts"]
    for message in box.workspace.ephemerals.get(user["id"], []):
        if message["ts"] == ts:
            return message
    return messages.find(channel, ts)


def shown_view(box: Sandbox, body: Body, user: Json) -> Json:
    home_view = box.workspace.homes.get(user["id"])
    if home_view is not None and home_view["id"] == body["view_id"]:
        return home_view
    owner, view = box.workspace.views.find(body["view_id"])
    if owner != user["id"]:
        raise SlackError("not_found")
    return view


async def _act_in_view(box: Sandbox, body: Body, user: Json) -> Json:
    view = shown_view(box, body, user)
    values = view["state"]["values"]
    set_values(box, user, view["blocks"], values, body.get("values") or {}, force=True)
    made = chosen(box, body, user, view["blocks"], values)
    return acked(await _interact(box, interactions.view_click(box, user, view, made)))


async def _interact(box: Sandbox, payload: Json) -> Ack:
    if not box.manifest.interactive:
        raise Refused("the manifest has interactivity switched off")
    return await box.dispatcher.call("interactive", payload, url=box.manifest.interactivity_url)


def _where(box: Sandbox, body: Body, user: Json) -> tuple[Json, list[Json]]:
    if "view_id" in body:
        view = shown_view(box, body, user)
        return {"container": {"type": "view", "view_id": view["id"]}, "view": view}, view["blocks"]
    channel = place(box, body, user)
    message = shown_message(box, body, user, channel)
    container: Json = {"type": "message", "message_ts": message["ts"], "channel_id": channel.id}
    where: Json = {"container": {**container, "is_ephemeral": bool(message.get("is_ephemeral"))}}
    where["channel"] = {"id": channel.id, "name": channel.name}
    return where | ({} if message.get("is_ephemeral") else {"message": message}), message.get("blocks") or []


def _escaped(box: Sandbox, text: str) -> str:
    """@names, #channels and URLs as a command with ``should_escape`` gets them."""
    users = {user["name"]: user["id"] for user in box.workspace.users.values()}
    text = mentioned(box, text)
    for name, user_id in users.items():
        text = text.replace(f"<@{user_id}>", f"<@{user_id}|{name}>")
    channels = {channel.name: channel for channel in box.workspace.channels.values() if channel.name}

    def linked(found: Any) -> str:
        channel = channels.get(found[1])
        if channel is None:
            return str(found[0])
        return f"<#{channel.id}|{'' if channel.is_private else channel.name}>"

    return formatting.typed(formatting.CHANNEL.sub(linked, text))
