"""What goes in and out, as programs see it; each text is bounded as the domain bounds it."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Final, Self, TypeAlias
from uuid import UUID

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from domain.incidents import Incident, Priority, Status
from domain.policy import Surface
from domain.talk import Said
from domain.text import TEXT_LIMIT, TITLE_LIMIT
from domain.timeline import Happening, What
from domain.users import User

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]")
LARGEST: Final = 2**31 - 1
"""What PostgreSQL takes for the number of an incident."""


def storable(text: str) -> str:
    """The same text as PostgreSQL can keep it: NUL becomes U+FFFD, as in what comes from Slack."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def dated(written: object) -> object:
    """A moment as it stands in JSON; a bare number would be taken for seconds."""
    if isinstance(written, str) and _DATE.match(written):
        return written
    raise ValueError("is no date with time and zone, such as 2026-03-01T09:00:00Z")


Title: TypeAlias = Annotated[str, Field(min_length=1, max_length=TITLE_LIMIT), AfterValidator(storable)]
Body: TypeAlias = Annotated[str, Field(max_length=TEXT_LIMIT), AfterValidator(storable)]
Content: TypeAlias = Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT), AfterValidator(storable)]
Word: TypeAlias = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(storable)]
Moment: TypeAlias = Annotated[AwareDatetime, BeforeValidator(dated)]
Number: TypeAlias = Annotated[int, Path(ge=1, le=LARGEST, description="As in INC-42.")]


class In(BaseModel):
    """What is sent here: a name that is not known is a mistake."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """What is answered."""


class Person(Out):
    """Somebody, as others see them."""

    id: UUID
    name: str

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(id=user.id, name=user.full_name)


class IncidentOut(Out):
    """An incident as it is now."""

    id: UUID
    number: int
    ref: str = Field(examples=["INC-42"])
    title: str
    description: str
    status: Status
    priority: Priority
    category: str
    owner: Person
    assignee: Person | None
    channel_id: str
    link: str | None = Field(description="To its card in Slack, once that is posted.")
    created_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    resolution: str
    version: int = Field(description="Grows with every change; the ETag of the answer.")

    @classmethod
    def of(cls, incident: Incident, url: str) -> Self:
        return cls(
            id=incident.id,
            number=incident.number,
            ref=incident.ref,
            title=incident.title,
            description=incident.description,
            status=incident.status,
            priority=incident.priority,
            category=incident.category,
            owner=Person.of(incident.owner),
            assignee=Person.of(incident.assignee) if incident.assignee else None,
            channel_id=incident.channel_id,
            link=_link(url, incident),
            created_at=incident.created_at,
            updated_at=incident.updated_at,
            resolved_at=incident.resolved_at,
            resolution=incident.resolution,
            version=incident.version,
        )


class IncidentPage(Out):
    """Some incidents, and where it goes on."""

    items: list[IncidentOut]
    next: str | None = Field(description="The cursor of the next page; null at the end.")


class IncidentIn(In):
    """A new incident."""

    title: Title
    description: Body = ""
    priority: Priority = Priority.MEDIUM
    category: Word | None = Field(None, description="One of /categories; the first of them if left out.")
    assignee: Word | None = Field(None, description="The Slack id of a member.")
    channel_id: Word | None = Field(None, description="Where its card goes; the incident channel if left out.")


class Patch(In):
    """What is to be another; what is left out stays."""

    title: Title | None = None
    description: Body | None = None
    priority: Priority | None = None
    category: Word | None = None


class Assign(In):
    """To whom."""

    assignee: Word = Field(description="The Slack id of a member.")


class Resolve(In):
    """What fixed it, and when."""

    note: Body = ""
    at: Moment | None = Field(None, description="Now, if left out; not before the incident was opened.")


class Reopen(In):
    """Why."""

    note: Body = ""


class FileOut(Out):
    """A file of a comment: it stays in Slack."""

    name: str = ""
    type: str = ""
    size: str = ""
    link: str = ""


class CommentIn(In):
    """What somebody says."""

    content: Content


class CommentOut(Out):
    """What somebody said."""

    id: UUID
    author: Person
    content: str
    files: list[FileOut]
    created_at: datetime
    edited_at: datetime | None

    @classmethod
    def of(cls, said: Said) -> Self:
        return cls(
            id=said.id,
            author=Person(id=said.author_id, name=said.author),
            content=said.content,
            files=[FileOut(**file) for file in said.files],
            created_at=said.created_at,
            edited_at=said.edited_at,
        )


class CommentPage(Out):
    """Some comments, the oldest first, and where it goes on."""

    items: list[CommentOut]
    next: str | None


class HappeningOut(Out):
    """One step of an incident's history."""

    what: What
    old: str
    new: str
    note: str
    by: Person
    surface: Surface
    at: datetime

    @classmethod
    def of(cls, happening: Happening) -> Self:
        by = Person(id=happening.by_user_id, name=happening.by_name)
        return cls(
            what=happening.what,
            old=happening.old,
            new=happening.new,
            note=happening.note,
            by=by,
            surface=happening.surface,
            at=happening.at,
        )


class Timeline(Out):
    """What happened, the oldest first; ``left_out`` counts the earlier ones that are not shown."""

    items: list[HappeningOut]
    left_out: int


class CategoryOut(Out):
    """A kind of incident; new ones cannot get a retired one."""

    name: str
    is_retired: bool


def seconds(span: timedelta | None) -> float | None:
    """A length of time as programs take it."""
    return None if span is None else span.total_seconds()


def _link(url: str, incident: Incident) -> str | None:
    if incident.card_ts is None:
        return None
    return f"{url}archives/{incident.channel_id}/p{incident.card_ts.replace('.', '')}"
