"""What a reminder of an incident looks like, before and after it was answered."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from bot import blocks
from bot.blocks import Block, Message
from bot.house import House
from bot.incidents.views import PICTURES, TAKE, duration, linked
from bot.mrkdwn import Mrkdwn, date, join, mrkdwn
from domain.incidents import Incident
from domain.nudge_rules import Rule
from domain.nudges import Due, Told

CONFIRM = "nudge.confirm"
SNOOZE = "nudge.snooze"
GIVE_BACK = "nudge.give_back"

SPANS: Final = {"1h": "for 1 hour", "4h": "for 4 hours", "1d": "for a day"}
CONFIRMED, SNOOZED, GIVEN_BACK = "confirmed", "snoozed", "given back"


def nudge(due: Due, told: Told, now: datetime, house: House) -> Message:
    """Why somebody is reminded, and what they can do about it."""
    incident = due.incident
    text = mrkdwn("{what} {why}{hint}", what=_what(incident, house), why=_why(due, told, now), hint=_hint(told))
    return blocks.message(text, [blocks.section(text), blocks.actions(*_buttons(due, told))])


def answered(incident: Incident, how: str, name: str, until: datetime | None, house: House) -> Message:
    """What stands in place of the buttons."""
    words = {
        CONFIRMED: mrkdwn("{name} is still on it.", name=name),
        GIVEN_BACK: mrkdwn("{name} gave it back: it is assigned to nobody.", name=name),
    }
    snoozed = mrkdwn("{name} snoozed it until {until}.", name=name, until=date(until)) if until else Mrkdwn("")
    text = mrkdwn("{what} {words}", what=_what(incident, house), words=words.get(how, snoozed))
    return blocks.words(text)


def listed(rules: Sequence[Rule]) -> Message:
    """What is set, for superusers."""
    if not rules:
        return _said(
            Mrkdwn(
                "Nobody is nudged. `/incident admin nudge critical unassigned 15m silent 1h` sets it for a priority."
            )
        )
    lines = [mrkdwn("{picture} {rule}", picture=PICTURES[rule.priority], rule=_rule(rule)) for rule in rules]
    end = Mrkdwn("`/incident admin nudge high off` stops it for a priority, `admin nudge off` for all.")
    head = Mrkdwn("*Nudges*: whoever holds the incident first, then its thread, then the superusers.")
    text = join("; ", [_rule(rule) for rule in rules])
    return blocks.message(text, [blocks.section(join("\n", [head, *lines])), blocks.context(end)])


def _rule(rule: Rule) -> Mrkdwn:
    parts = [
        mrkdwn("{name} for {time}", name=name, time=spoken(after))
        for name, after in (("nobody's", rule.unassigned_after), ("without a word", rule.silent_after))
        if after is not None
    ]
    return mrkdwn("{priority}: {parts}", priority=rule.priority, parts=join(", or ", parts))


def spoken(after: timedelta) -> str:
    """A span that somebody set, in the largest units."""
    return duration(after).replace(" 0 min", "").replace(" 0 h", "")


def _what(incident: Incident, house: House) -> Mrkdwn:
    return mrkdwn(
        "{picture} {ref} {title} ({priority}, {status}):",
        picture=PICTURES[incident.priority],
        ref=linked(incident, house),
        title=incident.title,
        priority=incident.priority,
        status=incident.status.label,
    )


def _why(due: Due, told: Told, now: datetime) -> Mrkdwn:
    long = duration(now - due.since)
    if not due.is_held:
        return mrkdwn("nobody works on it, since {long}.", long=long)
    if told is Told.ASSIGNEE:
        return mrkdwn("you hold it, and nobody said a word for {long}.", long=long)
    holder = due.incident.assignee.full_name if due.incident.assignee else "somebody"
    return mrkdwn("{holder} holds it, and nobody said a word for {long}.", holder=holder, long=long)


def _hint(told: Told) -> Mrkdwn:
    if told is Told.SUPERUSERS:
        return Mrkdwn(" Nobody answered earlier reminders. There are no more until somebody says a word.")
    return Mrkdwn("")


def _buttons(due: Due, told: Told) -> list[Block]:
    value = f"{due.incident.id}:{due.incident.version}"
    menu = blocks.static_select(
        SNOOZE,
        [blocks.option(words, f"{due.incident.id}:{span}") for span, words in SPANS.items()],
        placeholder="Snooze",
    )
    if told is Told.ASSIGNEE and due.is_held:
        confirm = blocks.button("Still on it", CONFIRM, value=value, style="primary")
        return [confirm, menu, blocks.button("Give it back", GIVE_BACK, value=value)]
    return [blocks.button("Take it", TAKE, value=value, style="primary"), menu]


def _said(text: Mrkdwn) -> Message:
    return blocks.words(text)
