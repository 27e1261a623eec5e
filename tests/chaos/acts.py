"""What people do with the bot."""

from datetime import UTC, datetime, timedelta

from tests.chaos.ledger import Evidence, Outcome
from tests.chaos.people import NAMES, PRIORITIES, Doing, Person, judged

BOT = "@Incident Tracker"


async def opens_quickly(person: Person) -> None:
    title = person.words()
    await person.asks(f'quick "{title}" {person.dice.choice(("p1", "p2", "p3"))}', "created", title)


async def opens_by_form(person: Person) -> None:
    title = person.words()
    await _fills(person, f"new {title}", "incident.create", ("created", title), description=person.words())


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


async def says_by_command(person: Person) -> None:
    said = person.words()
    if card := await person.card():
        await person.asks(f"comment {card.number} {said}", "said", said)


async def says_by_form(person: Person) -> None:
    said = person.words()
    if card := await person.card():
        await _fills(person, f"comment {card.number}", "comment.new", ("said", said), comment=said)


async def replies(person: Person) -> None:
    if card := await person.card():
        await person.replies(card, person.words())


async def edits_a_reply(person: Person) -> None:
    if person.replied:
        channel, ts = person.dice.choice(person.replied)
        text = person.words()
        body = {"user": person.name, "channel": channel, "ts": ts, "text": text}
        if (await person.eyes.does("edit", body))[0] == 200:
            person.ledger.replies[channel, ts].text = text


async def deletes_a_reply(person: Person) -> None:
    if person.replied:
        channel, ts = place = person.dice.choice(person.replied)
        if (await person.eyes.does("delete", {"user": person.name, "channel": channel, "ts": ts}))[0] == 200:
            person.ledger.replies[place].is_deleted = True
            person.replied.remove(place)


async def looks_at_home(person: Person) -> None:
    await person.eyes.does("home", {"user": person.name})


async def deletes_an_incident(person: Person) -> None:
    """Owners and superusers may."""
    if card := await person.card():
        evidence = ("deleted", card.number, person.full_name, "")
        await _fills(person, f"delete {card.number}", "incident.delete", evidence)


async def deletes_a_card(person: Person) -> None:
    """In Slack, as its administrators can; the incident stays, and its card comes again."""
    if card := await person.card():
        await person.eyes.does("delete", {"user": person.name, "channel": card.channel, "ts": card.ts})


async def sets_a_digest(person: Person) -> None:
    """Due at the next minute, for superusers."""
    at = datetime.now(UTC) + timedelta(minutes=1)
    body = {"user": person.name, "channel": "#incidents", "command": "/incident"}
    await person.eyes.does("command", {**body, "text": f"admin digest add {person.channel()} {at:%H:%M} UTC daily"})


async def _fills(person: Person, line: str, callback_id: str, evidence: Evidence, **values: str) -> None:
    if (form := await person.opens(line)) and form["callback_id"] == callback_id:
        await person.submits(form, values, evidence)


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
    (says_by_command, 2),
    (says_by_form, 2),
    (replies, 8),
    (edits_a_reply, 3),
    (deletes_a_reply, 2),
    (deletes_an_incident, 1),
    (looks_at_home, 1),
)
SUPERUSERS_ACTS: tuple[tuple[Doing, int], ...] = (*ACTS, (sets_a_digest, 4), (deletes_a_card, 2))
