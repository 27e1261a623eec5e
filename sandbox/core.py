"""The running sandbox: one workspace, the app that is installed in it, and the ways between them."""

import asyncio
from pathlib import Path
from typing import Any, Protocol

from sandbox import people
from sandbox.clock import Clock
from sandbox.dispatch import Dispatcher
from sandbox.errors import SlackError
from sandbox.faults import Faults
from sandbox.happenings import Happenings
from sandbox.http_mode import HttpMode
from sandbox.journal import Journal
from sandbox.limits import Limits
from sandbox.manifest import Manifest
from sandbox.oauth import Installs
from sandbox.socket_mode import SocketMode
from sandbox.store import Workspace

Json = dict[str, Any]


EVER = 24 * 3600.0


class Connections(Protocol):
    def __call__(self) -> set[Any]: ...


class Sandbox:
    """
    Attributes:
        url: where it listens, without a slash at the end.
        api_url: what the SDK takes as ``base_url``, with one.
        workspace: what is in it now; another object after a reset.
        mail_host, mail_port: of its mail server, once it is served.
        installs: the tokens by which the app may act here.
        beside: other workspaces of the same Slack, itself among them, for which its API answers, too.
        hints: what a newcomer could try, in a word or two each; the page shows them.
    """

    def __init__(
        self, manifest: Manifest, *, facts: Json, url: str, clock: Clock, limits: Limits, request_url: str | None
    ) -> None:
        self.url = url
        self.api_url = f"{url}/api/"
        self.bot_token = f"xoxb-sandbox-{facts['team']['domain']}"  # it protects nothing
        self.app_token = "xapp-sandbox-harbour"  # noqa: S105
        self.manifest = manifest
        self.clock = clock
        self.journal = Journal()
        self.faults = Faults(manifest)
        self.limits = limits
        self.mail_host, self.mail_port = "", 0
        self.hints: list[str] = []
        self.closing = asyncio.Event()
        self.connections: Connections = set
        self._facts = facts
        self.workspace = self._new_workspace()
        self.installs = Installs(clock, {self.bot_token: None})
        self.beside: list[Sandbox] = [self]
        self.sockets = SocketMode(clock, app_id=self.workspace.app_id)
        self.http = HttpMode(clock, request_url=request_url)
        self.uses_http = request_url is not None or not manifest.socket_mode
        self.dispatcher = Dispatcher(
            self.workspace,
            manifest,
            transport=self.http if self.uses_http else self.sockets,
            clock=clock,
            journal=self.journal,
            faults=self.faults,
        )
        self.happenings = Happenings(self.workspace, manifest, self.dispatcher)

    @property
    def team_id(self) -> str:
        return self.workspace.team_id

    def reached(self, token: str, given: Json) -> "Sandbox":
        """The workspace that a call is about: it gave this token out, or this code."""
        for box in self.beside:
            installs = box.installs
            if token in installs.tokens or token in installs.ended or installs.knows(given):
                return box
        return self

    async def reset(self) -> None:
        """Everything as at the start; connections stay."""
        await self.dispatcher.stop()
        self.workspace = self._new_workspace()
        self.dispatcher.forget(self.workspace)
        self.happenings.workspace = self.workspace
        self.faults.set([])
        self.sockets.exorcise()
        self.limits.clear()
        self.journal.clear()

    async def close(self) -> None:
        """Whoever still waits for something is sent home, so that the server can stop at once."""
        self.closing.set()
        await self.dispatcher.stop()
        self.clock.advance(EVER)
        self.journal.ring()
        await self.sockets.close()
        await self.http.close()

    def require_scope(self, any_of: tuple[str, ...]) -> None:
        if not self.manifest.grants(any_of):
            provided = ",".join(self.manifest.scopes)
            raise SlackError("missing_scope", needed=",".join(any_of), provided=provided)

    def abort(self, client: tuple[str, int]) -> None:
        """Break a client's connection without a word."""
        for connection in list(self.connections()):
            if connection.client == client:
                connection.transport.abort()

    def _new_workspace(self) -> Workspace:
        return Workspace(self._facts, bot_name=self.manifest.bot_name, url=self.url)


def build(
    manifest: Manifest,
    *,
    people_file: Path | None,
    url: str,
    fast: float,
    limits: bool,
    few: bool,
    request_url: str | None,
) -> Sandbox:
    facts, clock = people.load(people_file), Clock(fast)
    counted = Limits(clock, on=limits, few=few)
    return Sandbox(manifest, facts=facts, url=url, clock=clock, limits=counted, request_url=request_url)
