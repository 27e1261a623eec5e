"""Whose an account is: linked, recovered and unlinked; and who can become a superuser by that."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from domain import accounts, codes, credentials, hashing, mapping, people, profiles, superusers, tokens, users
from domain.audit import AuditEntry, Deed
from domain.codes import Proof, Purpose
from domain.credentials import Claims
from domain.db import Begin
from domain.errors import AlreadyDone, Conflict, DomainError, Forbidden, InvalidInput
from domain.outbox import OutboxMessage, Topic
from domain.policy import Actor, Standing
from domain.users import Profile, SlackProfile, User
from tests.conftest import both, member

Act = Callable[..., Awaitable[Any]]


async def proved(begin: Begin, address: str, *, by: Actor, purpose: Purpose = Purpose.LINK) -> Proof:
    """Somebody who reads the mail of an address and entered its code."""
    async with begin() as session:
        request_id = await codes.ask(session, purpose, address, by=by)
        await codes.keep(session, request_id, await hashing.hashed("ACDE2345"))
    async with begin() as session:
        tried = await codes.count_try(session, purpose, request_id, by=by)
        return await codes.use(session, tried, await hashing.matching("ACDE2345", tried.hashes))


async def linked(begin: Begin, address: str, *, by: Actor) -> bool:
    proof = await proved(begin, address, by=by)
    async with begin() as session:
        return await mapping.link(session, proof, by=by)


async def recovered(begin: Begin, address: str, *, by: Actor) -> bool:
    proof = await proved(begin, address, by=by, purpose=Purpose.RECOVER)
    async with begin() as session:
        return await mapping.recover(session, proof, by=by)


async def nominated(begin: Begin, team: str, address: str) -> None:
    async with begin() as session:
        assert await superusers.nominate(session, team, address)


async def again(begin: Begin, person: Actor) -> Actor:
    """The person as the next request knows them."""
    async with begin() as session:
        return await users.actor(session, person.workspace_id, person.slack_user_id)


async def superuser(begin: Begin, person: Actor) -> Actor:
    async with begin() as session:
        await session.execute(update(User).where(User.id == person.id).values(is_superuser=True))
    return (await again(begin, person)).at(channel_id=person.channel_id)


async def told(begin: Begin, team: str) -> list[str]:
    """Who gets a direct message about what was audited."""
    async with begin() as session:
        rows = select(OutboxMessage.payload).where(
            OutboxMessage.workspace_id == team, OutboxMessage.topic == Topic.PERSON_TOLD
        )
        return sorted(payload["user"] for payload in await session.scalars(rows))


async def deeds(begin: Begin, team: str) -> list[str]:
    async with begin() as session:
        rows = select(AuditEntry.deed).where(AuditEntry.workspace_id == team).order_by(AuditEntry.id)
        return list(await session.scalars(rows))


async def test_whoever_proves_a_nominated_address_is_a_superuser(begin: Begin, team: str, ana: Actor) -> None:
    await nominated(begin, team, "Boss@Example.com")
    assert not (await again(begin, ana)).is_superuser

    assert await linked(begin, "boss@example.com", by=ana)

    now = await again(begin, ana)
    assert now.is_superuser
    assert (now.id, now.name) != (ana.id, "boss")
    assert now.name == "Ana"
    assert await deeds(begin, team) == [Deed.NOMINATED, Deed.LINKED]


async def test_a_nominated_address_that_a_first_use_claimed_gives_no_rights_without_its_code(
    begin: Begin, team: str, ana: Actor
) -> None:
    mallory = await claimed(begin, team, "Mallory", "boss@example.com")
    await nominated(begin, team, "boss@example.com")

    assert not (await again(begin, mallory)).is_superuser
    with pytest.raises(Conflict, match="belongs to another Slack user"):
        await linked(begin, "boss@example.com", by=ana)
    assert await recovered(begin, "boss@example.com", by=ana)

    assert (await again(begin, ana)).is_superuser
    async with begin() as session:
        found = await users.find(session, team, mallory.slack_user_id)
    assert found is not None
    assert found[1] is None
    assert mallory.slack_user_id in await told(begin, team)


async def test_a_nominated_person_who_comes_first_has_one_account_and_no_rights_before_the_code(
    begin: Begin, team: str
) -> None:
    await nominated(begin, team, "boss@example.com")

    boss = await claimed(begin, team, "Bo", "Boss@example.com")

    async with begin() as session:
        rows = list(await session.execute(select(User.id, User.full_name).where(User.workspace_id == team)))
    assert rows == [(boss.id, "Bo")]
    assert (boss.is_superuser, boss.is_member, boss.may_join) == (False, False, True)
    assert await linked(begin, "boss@example.com", by=boss)
    assert (await again(begin, boss)).is_superuser
    assert (await again(begin, boss)).is_member


async def claimed(begin: Begin, team: str, name: str, address: str) -> Actor:
    """Somebody whose Slack profile has this address."""
    from domain import signup

    profile = Profile(slack_user_id=f"U0{name.upper()}", name=name, email=address)
    async with begin() as session:
        await profiles.learn(session, team, [profile])
        return await signup.join(session, team, profile)


async def test_a_nomination_does_not_move_with_a_changed_address(begin: Begin, team: str) -> None:
    mallory = await claimed(begin, team, "Mallory", "boss@example.com")
    await nominated(begin, team, "boss@example.com")
    proof = await proved(begin, "mallory@example.com", by=mallory, purpose=Purpose.ADDRESS)
    async with begin() as session:
        await accounts.change_address(session, proof, by=mallory)

    assert not await linked(begin, "mallory@example.com", by=mallory)
    assert not (await again(begin, mallory)).is_superuser


async def test_an_address_changed_in_slack_to_that_of_a_superuser_gives_nothing(
    begin: Begin, team: str, ana: Actor, ben: Actor
) -> None:
    await superuser(begin, ana)
    async with begin() as session:
        stolen = Profile(slack_user_id=ben.slack_user_id, name="Ben", email="ANA@example.com")
        await profiles.learn(session, team, [stolen])

    assert not (await again(begin, ben)).is_superuser
    async with begin() as session:
        addresses = dict(
            (await session.execute(select(User.full_name, User.email).where(User.workspace_id == team))).all()
        )
    assert addresses == {"Ana": "ana@example.com", "Ben": None}


async def test_the_address_of_a_superuser_does_not_follow_slack(begin: Begin, team: str, ana: Actor) -> None:
    await superuser(begin, ana)
    async with begin() as session:
        moved = Profile(slack_user_id=ana.slack_user_id, name="Ana", email="mallory@example.com")
        await profiles.learn(session, team, [moved])
        assert await session.scalar(select(User.email).where(User.id == ana.id)) == "ana@example.com"


async def test_name_and_address_follow_slack_until_the_person_says_otherwise(
    begin: Begin, team: str, ana: Actor
) -> None:
    async with begin() as session:
        await profiles.learn(session, team, [Profile(slack_user_id="U0ANA", name="Ana Lee", email="lee@example.com")])
    async with begin() as session:
        assert await accounts.mine(session, by=ana) == accounts.Account("Ana Lee", "lee@example.com", is_proved=False)
        await accounts.rename(session, "Dr. Lee", by=await again(begin, ana))
    proof = await proved(begin, "doctor@example.com", by=ana, purpose=Purpose.ADDRESS)
    async with begin() as session:
        await accounts.change_address(session, proof, by=ana)
        await profiles.learn(session, team, [Profile(slack_user_id="U0ANA", name="Ana B", email="b@example.com")])

    async with begin() as session:
        assert await accounts.mine(session, by=ana) == accounts.Account("Dr. Lee", "doctor@example.com", is_proved=True)


async def test_linking_the_own_account_proves_its_address(begin: Begin, team: str, ana: Actor) -> None:
    assert not await linked(begin, "ana@example.com", by=ana)

    async with begin() as session:
        assert (await accounts.mine(session, by=ana)).is_proved
    assert await told(begin, team) == []


async def test_linking_while_linked_is_refused(begin: Begin, team: str, ana: Actor) -> None:
    await linked(begin, "ana@example.com", by=ana)
    await nominated(begin, team, "boss@example.com")

    with pytest.raises(Conflict, match="/incident unlink"):
        await linked(begin, "boss@example.com", by=ana)

    async with begin() as session:
        await mapping.unlink(session, by=ana)
    somebody = await claimed(begin, team, "Ana", "ana@example.com")
    assert await linked(begin, "boss@example.com", by=somebody)


async def test_only_full_members_link(begin: Begin, team: str, ana: Actor, gus: Actor) -> None:
    await nominated(begin, team, "boss@example.com")
    proof = await proved(begin, "boss@example.com", by=ana)

    for by in (gus, replace(ana, standing=Standing.EXTERNAL), replace(ana, is_active=False)):
        with pytest.raises(Forbidden):
            async with begin() as session:
                await mapping.link(session, proof, by=by)


async def test_a_deactivated_account_is_not_linked_or_recovered(
    begin: Begin, team: str, ana: Actor, ben: Actor
) -> None:
    boss = await superuser(begin, ana)
    async with begin() as session:
        await people.disable(session, ben.id, by=boss)
    nora = await member(begin, team, "Nora")

    with pytest.raises(Forbidden, match="deactivated"):
        await linked(begin, "ben@example.com", by=nora)
    with pytest.raises(Forbidden, match="deactivated"):
        await recovered(begin, "ben@example.com", by=nora)


async def test_recovering_moves_the_account_and_tells_the_former_user_and_all_superusers(
    begin: Begin, team: str, ana: Actor, ben: Actor
) -> None:
    chloe = await superuser(begin, await member(begin, team, "Chloe"))
    await superuser(begin, ana)

    assert await recovered(begin, "ana@example.com", by=ben)

    now = await again(begin, ben)
    assert (now.id, now.is_superuser) == (ana.id, True)
    assert await told(begin, team) == ["U0ANA", chloe.slack_user_id]
    async with begin() as session:
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.workspace_id == team))
    assert entry is not None
    assert (entry.deed, entry.details) == (Deed.RECOVERED, {"from": "U0ANA", "to": "U0BEN", "superuser": "yes"})


async def ways_in(begin: Begin, person: Actor) -> tuple[str, Claims]:
    """Somebody sets a password, makes an API token and logs in."""
    async with begin() as session:
        await credentials.change_password(session, "hashed", old=None, by=person)
        token = (await tokens.create(session, "script", by=person)).token
    async with begin() as session:
        [login] = await credentials.logins(session, f"{person.name.lower()}@example.com", [person.workspace_id])
    return token, login.claims


async def kept(begin: Begin, person: Actor, token: str, login: Claims) -> list[bool]:
    """Whether the account still has its password, its login and its API token."""
    async with begin() as session:
        hashed = await credentials.password_of(session, by=person)
        holders = [await credentials.holder(session, login), await tokens.holder(session, token)]
    return [hashed is not None, *(holder is not None for holder in holders)]


@pytest.mark.parametrize("is_recovered", [True, False])
async def test_a_new_holder_ends_what_the_former_one_knows(
    is_recovered: bool, begin: Begin, team: str, ana: Actor, ben: Actor
) -> None:
    await linked(begin, "ana@example.com", by=ana)
    ways = await ways_in(begin, ana)
    assert await kept(begin, ana, *ways) == [True, True, True]

    if is_recovered:
        await recovered(begin, "ana@example.com", by=ben)
    else:
        async with begin() as session:
            await mapping.unlink(session, by=ana)
        await linked(begin, "ana@example.com", by=ben)

    assert (await again(begin, ben)).id == ana.id
    assert await kept(begin, ana, *ways) == [False, False, False]


async def test_whoever_proves_the_address_of_their_own_account_keeps_what_they_know(
    begin: Begin, team: str, ana: Actor
) -> None:
    ways = await ways_in(begin, ana)

    await linked(begin, "ana@example.com", by=ana)

    assert await kept(begin, ana, *ways) == [True, True, True]


async def test_recovering_ones_own_account_is_nothing_to_do(begin: Begin, ana: Actor) -> None:
    with pytest.raises(AlreadyDone, match="yours already"):
        await recovered(begin, "ana@example.com", by=ana)


async def test_an_account_that_vanished_is_not_linked(begin: Begin, team: str, ana: Actor) -> None:
    with pytest.raises(Conflict, match="no account has this address"):
        async with begin() as session:
            await mapping.link(session, Proof(uuid4(), "nobody@example.com"), by=ana)


async def test_two_people_who_recover_one_account_at_the_same_moment_leave_it_with_one(
    begin: Begin, team: str, ana: Actor, ben: Actor
) -> None:
    chloe = await member(begin, team, "Chloe")
    proofs = {by: await proved(begin, "ana@example.com", by=by, purpose=Purpose.RECOVER) for by in (ben, chloe)}

    async def act(by: Actor) -> None:
        async with begin() as session:
            await mapping.recover(session, proofs[by], by=by)

    await both(act(ben), act(chloe))

    async with begin() as session:
        holders = select(SlackProfile.slack_user_id).where(SlackProfile.user_id == ana.id)
        assert len(list(await session.scalars(holders))) == 1


async def test_unlinking_needs_a_linked_account(begin: Begin, ana: Actor) -> None:
    with pytest.raises(AlreadyDone, match="no account was linked"):
        async with begin() as session:
            await mapping.unlink(session, by=ana)


@pytest.mark.parametrize("way", ["unlink", "close", "remove", "unlink_for"])
async def test_the_last_superuser_stays(begin: Begin, ana: Actor, way: str) -> None:
    boss = await superuser(begin, ana)
    ways: dict[str, Act] = {
        "unlink": lambda session: mapping.unlink(session, by=boss),
        "close": lambda session: accounts.close(session, by=boss),
        "remove": lambda session: superusers.remove(session, boss.id, by=boss),
        "unlink_for": lambda session: mapping.unlink_for(session, boss.id, by=boss),
    }

    with pytest.raises(Conflict, match="the last superuser"):
        async with begin() as session:
            await ways[way](session)

    assert (await again(begin, ana)).is_superuser


async def test_a_superuser_who_cannot_act_does_not_count_as_another_one(
    begin: Begin, team: str, ana: Actor, ben: Actor
) -> None:
    boss = await superuser(begin, ana)
    await superuser(begin, ben)
    async with begin() as session:
        gone = Profile(slack_user_id=ben.slack_user_id, name="Ben", email="ben@example.com", is_deactivated=True)
        await profiles.learn(session, team, [gone])

    with pytest.raises(Conflict, match="the last superuser"):
        async with begin() as session:
            await superusers.remove(session, boss.id, by=boss)


@pytest.mark.parametrize("way", ["remove", "disable", "delete"])
async def test_two_superusers_who_remove_each_other_at_the_same_moment_leave_one(
    begin: Begin, team: str, ana: Actor, ben: Actor, way: str
) -> None:
    first, second = await superuser(begin, ana), await superuser(begin, ben)
    act: Act = {"remove": superusers.remove, "disable": people.disable, "delete": people.delete}[way]

    async def remove(account_id: UUID, by: Actor) -> None:
        async with begin() as session:
            await act(session, account_id, by=by)

    outcomes = await both(remove(second.id, first), remove(first.id, second))

    assert len([outcome for outcome in outcomes if isinstance(outcome, DomainError)]) == 1
    async with begin() as session:
        assert len(await users.superusers(session, team)) == 1


async def test_who_lost_the_rights_while_they_waited_makes_nobody_a_superuser(
    begin: Begin, team: str, ana: Actor, ben: Actor
) -> None:
    former = await superuser(begin, ana)
    async with begin() as session:
        await session.execute(update(User).where(User.id == ana.id).values(is_superuser=False))

    with pytest.raises(Forbidden):
        async with begin() as session:
            await superusers.add(session, ben.id, by=former)

    assert not (await again(begin, ben)).is_superuser


async def test_a_superuser_links_and_unlinks_for_others(begin: Begin, team: str, ana: Actor, ben: Actor) -> None:
    boss = await superuser(begin, ana)
    async with begin() as session:
        await mapping.unlink_for(session, ben.id, by=boss)
    async with begin() as session:
        with pytest.raises(AlreadyDone, match="no Slack user"):
            await mapping.unlink_for(session, ben.id, by=boss)
        await mapping.link_for(session, "U0BEN", "BEN@example.com", by=boss)

    assert (await again(begin, ben)).id == ben.id
    assert await told(begin, team) == ["U0BEN", "U0BEN"]
    assert await deeds(begin, team) == [Deed.UNLINKED, Deed.LINKED]


async def test_what_a_superuser_cannot_link_is_said(
    begin: Begin, team: str, ana: Actor, ben: Actor, gus: Actor
) -> None:
    boss = await superuser(begin, ana)
    await linked(begin, "ben@example.com", by=ben)
    await nominated(begin, team, "free@example.com")

    for slack_user_id, address, words in [
        ("U0BEN", "nobody@example.com", "no account has this address"),
        ("U0GUS", "ben@example.com", "another Slack user has this account"),
        ("U0BEN", "free@example.com", "has a linked account"),
        ("U0GUS", "free@example.com", "no active full member"),
        ("U0NOBODY", "free@example.com", "nobody here knows"),
    ]:
        with pytest.raises(InvalidInput, match=words):
            async with begin() as session:
                await mapping.link_for(session, slack_user_id, address, by=boss)
    with pytest.raises(AlreadyDone):
        async with begin() as session:
            await mapping.link_for(session, "U0BEN", "ben@example.com", by=boss)
    with pytest.raises(Forbidden):
        async with begin() as session:
            await mapping.link_for(session, "U0BEN", "free@example.com", by=ben)


async def test_a_deactivated_account_is_given_to_nobody(begin: Begin, team: str, ana: Actor, ben: Actor) -> None:
    boss = await superuser(begin, ana)
    await nominated(begin, team, "free@example.com")
    async with begin() as session:
        await session.execute(update(User).where(User.email == "free@example.com").values(is_active=False))
    with pytest.raises(InvalidInput, match="this account is deactivated"):
        async with begin() as session:
            await mapping.link_for(session, "U0BEN", "free@example.com", by=boss)


async def test_whoever_is_shut_out_while_they_enter_a_code_gets_nothing(begin: Begin, team: str, ben: Actor) -> None:
    await nominated(begin, team, "boss@example.com")
    proof = await proved(begin, "boss@example.com", by=ben)
    async with begin() as session:
        await session.execute(update(User).where(User.id == ben.id).values(is_active=False))

    with pytest.raises(Forbidden, match="deactivated"):
        async with begin() as session:
            await mapping.link(session, proof, by=ben)


async def test_a_deactivated_person_is_not_unlinked_to_come_back_as_somebody_new(
    begin: Begin, ana: Actor, ben: Actor
) -> None:
    boss = await superuser(begin, ana)
    async with begin() as session:
        await people.disable(session, ben.id, by=boss)

    with pytest.raises(Conflict, match="would come back"):
        async with begin() as session:
            await mapping.unlink_for(session, ben.id, by=boss)


async def test_naming_a_superuser_again_changes_nothing(begin: Begin, team: str, ana: Actor) -> None:
    await nominated(begin, team, "ana@example.com")
    await linked(begin, "ana@example.com", by=ana)

    async with begin() as session:
        assert not await superusers.nominate(session, team, "ana@example.com")
        assert await session.scalar(select(func.count()).where(User.workspace_id == team)) == 1
