"""Accounts and the Slack people they belong to."""

from domain import profiles, signup, users
from domain.db import Begin
from domain.policy import Actor
from domain.users import Profile
from tests.conftest import both


async def test_two_first_uses_at_the_same_moment_make_one_account(begin: Begin, team: str) -> None:
    profile = Profile(slack_user_id="U1", name="Ana", email="ana@example.com")
    async with begin() as session:
        await profiles.learn(session, team, [profile])

    async def joined() -> Actor:
        async with begin() as session:
            return await signup.join(session, team, profile)

    first, second = await both(joined(), joined())

    assert isinstance(first, Actor)
    assert first == second


async def test_an_address_that_another_account_has_is_left_out(begin: Begin, team: str, ana: Actor) -> None:
    twin = Profile(slack_user_id="U2", name="Ana Too", email="ANA@example.com")
    async with begin() as session:
        await profiles.learn(session, team, [twin])
        made = await signup.join(session, team, twin)

    async with begin() as session:
        account = await session.get(users.User, made.id)
    assert account is not None
    assert account.email is None


async def test_somebody_never_heard_of_is_not_found(begin: Begin, team: str) -> None:
    async with begin() as session:
        assert await users.find(session, team, "U9") is None


async def test_what_slack_says_later_replaces_what_it_said_and_keeps_the_account(
    begin: Begin, team: str, ana: Actor
) -> None:
    async with begin() as session:
        await profiles.learn(session, team, [Profile(slack_user_id=ana.slack_user_id, name="Ana", is_deactivated=True)])
        await profiles.learn(session, team, [])
        found = await users.find(session, team, ana.slack_user_id)

    assert found is not None
    profile, actor = found
    assert profile.is_deactivated
    assert actor is not None
    assert actor.id == ana.id
    assert not actor.is_active


async def test_a_zone_that_nobody_knows_is_utc_and_a_person_without_a_name_has_an_id(begin: Begin, team: str) -> None:
    async with begin() as session:
        await profiles.learn(session, team, [Profile(slack_user_id="U1", name=" ", time_zone="Mars/Base")])
        found = await users.find(session, team, "U1")

    assert found is not None
    assert (found[0].name, found[0].time_zone, found[1]) == ("U1", "UTC", None)


async def test_superusers_are_the_active_members_who_are_marked(
    begin: Begin, team: str, ana: Actor, gus: Actor
) -> None:
    async with begin() as session:
        for actor in (ana, gus):
            account = await session.get(users.User, actor.id)
            assert account is not None
            account.is_superuser = True
        await session.flush()
        found = await users.superusers(session, team)
        known = await users.find(session, team, gus.slack_user_id)

    assert ana.slack_user_id in found
    assert known is not None
    assert known[1] is not None
    assert not known[1].is_superuser


async def test_names_and_mappings_are_looked_up(begin: Begin, team: str, ana: Actor) -> None:
    async with begin() as session:
        assert await users.names(session, team, []) == {}
        assert await users.names(session, team, [ana.slack_user_id, "U9"]) == {ana.slack_user_id: "Ana"}
        assert await users.slack_id_of(session, ana.id) == ana.slack_user_id


async def test_the_nearest_name_is_found_if_one_is_near(begin: Begin, team: str, ana: Actor, ben: Actor) -> None:
    async with begin() as session:
        assert await users.nearest(session, team, "bne") is None
        assert await users.nearest(session, team, "benn") == "Ben"
        assert await users.nearest(session, team, "%") is None
