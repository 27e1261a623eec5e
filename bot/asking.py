"""A line of words → the verb's function → its answer, wherever the line comes from."""

from dataclasses import replace

from slack_bolt.async_app import AsyncAck, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.ext.asyncio import AsyncSession

from bot import commands, dialogs
from bot.blocks import Message
from bot.commands import Request
from bot.help import views as help_views
from bot.history.views import step
from bot.house import Answer, Form, House, Payload
from bot.incidents import views
from bot.mrkdwn import join
from bot.verbs import LISTING, PROSE, TITLED
from domain import outbox, picking, repeats, timeline, users, vocabulary
from domain.incidents import Incident, Status
from domain.outbox import Topic
from domain.policy import Actor, Surface

ABOUT_ONE = {
    "show": tuple(Status),
    "take": (Status.OPEN, Status.IN_PROGRESS),
    "start": (Status.OPEN,),
    "revert": (Status.IN_PROGRESS,),
    "resolve": (Status.OPEN, Status.IN_PROGRESS),
    "reopen": (Status.RESOLVED,),
    "comment": tuple(Status),
    "assign": (Status.OPEN, Status.IN_PROGRESS),
    "unassign": (Status.OPEN, Status.IN_PROGRESS),
    "priority": tuple(Status),
    "category": tuple(Status),
    "edit": tuple(Status),
    "history": tuple(Status),
    "export": tuple(Status),
    "delete": tuple(Status),
}
"""Verbs that need an incident, and the states in which it makes sense."""

AUDITED = {"admin", "token"}
"""Verbs that answer in words of their own, and write what some of their lines change into the audit."""

WITH_CATEGORIES = TITLED | LISTING
"""Verbs whose words may be a category's name."""


async def commanded(
    ack: AsyncAck, command: Payload, client: AsyncWebClient, actor: Actor, house: House, once: str
) -> None:
    """``/incident …``: the answer goes back in the ack, for this person only."""
    answer = await answer_to(command.get("text") or "", actor, house, once=once)
    if isinstance(answer, Form):
        await client.views_open(trigger_id=command["trigger_id"], view=answer.view)
        await ack()
    else:
        await ack(response_type="ephemeral", text=answer["text"], blocks=answer["blocks"])


async def line_chosen(
    ack: AsyncAck,
    body: Payload,
    action: Payload,
    client: AsyncWebClient,
    respond: AsyncRespond,
    actor: Actor,
    house: House,
    once: str,
) -> None:
    """A button that holds a line was pressed: the answer takes its place, if only this person saw it.

    Where nothing can be said beside the button, as in the App Home, the answer is a dialog.
    """
    answer = await answer_to(action["value"], actor, house, once=once)
    if isinstance(answer, Form):
        await dialogs.show(client, body, answer.view)
        await ack()
        return
    await ack()
    await dialogs.say(client, body, respond, answer)


async def mentioned(event: Payload, actor: Actor, house: House) -> None:
    """``@Incident Tracker …``: what it changes is changed now; the answer follows through the outbox."""
    actor = actor.at(channel_id=event["channel"], surface=Surface.MENTION)
    line = commands.strip_mention(event.get("text") or "", house.bot_user_id)
    place = {
        "channel": event["channel"],
        "thread_ts": event.get("thread_ts") or "",
        "user": actor.slack_user_id,
        "is_direct": "yes" if event.get("channel_type") == "im" else "",
    }
    async with house.begin() as session:
        if not await repeats.is_first(session, actor.workspace_id, f"line:{event['channel']}:{event['ts']}"):
            return
        request = await understood(session, line, actor, thread_ts=place["thread_ts"])
        if request.verb == "comment" and place["thread_ts"]:
            return  # the reply itself is the comment
        said = "login" if request.verb == "secret" else request.line or request.verb
        if request.verb in ("admin", "unknown"):
            said = commands.without_addresses(line)
        if request.verb in house.routes.writes and await unclear(session, request, actor) is None:
            changed = await house.routes.writes[request.verb](session, request, actor, house)
            if not isinstance(changed, Form):
                if place["thread_ts"] and request.verb != "quick":
                    return  # the line in the thread says it
                said = f"show {changed.number}"
        row = outbox.row(
            Topic.MENTION_RECEIVED, workspace_id=actor.workspace_id, lane=place["channel"], line=said, **place
        )
        await outbox.add(session, row)


async def answer_to(line: str, actor: Actor, house: House, *, thread_ts: str = "", once: str = "") -> Answer:
    """Do what a line says, in one transaction, and say so; a person's first answer comes with a hint.

    Args:
        once: names what brought the line, so that the same again changes nothing.

    Raises:
        DomainError: nothing was done; the words say why.
    """
    async with house.begin() as session:
        request = replace(await understood(session, line, actor, thread_ts=thread_ts), once=once)
        answer = await unclear(session, request, actor) or await _done(session, request, actor, house)
        if actor.is_hinted or isinstance(answer, Form) or not await users.hint(session, actor):
            return answer
    return help_views.with_hint(answer)


async def _done(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    if request.verb in house.routes.reads:
        if request.verb in AUDITED:
            repeats.name(session, request.once)
        return await house.routes.reads[request.verb](session, request, actor, house)
    changed = await house.routes.writes[request.verb](session, request, actor, house)
    if isinstance(changed, Form):
        return changed
    if changed.source != request.once:  # an incident that the request opened holds its name itself
        await repeats.require_first(session, actor.workspace_id, request.once)
    return outcome(changed, session, actor, house)


def outcome(incident: Incident, session: AsyncSession, actor: Actor, house: House) -> Message:
    """What was just done, said to the person who did it."""
    steps = [step(change, by_name=actor.name) for change in timeline.recorded(session)]
    return views.outcome(incident, join(" and ", steps), house)


async def understood(session: AsyncSession, line: str, actor: Actor, *, thread_ts: str) -> Request:
    """The line, parsed with the workspace's own words; in a thread, the thread's incident is meant."""
    request = commands.parse(line)
    mentioned = commands.people_in(line) if request.verb in PROSE | TITLED else []
    if mentioned or request.verb in WITH_CATEGORIES:
        known = await vocabulary.of(session, actor.workspace_id, mentioned)
        request = commands.parse(line, categories=known.categories, names=known.people)
    if thread_ts and request.verb in {*ABOUT_ONE, "why", "sync"} and request.number is None and request.card is None:
        return replace(request, card=(actor.channel_id or "", thread_ts))
    return request


async def unclear(session: AsyncSession, request: Request, actor: Actor) -> Answer | None:
    """A question instead of an answer, where the line leaves one; a guess never does anything."""
    if request.verb == "secret":
        return help_views.no_password()
    if request.verb == "unknown":
        if request.guess is None:
            return help_views.not_known(request.typed)
        return help_views.did_you_mean(request.typed, request.guess, request.line)
    if request.bad_id is not None and request.verb != "admin":
        return help_views.wrong_id(request.bad_id)
    if request.verb == "open":
        return help_views.open_means(request.number)
    if request.verb in ABOUT_ONE and request.number is None and request.card is None:
        found = await picking.likely(session, by=actor, statuses=ABOUT_ONE[request.verb])
        return help_views.which(request.verb, _after_verb(request.line), found)
    return None


def _after_verb(line: str) -> str:
    return line.strip().partition(" ")[2].strip()
