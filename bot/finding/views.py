"""What was found: a page of incidents, for one reader or for a channel."""

import re
from collections.abc import Mapping, Sequence

from bot import blocks
from bot.blocks import Block, Message
from bot.house import House
from bot.incidents.views import PICTURES, linked, spoken
from bot.mrkdwn import Mrkdwn, channel, date, join, mrkdwn, shorten, user
from domain.incidents import Incident
from domain.listing import Filter, Page
from domain.search import Found

POST = "list.post"
SNIPPET = 150
BEFORE = 40
"""Characters of a snippet that stand before the word that matched."""


def listing(page: Page, title: Mrkdwn, buttons: Sequence[Block], house: House) -> Message:
    """Up to ten incidents of a list."""
    return _shown(title, [row(incident, house) for incident in page.incidents], page.incidents, buttons)


def found(result: Found, words: Sequence[str], title: Mrkdwn, buttons: Sequence[Block], house: House) -> Message:
    """Up to ten incidents of a search, with what matched in a comment."""
    rows = [_hit(hit.incident, hit.said, words, house) for hit in result.hits]
    notes = [Mrkdwn("Nothing has exactly these words. Similar:")] if result.is_similar else []
    if result.is_cut:
        notes.append(Mrkdwn("Only the beginning was searched for: at most 12 words and 300 characters."))
    return _shown(title, rows, [hit.incident for hit in result.hits], buttons, notes=notes)


def no_filter(reason: str, run: Block) -> Message:
    """Words after ``list`` that are no filter; a button searches for them."""
    text = mrkdwn("Nothing was listed. {reason}", reason=reason)
    return blocks.message(text, [blocks.section(text), blocks.actions(run)])


def described(
    name: str, wanted: Filter, words: Sequence[str], names: Mapping[str, str] = {}, total: str = ""
) -> Mrkdwn:
    """What a page is about: "Incidents · high · unassigned · 25 in all".

    Args:
        names: of people by Slack id, where they must not be mentioned.
    """
    parts = [
        ", ".join(f"“{word}”" for word in words),
        ", ".join(status.label for status in wanted.statuses),
        ", ".join(wanted.priorities),
        ", ".join(spoken(category) for category in wanted.categories),
        "unassigned" if wanted.unassigned else "",
        "needs a person" if wanted.needs_person else "",
    ]
    people = [
        *(mrkdwn("assigned to {who}", who=names.get(person) or user(person)) for person in wanted.assignees),
        *(mrkdwn("opened by {who}", who=names.get(person) or user(person)) for person in wanted.owners),
    ]
    if wanted.opened_before:
        people.append(mrkdwn("opened before {at}", at=date(wanted.opened_before)))
    if wanted.opened_after:
        people.append(mrkdwn("opened after {at}", at=date(wanted.opened_after)))
    if wanted.channel_id:
        people.append(mrkdwn("in {where}", where=channel(wanted.channel_id)))
    if total:
        people.append(mrkdwn("{total}", total=total))
    told = [mrkdwn("{part}", part=part) for part in (name, *parts) if part]
    return join(" · ", [*told, *people])


def row(incident: Incident, house: House) -> Mrkdwn:
    """One incident in two lines."""
    return mrkdwn(
        "{picture} {ref} {title}\n{status} · {priority} · {who} · {at}",
        picture=PICTURES[incident.priority],
        ref=linked(incident, house),
        title=incident.title,
        status=incident.status.label,
        priority=incident.priority,
        who=incident.assignee.full_name if incident.assignee else "nobody",
        at=date(incident.created_at),
    )


def posted(shown: Message, by: str) -> Message:
    """A page for a whole channel, with who put it there."""
    text = mrkdwn("{who} posted: {text}", who=by, text=Mrkdwn(shown["text"]))
    who = mrkdwn("Posted by {who}. Only what everybody here may see is listed.", who=by)
    return blocks.message(text, [*shown["blocks"], blocks.context(who)])


def not_posted(channel_id: str) -> Message:
    """Told to whoever wanted a list posted where the bot cannot post."""
    text = mrkdwn(
        "Your list was not posted: I cannot post in {where}. Invite me there with `/invite @Incident Tracker`.",
        where=channel(channel_id),
    )
    return blocks.words(text)


def nothing_to_post(channel_id: str) -> Message:
    """Told to whoever wanted a list posted of which others may see nothing."""
    text = mrkdwn(
        "Your list was not posted: not everybody in {where} may see what is in it.", where=channel(channel_id)
    )
    return blocks.words(text)


def _shown(
    title: Mrkdwn,
    rows: Sequence[Mrkdwn],
    incidents: Sequence[Incident],
    buttons: Sequence[Block],
    *,
    notes: Sequence[Mrkdwn] = (),
) -> Message:
    remarks = [blocks.context(*notes)] if notes else []
    onward = [blocks.actions(*buttons)] if buttons else []
    if not rows:
        text = mrkdwn(
            "{title}: none that you can see. Try fewer filters, or `/incident search` for words.", title=title
        )
        return blocks.message(text, [blocks.section(text), *remarks, *onward])
    told = [mrkdwn("{ref} {title}", ref=incident.ref, title=incident.title) for incident in incidents]
    text = mrkdwn("{title}: {rows}", title=title, rows=join("; ", told))
    head = blocks.section(mrkdwn("*{title}*", title=title))
    return blocks.message(text, [head, *remarks, *(blocks.section(text) for text in rows), *onward])


def _hit(incident: Incident, said: str | None, words: Sequence[str], house: House) -> Mrkdwn:
    if said is None:
        return row(incident, house)
    return mrkdwn("{row}\n> {quote}", row=row(incident, house), quote=snippet(said, words))


def snippet(said: str, words: Sequence[str]) -> str:
    """A comment on one line, shortened to where the first of these words is; its beginning if none is in it."""
    line = " ".join(said.split())
    places = [found.start() for word in words if (found := re.search(re.escape(word), line, re.IGNORECASE))]
    start = max(min(places, default=0) - BEFORE, 0)
    start = start and line.find(" ", start) + 1
    return ("…" if start else "") + shorten(line[start:], SNIPPET)
