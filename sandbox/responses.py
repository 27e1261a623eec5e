"""What the bot says in answer to an interaction: through a response URL, or in the acknowledgement of a command."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox import failing, messages
from sandbox.core import Sandbox
from sandbox.errors import SlackError
from sandbox.faults import RESPONSE_URL
from sandbox.journal import milliseconds
from sandbox.methods.chat import content, show_ephemeral
from sandbox.store import Channel
from sandbox.tickets import ResponseUrl

Json = dict[str, Any]

KNOWN = {
    "text", "blocks", "response_type", "replace_original", "delete_original", "thread_ts", "metadata",
    "unfurl_links", "unfurl_media", "mrkdwn", "attachments",
}  # fmt: skip


async def endpoint(request: Request) -> Response:
    """A post to a response URL; each answer, refusals included, uses one of its five lives."""
    box: Sandbox = request.app.state.box
    began = milliseconds()
    body = await request.body()
    answer = await failing.answered(box, request, RESPONSE_URL, lambda: _taken(box, request.path_params["key"], body))
    words, status = (bytes(answer.body).decode(), answer.status_code) if answer else ("", 0)
    args = {"body": body.decode("utf8", "replace")}
    box.journal.write("api", began, method=RESPONSE_URL, args=args, answer=words, http=status)
    return answer or Response()


def _taken(box: Sandbox, key: str, body: bytes) -> Response:
    try:
        respond(box, box.workspace.tickets.respond(key, box.clock.now()), _read(body))
    except SlackError as error:
        if error.fields:
            box.journal.problem(error.code, **error.fields)
        return PlainTextResponse(error.code, 400 if error.status == 200 else error.status)
    return PlainTextResponse("ok")


def respond(box: Sandbox, ticket: ResponseUrl, body: Json) -> None:
    """Post, replace or delete; a message never changes between ephemeral and visible."""
    channel = box.workspace.channels[ticket.channel]
    if body.get("delete_original"):
        _delete(box, channel, ticket)
        if not body.get("text") and not body.get("blocks"):
            return
    elif body.get("replace_original") and ticket.message is not None:
        _replace(box, channel, ticket, body)
        return
    say(box, channel, ticket.user, body)


def say(box: Sandbox, channel: Channel, user: str, body: Json) -> None:
    """A new message: only for this person, unless it says in_channel."""
    fields = content(body)
    thread_ts = body.get("thread_ts")
    if body.get("response_type") != "in_channel":
        show_ephemeral(box, channel, user, fields, thread_ts=thread_ts)
        return
    message: Json = {"type": "message", "subtype": "bot_message", "bot_id": box.workspace.bot_id, **fields}
    message["app_id"] = box.workspace.app_id
    messages.add(box.workspace, channel, message, thread_ts=thread_ts)
    box.happenings.posted(channel, message)
    box.journal.ring()


def acknowledged(box: Sandbox, channel: Channel, user: str, body: Any) -> str:
    """Show what a command's acknowledgement carries.

    Returns:
        Why Slack could not show it, or "".
    """
    if not body:
        return ""
    try:
        say(box, channel, user, body if isinstance(body, dict) else {"text": str(body)})
    except SlackError as error:
        box.journal.problem(error.code, **error.fields)
        return error.code
    return ""


def _read(body: bytes) -> Json:
    try:
        read = json.loads(body)
    except ValueError:
        raise SlackError("invalid_payload") from None
    if not isinstance(read, dict):
        raise SlackError("invalid_payload")
    if unknown := sorted(read.keys() - KNOWN):
        raise SlackError("invalid_arguments", response_metadata={"messages": [f"unsupported argument: {unknown[0]}"]})
    return read


def _original(box: Sandbox, channel: Channel, ticket: ResponseUrl) -> Json:
    if not ticket.is_ephemeral:
        return messages.find(channel, ticket.message or "")
    for message in box.workspace.ephemerals.get(ticket.user, []):
        if message["ts"] == ticket.message:
            return message
    raise SlackError("message_not_found", status=404)


def _delete(box: Sandbox, channel: Channel, ticket: ResponseUrl) -> None:
    message = _original(box, channel, ticket)
    if ticket.is_ephemeral:
        box.workspace.ephemerals[ticket.user].remove(message)
    elif messages.remove(channel, message):
        box.happenings.changed(channel, channel.messages[message["ts"]], message)
    else:
        box.happenings.deleted(channel, message)
    box.journal.ring()


def _replace(box: Sandbox, channel: Channel, ticket: ResponseUrl, body: Json) -> None:
    message = _original(box, channel, ticket)
    before = dict(message)
    messages.change(
        box.workspace, message, editor=box.workspace.bot_user_id, shown=False, **{"blocks": None, **content(body)}
    )
    if not ticket.is_ephemeral:
        box.happenings.changed(channel, message, before)
    box.journal.ring()
