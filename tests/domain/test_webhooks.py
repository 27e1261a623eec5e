"""Webhooks: who is told of what, by rows in the outbox that every change brings along."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from domain import comments, deletion, destinations, hearing, lifecycle, undoing, webhooks, workspaces
from domain.comments import Reply
from domain.db import Begin
from domain.destinations import Destinations
from domain.errors import AlreadyDone, Forbidden, InvalidInput, NotFound
from domain.hearing import Heard
from domain.incidents import Target
from domain.outbox import OutboxMessage, Topic
from domain.policy import Actor
from domain.sealing import Sealer
from domain.webhooks import Event, Made, Occasion, Webhook
from tests.conftest import GENERAL, SECRET
from tests.domain.conftest import Make, done, shown

SEALER = Sealer("a key that nobody guesses, of more than 32 characters", webhooks.PURPOSE)
URL = "https://hooks.example.com/secret-path"


@pytest.fixture
def root(ana: Actor) -> Actor:
    """Ana as a superuser."""
    return replace(ana, is_superuser=True)


async def add(begin: Begin, by: Actor, *events: str, url: str = URL, private: bool = False, **more: Any) -> Made:
    async with begin() as session:
        made = await webhooks.add(
            session, url, events, tells_private=private, sealer=SEALER, to=more.get("to", Destinations()), by=by
        )
        await session.execute(text("DELETE FROM outbox WHERE workspace_id = :team"), {"team": by.workspace_id})
    return made


async def one(begin: Begin, by: Actor, number: int = 1) -> Webhook:
    async with begin() as session:
        return next(each for each in await webhooks.listed(session, by=by) if each.number == number)


async def rows(begin: Begin, team: str) -> list[OutboxMessage]:
    """What webhooks are to be told, in order."""
    due = (OutboxMessage.workspace_id == team, OutboxMessage.topic == Topic.WEBHOOK_DUE)
    async with begin() as session:
        return list(await session.scalars(select(OutboxMessage).where(*due).order_by(OutboxMessage.id)))


async def events(begin: Begin, team: str) -> list[str]:
    return [row.payload["event"] for row in await rows(begin, team)]


async def told(begin: Begin, row: OutboxMessage, *, private: bool = False) -> Occasion | None:
    async with begin() as session:
        return await webhooks.occasion(session, row.incident_id, row.payload, tells_private=private)


async def test_a_new_webhook_is_greeted_and_its_secret_and_address_are_sealed(begin: Begin, root: Actor) -> None:
    async with begin() as session:
        made = await webhooks.add(session, URL, sealer=SEALER, to=Destinations(), by=root)

    webhook = await one(begin, root)
    assert (made.number, made.host, webhook.host) == (1, "hooks.example.com", "hooks.example.com")
    assert made.secret.startswith("whsec_")
    assert (SEALER.open(webhook.secret), SEALER.open(webhook.url)) == (made.secret, URL)
    assert webhook.events == list(Event)
    [greeting] = await rows(begin, root.workspace_id)
    assert (greeting.payload["event"], greeting.lane) == ("added", f"webhook:{webhook.id}:0")


async def test_what_happens_is_told_in_order_and_what_belongs_together_once(
    begin: Begin, opened: Make, root: Actor, ben: Actor
) -> None:
    await add(begin, root)
    incident = await opened()
    await done(begin, lifecycle.take, incident, by=ben)
    async with begin() as session:
        await comments.say(session, Target(id=incident.id), "freed space", by=ben)
    await done(begin, lifecycle.resolve, incident, by=ben, note="freed space")
    await done(begin, lifecycle.reopen, incident, by=ben)
    async with begin() as session:
        await undoing.undo(session, by=ben)
    await done(begin, deletion.delete, incident, by=root)

    found = await rows(begin, root.workspace_id)

    assert [row.payload["event"] for row in found] == [
        "opened", "changed", "commented", "resolved", "reopened", "changed", "deleted",
    ]  # fmt: skip
    assert len({row.lane for row in found}) == 1
    assert len({row.payload["id"] for row in found}) == len(found)
    assert {row.incident_id for row in found} == {incident.id}


async def test_a_resolution_of_an_open_incident_is_one_event_with_both_steps(
    begin: Begin, opened: Make, root: Actor
) -> None:
    await add(begin, root, "resolved")
    incident = await opened()
    await done(begin, lifecycle.resolve, incident, by=root)

    [row] = await rows(begin, root.workspace_id)

    occasion = await told(begin, row)
    assert occasion is not None
    assert [change.what.value for change in occasion.changes] == ["started", "resolved"]
    assert occasion.incident.ref == incident.ref


async def test_each_is_told_only_what_it_wants_and_another_workspace_nothing(
    begin: Begin, opened: Make, root: Actor
) -> None:
    await add(begin, root, "opened", " Commented ")
    await add(begin, root, "changed")
    async with begin() as session:
        other = f"T{uuid4().hex[:10].upper()}"
        await workspaces.ensure(session, other, url="https://other.slack.com/")
    await add(begin, replace(root, workspace_id=other))

    incident = await opened()
    await done(begin, lifecycle.take, incident, by=root)

    first, second = await one(begin, root, 1), await one(begin, root, 2)
    assert (first.events, second.events) == (["opened", "commented"], ["changed"])
    assert [(row.payload["webhook"], row.payload["event"]) for row in await rows(begin, root.workspace_id)] == [
        (str(first.id), "opened"), (str(second.id), "changed"),
    ]  # fmt: skip
    assert await events(begin, other) == []


async def test_replies_in_the_thread_their_edits_and_deletions_are_told(
    begin: Begin, opened: Make, root: Actor, ben: Actor
) -> None:
    incident = await opened()
    await add(begin, root)
    team, reply = (
        root.workspace_id,
        Reply(channel_id=GENERAL, thread_ts="1.0", ts="1750000000.000100", content="Which?"),
    )
    async with begin() as session:
        await session.execute(
            text("INSERT INTO thread (workspace_id, channel_id, ts, incident_id) VALUES (:t, :c, '1.0', :i)"),
            {"t": team, "c": GENERAL, "i": incident.id},
        )
        assert await hearing.keep(session, team, [Heard(reply, ben.slack_user_id)]) == [True]
    [made] = await rows(begin, team)
    occasion = await told(begin, made)
    assert occasion is not None
    assert occasion.said is not None
    assert (occasion.said.content, occasion.how) == ("Which?", "created")

    async with begin() as session:
        edited = replace(reply, content="Which disk?", edited_at=datetime.now(UTC))
        await comments.hear(session, incident.id, edited, by=ben)
        await comments.hear(session, incident.id, replace(edited, edited_at=datetime.now(UTC)), by=ben)
    async with begin() as session:
        await comments.forget(session, team, GENERAL, reply.ts)
        await comments.forget(session, team, GENERAL, reply.ts)

    found = await rows(begin, team)
    assert [row.payload["how"] for row in found] == ["created", "edited", "deleted"]
    occasions = [await told(begin, row) for row in found]
    assert occasions[:2] == [None, None], "its words are gone"
    assert occasions[2] is not None
    assert (occasions[2].how, occasions[2].said) == ("deleted", None)
    assert occasions[2].comment_id == UUID(found[0].payload["comment"])


async def test_a_reply_that_was_deleted_before_it_was_heard_is_not_told(
    begin: Begin, opened: Make, root: Actor, ben: Actor
) -> None:
    incident = await opened()
    await add(begin, root)
    gone = Reply(channel_id=GENERAL, thread_ts="1.0", ts="1750000000.000100", content="", deleted_at=datetime.now(UTC))

    async with begin() as session:
        await comments.hear(session, incident.id, gone, by=ben)

    assert await rows(begin, root.workspace_id) == []


async def test_what_is_taken_back_with_its_transaction_is_not_told(begin: Begin, opened: Make, root: Actor) -> None:
    await add(begin, root)
    incident = await opened()
    with suppress(ZeroDivisionError):
        async with begin() as session:
            await lifecycle.take(session, Target(id=incident.id), by=root)
            raise ZeroDivisionError

    assert await events(begin, root.workspace_id) == ["opened"]


async def test_private_channels_are_told_only_to_who_may_hear_of_them(begin: Begin, opened: Make, root: Actor) -> None:
    await add(begin, root)
    await opened(channel_id=SECRET)
    await opened(channel_id="C0UNKNOWN")

    for row in await rows(begin, root.workspace_id):
        assert await told(begin, row) is None
        assert await told(begin, row, private=True) is not None


async def test_of_a_deleted_incident_only_the_deletion_is_told_and_of_a_purged_one_nothing(
    begin: Begin, opened: Make, root: Actor
) -> None:
    await add(begin, root)
    incident = await opened()
    await done(begin, deletion.delete, incident, by=root)
    made, deleted = await rows(begin, root.workspace_id)

    assert await told(begin, made) is None
    assert await told(begin, deleted) is not None
    deleted.payload["batch"] = str(uuid4())
    assert await told(begin, deleted) is None, "its history is gone"
    deleted.incident_id = uuid4()
    assert await told(begin, deleted) is None


async def test_one_that_takes_nothing_for_long_is_switched_off_once_and_superusers_know(
    begin: Begin, opened: Make, root: Actor
) -> None:
    await add(begin, root)
    webhook = await one(begin, root)
    for _ in range(2):
        async with begin() as session:
            assert not await webhooks.failed(session, webhook.id, "answered 500")
    failing = await one(begin, root)
    assert (failing.failure, failing.off_at) == ("answered 500", None)
    assert failing.failing_since is not None

    for _ in range(2):
        async with begin() as session:
            assert await webhooks.failed(session, webhook.id, "answered 503", off_after=timedelta(0))
            await webhooks.stop(session, webhook.id, "again")

    off = await one(begin, root)
    assert off.failure == "answered 503"
    assert off.off_at is not None
    async with begin() as session:
        counted = "SELECT count(*) FROM audit_entry WHERE workspace_id = :team AND deed = 'webhook stopped'"
        assert await session.scalar(text(counted), {"team": root.workspace_id}) == 1
    await opened()
    assert await events(begin, root.workspace_id) == []


async def test_a_success_ends_what_was_wrong_and_is_not_written_down_each_time(begin: Begin, root: Actor) -> None:
    await add(begin, root)
    webhook = await one(begin, root)
    async with begin() as session:
        await webhooks.failed(session, webhook.id, "answered 500")
    for _ in range(2):
        async with begin() as session:
            await webhooks.took(session, webhook.id)
    well = await one(begin, root)
    async with begin() as session:
        await webhooks.took(session, webhook.id)

    assert (well.failing_since, well.failure) == (None, None)
    assert (await one(begin, root)).took_at == well.took_at


async def test_one_that_is_off_can_be_switched_on_again(begin: Begin, opened: Make, root: Actor) -> None:
    await add(begin, root)
    webhook = await one(begin, root)
    async with begin() as session:
        await webhooks.stop(session, webhook.id, "answered 410")

    async with begin() as session:
        assert await webhooks.switch_on(session, 1, by=root) == "hooks.example.com"

    on = await one(begin, root)
    assert (on.off_at, on.failure) == (None, None)
    await opened()
    assert await events(begin, root.workspace_id) == ["added", "opened"]
    async with begin() as session:
        with pytest.raises(AlreadyDone, match="webhook 1 is on"):
            await webhooks.switch_on(session, 1, by=root)


async def test_a_removed_one_is_told_nothing(begin: Begin, opened: Make, root: Actor) -> None:
    await add(begin, root)
    webhook = await one(begin, root)

    async with begin() as session:
        assert await webhooks.remove(session, 1, by=root) == "hooks.example.com"
        assert await webhooks.get(session, webhook.id) is None
        assert await webhooks.failed(session, webhook.id, "too late")
        with pytest.raises(NotFound, match="no webhook 1"):
            await webhooks.remove(session, 1, by=root)

    await opened()
    assert await events(begin, root.workspace_id) == []


async def test_they_are_numbered_and_ten_are_the_most(begin: Begin, root: Actor) -> None:
    numbers = [(await add(begin, root)).number for _ in range(webhooks.MOST)]

    assert numbers == list(range(1, 11))
    with pytest.raises(InvalidInput, match="10 are the most"):
        await add(begin, root)


async def test_only_superusers_have_to_do_with_them(begin: Begin, ben: Actor) -> None:
    doings: list[Callable[..., Any]] = [
        lambda session: webhooks.add(session, URL, sealer=SEALER, to=Destinations(), by=ben),
        lambda session: webhooks.listed(session, by=ben),
        lambda session: webhooks.remove(session, 1, by=ben),
        lambda session: webhooks.switch_on(session, 1, by=ben),
    ]
    for doing in doings:
        async with begin() as session:
            with pytest.raises(Forbidden, match="superusers"):
                await doing(session)


async def test_an_unknown_event_is_named_with_those_that_there_are(begin: Begin, root: Actor) -> None:
    with pytest.raises(InvalidInput, match=r"no event “closed”\. There are opened, changed"):
        await add(begin, root, "opened", "closed")


async def test_an_incident_that_is_shown_is_the_one_of_today(begin: Begin, opened: Make, root: Actor) -> None:
    await add(begin, root)
    incident = await opened("Disk full")
    await done(begin, lifecycle.take, incident, by=root)

    occasion = await told(begin, (await rows(begin, root.workspace_id))[0])

    assert occasion is not None
    assert occasion.incident.status is (await shown(begin, incident, root)).status


async def test_an_address_in_capitals_is_kept_as_it_can_be_sent_to(begin: Begin, root: Actor) -> None:
    await add(begin, root, url="HTTPS://hooks.example.com/Secret-Path")

    assert SEALER.open((await one(begin, root)).url) == "https://hooks.example.com/Secret-Path"


@pytest.mark.parametrize(
    "url, why",
    [
        ("", "no web address"),
        ("hooks.example.com", "begins with https://"),
        ("ftp://hooks.example.com", "begins with https://"),
        ("https://", "begins with https://"),
        ("https://hooks.example.com/ü", "begins with https://"),
        ("https://hooks.example.com/a b", "begins with https://"),
        ("https://hooks.example.com:port", "no web address"),
        ("https://[1::", "no web address"),
        ("https://hooks.example.com/" + "x" * 2_000, "2,000 is the most"),
        ("https://ana:pw@hooks.example.com", "neither a user"),
        ("https://hooks.example.com/#there", "neither a user"),
        ("http://hooks.example.com", "use https"),
        ("https://127.0.0.1", "WEBHOOK_NETWORKS"),
        ("https://169.254.169.254/latest/meta-data", "WEBHOOK_NETWORKS"),
        ("https://[::1]/", "WEBHOOK_NETWORKS"),
        ("https://[fe80::1%25eth0]/", "WEBHOOK_NETWORKS"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_with_the_reason(url: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as caught:
        destinations.host_of(url, Destinations())

    assert caught.value.field == "url"


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.3.4", "192.168.1.1", "127.0.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",  # noqa: S104
        "224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "::1", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
        "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2130706433", "0x7f.1",
        "fec0::1", "192.0.0.192", "192.88.99.1", "3fff::1", "168.63.129.16", "64:ff9b::c000:c0", "2002:c000:c0::",
        "127.1", "localhost", "",
    ],
)  # fmt: skip
def test_what_is_not_public_is_not_reached(address: str) -> None:
    assert not Destinations().allows(address, is_encrypted=True)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_what_is_public_is_reached_but_only_encrypted(address: str) -> None:
    assert Destinations().allows(address, is_encrypted=True)
    assert not Destinations().allows(address, is_encrypted=False)


def test_a_network_that_was_named_is_reached_also_without_encryption() -> None:
    ours = Destinations.of(destinations.networks("10.1.0.0/16, ::1,"))

    assert ours.allows("10.1.2.3", is_encrypted=False)
    assert ours.allows("::ffff:10.1.2.3", is_encrypted=False)
    assert ours.allows("::1", is_encrypted=True)
    assert not ours.allows("10.2.2.3", is_encrypted=True)
    assert destinations.host_of("http://10.1.2.3:8080/hook", ours) == "10.1.2.3"
    assert destinations.host_of("http://hooks.internal/hook", ours) == "hooks.internal"


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="no network"):
        destinations.networks("10.1.0.0/16,everything")
