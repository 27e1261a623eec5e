"""What happened, told to a webhook: a request of its own for each row, in order for each incident, until it is taken.

A receiver that does not answer holds nobody up: these rows have lanes of their own, and the relay does not count the
hands that send them.
"""

import time
from uuid import UUID

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.house import House
from bot.relay import Delivery, Postponed, Undeliverable
from bot.webhooks import views
from bot.webhooks.courier import Courier, Refused
from domain import webhooks
from domain.outbox import Outgoing, Topic
from domain.sealing import SealedError
from domain.webhooks import ADDED, Webhook

GONE = 410
PATIENT = {408, 425, 429}
"""Of the answers that blame the request, those that only ask for another time."""

log = structlog.get_logger(__name__)


async def send(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """Tell it, unless it was removed, or is not to know."""
    courier, told = house.courier, message.payload
    if courier is None:
        raise Undeliverable("SECRET_KEY is not set, which the webhook's secret is sealed with")
    async with house.begin() as session:
        webhook = await webhooks.get(session, UUID(told["webhook"]))
        if webhook is None:
            return
        if webhook.off_at is not None:
            raise Undeliverable(f"webhook {webhook.number} is switched off")
        occasion = None
        if told["event"] != ADDED:
            private = webhook.tells_private
            occasion = await webhooks.occasion(session, message.incident_id, told, tells_private=private)
            if occasion is None:
                return
    body = views.body(told["id"], told["event"], occasion, message.workspace_id, house)
    try:
        await courier.send(webhook, told["id"], body, at=int(time.time()))
    except (Refused, SealedError) as error:
        await _refused(message, webhook, error, courier, house)
    else:
        async with house.begin() as session:
            await webhooks.took(session, webhook.id)


async def _refused(
    message: Outgoing, webhook: Webhook, error: Refused | SealedError, courier: Courier, house: House
) -> None:
    """Note it; then later again, or never."""
    why = f"webhook {webhook.number} ({webhook.host}): {error}"
    status = error.status if isinstance(error, Refused) else None
    log.warning("webhook_refused", outbox_id=message.id, webhook=webhook.number, host=webhook.host, why=str(error))
    async with house.begin() as session:
        if status == GONE:
            await webhooks.stop(session, webhook.id, "answered 410: it does not want to be told any more")
        is_off = await webhooks.failed(session, webhook.id, str(error), off_after=courier.off_after)
    if is_off or (message.attempts >= courier.tries and _is_unwanted(message, webhook, status)):
        raise Undeliverable(why)
    asked_s = error.wait_s if isinstance(error, Refused) else 0.0
    raise Postponed(why, courier.wait_s(message.attempts, asked_s))


def _is_unwanted(message: Outgoing, webhook: Webhook, status: int | None) -> bool:
    """Whether the receiver works and only does not take this one: it took others since, or blames the request."""
    takes_others = webhook.took_at is not None and webhook.took_at > message.created_at
    return status is not None and (takes_others or (300 <= status < 500 and status not in PATIENT))


DELIVERIES: dict[Topic, Delivery] = {Topic.WEBHOOK_DUE: send}
