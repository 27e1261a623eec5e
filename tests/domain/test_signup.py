"""Who gets an account: everybody, people of a domain, whoever a superuser approves, or nobody new."""

import pytest
from sqlalchemy import select, update

from domain import assignees, people, policy, profiles, signup, users
from domain.db import Begin
from domain.errors import Forbidden, InvalidInput
from domain.outbox import OutboxMessage, Topic
from domain.policy import Action, Actor, Admission, Standing
from domain.signup import SignUp
from domain.users import Profile, User


async def came(
    begin: Begin, team: str, name: str = "Nora", *, email: str | None = "nora@example.com", **facts: object
) -> Actor:
    """Somebody uses the bot for the first time."""
    profile = Profile(slack_user_id=f"U0{name.upper()}", name=name, email=email, **facts)  # type: ignore[arg-type]
    async with begin() as session:
        await profiles.learn(session, team, [profile])
        actor = await signup.join(session, team, profile)
    return await wants(begin, actor)


async def wants(begin: Begin, actor: Actor) -> Actor:
    """They ask for something."""
    async with begin() as session:
        return await signup.settle(session, await users.actor(session, actor.workspace_id, actor.slack_user_id))


async def rule(begin: Begin, team: str, kind: SignUp, *domains: str) -> None:
    async with begin() as session:
        await signup.set_rule(session, team, kind, domains)


async def asked(begin: Begin, team: str) -> list[str]:
    """The superusers who are asked to approve somebody."""
    rows = select(OutboxMessage.payload).where(
        OutboxMessage.workspace_id == team, OutboxMessage.topic == Topic.ACCOUNT_ASKED
    )
    async with begin() as session:
        return [payload["user"] for payload in await session.scalars(rows)]


async def promoted(begin: Begin, person: Actor) -> Actor:
    async with begin() as session:
        await session.execute(update(User).where(User.id == person.id).values(is_superuser=True))
        return await users.actor(session, person.workspace_id, person.slack_user_id)


async def test_an_open_workspace_lets_everybody_in(begin: Begin, team: str) -> None:
    nora = await came(begin, team)

    assert (nora.admission, nora.is_member) == (Admission.ADMITTED, True)


@pytest.mark.parametrize(
    "email, is_in",
    [
        ("nora@example.com", True),
        ("Nora@EXAMPLE.com", True),
        ("nora@sub.example.com", False),
        ("nora@example.com.evil.example", False),
        ('"nora@example.com"@evil.example', False),
        ("nora@example.org", False),
        (None, False),
    ],
)
async def test_a_domain_lets_in_whoever_has_an_address_there(
    begin: Begin, team: str, email: str | None, is_in: bool
) -> None:
    await rule(begin, team, SignUp.DOMAIN, "example.com", "example.net")

    nora = await came(begin, team, email=email)

    assert nora.is_member is is_in
    assert policy.allows(nora, Action.REPLY)


async def test_a_closed_workspace_takes_nobody_new_and_says_so(begin: Begin, team: str, ana: Actor) -> None:
    await rule(begin, team, SignUp.CLOSED)

    nora = await came(begin, team)

    with pytest.raises(Forbidden, match=r"with an active account can take incidents\. You have no account"):
        policy.require(nora, Action.TAKE)
    assert (await wants(begin, ana)).is_member
    assert await asked(begin, team) == []


async def test_every_superuser_is_asked_once_to_approve_somebody(
    begin: Begin, team: str, ana: Actor, ben: Actor
) -> None:
    await promoted(begin, ana)
    await promoted(begin, ben)
    await rule(begin, team, SignUp.APPROVE)

    nora = await came(begin, team)
    await wants(begin, nora)

    assert nora.admission is Admission.WAITING
    assert sorted(await asked(begin, team)) == ["U0ANA", "U0BEN"]
    with pytest.raises(Forbidden, match="You wait for a superuser's approval"):
        policy.require(nora, Action.CREATE)


async def test_somebody_waits_also_where_there_is_no_superuser_yet(begin: Begin, team: str) -> None:
    await rule(begin, team, SignUp.APPROVE)

    assert (await came(begin, team)).admission is Admission.WAITING
    assert await asked(begin, team) == []


async def test_whoever_is_approved_is_in(begin: Begin, team: str, ana: Actor) -> None:
    boss = await promoted(begin, ana)
    await rule(begin, team, SignUp.APPROVE)
    nora = await came(begin, team)

    async with begin() as session:
        await people.approve(session, nora.id, by=boss)

    assert (await wants(begin, nora)).is_member


async def test_a_rule_that_was_opened_lets_in_those_who_waited(begin: Begin, team: str) -> None:
    await rule(begin, team, SignUp.APPROVE)
    nora = await came(begin, team)
    await rule(begin, team, SignUp.OPEN)

    assert (await wants(begin, nora)).is_member


async def test_guests_are_not_asked_for_until_they_are_full_members(begin: Begin, team: str, ana: Actor) -> None:
    await promoted(begin, ana)
    await rule(begin, team, SignUp.APPROVE)
    gina = Profile(slack_user_id="U0GINA", name="Gina", standing=Standing.GUEST)
    async with begin() as session:
        await profiles.learn(session, team, [gina])
        guest = await signup.join(session, team, gina)
    assert policy.allows(guest, Action.REPLY)
    assert not guest.may_join

    async with begin() as session:
        await profiles.learn(session, team, [Profile(slack_user_id="U0GINA", name="Gina")])
    assert (await wants(begin, guest)).admission is Admission.WAITING
    assert await asked(begin, team) == ["U0ANA"]


async def test_a_second_slack_account_with_the_address_of_somebody_shut_out_is_not_let_in(
    begin: Begin, team: str, ana: Actor, ben: Actor
) -> None:
    boss = await promoted(begin, ana)
    async with begin() as session:
        await people.disable(session, ben.id, by=boss)

    twin = await came(begin, team, "Benny", email="BEN@example.com")

    assert not twin.is_member


async def test_nobody_is_assigned_who_has_no_account(begin: Begin, team: str, ana: Actor) -> None:
    await rule(begin, team, SignUp.CLOSED)
    async with begin() as session:
        await profiles.learn(session, team, [Profile(slack_user_id="U0NORA", name="Nora")])

    with pytest.raises(InvalidInput, match="Nora has no account here"):
        async with begin() as session:
            await assignees.assignable(session, "U0NORA", by=ana)


async def test_somebody_without_an_account_yet_can_be_assigned_where_the_rule_lets_them_in(
    begin: Begin, team: str, ana: Actor
) -> None:
    await rule(begin, team, SignUp.DOMAIN, "example.com")
    async with begin() as session:
        nora = Profile(slack_user_id="U0NORA", name="Nora", email="nora@example.com")
        await profiles.learn(session, team, [nora])
        assigned = await assignees.assignable(session, "U0NORA", by=ana)

    assert assigned is not None
    assert assigned.is_member
