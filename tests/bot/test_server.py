"""What is done on the server itself: naming the first superuser, and printing codes."""

import re

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import server
from bot.settings import Settings
from domain import codes, hashing, mapping, users
from domain.codes import Purpose
from domain.db import Begin
from domain.errors import InvalidInput
from domain.policy import Actor
from domain.users import User
from domain.workspaces import Workspace


def settings(**given: object) -> Settings:
    tokens = {"slack_bot_token": SecretStr("xoxb-1"), "slack_app_token": SecretStr("xapp-1")}
    return Settings(**{"_env_file": None, **tokens, **given})  # type: ignore[arg-type]


async def linked(begin: Begin, address: str, code: str, *, by: Actor) -> bool:
    """The printed code, entered after ``link``."""
    async with begin() as session:
        request_id = await codes.ask(session, Purpose.LINK, address, by=by)
    async with begin() as session:
        tried = await codes.count_try(session, Purpose.LINK, request_id, by=by)
    found = await hashing.matching(codes.read(code), tried.hashes)
    async with begin() as session:
        return await mapping.link(session, await codes.use(session, tried, found), by=by)


async def test_a_printed_code_makes_the_first_superuser(
    begin: Begin, engine: AsyncEngine, database_url: str, team: str, ana: Actor
) -> None:
    code = await server.print_code(database_url, "Boss@example.com", team, is_superuser=True)

    assert re.fullmatch(r"[A-Z0-9]{8}", code)
    assert await linked(begin, "boss@example.com", code, by=ana)
    async with begin() as session:
        assert (await users.actor(session, team, ana.slack_user_id)).is_superuser


async def test_a_printed_code_alone_gives_no_rights(begin: Begin, database_url: str, team: str, ana: Actor) -> None:
    code = await server.print_code(database_url, "ana@example.com", team, is_superuser=False)

    assert not await linked(begin, "ana@example.com", code, by=ana)


async def test_it_must_be_clear_which_workspace_is_meant(begin: Begin, database_url: str, team: str) -> None:
    with pytest.raises(InvalidInput, match="Say which workspace"):
        await server.print_code(database_url, "ana@example.com", "TNOBODY", is_superuser=False)
    with pytest.raises(InvalidInput, match="no e-mail address"):
        await server.print_code(database_url, "ana", team, is_superuser=False)


def test_one_workspace_needs_no_name_and_none_is_said() -> None:
    assert server.only(["T1"], None) == "T1"
    assert server.only(["T1", "T2"], "T2") == "T2"
    with pytest.raises(InvalidInput, match="Start the bot once"):
        server.only([], None)
    with pytest.raises(InvalidInput, match="--workspace T1 or T2"):
        server.only(["T1", "T2"], None)


async def test_the_settings_say_who_gets_an_account_and_who_is_first(begin: Begin, team: str) -> None:
    wanted = settings(sign_up="domain", sign_up_domains="example.com,example.net", first_superuser="boss@example.com")

    await server.prepare(wanted, begin, team)
    await server.prepare(wanted, begin, team)
    await server.prepare(settings(first_superuser="other@example.com"), begin, team)

    async with begin() as session:
        here = select(Workspace.sign_up, Workspace.sign_up_domains).where(Workspace.id == team)
        assert tuple((await session.execute(here)).one()) == ("open", [])
        named = select(User.email).where(User.workspace_id == team, User.is_nominated)
        assert list(await session.scalars(named)) == ["boss@example.com"]
        entries = text("SELECT count(*) FROM audit_entry WHERE workspace_id = :team")
        assert await session.scalar(entries, {"team": team}) == 1
