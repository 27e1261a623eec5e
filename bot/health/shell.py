"""``incident-tracker doctor``: the same examination on the server, also while Slack or the database is away."""

from aiohttp import ClientError, ClientSession, ClientTimeout
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import logs, server
from bot.errors import code_of
from bot.health import checks, records
from bot.health.views import Finding
from bot.mail import Mailer
from bot.settings import Settings
from domain import db, workspaces
from domain.pooled import Pooled
from migrations import run as migrations

SLACK_ANSWERS_WITHIN_S = 10
CHECK_DATABASE = "Check DATABASE_URL, and whether PostgreSQL runs there."


async def examine(chosen: Settings, url: str, workspace_id: str | None) -> list[Finding]:
    """Slack, the database, and what stands in it; nothing is changed.

    Raises:
        InvalidInput: it is not clear which workspace is meant.
    """
    engine = db.engine(url)
    try:
        if chosen.slack_client_id:
            from bot.installing import examining  # with what only a bot for several workspaces needs

            found = await examining.findings(chosen, engine, workspace_id, ask=_slack)
        else:
            found = await _slack(chosen, chosen.slack_bot_token)
        return [*found, *await _database(chosen, engine, workspace_id)]
    finally:
        await engine.dispose()


async def without_database(chosen: Settings, why: str) -> list[Finding]:
    """What can be said where not even its address is known."""
    found = [] if chosen.slack_client_id else await _slack(chosen, chosen.slack_bot_token)
    return [*found, Finding("Database", "cannot be started", why)]


async def _slack(chosen: Settings, token: SecretStr | None) -> list[Finding]:
    async with ClientSession(timeout=ClientTimeout(total=SLACK_ANSWERS_WITHIN_S)) as session:
        slack = AsyncWebClient(
            token.get_secret_value() if token else None,
            base_url=chosen.slack_api_url,
            session=session,
            retry_handlers=[],
        )
        found = await checks.slack_itself(slack)
        if chosen.slack_app_token is not None and not found[0].fix:
            found.append(await _socket_mode(slack, chosen.slack_app_token.get_secret_value()))
    return found


async def _socket_mode(slack: AsyncWebClient, app_token: str) -> Finding:
    try:
        await slack.apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        fix = "Make an App-Level Token with connections:write, and switch Socket Mode on in the app's settings."
        return Finding("Socket Mode", f"Slack refuses SLACK_APP_TOKEN: {code_of(error)}", fix)
    except (ClientError, TimeoutError) as error:
        return Finding("Socket Mode", f"Slack does not answer ({type(error).__name__})", "Check the network, or wait.")
    return Finding("Socket Mode", "Slack takes the token")


async def _database(chosen: Settings, engine: AsyncEngine, workspace_id: str | None) -> list[Finding]:
    mailer = Mailer.of(chosen)
    try:
        found = [await _reached(engine)]
        if not await migrations.is_current(engine):
            fix = "Run incident-tracker migrate, or start the bot, which does it."
            return [*found, Finding("Tables", "older than this version", fix), await checks.mail(mailer)]
        begin = db.transactions(engine)
        async with begin() as session:
            served = await workspaces.ids(session)
        if not served:
            return [*found, _processes(0), await checks.mail(mailer)]
        known = await records.read(begin, server.only(served, workspace_id), chosen.incident_channel)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        return [Finding("Database", f"does not answer: {_reason(error)}", CHECK_DATABASE), await checks.mail(mailer)]
    return [
        *found,
        Finding("Tables", "are those of this version"),
        _processes(known.processes),
        *await records.findings(known, mailer, db.now()),
    ]


async def _reached(engine: AsyncEngine) -> Finding:
    async with engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        is_pooled = isinstance(driver, Pooled)
    return Finding("Database", "answers through a pool such as PgBouncer" if is_pooled else "answers")


def _processes(count: int) -> Finding:
    if count:
        return Finding("Processes", f"{count} of this database {'lives' if count == 1 else 'live'}")
    return Finding("Processes", "none of this database lives", "Start the bot: incident-tracker run.")


def _reason(error: Exception) -> str:
    """The driver's first line, without a password; the rest repeats it."""
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip() or type(error).__name__
    return logs.redacted(said.splitlines()[0])
