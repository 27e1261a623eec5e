"""What every listener and delivery may need: the workspace, the routes, the database."""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from bot.blocks import Block, Message
from bot.commands import Request
from bot.mail import Mailer
from bot.threads.gathering import Gathering
from bot.webhooks.courier import Courier
from domain import db
from domain.db import Begin, Once, Overtaken
from domain.incidents import Incident
from domain.policy import Actor

Payload: TypeAlias = Mapping[str, Any]
"""A JSON object from Slack."""


@dataclass(frozen=True, slots=True)
class Form:
    """An answer that is a modal; where none can open, a button is offered that runs ``line``."""

    view: Block
    line: str


Answer: TypeAlias = Message | Form
Listener: TypeAlias = Callable[..., Awaitable[None]]
Read: TypeAlias = Callable[[AsyncSession, Request, Actor, "House"], Awaitable[Answer]]
Write: TypeAlias = Callable[[AsyncSession, Request, Actor, "House"], Awaitable[Incident | Form]]


@dataclass(frozen=True, kw_only=True)
class Routes:
    """A feature's table of contents.

    Args:
        reads: verbs that only answer.
        writes: verbs that change one incident and return it, or ask for more by a form.
        actions, views, events, shortcuts: by action id, callback id, event type and callback id.
        options: what a menu that searches offers, by action id.
    """

    reads: Mapping[str, Read] = field(default_factory=dict)
    writes: Mapping[str, Write] = field(default_factory=dict)
    actions: Mapping[str, Listener] = field(default_factory=dict)
    views: Mapping[str, Listener] = field(default_factory=dict)
    events: Mapping[str, Listener] = field(default_factory=dict)
    shortcuts: Mapping[str, Listener] = field(default_factory=dict)
    options: Mapping[str, Listener] = field(default_factory=dict)


@dataclass(slots=True)
class Pulse:
    """When Slack last told of something, in this process.

    Args:
        is_reached: whether Slack reaches this process, as far as that can be told.
        asked_at: when what was missed was last asked for, by the clock that never jumps; at the start it is.
        connects: how often Slack greeted it over Socket Mode; 0 where requests come by HTTP.
        connections: of the app, as Slack counted them at the last greeting.
    """

    began_at: datetime = field(default_factory=db.now)
    heard_at: datetime | None = None
    is_reached: bool = True
    asked_at: float = field(default_factory=time.monotonic)
    connects: int = 0
    connected_at: datetime | None = None
    connections: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The one workspace that this process serves, and how it is reached.

    Args:
        url: of the workspace, ends with a slash; links to messages start with it.
        incident_channel: id of the channel for incidents that are opened where no card can be.
        knows_channels: whether Slack told in which channels the bot is.
        begin: opens a transaction.
        lightly: opens what is no transaction, but enough for one look and one write.
        once: opens what single statements are run on, each a transaction of its own.
        mailer: None if no mail is sent.
        serves_api: whether other programs can come in.
        courier: None if there is no key to seal the secrets of webhooks with.
    """

    workspace_id: str
    bot_user_id: str
    bot_id: str
    url: str
    incident_channel: str | None
    knows_channels: bool
    begin: Begin
    lightly: Begin
    once: Once
    routes: Routes
    mailer: Mailer | None = None
    serves_api: bool = False
    courier: Courier | None = None
    pulse: Pulse = field(default_factory=Pulse)
    gathering: Gathering = field(default_factory=Gathering)

    def channels_for(self, actor: Actor) -> tuple[str | None, ...]:
        """Where a card may go, if the bot can post there; nothing if Slack does not tell where it can."""
        return (actor.channel_id, self.incident_channel) if self.knows_channels else ()

    async def change(self, work: Callable[[AsyncSession], Awaitable[object]]) -> None:
        """Do what is one look and one write, without a lock; with one if somebody else was faster.

        Args:
            work: changes one incident, or opens one, and writes nothing else.
        """
        try:
            async with self.lightly() as session:
                await work(session)
        except Overtaken:
            async with self.begin() as session:
                await work(session)


def joined(tables: Iterable[Routes]) -> Routes:
    """All features' tables as one."""
    tables = list(tables)
    return Routes(**{f.name: {k: v for t in tables for k, v in getattr(t, f.name).items()} for f in fields(Routes)})
