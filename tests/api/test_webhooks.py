"""Webhooks: what other programs are told, against a receiver that listens on this machine."""

import asyncio
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot import app
from domain.destinations import Destinations
from domain.sealing import Sealer
from domain.webhooks import PURPOSE
from tests.api.conftest import KEY, Api, reachable
from tests.api.receiver import Receiver, receiving, until
from tests.end_to_end.conftest import settings_of, working
from tests.end_to_end.eyes import answer, direct_messages, superuser

README = (Path(__file__).parents[2] / "README.md").read_text("utf8")
HERE = ("127.0.0.0/8",)


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Api]:
    """The bot; Ana administers, and webhooks may go to this machine."""
    async with reachable(database_url, webhook_networks=HERE) as found:
        await superuser(found.workspace)
        found.courier.again_s = 0.05
        yield found


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


async def added(api: Api, receiver: Receiver, words: str = "") -> str:
    """A new webhook's secret, once its receiver was greeted."""
    said = await answer(api.workspace, f"admin webhook add {receiver.url} {words}", by="ana")
    found = re.search(r"whsec_[\w+/=]+", said)
    assert found, said
    if receiver.hangs is None and receiver.status < 300 and not receiver.answers:
        await until(lambda: receiver.taken)
    return found[0]


def documented() -> Callable[[str, dict[str, str], bytes], bool]:
    """The function that README shows."""
    [code] = re.findall(r"```python\n(import base64.+?)```", README, re.DOTALL)
    known: dict[str, Any] = {}
    exec(code, known)  # noqa: S102 - it is ours
    found: Callable[[str, dict[str, str], bytes], bool] = known["is_ours"]
    return found


async def told(api: Api, receiver: Receiver, kind: str) -> dict[str, Any]:
    """The first of this kind that the receiver took."""
    await until(lambda: kind in receiver.kinds)
    return next(each for each in receiver.taken if each["type"] == kind)


async def test_a_whole_incident_is_told_in_order_and_as_the_readme_says(api: Api, receiver: Receiver) -> None:
    secret = await added(api, receiver)
    card = await api.workspace.opened("Disk full")
    await api.workspace.stage.click("ben", "#incidents", card, "incident.take")
    await api.workspace.stage.reply("chloe", "#incidents", card, "Which disk?")
    await answer(api.workspace, "comment 1 the second", by="ana")
    await answer(api.workspace, "resolve 1 freed space")
    await answer(api.workspace, "reopen 1")
    await answer(api.workspace, "p 1 critical")
    await api.workspace.delivered()

    assert receiver.kinds == [
        "incident.opened", "incident.changed", "comment.created", "comment.created", "incident.resolved",
        "incident.reopened", "incident.changed",
    ]  # fmt: skip
    resolved = await told(api, receiver, "incident.resolved")
    assert resolved["data"]["changes"][-1]["note"] == "freed space"
    assert resolved["data"]["changes"][-1]["by"]["name"].startswith("Ben")
    said = await told(api, receiver, "comment.created")
    assert (said["data"]["comment"]["content"], said["data"]["incident"]["ref"]) == ("Which disk?", "INC-1")
    is_ours = documented()
    for headers, body in receiver.requests:
        assert is_ours(secret, headers, body)
        assert not is_ours(secret, headers, body + b" ")
        assert not is_ours(secret, {**headers, "webhook-timestamp": "1700000000"}, body)
    ids = [headers["webhook-id"] for headers, _ in receiver.requests]
    assert len(set(ids)) == len(ids)


async def test_what_the_readme_shows_is_what_is_sent(api: Api, receiver: Receiver) -> None:
    await added(api, receiver)
    await api.workspace.opened("Disk full")
    sent = await told(api, receiver, "incident.opened")

    [example] = re.findall(r'```json\n(\{\n  "id": "0b7f.+?)```', README, re.DOTALL)
    names = set(re.findall(r'"(\w+)":', example))
    assert names == set(re.findall(r'"(\w+)":', str(sent).replace("'", '"')))


async def test_edits_and_deletions_of_comments_are_told_and_deleted_words_are_not(api: Api, receiver: Receiver) -> None:
    await added(api, receiver, "commented")
    card = await api.workspace.opened("Disk full")
    ts = await api.workspace.stage.reply("chloe", "#incidents", card, "Which disk?")
    await told(api, receiver, "comment.created")
    await api.workspace.control("edit", {"user": "chloe", "channel": "#incidents", "ts": ts, "text": "Which host?"})
    edited = await told(api, receiver, "comment.edited")

    await api.workspace.control("delete", {"user": "chloe", "channel": "#incidents", "ts": ts})

    deleted = await told(api, receiver, "comment.deleted")
    assert edited["data"]["comment"]["content"] == "Which host?"
    assert deleted["data"]["comment"] == {"id": edited["data"]["comment"]["id"]}
    assert "incident.opened" not in receiver.kinds, "it is told of comments only"


async def test_a_deleted_incident_is_told_without_its_words(api: Api, receiver: Receiver) -> None:
    await added(api, receiver)
    await api.opened("Password is hunter2")
    await api.workspace.delivered()

    assert (await (await api.as_("ana")).delete("/incidents/1")).status_code == 204

    deleted = await told(api, receiver, "incident.deleted")
    assert "hunter2" not in str(deleted)
    assert deleted["data"]["incident"]["ref"] == "INC-1"


async def test_private_channels_are_told_only_to_those_who_may_hear_of_them(api: Api) -> None:
    async with receiving() as public, receiving() as private:
        await added(api, public)
        await added(api, private, "opened private")
        await api.workspace.changed("UPDATE channel SET is_private = true WHERE name = 'incidents'")

        await api.opened("Disk full")

        await told(api, private, "incident.opened")
        await api.workspace.delivered()
        assert public.kinds == []


async def test_what_is_not_taken_is_sent_again_with_the_same_id_until_it_is(api: Api, receiver: Receiver) -> None:
    await added(api, receiver)
    receiver.answers = [500, 302, 429]

    await api.workspace.opened("Disk full")

    await told(api, receiver, "incident.opened")
    tries = [headers["webhook-id"] for headers, body in receiver.requests if b"incident.opened" in body]
    assert (len(tries), len(set(tries))) == (4, 1)


async def test_a_receiver_that_is_away_gets_everything_in_order_when_it_is_back(api: Api) -> None:
    async with receiving() as receiver:
        await added(api, receiver)
        port = int(receiver.url.rsplit(":", 1)[1].split("/")[0])
    await api.opened("Disk full")
    await answer(api.workspace, "take 1")
    await answer(api.workspace, "resolve 1 done")
    assert "takes nothing" in await until_said(api, "takes nothing")

    async with receiving(port) as back:
        await until(lambda: len(back.kinds) == 3)
        assert back.kinds == ["incident.opened", "incident.changed", "incident.resolved"]
        assert "took the last one" in await until_said(api, "took the last one")


async def test_an_answer_that_is_lost_means_once_more_with_the_same_id(api: Api, receiver: Receiver) -> None:
    await added(api, receiver)
    receiver.breaks = 1

    await api.opened("Disk full")

    await until(lambda: len(receiver.kinds) == 2)
    first, second = receiver.taken[-2:]
    assert first["id"] == second["id"]
    await api.workspace.delivered()
    assert receiver.kinds == ["incident.opened"] * 2


async def test_what_was_not_sent_before_the_bot_stopped_is_sent_by_the_next_one(api: Api, receiver: Receiver) -> None:
    await added(api, receiver)
    receiver.status = 503
    await api.opened("Disk full")
    await until(lambda: len(receiver.requests) > 2)
    await api.workspace.stop()
    assert receiver.kinds == []
    receiver.status = 204

    wishes = {"secret_key": SecretStr(KEY), "webhook_networks": HERE}
    async with app.running(settings_of(api.workspace.sandbox, **wishes), api.workspace.engine):
        await until(lambda: receiver.kinds == ["incident.opened"], within_s=40)


async def test_in_a_thread_where_others_read_no_webhook_is_added(api: Api, receiver: Receiver) -> None:
    card = await api.workspace.opened("Disk full")
    line = f"<@{api.workspace.bot.house.bot_user_id}> admin webhook add {receiver.url}"

    await api.workspace.stage.reply("ana", "#incidents", card, line)
    await api.workspace.delivered()

    assert "/incident only" in str(await api.workspace.stage.state())
    assert await api.workspace.rows("SELECT 1 FROM webhook") == []


async def until_said(api: Api, words: str) -> str:
    """What the list of webhooks says, as soon as it says this."""
    async with asyncio.timeout(20):
        while words not in (said := await answer(api.workspace, "admin webhook", by="ana")):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return said


async def test_receivers_that_never_answer_hold_up_neither_slack_nor_others(api: Api) -> None:
    api.courier.within_s = 60
    async with receiving() as well, receiving() as one, receiving() as other, receiving() as third:
        await added(api, well)
        for bad in (one, other, third):
            bad.hangs = asyncio.Event()
            await added(api, bad)
        for n in range(12):
            await api.opened(f"Number {n}")

        await until(lambda: len(well.kinds) == 12)
        await api.workspace.shown("#incidents", "Number 11")
        assert one.taken == other.taken == third.taken == []
        for bad in (one, other, third):
            assert bad.hangs is not None
            bad.hangs.set()


async def test_a_receiver_whose_name_nobody_answers_for_holds_up_neither_slack_nor_others(
    api: Api, receiver: Receiver
) -> None:
    answers = threading.Event()

    def look_up(host: str, *how: Any) -> Any:
        if host == "away.example":
            answers.wait()
        return socket.getaddrinfo("127.0.0.1", *how)

    api.courier.look_up, api.courier.within_s = look_up, 0.2
    try:
        await answer(api.workspace, "admin webhook add http://away.example/hook", by="ana")
        receiver.url = receiver.url.replace("127.0.0.1", "near.example")
        await added(api, receiver)
        for n in range(12):
            await api.opened(f"Number {n}")

        assert "did not answer within 0.2 s" in await until_said(api, "takes nothing")
        await until(lambda: len({each["data"]["incident"]["id"] for each in receiver.taken[1:]}) == 12)
        await api.workspace.shown("#incidents", "Number 11")
        async with asyncio.timeout(20):
            assert await asyncio.get_running_loop().getaddrinfo("localhost", 443), "Slack's name is looked up there"
    finally:
        answers.set()


async def test_a_slow_answer_counts_as_none(api: Api, receiver: Receiver) -> None:
    api.courier.within_s = 0.2
    receiver.hangs = asyncio.Event()
    await added(api, receiver)

    assert "did not answer within 0.2 s" in await until_said(api, "did not answer")
    receiver.hangs.set()
    receiver.hangs = None
    await until(lambda: receiver.taken)


async def test_a_receiver_that_is_gone_is_switched_off_and_superusers_are_told(api: Api, receiver: Receiver) -> None:
    receiver.status = 410
    await added(api, receiver)
    await until(lambda: receiver.requests)
    await api.workspace.delivered()

    assert "switched off" in await until_said(api, "switched off")
    assert "answered 410" in str(await direct_messages(api.workspace, "ana"))
    count = len(receiver.requests)
    await api.workspace.opened("Disk full")
    await api.workspace.delivered()
    assert len(receiver.requests) == count

    receiver.status = 204
    assert "told again" in await answer(api.workspace, "admin webhook on 1", by="ana")
    await until(lambda: receiver.taken)
    assert receiver.kinds == []


async def test_a_receiver_that_takes_nothing_for_long_is_switched_off(api: Api, receiver: Receiver) -> None:
    api.courier.off_after = timedelta(seconds=0.5)
    receiver.status = 503

    await added(api, receiver)

    assert "answered 503" in await until_said(api, "switched off")
    await until(lambda: api.workspace.rows("SELECT 1 FROM outbox WHERE gave_up_at IS NOT NULL"))
    assert "Incident Tracker* switched webhook 1" in await answer(api.workspace, "admin audit", by="ana")


async def test_the_doctor_names_a_receiver_that_takes_nothing(api: Api, receiver: Receiver) -> None:
    receiver.status = 503
    await added(api, receiver)
    await until_said(api, "answered 503")

    await answer(api.workspace, "admin doctor", by="ana")
    await until(lambda: direct_messages(api.workspace, "ana"))

    assert "127.0.0.1 takes nothing: answered 503, for less than a minute" in str(
        await direct_messages(api.workspace, "ana")
    )


async def test_what_only_one_receiver_does_not_want_is_given_up_and_the_rest_goes_on(
    api: Api, receiver: Receiver
) -> None:
    api.courier.tries = 2
    await added(api, receiver)
    receiver.answers = [422, 422]

    await api.workspace.opened("Disk full")
    await answer(api.workspace, "take 1")

    await told(api, receiver, "incident.changed")
    assert receiver.kinds == ["incident.changed"]
    [(why,)] = await api.workspace.rows("SELECT last_error FROM outbox WHERE gave_up_at IS NOT NULL")
    assert why == "webhook 1 (127.0.0.1): answered 422"
    await answer(api.workspace, "admin doctor", by="ana")
    await api.workspace.delivered()
    assert "webhook 1 (127.0.0.1): answered 422" in str(await direct_messages(api.workspace, "ana"))


async def test_redirects_are_not_followed(api: Api, receiver: Receiver) -> None:
    async with receiving() as elsewhere:
        receiver.status, receiver.headers = 307, {"Location": elsewhere.url}
        await added(api, receiver)

        await until_said(api, "answered 307")
        assert elsewhere.requests == []


async def test_secrets_and_addresses_stand_nowhere_in_the_clear(api: Api, receiver: Receiver) -> None:
    receiver.url += "/a-secret-path"
    secret = await added(api, receiver)
    await until_said(api, "took the last one")

    for (table,) in await api.workspace.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        for words in (secret, "a-secret-path"):
            kept = await api.workspace.rows(f'SELECT 1 FROM "{table}" t WHERE t::text LIKE :w', w=f"%{words}%")  # noqa: S608
            assert kept == [], table
    assert "a-secret-path" not in await answer(api.workspace, "admin webhook", by="ana")


async def test_only_superusers_administer_webhooks(api: Api, receiver: Receiver) -> None:
    ben = await api.as_("ben")

    assert "superusers" in await answer(api.workspace, f"admin webhook add {receiver.url}", by="ben")
    for method, path, sent in (
        ("GET", "/webhooks", None), ("POST", "/webhooks", {"url": receiver.url}), ("DELETE", "/webhooks/1", None),
        ("POST", "/webhooks/1/on", None),
    ):  # fmt: skip
        assert (await ben.request(method, path, json=sent)).status_code == 403


async def test_by_the_api_they_are_added_listed_and_removed(api: Api, receiver: Receiver) -> None:
    ana = await api.as_("ana")
    made = await ana.post("/webhooks", json={"url": receiver.url, "events": ["opened"]})
    assert made.status_code == 201, made.text
    await until(lambda: receiver.taken)

    [listed] = (await ana.get("/webhooks")).json()["items"]

    assert (listed["number"], listed["host"], listed["events"]) == (1, "127.0.0.1", ["opened"])
    assert "secret" not in listed
    assert (await ana.post("/webhooks/1/on")).status_code == 409
    assert (await ana.post("/webhooks", json={"url": "ftp://a"})).status_code == 409
    assert (await ana.delete("/webhooks/1")).status_code == 204
    assert (await ana.delete("/webhooks/1")).status_code == 404
    await api.opened("Disk full")
    await api.workspace.delivered()
    assert receiver.kinds == []


@pytest.mark.parametrize(
    "line, words",
    [
        ("admin webhook", "there are none"),
        ("admin webhook add", "say its address"),
        ("admin webhook add http://127.0.0.1:1/x closed", "no event “closed”"),
        ("admin webhook add gopher://127.0.0.1", "https://"),
        ("admin webhook remove", "by its number"),
        ("admin webhook remove 7", "no webhook 7"),
        ("admin webhook shake", "nothing that a webhook can be"),
    ],
)
async def test_what_cannot_be_done_says_why(api: Api, line: str, words: str) -> None:
    assert words in await answer(api.workspace, line, by="ana")


async def test_what_is_removed_is_told_nothing_and_the_audit_knows(api: Api, receiver: Receiver) -> None:
    await added(api, receiver)

    assert "told nothing any more" in await answer(api.workspace, "admin webhook remove 1", by="ana")

    await api.workspace.opened("Disk full")
    await api.workspace.delivered()
    assert receiver.kinds == []
    audit = await answer(api.workspace, "admin audit", by="ana")
    assert "removed webhook 1 to 127.0.0.1" in audit
    assert "added webhook 1 to 127.0.0.1" in audit


async def test_a_name_that_leads_to_a_private_address_is_not_connected_to(database_url: str) -> None:
    async with receiving() as receiver, reachable(database_url, webhook_networks=("10.1.0.0/16",)) as api:
        await superuser(api.workspace)
        receiver.url = receiver.url.replace("127.0.0.1", "localhost")
        said = await answer(api.workspace, f"admin webhook add {receiver.url}", by="ana")
        assert "whsec_" in said

        assert "not a public one" in await until_said(api, "takes nothing")
        assert receiver.requests == []


async def test_a_network_that_is_not_allowed_any_more_is_not_reached_any_more(api: Api, receiver: Receiver) -> None:
    await added(api, receiver)
    api.courier.to = Destinations()

    await api.opened("Disk full")

    assert "not a public one" in await until_said(api, "takes nothing")
    assert receiver.kinds == []


async def test_with_another_key_the_list_says_what_is_wrong(api: Api, receiver: Receiver) -> None:
    await added(api, receiver)
    api.courier.sealer = Sealer("another key that has more than 32 characters", PURPOSE)

    await api.opened("Disk full")

    assert "SECRET_KEY is not the one" in await until_said(api, "takes nothing")


async def test_without_a_key_there_are_no_webhooks(database_url: str) -> None:
    async with working(database_url) as workspace:
        await superuser(workspace)

        assert "SECRET_KEY" in await answer(workspace, "admin webhook add https://example.com", by="ana")
