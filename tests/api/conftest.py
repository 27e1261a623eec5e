"""The bot with its API in a local workspace, and programs that use it."""

import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr

from bot.sync import Pace
from bot.webhooks.courier import Courier
from domain import credentials, hashing, rates, signup, tokens, users
from domain.db import Written
from domain.policy import Actor
from tests.end_to_end.conftest import Workspace, quiet_logs, working
from tests.ports import free_port

__all__ = ["quiet_logs"]

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Nothing here is encrypted, and reading all authorities takes longer than most tests."""
KEY = "an unguessable key of forty characters!!"
PASSWORD = "correct horse battery"
CHEAP = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
"""What takes a twentieth of a second by design would take most of the time of these tests."""
HASHED = CHEAP.hash(PASSWORD)
SLACK_IDS = {"ana": "U0ANA00000", "ben": "U0BEN00000", "chloe": "U0CHLOE000"}


@pytest.fixture(autouse=True)
def fresh_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is limited in ten minutes begins with each test, not when ten minutes happen to end."""
    counting = rates._COUNT.sql.replace("'epoch'", f"'{datetime.now(UTC).isoformat()}'")
    monkeypatch.setattr(rates, "_COUNT", Written(counting))


@dataclass
class Api:
    """Where programs reach the bot."""

    workspace: Workspace
    url: str
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    @property
    def courier(self) -> Courier:
        """How the bot reaches receivers."""
        found = self.workspace.bot.house.courier
        assert found is not None
        return found

    async def person(self, name: str) -> Actor:
        """Somebody who used the bot before."""
        house = self.workspace.bot.house
        async with house.begin() as session:
            found = await users.find(session, house.workspace_id, self.slack_id(name))
            assert found is not None
            return found[1] or await signup.join(session, house.workspace_id, found[0])

    def slack_id(self, name: str) -> str:
        return SLACK_IDS[name]

    async def token(self, name: str, label: str = "a script") -> str:
        """A token of theirs."""
        person = await self.person(name)
        async with self.workspace.bot.house.begin() as session:
            return (await tokens.create(session, label, by=person)).token

    async def as_(self, name: str) -> httpx.AsyncClient:
        """A program that has their token."""
        if name not in self.clients:
            token = await self.token(name)
            self.clients[name] = httpx.AsyncClient(
                verify=NO_TLS, base_url=f"{self.url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30
            )
        return self.clients[name]

    @property
    def nobody(self) -> httpx.AsyncClient:
        """A program that nobody knows."""
        if "" not in self.clients:
            self.clients[""] = httpx.AsyncClient(verify=NO_TLS, base_url=f"{self.url}/api/v1", timeout=30)
        return self.clients[""]

    async def has_password(self, name: str) -> str:
        """They set one; their address."""
        person = await self.person(name)
        async with self.workspace.bot.house.begin() as session:
            old = await credentials.password_of(session, by=person)
            await credentials.change_password(session, HASHED, old=old, by=person)
        [(address,)] = await self.workspace.rows('SELECT email FROM "user" WHERE id = :id', id=person.id)
        return str(address)

    async def logs_in(self, name: str) -> httpx.AsyncClient:
        """A program that gave their password."""
        address = await self.has_password(name)
        answer = await self.nobody.post("/login/access-token", data={"username": address, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        self.clients[f"{name} logged in"] = made = httpx.AsyncClient(
            verify=NO_TLS, base_url=f"{self.url}/api/v1", headers=headers
        )
        return made

    async def opened(self, title: str, by: str = "ana", **more: Any) -> dict[str, Any]:
        """An incident that a program opened."""
        answer = await (await self.as_(by)).post("/incidents", json={"title": title, **more})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


@asynccontextmanager
async def reachable(database_url: str, **wishes: Any) -> AsyncIterator[Api]:
    """The bot with its API."""
    port = free_port()
    given: Mapping[str, Any] = {"secret_key": SecretStr(KEY), "port": port, "host": "127.0.0.1", **wishes}
    async with working(database_url, pace=Pace(interval_s=0), **given) as workspace:
        await workspace.changed("TRUNCATE api_count")
        api = Api(workspace, f"http://127.0.0.1:{port}")
        try:
            yield api
        finally:
            for client in api.clients.values():
                await client.aclose()


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hashing, "HASHER", CHEAP)
    hashing._nobodys.cache_clear()
    yield
    hashing._nobodys.cache_clear()


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Api]:
    async with reachable(database_url) as found:
        yield found
