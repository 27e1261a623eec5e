"""Alerts of monitoring systems become incidents; see ``domain.alerts`` for what becomes of which report."""

from typing import Annotated, Any, Final, Literal, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from bot.api import problems
from bot.api.callers import Asking, Caller
from bot.api.shapes import In, Moment, Out
from domain import alerts, workspaces
from domain.alerts import LONGEST_NAME, Outcome, Report, Taken
from domain.states import Priority
from domain.text import LONGEST_COMPARED

MOST: Final = 100
"""Alerts of one request."""
MOST_LABELS: Final = 200

router = APIRouter(prefix="/alerts", tags=["alerts"], responses=problems.OF_EVERYTHING)

Labels: TypeAlias = Annotated[dict[str, str], Field(max_length=MOST_LABELS)]
Fingerprint: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=LONGEST_NAME - len("alertmanager:"), pattern=r"^[!-~]+$")
]
State: TypeAlias = Literal["firing", "resolved"]


class _Theirs(BaseModel):
    """What another program's authors may add to at any time."""

    model_config = ConfigDict(extra="ignore")


class ManagedAlert(_Theirs):
    """One alert, as Alertmanager tells it; the other fields are not looked at."""

    status: State
    fingerprint: Fingerprint
    labels: Labels = {}
    annotations: Labels = {}
    starts_at: Moment | None = Field(None, alias="startsAt")
    ends_at: Moment | None = Field(None, alias="endsAt", description="The year 1 while it fires.")
    generator_url: str = Field("", alias="generatorURL")

    def report(self) -> Report:
        """What the domain is told."""
        said = self.annotations
        name = self.labels.get("alertname", "")
        return Report(
            fingerprint=f"alertmanager:{self.fingerprint}",
            is_firing=self.status == "firing",
            title=said.get("summary") or said.get("title") or name,
            description=_paragraphs(said.get("description") or said.get("message"), said.get("runbook_url")),
            labels=self.labels,
            url=self.generator_url,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
        )


class Notification(_Theirs):
    """What Alertmanager's webhook sends, version 4."""

    version: Annotated[str, Field(max_length=20)] = "4"
    group_key: str = Field("", alias="groupKey")
    alerts: Annotated[list[ManagedAlert], Field(max_length=MOST)]


class GenericAlert(In):
    """An alert of any other program."""

    fingerprint: Fingerprint = Field(description="Names the alert: the same one again is the same incident.")
    title: Annotated[str, Field(min_length=1, description="What does not fit in a title stands in the description.")]
    status: State
    description: str = ""
    priority: Priority | None = Field(None, description="What the severity means, if left out.")
    severity: Annotated[str, Field(max_length=LONGEST_COMPARED, examples=["critical", "warning"])] = ""
    url: str = ""
    labels: Labels = Field(default_factory=dict)
    starts_at: Moment | None = Field(None, description="Since when it fires: tells one episode from the next.")
    ends_at: Moment | None = None

    def report(self) -> Report:
        """What the domain is told."""
        return Report(
            fingerprint=f"generic:{self.fingerprint}",
            is_firing=self.status == "firing",
            title=self.title,
            description=self.description,
            severity=self.priority or self.severity,
            labels=self.labels,
            url=self.url,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
        )


class TakenOut(Out):
    """What became of an alert."""

    fingerprint: str
    outcome: Outcome
    incident: str | None = Field(description="Its name, such as INC-42; null if it has none.")
    reports: int = Field(description="How often it was reported since the incident was opened.")

    @classmethod
    def of(cls, fingerprint: str, taken: Taken) -> "TakenOut":
        name = None if taken.number is None else f"INC-{taken.number}"
        return cls(fingerprint=fingerprint, outcome=taken.outcome, incident=name, reports=taken.reports)


class TakenList(Out):
    """What became of each alert, in their order."""

    items: list[TakenOut]


@router.post("/alertmanager")
async def take_alertmanager_alerts(told: Notification, caller: Caller) -> TakenList:
    """What Alertmanager sends to a webhook: each fingerprint opens one incident, and its end resolves it.

    Every alert is saved on its own, and saving it again changes nothing: after an error send all of it again.
    """
    found = [TakenOut.of(alert.fingerprint, await _taken(alert.report(), caller)) for alert in told.alerts]
    return TakenList(items=found)


@router.post("/generic")
async def take_alert(alert: GenericAlert, caller: Caller) -> TakenOut:
    """The same for any other program that knows one alert from another."""
    return TakenOut.of(alert.fingerprint, await _taken(alert.report(), caller))


async def _taken(report: Report, caller: Asking) -> Taken:
    async with caller.begin() as session:
        place = caller.house.incident_channel
        if place and caller.house.knows_channels:
            place = await workspaces.open_channel(session, caller.actor.workspace_id, place)
        return await alerts.take(session, report, channel_id=place, by=caller.actor)


def _paragraphs(*parts: Any) -> str:
    return "\n\n".join(part for part in parts if part)
