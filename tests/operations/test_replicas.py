"""Several processes: when one is stopped and one is killed in the middle of a burst, nothing is lost or doubled."""

import asyncio
import re
import signal
from collections.abc import Iterable

import pytest

from tests.chaos.machines import STOPS_WITHIN_S
from tests.end_to_end.conftest import Json, Workspace
from tests.operations import pgbouncer, replicas

PLACE = "#incidents"
CARD = re.compile(r"INC-(\d+) (.*): (open|in progress|resolved), ")
BEFORE, DURING = 4, 12
SETTLES_WITHIN_S = 60

STATES = "SELECT title, status::text FROM incident ORDER BY number"
WAITING = "SELECT topic, leased_by, attempts, last_error FROM outbox WHERE gave_up_at IS NULL"


@pytest.fixture(autouse=True)
def _signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.http_mode.SIGNING_SECRET", replicas.KEY)


async def settled(workspace: Workspace) -> None:
    async with asyncio.timeout(SETTLES_WITHIN_S):
        while await workspace.rows(WAITING):  # noqa: ASYNC110 - tables ring no bell
            await asyncio.sleep(0.1)
        await workspace.stage.quiet()


async def acked(workspace: Workspace, call: str, **body: str) -> bool:
    """Whether the bot took it; in a burst with a kill in it not all is."""
    answer = await workspace.control(call, body)
    said = str((answer.get("ack") or {}).get("body") or "")
    return bool(answer["ok"]) and answer["ack"]["status"] == "acked" and "Not saved" not in said and "Look" not in said


async def cards(workspace: Workspace) -> list[tuple[str, str]]:
    """Title and state, as each card in the channel shows it."""
    shown = [
        CARD.search(message["text"])
        for message in await workspace.stage.messages(PLACE)
        if message.get("bot_id") and message.get("thread_ts") in (None, message["ts"])
    ]
    return sorted((found[2], found[3].replace(" ", "_")) for found in shown if found)


async def told_otherwise(workspace: Workspace, person: str) -> int:
    """How often somebody was told, under the card, that a click did nothing, or perhaps nothing."""
    found = (await workspace.stage.state())["ephemerals"]
    shown: list[Json] = next(iter(those for user, those in found.items() if person.upper() in user), [])
    return sum("Not saved" in str(each) or "Look whether" in str(each) for each in shown)


async def burst(workspace: Workspace, known: Iterable[Json]) -> dict[str, list[str]]:
    """Everything that several people do at the same moment; what of it was acked."""
    done: dict[str, list[str]] = {"opened": [], "taken": [], "said": []}

    async def opens(number: int) -> None:
        await asyncio.sleep(0.1 * number)
        title = f"New {number}"
        if await acked(workspace, "command", user="ana", channel=PLACE, command="/incident", text=f'quick "{title}"'):
            done["opened"].append(title)

    async def works(number: int, card: Json) -> None:
        await asyncio.sleep(0.3 * number)
        place = {"user": "ben", "channel": PLACE, "message_ts": card["ts"]}
        if await acked(workspace, "action", **place, action_id="incident.take"):
            done["taken"].append(f"Old {number}")
        words = f"word {number}"
        await workspace.control("message", {"user": "chloe", "channel": PLACE, "text": words, "thread_ts": card["ts"]})
        done["said"].append(words)  # acked or not: Slack sends it again until it is

    await asyncio.gather(
        *[opens(number) for number in range(DURING)], *[works(number, card) for number, card in enumerate(known)]
    )
    return done


@pytest.mark.parametrize("by_http", [True, False], ids=["HTTP mode", "Socket Mode"])
async def test_a_burst_goes_on_while_one_process_is_stopped_and_another_killed(
    database_url: str, by_http: bool
) -> None:
    await goes_on(database_url, by_http=by_http)


@pgbouncer.needed
async def test_so_it_does_behind_a_pool(database_url: str) -> None:
    async with pgbouncer.before(database_url, size=10) as url:
        await goes_on(url, by_http=True)


async def goes_on(database_url: str, *, by_http: bool) -> None:
    async with replicas.sharing(database_url, count=3, by_http=by_http) as found:
        workspace, (stopped, killed, _) = found.workspace, found.programs
        old = [await workspace.opened(f"Old {number}") for number in range(BEFORE)]

        bursting = asyncio.create_task(burst(workspace, old))
        await asyncio.sleep(0.4)
        stopped.signal(signal.SIGTERM)
        await asyncio.sleep(0.4)
        killed.signal(signal.SIGKILL)
        done = await bursting
        async with asyncio.timeout(STOPS_WITHIN_S):
            code = await stopped.ended()
        await settled(workspace)

        assert code == 0, stopped.log.read_text("utf8")
        rows = await workspace.rows(STATES)
        titles = [title for title, _ in rows]
        assert len(set(titles)) == len(titles), "opened twice"
        assert set(done["opened"]) <= set(titles), "acked and lost"
        taken = {title for title, state in rows if state == "in_progress"}
        assert len(set(done["taken"]) - taken) <= await told_otherwise(workspace, "ben"), "acked and lost"
        assert await cards(workspace) == sorted(rows), "a card for each, in its state"
        assert sorted(words for _, words in await workspace.comments()) == sorted(done["said"])
        assert len(done["opened"]) > DURING / 4, "a good part of the burst was taken"
