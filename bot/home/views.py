"""What a person's App Home looks like, and what was chosen in it."""

from collections.abc import Mapping, Sequence
from typing import Final

from bot import blocks
from bot.accounts.views import keeping, rights
from bot.blocks import Block
from bot.finding.views import row
from bot.help.views import RUN
from bot.house import House, Payload
from bot.incidents.views import PICTURES, TAKE, spoken
from bot.mrkdwn import Mrkdwn, escape, join, mrkdwn, user
from domain import homes
from domain.homes import Part, Section, Shows, Whose
from domain.incidents import Incident, Priority, Status
from domain.listing import Counts, Page
from domain.policy import Action, Actor, Standing, allows
from domain.users import Profile

PART = "home.part"
FILTER = "home.filter"
CLEAR = "home.clear"
TURN = "home.turn"
MESSAGES = "home.messages"
SECTION = "home.section"
FIND = "home.find"
NARROW = "home.narrow"

NAMES: Final = {Part.MINE: "Mine", Part.OPEN: "All open", Part.ME: "Me", Part.ADMIN: "Admin"}
"""The parts, in the order of their buttons."""
ANY: Final = "any"
NARROWED: Final[Mapping[str, Mapping[str, str | None]]] = {
    "waiting": {"waiting": "yes"},
    "all": {"waiting": None},
    "clear": {"text": None},
}
NOTHING_CHOSEN: Final = {"priority": None, "category": None, "assignee": None}
WANTED: Final = {"yes": True, "no": False}
_STANDINGS: Final = {
    Standing.MEMBER: "full member",
    Standing.GUEST: "guest",
    Standing.EXTERNAL: "from another organisation",
    Standing.BOT: "app",
}


def mine(counts: Counts, page: Page, reader: Actor, house: House) -> Block:
    """What the reader works on, and their own that nobody works on."""
    rows = [blocks.section(row(incident, house)) for incident in page.incidents]
    return _home(Part.MINE, reader, [_headline(counts), *(rows or [_nothing_mine(reader)]), *_turns(Part.MINE, page)])


def unresolved(
    counts: Counts, page: Page, shows: Shows, categories: Sequence[str], reader: Actor, house: House
) -> Block:
    """Every unresolved incident that the reader can see, narrowed by what they chose."""
    rows = [blocks.section(row(each, house), accessory=_take(each, reader)) for each in page.incidents]
    parts = [_headline(counts), _filters(shows, categories), *(rows or [_nothing_open(shows, reader)])]
    return _home(Part.OPEN, reader, [*parts, *_turns(Part.OPEN, page)])


def me(profile: Profile, admins: Sequence[str], reader: Actor) -> Block:
    """Who the reader is here, what they may do, and how they are told."""
    facts = blocks.fields(
        ("Name", mrkdwn("{name} ({who})", name=reader.name, who=user(reader.slack_user_id))),
        ("Standing", escape(_STANDINGS[reader.standing])),
        ("E-mail", escape(profile.email or "not known here")),
        ("Time zone", escape(reader.time_zone)),
        ("Role", Mrkdwn("superuser" if reader.is_superuser else "no special role")),
    )
    return _home(
        Part.ME,
        reader,
        [
            facts,
            blocks.section(mrkdwn("*You can* {rights}", rights=rights(reader))),
            _messages(reader),
            *keeping(reader),
            *_help(admins),
        ],
    )


def administration(parts: Sequence[Block], reader: Actor) -> Block:
    """What superusers manage."""
    return _home(Part.ADMIN, reader, parts)


def read_part(action: Payload) -> Mapping[str, str | None]:
    """The part that was chosen, from its first page on."""
    return {"part": _value(action), "turn": None}


def read_filter(action: Payload) -> Mapping[str, str | None]:
    """What narrows the list now, by the name of the menu."""
    name = str(action.get("action_id", "")).partition(":")[2]
    if name not in NOTHING_CHOSEN:
        return {}
    chosen = str((action.get("selected_option") or {}).get("value", ANY))
    return {"part": Part.OPEN, name: None if chosen == ANY else chosen, "turn": None}


def read_turn(action: Payload) -> Mapping[str, str | None]:
    """The page that was asked for, of the part where its button stood."""
    part, _, turn = _value(action).partition(":")
    return {"part": part, "turn": turn}


def read_section(action: Payload) -> Mapping[str, str | None]:
    """The section of the administration that was chosen, from its first page on."""
    return {"part": Part.ADMIN, "section": _value(action), "turn": None}


def read_narrowed(action: Payload) -> Mapping[str, str | None]:
    """Which people are shown now."""
    return {"part": Part.ADMIN, "section": Section.PEOPLE, "turn": None, **NARROWED.get(_value(action), {})}


def found(text: str) -> Mapping[str, str | None]:
    """The people that are searched for."""
    return {"part": Part.ADMIN, "section": Section.PEOPLE, "turn": None, "text": text or None}


def read_messages(action: Payload) -> bool | None:
    """Whether direct messages are wanted; None where the button says neither."""
    return WANTED.get(_value(action))


def _home(part: Part, reader: Actor, parts: Sequence[Block]) -> Block:
    return {"type": "home", "blocks": [_top(part, reader), *parts][: blocks.BLOCKS_IN_VIEW]}


def _top(shown: Part, reader: Actor) -> Block:
    """What can be opened, and the parts; the one that is shown says so in words."""
    new = [blocks.button("New incident", f"{RUN}:new", value="new", style="primary")]
    parts = [
        blocks.button(f"{name} (shown)" if part is shown else name, f"{PART}:{part}", value=part)
        for part, name in NAMES.items()
        if part is not Part.ADMIN or allows(reader, Action.ADMINISTER)
    ]
    return blocks.actions(*(new if allows(reader, Action.CREATE) else []), *parts, block_id="parts")


def _headline(counts: Counts) -> Block:
    if not counts.unresolved:
        return blocks.section(Mrkdwn("*Nothing is open* of what you can see."))
    text = mrkdwn(
        "*{unresolved} open, {critical} critical, {unassigned} nobody's* · {mine} yours",
        unresolved=counts.unresolved,
        critical=counts.critical,
        unassigned=counts.unassigned,
        mine=counts.mine,
    )
    return blocks.section(text)


def _filters(shows: Shows, categories: Sequence[str]) -> Block:
    """The menus; their block's name follows what is chosen, so that Slack forgets a choice that was cleared."""
    priorities = [(f"{PICTURES[priority]} {priority}", priority.value) for priority in Priority]
    kinds = [(spoken(name), name) for name in categories[: blocks.OPTIONS_LIMIT - 1]]
    people = [("nobody", Whose.NOBODY.value), ("needs a person", Whose.NEEDS.value), ("me", Whose.ME.value)]
    menus = [
        _menu("priority", "Any priority", priorities, shows.priority),
        _menu("category", "Any category", kinds, shows.category),
        _menu("assignee", "Any assignee", people, shows.assignee),
    ]
    clear = [blocks.button("Clear filters", CLEAR)] if shows.is_filtered else []
    chosen = ":".join(str(each or ANY) for each in (shows.priority, shows.category, shows.assignee))
    return blocks.actions(*menus, *clear, block_id=f"filters:{chosen}"[:255])


def _menu(name: str, anything: str, choices: Sequence[tuple[str, str]], chosen: str | None) -> Block:
    options = [blocks.option(anything, ANY), *(blocks.option(text, value) for text, value in choices)]
    return blocks.static_select(f"{FILTER}:{name}", options, initial=chosen or ANY, placeholder=name.capitalize())


def _take(incident: Incident, reader: Actor) -> Block | None:
    is_free = incident.status is Status.OPEN and incident.assignee_id is None
    if not is_free or not allows(reader, Action.TAKE):
        return None
    label = f"Take {incident.ref} {incident.title}"
    return blocks.button("Take it", TAKE, value=f"{incident.id}:{incident.version}", accessibility_label=label)


def _turns(part: Part, page: Page) -> list[Block]:
    ways = (("Previous", "before", page.previous), ("Next", "after", page.next))
    buttons = [
        blocks.button(name, f"{TURN}:{name.lower()}", value=f"{part}:{homes.turned(direction, place)}")
        for name, direction, place in ways
        if place
    ]
    return [blocks.actions(*buttons, block_id="turns")] if buttons else []


def _nothing_mine(reader: Actor) -> Block:
    if allows(reader, Action.TAKE):
        return blocks.section(
            Mrkdwn("Nothing is yours now. Take an incident from *All open*, or open one with *New incident*.")
        )
    return blocks.section(
        Mrkdwn("Nothing is yours now. Look at *All open* for incidents in your channels, and reply in their threads.")
    )


def _nothing_open(shows: Shows, reader: Actor) -> Block:
    if shows.is_filtered:
        text = Mrkdwn("No open incident has all of this. Choose something else above, or press *Clear filters*.")
    elif allows(reader, Action.CREATE):
        text = Mrkdwn("There is nothing to do. When something breaks, press *New incident* or type `/incident new`.")
    else:
        text = Mrkdwn("There is nothing to see. Incidents of the channels that you are in appear here.")
    return blocks.section(text)


def _messages(reader: Actor) -> Block:
    """The setting says what is so, its button what it would make so."""
    asked = "Tell me by direct message when an incident is assigned to me"
    now, name, value = ("yes", "Do not tell me", "no") if reader.wants_messages else ("no", "Tell me", "yes")
    text = mrkdwn("*{asked}*: {now}", asked=asked, now=now)
    label = f"{name} by direct message when an incident is assigned to me"
    return blocks.section(text, accessory=blocks.button(name, MESSAGES, value=value, accessibility_label=label))


def _help(admins: Sequence[str]) -> list[Block]:
    whom = mrkdwn(" Superusers can help: {who}.", who=join(", ", map(user, admins))) if admins else Mrkdwn("")
    text = mrkdwn("`/incident help` lists what you can do, `/incident why` says why you may not.{whom}", whom=whom)
    return [blocks.section(text, accessory=blocks.button("Help", f"{RUN}:help", value="help"))]


def _value(action: Payload) -> str:
    return str(action.get("value") or "")
