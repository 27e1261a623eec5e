"""Webhooks: what other programs are told; for superusers."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field, StrictBool

from bot.api import problems
from bot.api.callers import Asking, Caller
from bot.api.problems import Problem
from bot.api.shapes import LARGEST, In, Out
from bot.webhooks.courier import Courier
from domain import webhooks
from domain.destinations import LONGEST
from domain.webhooks import Event, Webhook

router = APIRouter(prefix="/webhooks", tags=["webhooks"], responses=problems.OF_EVERYTHING)

Number = Annotated[int, Path(ge=1, le=LARGEST)]


class WebhookIn(In):
    """A new webhook."""

    url: Annotated[str, Field(min_length=1, max_length=LONGEST, examples=["https://example.com/hook"])]
    events: list[Event] = Field(default_factory=list, max_length=20, description="Everything if none is named.")
    tells_private: StrictBool = Field(False, description="Tell it of incidents in private channels, too.")


class WebhookMade(Out):
    """The only time that the secret is shown."""

    number: int
    host: str
    secret: str


class WebhookOut(Out):
    """A webhook and how it fares."""

    number: int
    host: str
    events: list[Event]
    tells_private: bool
    made_at: datetime
    took_at: datetime | None = Field(description="About when it last took something.")
    failing_since: datetime | None
    failure: str | None
    off_at: datetime | None = Field(description="Since when it is switched off.")

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookOut":
        return cls(
            number=webhook.number,
            host=webhook.host,
            events=[Event(event) for event in webhook.events],
            tells_private=webhook.tells_private,
            made_at=webhook.made_at,
            took_at=webhook.took_at,
            failing_since=webhook.failing_since,
            failure=webhook.failure,
            off_at=webhook.off_at,
        )


class WebhookList(Out):
    """All of them, the oldest first."""

    items: list[WebhookOut]


@router.get("")
async def list_webhooks(caller: Caller) -> WebhookList:
    """How each fares."""
    async with caller.begin() as session:
        found = await webhooks.listed(session, by=caller.actor)
    return WebhookList(items=[WebhookOut.of(webhook) for webhook in found])


@router.post("", status_code=201)
async def add_webhook(new: WebhookIn, caller: Caller) -> WebhookMade:
    """It is told at once that it was added, and from now on what happens."""
    courier = _courier(caller)
    async with caller.begin() as session:
        made = await webhooks.add(
            session,
            new.url,
            new.events,
            tells_private=new.tells_private,
            sealer=courier.sealer,
            to=courier.to,
            by=caller.actor,
        )
    return WebhookMade(number=made.number, host=made.host, secret=made.secret)


@router.delete("/{number}", status_code=204, responses=problems.documented(404))
async def remove_webhook(number: Number, caller: Caller) -> None:
    """It is told nothing any more, nor what waits for it."""
    async with caller.begin() as session:
        await webhooks.remove(session, number, by=caller.actor)


@router.post("/{number}/on", status_code=204, responses=problems.documented(404))
async def switch_webhook_on(number: Number, caller: Caller) -> None:
    """Tell it again, after it was switched off because it took nothing."""
    async with caller.begin() as session:
        await webhooks.switch_on(session, number, by=caller.actor)


def _courier(caller: Asking) -> Courier:
    if caller.house.courier is None:
        raise Problem(503, "No webhook was added: SECRET_KEY is not set, which its secret is sealed with.")
    return caller.house.courier
