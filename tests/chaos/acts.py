"""What people do with the bot."""

from datetime import UTC, datetime, timedelta

from tests.chaos.ledger import Outcome
from tests.chaos.people import NAMES, PRIORITIES, Doing, Person, judged
from tests.chaos.talking import (
    adds_a_message,
    changes_a_comment,
    deletes_a_reply,
    edits_a_reply,
    opens_from_a_message,
    removes_a_comment,
    replies,
    says_by_command,
    says_by_form,
)

BOT = "@Incident Tracker"


async def opens_quickly(person: Person) -> None:
    title = person.words()
    await person.asks(f'quick "{title}" {person.dice.choice(("p1", "p2", "p3"))}', "created", title)


async def opens_by_form(person: Person) -> None:
    title = person.words()
    await person.fills(f"new {title}", "incident.create", ("created", title), description=person.words())


async def takes_by_command(person: Person) -> None:
    if card := await person.card("open"):
        await person.asks(f"take {card.number}", "taken", card.number, person.full_name)


async def takes_by_button(person: Person) -> None:
    """The button says nothing when it worked; an answer that came meanwhile may be one of something else."""
    if card := await person.card("open"):
        before = await person.whispers()
        answer = await person.presses(card, "incident.take")
        was_told = await person.whispers() != before
        outcome = judged(answer) or (Outcome.UNKNOWN if was_told else Outcome.DONE)
        person.note(("taken", card.number, person.full_name), outcome, "")


async def resolves_by_command(person: Person) -> None:
    if card := await person.card("open", "in progress"):
        note = person.words()
        await person.asks(f"resolve {card.number} {note}", "resolved", note)


async def resolves_by_form(person: Person) -> None:
    if card := await person.card("open", "in progress"):
        await person.leaves()
        await person.presses(card, "incident.resolve_form")
        note = person.words()
        if (form := await person.form()) and form["callback_id"] == "incident.resolve":
            await person.submits(form, {"note": note}, ("resolved", note))


async def resolves_in_the_thread(person: Person) -> None:
    """The answer is the line in the thread, so that nobody knows at once."""
    if card := await person.card("open", "in progress"):
        note = person.words()
        person.note(("resolved", note), Outcome.UNKNOWN, "")
        await person.replies(card, f"{BOT} resolve {note}", is_line=True)


async def reopens(person: Person) -> None:
    if card := await person.card("resolved"):
        why = person.words()
        await person.asks(f"reopen {card.number} {why}", "reopened", why)


async def puts_back(person: Person) -> None:
    if card := await person.card("in progress"):
        await person.asks(f"revert {card.number}", "reverted", card.number, person.full_name, "open")


async def assigns(person: Person) -> None:
    other = person.dice.choice([name for name in NAMES if name != person.name])
    if card := await person.card("open", "in progress"):
        evidence = ("assigned", card.number, person.full_name, NAMES[other])
        await person.asks(f"assign {card.number} @{other}", *evidence)


async def ranks(person: Person) -> None:
    priority = person.dice.choice(PRIORITIES)
    if card := await person.card():
        await person.asks(f"p {card.number} {priority}", "prioritized", card.number, person.full_name, priority)


async def renames(person: Person) -> None:
    card, title = await person.card(), person.words()
    form = await person.opens(f"edit {card.number}") if card else None
    if form and any(block.get("block_id") == "title" for block in form["blocks"]):
        await person.submits(form, {"title": title}, ("renamed", title))


async def looks_at_home(person: Person) -> None:
    await person.eyes.does("home", {"user": person.name})


async def deletes_an_incident(person: Person) -> None:
    """Owners and superusers may."""
    if card := await person.card():
        evidence = ("deleted", card.number, person.full_name, "")
        await person.fills(f"delete {card.number}", "incident.delete", evidence)


async def restores_an_incident(person: Person) -> None:
    """For superusers."""
    if numbers := await person.deleted():
        number = person.dice.choice(numbers)
        await person.asks(f"restore {number}", "restored", number, person.full_name, "")


async def takes_back(person: Person) -> None:
    """What they changed last, whatever that was."""
    await person.asks("undo", "undone", person.full_name)


async def deletes_a_card(person: Person) -> None:
    """In Slack, as its administrators can; the incident stays, and its card comes again."""
    if card := await person.card():
        await person.eyes.does("delete", {"user": person.name, "channel": card.channel, "ts": card.ts})


async def sets_a_digest(person: Person) -> None:
    """Due at the next minute, for superusers."""
    at = datetime.now(UTC) + timedelta(minutes=1)
    body = {"user": person.name, "channel": "#incidents", "command": "/incident"}
    await person.eyes.does("command", {**body, "text": f"admin digest add {person.channel()} {at:%H:%M} UTC daily"})


async def asks_for_a_digest(person: Person) -> None:
    """At once, beside the times that are set."""
    channel = person.channel()
    for line in (f"admin digest add {channel} 09:00 UTC daily", f"admin digest now {channel}"):
        body = {"user": person.name, "channel": "#incidents", "command": "/incident", "text": line}
        await person.eyes.does("command", body)


# In an order in which one person can do them one after the other.
ACTS: tuple[tuple[Doing, int], ...] = (
    (opens_quickly, 3),
    (opens_by_form, 3),
    (takes_by_command, 2),
    (takes_by_button, 3),
    (resolves_by_command, 2),
    (resolves_by_form, 2),
    (resolves_in_the_thread, 1),
    (reopens, 2),
    (puts_back, 1),
    (assigns, 2),
    (ranks, 2),
    (renames, 2),
    (takes_back, 2),
    (says_by_command, 2),
    (says_by_form, 2),
    (changes_a_comment, 3),
    (removes_a_comment, 1),
    (replies, 8),
    (edits_a_reply, 3),
    (deletes_a_reply, 2),
    (adds_a_message, 2),
    (opens_from_a_message, 1),
    (looks_at_home, 2),
    (deletes_an_incident, 1),
)
SUPERUSERS_ACTS: tuple[tuple[Doing, int], ...] = (
    *ACTS,
    (restores_an_incident, 2),
    (sets_a_digest, 3),
    (asks_for_a_digest, 1),
    (deletes_a_card, 2),
)
LEFT: tuple[Doing, ...] = (
    opens_quickly,
    replies,
    says_by_command,
    changes_a_comment,
    adds_a_message,
    assigns,
    looks_at_home,
)
"""What is left of it is looked at when everything else was done once."""
