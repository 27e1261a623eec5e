"""One person, one category, one deed: a line of a list, each with what can be done."""

from collections.abc import Sequence
from typing import Final

from bot import blocks
from bot.admin import views
from bot.admin.steps import Step, fitting
from bot.blocks import Block
from bot.incidents.views import spoken
from bot.mrkdwn import Mrkdwn, channel, date, join, mrkdwn, user
from domain.audit import Event
from domain.persons import Person
from domain.policy import Actor, Admission, Standing

NAMES: Final = {
    Step.APPROVE: "Approve",
    Step.REFUSE: "Refuse",
    Step.ENABLE: "Activate",
    Step.DISABLE: "Deactivate…",
    Step.MAKE: "Make superuser…",
    Step.UNMAKE: "Unmake superuser…",
    Step.UNLINK: "Unlink…",
    Step.DELETE: "Delete…",
}
STANDINGS: Final = {
    Standing.MEMBER: "member",
    Standing.GUEST: "guest",
    Standing.EXTERNAL: "from another organisation",
    Standing.BOT: "app",
}


def person(each: Person, reader: Actor, place: int) -> Block:
    """Who it is, how they stand, and the menu of what can be done."""
    options = [blocks.option(NAMES[step], f"{views.PERSON}:{step}:{each.id}") for step in fitting(each, reader)]
    menu = blocks.overflow(f"{views.MENU}:{place}", options) if options else None
    return blocks.section(described(each), accessory=menu)


def described(each: Person) -> Mrkdwn:
    """Name, address, standing, state and rights, in two lines."""
    facts = [Mrkdwn(STANDINGS[each.standing]), Mrkdwn(state(each))]
    if each.is_superuser:
        facts.append(Mrkdwn("*superuser*"))
    if each.is_nominated:
        facts.append(Mrkdwn("named as superuser, address not proved yet"))
    return mrkdwn(
        "*{name}* {who}\n{address} · {facts}",
        name=each.name,
        who=user(each.slack_user_id) if each.slack_user_id else Mrkdwn("(no Slack user)"),
        address=each.email or "no address",
        facts=join(" · ", facts),
    )


def state(each: Person) -> str:
    """Whether they can use the bot, in words."""
    if each.is_closed:
        return "closed their account"
    if not each.is_active:
        return "deactivated"
    if each.is_deactivated:
        return "deactivated in Slack"
    if each.standing is Standing.MEMBER and each.admission is not Admission.ADMITTED:
        return "waits for approval" if each.admission is Admission.WAITING else "not let in"
    return "active"


def category(name: str, *, is_retired: bool, is_default: bool) -> Block:
    """A category and what can be done with it."""
    choices = [("Bring back", "add")] if is_retired else [("Rename…", "rename"), ("Retire…", "retire")]
    options = [blocks.option(text, f"{views.CATEGORY}:{what}:{name}") for text, what in choices]
    note = " (retired)" if is_retired else " (the default)" if is_default else ""
    text = mrkdwn("{name}{note}", name=spoken(name), note=note)
    return blocks.section(text, accessory=blocks.overflow(f"{views.MENU}:{name}"[:255], options))


def event(each: Event) -> Mrkdwn:
    """Who did what to whom, when, and from where."""
    where = mrkdwn(" in {channel}", channel=channel(each.channel_id)) if each.channel_id else ""
    return mrkdwn(
        "{at} *{who}* {deed}\nfrom: {surface}{where}",
        at=date(each.at),
        who=views.doer(each),
        deed=views.deed(each),
        surface=each.surface.value,
        where=where,
    )


def turns(ways: Sequence[tuple[str, str]], action_id: str) -> list[Block]:
    """Buttons to other pages, by their name and value."""
    buttons = [blocks.button(name, f"{action_id}:{name.lower()}", value=value) for name, value in ways]
    return [blocks.actions(*buttons, block_id="turns")] if buttons else []
