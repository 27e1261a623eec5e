"""What ``doctor`` finds of a workspace that installed the app."""

from collections.abc import Awaitable, Callable

from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import server
from bot.health.views import Finding
from bot.installing.store import PURPOSE, Store
from bot.settings import Settings
from domain import db, installations
from domain.sealing import SealedError, Sealer

INSTALL_AGAIN = "Have somebody open /slack/install there."


async def findings(
    chosen: Settings,
    engine: AsyncEngine,
    workspace_id: str | None,
    *,
    ask: Callable[[Settings, SecretStr | None], Awaitable[list[Finding]]],
) -> list[Finding]:
    """Whether it is served, and whether Slack takes its token; nothing while the database is away.

    Raises:
        InvalidInput: it is not clear which workspace is meant.
    """
    key = chosen.secret_key.get_secret_value() if chosen.secret_key else ""
    try:
        async with db.transactions(engine)() as session:
            known = await installations.known(session)
            if not known:
                return [Finding("Workspaces", "none has installed the app", "Open /slack/install in a browser.")]
            here = server.only(sorted(known), workspace_id)
            bot = await Store(chosen.slack_client_id or "", session, Sealer(key, PURPOSE)).bot(here)
    except SealedError as error:
        return [Finding("Tokens", "cannot be read", str(error))]
    except (SQLAlchemyError, OSError, TimeoutError):
        return []
    if known[here] or bot is None:
        return [Finding("Installation", f"has ended: {known[here] or 'no token'}", INSTALL_AGAIN)]
    return [Finding("Installation", "is served"), *await ask(chosen, SecretStr(bot.bot_token))]
