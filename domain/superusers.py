"""Who may administer: made, unmade and nominated; the last one stays."""

from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import addresses, audit, people, users
from domain.audit import Deed
from domain.errors import AlreadyDone, InvalidInput
from domain.people import Person
from domain.policy import Actor, Standing
from domain.users import User


async def add(session: AsyncSession, account_id: UUID, *, by: Actor) -> Person:
    """Give somebody a superuser's rights; all superusers and they are told.

    Raises:
        InvalidInput: on ``person``: a guest, an app, somebody deactivated, external, or without a Slack user.
    """
    person = await people.locked(session, account_id, by=by)
    if person.is_superuser:
        raise AlreadyDone(f"Nothing to do: {person.name} is a superuser already.")
    reason = _unfit(person)
    if reason:
        raise InvalidInput(f"Nothing was changed: {person.name} {reason}. Choose an active member.", field="person")
    made = {"is_superuser": True, "is_nominated": False, "admitted_at": func.coalesce(User.admitted_at, func.now())}
    return await people.changed(session, person, Deed.SUPERUSER_MADE, made, by=by, tells=True, tells_superusers=True)


async def remove(session: AsyncSession, account_id: UUID, *, by: Actor) -> Person:
    """Take a superuser's rights away, perhaps one's own; all superusers and they are told.

    Raises:
        Conflict: they are the last one.
    """
    person = await people.locked(session, account_id, by=by)
    if not person.is_superuser and not person.is_nominated:
        raise AlreadyDone(f"Nothing to do: {person.name} is no superuser.")
    unmade = {"is_superuser": False, "is_nominated": False}
    return await people.changed(
        session, person, Deed.SUPERUSER_UNMADE, unmade, by=by, tells=True, tells_superusers=True
    )


async def nominate(session: AsyncSession, workspace_id: str, address: str) -> bool:
    """On the server: whoever proves that this address is theirs becomes a superuser; no account gets rights by this.

    Returns:
        False if its account has the rights already.

    Raises:
        InvalidInput: on ``email``.
    """
    wanted = addresses.clean(address)
    await users.lock_address(session, workspace_id, wanted)
    here = (User.workspace_id == workspace_id, func.lower(User.email) == wanted)
    found = (await session.execute(select(User.id, User.is_superuser, User.proved_at).where(*here))).one_or_none()
    if found is not None and found.is_superuser and found.proved_at is not None:
        return False
    account_id = found.id if found else uuid4()
    if found:
        await session.execute(update(User).where(User.id == found.id).values(is_nominated=True, is_active=True))
    else:
        name = wanted.rpartition("@")[0]
        made = {"id": account_id, "workspace_id": workspace_id, "email": wanted, "full_name": name}
        await session.execute(insert(User).values(**made, is_nominated=True))
    await audit.record(
        session, Deed.NOMINATED, by=None, workspace_id=workspace_id, about=account_id, tells_superusers=True
    )
    return True


async def are_there(session: AsyncSession, workspace_id: str) -> bool:
    """Whether anybody can administer, or will after proving an address."""
    here = (User.workspace_id == workspace_id, User.is_active, User.is_superuser | User.is_nominated)
    return await session.scalar(select(User.id).where(*here).limit(1)) is not None


def _unfit(person: Person) -> str:
    if not person.is_active or person.is_deactivated:
        return "is deactivated"
    if person.slack_user_id is None:
        return "has no Slack user here"
    nouns = {Standing.GUEST: "is a guest", Standing.EXTERNAL: "is from another organisation", Standing.BOT: "is an app"}
    return nouns.get(person.standing, "")
