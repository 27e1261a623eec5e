"""Who looks at their App Home, what they chose to see there, and when it has to be drawn anew.

Slack tells when somebody opens Home, not when they leave it: whoever opened it or clicked in it lately is looking.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar

from sqlalchemy import CTE, ColumnElement, ForeignKey, Index, func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB, Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import outbox
from domain.db import Base
from domain.outbox import OutboxMessage, Topic
from domain.states import Priority

LOOKING: Final = timedelta(minutes=15)
"""How long somebody looks after they opened Home or clicked in it."""
_TURN: Final = re.compile(r"(after|before):(critical|high|medium|low)-([0-9]{1,9})")
_PAGE: Final = re.compile("(after|before):([0-9a-f-]{36}|[0-9]{1,18})")

Known = TypeVar("Known", bound=StrEnum)


class Home(Base):
    """One person's Home tab: which part of it is shown, and since when it is looked at."""

    __tablename__ = "home"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    slack_user_id: Mapped[str] = mapped_column(primary_key=True)
    looked_at: Mapped[datetime | None]
    shows: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    published: Mapped[str] = mapped_column(server_default="")
    """A digest of what Slack was given last."""

    __table_args__ = (Index("ix_home_looked_at", "workspace_id", "looked_at"),)


class Part(StrEnum):
    """What of Home is shown."""

    MINE = "mine"
    OPEN = "open"
    ME = "me"
    ADMIN = "admin"


class Section(StrEnum):
    """What of the administration is shown."""

    PEOPLE = "people"
    CATEGORIES = "categories"
    AUDIT = "audit"
    HEALTH = "health"


class Whose(StrEnum):
    """Whose incidents are shown, if not everybody's."""

    NOBODY = "nobody"
    NEEDS = "needs"
    ME = "me"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shows:
    """What a person chose to see; what is left empty does not narrow.

    Args:
        place: ``after`` or ``before``, with priority and number of the incident where the page begins or ends.
        section, text, is_waiting, page: of the administration: its part, what people are searched for, whether only
            those who wait are shown, and ``after`` or ``before`` with the id where the page begins or ends.
    """

    part: Part = Part.MINE
    priority: Priority | None = None
    category: str | None = None
    assignee: Whose | None = None
    place: Mapping[str, tuple[str, int]]
    section: Section = Section.PEOPLE
    text: str = ""
    is_waiting: bool = False
    page: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_filtered(self) -> bool:
        """Whether something narrows what is shown."""
        return any((self.priority, self.category, self.assignee))


async def look(
    session: AsyncSession,
    workspace_id: str,
    slack_user_id: str,
    *,
    shows: Mapping[str, str | None] = {},
    is_blank: bool = False,
) -> None:
    """The person looks at their Home now: it is drawn with what they just chose, in one statement.

    Args:
        shows: what was chosen, by the names that ``shown`` reads; the rest stays. None takes a choice back.
        is_blank: Slack has nothing to show yet, whatever it was given before.
    """
    looked = insert(Home).values(
        workspace_id=workspace_id, slack_user_id=slack_user_id, looked_at=func.now(), shows=dict(shows)
    )
    now: dict[str, Any] = {"looked_at": func.now(), "shows": Home.shows.op("||")(looked.excluded.shows)}
    kept = looked.on_conflict_do_update(
        index_elements=["workspace_id", "slack_user_id"], set_=now | ({"published": ""} if is_blank else {})
    )
    row = outbox.row(
        Topic.HOME_STALE, workspace_id=workspace_id, lane=lane(workspace_id, slack_user_id), user=slack_user_id
    )
    await session.execute(outbox.insertion(session, [row]).add_cte(kept.cte("kept")))


async def look_away(session: AsyncSession, workspace_id: str, slack_user_id: str) -> None:
    """The person does not see their Home any more."""
    await session.execute(update(Home).where(*_of(workspace_id, slack_user_id)).values(looked_at=None))


async def touch(session: AsyncSession, workspace_id: str, slack_user_id: str) -> None:
    """What the person may see or how they are told changed: drawn anew, if they look."""
    await session.execute(_redraws(session, workspace_id, Home.slack_user_id == slack_user_id))


async def get(session: AsyncSession, workspace_id: str, slack_user_id: str) -> Home | None:
    """The person's Home; None if they never opened it."""
    found: Home | None = await session.scalar(select(Home).where(*_of(workspace_id, slack_user_id)))
    return found


async def note(session: AsyncSession, workspace_id: str, slack_user_id: str, *, published: str) -> None:
    """Slack has this now."""
    await session.execute(update(Home).where(*_of(workspace_id, slack_user_id)).values(published=published))


def shown(stored: Mapping[str, Any]) -> Shows:
    """What was stored, as far as it still means something; the rest counts as not chosen."""
    category, turn = stored.get("category"), _TURN.fullmatch(str(stored.get("turn")))
    page, text = _PAGE.fullmatch(str(stored.get("turn"))), stored.get("text")
    return Shows(
        part=_known(Part, stored.get("part")) or Part.MINE,
        priority=_known(Priority, stored.get("priority")),
        category=category if isinstance(category, str) else None,
        assignee=_known(Whose, stored.get("assignee")),
        place={turn[1]: (turn[2], int(turn[3]))} if turn else {},
        section=_known(Section, stored.get("section")) or Section.PEOPLE,
        text=text if isinstance(text, str) else "",
        is_waiting=stored.get("waiting") == "yes",
        page={page[1]: page[2]} if page else {},
    )


def turned(direction: str, place: tuple[str, int]) -> str:
    """The page after or before an incident, as ``shown`` reads it."""
    return f"{direction}:{place[0]}-{place[1]}"


def lane(workspace_id: str, slack_user_id: str) -> str:
    """In which one drawing of this Home waits for the other."""
    return f"home:{workspace_id}:{slack_user_id}"


def seen(workspace_id: ColumnElement[str], slack_user_id: ColumnElement[str]) -> CTE:
    """Part of a statement: the person just clicked in their Home."""
    return update(Home).where(*_of(workspace_id, slack_user_id)).values(looked_at=func.now()).cte("home_seen")


def redraws(session: AsyncSession, workspace_id: str) -> CTE:
    """Part of a statement that changes what is shown of an incident: every Home that is looked at is drawn anew.

    A row for each change, and one drawing for all that wait: none is passed over because another, which was drawn
    before this change was committed, seemed to do.
    """
    return _redraws(session, workspace_id).cte("redraws")


def _redraws(session: AsyncSession, workspace_id: str, *who: ColumnElement[bool]) -> Insert:
    session.info["outbox"] = True
    return _drawing(workspace_id, *who)


def drawing(workspace_id: ColumnElement[str]) -> CTE:
    """The same for a statement that is written once and run often, which names the workspace by a parameter."""
    return _drawing(workspace_id).cte("redraws")


def _drawing(workspace_id: str | ColumnElement[str], *who: ColumnElement[bool]) -> Insert:
    looking = (Home.workspace_id == workspace_id, Home.looked_at > func.now() - LOOKING, *who)
    rows = select(
        Home.workspace_id,
        literal(Topic.HOME_STALE.value),
        func.concat("home:", Home.workspace_id, ":", Home.slack_user_id),
        func.jsonb_build_object("user", Home.slack_user_id),
    ).where(*looking)
    return insert(OutboxMessage).from_select(["workspace_id", "topic", "lane", "payload"], rows)


def _of(
    workspace_id: str | ColumnElement[str], slack_user_id: str | ColumnElement[str]
) -> tuple[ColumnElement[bool], ...]:
    return (Home.workspace_id == workspace_id, Home.slack_user_id == slack_user_id)


def _known(kind: type[Known], value: object) -> Known | None:
    return next((member for member in kind if member.value == value), None)
