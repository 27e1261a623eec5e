"""Alerts of monitoring systems: one fingerprint is one incident, however often it is reported.

An alert has episodes: it fires, is reported again and again, and ends. What a sender tells of one episode is told
again after a lost answer, late, or twice at the same moment, and changes nothing then:

- The first report of a fingerprint opens an incident. Reports of the same episode are counted, which the card shows,
  and raise or lower the priority when the severity changed. They never reopen what a person resolved or deleted
  meanwhile.
- The end of the episode resolves the incident, if nobody did before.
- A new episode reopens the incident if it was resolved in the last four hours, so that an alert that comes and goes is
  one story in one thread. After that, or if the incident was deleted, it opens a new one.
- What whoever has the sender's token may not see is not there for it: the alert opens a new incident, which is theirs,
  and its end changes nothing and tells nothing.

Episodes are told apart by when they began, if the sender says so, else by the end between them. The row of the alert
is locked until the commit, so of two reports at the same moment one opens the incident and the other is counted.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import db, editing, incidents, lifecycle, outbox, policy, severities, text, workspaces
from domain.alert_table import Alert
from domain.db import Written
from domain.editing import Edit
from domain.errors import AlreadyDone, InvalidInput, NotFound
from domain.incident_table import Incident
from domain.incidents import Draft, Target
from domain.policy import Action, Actor
from domain.states import Priority, Status
from domain.topics import Topic

REOPENS_WITHIN: Final = timedelta(hours=4)
"""A new episode this soon after the incident was resolved reopens it."""
APART: Final = timedelta(minutes=1)
"""Reports closer together than this count as one: the sender did not get the answer to the first."""
LONGEST_NAME: Final = 200
MOST_LABELS: Final = 50
USUAL: Final = "outage"
"""The category of an alert that names none, where it is in use."""
_TALLY: Final = Written("SELECT reports, last_at FROM alert WHERE incident_id = %(incident_id)s")


class Outcome(StrEnum):
    """What a report led to."""

    OPENED = "opened"
    REOPENED = "reopened"
    COUNTED = "counted"
    RESOLVED = "resolved"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a monitoring system says of an alert now.

    Args:
        fingerprint: names the alert, with the kind of its sender in front; 1 to 200 characters.
        title, description: as long as they are; what does not fit is cut.
        severity: in any of the usual words; else the labels tell.
        starts_at, ends_at: of the episode; aware.
    """

    fingerprint: str
    is_firing: bool
    title: str
    description: str = ""
    severity: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a report; ``number`` is the incident's, if there is one, ``reports`` how many were counted."""

    outcome: Outcome
    number: int | None = None
    reports: int = 0


async def take(session: AsyncSession, report: Report, *, channel_id: str | None, by: Actor) -> Taken:
    """Open, count, reopen or resolve, as the module says; harmless to repeat.

    Args:
        channel_id: where the card of a new incident goes; None if there is no place for it.
        by: whose token the sender has; owns what is opened.

    Raises:
        Forbidden: ``by`` is not an active member.
        InvalidInput: on ``channel_id``: a new incident has no place. On ``fingerprint``: it cannot be used.
    """
    policy.require(by, Action.CREATE)
    return await (_fires if report.is_firing else _ends)(session, report, channel_id, by)


async def tally(session: AsyncSession, incident_id: UUID) -> tuple[int, datetime] | None:
    """How often the incident's alert was reported, and when last; None if no alert opened it."""
    found = await db.run(session, _TALLY, {"incident_id": incident_id})
    return (found[0].reports, found[0].last_at) if found else None


def priority_of(report: Report) -> Priority | None:
    """What its severity means; None if it says nothing that is known."""
    said = (report.severity, *(report.labels.get(label, "") for label in severities.LABELS))
    return severities.priority(*said)


async def _fires(session: AsyncSession, report: Report, channel_id: str | None, by: Actor) -> Taken:
    alert = await _noted(session, report, by)
    incident = await _incident(session, alert, by) if alert.incident_id else None
    if incident is None:
        return await _open(session, alert, report, channel_id, by)
    if not _is_new_episode(alert, report):
        if alert.is_firing:
            await _follow(session, alert, incident, report, by)
        return Taken(Outcome.COUNTED, incident.number, alert.reports)
    if incident.deleted_at is not None or _is_long_resolved(incident):
        return await _open(session, alert, report, channel_id, by)
    await _keep(session, alert, is_firing=True, starts_at=_began(report))
    await _follow(session, alert, incident, report, by)
    with suppress(AlreadyDone, NotFound):  # somebody reopened it before, or deleted it just now
        await lifecycle.reopen(session, Target(id=incident.id), note="The alert fires again.", by=by)
        return Taken(Outcome.REOPENED, incident.number, alert.reports)
    return Taken(Outcome.COUNTED, incident.number, alert.reports)


async def _ends(session: AsyncSession, report: Report, _: str | None, by: Actor) -> Taken:
    named = (Alert.workspace_id == by.workspace_id, Alert.fingerprint == _name(report.fingerprint))
    alert = await session.scalar(select(Alert).where(*named).with_for_update())
    incident = await _incident(session, alert, by) if alert is not None else None
    if alert is None or incident is None:
        return Taken(Outcome.IGNORED)
    if not alert.is_firing or _is_of_an_earlier_episode(alert, report):
        return Taken(Outcome.IGNORED, incident.number, alert.reports)
    await _keep(session, alert, is_firing=False)
    times = "once" if alert.reports == 1 else f"{alert.reports} times"
    with suppress(AlreadyDone, NotFound):  # a person was faster, or it was deleted
        note = f"The alert ended. It was reported {times}."
        await lifecycle.resolve(session, Target(id=incident.id), note=note, by=by)
        return Taken(Outcome.RESOLVED, incident.number, alert.reports)
    return Taken(Outcome.IGNORED, incident.number, alert.reports)


async def _noted(session: AsyncSession, report: Report, by: Actor) -> Alert:
    """The alert, locked until the commit, with this report counted, which the card of its incident will show."""
    first = insert(Alert).values(
        workspace_id=by.workspace_id,
        fingerprint=_name(report.fingerprint),
        starts_at=_began(report),
        priority=priority_of(report),
    )
    is_another = Alert.last_at < func.now() - APART
    counted = {
        "reports": case((is_another, Alert.reports + 1), else_=Alert.reports),
        "last_at": case((is_another, func.now()), else_=Alert.last_at),
    }
    kept = first.on_conflict_do_update(index_elements=["workspace_id", "fingerprint"], set_=counted)
    found, is_counted = (await session.execute(kept.returning(Alert, Alert.last_at == func.now()))).one()
    if is_counted and found.incident_id is not None:
        row = outbox.row(Topic.INCIDENT_CHANGED, workspace_id=by.workspace_id, incident_id=found.incident_id)
        await outbox.add(session, row)
    return found


async def _open(session: AsyncSession, alert: Alert, report: Report, channel_id: str | None, by: Actor) -> Taken:
    if channel_id is None:
        raise InvalidInput(
            "Nothing was opened: Incident Tracker has no channel for incidents here, or cannot post in it. Set "
            "INCIDENT_CHANNEL, and invite it there with /invite.",
            field="channel_id",
        )
    title, description = _words(report)
    draft = Draft(
        title=title,
        description=description,
        channel_id=channel_id,
        priority=priority_of(report) or Priority.MEDIUM,
        category=await _category(session, report, by),
    )
    made = await incidents.create(session, draft, by=by)
    is_first = alert.incident_id is None
    again: dict[str, Any] = {} if is_first else {"reports": 1, "last_at": func.now(), "starts_at": _began(report)}
    await _keep(session, alert, incident_id=made.id, is_firing=True, priority=priority_of(report), **again)
    return Taken(Outcome.OPENED, made.number, 1)


async def _follow(session: AsyncSession, alert: Alert, incident: Incident, report: Report, by: Actor) -> None:
    """Another severity than before is another priority; what people set meanwhile stays if it is the same."""
    now = priority_of(report)
    if now is None or now == alert.priority:
        return
    await _keep(session, alert, priority=now)
    if incident.status is not Status.RESOLVED:
        with suppress(AlreadyDone, NotFound):
            await editing.edit(session, Target(id=incident.id), Edit(priority=now), by=by)


async def _incident(session: AsyncSession, alert: Alert, by: Actor) -> Incident | None:
    """The incident of its newest episode, also if it is deleted; None if there is none that ``by`` may see."""
    wanted = select(Incident).where(Incident.id == alert.incident_id, incidents.visible_to(by))
    found: Incident | None = await session.scalar(wanted)
    return found


async def _keep(session: AsyncSession, alert: Alert, **now: Any) -> None:
    mine = (Alert.workspace_id == alert.workspace_id, Alert.fingerprint == alert.fingerprint)
    await session.execute(update(Alert).where(*mine).values(now), execution_options=db.AS_WRITTEN)


def _is_new_episode(alert: Alert, report: Report) -> bool:
    began = _began(report)
    if began is not None and alert.starts_at is not None:
        return began > alert.starts_at
    return not alert.is_firing


def _is_of_an_earlier_episode(alert: Alert, report: Report) -> bool:
    """It began earlier, and was over by then; else it is this one, of which a sender learned that it began earlier."""
    began, ended = _began(report), _moment(report.ends_at)
    if began is None or alert.starts_at is None:
        return False
    return began < alert.starts_at and (ended is None or ended <= alert.starts_at)


def _is_long_resolved(incident: Incident) -> bool:
    return incident.resolved_at is not None and db.now() - incident.resolved_at > REOPENS_WITHIN


def _began(report: Report) -> datetime | None:
    """Since when it fires; a clock that is ahead does not tell, as each repeat would be another episode by it."""
    began = _moment(report.starts_at)
    return None if began is None or began > db.now() else began


def _moment(told: datetime | None) -> datetime | None:
    """Whoever has no time to say says the year 1."""
    return None if told is None or told.year < 1971 else told


def _name(fingerprint: str) -> str:
    cleaned = text.clean(fingerprint)
    if not 0 < len(cleaned) <= LONGEST_NAME:
        raise InvalidInput(
            f"Nothing was changed: a fingerprint has 1 to {LONGEST_NAME} characters.", field="fingerprint"
        )
    return cleaned


async def _category(session: AsyncSession, report: Report, by: Actor) -> str:
    """The one that a label names, else the usual one; empty, which means the first, if that is not in use."""
    in_use = await workspaces.category_names(session, by.workspace_id)
    wanted = (text.bare(report.labels.get("category", "")), USUAL)
    return next((name for word in wanted for name in in_use if word == text.bare(name)), "")


def _words(report: Report) -> tuple[str, str]:
    """Title and description; what a title cannot hold stands in the description."""
    title, rest = text.split_title(report.title)
    if not any(map(text.is_visible, title)):
        title, rest = f"Alert {text.clean(report.fingerprint)}", ""
    named = list(report.labels.items())[:MOST_LABELS]
    labels = "\n".join(f"{name}: {value}" for name, value in named)
    parts = [rest, text.clean(report.description), text.clean(report.url), text.clean(labels)]
    whole = "\n\n".join(part for part in parts if part)
    return title, whole if len(whole) <= text.TEXT_LIMIT else f"{whole[: text.TEXT_LIMIT - 1]}…"
