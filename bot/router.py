"""From bolt's few catch-all listeners to the feature's function: tables instead of a search."""

import asyncio
import inspect
import re
from functools import cache
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot import identity, logs, metrics
from bot.house import House, Listener, Payload
from bot.houses import Houses, Served
from domain import db
from domain.policy import Surface

DEADLINE_S = 2.7
"""Slack shows an error after three seconds; ours comes before it and says what happened."""

AT_ONCE = 16
NOT_INSTALLED = (
    "Nothing was done: Incident Tracker is not installed in this workspace any more. "
    "Ask an administrator to install it again."
)
ANYTHING = re.compile(".*", re.DOTALL)


def attach(app: AsyncApp, houses: Houses, commanded: Listener) -> None:
    """Give bolt one listener per kind of payload.

    Listeners call the client of the house that is asked: bolt's own adds the team of whoever clicked, perhaps another
    organisation's.
    """
    router = _Router(houses, commanded)
    app.event(ANYTHING)(router.on_event)  # bolt asks one after the other; most of what comes are messages
    app.action(ANYTHING)(router.on_action)
    app.view(ANYTHING)(router.on_view)
    app.command(ANYTHING)(router.on_command)
    app.shortcut(ANYTHING)(router.on_shortcut)
    app.options(ANYTHING)(router.on_options)
    app.view_closed(ANYTHING)(_ignored)


class _Router:
    """Finds the feature's function; a burst waits here instead of at the database."""

    def __init__(self, houses: Houses, commanded: Listener) -> None:
        self._houses, self._routes, self._commanded = houses, houses.routes, commanded
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def on_command(self, ack: AsyncAck, body: Payload) -> None:
        await self._run("command", self._commanded, Surface.COMMAND, ack=ack, body=body, command=body)

    async def on_action(self, ack: AsyncAck, body: Payload, respond: AsyncRespond) -> None:
        action_id, action = _chosen((body.get("actions") or [{}])[0])
        listener = self._routes.actions.get(action_id, _ignored)
        surface = Surface.HOME if (body.get("view") or {}).get("type") == "home" else Surface.BUTTON
        await self._run("action", listener, surface, ack=ack, body=body, respond=respond, action=action)

    async def on_view(self, ack: AsyncAck, body: Payload) -> None:
        listener = self._routes.views.get(body["view"]["callback_id"], _ignored)
        await self._run("view", listener, Surface.FORM, ack=ack, body=body, view=body["view"])

    async def on_event(self, ack: AsyncAck, body: Payload) -> None:
        served = self._houses.asked(body)
        if served is not None:
            served.house.pulse.heard_at = db.now()
        farewell = self._houses.farewells.get(body["event"]["type"])
        if farewell is not None:
            await farewell(body)
        elif not body["event"].get("bot_id"):  # what apps say is nobody's comment and no request
            listener = self._routes.events.get(body["event"]["type"], _ignored)
            await self._run("event", listener, Surface.THREAD, ack=ack, body=body, event=body["event"])
        await ack()

    async def on_shortcut(self, ack: AsyncAck, body: Payload) -> None:
        listener = self._routes.shortcuts.get(body["callback_id"], _ignored)
        await self._run("shortcut", listener, Surface.SHORTCUT, ack=ack, body=body)

    async def on_options(self, ack: AsyncAck, body: Payload) -> None:
        listener = self._routes.options.get(body.get("action_id", ""), _ignored)
        await self._run("options", listener, Surface.FORM, ack=ack, body=body)

    async def _run(self, kind: str, listener: Listener, surface: Surface, **given: Any) -> None:
        logs.answering(given["body"])
        with metrics.served(kind), self._houses.crowd.joined():
            async with asyncio.timeout(DEADLINE_S), self._gate:
                asked = await self._asked(given["body"])
                if not asked:
                    await _turn_away(kind, given["ack"])
                for served in asked:  # if one fails, nothing is acked, and what the others saved is harmless to repeat
                    await _call(listener, served.house, surface=surface, given={**given, "client": served.slack})

    async def _asked(self, body: Payload) -> list[Served]:
        """Whom it is for: one, and those that share the channel with it."""
        first = self._houses.asked(body) or await self._houses.found(body)
        others = [each for each in await self._houses.sharing(body) if each is not first]
        return [first, *others] if first else others


def _chosen(action: Payload) -> tuple[str, Payload]:
    """The action's name and what it carries; a menu's choice is ``name:value``, like a button of its own.

    What comes after a colon in an id only tells buttons apart that do the same.
    """
    if action.get("type") != "overflow":
        return str(action.get("action_id", "")).partition(":")[0], action
    name, _, value = action["selected_option"]["value"].partition(":")
    return name, {**action, "value": value}


async def _call(listener: Listener, house: House, *, surface: Surface, given: dict[str, Any]) -> None:
    """Give the listener what its parameters name; the actor is looked up only for those who ask.

    ``once`` names this very request: whoever sends its bytes again, signed as they are, is to change nothing.
    """
    wanted, trigger = _wanted(listener), given["body"].get("trigger_id")
    once = f"asked:{trigger}" if trigger else ""
    available = {**given, "house": house, "begin": house.begin, "once": once}
    if "actor" in wanted:
        available["actor"] = await identity.actor(given["body"], given["client"], house, surface=surface)
    await listener(**{name: available[name] for name in wanted})


@cache
def _wanted(listener: Listener) -> frozenset[str]:
    """What a listener's parameters name."""
    return frozenset(inspect.signature(listener).parameters)


async def _turn_away(kind: str, ack: AsyncAck) -> None:
    """Nobody works for a workspace that did not install the app, or does not have it any more."""
    if kind == "command":
        await ack(response_type="ephemeral", text=NOT_INSTALLED)
    else:
        await ack()


async def _ignored(ack: AsyncAck) -> None:
    """Something that an older version of the bot, or Slack itself, put there."""
    await ack()
