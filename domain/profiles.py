"""What Slack says of people, and how their accounts keep in step with it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Row, case, exists, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import text
from domain.users import Profile, SlackProfile, User, lock_address


async def learn(session: AsyncSession, workspace_id: str, profiles: Iterable[Profile]) -> None:
    """Remember what Slack says of these people now; makes no accounts, but keeps those that are there in step."""
    said = [_storable(profile) for profile in profiles]
    if not said:
        return
    for profile, account in await _renewed(session, workspace_id, said):
        await _follow(session, workspace_id, profile, account)
    statement = insert(SlackProfile).values([{"workspace_id": workspace_id, **asdict(profile)} for profile in said])
    columns = {name: statement.excluded[name] for name in asdict(said[0]) if name != "slack_user_id"}
    known = statement.on_conflict_do_update(index_elements=["workspace_id", "slack_user_id"], set_=columns)
    await session.execute(known)


async def _renewed(session: AsyncSession, workspace_id: str, said: Sequence[Profile]) -> list[tuple[Profile, Row[Any]]]:
    """The people with an account whose name or address is another now, with what both were."""
    keeps = or_(User.proved_at.is_not(None), User.is_superuser, User.is_nominated).label("keeps")
    profile = (SlackProfile.slack_user_id, SlackProfile.user_id, SlackProfile.name, SlackProfile.email)
    was = select(*profile, User.full_name, User.email.label("address"), keeps)
    here = (SlackProfile.workspace_id == workspace_id, SlackProfile.slack_user_id.in_([p.slack_user_id for p in said]))
    found = await session.execute(was.join(User, User.id == SlackProfile.user_id).where(*here))
    known: dict[str, Any] = {row.slack_user_id: row for row in found}
    both = [(profile, known[profile.slack_user_id]) for profile in said if profile.slack_user_id in known]
    return [(profile, row) for profile, row in both if (profile.name, profile.email) != (row.name, row.email)]


async def _follow(session: AsyncSession, workspace_id: str, profile: Profile, was: Row[Any]) -> None:
    """What the account took from Slack stays as in Slack; what the person chose or proved does not move.

    Neither does the address of a superuser: whoever can change it in Slack could otherwise recover the account.
    """
    values: dict[str, Any] = {"full_name": profile.name} if was.full_name == was.name else {}
    if not was.keeps and was.address == was.email != profile.email:
        values["email"] = profile.email
        if profile.email:
            await lock_address(session, workspace_id, profile.email)
            taken = exists().where(User.workspace_id == workspace_id, func.lower(User.email) == profile.email.lower())
            values["email"] = case((taken, null()), else_=profile.email)
    if values:
        await session.execute(update(User).where(User.id == was.user_id).values(**values))


def _storable(profile: Profile) -> Profile:
    return Profile(
        slack_user_id=profile.slack_user_id,
        name=text.clean(profile.name) or profile.slack_user_id,
        email=profile.email,
        time_zone=_known_zone(profile.time_zone),
        standing=profile.standing,
        is_deactivated=profile.is_deactivated,
    )


def _known_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):  # also the name of a folder, or one that is too long
        return "UTC"
