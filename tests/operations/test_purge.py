"""What people deleted goes for good after 30 days, by itself; what they wrote in Slack stays theirs."""

from datetime import timedelta

from sqlalchemy import text

from bot import schedule
from domain import db, purging
from tests.conftest import WITHOUT_END
from tests.end_to_end.conftest import Workspace
from tests.end_to_end.eyes import answer, superuser, thread

STRIKES = db.now().replace(minute=schedule.PURGES_AT_MINUTE, second=0, microsecond=0)


async def test_the_clock_purges_what_was_deleted_30_days_ago(workspace: Workspace) -> None:
    await superuser(workspace)
    card = await workspace.opened("Disk full")
    await workspace.stage.reply("chloe", "#incidents", card, "Which disk?")
    await workspace.opened("Badge lost")
    for number in (1, 2):
        await workspace.stage.command("ana", "#incidents", f"delete {number}")
        await workspace.stage.submit("ana")
    await workspace.delivered()
    async with workspace.engine.begin() as connection:
        ago = {"at": STRIKES - timedelta(days=31)}
        await connection.execute(text("UPDATE incident SET deleted_at = :at WHERE number = 1"), ago)
        await connection.execute(text("UPDATE timeline_entry SET at = :at WHERE what = 'deleted'"), ago)

    await schedule.tick(workspace.bot.house, STRIKES + timedelta(minutes=1))
    assert await workspace.rows("SELECT number FROM incident ORDER BY number") == [(1,), (2,)]
    await schedule.tick(workspace.bot.house, STRIKES)
    await workspace.stage.reply("chloe", "#incidents", card, "Is it gone?")
    await workspace.delivered()

    assert await workspace.rows("SELECT number FROM incident") == [(2,)]
    assert await workspace.comments() == []
    assert "Which disk?" in str(await thread(workspace, card))
    assert "no INC-1" in await answer(workspace, "restore 1", by="ana")
    assert "INC-2" in await answer(workspace, "restore 2", by="ana")


async def test_however_many_there_are_they_all_go(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await workspace.stage.command("ana", "#incidents", "delete 1")
    await workspace.stage.submit("ana")
    await workspace.delivered()
    count = purging.AT_ONCE + 10
    async with workspace.engine.begin() as connection:
        await connection.execute(WITHOUT_END)
        await connection.execute(text(MANY), {"count": count})
        for made in (
            "UPDATE incident SET deleted_at = now() - interval '31 days'",
            "UPDATE timeline_entry SET at = now() - interval '31 days' WHERE what = 'deleted'",
        ):
            await connection.execute(text(made))

    await schedule.purge(workspace.bot.house, db.now())

    assert await workspace.rows("SELECT count(*) FROM incident") == [(0,)]
    assert await workspace.rows("SELECT count(*) FROM timeline_entry") == [(0,)]


MANY = """
WITH made AS (
    INSERT INTO incident (id, workspace_id, number, title, priority, category, owner_id, channel_id)
    SELECT gen_random_uuid(), workspace_id, 100 + n, title, priority, category, owner_id, channel_id
    FROM incident, generate_series(1, :count) n RETURNING id
)
INSERT INTO timeline_entry (workspace_id, incident_id, batch, what, old, new, note, by_user_id, surface)
SELECT e.workspace_id, made.id, gen_random_uuid(), e.what, e.old, e.new, e.note, e.by_user_id, e.surface
FROM made, timeline_entry e WHERE e.what = 'deleted'
"""
