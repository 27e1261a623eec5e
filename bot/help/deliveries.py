"""Answers to mentions and direct messages, worked out when they are sent."""

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import errors, identity, sync
from bot.asking import answer_to
from bot.blocks import Message
from bot.help import views
from bot.house import Form, House
from bot.relay import Delivery, Undeliverable
from domain.errors import DomainError
from domain.outbox import Outgoing, Topic
from domain.policy import Actor, Surface

TRIES = 3
"""What only one person sees cannot be looked for, and may have been shown each time."""


async def answer_mention(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """In a direct message for both to see, elsewhere for the asking person only."""
    asked = message.payload
    person = await identity.person(asked["user"], slack, house)
    answer = await _answer(asked, person.at(channel_id=asked["channel"], surface=Surface.MENTION), house)
    if asked["is_direct"]:
        await sync.post_once(slack, message, channel=asked["channel"], **answer)
        return
    thread = {"thread_ts": asked["thread_ts"]} if asked["thread_ts"] else {}
    try:
        await slack.chat_postEphemeral(channel=asked["channel"], user=asked["user"], **thread, **answer)
    except (SlackApiError, ClientError, TimeoutError) as error:
        is_unsure = not isinstance(error, SlackApiError) or sync.is_transient(error)
        if is_unsure and message.attempts >= TRIES:
            raise Undeliverable("Slack did not say whether the answer was shown") from None
        raise


async def _answer(asked: dict[str, str], actor: Actor, house: House) -> Message:
    try:
        answer = await answer_to(asked["line"], actor, house, thread_ts=asked["thread_ts"])
    except DomainError as error:
        return views.refused(await errors.told(error, house))
    return views.form_offered(answer.line) if isinstance(answer, Form) else answer


DELIVERIES: dict[Topic, Delivery] = {Topic.MENTION_RECEIVED: answer_mention}
