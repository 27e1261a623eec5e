"""What must reach Slack: in order, once, and by one process at a time."""

import asyncio
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain import db, living, outbox, repeats
from domain.db import Begin
from domain.outbox import OutboxMessage, Outgoing, Topic
from tests.conftest import both


@pytest.fixture
async def empty(begin: Begin, team: str) -> str:
    """Nothing of other tests is left to be sent."""
    async with begin() as session:
        await session.execute(OutboxMessage.__table__.delete())  # type: ignore[attr-defined]
    return team


async def put(begin: Begin, team: str, *lanes: str) -> None:
    rows = [outbox.row(Topic.CHANNEL_MET, workspace_id=team, lane=lane, channel_id=lane) for lane in lanes]
    async with begin() as session:
        await outbox.add(session, *rows)


async def taken(begin: Begin, by: str = "one", most: int = 10) -> list[Outgoing]:
    async with begin() as session:
        return await outbox.lease(session, by=by, most=most)


async def test_of_each_lane_only_the_first_row_is_taken(begin: Begin, empty: str) -> None:
    await put(begin, empty, "a", "a", "b")

    first = await taken(begin)
    assert [message.lane for message in first] == ["a", "b"]
    assert await taken(begin, "two") == []

    async with begin() as session:
        await outbox.finish(session, first[0])
    assert [message.lane for message in await taken(begin, "two")] == ["a"]


async def test_what_newer_code_wrote_waits_for_it_and_holds_up_only_its_own_lane(begin: Begin, empty: str) -> None:
    await put(begin, empty, "a", "a", "b")
    async with begin() as session:
        first = update(OutboxMessage).where(OutboxMessage.lane == "a").values(topic="sonnet.written")
        await session.execute(first)
    await put(begin, empty, "a")

    assert [message.lane for message in await taken(begin)] == ["b"]


async def test_two_processes_never_take_the_same_row(begin: Begin, empty: str) -> None:
    await put(begin, empty, *(f"lane {n}" for n in range(20)))

    one, two = await both(taken(begin, "one"), taken(begin, "two"))

    assert isinstance(one, list)
    assert isinstance(two, list)
    ids = [message.id for message in one + two]
    assert len(ids) == len(set(ids))


async def test_what_a_dead_process_held_is_free_at_once_and_what_a_living_one_holds_is_not(
    begin: Begin, engine: AsyncEngine, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(living, "BACK_AFTER", timedelta(0))
    await put(begin, empty, "a")

    async with engine.connect() as shown:
        await living.mark(shown, 5)
        assert len(await taken(begin, living.marked(5))) == 1
        assert await freed(begin) == 0
        assert await taken(begin, "two") == []

    assert await freed(begin) == 1
    (again,) = await taken(begin, "unmarked-7")
    assert again.attempts == 2
    assert await freed(begin) == 0


async def test_nobody_is_called_dead_while_the_database_has_just_come_back(
    begin: Begin, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(living, "BACK_AFTER", timedelta(days=1))
    monkeypatch.setattr(living, "SHOWN_WITHIN", timedelta(days=1))
    await put(begin, empty, "a")
    await taken(begin, living.marked(5))

    assert await freed(begin) == 0


async def test_what_was_leased_since_the_database_came_back_is_free_at_once(
    begin: Begin, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(living, "BACK_AFTER", timedelta(days=1))
    monkeypatch.setattr(living, "SHOWN_WITHIN", timedelta(0))
    await put(begin, empty, "a", "b")
    held, _ = await taken(begin, living.marked(5))
    async with begin() as session:
        await outbox.hold(session, held, timedelta(minutes=5))

    assert await freed(begin) == 1


async def test_after_a_pause_a_lease_is_not_relied_on(
    begin: Begin, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(begin, empty, "a")
    (message,) = await taken(begin)
    assert message.is_ours

    later = time.monotonic() + 20
    monkeypatch.setattr(time, "monotonic", lambda: later)

    assert not message.is_ours


async def test_what_was_given_up_can_be_asked_for_again(begin: Begin, empty: str) -> None:
    wanted = outbox.row(Topic.CHANNEL_MET, workspace_id=empty, lane="a", channel_id="a")
    async with begin() as session:
        assert await outbox.add_once(session, f"once:{empty}", wanted)
        assert not await outbox.add_once(session, f"once:{empty}", wanted)
    (message,) = await taken(begin)

    async with begin() as session:
        await outbox.give_up(session, message, error="no_permission")
        assert await outbox.add_once(session, f"once:{empty}", wanted)


async def freed(begin: Begin, own: str = "process-1") -> int:
    async with begin() as session:
        return await living.take_from_the_dead(session, own=own)


async def test_a_process_never_takes_its_own_rows_for_those_of_a_dead_one(
    begin: Begin, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(living, "BACK_AFTER", timedelta(0))
    await put(begin, empty, "a")
    await taken(begin, living.marked(5))

    assert await freed(begin, own=living.marked(5)) == 0
    assert await freed(begin, own=living.marked(6)) == 1


async def test_no_setting_of_the_server_ends_a_sign_of_life(engine: AsyncEngine) -> None:
    short = "SELECT set_config(name, '200ms', true) FROM pg_settings WHERE name LIKE '%transaction%timeout'"
    async with engine.connect() as connection:
        await connection.execute(text(short))
        await living.mark(connection, 7)

        await asyncio.sleep(0.5)

        assert await connection.scalar(text("SELECT 1")) == 1


async def test_what_a_process_lost_and_took_again_is_not_ended_by_its_earlier_lease(begin: Begin, empty: str) -> None:
    await put(begin, empty, "a")
    (lost,) = await taken(begin)
    async with begin() as session:
        await session.execute(update(OutboxMessage).values(leased_until=db.now() - timedelta(seconds=1)))
    (found,) = await taken(begin)

    async with begin() as session:
        assert not await outbox.hold(session, lost)
        assert not await outbox.finish(session, lost)
        await outbox.put_back(session, lost, after=timedelta(hours=1))
        await outbox.give_up(session, lost, error="no_permission")

        assert await outbox.hold(session, found)
        assert await outbox.finish(session, found)


async def test_a_row_whose_process_died_is_taken_over_and_the_dead_one_cannot_finish_it(
    begin: Begin, empty: str
) -> None:
    await put(begin, empty, "a")
    (lost,) = await taken(begin, "dead")
    async with begin() as session:
        await session.execute(update(OutboxMessage).values(leased_until=db.now() - timedelta(seconds=1)))

    (found,) = await taken(begin, "alive")

    assert (found.id, found.attempts) == (lost.id, 2)
    async with begin() as session:
        await outbox.finish(session, lost)
        assert await session.scalar(select(func.count()).select_from(OutboxMessage)) == 1
        await outbox.finish(session, found)
        assert await session.scalar(select(func.count()).select_from(OutboxMessage)) == 0


async def test_a_row_that_is_put_back_holds_its_lane_until_it_is_due(begin: Begin, empty: str) -> None:
    await put(begin, empty, "a", "a", "b")
    first, _ = await taken(begin)

    async with begin() as session:
        await outbox.put_back(session, first, after=timedelta(hours=1), error="ratelimited")
    assert await taken(begin) == []

    async with begin() as session:
        await session.execute(update(OutboxMessage).values(due_at=db.now()))
    assert [message.id for message in await taken(begin)] == [first.id]


async def test_a_row_that_is_given_up_stays_to_be_seen_and_its_lane_goes_on(begin: Begin, empty: str) -> None:
    await put(begin, empty, "a", "a")
    (first,) = await taken(begin)

    async with begin() as session:
        await outbox.give_up(session, first, error="invalid_blocks")

    (second,) = await taken(begin)
    assert second.id > first.id
    async with begin() as session:
        row = await session.get(OutboxMessage, first.id)
    assert row is not None
    assert row.last_error == "invalid_blocks"


async def test_one_call_does_for_all_rows_that_ask_for_the_same(begin: Begin, empty: str) -> None:
    await put(begin, empty, "a", "a", "a", "b")
    first, _ = await taken(begin)

    async with begin() as session:
        also = await outbox.covered(session, first)
        await outbox.finish(session, first, also=also)

    assert len(also) == 3
    async with begin() as session:
        assert await session.scalar(select(func.count()).select_from(OutboxMessage)) == 1


async def test_a_key_is_put_once(begin: Begin, empty: str) -> None:
    row = outbox.row(Topic.CARD_HOMELESS, workspace_id=empty, lane="a")
    async with begin() as session:
        assert await outbox.add_once(session, f"homeless:{empty}", row)
        assert not await outbox.add_once(session, f"homeless:{empty}", row)


async def test_a_delivery_is_new_only_once(begin: Begin, team: str) -> None:
    async with begin() as session:
        assert await repeats.is_first(session, team, "line:C1:1.2")
        assert not await repeats.is_first(session, team, "line:C1:1.2")


async def test_the_relay_is_woken_after_a_commit_that_left_something(engine: AsyncEngine, empty: str) -> None:
    woken: list[str] = []
    begin = db.transactions(engine, wake=lambda: woken.append("now"))

    async with begin() as session:
        await session.execute(select(1))
    assert woken == []

    async def failing() -> None:
        async with begin() as session:
            await outbox.add(session, outbox.row(Topic.CHANNEL_MET, workspace_id=empty, lane="a"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await failing()
    assert (woken, await taken(begin)) == ([], [])

    await put(begin, empty, "a")
    assert woken == ["now"]
