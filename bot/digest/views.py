"""What a digest looks like, when it is posted and when what it lists has changed since."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from bot import blocks
from bot.blocks import Block, Message
from bot.help.views import RUN
from bot.house import House
from bot.incidents.views import PICTURES, duration, linked
from bot.mrkdwn import Mrkdwn, channel, date, join, mrkdwn, shorten
from domain.digest import Summary
from domain.incidents import Incident, Status
from domain.schedules import Schedule

SETTINGS = "digest.settings"

TITLE_SHOWN: Final = 90
ROWS_IN_SECTION: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What stands in a digest, as it is kept; incidents by id, times in seconds since 1970."""

    unresolved: int
    critical: int
    unassigned: int
    needy: tuple[str, ...]
    needy_count: int
    others: tuple[str, ...]
    others_count: int
    since: float
    opened: int
    resolved: int
    reopened: int
    median_s: float | None
    is_late: bool = False

    @property
    def ids(self) -> list[UUID]:
        """The incidents that it lists."""
        return [UUID(each) for each in (*self.needy, *self.others)]


def kept(summary: Summary, *, is_late: bool = False) -> Shown:
    """What is kept of a digest, so that it can be drawn again."""
    return Shown(
        unresolved=summary.unresolved,
        critical=summary.critical,
        unassigned=summary.unassigned,
        needy=tuple(str(incident.id) for incident in summary.needy),
        needy_count=summary.needy_count,
        others=tuple(str(incident.id) for incident in summary.others),
        others_count=summary.others_count,
        since=summary.since.timestamp(),
        opened=summary.opened,
        resolved=summary.resolved,
        reopened=summary.reopened,
        median_s=summary.median.total_seconds() if summary.median else None,
        is_late=is_late,
    )


def stored(shown: Shown) -> dict[str, Any]:
    """As the database keeps it."""
    return asdict(shown)


def read(kept: Mapping[str, Any]) -> Shown:
    """What the database kept."""
    return Shown(**{**kept, "needy": tuple(kept["needy"]), "others": tuple(kept["others"])})


def digest(shown: Shown, incidents: Mapping[UUID, Incident], house: House, *, after: Sequence[Block] = ()) -> Message:
    """A digest; a row is struck through when its incident was resolved or deleted since.

    Args:
        incidents: as they are now; what is missing may not be seen any more.
        after: what stands at the end, such as when the next one comes.
    """
    head = headline(shown)
    parts = [
        blocks.section(mrkdwn("*{head}*{late}", head=head, late=_late(shown))),
        *_rows("Needs a person", shown.needy, shown.needy_count, incidents, house),
        *_rows("Open", shown.others, shown.others_count, incidents, house),
        blocks.section(_since(shown)),
        blocks.actions(
            blocks.button("All open", f"{RUN}:open", value="list"),
            blocks.button("Mine", f"{RUN}:mine", value="mine"),
            blocks.button("Settings", SETTINGS),
        ),
        *after,
    ]
    text = mrkdwn("{head}. {since}{first}", head=head, since=_since(shown), first=_first(shown, incidents))
    return blocks.message(text, parts)


def headline(shown: Shown) -> Mrkdwn:
    """The figures in a line."""
    if not shown.unresolved:
        return Mrkdwn("Nothing is open")
    return mrkdwn(
        "{open} open, {critical} critical, {unassigned} nobody's",
        open=shown.unresolved,
        critical=shown.critical,
        unassigned=shown.unassigned,
    )


def upcoming(next_at: datetime | None) -> list[Block]:
    """When the next one comes."""
    words = mrkdwn("Next digest: {at}", at=date(next_at)) if next_at else Mrkdwn("No further digest: it is paused.")
    return [blocks.context(words)]


def listed(schedules: Sequence[tuple[Schedule, datetime]]) -> Message:
    """All schedules, each with its next slot, for superusers."""
    if not schedules:
        return _said(Mrkdwn("No channel has a digest. `/incident admin digest add #ops 09:00 mon-fri` gives it one."))
    rows = [
        mrkdwn(
            "{where} {times}{empty}{state}",
            where=channel(schedule.channel_id),
            times=str(schedule.times),
            empty=", also when there is nothing to say" if schedule.posts_empty else "",
            state=_state(schedule, next_at),
        )
        for schedule, next_at in schedules
    ]
    return blocks.message(join("; ", rows), [blocks.section(Mrkdwn("*Digests*")), *map(blocks.section, rows[:45])])


def done(words: str, schedule: Schedule, next_at: datetime | None = None) -> Message:
    """What became of a channel's digest."""
    when = mrkdwn(" Next one: {at}.", at=date(next_at)) if next_at else Mrkdwn("")
    return _said(mrkdwn("{words} {where}.{when}", words=Mrkdwn(words), where=channel(schedule.channel_id), when=when))


def failed(schedule: Schedule, error: str) -> Message:
    """Told to whoever set a digest that cannot be posted any more."""
    return _said(
        mrkdwn(
            "The digest of {where} is paused: I cannot post there ({error}). "
            "Invite me with `/invite @Incident Tracker`, then `/incident admin digest resume` it.",
            where=channel(schedule.channel_id),
            error=error,
        )
    )


def _said(text: Mrkdwn) -> Message:
    return blocks.words(text)


def _state(schedule: Schedule, next_at: datetime) -> Mrkdwn:
    if schedule.is_paused:
        return mrkdwn(" · paused{why}", why=f": {schedule.paused_why}" if schedule.paused_why else "")
    return mrkdwn(" · next {at}", at=date(next_at))


def _rows(title: str, ids: Sequence[str], count: int, incidents: Mapping[UUID, Incident], house: House) -> list[Block]:
    lines = [_row(incidents.get(UUID(each)), house) for each in ids]
    if not lines:
        return []
    if count > len(ids):
        lines.append(mrkdwn("… and {more} more", more=count - len(ids)))
    first, *rest = [lines[n : n + ROWS_IN_SECTION] for n in range(0, len(lines), ROWS_IN_SECTION)]
    head = blocks.section(mrkdwn("*{title}*\n{rows}", title=title, rows=join("\n", first)))
    return [head, *(blocks.section(join("\n", rows)) for rows in rest)]


def _row(incident: Incident | None, house: House) -> Mrkdwn:
    if incident is None:
        return Mrkdwn("~an incident~ is not shown here any more")
    if incident.deleted_at is not None:
        return mrkdwn("~{ref}~ deleted", ref=incident.ref)
    what = mrkdwn(
        "{ref} {title}", ref=linked(incident, house), title=shorten(incident.title, TITLE_SHOWN).replace("~", "∼")
    )
    if incident.status is Status.RESOLVED:
        return mrkdwn("~{what}~ resolved", what=what)
    return mrkdwn(
        "{picture} {what} · {status} · {who} · {at}",
        picture=PICTURES[incident.priority],
        what=what,
        status=incident.status.label,
        who=incident.assignee.full_name if incident.assignee else "nobody",
        at=date(incident.created_at),
    )


def _since(shown: Shown) -> Mrkdwn:
    median = timedelta(seconds=shown.median_s) if shown.median_s is not None else None
    took = mrkdwn(" (half of them within {time})", time=duration(median)) if median is not None else Mrkdwn("")
    return mrkdwn(
        "Since {at}: {opened} opened, {resolved} resolved{took}, {reopened} reopened.",
        at=date(datetime.fromtimestamp(shown.since, UTC)),
        opened=shown.opened,
        resolved=shown.resolved,
        took=took,
        reopened=shown.reopened,
    )


def _first(shown: Shown, incidents: Mapping[UUID, Incident]) -> Mrkdwn:
    found = [incidents[each] for each in shown.ids if each in incidents and not incidents[each].deleted_at][:3]
    if not found:
        return Mrkdwn("")
    return mrkdwn(" First: {rows}.", rows="; ".join(f"{each.ref} {shorten(each.title, TITLE_SHOWN)}" for each in found))


def _late(shown: Shown) -> Mrkdwn:
    words = "\nThis digest is late: Incident Tracker was not running at its time."
    return Mrkdwn(words if shown.is_late else "")
