"""The real processes of a round: the local Slack, a PostgreSQL of its own, and the bots."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.chaos import clocks
from tests.chaos.balancer import Balancer
from tests.chaos.clocks import Clock
from tests.chaos.database import Database
from tests.chaos.people import NAMES, Eyes
from tests.chaos.slack import BY_HTTP, BY_SOCKETS, SECRET

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
STOPS_WITHIN_S = 30.0
"""As long as container platforms wait by default, before they kill."""
BOTS = 2
SUPERUSER = "ana"
APP_TOKEN = "xapp-sandbox-harbour"


class Program:
    """A process of this project with its output in a file; killed at the end, whatever happens."""

    def __init__(self, name: str, folder: Path, words: list[str], environment: dict[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.environment = environment
        self._folder, self._words = folder, words
        self._process: asyncio.subprocess.Process | None = None
        self._seen = 0

    @property
    def is_up(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        self._seen = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", *self._words,
                cwd=self._folder, env=_environment(self.environment), start_new_session=True,
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip

    async def says(self, words: str) -> str:
        """The line with these words, once it is there since the last start; empty if the process ended before."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                ended = not self.is_up
                with self.log.open("rb") as file:
                    file.seek(self._seen)
                    said = file.read().decode(errors="replace")
                if found := next((line for line in said.splitlines() if words in line), ""):
                    return found
                if ended:
                    return ""
                await asyncio.sleep(0.05)

    def signal(self, number: signal.Signals) -> None:
        if self.is_up and self._process:
            self._process.send_signal(number)

    async def ended(self) -> int:
        return await self._process.wait() if self._process else 0

    async def kill(self) -> None:
        self.signal(signal.SIGKILL)
        await self.ended()


class Bot:
    """A replica that is started again whenever it ends, as a container would be, unless it is to be away."""

    def __init__(self, program: Program, clock: Clock) -> None:
        self.program, self.clock = program, clock
        self.ends: list[int] = []
        self.stuck = 0
        """How often it did not end when it was asked to."""
        self._is_wanted = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._is_killed = False

    async def up(self) -> None:
        """Wanted from now on; returns when it is ready."""
        self._is_wanted.set()
        self._keeping = self._keeping or asyncio.create_task(self._keep())
        async with asyncio.timeout(PATIENCE_S):
            while not (self.program.is_up and await self.program.says("is ready")):  # noqa: ASYNC110 - output rings no bell
                await asyncio.sleep(0.1)

    async def killed(self, *, away_s: float = 0.0) -> None:
        """kill -9, and away for so long."""
        self._is_wanted.clear()
        await self.program.kill()
        await asyncio.sleep(away_s)
        self._is_wanted.set()

    async def stopped(self, *, away_s: float = 0.0) -> None:
        """SIGTERM, as when a new version is rolled out, and away for so long."""
        self._is_wanted.clear()
        self.program.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOPS_WITHIN_S):
                await self.program.ended()
        except TimeoutError:
            self.stuck += 1
        finally:
            await self.program.kill()
        await asyncio.sleep(away_s)
        self._is_wanted.set()

    async def paused(self, for_s: float) -> None:
        """SIGSTOP, and SIGCONT after so long."""
        self.program.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(for_s)
        finally:
            self.program.signal(signal.SIGCONT)

    async def away(self) -> None:
        """Not wanted any more."""
        self._is_wanted.clear()
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
            self._keeping = None
        await self.program.kill()

    async def _keep(self) -> None:
        while True:
            await self._is_wanted.wait()
            await self.program.start()
            code = await self.program.ended()
            if self._is_wanted.is_set():
                self.ends.append(code)
                await asyncio.sleep(0.5)


@dataclass(frozen=True, slots=True)
class Machines:
    slack: Program
    slack_url: str
    balancer: Balancer
    database: Database
    bots: list[Bot]

    async def turn(self, *, is_http: bool) -> None:
        """Slack reaches the bots by HTTP from now on, or by sockets; they are started anew for it."""
        for bot in self.bots:
            await bot.away()
            bot.program.environment |= {"SLACK_SIGNING_SECRET": SECRET if is_http else ""}
            bot.program.environment |= {"SLACK_APP_TOKEN": "" if is_http else APP_TOKEN}
        self.slack.signal(BY_HTTP if is_http else BY_SOCKETS)


@asynccontextmanager
async def running(*, seed: str) -> AsyncIterator[tuple[Machines, Path]]:
    """Everything up and ready; yields the folder with the logs, too."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(_folder()))
        database = Database(folder / "database")
        stack.push_async_callback(asyncio.to_thread, database.end)
        await database.start()
        await asyncio.to_thread(database.make)
        await database.tunnel.open()
        stack.push_async_callback(database.tunnel.close)
        balancer = Balancer(BOTS, Random(seed))  # noqa: S311 - no secret
        await balancer.open()
        stack.push_async_callback(balancer.close)
        slack = Program("slack", folder, _slack_words(seed, balancer), {})
        stack.push_async_callback(slack.kill)
        await slack.start()
        said = (await slack.says("bot token")).split()
        ports = enumerate(balancer.ports, start=1)
        made = [_bot(f"bot-{number}", folder, _settings(said, database, port)) for number, port in ports]
        for bot in made:
            stack.push_async_callback(bot.away)
        await made[0].up()
        await asyncio.to_thread(database.prepare)
        yield Machines(slack, said[0], balancer, database, made), folder


@contextmanager
def _folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="it-chaos-") as folder:
        Path(folder).chmod(0o711)  # when this is root, PostgreSQL's own user must get in
        yield folder


async def make_superuser(up: Machines, eyes: Eyes) -> None:
    """Straight in the database, once they have an account; a code takes long to check where much else is done."""
    whoami = {"user": SUPERUSER, "channel": "#incidents", "command": "/incident", "text": "whoami"}
    await eyes.does("command", whoami)
    found = f"""UPDATE "user" SET is_superuser = true WHERE full_name = '{NAMES[SUPERUSER]}'"""  # noqa: S608 - a constant
    await asyncio.to_thread(up.database.does, found)
    _, answer = await eyes.does("command", {**whoami, "text": "admin users waiting"})
    if (answer["ack"]["body"] or {"text": "Only superusers"})["text"].count("Only superusers"):
        raise RuntimeError(f"{SUPERUSER} does not become a superuser: {answer}")


def _bot(name: str, folder: Path, settings: dict[str, str]) -> Bot:
    clock = clocks.made(folder, name)
    return Bot(Program(name, folder, ["bot", "run"], {**settings, **clock.settings}), clock)


def _slack_words(seed: str, balancer: Balancer) -> list[str]:
    return ["tests.chaos.slack", "--seed", seed, "--request-url", f"http://127.0.0.1:{balancer.port}/slack/events"]


def _settings(said: list[str], database: Database, port: int) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": said[3],
        "SLACK_APP_TOKEN": APP_TOKEN,
        "SLACK_API_URL": f"{said[0]}/api/",
        "DATABASE_URL": database.url,
        "PORT": str(port),
        "INCIDENT_CHANNEL": "#incidents",
        "LOG_LEVEL": "WARNING",
        "LOG_FORMAT": "json",
    }


def _environment(given: dict[str, str]) -> dict[str, Any]:
    """Without any setting of whoever runs this."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return {**kept, **given, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
