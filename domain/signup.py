"""Who gets an account: the workspace's rule for people who come here for the first time."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, ScalarSelect, and_, any_, case, exists, func, literal, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain import outbox, users
from domain.errors import Forbidden
from domain.outbox import Topic
from domain.policy import Actor, Admission, Standing
from domain.users import Profile, SlackProfile, User
from domain.workspaces import Workspace


class SignUp(StrEnum):
    """The rule: everybody, people with an address in certain domains, whoever a superuser approves, or nobody new."""

    OPEN = "open"
    DOMAIN = "domain"
    APPROVE = "approve"
    CLOSED = "closed"


async def set_rule(session: AsyncSession, workspace_id: str, rule: SignUp, domains: Sequence[str] = ()) -> None:
    """Who gets an account from now on; whoever has one keeps it.

    Args:
        domains: of e-mail addresses, in lower case, for the rule that asks for them.
    """
    here = update(Workspace).where(Workspace.id == workspace_id)
    await session.execute(here.values(sign_up=rule, sign_up_domains=list(domains)))


async def join(session: AsyncSession, workspace_id: str, profile: Profile) -> Actor:
    """The person's first use: make the account that goes with this known profile, admitted if the rule says so.

    Two first uses at the same moment make one account. An e-mail address that another account has is left out: it
    proves nothing here. But an account that was only named by this address is theirs from now on, still without rights.
    """
    if profile.email:  # the next statement must see the account of whoever comes first with this address
        await users.lock_address(session, workspace_id, profile.email)
    mine = (SlackProfile.workspace_id == workspace_id, SlackProfile.slack_user_id == profile.slack_user_id)
    made = uuid4()
    claimed = update(SlackProfile).where(*mine, SlackProfile.user_id.is_(None))
    claim = (
        claimed.values(user_id=func.coalesce(_nominated(), made))
        .returning(SlackProfile.user_id, SlackProfile.name, SlackProfile.email)
        .cte("claim")
    )
    named = update(User).where(User.id == claim.c.user_id, User.id != made).values(full_name=claim.c.name).cte("named")
    account = (
        select(
            literal(made),
            literal(workspace_id),
            claim.c.name,
            case((_has(claim.c.email), null()), else_=claim.c.email),
            case((_admits(claim.c.email), func.now())),
        )
        .select_from(claim)
        .join(Workspace, Workspace.id == workspace_id)
        .where(claim.c.user_id == made)
    )
    columns = ["id", "workspace_id", "full_name", "email", "admitted_at"]
    inserted = insert(User).from_select(columns, account).add_cte(named)
    row = (await session.execute(inserted.returning(User.full_name, User.admitted_at))).one_or_none()
    if row is None:
        return await users.actor(session, workspace_id, profile.slack_user_id)
    return Actor(
        id=made,
        workspace_id=workspace_id,
        slack_user_id=profile.slack_user_id,
        name=row.full_name,
        time_zone=profile.time_zone,
        standing=profile.standing,
        is_active=not profile.is_deactivated,
        admission=Admission.NOT_ADMITTED if row.admitted_at is None else Admission.ADMITTED,
        is_hinted=False,
    )


async def settle(session: AsyncSession, person: Actor) -> Actor:
    """A member who was not admitted wants something: admit them if the rule does now, or ask the superusers once.

    Returns:
        The same person, as they stand now.
    """
    profile = select(SlackProfile.email).where(SlackProfile.user_id == person.id).scalar_subquery()
    is_asked = Workspace.sign_up == SignUp.APPROVE
    changed = (
        update(User)
        .where(User.id == person.id, User.admitted_at.is_(None), Workspace.id == User.workspace_id)
        .where(or_(_admits(profile), and_(is_asked, User.asked_at.is_(None))))
        .values(
            admitted_at=case((_admits(profile), func.now())), asked_at=case((is_asked, func.now()), else_=User.asked_at)
        )
        .returning(User.admitted_at)
    )
    row = (await session.execute(changed)).one_or_none()
    if row is None:
        return person
    if row.admitted_at is not None:
        return replace(person, admission=Admission.ADMITTED)
    await _ask(session, person)
    return replace(person, admission=Admission.WAITING)


async def newcomer(session: AsyncSession, workspace_id: str, address: str) -> Profile | None:
    """The member of the workspace who has this address and no account yet."""
    here = (SlackProfile.workspace_id == workspace_id, func.lower(SlackProfile.email) == address)
    free = (SlackProfile.user_id.is_(None), ~SlackProfile.is_deactivated, SlackProfile.standing == Standing.MEMBER)
    found = list(await session.scalars(select(SlackProfile.slack_user_id).where(*here, *free).limit(1)))
    known = await users.find(session, workspace_id, found[0]) if found else None
    return known[0] if known else None


async def join_by_mail(session: AsyncSession, workspace_id: str, address: str) -> None:
    """Make the account of somebody who reads the mail of this address; raises Forbidden where nobody new is let in."""
    rule = await session.scalar(select(Workspace.sign_up).where(Workspace.id == workspace_id))
    profile = await newcomer(session, workspace_id, address)
    if rule == SignUp.CLOSED or profile is None:
        raise Forbidden("Not saved: nobody new gets an account here. Ask a superuser.")
    person = await join(session, workspace_id, profile)
    if not person.is_member:
        await settle(session, person)


async def _ask(session: AsyncSession, person: Actor) -> None:
    """Every superuser hears that somebody waits."""
    rows = [_asking(person, superuser) for superuser in await users.superusers(session, person.workspace_id, most=None)]
    if rows:
        await outbox.add(session, *rows)


def _asking(person: Actor, superuser: str) -> dict[str, Any]:
    return outbox.row(
        Topic.ACCOUNT_ASKED,
        workspace_id=person.workspace_id,
        lane=f"person:{superuser}",
        account=str(person.id),
        user=superuser,
    )


def _nominated() -> ScalarSelect[Any]:
    """Part of a statement that changes a profile: the account that waits for somebody with its address."""
    named = aliased(User)
    holder = aliased(SlackProfile)
    mapped = select(holder.user_id).where(holder.user_id == named.id).exists()
    here = (named.workspace_id == SlackProfile.workspace_id, func.lower(named.email) == func.lower(SlackProfile.email))
    waits = (named.is_nominated, named.is_active, named.proved_at.is_(None), ~mapped)
    return select(named.id).where(*here, *waits).scalar_subquery()


def _admits(email: ColumnElement[Any]) -> ColumnElement[bool]:
    """Part of a statement that has the workspace: whether its rule lets in somebody with this address.

    Whoever was shut out does not come in again by a second Slack account with the same address.
    """
    domain = func.split_part(func.lower(email), "@", -1)
    is_in = and_(Workspace.sign_up == SignUp.DOMAIN, domain == any_(Workspace.sign_up_domains))
    return and_(or_(Workspace.sign_up == SignUp.OPEN, func.coalesce(is_in, False)), ~_has(email, is_shut_out=True))


def _has(email: ColumnElement[Any], *, is_shut_out: bool = False) -> ColumnElement[bool]:
    """Part of a statement that has the workspace: whether an account, perhaps a deactivated one, has this address."""
    other = aliased(User)
    found = exists().where(other.workspace_id == Workspace.id, func.lower(other.email) == func.lower(email))
    return found.where(~other.is_active) if is_shut_out else found
