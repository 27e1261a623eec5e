"""The composition root: settings in, a bot that is ready out. The only module that knows all features."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import asking, errors, learning, router, schedule, server
from bot.accounts import deliveries as account_deliveries
from bot.accounts import listeners as account_listeners
from bot.admin import deliveries as admin_deliveries
from bot.admin import listeners as admin_listeners
from bot.alive import Alive
from bot.assignment import deliveries as assignment_deliveries
from bot.assignment import listeners as assignment_listeners
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
from bot.incidents import deliveries as incident_deliveries
from bot.incidents import listeners as incident_listeners
from bot.lookalikes import listeners as lookalike_listeners
from bot.mail import Mailer
from bot.nudges import deliveries as nudge_deliveries
from bot.nudges import listeners as nudge_listeners
from bot.relay import Delivery, Relay
from bot.settings import Settings
from bot.shortcuts import deliveries as shortcut_deliveries
from bot.shortcuts import listeners as shortcut_listeners
from bot.stats import deliveries as stats_deliveries
from bot.stats import listeners as stats_listeners
from bot.sync import Pace
from bot.threads import listeners as thread_listeners
from domain import db
from domain.outbox import Topic
from migrations import run as migrations

log = structlog.get_logger(__name__)

SLACK_ANSWERS_WITHIN_S = 10


class StartError(RuntimeError):
    """The bot cannot work like this; one sentence with the fix."""


@dataclass(frozen=True, slots=True)
class Bot:
    """A running bot."""

    house: House
    app: AsyncApp
    relay: Relay
    connection: Connection | None


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
    async with ClientSession(timeout=ClientTimeout(total=SLACK_ANSWERS_WITHIN_S)) as session:
        slack = AsyncWebClient(
            settings.slack_bot_token.get_secret_value(),
            base_url=settings.slack_api_url,
            session=session,
            retry_handlers=[],
        )
        alive = Alive(engine)
        bot = await _build(settings, engine, slack, pace or Pace(), patience or Patience(), alive)
        async with alive.shown():
            relaying = asyncio.create_task(bot.relay.run())
            try:
                async with _connected(settings, bot, engine), schedule.running(bot.house):
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

    async with opened(connection, bot.house), _served(settings, bot, engine, is_connected):
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
        house=bot.house,
        signing_secret=secret.get_secret_value() if secret and not settings.slack_app_token else None,
        is_connected=is_connected,
        is_current=partial(migrations.is_current, engine),
    )
    try:
        async with http.serving(site, settings.host, settings.web_port):
            yield
    except http.ListenError as error:
        raise StartError(str(error)) from None


async def _build(
    settings: Settings, engine: AsyncEngine, slack: AsyncWebClient, pace: Pace, patience: Patience, alive: Alive
) -> Bot:
    me = await _checked(settings, slack)
    wake = asyncio.Event()
    begin = db.transactions(engine, wake=wake.set)
    learnt = await learning.everything(slack, begin, me, settings.incident_channel)
    await server.prepare(settings, begin, me["team_id"])
    house = House(
        workspace_id=me["team_id"],
        bot_user_id=me["user_id"],
        bot_id=me["bot_id"],
        url=me["url"].rstrip("/") + "/",
        incident_channel=learnt.incident_channel,
        knows_channels=learnt.knows_channels,
        begin=begin,
        once=db.statements(engine),
        routes=routes(),
        mailer=Mailer.of(settings),
    )
    app, token = _app(house, slack), settings.slack_app_token
    relay = Relay(deliveries(), slack, house, wake, pace=pace, name=lambda: alive.name)
    return Bot(house, app, relay, Connection(app, token.get_secret_value(), house, patience) if token else None)


def _app(house: House, slack: AsyncWebClient) -> AsyncApp:
    """Acked means committed: with process_before_response bolt acks nothing before the listener has ended."""
    authorized = AuthorizeResult(
        enterprise_id=None,
        team_id=house.workspace_id,
        bot_user_id=house.bot_user_id,
        bot_id=house.bot_id,
        bot_token=slack.token,
    )

    async def authorize() -> AuthorizeResult:
        return authorized

    quiet = logging.getLogger("slack_bolt")  # its own loggers take the root's level, and print what people wrote
    app = AsyncApp(
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,  # bot.http verifies before it looks at anything
        logger=quiet,
    )
    app.client.session, app.client.base_url = slack.session, slack.base_url
    router.attach(app, house, slack, asking.commanded)
    app.error(errors.handler(house, slack))
    return app


async def _checked(settings: Settings, slack: AsyncWebClient) -> dict[str, Any]:
    """Who we are; both tokens are tried here, because the SDK would try a wrong one for ever."""
    name = "SLACK_BOT_TOKEN"
    try:
        me = await slack.auth_test()
        name = "SLACK_APP_TOKEN"
        if settings.slack_app_token is not None:
            await slack.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
    except SlackApiError as error:
        if errors.code_of(error).startswith("http_"):
            raise StartError(f"{settings.slack_api_url} is not Slack's API. Check SLACK_API_URL.") from None
        raise StartError(_refusal(name, error)) from None
    except (ClientError, TimeoutError) as error:
        raise StartError(
            f"{settings.slack_api_url} does not answer ({type(error).__name__}). Check SLACK_API_URL."
        ) from None
    return {"bot_id": "", "url": "https://slack.com/", **dict(me.data)}  # type: ignore[arg-type]


def _refusal(name: str, error: SlackApiError) -> str:
    fixes = {
        "SLACK_BOT_TOKEN": "Copy the Bot User OAuth Token (xoxb-…) from OAuth & Permissions, after installing the app.",
        "SLACK_APP_TOKEN": "Make an App-Level Token (xapp-…) with the scope connections:write under Basic Information.",
    }
    return f"Slack refused {name}: {errors.code_of(error)}. {fixes[name]}"
