"""Two workspaces in one database, with the same Slack ids and the same numbers: nobody sees across."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import httpx
import pytest
from httpx import AsyncClient
from pydantic import SecretStr

from bot import http
from bot.houses import Houses
from domain import comments, credentials, incidents, profiles, signup, tokens, workspaces
from domain.incidents import Draft, Target
from domain.policy import Actor
from domain.users import Profile
from domain.workspaces import ChannelFacts
from tests.api.conftest import CHEAP, KEY, SLACK_IDS, Api

OTHER = "T0OTHER000"
ANA = "ana@harbour.example"


@dataclass
class Both:
    """Programs of Ana's in both workspaces, and one that nobody knows."""

    here: AsyncClient
    there: AsyncClient
    nobody: AsyncClient
    api: Api
    her: Actor
    token: str


@pytest.fixture
async def both(api: Api) -> AsyncIterator[Both]:
    """One server for both; in each, INC-1 is Ana's."""
    bot = api.workspace.bot
    ana = await api.person("ana")
    await api.opened("Ours")
    profile = Profile(slack_user_id=SLACK_IDS["ana"], name="Ana Almeida", email=ANA)
    async with bot.house.begin() as session:
        await workspaces.ensure(session, OTHER, url="https://other.slack.com/")
        await workspaces.learn_channels(session, OTHER, [ChannelFacts("C0INCIDENT", "incidents", is_private=False)])
        await profiles.learn(session, OTHER, [profile])
        her = await signup.join(session, OTHER, profile)
        incident = await incidents.create(session, Draft("Theirs", "C0INCIDENT"), by=her)
        await comments.say(session, Target(id=incident.id), "their secret", by=her)
        theirs = (await tokens.create(session, "other", by=her)).token
        for who, password in ((ana, "password of ours"), (her, "password of theirs")):
            await credentials.change_password(session, CHEAP.hash(password), old=None, by=who)
    doors: dict[str, Any] = {"begin": bot.house.begin, "lightly": bot.house.lightly, "once": bot.house.once}
    houses = Houses(**doors, routes=bot.house.routes)
    [served] = bot.houses.all()
    houses.add(replace(served, house=replace(bot.house, workspace_id=OTHER)))
    houses.add(served)

    async def yes() -> bool:
        return True

    site = http.Site(
        app=bot.app,
        houses=houses,
        signing_secret=None,
        is_connected=yes,
        is_current=yes,
        api=http.api(SecretStr(KEY), houses),
    )
    async with http.serving(site, "127.0.0.1", 0) as port:
        client = partial(AsyncClient, base_url=f"http://127.0.0.1:{port}/api/v1", timeout=30)
        ours = {"Authorization": (await api.as_("ana")).headers["Authorization"]}
        async with (
            client(headers=ours) as here,
            client(headers={"Authorization": f"Bearer {theirs}"}) as there,
            client() as nobody,
        ):
            yield Both(here, there, nobody, api, her, theirs)


async def titles(client: AsyncClient) -> list[str]:
    return [each["title"] for each in (await client.get("/incidents")).json()["items"]]


async def test_the_same_number_is_each_one_s_own(both: Both) -> None:
    assert (await titles(both.here), await titles(both.there)) == (["Ours"], ["Theirs"])
    assert (await both.here.get("/incidents/1")).json()["title"] == "Ours"
    assert (await both.there.get("/incidents/1")).json()["title"] == "Theirs"
    assert "secret" not in (await both.here.get("/incidents/1/comments")).text


async def test_nobody_s_comment_account_or_person_is_reached_from_the_other_side(both: Both) -> None:
    await both.api.workspace.changed('UPDATE "user" SET is_superuser = true')
    comment = (await both.there.get("/incidents/1/comments")).json()["items"][0]["id"]
    account = str(both.her.id)

    answers = [
        await both.here.patch(f"/incidents/1/comments/{comment}", json={"content": "mine now"}),
        await both.here.delete(f"/incidents/1/comments/{comment}"),
        await both.here.get(f"/users/{account}"),
        await both.here.post(f"/users/{account}/disable"),
        await both.here.delete(f"/users/{account}"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert (await both.here.post("/incidents/1/assign", json={"assignee": account})).status_code == 409
    assert (await both.here.get("/incidents", params={"owner": account})).json()["items"] == []
    assert account not in (await both.here.get("/users")).text
    assert (await both.there.get("/users/me")).json()["id"] == account


async def test_numbers_and_search_find_nothing_of_the_other_side(both: Both) -> None:
    assert (await both.here.get("/incidents", params={"q": "theirs"})).json()["items"] == []
    assert (await both.here.get("/incidents", params={"q": "secret"})).json()["items"] == []
    assert (await both.here.get("/stats")).json()["opened"] == 1
    assert (await both.there.post("/incidents/1/resolve", json={})).json()["status"] == "resolved"
    assert (await both.here.get("/incidents/1")).json()["status"] == "open"


async def test_the_same_key_for_a_request_opens_one_incident_in_each(both: Both) -> None:
    sent: dict[str, Any] = {
        "headers": {"Idempotency-Key": "same"},
        "json": {"title": "New", "channel_id": "C0INCIDENT"},
    }

    answers = [await client.post("/incidents", **sent) for client in (both.here, both.there)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]


async def login(both: Both, password: str, **more: str) -> httpx.Response:
    return await both.nobody.post("/login/access-token", data={"username": ANA, "password": password, **more})


async def test_a_login_is_for_the_workspace_whose_password_it_was(both: Both) -> None:
    for password, title in (("password of ours", "Ours"), ("password of theirs", "Theirs")):
        given = (await login(both, password)).json()["access_token"]
        answer = await both.nobody.get("/incidents/1", headers={"Authorization": f"Bearer {given}"})
        assert answer.json()["title"] == title

    assert (await login(both, "password of ours", client_id=OTHER)).status_code == 401
    assert (await login(both, "password of theirs", client_id=OTHER)).status_code == 200


async def test_a_process_that_does_not_serve_a_workspace_takes_none_of_its_tokens(both: Both) -> None:
    theirs = {"Authorization": f"Bearer {both.token}"}

    assert (await both.api.nobody.get("/users/me", headers=theirs)).status_code == 401


async def test_a_mail_for_each_workspace_sets_the_password_of_that_one_only(both: Both) -> None:
    assert (await both.nobody.post(f"/password-recovery/{ANA}")).status_code == 202
    assert await both.api.workspace.rows("SELECT workspace_id FROM code ORDER BY 1") == [("T0HARBOUR0",), (OTHER,)]
    token = credentials.made()
    async with both.api.workspace.bot.house.begin() as session:
        for (code,) in await both.api.workspace.rows("SELECT id FROM code WHERE workspace_id = :w", w=OTHER):
            await credentials.keep(session, code, token)
    new = {"token": token, "new_password": "yet another password"}

    assert (await both.nobody.post("/reset-password/", json=new)).status_code == 200

    assert (await login(both, "password of ours")).status_code == 200
    assert (await login(both, "password of theirs")).status_code == 401
    assert (await login(both, "yet another password", client_id=OTHER)).status_code == 200
