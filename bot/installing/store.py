"""slack_sdk's stores of installations and states, within our own transactions; tokens are sealed on their way in."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final, cast

from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.installation_store.sqlalchemy import AsyncSQLAlchemyInstallationStore
from slack_sdk.oauth.state_store.sqlalchemy import AsyncSQLAlchemyOAuthStateStore
from sqlalchemy import DateTime, Dialect, String, TypeDecorator, delete
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from domain import db
from domain.sealing import Sealer

PURPOSE: Final = "Slack tokens"
SECRETS: Final = ("bot_token", "bot_refresh_token", "user_token", "user_refresh_token", "incoming_webhook_url",
                  "incoming_webhook_configuration_url")  # fmt: skip
TIMES: Final = ("bot_token_expires_at", "user_token_expires_at", "installed_at")
STATE_LASTS_S: Final = 600
_QUIET: Final = logging.getLogger("slack_sdk.oauth")


class Store(AsyncSQLAlchemyInstallationStore):
    """Installations by their team alone: an organisation that a workspace joins later changes nothing.

    Args:
        session: what is saved is saved when its transaction is committed.
    """

    def __init__(self, client_id: str, session: AsyncSession, sealer: Sealer) -> None:
        super().__init__(client_id, cast(AsyncEngine, _Within(session)), logger=_QUIET)
        for table in (self.bots, self.installations):
            for name in SECRETS:
                if name in table.c:
                    table.c[name].type = Sealed(sealer)
            for name in TIMES:
                if name in table.c:
                    table.c[name].type = Utc()

    async def bot(self, team_id: str) -> Bot | None:
        """What the bot is in this workspace, and its token."""
        return await self.async_find_bot(enterprise_id=None, team_id=team_id)

    async def forget(self, team_id: str) -> None:
        """Delete every token of this workspace's."""
        await self.async_delete_all(enterprise_id=None, team_id=team_id)


class States(AsyncSQLAlchemyOAuthStateStore):
    """What proves that an installation was begun here; each is good once, for ten minutes."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(STATE_LASTS_S, cast(AsyncEngine, _Within(session)), logger=_QUIET)
        self._session = session

    async def async_issue(self, *given: Any, **named: Any) -> str:
        now = db.now().replace(tzinfo=None)
        await self._session.execute(delete(self.oauth_states).where(self.oauth_states.c.expire_at <= now))
        return str(await super().async_issue(*given, **named))

    async def async_consume(self, state: str) -> bool:
        """In one statement, so that two who come at once are not both let in."""
        columns = self.oauth_states.c
        taken = delete(self.oauth_states).where(columns.state == state).returning(columns.expire_at)
        expires_at = await self._session.scalar(taken)
        return expires_at is not None and expires_at > db.now().replace(tzinfo=None)


class Sealed(TypeDecorator[str]):
    """A text that stands sealed in the database."""

    impl = String
    cache_ok = False

    def __init__(self, sealer: Sealer) -> None:
        super().__init__()
        self._sealer = sealer

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else self._sealer.seal(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else self._sealer.open(value)


class Utc(TypeDecorator[datetime]):
    """A time without a zone, which slack_sdk would take for one of this machine's zone."""

    impl = DateTime
    cache_ok = True

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class _Within:
    """Stands in for an engine: what slack_sdk takes for a transaction of its own is a part of ours."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        yield await self._session.connection()

    connect = begin
