"""One's own account: name, address, and closing it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain import audit, codes, db, outbox, people, policy, text, tokens, users
from domain.audit import Deed
from domain.codes import Code, Proof
from domain.errors import Conflict, InvalidInput
from domain.outbox import Topic
from domain.policy import Action, Actor
from domain.users import SlackProfile, User
from domain.workspaces import Workspace

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Account:
    """What somebody may know of their own account."""

    name: str
    email: str | None
    is_proved: bool


@dataclass(frozen=True, slots=True)
class Former:
    """An address that an account had, and whose it was."""

    address: str
    name: str
    workspace_url: str


async def mine(session: AsyncSession, *, by: Actor) -> Account:
    """The account of whoever asks."""
    row = (await session.execute(select(User.full_name, User.email, User.proved_at).where(User.id == by.id))).one()
    return Account(row.full_name, row.email, row.proved_at is not None)


async def rename(session: AsyncSession, name: str, *, by: Actor) -> bool:
    """What one is called here, whatever Slack says from now on.

    Returns:
        Whether it is another name than before.

    Raises:
        InvalidInput: on ``name``: empty, or too long.
    """
    policy.require(by, Action.KEEP_ACCOUNT)
    wanted = " ".join(text.clean(name).split())
    if not any(map(text.is_visible, wanted)) or len(wanted) > LONGEST_NAME:
        raise InvalidInput(f"Not saved: a name has 1 to {LONGEST_NAME} characters.", field="name")
    if wanted == by.name:
        return False
    await session.execute(update(User).where(User.id == by.id).values(full_name=wanted))
    await audit.record(session, Deed.RENAMED, by=by, about=by.id)
    return True


async def change_address(session: AsyncSession, proof: Proof, *, by: Actor) -> None:
    """The proved address is the account's from now on; the former one is told.

    Raises:
        Conflict: another account got it meanwhile.
    """
    policy.require(by, Action.KEEP_ACCOUNT)
    await users.lock_address(session, by.workspace_id, proof.address)
    other, before = aliased(User), aliased(User)
    is_taken = select(other.id).where(
        other.workspace_id == by.workspace_id, other.id != by.id, func.lower(other.email) == proof.address
    )
    former = select(before.email).where(before.id == by.id).scalar_subquery()
    kept = update(Code).where(Code.id == proof.code_id).values(former=former).cte("kept")
    mine_now = update(User).where(User.id == by.id, ~is_taken.exists())
    values = {
        "email": proof.address,
        "proved_at": func.now(),
        "is_nominated": False,
    }
    changed = mine_now.values(**values).returning(User.id)
    if await session.scalar(changed.add_cte(kept), execution_options=db.AS_WRITTEN) is None:
        raise Conflict("Not saved: another account has this address. Use another one, or ask a superuser.")
    await audit.record(session, Deed.ADDRESS_CHANGED, by=by, about=by.id)
    told = outbox.row(
        Topic.ADDRESS_CHANGED, workspace_id=by.workspace_id, lane=f"code:{proof.code_id}", code=str(proof.code_id)
    )
    await outbox.add(session, told)


async def former(session: AsyncSession, code_id: UUID) -> Former | None:
    """Who has to be told of a replaced address, if there was one."""
    asked = (
        select(Code.former, SlackProfile.name, Workspace.url)
        .join(SlackProfile, codes.ASKER)
        .join(Workspace, Workspace.id == Code.workspace_id)
    )
    row = (await session.execute(asked.where(Code.id == code_id, Code.former.is_not(None)))).one_or_none()
    return Former(row.former, row.name, row.url) if row else None


async def close(session: AsyncSession, *, by: Actor) -> None:
    """Close one's own account: nothing that it made is lost, and a superuser can open it again.

    Raises:
        Conflict: it is the last superuser's.
    """
    policy.require(by, Action.KEEP_ACCOUNT)
    await db.lock(session, f"superusers:{by.workspace_id}")
    may = people.another_superuser(by.id, by.workspace_id) if by.is_superuser else User.id == by.id
    closed = (
        update(User)
        .where(User.id == by.id, may)
        .values(is_active=False, is_superuser=False, is_nominated=False, closed_at=func.now())
        .values(login_version=User.login_version + 1)
        .returning(User.id)
    )
    if await session.scalar(closed.add_cte(tokens.ended(by.id)), execution_options=db.AS_WRITTEN) is None:
        raise people.last_one(by.name)
    await audit.record(session, Deed.CLOSED, by=by, about=by.id, tells_superusers=by.is_superuser)
