"""Tokens that end are renewed before they do, by one process; those that Slack refused are tried again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError, SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.errors import code_of
from domain import installations
from domain.installations import RENEWED_BEFORE
from domain.sealing import SealedError

if TYPE_CHECKING:
    from bot.installing.registry import Registry

log = structlog.get_logger(__name__)

Lease: TypeAlias = Callable[[AsyncSession], Awaitable[str | None]]
"""Takes a workspace in hand, so that no other process does; None if there is none to take."""

LOOK_S: Final = 15.0
SAVE_AGAIN_S: Final = 1.0
SAVED_WITHIN_S: Final = 20.0
"""A process that is stopped waits so long for the database to take a new token: no other process has it."""
DEAD: Final = {"invalid_refresh_token", "token_revoked", "invalid_client_id", "bad_client_secret"}
"""Asking again soon is of no use."""
LATER: Final = timedelta(minutes=10)


class Renewing:
    """Works for all workspaces of the database; the row is leased, so that two processes do not renew the same."""

    def __init__(self, registry: "Registry") -> None:
        self._registry = registry
        self._saving: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                while await self.renew_one() or await self.try_one_again():
                    pass
            except (SQLAlchemyError, OSError, TimeoutError, ClientError) as error:
                log.warning("tokens_not_renewed", kind=type(error).__name__)
            except Exception:  # nothing may end the only task that renews
                log.exception("renewing_failed")
            await asyncio.sleep(LOOK_S)

    async def finish(self) -> None:
        """Wait for what is being saved."""
        if self._saving:
            await asyncio.wait(self._saving, timeout=SAVED_WITHIN_S)

    async def renew_one(self) -> bool:
        """Renew a token that ends soon; whether there was one.

        A refresh token is good once. A process that dies between Slack's answer and the commit leaves the old pair in
        the database: its access token works until it ends, and Slack takes the old refresh token again for a short
        while. After that nothing helps but to install the app again, which the log says.
        """
        team, bot = await self._leased(installations.lease_ending)
        if team is None:
            return False
        if bot is not None:
            try:
                await self._renew(team, bot)
            except SlackTokenRotationError as error:
                await self._not_renewed(team, code_of(error.api_error))
        return True

    async def try_one_again(self) -> bool:
        """Ask Slack whether it takes a token again that it refused; whether there was one."""
        registry = self._registry
        team, bot = await self._leased(installations.lease_refused)
        if team is None:
            return False
        if bot is not None:
            try:
                await registry.client(bot.bot_token).auth_test()
            except SlackApiError:
                return True
            async with registry.begin() as session:
                await installations.resumed(session, team)
            log.info("installation_works_again", workspace=team)
            await registry.look()
        return True

    async def _leased(self, lease: Lease) -> tuple[str | None, Bot | None]:
        """A workspace in our hands, and its token if it can be read; if not, that was said when it was to be served."""
        bot = None
        async with self._registry.begin() as session:
            team = await lease(session)
            if team is not None:
                with suppress(SealedError):
                    bot = await self._registry.store(session).bot(team)
        return team, bot

    async def _renew(self, team: str, bot: Bot) -> None:
        settings = self._registry.settings
        secret = settings.slack_client_secret
        rotator = AsyncTokenRotator(
            client_id=settings.slack_client_id or "",
            client_secret=secret.get_secret_value() if secret else "",
            client=self._registry.client(),
        )
        minutes = int(RENEWED_BEFORE.total_seconds() // 60) + 1
        asking = asyncio.create_task(self._ask(rotator, team, bot, minutes))
        self._saving.add(asking)  # a stop must not come between the answer and the commit
        asking.add_done_callback(self._saved)
        await asyncio.shield(asking)
        await self._registry.look()

    def _saved(self, asking: asyncio.Task[None]) -> None:
        self._saving.discard(asking)
        if not asking.cancelled():
            asking.exception()  # told to whoever waits; after a stop, nobody does

    async def _ask(self, rotator: AsyncTokenRotator, team: str, bot: Bot, minutes: int) -> None:
        renewed = await rotator.perform_bot_token_rotation(bot=bot, minutes_before_expiration=minutes)
        while renewed is not None:
            try:
                async with self._registry.begin() as session:
                    is_there = await installations.renewed(session, team, expires_at=ends_at(renewed))
                    if is_there:  # else it removed the app meanwhile, and its tokens are deleted
                        await self._registry.store(session).async_save_bot(renewed)
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.warning("token_not_saved", workspace=team, kind=type(error).__name__)
                await asyncio.sleep(SAVE_AGAIN_S)
            else:
                log.info("token_renewed" if is_there else "token_not_needed", workspace=team)
                return

    async def _not_renewed(self, team: str, code: str) -> None:
        log.error("token_not_renewed", workspace=team, error=code, fix="If it stays so, install the app there again.")
        if code in DEAD:
            async with self._registry.begin() as session:
                await installations.put_off(session, team, LATER)


def ends_at(bot: Bot) -> datetime | None:
    """When its token ends, if it does."""
    return None if bot.bot_token_expires_at is None else datetime.fromtimestamp(bot.bot_token_expires_at, UTC)
