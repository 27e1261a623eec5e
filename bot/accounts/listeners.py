"""Who people are: the verb ``whoami``, and what Slack tells about them."""

from sqlalchemy.ext.asyncio import AsyncSession

from bot.accounts import views
from bot.commands import Request
from bot.house import Answer, House, Payload, Routes
from bot.identity import profile_of
from domain import homes, users
from domain.policy import Actor


async def whoami_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``whoami``."""
    return views.identity(actor)


async def person_changed(event: Payload, house: House) -> None:
    """Somebody joined, was renamed, became a guest or was deactivated."""
    profile = profile_of(event["user"], house.workspace_id)
    async with house.begin() as session:
        await users.learn(session, house.workspace_id, [profile])
        await homes.touch(session, house.workspace_id, profile.slack_user_id)


ROUTES = Routes(reads={"whoami": whoami_asked}, events={"user_change": person_changed, "team_join": person_changed})
