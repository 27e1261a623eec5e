"""The forms that a shortcut on a message opens, each beside its reader."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot import blocks, forms
from bot.blocks import Block
from bot.commands import Request
from bot.house import House, Payload
from bot.incidents.forms import create_form
from bot.mrkdwn import Mrkdwn, escape, mrkdwn, shorten, user
from bot.shortcuts.messages import Picked, permalink
from domain.errors import InvalidInput
from domain.incidents import Incident, Target
from domain.sources import Known, Source
from domain.text import split_title

ADD_FORM = "message.add"
PICKER = "message.incident"
METADATA_LIMIT = 3_000
SHOWN = 600
"""Characters of the message that the form shows."""

CONSENT = "People who can see the incident may read this message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adding:
    """What a person sent to add a message to an incident."""

    target: Target
    source: Source
    note: str
    whole: bool
    consents: bool


def title_of(picked: Picked) -> str:
    """The first line of the message, as far as it fits in a title."""
    return split_title(next((line for line in picked.source.words.splitlines() if line.strip()), ""))[0]


def create_from(picked: Picked, known: Known, categories: Sequence[str], channel_id: str | None, house: House) -> Block:
    """The form to open an incident, filled with the message and its link."""
    title, words, link = title_of(picked), picked.source.words, f"From a message: {permalink(house, picked.source)}"
    room = blocks.INPUT_LIMIT - len(link) - 2
    description = link if words == title else f"{shorten(words, room)}\n\n{link}"
    is_cut = len(words) > room and bool(picked.source.author)
    source = {"channel_id": picked.source.channel_id, "ts": picked.source.ts, "thread_ts": picked.source.thread_ts}
    return create_form(
        Request(verb="new", text=title),
        categories,
        channel_id,
        description=description,
        more=[*_whole(picked, known, is_cut=is_cut), *_consent(known)],
        carries={"source": source},
    )


def add_form(picked: Picked, known: Known) -> Block:
    """Asks to which incident the message goes."""
    who = user(picked.source.author) if picked.source.author else escape(picked.source.app)
    shown = blocks.section(mrkdwn("{who}:\n{words}", who=who, words=shorten(picked.source.words, SHOWN)))
    menu = blocks.external_select(PICKER, placeholder="Type a number or words of its title")
    note = blocks.text_input("note", multiline=True)
    fields = [
        blocks.input_block("Incident", menu, block_id="incident"),
        blocks.input_block("Note", note, block_id="note", optional=True, hint="Becomes a comment of your own."),
    ]
    return blocks.modal(
        ADD_FORM,
        "Add to an incident",
        [shown, *fields, *_whole(picked, known), *_consent(known)],
        submit="Add",
        private_metadata=_carrying(picked.source, known),
    )


def read_add_form(view: Payload) -> Adding:
    """What was chosen and typed.

    Raises:
        InvalidInput: nothing that is an incident was chosen.
    """
    values = forms.typed(view)
    source, chosen = forms.read_source(forms.carried(view)), str(values.get("incident") or "")
    if source is None or not chosen.isdecimal() or len(chosen) > len("999999999"):
        raise InvalidInput("Nothing was added: choose an incident from the list.", field="incident")
    return Adding(
        target=Target(number=int(chosen)),
        source=source,
        note=values.get("note") or "",
        whole=bool(values.get("whole")),
        consents=bool(values.get("consent")),
    )


def offered(found: Sequence[Incident]) -> list[Block]:
    """The choices of the menu."""
    return [blocks.option(f"{incident.ref} {incident.title}", str(incident.number)) for incident in found]


def _whole(picked: Picked, known: Known, *, is_cut: bool = False) -> list[Block]:
    """Asks whether to bring the thread, or says why that is not possible."""
    if known.is_kept or known.is_inside:
        name = known.incident.ref if known.incident else "another incident"
        return [blocks.context(mrkdwn("This message is kept with {name} already.", name=name))]
    if not picked.is_threaded and not is_cut:
        return []
    if not known.place.is_open:
        what = "the thread" if picked.is_threaded else "the rest of the message"
        return [blocks.context(mrkdwn("I cannot bring {what}. {how}", what=what, how=_how(picked)))]
    label = "Bring the whole thread as comments" if picked.is_threaded else "Bring the whole message as a comment"
    return [_box("whole", "Thread" if picked.is_threaded else "Message", label)]


def _how(picked: Picked) -> Mrkdwn:
    if picked.is_direct:
        return Mrkdwn("I cannot read direct messages between people.")
    return Mrkdwn("I am not in this channel. Invite me with `/invite @Incident Tracker`, then use the shortcut again.")


def _consent(known: Known) -> list[Block]:
    if known.place.is_public:
        return []
    hint = "This message is not in a public channel. Without this, it goes only where its readers can see it."
    return [_box("consent", "Privacy", CONSENT, hint=hint)]


def _box(name: str, label: str, text: str, *, hint: str | None = None) -> Block:
    boxes = blocks.checkboxes(name, [blocks.option(text, "yes")])
    return blocks.input_block(label, boxes, block_id=name, optional=True, hint=hint)


def _carrying(source: Source, known: Known) -> str:
    """Which message it is; its words, too, where it cannot be read again, as far as they fit."""
    if known.place.is_open:
        return _metadata(replace(source, words=""))
    words = source.words
    while len(_metadata(replace(source, words=words))) > METADATA_LIMIT:
        words = shorten(words, len(words) * 9 // 10)
    return _metadata(replace(source, words=words))


def _metadata(source: Source) -> str:
    said: dict[str, Any] = {name: value for name, value in asdict(source).items() if value}
    return json.dumps({"source": said}, ensure_ascii=False)
