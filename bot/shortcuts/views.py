"""What is said in threads and to people about messages that were brought to an incident."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from bot import blocks
from bot.blocks import Message
from bot.house import House, Payload
from bot.incidents.views import linked
from bot.mrkdwn import Mrkdwn, channel, date, escape, join, link, mrkdwn, prose, shorten
from bot.shortcuts.messages import permalink
from domain.incidents import Incident
from domain.sources import Source
from domain.talk import Said

DELETED = Mrkdwn("(a message that was deleted)")
QUOTED = 1_500
"""Characters of a comment that are quoted; the record and the original have all."""


def brought(said: Sequence[Said], *, by: str, source: Source, place: Mrkdwn, house: House) -> Message:
    """The comments as they stand in the incident's thread, with who brought them from where."""
    noun = "message" if len(said) == 1 else "messages"
    head = mrkdwn(
        "*{by}* brought {count} {noun} from {place} ({original})",
        by=by,
        count=len(said),
        noun=noun,
        place=place,
        original=link(permalink(house, source), "the original"),
    )
    return quotation(head, [(each.id, each) for each in said])


def quotation(head: Mrkdwn, said: Sequence[tuple[UUID, Said | None]]) -> Message:
    """The same, perhaps after some of it was edited or deleted; each quote's block is named after its comment."""
    lines = join("; ", [_line(each) if each else DELETED for _, each in said])
    quotes = [blocks.section(_quote(each) if each else DELETED, block_id=str(name)) for name, each in said]
    text = mrkdwn("{head}: {lines}", head=head, lines=lines)
    return blocks.message(text, [blocks.context(head), *quotes])


def quoted_in(posted: Payload) -> list[UUID]:
    """Which comments a message of ours quotes, in order."""
    found = []
    for block in posted.get("blocks") or []:
        with suppress(ValueError):
            found.append(UUID(str(block.get("block_id", ""))))
    return found


def head_of(posted: Payload) -> Mrkdwn:
    """Who brought what from where, as our own message says it."""
    return Mrkdwn(posted["blocks"][0]["elements"][0]["text"])


def place_of(source: Source, incident: Incident, *, is_public: bool) -> Mrkdwn:
    """Where a message is, without naming a private channel to people who may not be in it."""
    if source.channel_id == incident.channel_id:
        return Mrkdwn("this channel")
    return channel(source.channel_id) if is_public else Mrkdwn("a private channel")


def app_said(app: str, words: str) -> str:
    """An app's message, as the comment of the person who added it."""
    quoted = "\n".join(f"> {line}" for line in words.splitlines())
    return f"{app} (app) posted:\n{quoted}"


def back_link(incident: Incident, by: str, house: House, *, opened: bool) -> Message:
    """The reply under the message that an incident was made from, or that was added to it."""
    ref = linked(incident, house)
    if opened:
        text = mrkdwn("{ref} {title} was opened from this message by {by}.", ref=ref, title=incident.title, by=by)
    else:
        text = mrkdwn("This message was added to {ref} {title} by {by}.", ref=ref, title=incident.title, by=by)
    return blocks.words(text)


def no_back_link(incident: Incident, source: Source, why: Mrkdwn, house: House, *, opened: bool) -> Message:
    """Told to the person where nothing could be posted under the message."""
    text = mrkdwn(
        "{ref} {title} {did} {message}. I posted no link to it there: {why}",
        ref=linked(incident, house),
        title=incident.title,
        did="was opened from" if opened else "has",
        message=link(permalink(house, source), "this message"),
        why=why,
    )
    return blocks.words(text)


def not_brought(incident: Incident, source: Source, house: House) -> Message:
    """Told to the person who asked for it."""
    text = mrkdwn(
        "{message} could not be brought to {ref}: Slack did not let me read it. It may have been deleted, or I am no "
        "longer in its channel. Copy what matters with `/incident comment {number}`.",
        message=link(permalink(house, source), "The message"),
        ref=linked(incident, house),
        number=incident.number,
    )
    return blocks.words(text)


def too_long(incident: Incident, source: Source, house: House, *, most: int) -> Message:
    """Told to the person who asked for a thread that is longer than what is brought."""
    text = mrkdwn(
        "Of {thread}, the first {most} messages were brought to {ref}. The rest is only there.",
        thread=link(permalink(house, source), "this thread"),
        most=f"{most:,}",
        ref=linked(incident, house),
    )
    return blocks.words(text)


def _quote(said: Said) -> Mrkdwn:
    words = prose(shorten(said.content, QUOTED) or "(a file)")
    files = [mrkdwn("\n{file}", file=link(f.get("link", ""), f.get("name", "file"))) for f in said.files]
    return mrkdwn(
        "*{author}*{mark} {at}\n{words}{files}",
        author=said.author,
        mark=said.mark,
        at=date(said.created_at),
        words=words,
        files=join("", files),
    )


def _line(said: Said) -> Mrkdwn:
    words = shorten(" ".join(said.content.split()), 300) or "(a file)"
    return mrkdwn("{author} at {at}: {words}", author=said.author, at=date(said.created_at), words=escape(words))
