"""The processes that are measured: the bot, bolt alone, and the local Slack; each on its own, none of them this one."""

import asyncio
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from aiohttp import ClientSession

ROOT = Path(__file__).parents[1]
KEY = "0123456789abcdef" * 2
"""The signing secret; it protects nothing."""
READY_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Served:
    """A process that answers Slack's requests; ``port`` is 0 in Socket Mode."""

    port: int
    pid: int
    ready_s: float

    @property
    def cpu_s(self) -> float:
        """Seconds that it computed so far."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    @property
    def memory_mb(self) -> float:
        """Memory that it holds now, in MB of 10⁶ bytes."""
        return float(psutil.Process(self.pid).memory_info().rss) / 1e6


@dataclass(frozen=True, slots=True)
class Slack:
    """The local Slack."""

    url: str
    bot_token: str
    app_token: str
    session: ClientSession

    async def control(self, call: str, body: Any) -> dict[str, Any]:
        """Something that a person does there, or a fault."""
        async with self.session.post(f"{self.url}/control/{call}", json=body) as response:
            answer: dict[str, Any] = await response.json()
        if not answer["ok"]:
            raise RuntimeError(f"{call}: {answer}")
        return answer

    async def api(self, method: str, **given: Any) -> dict[str, Any]:
        """A call as the bot makes them."""
        bearer = {"Authorization": f"Bearer {self.bot_token}"}
        async with self.session.post(f"{self.url}/api/{method}", json=given, headers=bearer) as response:
            answer: dict[str, Any] = await response.json()
        if not answer["ok"]:
            raise RuntimeError(f"{method}: {answer}")
        return answer

    async def log(self, after: int = 0) -> list[dict[str, Any]]:
        """The calls and deliveries since then."""
        async with self.session.get(f"{self.url}/control/log", params={"after": after}) as response:
            found: list[dict[str, Any]] = (await response.json())["entries"]
        return found

    async def last(self) -> int:
        """Where the log ends now."""
        async with self.session.get(f"{self.url}/control/log", params={"after": 10**9}) as response:
            return int((await response.json())["last"])


@asynccontextmanager
async def slack(*, limits: bool = False) -> AsyncIterator[Slack]:
    """A local Slack of its own, from here to the end of the block."""
    words = ("-m", "sandbox", "--port", "0", "--manifest", str(ROOT / "manifest.yaml"))
    async with _child(*words, "--limits", "on" if limits else "off") as process, ClientSession() as session:
        said = (await _line(process)).split()
        if len(said) != 7:
            raise RuntimeError("the local Slack did not start")
        yield Slack(said[0], said[3], said[6], session)


@asynccontextmanager
async def bot(slack: Slack, database_url: str, *, by_http: bool = True) -> AsyncIterator[Served]:
    """``incident-tracker run``, as anybody would start it."""
    port = free_port()
    settings = {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_API_URL": f"{slack.url}/api/",
        "DATABASE_URL": database_url,
        "INCIDENT_CHANNEL": "#incidents",
        "LOG_LEVEL": "CRITICAL",
        **({"SLACK_SIGNING_SECRET": KEY, "PORT": str(port)} if by_http else {"SLACK_APP_TOKEN": slack.app_token}),
    }
    began = time.perf_counter()
    async with _child("-m", "bot", "run", env=settings) as process:
        if "ready" not in await _line(process):
            raise RuntimeError("the bot did not start")
        yield Served(port if by_http else 0, process.pid, time.perf_counter() - began)


@asynccontextmanager
async def noop() -> AsyncIterator[Served]:
    """Bolt alone."""
    port, began = free_port(), time.perf_counter()
    async with _child("-m", "bench.noop", str(port), KEY) as process:
        if "ready" not in await _line(process):
            raise RuntimeError("bolt alone did not start")
        yield Served(port, process.pid, time.perf_counter() - began)


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def _line(process: asyncio.subprocess.Process) -> str:
    """The first thing that it says."""
    if process.stdout is None:
        raise RuntimeError("it cannot be heard")
    return (await asyncio.wait_for(process.stdout.readline(), READY_WITHIN_S)).decode()


@asynccontextmanager
async def _child(*words: str, env: Mapping[str, str] = {}) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of ours, in a folder where no ``.env`` is; it is gone after the block."""
    here = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with tempfile.TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *words, env={**here, "PYTHONPATH": str(ROOT), **env}, cwd=folder,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
