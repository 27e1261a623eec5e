"""What must be true when everything is quiet, whatever went wrong before; each tells the differences in words."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

from tests.chaos import personal, posted
from tests.chaos.ledger import Outcome
from tests.chaos.people import NAMES
from tests.chaos.records import Records, Row

Promise: TypeAlias = Callable[[Records], Iterator[str]]
State: TypeAlias = dict[str, str]


def what_was_acked_is_kept(records: Records) -> Iterator[str]:
    found, forgotten, gone = Counter(records.evidence()), records.forgotten(), _gone(records)
    for evidence, count in records.ledger.count(Outcome.DONE).items():
        is_forgotten = evidence[0] in ("said", "edited") and evidence[1] in forgotten
        is_gone = evidence[0] == "brought" and evidence[-1] in gone
        if found[evidence] < count and not (is_forgotten or is_gone):
            yield f"{' '.join(evidence)} is there {found[evidence]} times, not {count}: {records.ledger.told(evidence)}"


def _gone(records: Records) -> set[str]:
    """Numbers of incidents to which nothing could be added for a while."""
    hidden = records.ever_deleted()
    return {str(incident.number) for incident in records.incidents if incident.id in hidden}


def nothing_is_done_twice_or_unasked(records: Records) -> Iterator[str]:
    most = records.ledger.count(Outcome.DONE) + records.ledger.count(Outcome.UNKNOWN)
    for evidence, count in Counter(records.evidence()).items():
        if count > most[evidence]:
            yield f"{' '.join(evidence)} is there {count} times, not {most[evidence]}: {records.ledger.told(evidence)}"


def an_incident_is_whole(records: Records) -> Iterator[str]:
    for number, entries in records.timelines().items():
        if [entry.what for entry in entries].count("created") != 1 or entries[0].what != "created":
            yield f"INC-{number}: its timeline does not begin with its one creation"
    numbers = [incident.number for incident in records.incidents]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"the incidents' numbers have gaps: {numbers}"


def the_timeline_explains_every_state(records: Records) -> Iterator[str]:
    timelines = records.timelines()
    for incident in records.incidents:
        told = timelines[incident.number]
        kept: State = {
            "status": incident.state.replace("_", " "),
            "assignee": incident.assignee or "",
            "title": incident.title,
            "priority": incident.urgency,
            "deleted": "" if incident.deleted_at is None else "deleted",
        }
        first_priority = next((entry.old for entry in told if entry.what == "prioritized"), incident.urgency)
        state: State = {"status": "open", "assignee": "", "title": "", "priority": first_priority, "deleted": ""}
        before = state
        for request in requests(told):
            before, state = state, before if request[0].what == "undone" else _after(state, request)
            yield from (f"INC-{incident.number}: {words}" for words in _gaps(before, request))
        if kept != state:
            yield f"INC-{incident.number} is {kept}, but its timeline ends at {state}"
        if incident.version != len(requests(told)):
            yield f"INC-{incident.number} has version {incident.version} after {len(requests(told))} requests"


def _after(state: State, request: Sequence[Row]) -> State:
    now = dict(state)
    for entry in request:
        if column := COLUMNS.get(entry.what):
            now[column] = entry.what if column == "deleted" else entry.new
    if request[-1].what == "restored":
        now["deleted"] = ""
    return now


def _gaps(state: State, request: Sequence[Row]) -> Iterator[str]:
    """Where a change does not begin with what was there."""
    now = dict(state)
    for entry in request:
        column = COLUMNS.get(entry.what)
        if column not in (None, "deleted") and entry.what != "created" and entry.old != now[column]:
            yield f"{entry.what} from {entry.old!r}, but it was {now[column]!r}"
        now = _after(now, [entry])


def requests(told: Sequence[Row]) -> list[list[Row]]:
    """The entries of an incident, request by request."""
    return [list(entries) for _, entries in groupby(told, key=lambda entry: entry.batch)]


COLUMNS = {
    "created": "title",
    "renamed": "title",
    "started": "status",
    "reverted": "status",
    "resolved": "status",
    "reopened": "status",
    "assigned": "assignee",
    "prioritized": "priority",
    "deleted": "deleted",
}


def each_reply_is_one_comment_with_its_last_text(records: Records) -> Iterator[str]:
    kept = {(comment.channel_id, comment.ts): comment for comment in records.comments if not comment.is_ours}
    for place, reply in records.ledger.replies.items():
        comment = kept.pop(place, None)
        if not records.catches_up and records.is_unheard(place):
            continue
        if comment is None:
            if not reply.is_deleted:
                yield f"the reply {place} “{reply.text}” by {reply.by} is no comment: {records.events.get(place)}"
        elif reply.is_deleted != (comment.deleted_at is not None):
            found = f"{comment.deleted_at}: {records.events.get(place)}"
            yield f"the reply {place} “{reply.text}” is deleted: {reply.is_deleted}, its comment: {found}"
        elif comment.author != NAMES[reply.by]:
            yield f"the reply {place} of {reply.by} is kept as {comment.author}'s"
        elif not reply.is_deleted and not reply.is_line and comment.content != reply.text:
            yield f"the reply {place} says “{reply.text}”, its comment “{comment.content}”: {records.events.get(place)}"
    for place, comment in kept.items():
        brought = records.ledger.brought.get(place)
        if brought is None:
            yield f"the comment {place} “{comment.content}” is nobody's reply"
        elif (comment.author, comment.content) != (NAMES[brought.by], brought.text):
            yield f"“{brought.text}” of {brought.by} is kept as “{comment.content}” of {comment.author}"


def a_deleted_comment_has_no_words(records: Records) -> Iterator[str]:
    for comment in records.comments:
        if comment.deleted_at is not None and (comment.content or comment.files or records.earlier(comment)):
            yield f"{comment.content or records.earlier(comment)} of the deleted comment {comment.ts} is still there"


def earlier_versions_are_what_was_said(records: Records) -> Iterator[str]:
    """Of replies, whose edits may come out of order; those of comments made elsewhere are evidence of acts."""
    for comment in records.comments:
        reply = records.ledger.replies.get((comment.channel_id, comment.ts))
        if reply is not None and not set(records.earlier(comment)) <= {*reply.earlier, reply.text}:
            yield f"{comment.ts} has versions {records.earlier(comment)}, but said {[*reply.earlier, reply.text]}"


def the_bot_answers_so_that_slack_understands(records: Records) -> Iterator[str]:
    yield from records.ledger.unusable


def a_bot_ends_when_it_is_asked_to(records: Records) -> Iterator[str]:
    if records.stuck:
        yield f"{records.stuck} times a bot had to be killed because it did not end on SIGTERM"


def the_bots_log_nothing_unforeseen(records: Records) -> Iterator[str]:
    yield from records.logged


POSTED: tuple[tuple[str, Promise], ...] = (
    ("lost", posted.everything_was_sent),
    ("lost", posted.each_change_has_a_line_in_the_thread),
    ("lost", posted.each_due_digest_is_posted),
    ("doubled", posted.nothing_is_posted_twice),
    ("doubled", posted.each_line_stands_for_something),
    ("doubled", posted.each_comment_made_elsewhere_is_said_once_in_the_thread),
    ("doubled", posted.each_message_that_was_brought_is_quoted_once_in_the_thread),
    ("doubled", posted.no_digest_is_posted_twice),
    ("wrong", posted.nothing_is_removed_that_should_stay),
    ("wrong", posted.an_incident_has_one_card_that_shows_it),
    ("wrong", posted.no_card_waits_for_a_comparison),
    ("lost", personal.who_is_assigned_is_told),
    ("doubled", personal.nobody_is_told_again_of_the_same_incident),
    ("wrong", personal.home_shows_what_is_true),
)
"""What must hold before anything is mended, and after it."""
PROMISES: tuple[tuple[str, Promise], ...] = (
    *POSTED,
    ("lost", what_was_acked_is_kept),
    ("lost", each_reply_is_one_comment_with_its_last_text),
    ("doubled", nothing_is_done_twice_or_unasked),
    ("wrong", a_deleted_comment_has_no_words),
    ("wrong", earlier_versions_are_what_was_said),
    ("wrong", an_incident_is_whole),
    ("wrong", the_timeline_explains_every_state),
    ("wrong", the_bot_answers_so_that_slack_understands),
    ("wrong", a_bot_ends_when_it_is_asked_to),
    ("wrong", the_bots_log_nothing_unforeseen),
)
