"""From bolt's few catch-all listeners to the feature's function: tables instead of a search."""

import asyncio
import inspect
import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot import identity
from bot.house import House, Listener, Payload
from domain.policy import Surface

DEADLINE_S = 2.7
"""Slack shows an error after three seconds; ours comes before it and says what happened."""

AT_ONCE = 16
ANYTHING = re.compile(".*", re.DOTALL)


def attach(app: AsyncApp, house: House, slack: AsyncWebClient, commanded: Listener) -> None:
    """Give bolt one listener per kind of payload; a burst waits here instead of at the database.

    Listeners call ``slack``: bolt's own client adds the team of whoever clicked, perhaps another organisation's.
    """
    gate = asyncio.Semaphore(AT_ONCE)

    async def run(listener: Listener, *, surface: Surface = Surface.COMMAND, **given: Any) -> None:
        async with asyncio.timeout(DEADLINE_S), gate:
            await _call(listener, house, surface=surface, given=given)

    async def on_command(ack: AsyncAck, body: Payload) -> None:
        await run(commanded, ack=ack, body=body, client=slack, command=body)

    async def on_action(ack: AsyncAck, body: Payload, respond: AsyncRespond) -> None:
        action = body["actions"][0]
        listener = house.routes.actions.get(action["action_id"].partition(":")[0], _ignored)
        given = {"ack": ack, "body": body, "client": slack, "respond": respond, "action": action}
        await run(listener, surface=Surface.BUTTON, **given)

    async def on_view(ack: AsyncAck, body: Payload) -> None:
        listener = house.routes.views.get(body["view"]["callback_id"], _ignored)
        given = {"ack": ack, "body": body, "client": slack, "view": body["view"]}
        await run(listener, surface=Surface.FORM, **given)

    async def on_event(ack: AsyncAck, body: Payload) -> None:
        if body["event"].get("bot_id"):
            await ack()  # what apps say is nobody's comment and no request
            return
        listener = house.routes.events.get(body["event"]["type"], _ignored)
        given = {"ack": ack, "body": body, "client": slack, "event": body["event"]}
        await run(listener, surface=Surface.THREAD, **given)
        await ack()

    async def on_rest(ack: AsyncAck) -> None:
        await ack()

    app.command(ANYTHING)(on_command)
    app.action(ANYTHING)(on_action)
    app.view(ANYTHING)(on_view)
    app.event(ANYTHING)(on_event)
    app.view_closed(ANYTHING)(on_rest)
    app.shortcut(ANYTHING)(on_rest)
    app.options(ANYTHING)(on_rest)


async def _call(listener: Listener, house: House, *, surface: Surface, given: dict[str, Any]) -> None:
    """Give the listener what its parameters name; the actor is looked up only for those who ask."""
    wanted = inspect.signature(listener).parameters
    available = {**given, "house": house, "begin": house.begin}
    if "actor" in wanted:
        available["actor"] = await identity.actor(given["body"], given["client"], house, surface=surface)
    await listener(**{name: available[name] for name in wanted})


async def _ignored(ack: AsyncAck) -> None:
    """Something that an older version of the bot, or Slack itself, put there."""
    await ack()
