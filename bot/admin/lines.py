"""What each line after ``admin`` does. Whether the person may was asked before any of this."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot import asking
from bot.admin import answers, forms, lists, steps, views
from bot.admin.rows import NAMES
from bot.admin.steps import AT_ONCE, LINES, Step
from bot.commands import HIDDEN, Request
from bot.digest import lines as digest_lines
from bot.exporting import lines as export_lines
from bot.help.views import wrong_id
from bot.house import Answer, Form, House
from bot.mrkdwn import escape
from bot.nudges import lines as nudge_lines
from bot.targets import target_of
from bot.webhooks import lines as webhook_lines
from domain import audit, categories, deletion, outbox, people, users
from domain.errors import InvalidInput
from domain.outbox import Topic
from domain.persons import Person
from domain.policy import Actor, Surface
from domain.text import bare

LONGEST_TEXT: Final = 200
MOST_IN_LINE: Final = 390
"""Characters, which escaping may make five of; a button holds 2,000."""
_PERSON_TURN: Final = re.compile(r"(after|before):([0-9a-f-]{36})")
_EVENT_TURN: Final = re.compile(r"before:([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Asked:
    """A line of a superuser, and what it takes to serve it."""

    session: AsyncSession
    request: Request
    by: Actor
    house: House


Line: TypeAlias = Callable[[Asked], Awaitable[Answer]]


async def users_asked(asked: Asked) -> Answer:
    """``admin users``, perhaps with words or ``waiting``, perhaps a later page."""
    if asked.request.people:
        found = people.Page([await people.of_slack(asked.session, asked.request.people[0], by=asked.by)])
        return lists.people(found, "", asked.by, are_waiting=False)
    words, turn = _paged(asked.request.words, _PERSON_TURN)
    are_waiting = words[:1] == ("waiting",)
    text = " ".join(words[1:] if are_waiting else words)
    if HIDDEN in text:
        raise InvalidInput(
            "Nothing was searched for: an address that others can read is not kept. Type /incident admin users and it.",
            field="text",
        )
    page = await people.search(
        asked.session, checked(text), by=asked.by, are_waiting=are_waiting, **place({turn[1]: turn[2]} if turn else {})
    )
    return lists.people(page, text, asked.by, are_waiting=are_waiting)


async def step_asked(asked: Asked, *, step: Step) -> Answer:
    """``admin approve @u`` and its like: at once, or after a question; without a person it asks for one."""
    person = await _person(asked, LINES[step])
    if person is None:
        return Form(forms.pick_form(step), LINES[step])
    line = f"{LINES[step]} <@{person.slack_user_id}>"
    if step not in AT_ONCE:
        return Form(forms.confirm_form(step, person), line)
    if asked.by.surface is Surface.MENTION:
        return answers.to_press(f"{NAMES[step]} {person.name}", line)
    return views.said(answers.done(step, await steps.take(asked.session, step, person.id, by=asked.by)))


async def super_asked(asked: Asked) -> Answer:
    """``admin super add @u`` and ``admin super remove @u``."""
    return await _within("super", SUPER, asked)


async def link_asked(asked: Asked) -> Answer:
    """``admin link @u mail``: who and which address are shown once more before it is done."""
    await _known(asked, "admin link")
    address = next((word for word in asked.request.words if "@" in word.strip("@")), "")
    person = asked.request.people[0] if asked.request.people else None
    line = f"admin link <@{person}>" if person else "admin link"
    return Form(forms.link_form(person, address), line)


async def category_asked(asked: Asked) -> Answer:
    """``admin category``: the list, or what is done with one."""
    if not asked.request.words:
        return lists.categories(await categories.listed(asked.session, asked.by.workspace_id))
    return await _within("category", CATEGORY, asked)


async def category_added(asked: Asked) -> Answer:
    """``admin category add name``: a new one, or one that was retired."""
    if not asked.request.words:
        return Form(forms.add_form(), "admin category add")
    name = " ".join(asked.request.words)
    if asked.by.surface is Surface.MENTION:
        return answers.to_press(f"Add {name}", _bounded(f"admin category add {name}"))
    return views.said(answers.added(await categories.add(asked.session, name, by=asked.by)))


async def category_renamed(asked: Asked) -> Answer:
    """``admin category rename old new``."""
    if not asked.request.words:
        raise _which("rename hardware machines")
    old, new = bare(asked.request.words[0]), " ".join(asked.request.words[1:])
    return Form(forms.rename_form(old, new), _bounded(f"admin category rename {old} {new}"))


async def category_retired(asked: Asked) -> Answer:
    """``admin category retire name``."""
    if not asked.request.words:
        raise _which("retire hardware")
    name = bare(" ".join(asked.request.words))
    return Form(forms.retire_form(name), _bounded(f"admin category retire {name}"))


async def restore_asked(asked: Asked) -> Answer:
    """``admin restore 42``: as ``restore 42``."""
    if asked.request.bad_id is not None:
        return wrong_id(asked.request.bad_id)
    if asked.request.number is None and asked.request.card is None:
        raise InvalidInput("Nothing was changed: say which, as in /incident admin restore 42.", field="id")
    if asked.by.surface is Surface.MENTION and asked.request.number is not None:
        return answers.to_press(f"Restore INC-{asked.request.number}", f"restore {asked.request.number}")
    restored = await deletion.restore(asked.session, target_of(asked.request), by=asked.by)
    return asking.outcome(restored, asked.session, asked.by, asked.house)


async def audit_asked(asked: Asked) -> Answer:
    """``admin audit``, perhaps of one person or one incident, perhaps a later page."""
    await _known(asked, "admin audit")
    words, turn = _paged(asked.request.words, _EVENT_TURN)
    if words and not asked.request.people and asked.request.number is None:
        raise InvalidInput(
            "Nothing was listed: say a person or an incident, as in /incident admin audit @nora or admin audit 42.",
            field="id",
        )
    person = asked.request.people[0] if asked.request.people else None
    before = int(turn[1]) if turn else None
    page = await audit.page(asked.session, by=asked.by, person=person, number=asked.request.number, before=before)
    about = f" <@{person}>" if person else f" {asked.request.number}" if asked.request.number else ""
    return lists.history(page, f"admin audit{about}", is_first=before is None)


async def export_asked(asked: Asked) -> Answer:
    """``admin export``: everything as a file."""
    return await export_lines.answer(asked.session, asked.request, asked.by)


async def digest_asked(asked: Asked) -> Answer:
    """``admin digest``: when channels get theirs."""
    return await digest_lines.answer(asked.session, asked.request, asked.by, asked.house)


async def nudge_asked(asked: Asked) -> Answer:
    """``admin nudge``: from when on people are reminded."""
    return await nudge_lines.answer(asked.session, asked.request, asked.by)


async def webhook_asked(asked: Asked) -> Answer:
    """``admin webhook``: other programs that are told what happens."""
    return await webhook_lines.answer(asked.session, asked.request, asked.by, asked.house)


async def doctor_asked(asked: Asked) -> Answer:
    """``admin doctor``: what is found follows by direct message."""
    lane = f"person:{asked.by.slack_user_id}"
    row = outbox.row(Topic.HEALTH_ASKED, workspace_id=asked.by.workspace_id, lane=lane, user=asked.by.slack_user_id)
    await outbox.add(asked.session, row)
    return answers.examining()


async def answer(asked: Asked) -> Answer:
    """Find the line's own function; ``admin`` alone says what there is."""
    first = asked.request.words[0].lower() if asked.request.words else ""
    return await _within("", LINE, asked) if first else answers.overview()


def checked(text: str) -> str:
    """What people are searched for; raises InvalidInput on ``text``."""
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(f"Search for a part of a name or address: {LONGEST_TEXT} characters at most.", field="text")
    return text


def place(page: Mapping[str, str]) -> dict[str, UUID]:
    """Where a page of people begins or ends."""
    try:
        return {direction: UUID(account) for direction, account in page.items()}
    except ValueError:
        return {}


async def _within(group: str, table: Mapping[str, Line], asked: Asked) -> Answer:
    """The function that the first word names, with the words after it."""
    typed = asked.request.words[0] if asked.request.words else ""
    if typed.lower() in table:
        return await table[typed.lower()](replace(asked, request=replace(asked.request, words=asked.request.words[1:])))
    return answers.no_such(group, typed, tuple(table), asked.request.line)


async def _person(asked: Asked, line: str) -> Person | None:
    """Whom a line is about; None where it names nobody."""
    if len(asked.request.people) > 1:
        raise InvalidInput(f"Nothing was changed: name one person at a time, as in /incident {line} @nora.", field="id")
    if asked.request.people:
        return await people.of_slack(asked.session, asked.request.people[0], by=asked.by)
    await _known(asked, line)
    if asked.request.words:
        raise InvalidInput(
            f"Nothing was changed: “{asked.request.words[0][:100]}” is nobody. Type @ and choose from Slack's list, "
            f"as in /incident {line} @nora.",
            field="person",
        )
    return None


async def _known(asked: Asked, line: str) -> None:
    """Slack turns a name that was chosen from its list into an id; one that was only typed means nobody."""
    if asked.request.names and not asked.request.people:
        near = await users.nearest(asked.session, asked.by.workspace_id, asked.request.names[0])
        guess = f" Did you mean {near}?" if near else ""
        raise InvalidInput(
            f"Nothing was changed: nobody here is known as “{asked.request.names[0]}”.{guess} "
            f"Type @ and choose from Slack's list, as in /incident {line} @nora.",
            field="person",
        )


def _which(example: str) -> InvalidInput:
    return InvalidInput(f"Nothing was changed: say which, as in /incident admin category {example}.", field="name")


def _bounded(line: str) -> str:
    """A line that a button can hold; a name that is cut here is refused anyway."""
    return escape(line[:MOST_IN_LINE])


def _paged(words: tuple[str, ...], turn: "re.Pattern[str]") -> tuple[tuple[str, ...], Any]:
    """The words without the page that a button added, and the page."""
    found = turn.fullmatch(words[-1]) if words else None
    return (words[:-1], found) if found else (words, None)


_MADE, _UNMADE = partial(step_asked, step=Step.MAKE), partial(step_asked, step=Step.UNMAKE)
SUPER: Final[Mapping[str, Line]] = {"add": _MADE, "remove": _UNMADE}
CATEGORY: Final[Mapping[str, Line]] = {"add": category_added, "rename": category_renamed, "retire": category_retired}
LINE: Final[Mapping[str, Line]] = {
    "users": users_asked,
    "approve": partial(step_asked, step=Step.APPROVE),
    "enable": partial(step_asked, step=Step.ENABLE),
    "disable": partial(step_asked, step=Step.DISABLE),
    "delete": partial(step_asked, step=Step.DELETE),
    "super": super_asked,
    "link": link_asked,
    "unlink": partial(step_asked, step=Step.UNLINK),
    "category": category_asked,
    "restore": restore_asked,
    "audit": audit_asked,
    "export": export_asked,
    "digest": digest_asked,
    "nudge": nudge_asked,
    "webhook": webhook_asked,
    "doctor": doctor_asked,
}
"""What follows ``admin``."""
