"""Who administered what, and from where: append-only, and told to whom it concerns by the same call."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Identity,
    Index,
    Select,
    String,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from domain import homes, policy, repeats
from domain.db import Base
from domain.incidents import Incident
from domain.outbox import OutboxMessage, Topic
from domain.policy import Action, Actor, Held, Surface
from domain.users import SlackProfile, User, administers

PAGE = 10


class Deed(StrEnum):
    """What is audited."""

    APPROVED = "approved"
    DISABLED = "disabled"
    ENABLED = "enabled"
    DELETED = "deleted"
    CLOSED = "closed"
    RENAMED = "renamed"
    ADDRESS_CHANGED = "address changed"
    LINKED = "linked"
    RECOVERED = "recovered"
    UNLINKED = "unlinked"
    NOMINATED = "nominated"
    SUPERUSER_MADE = "superuser made"
    SUPERUSER_UNMADE = "superuser unmade"
    CODE_PRINTED = "code printed"
    PASSWORD_SET = "password set"  # noqa: S105 - no secret
    TOKEN_MADE = "token made"  # noqa: S105 - no secret
    TOKEN_REVOKED = "token revoked"  # noqa: S105 - no secret
    WEBHOOK_ADDED = "webhook added"
    WEBHOOK_REMOVED = "webhook removed"
    WEBHOOK_SWITCHED_ON = "webhook switched on"
    WEBHOOK_STOPPED = "webhook stopped"
    CATEGORY_ADDED = "category added"
    CATEGORY_RENAMED = "category renamed"
    CATEGORY_RETIRED = "category retired"
    CATEGORY_BROUGHT_BACK = "category brought back"
    DIGEST_SET = "digest set"
    DIGEST_PAUSED = "digest paused"
    DIGEST_RESUMED = "digest resumed"
    DIGEST_REMOVED = "digest removed"
    DIGEST_ASKED = "digest asked for"
    EXPORTED = "exported"
    NUDGES_SET = "nudges set"
    NUDGES_STOPPED = "nudges stopped"
    INCIDENT_EDITED = "incident edited"
    INCIDENT_DELETED = "incident deleted"
    INCIDENT_RESTORED = "incident restored"
    COMMENT_EDITED = "comment edited"
    COMMENT_DELETED = "comment deleted"


class AuditEntry(Base):
    """One deed; the database refuses to change or delete it.

    ``details`` holds Slack ids, references of incidents and names of categories, never an address or a secret.
    Without ``by_user_id`` it was done on the server. It outlives its incident.
    """

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"))
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    deed: Mapped[str]
    by_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    surface: Mapped[str]
    channel_id: Mapped[str | None]
    about_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("user.id"))
    incident_id: Mapped[UUID | None]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__ = (
        Index("ix_audit_entry_workspace", "workspace_id", "id"),
        Index("ix_audit_entry_about", "about_user_id", "id"),
        Index("ix_audit_entry_by", "by_user_id", "id"),
        Index("ix_audit_entry_incident", "incident_id", "id", postgresql_where=text("incident_id IS NOT NULL")),
    )


@dataclass(frozen=True, slots=True)
class Event:
    """An entry as it is shown; names are those of today."""

    id: int
    deed: Deed
    at: datetime
    by_id: UUID | None
    by_name: str | None
    by_slack_id: str | None
    surface: Surface
    channel_id: str | None
    about_name: str | None
    about_slack_id: str | None
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """Up to ten events, newest first; ``next`` continues it, None ends it."""

    events: list[Event]
    next: int | None


async def record(
    session: AsyncSession,
    deed: Deed,
    *,
    by: Actor | None,
    workspace_id: str = "",
    about: UUID | None = None,
    incident_id: UUID | None = None,
    tell: Collection[str | None] = (),
    tells_superusers: bool = False,
    details: Mapping[str, str] = {},
) -> None:
    """Write what was done and whom to tell by direct message, in one statement; Homes that are looked at follow.

    Args:
        by: who did it, and so knows; None on the server itself, and then ``workspace_id`` says where.
        about: the account that it was done to.
        tell: Slack ids.
        tells_superusers: all of them, as they are before this transaction.
        details: what else there is to know, if it is not an incident's reference; no address, no secret.
    """
    here = by.workspace_id if by else workspace_id
    entry = insert(AuditEntry).values(
        workspace_id=here,
        deed=deed,
        by_user_id=by.id if by else None,
        surface=by.surface if by else Surface.SHELL,
        channel_id=by.channel_id if by else None,
        about_user_id=about,
        incident_id=incident_id,
        details=dict(details) if incident_id is None else _reference(incident_id),
    )
    written = entry.returning(AuditEntry.id).cte("written")
    person = _told(tell, here if tells_superusers else None).subquery("person")
    rows = select(
        literal(here),
        literal(Topic.PERSON_TOLD.value),
        func.concat("person:", person.c.id),
        func.jsonb_build_object("entry", written.c.id, "user", person.c.id),
    ).select_from(written.join(person, person.c.id != (by.slack_user_id if by else "")))
    session.info["outbox"] = True
    announced = insert(OutboxMessage).from_select(["workspace_id", "topic", "lane", "payload"], rows)
    await repeats.run(session, here, announced.add_cte(homes.redraws(session, here)))


def _reference(incident_id: UUID) -> ColumnElement[Any]:
    """By what people know the incident, also when it will be gone."""
    number = select(Incident.number).where(Incident.id == incident_id).scalar_subquery()
    return func.jsonb_build_object("ref", func.concat("INC-", number))


def _told(people: Collection[str | None], workspace_id: str | None) -> Select[Any]:
    """Each of these Slack ids once, and those of the workspace's superusers, if one is given."""
    named = sorted({person for person in people if person})
    told: Select[Any] = select(func.unnest(cast(named, ARRAY(String))).column_valued("id"))
    return told if workspace_id is None else union(told, _superusers(workspace_id)).subquery().select()


def _superusers(workspace_id: str) -> Select[Any]:
    mapped = select(SlackProfile.slack_user_id.label("id")).join(User, User.id == SlackProfile.user_id)
    return mapped.where(User.workspace_id == workspace_id, *administers())


async def power(
    session: AsyncSession, deed: Deed, action: Action, thing: Held, *, incident_id: UUID, by: Actor
) -> None:
    """Record what somebody did to an incident, if only being a superuser let them.

    Args:
        thing: the incident, or one of its comments: whose people the policy was asked about.
    """
    if policy.is_power(by, action, thing):
        await record(session, deed, by=by, incident_id=incident_id)


async def page(
    session: AsyncSession,
    *,
    by: Actor,
    person: str | None = None,
    number: int | None = None,
    before: int | None = None,
) -> Page:
    """What happened, newest first.

    Args:
        person: Slack id: what they did, and what was done to them.
        number: of an incident.
        before: an event's id, behind which the page begins.

    Raises:
        Forbidden: ``by`` is no superuser.
    """
    policy.require(by, Action.ADMINISTER)
    where = [AuditEntry.workspace_id == by.workspace_id]
    if person is not None:
        mine = select(SlackProfile.user_id).filter_by(workspace_id=by.workspace_id, slack_user_id=person)
        where.append(or_(AuditEntry.by_user_id.in_(mine), AuditEntry.about_user_id.in_(mine)))
    if number is not None:
        here = (Incident.workspace_id == by.workspace_id, Incident.number == number)
        where.append(AuditEntry.incident_id == select(Incident.id).where(*here).scalar_subquery())
    if before is not None:
        where.append(AuditEntry.id < before)
    found = await _events(session, *where, most=PAGE + 1)
    return Page(found[:PAGE], next=found[PAGE - 1].id if len(found) > PAGE else None)


async def get(session: AsyncSession, entry_id: int) -> Event | None:
    """One event, for a delivery."""
    return next(iter(await _events(session, AuditEntry.id == entry_id, most=1)), None)


async def _events(session: AsyncSession, *where: ColumnElement[bool], most: int) -> list[Event]:
    by, about = aliased(User), aliased(User)
    by_profile, about_profile = aliased(SlackProfile), aliased(SlackProfile)
    query = (
        select(
            AuditEntry.__table__,
            by.full_name.label("by_name"),
            by_profile.slack_user_id.label("by_slack_id"),
            about.full_name.label("about_name"),
            about_profile.slack_user_id.label("about_slack_id"),
        )
        .outerjoin(by, by.id == AuditEntry.by_user_id)
        .outerjoin(by_profile, by_profile.user_id == by.id)
        .outerjoin(about, about.id == AuditEntry.about_user_id)
        .outerjoin(about_profile, about_profile.user_id == about.id)
    )
    rows = await session.execute(query.where(*where).order_by(AuditEntry.id.desc()).limit(most))
    return [
        Event(
            id=r.id,
            deed=Deed(r.deed),
            at=r.at,
            by_id=r.by_user_id,
            by_name=r.by_name,
            by_slack_id=r.by_slack_id,
            surface=Surface(r.surface),
            channel_id=r.channel_id,
            about_name=r.about_name,
            about_slack_id=r.about_slack_id,
            details=r.details,
        )
        for r in rows
    ]
