"""Exception → words, on the surface that the person used. Only what was committed is acked as done."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import ClientError
from psycopg import OperationalError
from slack_bolt import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as SATimeoutError

from bot import blocks, forms, mrkdwn
from bot.blocks import Block
from bot.house import House, Payload
from bot.houses import Houses
from bot.mrkdwn import Mrkdwn
from domain import homes, users
from domain.db import Unsure
from domain.errors import DomainError, Forbidden, Repeated, Stale

log = structlog.get_logger(__name__)

NOBODY_WAITS = {"invalid_trigger_id"}
"""What Slack says of a click that was not its own: there is nobody who could be told."""

Handler = Callable[..., Awaitable[BoltResponse | None]]


def handler(houses: Houses) -> Handler:
    """The one error handler of the app."""

    async def handle(error: Exception, body: dict[str, Any]) -> BoltResponse | None:
        served = houses.asked(body)
        if served is None:  # whether there is one could not be found out; Slack tries again where it does
            log.error("workspace_not_found", kind=type(error).__name__)
            return None
        house, slack = served.house, served.slack
        words = await told(error, house)
        if body.get("command"):
            return BoltResponse(status=200, body={"response_type": "ephemeral", "text": words})
        if body.get("type") == "view_submission":
            return _beside_field(error, body, words)
        if body.get("type") in {"block_actions", "shortcut", "message_action"}:
            is_told = await _answer_click(body, slack, words)
            if isinstance(error, DomainError) and (body.get("view") or {}).get("type") == "home":
                await _redraw(body, house)
            return BoltResponse(status=200 if is_told else 500, body="")  # Slack itself then says that it failed
        if body.get("type") == "block_suggestion":
            return BoltResponse(status=200, body={"options": []})
        if "event" in body and isinstance(error, DomainError):
            await _tell_in_channel(body["event"], slack, error, words)
            return BoltResponse(status=200, body="")
        return None

    return handle


def code_of(error: SlackApiError) -> str:
    """Slack's word for what is wrong; a proxy's error page has none."""
    answer = getattr(error.response, "data", None)
    said = answer.get("error") if isinstance(answer, dict) else None
    return str(said or f"http_{status_of(error)}")


def token_refused(name: str, error: SlackApiError) -> str:
    """What is wrong with a token, and where to get the right one."""
    fixes = {
        "SLACK_BOT_TOKEN": "Copy the Bot User OAuth Token (xoxb-…) from OAuth & Permissions, after installing the app.",
        "SLACK_APP_TOKEN": "Make an App-Level Token (xapp-…) with the scope connections:write under Basic Information.",
    }
    return f"Slack refused {name}: {code_of(error)}. {fixes[name]}"


def status_of(error: SlackApiError) -> int:
    """The HTTP status; for a page that is no JSON the SDK gives the bare response."""
    response: Any = error.response
    return int(response.status_code if isinstance(response, AsyncSlackResponse) else response.status)


async def told(error: Exception, house: House) -> Mrkdwn:
    """What a person is told; only what nobody expected is logged."""
    if isinstance(error, Forbidden):
        return mrkdwn.mrkdwn("{said}{help}", said=error, help=await _whom_to_ask(house))
    if isinstance(error, DomainError):
        return mrkdwn.escape(str(error))
    reference = secrets.token_hex(2).upper()
    expected = isinstance(error, TimeoutError | SlackApiError | ClientError | Unsure) or _is_down(error)
    log.error("listener_failed", reference=reference, kind=type(error).__name__, exc_info=None if expected else error)
    return mrkdwn.mrkdwn("{said} (ref {reference})", said=_apology(error), reference=reference)


def _apology(error: Exception) -> str:
    if _is_down(error):
        return "Not saved: the database does not answer. Nothing was changed; try again in a minute."
    if isinstance(error, Unsure):
        return "The database broke off while it saved this. Look whether it is there before you try again in a minute."
    if isinstance(error, TimeoutError):
        return "This took too long and was stopped. Look whether it is there before you try again in a minute."
    if isinstance(error, SlackApiError) and code_of(error) == "expired_trigger_id":
        return "Slack did not open the form in time. Nothing was changed; try again."
    if isinstance(error, SlackApiError | ClientError):
        return "Slack did not take the answer. Nothing was changed; try again in a minute."
    return "Not saved: this is a fault in Incident Tracker. Nothing was changed; tell whoever runs it the reference."


def _is_down(error: Exception) -> bool:
    """Whether the database, not the statement, is what failed: gone, starting, full or too slow."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, SATimeoutError)
    return error.connection_invalidated or isinstance(error.orig, OperationalError)


async def _whom_to_ask(house: House) -> Mrkdwn:
    async with house.begin() as session:
        admins = await users.superusers(session, house.workspace_id)
    if not admins:
        return mrkdwn.mrkdwn(" Ask a member of this workspace to do it.")
    people = mrkdwn.join(" or ", [mrkdwn.user(admin) for admin in admins])
    return mrkdwn.mrkdwn(" Ask {people} (superusers).", people=people)


def _beside_field(error: Exception, body: Payload, words: Mrkdwn) -> BoltResponse:
    """In a form that stays open with all that was typed; the key must be one of its inputs, if it has any."""
    if isinstance(error, Repeated):
        return BoltResponse(status=200, body="")
    if isinstance(error, Stale):
        view = forms.again(body["view"], words, error.version)
        return BoltResponse(status=200, body={"response_action": "update", "view": view})
    inputs = [block["block_id"] for block in body["view"]["blocks"] if block["type"] == "input"]
    if not inputs:
        return BoltResponse(status=200, body={"response_action": "update", "view": _notice(words)})
    field = getattr(error, "field", None)
    shown = {field if field in inputs else inputs[0]: mrkdwn.unescape(words)}
    return BoltResponse(status=200, body={"response_action": "errors", "errors": shown})


async def _answer_click(body: Payload, slack: AsyncWebClient, words: Mrkdwn) -> bool:
    """Under the message that was clicked; where there is none, in a dialog; whether Slack took it."""
    if body.get("response_url") and body["type"] == "block_actions":
        return await _whisper(body, slack, words)
    is_in_dialog = (body.get("view") or {}).get("type") == "modal"
    show = slack.views_push if is_in_dialog else slack.views_open
    try:
        await show(trigger_id=body["trigger_id"], view=_notice(words))
    except (SlackApiError, ClientError, TimeoutError) as error:
        log.warning("answer_not_shown", kind=type(error).__name__)
        return isinstance(error, SlackApiError) and code_of(error) in NOBODY_WAITS
    return True


async def _redraw(body: Payload, house: House) -> None:
    """What a Home offered that is refused may be out of date there."""
    async with house.begin() as session:
        await homes.look(session, house.workspace_id, body["user"]["id"])


def _notice(words: Mrkdwn) -> Block:
    return blocks.modal("notice", "Incident Tracker", [blocks.section(words)], close="Close")


async def _whisper(body: Payload, client: AsyncWebClient, words: Mrkdwn) -> bool:
    webhook = AsyncWebhookClient(body["response_url"], session=client.session)
    try:
        answer = await webhook.send(text=words, response_type="ephemeral", replace_original=False)
    except (ClientError, TimeoutError) as error:
        log.warning("answer_not_shown", kind=type(error).__name__)
        return False
    if answer.status_code != 200:
        log.warning("answer_not_shown", status=answer.status_code)
    return answer.status_code == 200


async def _tell_in_channel(event: Payload, client: AsyncWebClient, error: DomainError, words: Mrkdwn) -> None:
    """For the person only; what cannot be shown is not tried again, because the request would be, too."""
    if isinstance(error, Repeated) or not event.get("user") or not event.get("channel"):
        return
    thread = {"thread_ts": event["thread_ts"]} if event.get("thread_ts") else {}
    try:
        if event.get("channel_type") == "im":
            await client.chat_postMessage(channel=event["channel"], text=words)
        else:
            await client.chat_postEphemeral(channel=event["channel"], user=event["user"], text=words, **thread)
    except SlackApiError as refused:
        log.warning("answer_not_shown", error=code_of(refused))
