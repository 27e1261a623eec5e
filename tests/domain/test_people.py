"""Superusers manage people: finding, approving, deactivating, deleting; and one's own account."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from domain import accounts, codes, comments, people, profiles, superusers, users
from domain.codes import Code, Proof
from domain.comments import Comment, Reply
from domain.db import Begin
from domain.errors import AlreadyDone, Conflict, DomainError, Forbidden, InvalidInput, NotFound
from domain.outbox import OutboxMessage, Topic
from domain.policy import Actor, Admission, Standing
from domain.users import Profile, SlackProfile, User
from tests.conftest import GENERAL, member
from tests.domain.conftest import Make, shown

Act = Callable[..., Awaitable[Any]]


@pytest.fixture
async def boss(begin: Begin, team: str) -> Actor:
    """A superuser."""
    made = await member(begin, team, "Boss")
    async with begin() as session:
        await session.execute(update(User).where(User.id == made.id).values(is_superuser=True))
        return await users.actor(session, team, made.slack_user_id)


async def acted(begin: Begin, act: Act, *args: Any, by: Actor) -> Any:
    async with begin() as session:
        return await act(session, *args, by=by)


async def again(begin: Begin, person: Actor) -> Actor:
    async with begin() as session:
        return await users.actor(session, person.workspace_id, person.slack_user_id)


async def test_people_are_found_by_parts_of_names_and_addresses(begin: Begin, team: str, boss: Actor) -> None:
    for name in ("Ana", "Hannah", "Under_Score", "Hundred%"):
        await member(begin, team, name)

    async def names(text: str) -> list[str]:
        return [person.name for person in (await acted(begin, people.search, text, by=boss)).people]

    assert await names("an") == ["Ana", "Hannah"]
    assert await names("HANNAH@example") == ["Hannah"]
    assert await names("_") == ["Under_Score"]
    assert await names("%") == ["Hundred%"]
    assert await names("\\") == []
    assert await names("ana example.com") == ["Ana"]
    assert await names("x" * 3_000) == []
    assert await names("") == ["Ana", "Boss", "Hannah", "Hundred%", "Under_Score"]


async def test_pages_of_people_go_forth_and_back(begin: Begin, team: str, boss: Actor) -> None:
    for number in range(23):
        await member(begin, team, f"Q{number:02}")

    first = await acted(begin, people.search, "q", by=boss)
    async with begin() as session:
        second = await people.search(session, "q", by=boss, after=first.next)
        third = await people.search(session, "q", by=boss, after=second.next)
        back = await people.search(session, "q", by=boss, before=third.previous)

    assert [len(page.people) for page in (first, second, third)] == [10, 10, 3]
    assert [person.name for person in back.people] == [person.name for person in second.people]
    assert (first.previous, third.next) == (None, None)
    assert back.previous is not None


async def test_only_those_who_wait_are_listed_where_that_is_asked(begin: Begin, team: str, boss: Actor) -> None:
    nora = await member(begin, team, "Nora")
    await member(begin, team, "Otto")
    async with begin() as session:
        waits = {"admitted_at": None, "asked_at": User.created_at}
        await session.execute(update(User).where(User.id == nora.id).values(**waits))
        page = await people.search(session, by=boss, are_waiting=True)

    assert [(person.name, person.is_waiting, person.admission) for person in page.people] == [
        ("Nora", True, Admission.WAITING)
    ]


async def test_only_superusers_see_or_change_people(begin: Begin, ana: Actor, ben: Actor) -> None:
    acts: list[tuple[Act, Any]] = [
        (people.search, "ben"), (people.get, ben.id), (people.of_slack, "U0BEN"), (people.of_slack, "U0NOBODY"),
        (people.with_address, "ben@example.com"), (people.approve, ben.id), (people.disable, ben.id),
        (people.enable, ben.id), (people.delete, ben.id), (superusers.add, ben.id), (superusers.remove, ben.id),
        (people.disable, uuid4()),
    ]  # fmt: skip
    refusals = set()
    for act, about in acts:
        with pytest.raises(Forbidden) as refused:
            await acted(begin, act, about, by=ana)
        refusals.add(str(refused.value))

    assert refusals == {
        "Nothing was changed. Only superusers can administer Incident Tracker. You are not one of them."
    }
    assert (await again(begin, ben)).is_member


async def test_a_deactivated_person_can_do_nothing_and_comes_back_as_a_plain_member(
    begin: Begin, boss: Actor, ana: Actor
) -> None:
    await acted(begin, superusers.add, ana.id, by=boss)
    await acted(begin, people.disable, ana.id, by=boss)
    gone = await again(begin, ana)
    assert (gone.is_active, gone.is_superuser, gone.is_member) == (False, False, False)
    with pytest.raises(AlreadyDone, match="deactivated already"):
        await acted(begin, people.disable, ana.id, by=boss)

    await acted(begin, people.enable, ana.id, by=boss)
    back = await again(begin, ana)
    assert (back.is_member, back.is_superuser) == (True, False)
    with pytest.raises(AlreadyDone, match="active already"):
        await acted(begin, people.enable, ana.id, by=boss)


async def test_whoever_is_in_is_not_approved_again(begin: Begin, boss: Actor, ana: Actor) -> None:
    with pytest.raises(AlreadyDone, match="let in already"):
        await acted(begin, people.approve, ana.id, by=boss)


@pytest.mark.parametrize("act", [people.disable, people.delete])
async def test_nobody_shuts_themselves_out(begin: Begin, boss: Actor, act: Act) -> None:
    with pytest.raises(Conflict, match="nobody deactivates or deletes themselves"):
        await acted(begin, act, boss.id, by=boss)


async def test_deleting_a_person_keeps_what_they_made_and_forgets_who_they_were(
    begin: Begin, team: str, boss: Actor, ana: Actor, opened: Make
) -> None:
    incident = await opened("Disk full")
    async with begin() as session:
        await comments.hear(
            session, incident.id, Reply(channel_id=GENERAL, thread_ts="1.1", ts="1.2", content="it was me"), by=ana
        )

    await acted(begin, people.delete, ana.id, by=boss)

    kept = await shown(begin, incident, boss)
    assert (kept.title, kept.owner.full_name, kept.owner.email) == ("Disk full", "Deleted person", None)
    async with begin() as session:
        assert await session.scalar(select(Comment.content).where(Comment.incident_id == incident.id)) == "it was me"
        assert [person.name for person in (await people.search(session, by=boss)).people] == ["Boss"]
        found = await users.find(session, team, "U0ANA")
    assert found is not None
    assert found[1] is None
    with pytest.raises(NotFound):
        await acted(begin, people.enable, ana.id, by=boss)


async def test_superusers_are_made_of_active_members_only(begin: Begin, team: str, boss: Actor, ana: Actor) -> None:
    gus = await member(begin, team, "Gus", Standing.GUEST)
    rex = await member(begin, team, "Rex", Standing.BOT)
    eve = await member(begin, team, "Eve", Standing.EXTERNAL)
    async with begin() as session:
        await session.execute(update(SlackProfile).where(SlackProfile.user_id == ana.id).values(is_deactivated=True))
    async with begin() as session:
        await superusers.nominate(session, team, "free@example.com")
        free = (await people.with_address(session, "free@example.com", by=boss)).id

    for account_id, words in [
        (gus.id, "is a guest"), (rex.id, "is an app"), (eve.id, "another organisation"), (ana.id, "is deactivated"),
        (free, "has no Slack user"),
    ]:  # fmt: skip
        with pytest.raises(InvalidInput, match=words):
            await acted(begin, superusers.add, account_id, by=boss)
    await acted(begin, superusers.remove, free, by=boss)
    with pytest.raises(AlreadyDone, match="is no superuser"):
        await acted(begin, superusers.remove, free, by=boss)


async def test_making_and_unmaking_a_superuser_tells_all_of_them(
    begin: Begin, team: str, boss: Actor, ana: Actor, ben: Actor
) -> None:
    await acted(begin, superusers.add, ana.id, by=boss)
    with pytest.raises(AlreadyDone, match="superuser already"):
        await acted(begin, superusers.add, ana.id, by=boss)
    await acted(begin, superusers.add, ben.id, by=await again(begin, ana))
    await acted(begin, superusers.remove, boss.id, by=boss)

    assert [await is_superuser(begin, person) for person in (boss, ana, ben)] == [False, True, True]
    rows = select(OutboxMessage.payload).where(
        OutboxMessage.workspace_id == team, OutboxMessage.topic == Topic.PERSON_TOLD
    )
    async with begin() as session:
        told = [payload["user"] for payload in await session.scalars(rows.order_by(OutboxMessage.id))]
    assert [told[:1], sorted(told[1:3]), sorted(told[3:])] == [["U0ANA"], ["U0BEN", "U0BOSS"], ["U0ANA", "U0BEN"]]


async def is_superuser(begin: Begin, person: Actor) -> bool:
    return (await again(begin, person)).is_superuser


async def test_somebody_whom_slack_told_of_gets_an_account_when_they_are_managed(
    begin: Begin, team: str, boss: Actor
) -> None:
    async with begin() as session:
        await profiles.learn(session, team, [Profile(slack_user_id="U0NEW", name="Nora", email="nora@example.com")])
        made = await people.of_slack(session, "U0NEW", by=boss)
        same = await people.of_slack(session, "U0NEW", by=boss)

    assert (made.name, made.id) == ("Nora", same.id)
    with pytest.raises(InvalidInput, match="nobody here knows"):
        await acted(begin, people.of_slack, "U0NOBODY", by=boss)
    with pytest.raises(InvalidInput, match="no account has this address"):
        await acted(begin, people.with_address, "nobody@example.com", by=boss)


async def test_people_of_another_workspace_are_nobody(begin: Begin, boss: Actor) -> None:
    from domain import workspaces

    async with begin() as session:
        await workspaces.ensure(session, "TELSEWHERE", url="")
    stranger = await member(begin, "TELSEWHERE", "Stranger")

    with pytest.raises(NotFound):
        await acted(begin, people.disable, stranger.id, by=boss)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "\u200b"])
async def test_a_name_that_cannot_be_one_is_refused(begin: Begin, ana: Actor, name: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 100 characters") as refused:
        await acted(begin, accounts.rename, name, by=ana)

    assert refused.value.field == "name"


async def test_the_same_name_is_no_change(begin: Begin, ana: Actor) -> None:
    assert not await acted(begin, accounts.rename, " Ana ", by=ana)
    assert await acted(begin, accounts.rename, "Ana  Lee", by=ana)
    assert (await again(begin, ana)).name == "Ana Lee"


async def test_an_address_that_another_account_got_meanwhile_is_refused(begin: Begin, ana: Actor, ben: Actor) -> None:
    async with begin() as session:
        request_id = await codes.ask(session, codes.Purpose.ADDRESS, "ben@example.com", by=ana)

    with pytest.raises(Conflict, match="another account has this address"):
        await acted(begin, accounts.change_address, Proof(request_id, "ben@example.com"), by=ana)


async def test_the_former_address_is_told_of_its_replacement(begin: Begin, team: str, ana: Actor) -> None:
    async with begin() as session:
        request_id = await codes.ask(session, codes.Purpose.ADDRESS, "new@example.com", by=ana)
        await accounts.change_address(session, Proof(request_id, "new@example.com"), by=ana)
    async with begin() as session:
        former = await accounts.former(session, request_id)
        rows = list(await session.scalars(select(OutboxMessage).where(OutboxMessage.topic == Topic.ADDRESS_CHANGED)))

    assert former == accounts.Former("ana@example.com", "Ana", "https://harbour.slack.com/")
    assert [row.payload for row in rows if row.workspace_id == team] == [{"code": str(request_id)}]
    async with begin() as session:
        await session.execute(update(Code).where(Code.id == request_id).values(former=None))
        assert await accounts.former(session, request_id) is None


async def test_a_closed_account_says_so_and_only_a_superuser_opens_it(begin: Begin, boss: Actor, ana: Actor) -> None:
    from domain import policy

    await acted(begin, accounts.close, by=ana)

    gone = await again(begin, ana)
    assert policy.reason(gone) == "You closed your account."
    with pytest.raises(DomainError):
        await acted(begin, accounts.close, by=gone)
    await acted(begin, people.enable, ana.id, by=boss)
    assert (await again(begin, ana)).is_member


async def test_a_superuser_closes_their_account_when_there_is_another(begin: Begin, boss: Actor, ana: Actor) -> None:
    await acted(begin, superusers.add, ana.id, by=boss)
    await acted(begin, accounts.close, by=boss)

    assert not (await again(begin, boss)).is_superuser


async def test_whether_anybody_can_administer_is_known(begin: Begin, team: str, ana: Actor) -> None:
    async with begin() as session:
        assert not await superusers.are_there(session, team)
        await superusers.nominate(session, team, "boss@example.com")
        assert await superusers.are_there(session, team)
