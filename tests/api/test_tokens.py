"""API tokens: made in Slack, shown once, and good until they are revoked."""

import re

import pytest

from tests.api.conftest import Api
from tests.end_to_end.conftest import working
from tests.end_to_end.eyes import answer, direct_messages, superuser


async def made(api: Api, who: str = "ben", label: str = "deployment script") -> str:
    """A token as somebody gets it."""
    found = re.search(r"it_[\w-]{43}", await answer(api.workspace, f"token create {label}", by=who))
    assert found
    return found[0]


async def status(api: Api, token: str) -> int:
    return (await api.nobody.get("/users/me", headers={"Authorization": f"Bearer {token}"})).status_code


async def test_a_token_does_what_its_owner_can_do_until_it_is_revoked(api: Api) -> None:
    token = await made(api)
    assert await status(api, token) == 200

    assert "Revoked" in await answer(api.workspace, "token revoke 1")

    assert await status(api, token) == 401
    assert "revoked before" in await answer(api.workspace, "token revoke 1")


async def test_a_token_is_shown_once_and_stands_nowhere(api: Api) -> None:
    token = await made(api)
    await status(api, token)

    assert token not in await answer(api.workspace, "token")
    for (table,) in await api.workspace.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        kept = await api.workspace.rows(f'SELECT 1 FROM "{table}" t WHERE t::text LIKE :t', t=f"%{token}%")  # noqa: S608
        assert kept == [], table


async def test_the_list_names_label_and_last_use_and_nobody_else_s(api: Api) -> None:
    await made(api, "ana", "other")
    token = await made(api)
    assert "there are none" in await answer(api.workspace, "token", by="chloe")
    before = await api.workspace.stage.command("ben", "#incidents", "token")

    await status(api, token)
    await status(api, token)

    after = await api.workspace.stage.command("ben", "#incidents", "token list")
    assert "2 deployment script" in before["text"]
    assert "other" not in before["text"]
    assert "never used" in str(before)
    assert "last used" in str(after)
    [(uses,)] = await api.workspace.rows("SELECT count(*) FROM api_token WHERE used_at IS NOT NULL")
    assert uses == 1


async def test_its_last_use_is_noted_once_a_minute(api: Api) -> None:
    token = await made(api)
    await status(api, token)
    first = await api.workspace.rows("SELECT used_at, xmin::text FROM api_token")
    await status(api, token)
    assert await api.workspace.rows("SELECT used_at, xmin::text FROM api_token") == first

    await api.workspace.changed("UPDATE api_token SET used_at = used_at - interval '2 minutes'")
    await status(api, token)

    assert (await api.workspace.rows("SELECT used_at FROM api_token"))[0][0] > first[0][0]


@pytest.mark.parametrize(
    "line, words",
    [
        ("token create", "Say what it is for"),
        ("token create " + "x" * 61, "Say what it is for"),
        ("token revoke", "name the token by its number"),
        ("token revoke ２", "name the token by its number"),
        ("token revoke 9", "you have no such token"),
        ("token revoke 99999999999", "name the token by its number"),
        ("token frobnicate", "nothing that a token can be"),
        ("token list <@U0ANA00000>", "Only superusers"),
    ],
)
async def test_what_cannot_be_done_says_why(api: Api, line: str, words: str) -> None:
    assert words in await answer(api.workspace, line)


async def test_nobody_has_more_than_twenty(api: Api) -> None:
    for number in range(20):
        await made(api, label=f"n{number}")

    assert "20 are the most" in await answer(api.workspace, "token create one more")


async def test_a_superuser_sees_and_revokes_somebody_s_and_they_are_told(api: Api) -> None:
    token = await made(api)
    await superuser(api.workspace, "ana")

    assert "1 deployment script" in await answer(api.workspace, "token list <@U0BEN00000>", by="ana")
    assert "Revoked" in await answer(api.workspace, "token revoke 1", by="ana")
    await api.workspace.delivered()

    assert await status(api, token) == 401
    assert "revoked the API token “deployment script”" in str(await direct_messages(api.workspace, "ben"))


async def test_somebody_s_token_is_nobody_else_s_business(api: Api) -> None:
    token = await made(api)

    assert "you have no such token" in await answer(api.workspace, "token revoke 1", by="chloe")

    assert await status(api, token) == 200


async def test_a_guest_gets_none(api: Api) -> None:
    assert "Only members" in await answer(api.workspace, "token create x", by="gus")


async def test_a_mention_never_makes_one(api: Api) -> None:
    bot = api.workspace.bot.house.bot_user_id
    await api.workspace.stage.do("message", user="ben", channel="#incidents", text=f"<@{bot}> token create a script")
    await api.workspace.delivered()

    assert await api.workspace.rows("SELECT 1 FROM api_token") == []


async def test_without_an_api_no_token_is_made(database_url: str) -> None:
    async with working(database_url) as workspace:
        assert "switched off" in await answer(workspace, "token create x")
