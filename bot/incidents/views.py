"""What an incident looks like: card, thread line, lists, and the forms to open, resolve and reopen one."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from bot import blocks
from bot.blocks import Block, Message
from bot.comments import views as comments
from bot.house import House
from bot.mrkdwn import Mrkdwn, channel, date, escape, join, link, mrkdwn, prose, shorten
from domain.incidents import Incident, Priority, Status
from domain.listing import Counts
from domain.policy import Actor
from domain.talk import Said
from domain.timeline import Happening, What

TAKE = "incident.take"
RESOLVE = "incident.resolve_form"
REOPEN = "incident.reopen_form"
REVERT = "incident.revert"
ASSIGN = "incident.assign_form"
EDIT = "incident.edit_form"
CLASSIFY = "incident.classify_form"
HISTORY = "incident.history"
EXPORT = "incident.export"
DELETE = "incident.delete_form"
SHOW_ALL = "incident.show_all"
MENU = "card.menu:"

SHORT = 300
PICTURES = {Priority.CRITICAL: "🔴", Priority.HIGH: "🟠", Priority.MEDIUM: "🟡", Priority.LOW: "⚪"}
Tally: TypeAlias = tuple[int, datetime | None]
"""How many comments there are, and when the last one was made."""
STATES = {Status.OPEN: "🆕", Status.IN_PROGRESS: "🔧", Status.RESOLVED: "✅"}


def card(
    incident: Incident,
    tally: Tally,
    changed: Sequence[Happening],
    house: House,
    *,
    reported: tuple[int, datetime] | None = None,
    earlier: Sequence[tuple[str, str]] = (),
) -> Message:
    """The message at the head of the incident's thread.

    Args:
        changed: by the last request; the values that it replaced are struck through.
        reported: how often its alert was, and when last.
        earlier: channel and ts of the cards that were there before this one, the newest first.
    """
    old = {happening.what: happening.old for happening in changed}
    parts = [_head(incident, house, old.get(What.RENAMED)), facts(incident, old), *_texts(incident)]
    return blocks.message(
        sentence(incident), [*parts, blocks.actions(*_buttons(incident)), _tally(tally, reported, earlier, house)]
    )


def tombstone(incident: Incident, deleted: Happening) -> Message:
    """What is left of a deleted incident's card."""
    text = mrkdwn(
        "{ref} was deleted by {who} {at}. The thread stays; a superuser can restore it within 30 days.",
        ref=incident.ref,
        who=deleted.by_name,
        at=date(deleted.at),
    )
    return blocks.message(text, [blocks.context(text)])


def facts(incident: Incident, old: Mapping[What, str] = {}) -> Block:
    """Status, priority and who; colour and picture never come without the word."""
    priority = mrkdwn("{picture} {name}", picture=PICTURES[incident.priority], name=incident.priority)
    return blocks.fields(
        ("Status", mrkdwn("{picture} {name}", picture=STATES[incident.status], name=incident.status.label)),
        ("Priority", _struck(old.get(What.PRIORITIZED), priority)),
        ("Category", _struck(old.get(What.CATEGORIZED), escape(spoken(incident.category)))),
        ("Assignee", escape(incident.assignee.full_name if incident.assignee else "nobody")),
        ("Owner", escape(incident.owner.full_name)),
        ("Opened", date(incident.created_at)),
    )


def spoken(name: str) -> str:
    """A category as people say it."""
    return name.replace("_", " ")


def sentence(incident: Incident) -> Mrkdwn:
    """The whole card as one sentence, for screen readers, push and search."""
    held = mrkdwn("assigned to {name}", name=incident.assignee.full_name) if incident.assignee else Mrkdwn("unassigned")
    return mrkdwn(
        "{ref} {title}: {status}, {priority} priority, {category}, {held}, opened by {owner}.",
        ref=incident.ref,
        title=incident.title,
        status=incident.status.label,
        priority=incident.priority,
        category=spoken(incident.category),
        held=held,
        owner=incident.owner.full_name,
    )


def linked(incident: Incident, house: House) -> Mrkdwn:
    """INC-42, a link to its card as soon as there is one."""
    if incident.card_ts is None:
        return escape(incident.ref)
    return link(address(house, incident.channel_id, incident.card_ts), incident.ref)


def address(house: House, channel_id: str, ts: str) -> str:
    """Of a message in Slack."""
    return f"{house.url}archives/{channel_id}/p{ts.replace('.', '')}"


def outcome(incident: Incident, did: Mrkdwn, house: House) -> Message:
    """What a person who changed something by command is told."""
    text = mrkdwn(
        "Done{did}. {ref} {title} is {status}. Its card {place} {channel}.",
        did=mrkdwn(": you {did}", did=did) if did else "",
        ref=linked(incident, house),
        title=incident.title,
        status=incident.status.label,
        place="goes to" if incident.card_ts is None else "is in",
        channel=channel(incident.channel_id),
    )
    return blocks.words(text)


def details(incident: Incident, said: Sequence[Said], reader: Actor, house: House) -> Message:
    """The card for one reader, with the last comments; buttons work as on the card."""
    talk = [comments.row(each, reader) for each in said]
    every = [blocks.button("All comments", comments.ALL, value=f"{incident.id}:-1")] if said else []
    parts = [_head(incident, house), facts(incident), *_texts(incident), *talk]
    return blocks.message(sentence(incident), [*parts, blocks.actions(*_buttons(incident), *every)])


def plain(incident: Incident, said: Sequence[Said], house: House) -> Message:
    """The same as one text without pictures, for screen readers and for copying."""
    lines = [
        sentence(incident),
        mrkdwn("Opened {at}.", at=date(incident.created_at)),
        *([mrkdwn("Resolved {at}.", at=date(incident.resolved_at))] if incident.resolved_at else []),
        *([mrkdwn("Resolution: {text}", text=incident.resolution)] if incident.resolution else []),
        *([mrkdwn("Description: {text}", text=incident.description)] if incident.description else []),
        *(mrkdwn("{who}{mark}, {at}: {text}", who=s.author, mark=s.mark, at=date(s.created_at), text=_words(s))
          for s in said),
        mrkdwn("Card: {link}", link=linked(incident, house)),
    ]  # fmt: skip
    text = join("\n", lines)
    return blocks.message(text, [blocks.section(line) for line in lines])


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
    """The description in full."""
    return blocks.modal("incident.text", incident.ref, comments.whole(incident.description), close="Close")


def _buttons(incident: Incident) -> list[Block]:
    value = f"{incident.id}:{incident.version}"
    resolve = blocks.button("Resolve…", RESOLVE, value=value)
    assign = blocks.button("Assign…", ASSIGN, value=value)
    match incident.status:
        case Status.OPEN:
            return [blocks.button("Take it", TAKE, value=value, style="primary"), assign, resolve]
        case Status.IN_PROGRESS:
            return [resolve, assign, blocks.button("Back to open", REVERT, value=value)]
        case Status.RESOLVED:
            return [blocks.button("Reopen…", REOPEN, value=value)]


def _head(incident: Incident, house: House, old_title: str | None = None) -> Block:
    title = mrkdwn("*{title}*", title=incident.title)
    head = mrkdwn("*{ref}*  {title}", ref=linked(incident, house), title=_struck(old_title, title))
    return blocks.section(head, accessory=_menu(incident))


def _menu(incident: Incident) -> Block:
    value = f"{incident.id}:{incident.version}"
    offered = (
        ("Edit…", EDIT),
        ("Priority, category…", CLASSIFY),
        ("History", HISTORY),
        ("Export", EXPORT),
        ("Delete…", DELETE),
    )
    return blocks.overflow(MENU, [blocks.option(name, f"{action_id}:{value}") for name, action_id in offered])


def _struck(old: str | None, new: Mrkdwn) -> Mrkdwn:
    return mrkdwn("~{old}~ {new}", old=spoken(old), new=new) if old else new


def _texts(incident: Incident) -> list[Block]:
    return [*_description(incident), *_resolution(incident)]


def _description(incident: Incident) -> list[Block]:
    if not incident.description:
        return []
    if len(incident.description) <= SHORT:
        return [blocks.section(prose(incident.description))]
    more = blocks.button("Show all", SHOW_ALL, value=f"{incident.id}:{incident.version}")
    return [blocks.section(prose(shorten(incident.description, SHORT)), accessory=more)]


def _resolution(incident: Incident) -> list[Block]:
    if incident.resolved_at is None:
        return []
    note = mrkdwn(": {note}", note=shorten(incident.resolution, 1_000)) if incident.resolution else Mrkdwn("")
    took = duration(incident.resolved_at - incident.created_at)
    at = date(incident.resolved_at)
    return [blocks.section(mrkdwn("*Resolved* {at} after {took}{note}", at=at, took=took, note=note))]


def _tally(
    tally: Tally, reported: tuple[int, datetime] | None, earlier: Sequence[tuple[str, str]], house: House
) -> Block:
    count, last = tally
    words = Mrkdwn("Reply in the thread: every reply is kept as a comment.")
    if last is not None:
        noun = "comment" if count == 1 else "comments"
        words = mrkdwn("{count} {noun} · last word {at}", count=count, noun=noun, at=date(last))
    more = []
    if reported is not None and reported[0] > 1:
        more.append(mrkdwn("Alert reported {count} times · last {at}", count=reported[0], at=date(reported[1])))
    if threads := [link(address(house, *place), "the thread before") for place in earlier[:3]]:
        more.append(mrkdwn("Earlier: {threads}", threads=join(", ", threads)))
    return blocks.context(words, *more)


def _words(said: Said) -> str:
    return said.content or ", ".join(file["name"] for file in said.files)


def duration(took: timedelta) -> str:
    """In the two largest units that count."""
    minutes = int(took.total_seconds()) // 60
    days, hours = minutes // 1_440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else "less than a minute"
