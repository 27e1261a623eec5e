"""The composition root: settings in, a bot that is ready out. The only module that knows all features."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from aiohttp import ClientSession, ClientTimeout
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import asking, errors, looking, only, router, schedule
from bot.accounts import deliveries as account_deliveries
from bot.accounts import listeners as account_listeners
from bot.admin import deliveries as admin_deliveries
from bot.admin import listeners as admin_listeners
from bot.alive import Alive
from bot.assignment import deliveries as assignment_deliveries
from bot.assignment import listeners as assignment_listeners
from bot.calling import CountedClient
from bot.catching_up import deliveries as catching_up_deliveries
from bot.catching_up import listeners as catching_up_listeners
from bot.channels import deliveries as channel_deliveries
from bot.channels import listeners as channel_listeners
from bot.comments import deliveries as comment_deliveries
from bot.comments import listeners as comment_listeners
from bot.connection import Connection, Patience, opened
from bot.digest import deliveries as digest_deliveries
from bot.digest import listeners as digest_listeners
from bot.editing import listeners as editing_listeners
from bot.exporting import deliveries as exporting_deliveries
from bot.finding import deliveries as finding_deliveries
from bot.finding import listeners as finding_listeners
from bot.health import deliveries as health_deliveries
from bot.help import deliveries as help_deliveries
from bot.help import listeners as help_listeners
from bot.history import deliveries as history_deliveries
from bot.history import listeners as history_listeners
from bot.home import deliveries as home_deliveries
from bot.home import listeners as home_listeners
from bot.house import House, Routes, joined
from bot.houses import Houses
from bot.incidents import deliveries as incident_deliveries
from bot.incidents import listeners as incident_listeners
from bot.lookalikes import listeners as lookalike_listeners
from bot.nudges import deliveries as nudge_deliveries
from bot.nudges import listeners as nudge_listeners
from bot.only import StartError as StartError
from bot.relay import Delivery, Relay
from bot.settings import Settings
from bot.shortcuts import deliveries as shortcut_deliveries
from bot.shortcuts import listeners as shortcut_listeners
from bot.stats import deliveries as stats_deliveries
from bot.stats import listeners as stats_listeners
from bot.sync import Pace
from bot.threads import listeners as thread_listeners
from bot.tokens import deliveries as token_deliveries
from bot.tokens import listeners as token_listeners
from bot.webhooks import deliveries as webhook_deliveries
from domain import db
from domain.outbox import Outgoing, Topic
from migrations import run as migrations

log = structlog.get_logger(__name__)

SLACK_ANSWERS_WITHIN_S = 10


@dataclass(frozen=True, slots=True)
class Bot:
    """A running bot."""

    houses: Houses
    app: AsyncApp
    relay: Relay
    connection: Connection | None

    @property
    def house(self) -> House:
        """The one workspace, where it is one."""
        [served] = self.houses.all()
        return served.house


def routes() -> Routes:
    """Every feature's table of contents."""
    features = (
        incident_listeners,
        lookalike_listeners,
        shortcut_listeners,
        assignment_listeners,
        editing_listeners,
        history_listeners,
        finding_listeners,
        comment_listeners,
        thread_listeners,
        account_listeners,
        admin_listeners,
        channel_listeners,
        home_listeners,
        digest_listeners,
        nudge_listeners,
        stats_listeners,
        catching_up_listeners,
        token_listeners,
        help_listeners,
    )
    return joined(feature.ROUTES for feature in features)


def deliveries() -> dict[Topic, Delivery]:
    """What sends which topic."""
    features = (
        incident_deliveries,
        shortcut_deliveries,
        assignment_deliveries,
        history_deliveries,
        finding_deliveries,
        comment_deliveries,
        account_deliveries,
        admin_deliveries,
        channel_deliveries,
        home_deliveries,
        health_deliveries,
        digest_deliveries,
        nudge_deliveries,
        exporting_deliveries,
        stats_deliveries,
        catching_up_deliveries,
        token_deliveries,
        webhook_deliveries,
        help_deliveries,
    )
    return {topic: send for feature in features for topic, send in feature.DELIVERIES.items()}


@asynccontextmanager
async def running(
    settings: Settings, engine: AsyncEngine, *, pace: Pace | None = None, patience: Patience | None = None
) -> AsyncIterator[Bot]:
    """The bot, connected by Socket Mode, from here to the end of the block.

    Args:
        pace: how fast Slack may be asked, if not as fast as Slack itself allows.
        patience: how long Slack may be silent.

    Raises:
        StartError, DeafError: a token is refused, Slack cannot be reached, or the port is taken.
    """
    answering = ClientTimeout(total=SLACK_ANSWERS_WITHIN_S)
    async with ClientSession(timeout=answering) as session, db.alone(engine) as alone:
        alive, wake = Alive(engine), asyncio.Event()
        begin, lightly = db.transactions(engine, wake=wake.set), db.transactions(alone, wake=wake.set, is_light=True)
        doors: dict[str, Any] = {"begin": begin, "lightly": lightly, "once": alone.connect}
        if settings.slack_client_id:
            from bot.installing.registry import Registry  # with what only a bot for several workspaces needs

            houses: Houses = Registry(settings, session, pace, routes=routes(), **doors)
        else:
            houses = Houses(routes=routes(), **doors)
            houses.add(await only.only(settings, houses, session, pace or Pace()))
        bot = _build(settings, houses, session, wake, patience or Patience(), alive)
        async with alive.shown():
            relaying = asyncio.create_task(bot.relay.run())
            try:
                async with _connected(settings, bot, engine), schedule.running(houses):
                    yield bot
            finally:
                relaying.cancel()
                await asyncio.gather(relaying, return_exceptions=True)


@asynccontextmanager
async def _connected(settings: Settings, bot: Bot, engine: AsyncEngine) -> AsyncIterator[None]:
    """Slack reaches the bot: by Socket Mode if there is a token for it, else by signed requests."""
    connection = bot.connection

    async def is_connected() -> bool:
        return connection is None or await connection.is_connected()

    async with bot.houses.kept(), opened(connection, bot.houses), _served(settings, bot, engine, is_connected):
        yield


@asynccontextmanager
async def _served(
    settings: Settings, bot: Bot, engine: AsyncEngine, is_connected: Callable[[], Awaitable[bool]]
) -> AsyncIterator[None]:
    """The web server, if it has a port."""
    if settings.web_port is None:
        yield
        return
    from bot import http  # its server takes memory that a bot without one has no use for

    secret = settings.slack_signing_secret
    site = http.Site(
        app=bot.app,
        houses=bot.houses,
        signing_secret=secret.get_secret_value() if secret and not settings.slack_app_token else None,
        is_connected=is_connected,
        is_current=partial(migrations.is_current, engine),
        api=http.api(settings.secret_key, bot.houses),
        trusted_proxies=settings.trusted_proxies,
    )
    try:
        async with http.serving(site, settings.host, settings.web_port):
            yield
    except http.ListenError as error:
        raise StartError(str(error)) from None


def _build(
    settings: Settings, houses: Houses, session: ClientSession, wake: asyncio.Event, patience: Patience, alive: Alive
) -> Bot:
    app, token = _app(houses, session, settings.slack_api_url), settings.slack_app_token
    sending = {topic: _looking(send) for topic, send in deliveries().items()}
    relay = Relay(sending, houses, wake, name=lambda: alive.name, own=alive.own)
    connection = Connection(app, token.get_secret_value(), houses.all()[0].house, patience) if token else None
    return Bot(houses, app, relay, connection)


def _looking(send: Delivery) -> Delivery:
    """Goes on where an earlier attempt was looking for what it had posted."""

    async def sent(message: Outgoing, slack: AsyncWebClient, house: House) -> Sequence[int] | None:
        looking.LOOKING.set(looking.Looking(message, house.begin))
        return await send(message, slack, house)

    return sent


def _app(houses: Houses, session: ClientSession, api_url: str) -> AsyncApp:
    """Acked means committed: with process_before_response bolt acks nothing before the listener has ended."""
    quiet = logging.getLogger("slack_bolt")  # its own loggers take the root's level, and print what people wrote
    app = AsyncApp(
        name="incident-tracker",  # without one bolt looks for it in the source of whatever is running
        authorize=houses.authorize(),
        process_before_response=True,
        request_verification_enabled=False,  # bot.http verifies before it looks at anything
        client=CountedClient(base_url=api_url, session=session),
        logger=quiet,
    )
    router.attach(app, houses, asking.commanded)
    app.error(errors.handler(houses))
    return app
