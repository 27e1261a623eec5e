"""What the database tells of how a workspace fares."""

from sqlalchemy import update

from domain import health, outbox, profiles, superusers, users, workspaces
from domain.db import Begin
from domain.outbox import OutboxMessage, Topic
from domain.policy import Actor
from domain.users import User
from tests.conftest import GENERAL
from tests.domain.conftest import Make


async def test_a_new_workspace_has_nothing_to_look_at(begin: Begin, team: str) -> None:
    async with begin() as session:
        facts = await health.facts(session, team)

    assert facts == health.Facts(0, None, [], superusers=0, stranded=0, applicants=0, sign_up="open")


async def test_what_waits_what_was_given_up_and_what_no_channel_shows_is_counted(
    begin: Begin, team: str, ana: Actor, ben: Actor, opened: Make
) -> None:
    await opened("Disk full")
    async with begin() as session:
        await workspaces.close_channel(session, team, GENERAL)
        lost = outbox.row(Topic.PERSON_ASSIGNED, workspace_id=team, lane="lost")
        await outbox.add(session, lost, lost)
        gone = update(OutboxMessage).where(OutboxMessage.workspace_id == team, OutboxMessage.lane == "lost")
        await session.execute(gone.values(gave_up_at=OutboxMessage.created_at, last_error="account_inactive"))
        await session.execute(update(User).where(User.id == ana.id).values(is_superuser=True))
        await session.execute(update(User).where(User.id == ben.id).values(admitted_at=None, asked_at=User.created_at))
        await superusers.nominate(session, team, "boss@example.com")  # has no Slack user yet
    async with begin() as session:
        facts = await health.facts(session, team)

    assert (facts.waiting > 0, facts.oldest is not None) == (True, True)
    assert [(kind.topic, kind.error, kind.count) for kind in facts.given_up] == [
        ("person.assigned", "account_inactive", 2)
    ]
    assert (facts.superusers, facts.stranded, facts.applicants) == (1, 1, 1)


async def test_all_that_was_given_up_is_counted_though_only_the_newest_kinds_are_named(begin: Begin, team: str) -> None:
    many = health.MOST_KINDS + 2
    async with begin() as session:
        lost = [outbox.row(Topic.PERSON_ASSIGNED, workspace_id=team, lane=f"lost {n}") for n in range(many)]
        await outbox.add(session, *lost)
        gone = update(OutboxMessage).where(OutboxMessage.workspace_id == team)
        await session.execute(gone.values(gave_up_at=OutboxMessage.created_at, last_error=OutboxMessage.lane))
    async with begin() as session:
        facts = await health.facts(session, team)

    assert (len(facts.given_up), facts.lost) == (health.MOST_KINDS, many)


async def test_a_superuser_who_left_slack_does_not_count(begin: Begin, team: str, ana: Actor) -> None:
    async with begin() as session:
        await session.execute(update(User).where(User.id == ana.id).values(is_superuser=True))
        gone = users.Profile(slack_user_id="U0ANA", name="Ana", email="ana@example.com", is_deactivated=True)
        await profiles.learn(session, team, [gone])
        assert (await health.facts(session, team)).superusers == 0
