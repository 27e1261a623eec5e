"""The people with an account, as superusers see and manage them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Row, Select, func, or_, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain import audit, db, policy, signup, tokens, users
from domain.audit import Deed
from domain.errors import AlreadyDone, Conflict, InvalidInput, NotFound
from domain.persons import Page as Page
from domain.persons import Person as Person
from domain.policy import Action, Actor, Admission, Standing
from domain.text import clean
from domain.users import SlackProfile, User

PAGE: Final = 10
DELETED: Final = "Deleted person"
MOST_WORDS: Final = 10


async def search(
    session: AsyncSession,
    text: str = "",
    *,
    by: Actor,
    are_waiting: bool = False,
    after: UUID | None = None,
    before: UUID | None = None,
) -> Page:
    """One page of people, by name.

    Args:
        text: a part of a name or address; nothing finds everybody.
        are_waiting: only those who wait for approval.
        after, before: the person that the page begins behind, or ends before.

    Raises:
        Forbidden: ``by`` is no superuser.
    """
    policy.require(by, Action.ADMINISTER)
    query = _people(by).where(*_matching(text))
    if are_waiting:
        query = query.where(*users.waits())
    place = tuple_(func.lower(User.full_name), User.id)
    if before or after:
        other = aliased(User)
        border = select(func.lower(other.full_name), other.id).where(other.id == (before or after)).scalar_subquery()
        query = query.where(place < border if before else place > border)
    order = (func.lower(User.full_name).desc(), User.id.desc()) if before else (func.lower(User.full_name), User.id)
    rows = list(await session.execute(query.order_by(*order).limit(PAGE + 1)))
    is_more = len(rows) > PAGE
    shown = [_person(row) for row in (rows[:PAGE][::-1] if before else rows[:PAGE])]
    if not shown:
        return Page([])
    has_next, has_previous = (True, is_more) if before else (is_more, after is not None)
    return Page(shown, shown[-1].id if has_next else None, shown[0].id if has_previous else None)


async def get(session: AsyncSession, account_id: UUID, *, by: Actor) -> Person:
    """One person; raises Forbidden unless ``by`` is a superuser, and NotFound."""
    row = await _found(session, User.id == account_id, by=by)
    if row is None:
        raise NotFound("Nothing was changed: there is no such account any more. Look at /incident admin users.")
    return _person(row)


async def of_slack(session: AsyncSession, slack_user_id: str, *, by: Actor) -> Person:
    """The person behind a Slack user; somebody who never used the bot gets their account now.

    Raises:
        Forbidden: ``by`` is no superuser.
        InvalidInput: Slack never told of this user.
    """
    row = await _found(session, SlackProfile.slack_user_id == slack_user_id, by=by)
    if row is not None:
        return _person(row)
    profile = await users.find(session, by.workspace_id, slack_user_id)
    if profile is None:
        raise InvalidInput("Nothing was changed: nobody here knows this person.", field="person")
    account = await signup.join(session, by.workspace_id, profile[0])
    return await get(session, account.id, by=by)


async def with_address(session: AsyncSession, address: str, *, by: Actor) -> Person:
    """The account that has an address, in lower case; raises Forbidden, and InvalidInput on ``email``."""
    row = await _found(session, func.lower(User.email) == address, by=by)
    if row is None:
        raise InvalidInput("Nothing was changed: no account has this address.", field="email")
    return _person(row)


async def approve(session: AsyncSession, account_id: UUID, *, by: Actor) -> Person:
    """Let somebody in who is active, whatever the rule for new accounts says."""
    person = _undecided(await get(session, account_id, by=by))
    admitted, still = {"admitted_at": func.now()}, User.admitted_at.is_(None) & User.is_active
    return await changed(session, person, Deed.APPROVED, admitted, by=by, tells=True, still=still)


async def refuse(session: AsyncSession, account_id: UUID, *, by: Actor) -> Person:
    """Shut out somebody who waits for approval; nobody who was let in meanwhile."""
    person = _undecided(await get(session, account_id, by=by))
    still = User.admitted_at.is_(None) & User.is_active
    return await changed(session, person, Deed.DISABLED, {"is_active": False}, by=by, tells=True, still=still)


async def disable(session: AsyncSession, account_id: UUID, *, by: Actor) -> Person:
    """Shut somebody out: they can do nothing here any more, and are no superuser; what they wrote stays.

    Raises:
        Conflict: it is ``by`` themselves, or the last superuser.
    """
    person = await locked(session, account_id, by=by)
    _not_oneself(person, by)
    if not person.is_active:
        raise AlreadyDone(f"Nothing to do: {person.name} is deactivated already.")
    gone = {"is_active": False, "is_superuser": False, "is_nominated": False, "login_version": User.login_version + 1}
    return await changed(session, person, Deed.DISABLED, gone, by=by, tells=True, also=tokens.ended(person.id))


async def enable(session: AsyncSession, account_id: UUID, *, by: Actor) -> Person:
    """Let somebody back in whose account was deactivated or closed; not as a superuser."""
    person = await get(session, account_id, by=by)
    if person.is_active:
        raise AlreadyDone(f"Nothing to do: {person.name} is active already.")
    back = {"is_active": True, "closed_at": None}
    return await changed(session, person, Deed.ENABLED, back, by=by, tells=True, still=~User.is_active)


async def delete(session: AsyncSession, account_id: UUID, *, by: Actor) -> Person:
    """Forget who somebody is; their incidents and comments stay, by a deleted person.

    A later use makes a new account, as the rule has it. To keep somebody out, deactivate them.
    """
    person = await locked(session, account_id, by=by)
    _not_oneself(person, by)
    unmapped = update(SlackProfile).where(SlackProfile.user_id == person.id).values(user_id=None).cte("unmapped")
    forgotten = {
        "full_name": DELETED, "email": None, "hashed_password": None, "is_active": False, "is_superuser": False,
        "is_nominated": False, "proved_at": None, "deleted_at": func.now(),
    }  # fmt: skip
    return await changed(session, person, Deed.DELETED, forgotten, by=by, also=unmapped)


async def locked(session: AsyncSession, account_id: UUID, *, by: Actor) -> Person:
    """The person, for a change: until the commit nobody else changes who is a superuser."""
    policy.require(by, Action.ADMINISTER)
    await db.lock(session, f"superusers:{by.workspace_id}")
    return await get(session, account_id, by=by)


async def changed(
    session: AsyncSession,
    person: Person,
    deed: Deed,
    values: Mapping[str, Any],
    *,
    by: Actor,
    tells: bool = False,
    tells_superusers: bool = False,
    also: CTE | None = None,
    still: ColumnElement[bool] = true(),  # noqa: B008 - a constant
) -> Person:
    """Save a person's changed columns, with audit and, if wanted, word to them and to all superusers.

    Args:
        also: done in the same statement.
        still: what must be so yet; it stands in for a lock where nobody's rights are taken.

    Raises:
        Forbidden: ``by`` lost their own rights meanwhile.
        Conflict: they are the last superuser, and would not be one any more; or somebody else was faster.
    """
    stops = values.get("is_superuser") is False and person.is_superuser
    rights = _has_rights_now(by)  # whoever waited for the lock may have lost them meanwhile
    where = [User.id == person.id, rights, another_superuser(person.id, by.workspace_id) if stops else still]
    done = update(User).where(*where).values(**values).returning(User.id)
    statement = done.add_cte(also) if also is not None else done
    if await session.scalar(statement, execution_options=db.AS_WRITTEN) is None:
        policy.require(
            by if await session.scalar(select(rights)) else replace(by, is_superuser=False), Action.ADMINISTER
        )
        raise last_one(person.name) if stops else _decided(person)
    tell = (person.slack_user_id,) if tells else ()
    await audit.record(session, deed, by=by, about=person.id, tell=tell, tells_superusers=tells_superusers)
    return person


def another_superuser(account_id: UUID, workspace_id: str) -> ColumnElement[bool]:
    """Part of a statement: somebody else could still administer."""
    other, profile = aliased(User), aliased(SlackProfile)
    mapped = select(other.id).join(profile, profile.user_id == other.id)
    here = (other.workspace_id == workspace_id, other.id != account_id)
    return mapped.where(*here, *users.administers(other, profile)).exists()


def _has_rights_now(by: Actor) -> ColumnElement[bool]:
    account, profile = aliased(User), aliased(SlackProfile)
    mapped = select(account.id).join(profile, profile.user_id == account.id)
    return mapped.where(account.id == by.id, *users.administers(account, profile)).exists()


def last_one(name: str) -> Conflict:
    """What to raise when nobody would be left who can administer."""
    return Conflict(
        f"Nothing was changed: {name} is the last superuser. Make somebody else one first: "
        "/incident admin super add @name."
    )


def _undecided(person: Person) -> Person:
    if person.admission is Admission.ADMITTED:
        raise AlreadyDone(f"Nothing to do: {person.name} was let in already.")
    if not person.is_active:
        raise AlreadyDone(f"Nothing to do: {person.name} is deactivated already.")
    return person


def _decided(person: Person) -> AlreadyDone:
    return AlreadyDone(f"Nothing to do: somebody else decided about {person.name} just now.")


def _not_oneself(person: Person, by: Actor) -> None:
    if person.id == by.id:
        raise Conflict(
            "Nothing was changed: nobody deactivates or deletes themselves here. "
            "Close your account with /incident whoami, or ask another superuser."
        )


async def _found(session: AsyncSession, which: ColumnElement[bool], *, by: Actor) -> Row[Any] | None:
    policy.require(by, Action.ADMINISTER)
    found: Row[Any] | None = (await session.execute(_people(by).where(which))).one_or_none()
    return found


def _people(by: Actor) -> Select[Any]:
    return (
        select(User.__table__, SlackProfile.slack_user_id, SlackProfile.standing, SlackProfile.is_deactivated)
        .outerjoin(SlackProfile, SlackProfile.user_id == User.id)
        .where(User.workspace_id == by.workspace_id, User.deleted_at.is_(None))
    )


def _matching(text: str) -> list[ColumnElement[bool]]:
    wanted = clean(text).split()[:MOST_WORDS]
    words = [word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for word in wanted]
    return [or_(User.full_name.ilike(f"%{word}%"), User.email.ilike(f"%{word}%")) for word in words]


def _person(row: Row[Any]) -> Person:
    return Person(
        id=row.id,
        name=row.full_name,
        email=row.email,
        slack_user_id=row.slack_user_id,
        standing=Standing(row.standing or Standing.MEMBER),
        admission=users.admission(row),
        is_active=row.is_active,
        is_closed=row.closed_at is not None and not row.is_active,
        is_deactivated=bool(row.is_deactivated),
        is_superuser=row.is_superuser,
        is_nominated=row.is_nominated,
        is_proved=row.proved_at is not None,
        created_at=row.created_at,
    )
