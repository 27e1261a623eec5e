"""The workspaces that installed the app, each served from its installation on, by every process on the database."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from aiohttp import ClientError, ClientSession
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.routing import BaseRoute

from bot import learning, server
from bot.house import House, Payload, Pulse, Routes
from bot.houses import Authorize, Houses, Served
from bot.installing.client import AppClient
from bot.installing.pages import Desk
from bot.installing.renewing import Renewing
from bot.installing.store import PURPOSE, Store
from bot.installing.teams import shared_channel, teams_of
from bot.mail import Mailer
from bot.relay import served
from bot.settings import Settings
from bot.sync import Pace
from bot.webhooks.courier import Courier
from domain import absence, installations, workspaces
from domain.db import Begin, Once
from domain.sealing import SealedError, Sealer

log = structlog.get_logger(__name__)

LOOK_S: Final = 2.0
"""How often a process looks who came or went elsewhere."""
ASK_S: Final = 1.0
"""How often the database is asked for one workspace that is not served."""
AWAY = (SQLAlchemyError, OSError, TimeoutError)


class Registry(Houses):
    """All that installed the app and did not remove it.

    Args:
        pace: of each workspace, if not Slack's own; its limits are counted for each one by itself.
    """

    absent_s = installations.PARKED.total_seconds()

    def __init__(
        self,
        settings: Settings,
        http: ClientSession,
        pace: Pace | None,
        *,
        begin: Begin,
        lightly: Begin,
        once: Once,
        routes: Routes,
    ) -> None:
        super().__init__(begin=begin, lightly=lightly, once=once, routes=routes)
        self.settings, self._http, self._pace = settings, http, pace
        key = settings.secret_key.get_secret_value() if settings.secret_key else ""
        self._sealer, self._mailer, self._courier = Sealer(key, PURPOSE), Mailer.of(settings), Courier.of(settings)
        self._versions: dict[str, int] = {}
        self._paces: dict[str, Pace] = {}
        self._pulses: dict[str, Pulse] = {}
        self._asked_at: dict[str, float] = {}
        self._one_at_a_time, self._newcomers = asyncio.Lock(), asyncio.Queue[str]()
        self.farewells = {"app_uninstalled": self._left, "tokens_revoked": self._left}

    def store(self, session: AsyncSession) -> Store:
        """The tokens, in this transaction."""
        return Store(self.settings.slack_client_id or "", session, self._sealer)

    def client(self, token: str | None = None) -> AsyncWebClient:
        """Slack, with this token."""
        return AppClient(token, base_url=self.settings.slack_api_url, session=self._http, retry_handlers=[])

    def asked(self, body: Payload) -> Served | None:
        for team in teams_of(body):
            if team in self._served:
                return self._served[team]
        return None

    async def found(self, body: Payload) -> Served | None:
        """It may have been installed a moment ago, elsewhere."""
        for team in teams_of(body):
            if time.monotonic() - self._asked_at.get(team, -ASK_S) >= ASK_S:
                self._asked_at[team] = time.monotonic()
                await self.look(team)
        return self.asked(body)

    async def sharing(self, body: Payload) -> Sequence[Served]:
        """Those whose channel it is, too, where people of several workspaces talk."""
        channel_id = shared_channel(body)
        if channel_id is None or len(self._served) < 2:
            return ()
        async with self.begin() as session:
            found = await workspaces.sharing(session, list(self._served), channel_id)
        return [self._served[each] for each in found if each in self._served]

    async def refused(self, served: Served, code: str) -> bool:
        """It is not served any more, unless it has another token by now; others go on."""
        here = served.house.workspace_id
        known = self.of(here)
        version = self._versions.get(here)
        if known is not None and version is not None and known.slack.token == served.slack.token:
            async with self.begin() as session:
                is_news = await installations.refused(session, here, version=version, because=code)
            if is_news:
                log.error("installation_broken", workspace=here, error=code, fix="Install the app there again.")
        await self.look()
        return True

    async def parked(self, workspace_id: str) -> None:
        """It may have been installed while that was put off, and what waited for it was due a moment before."""
        if self.of(workspace_id) is not None:
            async with self.begin() as session:
                await installations.unpark(session, workspace_id)

    def authorize(self) -> Authorize:
        async def authorize(team_id: str | None) -> AuthorizeResult:
            known = self._served.get(team_id or "")
            return known.authorized if known else AuthorizeResult(enterprise_id=None, team_id=team_id)

        return authorize

    def pages(self) -> Sequence[BaseRoute]:
        return Desk(self).routes()

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        await self.look()
        renewing = Renewing(self)
        tasks = [asyncio.create_task(work) for work in (self._follow(), self._learn(), renewing.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await renewing.finish()

    async def look(self, *only: str) -> None:
        """Serve those that the database says are to be served, as it says; of these alone, if any are named."""
        async with self._one_at_a_time:
            async with self.begin() as session:
                wanted = await installations.served(session, *only)
            for gone in set(only or self._served) - wanted.keys():
                self._served.pop(gone, None)
                self._versions.pop(gone, None)
            for workspace_id, version in wanted.items():
                if self._versions.get(workspace_id) != version:
                    await self._open(workspace_id, version)

    async def _open(self, workspace_id: str, version: int) -> None:
        is_new, entered = not (workspace_id in self._served and workspace_id in self._versions), None
        if is_new:
            await server.prepare(self.settings, self.begin, workspace_id)
        try:
            async with self.begin() as session:
                bot = await self.store(session).bot(workspace_id)
                entered = bot and await self._entered(session, bot, workspace_id)
                if entered:
                    self.add(entered)  # before what waits for it is due
                await installations.unpark(session, workspace_id)
                if is_new:
                    await absence.ended(session, workspace_id)
        except SealedError as error:
            log.error("not_served", workspace=workspace_id, why=str(error))  # noqa: TRY400 - the sentence says it all
        self._versions[workspace_id] = version
        if entered and is_new:
            self._newcomers.put_nowait(workspace_id)

    async def _entered(self, session: AsyncSession, bot: Bot, workspace_id: str) -> Served:
        place = await installations.place(session, workspace_id, self.settings.incident_channel)
        house = House(
            workspace_id=workspace_id,
            bot_user_id=bot.bot_user_id,
            bot_id=bot.bot_id,
            url=place.url,
            incident_channel=place.incident_channel,
            knows_channels=place.knows_channels,
            begin=self.begin,
            lightly=self.lightly,
            once=self.once,
            routes=self.routes,
            mailer=self._mailer,
            serves_api=True,
            courier=self._courier,
            pulse=self._pulses.setdefault(workspace_id, Pulse()),
        )
        pace = self._paces.setdefault(workspace_id, self._pace or Pace())
        return served(house, self.client(bot.bot_token), pace)

    async def _rearranged(self, house: House) -> None:
        """Have all processes, this one too, open it anew, if what was learnt is news."""
        async with self.begin() as session:
            place = await installations.place(session, house.workspace_id, self.settings.incident_channel)
            if (place.incident_channel, place.knows_channels) == (house.incident_channel, house.knows_channels):
                return
            await installations.rearranged(session, house.workspace_id)
        await self.look()

    async def _left(self, body: Payload) -> None:
        """Its tokens are deleted; what it wrote stays, should it come back."""
        event: dict[str, Any] = body["event"]
        if event["type"] == "tokens_revoked" and not (event.get("tokens") or {}).get("bot"):
            return  # somebody's own, of which there are none here
        happened_at = datetime.fromtimestamp(float(body.get("event_time") or time.time()), UTC)
        for team in teams_of(body):
            async with self.begin() as session:
                if await installations.left(session, team, happened_at=happened_at, because=event["type"]):
                    await self.store(session).forget(team)
                    log.info("uninstalled", workspace=team)
            await self.look()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except AWAY as error:
                log.warning("installations_unreachable", kind=type(error).__name__)
            except Exception:  # nothing may end the only task that follows
                log.exception("not_followed")

    async def _learn(self) -> None:
        """Whoever begins to be served is asked for its channels and people, one workspace after the other."""
        while True:
            workspace_id = await self._newcomers.get()
            known = self.of(workspace_id)
            if known is None:
                continue
            try:
                me = {"team_id": workspace_id, "url": known.house.url}
                await learning.everything(known.slack, self.begin, me, None)
                await self._rearranged(known.house)
            except (*AWAY, ClientError) as error:
                log.warning("not_learnt", workspace=workspace_id, kind=type(error).__name__)
                await asyncio.sleep(LOOK_S)
                self._newcomers.put_nowait(workspace_id)
            except Exception:  # one workspace that cannot be understood must not hold the others
                log.exception("not_learnt", workspace=workspace_id)
