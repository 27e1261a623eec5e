"""One-time codes by e-mail: the proof that somebody reads the mail of an address.

Asking does the same for every address, so that it tells nobody whether an account has it. A code is made when it is
sent; only its hash is kept. A try counts before the code is looked at, also if the rest then fails.
"""

import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NoReturn
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from domain import addresses, audit, db, outbox, policy
from domain.audit import Deed
from domain.db import Base
from domain.errors import Conflict, InvalidInput
from domain.outbox import Topic
from domain.policy import Action, Actor
from domain.users import SlackProfile, User
from domain.workspaces import Workspace

ALPHABET: Final = "ACDEFGHJKMNPQRTWXY23456789"
"""No two of these are easily taken for each other."""
LENGTH: Final = 8
VALID: Final = timedelta(minutes=10)
TRIES: Final = 5
AN_HOUR: Final = timedelta(hours=1)
MOST_AN_HOUR: Final = 3
"""Per person, and per address."""
KEPT: Final = timedelta(days=7)

_ALIKE: Final = str.maketrans("BSZАВСЕНКМРТХУΑΒΕΖΗΚΜΡΤΥΧ", "852A8CEHKMPTXYA8E2HKMPTYX")
"""What is easily taken for a letter or digit of ours, Cyrillic and Greek included."""


class Purpose(StrEnum):
    """What a code is for; it is good for nothing else."""

    LINK = "link"
    RECOVER = "recover"
    ADDRESS = "address"


class Code(Base):
    """One request for a code; without ``slack_user_id`` it was printed on the server, for whoever enters it first.

    ``former`` is the address that the account had before, while its owner has to be told of the change.
    """

    __tablename__ = "code"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"))
    slack_user_id: Mapped[str | None]
    purpose: Mapped[str]
    address: Mapped[str]
    former: Mapped[str | None]
    hashed: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    valid_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(server_default="0")
    used_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_code_person", "workspace_id", "slack_user_id", "created_at"),
        Index("ix_code_address", "workspace_id", "address", "created_at"),
    )


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail with a code says, or that there is nobody to send it to."""

    purpose: Purpose
    address: str
    is_wanted: bool
    asked_by: str
    slack_user_id: str
    workspace_url: str


@dataclass(frozen=True, slots=True)
class Tried:
    """A try that was counted; which hash, if any, the code must have."""

    ids: Sequence[UUID]
    hashes: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Proof:
    """This person reads the mail of this address; good for one use, in the transaction that found it."""

    code_id: UUID
    address: str


async def ask(session: AsyncSession, purpose: Purpose, address: str, *, by: Actor) -> UUID:
    """Have a code sent to an address, if that makes sense; the answer is the same if not.

    Returns:
        The request, to be named when the code is entered.

    Raises:
        Forbidden: ``by`` is no full member, or was shut out.
        InvalidInput: on ``email``: no address, or three codes in an hour were asked for by this person or for it.
    """
    policy.require(by, Action.KEEP_ACCOUNT if purpose is Purpose.ADDRESS else Action.LINK)
    wanted = addresses.clean(address)
    await db.lock(session, f"code:{by.workspace_id}:{by.slack_user_id}", f"code:{by.workspace_id}:{wanted}")
    await _require_rest(session, wanted, by)
    made = uuid4()
    row = outbox.row(Topic.CODE_ASKED, workspace_id=by.workspace_id, lane=f"code:{made}", code=str(made))
    asked = insert(Code).values(
        id=made, workspace_id=by.workspace_id, slack_user_id=by.slack_user_id, purpose=purpose, address=wanted
    )
    old = delete(Code).where(Code.created_at < func.now() - KEPT)
    await session.execute(outbox.insertion(session, [row]).add_cte(asked.cte("asked"), old.cte("old")))
    return made


async def print_(session: AsyncSession, workspace_id: str, address: str, hashed: str) -> None:
    """Keep a code that the server's own command line shows: it links whoever enters it with this address."""
    made = insert(Code).values(
        id=uuid4(), workspace_id=workspace_id, purpose=Purpose.LINK, address=addresses.clean(address),
        hashed=hashed, valid_until=func.now() + VALID,
    )  # fmt: skip
    await session.execute(made)
    await audit.record(session, Deed.CODE_PRINTED, by=None, workspace_id=workspace_id)


async def letter(session: AsyncSession, code_id: UUID) -> Letter | None:
    """What is to be sent for a request; None if it was used meanwhile."""
    has_owner = exists().where(User.workspace_id == Code.workspace_id, func.lower(User.email) == Code.address)
    asked = (
        select(
            Code.purpose, Code.address, Code.slack_user_id, SlackProfile.name, Workspace.url, has_owner.label("owner")
        )
        .join(SlackProfile, ASKER)
        .join(Workspace, Workspace.id == Code.workspace_id)
    )
    row = (await session.execute(asked.where(Code.id == code_id, Code.used_at.is_(None)))).one_or_none()
    if row is None:
        return None
    purpose = Purpose(row.purpose)
    return Letter(
        purpose=purpose,
        address=row.address,
        is_wanted=row.owner == (purpose is not Purpose.ADDRESS),
        asked_by=row.name,
        slack_user_id=row.slack_user_id,
        workspace_url=row.url,
    )


def made() -> str:
    """A new code."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def read(typed: str) -> str:
    """A code as it was meant: without spaces and dashes, in capitals, look-alike letters as the ones we use."""
    plain = unicodedata.normalize("NFKC", typed[:100]).upper()
    return "".join(character for character in plain.translate(_ALIKE) if character.isalnum())


async def keep(session: AsyncSession, code_id: UUID, hashed: str) -> None:
    """The code that is sent now; one that was sent before is not good any more."""
    sent = update(Code).where(Code.id == code_id, Code.used_at.is_(None))
    await session.execute(sent.values(hashed=hashed, valid_until=func.now() + VALID))


async def count_try(session: AsyncSession, purpose: Purpose, code_id: UUID, *, by: Actor) -> Tried:
    """Count that a code is tried now, and say against which hashes: the sent one's, and a printed one's.

    Raises:
        Conflict: there was no such request by this person, or five tries; a new one is needed.
    """
    policy.require(by, Action.KEEP_ACCOUNT if purpose is Purpose.ADDRESS else Action.LINK)
    mine = (
        Code.id == code_id,
        Code.workspace_id == by.workspace_id,
        Code.slack_user_id == by.slack_user_id,
        Code.purpose == purpose,
    )
    asked = aliased(Code)
    address = select(asked.address).where(asked.id == code_id).scalar_subquery()
    printed = (
        Code.workspace_id == by.workspace_id,
        Code.slack_user_id.is_(None),
        Code.purpose == purpose,
        Code.address == address,
        Code.valid_until > func.now(),
    )
    newest = select(Code.id).where(*printed, *_GOOD).order_by(Code.created_at.desc()).limit(1).scalar_subquery()
    tried = update(Code).where(or_(and_(*mine), Code.id == newest), *_GOOD).values(tries=Code.tries + 1)
    rows = list(await session.execute(tried.returning(Code.id, Code.hashed, Code.valid_until)))
    if not any(row.id == code_id for row in rows):
        raise Conflict("This code cannot be used any more: it was tried five times, or used. Ask for a new one.")
    still = {row.id: row.hashed for row in rows if row.valid_until is not None and row.valid_until > db.now()}
    ids = [code_id, *(row.id for row in rows if row.id != code_id)]
    ids += [code_id] * (2 - len(ids))
    return Tried(ids, [still.get(code_id), *(still.get(each) if each != code_id else None for each in ids[1:])])


async def use(session: AsyncSession, tried: Tried, found: int | None) -> Proof:
    """Use the code up, once, however often it is entered at the same moment.

    Args:
        found: which of the hashes belongs to what was typed.

    Raises:
        InvalidInput: on ``code``: none of them, or it was used meanwhile.
    """
    if found is None:
        _refuse()
    now_used = (
        update(Code)
        .where(Code.id == tried.ids[found], Code.hashed == tried.hashes[found], Code.used_at.is_(None))
        .values(used_at=func.now(), hashed=None)
        .returning(Code.address)
    )
    address = await session.scalar(now_used)
    if address is None:
        _refuse()
    if tried.ids[found] != tried.ids[0]:  # a printed one was entered: the request is answered by it
        await session.execute(update(Code).where(Code.id == tried.ids[0]).values(used_at=func.now(), hashed=None))
    return Proof(tried.ids[0], address)


def _refuse() -> NoReturn:
    raise InvalidInput(
        "This is not the code, or it is older than ten minutes. Look into the newest mail; "
        "after five tries a new code is needed.",
        field="code",
    )


async def _require_rest(session: AsyncSession, address: str, by: Actor) -> None:
    """At most three requests an hour by this person, and three for this address."""
    lately = (Code.workspace_id == by.workspace_id, Code.created_at > func.now() - AN_HOUR)
    mine = Code.slack_user_id == by.slack_user_id
    counted = select(
        func.count().filter(mine), func.count().filter(Code.address == address), func.min(Code.created_at)
    ).where(*lately, or_(mine, Code.address == address), Code.slack_user_id.is_not(None))
    by_person, for_address, first = (await session.execute(counted)).one()
    if max(by_person, for_address) >= MOST_AN_HOUR:
        again = by.clock(first + AN_HOUR)
        raise InvalidInput(
            f"No code was sent: three an hour are the most, for a person and for an address. Try again at {again}.",
            field="email",
        )


ASKER = and_(SlackProfile.workspace_id == Code.workspace_id, SlackProfile.slack_user_id == Code.slack_user_id)
"""Joins a request to the Slack profile of whoever made it."""

_GOOD = (Code.used_at.is_(None), Code.tries < TRIES)
