"""The workspaces that this process serves: which one a request is for, and how Slack is reached for it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.crowd import Crowd
from bot.house import House, Payload, Routes
from domain.db import Begin, Once

if TYPE_CHECKING:
    from starlette.routing import BaseRoute  # takes memory that a bot without a web server has no use for

Authorize = Callable[..., Awaitable[AuthorizeResult]]
Farewell = Callable[[Payload], Awaitable[None]]
"""What is done when a workspace tells that it leaves, whether it is served or not."""


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A workspace that is served.

    Args:
        slack: what listeners call, with the workspace's token.
        paced: what deliveries call, no sooner than Slack allows.
        authorized: who the bot is there, for bolt.
    """

    house: House
    slack: AsyncWebClient
    paced: AsyncWebClient
    authorized: AuthorizeResult


class Houses:
    """All that are served: here the one whose token is in the settings.

    Args:
        absent_s: how long what is for another one waits; here, another process on the same database may serve it.
    """

    absent_s = 1.0

    def __init__(self, *, begin: Begin, lightly: Begin, once: Once, routes: Routes) -> None:
        self.begin, self.lightly, self.once, self.routes = begin, lightly, once, routes
        self.crowd = Crowd()
        self.farewells: Mapping[str, Farewell] = {}
        self._served: dict[str, Served] = {}
        self._only: Served | None = None

    def add(self, served: Served) -> None:
        """Serve this one from now on, in the place of what was there before."""
        self._served[served.house.workspace_id] = self._only = served

    def of(self, workspace_id: str) -> Served | None:
        """The workspace with this id, if it is served."""
        return self._served.get(workspace_id)

    def house_of(self, workspace_id: str) -> House | None:
        """Its house."""
        served = self._served.get(workspace_id)
        return None if served is None else served.house

    def all(self) -> Sequence[Served]:
        """Those that are served now."""
        return list(self._served.values())

    def asked(self, _body: Payload) -> Served | None:
        """Whom a request is for, as far as this process knows."""
        return self._only

    async def found(self, _body: Payload) -> Served | None:
        """Whom a request is for that this process does not know yet."""
        return None

    async def sharing(self, _body: Payload) -> Sequence[Served]:
        """All that an event is about which Slack tells of once, for one of them."""
        return ()

    async def refused(self, _served: Served, _code: str) -> bool:
        """Slack does not take the workspace's token; whether it is this workspace alone that has to wait."""
        return False

    async def parked(self, _workspace_id: str) -> None:
        """Something was put off because its workspace is not served."""

    def authorize(self) -> Authorize:
        """What bolt asks for each request."""

        async def authorize() -> AuthorizeResult:
            return self._only.authorized if self._only else AuthorizeResult(enterprise_id=None, team_id=None)

        return authorize

    def pages(self) -> "Sequence[BaseRoute]":
        """What the web server shows to people who install."""
        return ()

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Until the block ends, follow who comes and goes."""
        yield
