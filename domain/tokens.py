"""API tokens: what other programs show instead of a password, each with a label, until it is revoked.

Only a hash is kept. A token is long and random, so a plain hash is enough, and finding it by that takes one look into
an index.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import CTE, Executable, ForeignKey, Index, String, bindparam, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import audit, credentials, db, policy
from domain import text as words
from domain.audit import Deed
from domain.credentials import Holder
from domain.db import Base, Written
from domain.errors import AlreadyDone, InvalidInput, NotFound
from domain.policy import Action, Actor
from domain.rates import Connection
from domain.users import SlackProfile, User

PREFIX: Final = "it_"
LONGEST_LABEL: Final = 60
MOST: Final = 20
"""Good ones of one person."""
_LENGTH: Final = len(PREFIX) + 43


class ApiToken(Base):
    """A token; ``number`` is what its owner calls it by."""

    __tablename__ = "api_token"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user.id"))
    number: Mapped[int]
    label: Mapped[str]
    hashed: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_api_token_number", "workspace_id", "number", unique=True),
        Index("ix_api_token_user", "user_id", postgresql_where=text("revoked_at IS NULL")),
    )

    @property
    def owner_id(self) -> UUID:
        """Whose it is, for the policy."""
        return self.user_id

    @property
    def assignee_id(self) -> None:
        """Nobody works on a token."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new token; the only time that it is shown."""

    number: int
    label: str
    token: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A token as it is listed."""

    number: int
    label: str
    owner: str
    owner_slack_id: str | None
    created_at: datetime
    used_at: datetime | None


async def create(session: AsyncSession, label: str, *, by: Actor) -> Made:
    """A new one.

    Raises:
        Forbidden: ``by`` is no active member.
        InvalidInput: on ``label``: none, or too long; or there are too many tokens.
    """
    policy.require(by, Action.KEEP_ACCOUNT)
    named = " ".join(words.clean(label).split())
    if not any(map(words.is_visible, named)) or len(named) > LONGEST_LABEL:
        raise InvalidInput(
            f"No token was made. Say what it is for, in 1 to {LONGEST_LABEL} characters: "
            "/incident token create deployment script.",
            field="label",
        )
    await db.lock(session, f"tokens:{by.workspace_id}")
    token = PREFIX + secrets.token_urlsafe(32)
    number: int | None = await session.scalar(_numbered(named, token, by))
    if number is None:
        raise InvalidInput(f"No token was made: {MOST} are the most. Revoke one that is not needed.", field="label")
    await audit.record(session, Deed.TOKEN_MADE, by=by, about=by.id, details={"name": named})
    return Made(number, named, token)


async def listed(session: AsyncSession, *, of: str | None = None, by: Actor) -> list[Shown]:
    """One's own good tokens, the newest first; a superuser can see anybody's.

    Args:
        of: the Slack id of whose tokens are wanted, if not those of ``by``.

    Raises:
        Forbidden: they are somebody else's, and ``by`` is no superuser.
    """
    if of not in (None, by.slack_user_id):
        policy.require(by, Action.ADMINISTER)
    columns = (
        ApiToken.number, ApiToken.label, User.full_name, SlackProfile.slack_user_id, ApiToken.created_at,
        ApiToken.used_at,
    )  # fmt: skip
    wanted = select(*columns).join(User, User.id == ApiToken.user_id)
    wanted = wanted.outerjoin(SlackProfile, SlackProfile.user_id == User.id)
    whose = ApiToken.user_id == by.id if of is None else SlackProfile.slack_user_id == of
    good = (ApiToken.workspace_id == by.workspace_id, ApiToken.revoked_at.is_(None), whose)
    return [Shown(*row) for row in await session.execute(wanted.where(*good).order_by(ApiToken.number.desc()))]


async def revoke(session: AsyncSession, number: int, *, by: Actor) -> str:
    """It is not good any more; superusers can revoke anybody's, who is told.

    Returns:
        Its label.

    Raises:
        NotFound: there is none with this number, or it is somebody else's and ``by`` is no superuser.
        AlreadyDone: it was revoked before.
    """
    wanted = select(ApiToken).where(ApiToken.workspace_id == by.workspace_id, ApiToken.number == number)
    token: ApiToken | None = await session.scalar(wanted.with_for_update())
    if token is None or not policy.allows(by, Action.REVOKE_TOKEN, token):
        raise NotFound("Nothing was revoked: you have no such token. /incident token lists yours.")
    if token.revoked_at is not None:
        raise AlreadyDone(f"Nothing to do: the token “{token.label}” was revoked before.")
    owner = select(SlackProfile.slack_user_id).where(SlackProfile.user_id == token.user_id).scalar_subquery()
    ended = update(ApiToken).where(ApiToken.id == token.id).values(revoked_at=func.now())
    told = await session.scalar(ended.returning(owner), execution_options=db.AS_WRITTEN)
    await audit.record(
        session, Deed.TOKEN_REVOKED, by=by, about=token.user_id, tell=[told], details={"name": token.label}
    )
    return token.label


def ended(account_id: UUID) -> CTE:
    """Part of a statement: all tokens of an account are revoked."""
    mine = update(ApiToken).where(ApiToken.user_id == account_id, ApiToken.revoked_at.is_(None))
    return mine.values(revoked_at=func.now()).cte("ended")


def is_one(bearer: str) -> bool:
    """Whether this looks like a token of ours."""
    return bearer.startswith(PREFIX) and len(bearer) == _LENGTH


async def holder(on: Connection, token: str) -> Holder | None:
    """Whose token it is; None if it is not good, or they may not come in. Notes once a minute that it is used."""
    hashed = _hashed(token)
    found = await db.run(on, _found(), {"hashed": hashed})
    who = credentials.actor(found[0]) if found else None
    if who is None:
        return None
    if found[0].is_unnoted:
        await db.run(on, _noted(), {"hashed": hashed})
    return Holder(who, f"token:{found[0].token_id}")


def _numbered(label: str, token: str, by: Actor) -> Executable:
    """Insert it with the next number, which is what the statement returns; none if there are too many."""
    is_mine = (ApiToken.user_id == by.id, ApiToken.revoked_at.is_(None))
    values: dict[str, Any] = {
        "id": literal(uuid4()),
        "workspace_id": literal(by.workspace_id),
        "user_id": literal(by.id),
        "number": func.coalesce(func.max(ApiToken.number), 0) + 1,
        "label": literal(label),
        "hashed": literal(_hashed(token)),
    }
    few = func.count().filter(*is_mine) < MOST
    counted = select(*values.values()).where(ApiToken.workspace_id == by.workspace_id).having(few)
    return insert(ApiToken).from_select(list(values), counted).returning(ApiToken.number)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _unnoted() -> Any:
    return or_(ApiToken.used_at.is_(None), ApiToken.used_at < func.now() - text("interval '1 minute'"))


@cache
def _found() -> Written:
    wanted = credentials.person().add_columns(ApiToken.id.label("token_id"), _unnoted().label("is_unnoted"))
    good = (ApiToken.hashed == bindparam("hashed", type_=String), ApiToken.revoked_at.is_(None))
    return db.written(wanted.join(ApiToken, ApiToken.user_id == User.id).where(*good))


@cache
def _noted() -> Written:
    mine = update(ApiToken).where(ApiToken.hashed == bindparam("hashed", type_=String), _unnoted())
    return db.written(mine.values(used_at=func.now()))
