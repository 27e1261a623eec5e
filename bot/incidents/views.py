"""What an incident looks like: card, thread line, lists, and the forms to open, resolve and reopen one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from bot import blocks
from bot.blocks import Block, Message
from bot.house import House
from bot.mrkdwn import Mrkdwn, channel, date, escape, join, link, mrkdwn, shorten
from domain.comments import Said
from domain.incidents import Incident, Priority, Status, Target
from domain.listing import Counts, Page
from domain.timeline import Happening, What

TAKE = "incident.take"
RESOLVE = "incident.resolve_form"
REOPEN = "incident.reopen_form"
REVERT = "incident.revert"
SHOW_ALL = "incident.show_all"

SHORT = 300
PICTURES = {Priority.CRITICAL: "🔴", Priority.HIGH: "🟠", Priority.MEDIUM: "🟡", Priority.LOW: "⚪"}
Tally: TypeAlias = tuple[int, datetime | None]
"""How many comments there are, and when the last one was made."""
STATES = {Status.OPEN: "🆕", Status.IN_PROGRESS: "🔧", Status.RESOLVED: "✅"}


def card(incident: Incident, tally: Tally, house: House) -> Message:
    """The message at the head of the incident's thread."""
    head = mrkdwn("*{ref}*  *{title}*", ref=linked(incident, house), title=incident.title)
    parts = [blocks.section(head), facts(incident), *_description(incident), *_resolution(incident)]
    return blocks.message(sentence(incident), [*parts, blocks.actions(*_buttons(incident)), _tally(*tally)])


def facts(incident: Incident) -> Block:
    """Status, priority and who; colour and picture never come without the word."""
    return blocks.fields(
        ("Status", mrkdwn("{picture} {name}", picture=STATES[incident.status], name=incident.status.label)),
        ("Priority", mrkdwn("{picture} {name}", picture=PICTURES[incident.priority], name=incident.priority)),
        ("Category", escape(incident.category.replace("_", " "))),
        ("Assignee", escape(incident.assignee.full_name if incident.assignee else "nobody")),
        ("Owner", escape(incident.owner.full_name)),
        ("Opened", date(incident.created_at)),
    )


def sentence(incident: Incident) -> Mrkdwn:
    """The whole card as one sentence, for screen readers, push and search."""
    held = mrkdwn("assigned to {name}", name=incident.assignee.full_name) if incident.assignee else Mrkdwn("unassigned")
    return mrkdwn(
        "{ref} {title}: {status}, {priority} priority, {category}, {held}, opened by {owner}.",
        ref=incident.ref,
        title=incident.title,
        status=incident.status.label,
        priority=incident.priority,
        category=incident.category.replace("_", " "),
        held=held,
        owner=incident.owner.full_name,
    )


def linked(incident: Incident, house: House) -> Mrkdwn:
    """INC-42, a link to its card as soon as there is one."""
    if incident.card_ts is None:
        return escape(incident.ref)
    place = f"{house.url}archives/{incident.channel_id}/p{incident.card_ts.replace('.', '')}"
    return link(place, incident.ref)


def line(happenings: Sequence[Happening]) -> Message:
    """One line in the thread for all that one request changed."""
    first, last = happenings[0], happenings[-1]
    said = join(" and ", [_step(h) for h in happenings])
    note = mrkdwn(": {note}", note=shorten(last.note, 2_000)) if last.note else Mrkdwn("")
    text = mrkdwn("{who} {said}{note}", who=first.by_name, said=said, note=note)
    return blocks.message(text, [blocks.section(text)])


def outcome(incident: Incident, house: House) -> Message:
    """What a person who changed something by command is told."""
    text = mrkdwn(
        "Done. {ref} {title} is {status}. Its card {place} {channel}.",
        ref=linked(incident, house),
        title=incident.title,
        status=incident.status.label,
        place="goes to" if incident.card_ts is None else "is in",
        channel=channel(incident.channel_id),
    )
    return blocks.message(text, [blocks.section(text)])


def assigned(incident: Incident, house: House) -> Message:
    """What a new assignee is told."""
    text = mrkdwn("{ref} {title} is assigned to you.", ref=linked(incident, house), title=incident.title)
    return blocks.message(text, [blocks.section(text)])


def homeless(incident: Incident) -> Message:
    """What an owner is told whose incident no channel shows."""
    text = mrkdwn(
        "{ref} {title} is saved, but its card could not be posted: I cannot post in {channel}. "
        "Invite me there with `/invite @Incident Tracker`, and the card follows.",
        ref=incident.ref,
        title=incident.title,
        channel=channel(incident.channel_id),
    )
    return blocks.message(text, [blocks.section(text)])


def details(incident: Incident, said: Sequence[Said], house: House) -> Message:
    """The card for one reader, with the last comments; buttons work as on the card."""
    head = mrkdwn("*{ref}*  *{title}*", ref=linked(incident, house), title=incident.title)
    parts = [blocks.section(head), facts(incident), *_description(incident), *_resolution(incident)]
    talk = [blocks.section(_quoted(comment)) for comment in said]
    return blocks.message(sentence(incident), [*parts, *talk, blocks.actions(*_buttons(incident))])


def listing(page: Page, title: Mrkdwn, house: House, *, more: str | None = None, action_id: str) -> Message:
    """Up to ten incidents; ``more`` is the line that the button for the next page runs."""
    if not page.incidents:
        text = mrkdwn("{title}: none. That is all there is to see.", title=title)
        return blocks.message(text, [blocks.section(text)])
    rows = [blocks.section(_row(incident, house)) for incident in page.incidents]
    shown = [mrkdwn("{ref} {title}", ref=i.ref, title=i.title) for i in page.incidents]
    text = mrkdwn("{title}: {rows}", title=title, rows=join("; ", shown))
    onward = [blocks.actions(blocks.button("Next", action_id, value=more))] if more else []
    return blocks.message(text, [blocks.section(mrkdwn("*{title}*", title=title)), *rows, *onward])


def launcher(counts: Counts, *, action_id: str) -> Message:
    """What ``/incident`` alone answers."""
    text = mrkdwn(
        "{open} unresolved: {critical} critical, {free} assigned to nobody, {mine} yours.",
        open=counts.unresolved,
        critical=counts.critical,
        free=counts.unassigned,
        mine=counts.mine,
    )
    offered = (
        ("New", "new"),
        (f"Mine ({counts.mine})", "mine"),
        (f"All unresolved ({counts.unresolved})", "list"),
        ("Help", "help"),
    )
    buttons = [blocks.button(name, f"{action_id}:{n}", value=line) for n, (name, line) in enumerate(offered)]
    buttons[0]["style"] = "primary"
    return blocks.message(text, [blocks.section(text), blocks.actions(*buttons)])


def whole_text(incident: Incident) -> Block:
    """The description in full, in as many blocks as it needs."""
    text = incident.description
    pieces = [text[start : start + 2_500] for start in range(0, len(text), 2_500)]
    return blocks.modal(
        "incident.text", incident.ref, [blocks.section(escape(piece)) for piece in pieces], close="Close"
    )


def read_target(value: str) -> Target:
    """The incident and version that a button carries; something else targets nothing."""
    name, _, version = value.partition(":")
    try:
        return Target(id=UUID(name), version=int(version))
    except ValueError:
        return Target(number=0)


def _buttons(incident: Incident) -> list[Block]:
    value = f"{incident.id}:{incident.version}"
    resolve = blocks.button("Resolve…", RESOLVE, value=value)
    match incident.status:
        case Status.OPEN:
            return [blocks.button("Take it", TAKE, value=value, style="primary"), resolve]
        case Status.IN_PROGRESS:
            return [resolve, blocks.button("Back to open", REVERT, value=value)]
        case Status.RESOLVED:
            return [blocks.button("Reopen…", REOPEN, value=value)]


def _description(incident: Incident) -> list[Block]:
    if not incident.description:
        return []
    if len(incident.description) <= SHORT:
        return [blocks.section(escape(incident.description))]
    more = blocks.button("Show all", SHOW_ALL, value=f"{incident.id}:{incident.version}")
    return [blocks.section(escape(shorten(incident.description, SHORT)), accessory=more)]


def _resolution(incident: Incident) -> list[Block]:
    if incident.resolved_at is None:
        return []
    note = mrkdwn(": {note}", note=shorten(incident.resolution, 1_000)) if incident.resolution else Mrkdwn("")
    took = duration(incident.resolved_at - incident.created_at)
    at = date(incident.resolved_at)
    return [blocks.section(mrkdwn("*Resolved* {at} after {took}{note}", at=at, took=took, note=note))]


def _tally(count: int, last: datetime | None) -> Block:
    if last is None:
        return blocks.context(Mrkdwn("Reply in the thread: every reply is kept as a comment."))
    noun = "comment" if count == 1 else "comments"
    return blocks.context(mrkdwn("{count} {noun} · last word {at}", count=count, noun=noun, at=date(last)))


def _row(incident: Incident, house: House) -> Mrkdwn:
    return mrkdwn(
        "{picture} {ref} {title}\n{status} · {priority} · {who} · {at}",
        picture=PICTURES[incident.priority],
        ref=linked(incident, house),
        title=incident.title,
        status=incident.status.label,
        priority=incident.priority,
        who=incident.assignee.full_name if incident.assignee else "nobody",
        at=date(incident.created_at),
    )


def _quoted(said: Said) -> Mrkdwn:
    return mrkdwn(
        "*{author}* {at}\n{text}",
        author=said.author,
        at=date(said.created_at),
        text=shorten(said.content, SHORT) or "(a file)",
    )


def _step(happening: Happening) -> Mrkdwn:
    match happening.what:
        case What.CREATED:
            return Mrkdwn("opened it")
        case What.ASSIGNED if happening.new == happening.by_name:
            return mrkdwn("took it over from {old}", old=happening.old) if happening.old else Mrkdwn("took it")
        case What.ASSIGNED:
            return mrkdwn("assigned it to {new}", new=happening.new)
        case What.STARTED:
            return Mrkdwn("started work")
        case What.REVERTED:
            return Mrkdwn("put it back to open")
        case What.RESOLVED:
            return Mrkdwn("resolved it")
        case What.REOPENED:
            return Mrkdwn("reopened it")
        case What.RENAMED:
            return mrkdwn("renamed it from “{old}” to “{new}”", old=happening.old, new=happening.new)
        case What.DESCRIBED:
            return Mrkdwn("changed the description")
        case What.PRIORITIZED:
            return mrkdwn("changed the priority from {old} to {new}", old=happening.old, new=happening.new)
        case What.CATEGORIZED:
            return mrkdwn("changed the category from {old} to {new}", old=happening.old, new=happening.new)
        case What.DELETED:
            return Mrkdwn("deleted it")
        case What.RESTORED:
            return Mrkdwn("restored it")
        case What.UNDONE:
            return mrkdwn("took back: {new}", new=happening.new)


def duration(took: timedelta) -> str:
    """In the two largest units that count."""
    minutes = int(took.total_seconds()) // 60
    days, hours = minutes // 1_440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else "less than a minute"
