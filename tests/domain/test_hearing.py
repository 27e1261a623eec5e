"""A reply of somebody known is kept by one statement, which asks the policy's question itself."""

from itertools import product

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain import hearing, policy, users
from domain.comments import Comment, Reply
from domain.db import Begin
from domain.hearing import Heard
from domain.policy import Action, Standing
from domain.threads import Thread
from domain.users import SlackProfile, User
from tests.conftest import GENERAL, member
from tests.domain.conftest import Make

ROOT = "1700000000.000100"
KINDS = list(product(Standing, (True, False), (True, False), (True, False)))
"""What somebody is in Slack; whether their account is active, Slack deactivated them, and they were admitted."""


@pytest.mark.parametrize("standing, is_active, is_deactivated, is_admitted", KINDS)
async def test_a_reply_is_kept_at_once_exactly_where_the_policy_allows_it(
    begin: Begin,
    alone: AsyncEngine,
    team: str,
    opened: Make,
    standing: Standing,
    is_active: bool,
    is_deactivated: bool,
    is_admitted: bool,
) -> None:
    incident = await opened()
    zoe = await member(begin, team, "Zoe")
    async with begin() as session:
        session.add(Thread(workspace_id=team, channel_id=GENERAL, ts=ROOT, incident_id=incident.id))
        said = {"standing": standing, "is_deactivated": is_deactivated}
        await session.execute(update(SlackProfile).where(SlackProfile.user_id == zoe.id).values(**said))
        account = {"is_active": is_active} | ({} if is_admitted else {"admitted_at": None})
        await session.execute(update(User).where(User.id == zoe.id).values(**account))
        actor = await users.actor(session, team, zoe.slack_user_id)
    reply = Reply(channel_id=GENERAL, thread_ts=ROOT, ts="1700000001.000100", content="rolled back")

    async with alone.connect() as connection:
        [is_kept] = await hearing.keep(connection, team, [Heard(reply, zoe.slack_user_id)])

    assert is_kept == policy.allows(actor, Action.REPLY)
    async with begin() as session:
        found = await session.scalars(select(Comment.content).where(Comment.incident_id == incident.id))
        assert list(found) == ["rolled back"] * is_kept
