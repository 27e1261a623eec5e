"""Which Slack user an account belongs to: linked and recovered by a proved address, or by a superuser."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, case, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain import addresses, audit, credentials, db, people, policy, tokens
from domain.audit import Deed
from domain.codes import Proof
from domain.errors import AlreadyDone, Conflict, Forbidden, InvalidInput
from domain.people import Person
from domain.policy import Action, Actor
from domain.users import SlackProfile, User


async def link(session: AsyncSession, proof: Proof, *, by: Actor) -> bool:
    """Map the account that has the proved address to this person; a nominated one becomes a superuser's.

    Their account until now keeps its history, without a Slack user.

    Returns:
        Whether they are a superuser now.

    Raises:
        Forbidden: no full member, or the account is deactivated.
        Conflict: they are linked to another account, it belongs to another Slack user, or there is none any more.
    """
    account = await _proved(session, proof, by=by)
    if account.slack_user_id not in (None, by.slack_user_id):
        raise Conflict(
            "Not linked: this account belongs to another Slack user. "
            "/incident recover moves it to you and tells them and the superusers."
        )
    return await _moved(session, account, Deed.LINKED, by=by)


async def recover(session: AsyncSession, proof: Proof, *, by: Actor) -> bool:
    """The same, also from another Slack user, who is told as are all superusers."""
    account = await _proved(session, proof, by=by)
    if account.slack_user_id == by.slack_user_id:
        raise AlreadyDone("Nothing to do: this account is yours already.")
    return await _moved(session, account, Deed.RECOVERED, by=by)


async def unlink(session: AsyncSession, *, by: Actor) -> None:
    """Part with an account that was linked; the next use makes a new one.

    Raises:
        AlreadyDone: theirs is not a linked one.
        Conflict: it is the last superuser's.
    """
    policy.require(by, Action.LINK)
    await db.lock(session, f"superusers:{by.workspace_id}")
    mine = (await session.execute(select(User.proved_at, User.is_superuser).where(User.id == by.id))).one()
    if mine.proved_at is None and not mine.is_superuser:
        raise AlreadyDone("Nothing to do: no account was linked to you. Yours was made at your first use.")
    await _unmap(session, by.id, by.name, by=by)


async def link_for(session: AsyncSession, slack_user_id: str, address: str, *, by: Actor) -> Person:
    """A superuser vouches that the account with this address is this person's.

    Raises:
        InvalidInput: on ``email`` or ``person``: no account, no full member, or one of them is taken.
    """
    policy.require(by, Action.ADMINISTER)
    wanted = addresses.clean(address)
    person = await people.of_slack(session, slack_user_id, by=by)
    account = await people.with_address(session, wanted, by=by)
    if account.id == person.id:
        raise AlreadyDone(f"Nothing to do: this is {person.name}'s account already.")
    if not account.is_active:
        raise InvalidInput("Not linked: this account is deactivated. Activate it first.", field="email")
    if account.slack_user_id is not None:
        raise InvalidInput("Not linked: another Slack user has this account. Unlink them first.", field="email")
    if person.is_proved or person.is_superuser:
        raise InvalidInput(f"Not linked: {person.name} has a linked account. Unlink it first.", field="person")
    if not person.may_join:
        raise InvalidInput(f"Not linked: {person.name} is no active full member.", field="person")
    await _map(session, account.id, slack_user_id, by=by, values={"admitted_at": _ADMITTED})
    await audit.record(
        session, Deed.LINKED, by=by, about=account.id, tell=[slack_user_id], tells_superusers=account.is_superuser
    )
    return account


async def unlink_for(session: AsyncSession, account_id: UUID, *, by: Actor) -> Person:
    """A superuser parts an account from its Slack user, who gets a new one at the next use.

    Raises:
        AlreadyDone: no Slack user has it.
        Conflict: it is deactivated, and would come back as a new one; or it is the last superuser's.
    """
    person = await people.locked(session, account_id, by=by)
    if person.slack_user_id is None:
        raise AlreadyDone(f"Nothing to do: no Slack user is mapped to {person.name}.")
    if not person.is_active:
        raise Conflict(
            f"Not unlinked: {person.name} is deactivated, and would come back with a new account. Activate them first."
        )
    await _unmap(session, person.id, person.name, by=by, tell=person.slack_user_id)
    return person


async def _proved(session: AsyncSession, proof: Proof, *, by: Actor) -> Row[Any]:
    """The account with the address, locked, if it may become this person's."""
    policy.require(by, Action.LINK)
    has_address = func.lower(User.email) == proof.address
    wanted = (
        select(User.__table__, SlackProfile.slack_user_id, has_address.label("is_wanted"))
        .outerjoin(SlackProfile, SlackProfile.user_id == User.id)
        .where(User.workspace_id == by.workspace_id, or_(has_address, User.id == by.id))
        .order_by(User.id)
        .with_for_update(of=User)
    )
    rows = list(await session.execute(wanted))
    account = next((row for row in rows if row.is_wanted), None)
    mine = next((row for row in rows if row.id == by.id), None)
    if account is None:
        raise Conflict("Not linked: no account has this address any more. Ask a superuser.")
    if not account.is_active or (mine is not None and not mine.is_active):
        raise Forbidden("Not linked: this account is deactivated.")
    if mine is not None and mine.id != account.id and (mine.proved_at is not None or mine.is_superuser):
        raise Conflict("Not linked: you are linked to another account already. Part with it first: /incident unlink.")
    return account


async def _moved(session: AsyncSession, account: Row[Any], deed: Deed, *, by: Actor) -> bool:
    is_superuser = bool(account.is_superuser or account.is_nominated)
    was_named = account.proved_at is not None or (account.slack_user_id is not None and not account.is_nominated)
    admitted_at = _ADMITTED if is_superuser else User.admitted_at
    await _map(
        session,
        account.id,
        by.slack_user_id,
        by=by,
        values={
            "proved_at": func.now(),
            "is_superuser": is_superuser,
            "is_nominated": False,
            "admitted_at": admitted_at,
            "full_name": account.full_name if was_named else by.name,
        },
        is_new=account.slack_user_id != by.slack_user_id,
    )
    details = {"to": by.slack_user_id, "superuser": "yes" if is_superuser else ""}
    if deed is Deed.RECOVERED:
        details["from"] = account.slack_user_id or ""
    tells_superusers = deed is Deed.RECOVERED or is_superuser
    tell = [details.get("from")]
    await audit.record(
        session, deed, by=by, about=account.id, tell=tell, tells_superusers=tells_superusers, details=details
    )
    return is_superuser


async def _map(
    session: AsyncSession,
    account_id: UUID,
    slack_user_id: str,
    *,
    by: Actor,
    values: dict[str, Any],
    is_new: bool = True,
) -> None:
    """From now on this Slack user has this account, and nobody else has.

    Args:
        is_new: they had another one until now; the password, the logins and the API tokens of it are ended, because
            whoever had it before knows them.
    """
    is_theirs = SlackProfile.slack_user_id == slack_user_id
    moved = (
        update(SlackProfile)
        .where(SlackProfile.workspace_id == by.workspace_id, or_(is_theirs, SlackProfile.user_id == account_id))
        .values(user_id=case((is_theirs, literal(account_id))))
        .cte("moved")
    )
    also = [moved, tokens.ended(account_id)] if is_new else [moved]
    given = values | credentials.password(None) if is_new else values
    mapped = update(User).where(User.id == account_id).values(**given)
    await session.execute(mapped.add_cte(*also), execution_options=db.AS_WRITTEN)


async def _unmap(session: AsyncSession, account_id: UUID, name: str, *, by: Actor, tell: str | None = None) -> None:
    no_superuser = select(User.id).where(User.id == account_id, ~User.is_superuser).exists()
    may = or_(no_superuser, people.another_superuser(account_id, by.workspace_id))
    parted = update(SlackProfile).where(SlackProfile.user_id == account_id, may).values(user_id=None)
    slack_user_id = await session.scalar(parted.returning(SlackProfile.slack_user_id))
    if slack_user_id is None:
        raise people.last_one(name)
    details = {"from": slack_user_id}
    await audit.record(session, Deed.UNLINKED, by=by, about=account_id, tell=[tell], details=details)


_ADMITTED: ColumnElement[Any] = func.coalesce(User.admitted_at, func.now())
