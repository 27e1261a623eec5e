"""What receivers are told, and what superusers see of webhooks."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from bot import blocks
from bot.blocks import Block, Message
from bot.help.views import RUN
from bot.house import House
from bot.incidents.views import address
from bot.mrkdwn import Mrkdwn, date, join, mrkdwn
from domain.incidents import Incident
from domain.talk import Said
from domain.timeline import Happening
from domain.users import User
from domain.webhooks import Event, Made, Occasion, Webhook

HOW: Final = Mrkdwn(
    "`/incident admin webhook add https://example.com/hook` adds one, with the names of events behind it if it should "
    "not be told everything, and `private` if it may hear of private channels. "
    "`/incident admin webhook remove 1` removes one."
)


def body(id: str, event: str, occasion: Occasion | None, workspace_id: str, house: House) -> bytes:
    """The JSON that is sent; without an occasion it only says that the webhook is on."""
    said: dict[str, Any] = {"id": id, "workspace_id": workspace_id}
    if occasion is None:
        return _json({**said, "type": f"webhook.{event}", "data": {}})
    data: dict[str, Any] = {"incident": _incident(occasion.incident, house)}
    if occasion.changes:
        kind = f"incident.{event}"
        data["changes"] = [_change(each) for each in occasion.changes]
    else:
        kind = f"comment.{occasion.how}"
        data["comment"] = _comment(occasion)
    return _json({**said, "type": kind, "timestamp": _moment(occasion.at), "data": data})


def made(webhook: Made) -> Message:
    """Only whoever asked sees it, and only now."""
    text = mrkdwn(
        "Webhook {number} to *{host}* was added. This is its secret: copy it now, it cannot be shown again. Whoever "
        "receives can prove with it that a request comes from here.\n```{secret}```\n"
        "A first message is on its way; `/incident admin webhook` shows whether it arrived.",
        number=str(webhook.number),
        host=webhook.host,
        secret=webhook.secret,
    )
    return blocks.words(text)


def listed(webhooks: Sequence[Webhook]) -> Message:
    """Each with how it fares and what can be done."""
    if not webhooks:
        text = mrkdwn("*Webhooks*: there are none. {how}", how=HOW)
        return blocks.words(text)
    rows = [_row(webhook) for webhook in webhooks]
    text = join("\n", [Mrkdwn("*Webhooks*"), *rows])
    sections = [blocks.section(row, accessory=_button(each)) for row, each in zip(rows, webhooks, strict=True)]
    return blocks.message(text, [blocks.section(mrkdwn("*Webhooks* {how}", how=HOW)), *sections])


def removed(host: str) -> Message:
    """It is told nothing any more."""
    text = mrkdwn("Removed. {host} is told nothing any more.", host=host)
    return blocks.words(text)


def switched_on(host: str) -> Message:
    """It is told again."""
    text = mrkdwn("{host} is told again from now on. What happened meanwhile is not sent.", host=host)
    return blocks.words(text)


def switched_off() -> Message:
    """There is no key to seal secrets with."""
    text = Mrkdwn(
        "No webhook was added: there is no key to keep its secret with. Whoever runs Incident Tracker can set "
        "`SECRET_KEY`."
    )
    return blocks.words(text)


def state(webhook: Webhook) -> Mrkdwn:
    """How it fares, in words."""
    if webhook.off_at is not None:
        return mrkdwn("*switched off* {at}: {why}", at=date(webhook.off_at), why=webhook.failure or "")
    if webhook.failing_since is not None:
        since = date(webhook.failing_since)
        return mrkdwn("*takes nothing* since {at}: {why}; it is tried again", at=since, why=webhook.failure or "")
    return mrkdwn("took the last one {at}", at=date(webhook.took_at)) if webhook.took_at else Mrkdwn("not used yet")


def _row(webhook: Webhook) -> Mrkdwn:
    events = "everything" if len(webhook.events) == len(Event) else ", ".join(webhook.events)
    return mrkdwn(
        "{number}. *{host}* {state}\nis told: {events}; {where}",
        number=str(webhook.number),
        host=webhook.host,
        state=state(webhook),
        events=events,
        where="private channels, too" if webhook.tells_private else "public channels only",
    )


def _button(webhook: Webhook) -> Block:
    number = str(webhook.number)
    if webhook.off_at is not None:
        return blocks.button("Switch on", f"{RUN}:{number}", value=f"admin webhook on {number}")
    sure = blocks.confirm(
        "Remove this webhook?", f"{webhook.host} is told nothing any more.", "Remove it", style="danger"
    )
    return blocks.button("Remove…", f"{RUN}:{number}", value=f"admin webhook remove {number}", confirm=sure)


def _incident(incident: Incident, house: House) -> dict[str, Any]:
    """As the API shows it; of a deleted one no words."""
    known = {"id": str(incident.id), "number": incident.number, "ref": incident.ref}
    if incident.deleted_at is not None:
        return {**known, "deleted_at": _moment(incident.deleted_at)}
    card = incident.card_ts
    return {
        **known,
        "title": incident.title,
        "description": incident.description,
        "status": incident.status.value,
        "priority": incident.priority.value,
        "category": incident.category,
        "owner": _person(incident.owner),
        "assignee": _person(incident.assignee) if incident.assignee else None,
        "channel_id": incident.channel_id,
        "link": address(house, incident.channel_id, card) if card else None,
        "created_at": _moment(incident.created_at),
        "updated_at": _moment(incident.updated_at),
        "resolved_at": _moment(incident.resolved_at),
        "resolution": incident.resolution,
        "version": incident.version,
        "deleted_at": None,
    }


def _change(happening: Happening) -> dict[str, Any]:
    return {
        "what": happening.what.value,
        "old": happening.old,
        "new": happening.new,
        "note": happening.note,
        "by": {"id": str(happening.by_user_id), "name": happening.by_name},
        "surface": happening.surface.value,
        "at": _moment(happening.at),
    }


def _comment(occasion: Occasion) -> dict[str, Any]:
    """Of a deleted one no words."""
    known, said = {"id": str(occasion.comment_id)}, occasion.said
    return known if said is None else {**known, **_words(said)}


def _words(said: Said) -> dict[str, Any]:
    return {
        "author": {"id": str(said.author_id), "name": said.author},
        "content": said.content,
        "files": said.files,
        "created_at": _moment(said.created_at),
        "edited_at": _moment(said.edited_at),
    }


def _person(user: User) -> dict[str, str]:
    return {"id": str(user.id), "name": user.full_name}


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _json(said: dict[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
