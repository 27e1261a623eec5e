"""The Admin part of the App Home: people, categories, audit, health."""

from collections.abc import Sequence
from typing import Final

from bot import blocks
from bot.admin import lists, rows, views
from bot.blocks import Block
from bot.help.views import RUN
from bot.home.views import FIND, NARROW, SECTION, TURN
from bot.mrkdwn import Mrkdwn, date, mrkdwn
from domain import audit
from domain.categories import Kind
from domain.health import Facts
from domain.homes import Part, Section, Shows
from domain.people import Page
from domain.policy import Actor

NAMES: Final = {
    Section.PEOPLE: "People",
    Section.CATEGORIES: "Categories",
    Section.AUDIT: "Audit",
    Section.HEALTH: "Health",
}
RULES: Final = {
    "open": "every full member gets an account",
    "domain": "full members with an address in certain domains get an account",
    "approve": "a superuser lets each new person in",
    "closed": "nobody new gets an account",
}
MOST_CATEGORIES: Final = 90


def people(page: Page, shows: Shows, reader: Actor) -> list[Block]:
    """A page of people, each with what can be done."""
    title = lists.found(shows.text, are_waiting=shows.is_waiting)
    ways = [("Previous", _turn(f"before:{page.previous}"))] if page.previous else []
    ways += [("Next", _turn(f"after:{page.next}"))] if page.next else []
    shown = [rows.person(person, reader, place) for place, person in enumerate(page.people)]
    head = blocks.section(title if shown else mrkdwn("{title}: nobody.", title=title))
    return [_sections(shows.section), _finding(shows), head, *shown, *rows.turns(ways, TURN)]


def categories(found: Sequence[Kind]) -> list[Block]:
    """All categories, those that were retired, too."""
    shown = [
        rows.category(each.name, is_retired=each.is_retired, is_default=place == 0)
        for place, each in enumerate(found[:MOST_CATEGORIES])
    ]
    add = blocks.actions(blocks.button("Add a category…", views.CATEGORY_ADD), block_id="add")
    return [_sections(Section.CATEGORIES), add, *shown]


def history(page: audit.Page, *, is_first: bool) -> list[Block]:
    """A page of deeds, newest first."""
    ways = [] if is_first else [("Newest", _turn(""))]
    ways += [("Earlier", _turn(f"before:{page.next}"))] if page.next else []
    shown = [blocks.section(rows.event(event)) for event in page.events]
    nothing = blocks.section(Mrkdwn("Nobody administered anything yet."))
    return [_sections(Section.AUDIT), *(shown or [nothing]), *rows.turns(ways, TURN)]


def health(facts: Facts) -> list[Block]:
    """What the database tells; the rest is examined on demand."""
    since = mrkdwn(", the oldest since {at}", at=date(facts.oldest)) if facts.oldest else Mrkdwn("")
    hint = " Make somebody else one, too, so that one can leave." if facts.superusers == 1 else ""
    lines = [
        mrkdwn("*To be sent*: {count}{since}", count=facts.waiting, since=since),
        mrkdwn("*Superusers*: {count}.{hint}", count=facts.superusers, hint=hint),
        mrkdwn("*New people*: {rule}.", rule=RULES.get(facts.sign_up, facts.sign_up)),
        mrkdwn("*Waiting for approval*: {count}", count=facts.applicants),
        mrkdwn("*Unresolved incidents without a card that can be seen*: {count}", count=facts.stranded),
    ]
    given_up = [
        mrkdwn("*Given up*: {count} {topic}, lastly {at}: {error}", count=each.count, topic=each.topic,
               at=date(each.last_at), error=each.error)
        for each in facts.given_up
    ]  # fmt: skip
    nothing = [Mrkdwn("*Given up*: nothing")]
    examine = blocks.button("Examine everything", f"{RUN}:doctor", value="admin doctor")
    shown = [blocks.section(line) for line in [*lines, *(given_up or nothing)]]
    return [_sections(Section.HEALTH), *shown, blocks.actions(examine, block_id="examine")]


def _sections(shown: Section) -> Block:
    buttons = [
        blocks.button(f"{name} (shown)" if section is shown else name, f"{SECTION}:{section}", value=section)
        for section, name in NAMES.items()
    ]
    return blocks.actions(*buttons, block_id="sections")


def _finding(shows: Shows) -> Block:
    """Searching, and those who wait; both can be taken back."""
    waiting = ("Everybody", "all") if shows.is_waiting else ("Only those who wait", "waiting")
    buttons = [
        blocks.button("Search…", f"{FIND}:form"),
        blocks.button(waiting[0], f"{NARROW}:waiting", value=waiting[1]),
        *([blocks.button("Clear search", f"{NARROW}:clear", value="clear")] if shows.text else []),
    ]
    return blocks.actions(*buttons, block_id="finding")


def _turn(place: str) -> str:
    return f"{Part.ADMIN}:{place}"
