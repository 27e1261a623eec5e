"""Connections through a pool: found out from what it does with what a new connection asks for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from psycopg import AsyncConnection, OperationalError
from sqlalchemy import make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError as SqlOperationalError

from domain import db
from domain.pooled import Pooled, Way

REFUSAL = b"SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0"
PLAIN, CANCEL = 196_608, 80_877_102
"""The protocol's version, and what ends a query; other numbers ask for encryption first."""


@asynccontextmanager
async def between(url: URL, *, refuses: bool = False, is_deaf: bool = False) -> AsyncIterator[URL]:
    """Passes connections on to the server, all but their options; if it is deaf, without what they then ask."""
    refused: list[bool] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await _startup(reader, writer)
        if not said:
            writer.close()
            return
        words = said.split(b"\0")[:-2]
        asked = dict(zip(words[::2], words[1::2], strict=True))
        if refuses and b"options" in asked:
            refused.append(True)
            writer.write(b"E" + (len(REFUSAL) + 4).to_bytes(4, "big") + REFUSAL)
        else:
            asked.pop(b"options", None)
            server_reader, server_writer = await _server(url)
            given = b"".join(part + b"\0" for pair in asked.items() for part in pair) + b"\0"
            server_writer.write((len(given) + 8).to_bytes(4, "big") + PLAIN.to_bytes(4, "big") + given)
            asked_of = b"Q" if is_deaf else b""
            await asyncio.gather(_passed(reader, server_writer, but=asked_of), _passed(server_reader, writer))
        writer.close()

    listening = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield url.set(host="127.0.0.1", port=listening.sockets[0].getsockname()[1], query={})
        assert len(refused) <= 2, "what is known is not asked again, by either engine"
    finally:
        listening.close()


async def _startup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    while True:
        length = int.from_bytes(await reader.readexactly(4), "big")
        kind = int.from_bytes(await reader.readexactly(4), "big")
        rest = await reader.readexactly(length - 8)
        if kind == PLAIN:
            return rest
        if kind == CANCEL:
            return b""
        writer.write(b"N")  # no encryption here


async def _server(url: URL) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    folder = str(url.query.get("host", ""))
    if folder.startswith("/"):
        return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{url.query.get('port', 5432)}")
    return await asyncio.open_connection(url.host, url.port or 5432)


async def _passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, but: bytes = b"") -> None:
    with suppress(ConnectionError):
        while part := await reader.read(65_536):
            if but and part.startswith(but):
                continue
            writer.write(part)
            await writer.drain()
    writer.close()


@pytest.mark.parametrize("refuses", [True, False], ids=["refused", "left out"])
async def test_where_options_do_not_arrive_each_transaction_makes_the_settings(
    database_url: str, refuses: bool
) -> None:
    shown = "SELECT current_setting('statement_timeout') AS timeout, current_setting('timezone') AS zone"
    async with between(make_url(database_url), refuses=refuses) as url:
        engine = db.engine(url.render_as_string(hide_password=False))
        begin = db.transactions(engine)
        async with db.alone(engine) as made, begin() as session, begin() as other, made.connect() as alone:
            seen = [(await each.execute(text(shown))).one() for each in (session, other)]
            seen += await db.run(alone, db.Written(shown), {})
            driver = (await (await session.connection()).get_raw_connection()).driver_connection
            assert isinstance(driver, Pooled)
        await engine.dispose()

    assert [tuple(row) for row in seen] == [("2s", "UTC")] * 3


async def test_many_values_at_once_are_written_with_the_settings_too(database_url: str) -> None:
    async with between(make_url(database_url), refuses=False) as url:
        connection = await Way({"timezone": "Asia/Tokyo"})(
            url.set(drivername="postgresql").render_as_string(hide_password=False)
        )
        async with connection, connection.cursor() as cursor:
            await cursor.executemany("SELECT set_config('a.b', current_setting('timezone') || %s, false)", [("!",)])
            found = await (await connection.execute("SELECT current_setting('a.b')")).fetchone()

    assert found == ("Asia/Tokyo!",)


async def test_another_refusal_is_no_pool(database_url: str) -> None:
    nowhere = make_url(database_url).set(drivername="postgresql", database="nowhere")

    with pytest.raises(OperationalError, match="nowhere"):
        await Way({"timezone": "UTC"})(nowhere.render_as_string(hide_password=False))


async def test_without_a_pool_it_is_the_drivers_own_connection(database_url: str) -> None:
    here = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)

    async with await Way({"timezone": "Asia/Tokyo"})(here) as connection:
        shown = await (await connection.execute("SHOW timezone")).fetchone()

    assert (type(connection), shown) == (AsyncConnection, ("Asia/Tokyo",))


async def test_a_server_that_takes_a_connection_and_says_nothing_counts_as_away(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.pooled.ANSWERS_WITHIN_S", 0.2)
    async with between(make_url(database_url), is_deaf=True) as url:
        engine = db.engine(url.render_as_string(hide_password=False))
        with pytest.raises(SqlOperationalError, match="says nothing"):
            async with engine.connect():
                pass
        await engine.dispose()
