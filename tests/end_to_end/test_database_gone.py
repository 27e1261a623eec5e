"""The database goes away and comes back: people are told, nothing is half done, nobody restarts anything."""

import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from bot.sync import Pace
from migrations import run
from tests.end_to_end.conftest import Json, Workspace, working

GONE = re.compile(r"Not saved: the database does not answer\. Nothing was changed; .* \(ref [0-9A-F]{4}\)")
Switch = Callable[[bool], None]


@pytest.fixture(scope="module")
def admin(server_url: str) -> Iterator[Engine]:
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def own_url(server_url: str, admin: Engine) -> Iterator[str]:
    """A database that only these tests take away."""
    name = f"test_gone_{secrets.token_hex(4)}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(server_url).set(database=name)
    migrated = create_engine(url)
    with migrated.begin() as connection:
        run.upgrade(connection)
    migrated.dispose()
    yield url.render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def database(admin: Engine, own_url: str) -> Iterator[Switch]:
    """Switches the database off (every connection dies, none is let in) and on."""
    name = make_url(own_url).database

    def switch(on: bool) -> None:
        with admin.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {'true' if on else 'false'}"))
            if not on:
                end = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
                connection.execute(end, {"name": name})

    yield switch
    switch(True)


@pytest.fixture
async def here(own_url: str, database: Switch) -> AsyncIterator[Workspace]:
    async with working(own_url, pace=Pace(interval_s=0)) as workspace:
        yield workspace


async def seen_by(workspace: Workspace, user: str) -> list[Json]:
    ephemerals: list[Json] = (await workspace.stage.state())["ephemerals"].get(user, [])
    return ephemerals


async def test_a_command_is_answered_with_the_reason_and_works_again_afterwards(
    here: Workspace, database: Switch
) -> None:
    database(False)
    answer = await here.stage.command("ana", "#incidents", 'quick "Disk full"')
    assert GONE.fullmatch(answer["text"])

    database(True)
    await here.stage.command("ana", "#incidents", 'quick "Disk full"')
    await here.delivered()

    assert await here.rows("SELECT number, title FROM incident") == [(1, "Disk full")]


async def test_a_form_stays_open_with_all_that_was_typed(here: Workspace, database: Switch) -> None:
    await here.stage.command("ana", "#incidents", "new Disk full")
    [form] = (await here.stage.state())["views"]["U0ANA00000"]
    send = {"user": "ana", "view_id": form["id"], "values": {}}

    database(False)
    refused = await here.control("submit", send)
    assert [bool(GONE.fullmatch(words)) for words in refused["errors"].values()] == [True]

    database(True)
    accepted = await here.control("submit", send)
    await here.delivered()

    assert not accepted.get("errors")
    assert await here.rows("SELECT title FROM incident") == [("Disk full",)]


async def test_a_button_is_answered_to_the_person_who_pressed_it(here: Workspace, database: Switch) -> None:
    card = await here.opened("Disk full")

    database(False)
    await here.stage.click("ben", "#incidents", card, "incident.take")
    await here.stage.quiet()
    [said] = await seen_by(here, "U0BEN00000")
    assert GONE.fullmatch(said["text"])

    database(True)
    assert await here.rows("SELECT status FROM incident") == [("open",)]
    await here.stage.click("ben", "#incidents", card, "incident.take")
    await here.delivered()

    assert "in progress" in (await here.shown("#incidents", "Disk full"))["text"]


@pytest.mark.usefixtures("impatient")
async def test_a_button_whose_answer_slack_does_not_take_is_not_acked(here: Workspace, database: Switch) -> None:
    card = await here.opened("Disk full")
    await here.faults({"method": "response_url", "kind": "http_500", "times": 1})

    database(False)
    where = {"channel": "#incidents", "message_ts": card["ts"]}
    answer = await here.control("action", {"user": "ben", **where, "action_id": "incident.take"})
    database(True)

    assert answer["ack"]["status"] != "acked"  # so that Slack says that it failed
    assert await here.rows("SELECT status::text FROM incident") == [("open",)]


@pytest.mark.usefixtures("impatient")
async def test_a_reply_is_not_acked_and_is_kept_when_slack_tells_it_again(here: Workspace, database: Switch) -> None:
    card = await here.opened("Disk full")
    said = {"user": "ben", "channel": "#incidents", "text": "looking", "thread_ts": card["ts"]}

    database(False)
    answer = await here.control("message", said)
    assert answer["ack"]["status"] != "acked"

    database(True)
    await here.stage.quiet()

    assert await here.comments() == [("Ben Okafor", "looking")]


async def test_what_was_decided_before_is_sent_when_the_database_is_back(here: Workspace, database: Switch) -> None:
    await here.faults({"method": "chat.postMessage", "kind": "ratelimited", "times": 1, "retry_after": 1})
    await here.stage.command("ana", "#incidents", 'quick "Disk full"')
    await here.stage.quiet()

    database(False)
    assert GONE.fullmatch((await here.stage.command("ana", "#incidents", "mine"))["text"])
    database(True)
    await here.delivered()

    assert await here.shown("#incidents", "Disk full")


async def test_who_pressed_when_the_commit_was_not_answered_is_told_to_look(here: Workspace) -> None:
    """The server dies for this connection while it commits: nobody can know what became of it."""
    async with here.engine.begin() as connection:
        await connection.execute(text(
            "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
        ))  # fmt: skip
        await connection.execute(text(
            "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON incident DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION die()"
        ))  # fmt: skip
    answer = await here.stage.command("ana", "#incidents", 'quick "Disk full"')

    assert re.match(r"The database broke off while it saved this\. Look whether it is there before", answer["text"])

    await here.changed("DROP FUNCTION die() CASCADE")
    await here.stage.command("ana", "#incidents", 'quick "Disk full"')
    assert await here.rows("SELECT count(*) FROM incident") == [(1,)]
