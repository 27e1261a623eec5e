"""The lists of administration, as answers to a line."""

from collections.abc import Sequence

from bot import blocks
from bot.admin import rows, views
from bot.blocks import Message
from bot.help.views import RUN
from bot.mrkdwn import Mrkdwn, escape, join, mrkdwn
from domain import audit
from domain.categories import Kind
from domain.people import Page
from domain.policy import Actor


def people(page: Page, text: str, reader: Actor, *, are_waiting: bool) -> Message:
    """Up to ten people, each with what can be done."""
    title = found(text, are_waiting=are_waiting)
    base = " ".join(["admin users", *(["waiting"] if are_waiting else []), *([escape(text)] if text else [])])
    ways = [("Previous", f"{base} before:{page.previous}")] if page.previous else []
    ways += [("Next", f"{base} after:{page.next}")] if page.next else []
    told = join("; ", [escape(person.name) for person in page.people]) or Mrkdwn("nobody")
    shown = [rows.person(person, reader, place) for place, person in enumerate(page.people)]
    head = blocks.section(title if shown else mrkdwn("{title}: nobody.", title=title))
    return blocks.message(mrkdwn("{title}: {told}", title=title, told=told), [head, *shown, *rows.turns(ways, RUN)])


def found(text: str, *, are_waiting: bool) -> Mrkdwn:
    """What a list of people is about."""
    parts = [Mrkdwn("*People who wait for approval*" if are_waiting else "*People*")]
    return join(" · ", [*parts, *([mrkdwn("“{text}”", text=text)] if text else [])])


def history(page: audit.Page, base: str, *, is_first: bool) -> Message:
    """Up to ten deeds, newest first.

    Args:
        base: the line that shows its first page.
    """
    ways = [] if is_first else [("Newest", base)]
    ways += [("Earlier", f"{base} before:{page.next}")] if page.next else []
    shown = [rows.event(event) for event in page.events] or [Mrkdwn("Nothing.")]
    title = Mrkdwn("*Who administered what*")
    text = join("\n", [title, *shown])
    return blocks.message(text, [blocks.section(title), *map(blocks.section, shown), *rows.turns(ways, RUN)])


def categories(found: Sequence[Kind]) -> Message:
    """All categories, those that were retired, too."""
    title = Mrkdwn("*Categories*")
    names = join(", ", [escape(each.name) for each in found])
    shown = [
        rows.category(each.name, is_retired=each.is_retired, is_default=place == 0)
        for place, each in enumerate(found[: blocks.BLOCKS_IN_MESSAGE - 2])
    ]
    add = blocks.actions(blocks.button("Add a category…", views.CATEGORY_ADD))
    return blocks.message(mrkdwn("{title}: {names}", title=title, names=names), [blocks.section(title), *shown, add])
