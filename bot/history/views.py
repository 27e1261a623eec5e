"""What happened to an incident, in words: the line in its thread, its history, and a change that was taken back."""

from collections.abc import Sequence
from dataclasses import replace

from bot import blocks
from bot.blocks import Block, Message
from bot.house import House
from bot.incidents.views import linked, spoken
from bot.mrkdwn import Mrkdwn, date, join, mrkdwn, shorten
from domain.incidents import Incident
from domain.timeline import Change, Happening, What

PLAIN = {
    What.CREATED: Mrkdwn("opened it"),
    What.STARTED: Mrkdwn("started work"),
    What.REVERTED: Mrkdwn("put it back to open"),
    What.RESOLVED: Mrkdwn("resolved it"),
    What.REOPENED: Mrkdwn("reopened it"),
    What.DESCRIBED: Mrkdwn("changed the description"),
    What.DELETED: Mrkdwn("deleted it"),
    What.RESTORED: Mrkdwn("restored it"),
}
"""What happened, where old and new value add nothing."""
SHOWN = 40
"""Happenings in one dialog; Slack takes a hundred blocks, a person reads fewer."""


def line(happenings: Sequence[Happening]) -> Message:
    """One line in the thread for all that one person changed in one go."""
    said = join(" and ", [_with_note(happening) for happening in merged(happenings)])
    text = mrkdwn("{who} {said}", who=happenings[0].by_name, said=said)
    return blocks.words(text)


def merged(happenings: Sequence[Happening]) -> list[Happening]:
    """Changes of the same value right after each other as one, from the first to the last."""
    found: list[Happening] = []
    for happening in happenings:
        if found and found[-1].what is happening.what and happening.what in (What.ASSIGNED, What.PRIORITIZED):
            happening = replace(happening, old=found.pop().old)
        found.append(happening)
    return found


def history(incident: Incident, happenings: Sequence[Happening], house: House, *, left_out: int) -> Message:
    """Who did what, when and from where, oldest first."""
    title = mrkdwn("*History of {ref}* {title}", ref=linked(incident, house), title=incident.title)
    lines = [mrkdwn("{at} {who} {said}", at=date(h.at), who=h.by_name, said=_in_full(h)) for h in happenings]
    text = join("\n", [title, *lines])
    return blocks.message(text, [blocks.section(title), *_left_out(left_out), *(blocks.section(row) for row in lines)])


def history_dialog(incident: Incident, happenings: Sequence[Happening], house: House, *, left_out: int) -> Block:
    """The same, opened from the card."""
    shown = history(incident, happenings, house, left_out=left_out)
    return blocks.modal("incident.history", f"History of {incident.ref}", shown["blocks"], close="Close")


def exporting(incident: Incident) -> Message:
    """What the person who asked for an export is told at once."""
    text = mrkdwn(
        "{ref} is being written down. You get two files by direct message: one to read, one for machines.",
        ref=incident.ref,
    )
    return blocks.words(text)


def exporting_dialog(incident: Incident) -> Block:
    """The same, where the answer to a click is a dialog."""
    return blocks.modal("incident.exporting", f"Export {incident.ref}", exporting(incident)["blocks"], close="Close")


def exported(incident: Incident, comments: int) -> Message:
    """What comes with the files of an export."""
    noun = "comment" if comments == 1 else "comments"
    text = mrkdwn(
        "{ref} {title} with {count} {noun}, for you to read and for machines.",
        ref=incident.ref,
        title=incident.title,
        count=comments,
        noun=noun,
    )
    return blocks.words(text)


def step(change: Change | Happening, *, by_name: str) -> Mrkdwn:
    """One change as it goes on after a name: "resolved it"."""
    old, new = spoken(change.old), spoken(change.new)
    match change.what:
        case What.ASSIGNED:
            return _assigned(change.old, change.new, by_name)
        case What.RENAMED:
            return mrkdwn("renamed it from “{old}” to “{new}”", old=change.old, new=change.new)
        case What.PRIORITIZED:
            return mrkdwn("changed the priority from {old} to {new}", old=old, new=new)
        case What.CATEGORIZED:
            return mrkdwn("changed the category from {old} to {new}", old=old, new=new)
        case What.UNDONE:
            return mrkdwn("took the last change back ({new})", new=new)
        case what:
            return PLAIN[what]


def _assigned(old: str, new: str, by_name: str) -> Mrkdwn:
    if not new:
        return mrkdwn("took it from {old}, so it is nobody's now", old=old)
    if new == by_name:
        return mrkdwn("took it over from {old}", old=old) if old else Mrkdwn("took it")
    if not old:
        return mrkdwn("assigned it to {new}", new=new)
    return mrkdwn("reassigned it from {old} to {new}", old=old, new=new)


def _with_note(happening: Happening) -> Mrkdwn:
    note = mrkdwn(": {note}", note=shorten(happening.note, 2_000)) if happening.note else Mrkdwn("")
    return mrkdwn("{said}{note}", said=step(happening, by_name=happening.by_name), note=note)


def _in_full(happening: Happening) -> Mrkdwn:
    return mrkdwn("{said} (by {surface})", said=_with_note(happening), surface=happening.surface.value)


def _left_out(count: int) -> list[Block]:
    return [blocks.context(mrkdwn("{count} earlier changes are in the export.", count=count))] if count else []
