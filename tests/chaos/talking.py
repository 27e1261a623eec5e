"""What people do with words: comments that were made through the bot, and messages that they bring to an incident."""

from tests.chaos.ledger import Outcome, Reply
from tests.chaos.people import CHANNELS, Json, Person, judged

SAYS = "says: "
OPEN_TO_ALL = ("#general", "#incidents", "#checkout")


async def says_by_command(person: Person) -> None:
    said = person.words()
    if card := await person.card():
        await person.asks(f"comment {card.number} {said}", "said", said)


async def says_by_form(person: Person) -> None:
    said = person.words()
    if card := await person.card():
        await person.fills(f"comment {card.number}", "comment.new", ("said", said), comment=said)


async def changes_a_comment(person: Person) -> None:
    """In the menu beside it in the thread."""
    if said := await _own_comment(person):
        channel, message = said
        if form := await _chosen(person, channel, message, "Edit…", "comment.edit"):
            words = person.words()
            person.ledger.edits.append((_words_of(message), words))
            await person.submits(form, {"comment": words}, ("edited", words))


async def removes_a_comment(person: Person) -> None:
    if said := await _own_comment(person):
        channel, message = said
        if form := await _chosen(person, channel, message, "Delete…", "comment.delete"):
            person.ledger.buried[channel["id"], message["ts"]] = _words_of(message)
            await person.submits(form, {}, ("removed", channel["id"], message["ts"]))


async def replies(person: Person) -> None:
    if card := await person.card():
        await person.replies(card, person.words())


async def edits_a_reply(person: Person) -> None:
    if person.replied:
        channel, ts = person.dice.choice(person.replied)
        text = person.words()
        body = {"user": person.name, "channel": channel, "ts": ts, "text": text}
        if (await person.eyes.does("edit", body))[0] == 200:
            person.ledger.replies[channel, ts].says(text)


async def deletes_a_reply(person: Person) -> None:
    if person.replied:
        channel, ts = place = person.dice.choice(person.replied)
        if (await person.eyes.does("delete", {"user": person.name, "channel": channel, "ts": ts}))[0] == 200:
            person.ledger.replies[place].is_deleted = True
            person.replied.remove(place)


async def adds_a_message(person: Person) -> None:
    """One that they just wrote in a channel becomes a comment of an incident."""
    if not (card := await person.card()) or not (written := await _writes(person)):
        return
    channel, ts, words = written
    form = await _shortcut(person, "message_add", channel, ts, "message.add")
    if form is None:
        return
    menu = {"user": person.name, "view_id": form["id"], "action_id": "message.incident", "value": card.number}
    _, offered = await person.eyes.does("options", menu)
    if any(option["value"] == card.number for option in offered.get("options", ())):
        person.ledger.brought[channel, ts] = Reply(person.name, words)
        evidence = ("brought", channel, ts, card.number)
        await person.submits(form, {}, evidence, typed={"incident": {"message.incident": card.number}})


async def opens_from_a_message(person: Person) -> None:
    if written := await _writes(person):
        channel, ts, words = written
        if form := await _shortcut(person, "message_create", channel, ts, "incident.create"):
            await person.submits(form, {"title": words}, ("created", words))


async def _own_comment(person: Person) -> tuple[Json, Json] | None:
    """A comment in their name that they see in a thread, with its channel."""
    found = [
        (channel, message)
        for channel in (await person.eyes.state())["channels"]
        if person.name in CHANNELS.get(f"#{channel.get('name')}", ())
        for message in channel["messages"]
        if "bot_id" in message and message.get("text", "").startswith(f"*{person.full_name}* {SAYS}")
    ]
    return person.dice.choice(found) if found else None


async def _chosen(person: Person, channel: Json, message: Json, entry: str, callback_id: str) -> Json | None:
    """The form behind this entry of the menu beside a comment."""
    await person.leaves()
    menu = message["blocks"][0]["accessory"]
    value = next(each["value"] for each in menu["options"] if each["text"]["text"] == entry)
    body = {"user": person.name, "action_id": menu["action_id"], "selected": value}
    await person.eyes.does("action", {**body, "channel": channel["id"], "message_ts": message["ts"]})
    return await person.form(callback_id)


async def _writes(person: Person) -> tuple[str, str, str] | None:
    """Something in a channel, outside of threads: its channel, ts and words."""
    channel = person.dice.choice([name for name in OPEN_TO_ALL if person.name in CHANNELS[name]])
    words = person.words()
    status, answer = await person.eyes.does("message", {"user": person.name, "channel": channel, "text": words})
    return (answer["channel"], answer["ts"], words) if status == 200 else None


async def _shortcut(person: Person, name: str, channel: str, ts: str, callback_id: str) -> Json | None:
    """The form that a shortcut on a message opens."""
    await person.leaves()
    body = {"user": person.name, "callback_id": name, "channel": channel, "message_ts": ts}
    _, answer = await person.eyes.does("shortcut", body)
    return None if judged(answer) is Outcome.REFUSED else await person.form(callback_id)


def _words_of(message: Json) -> str:
    return str(message["text"]).partition(SAYS)[2]
