"""What must be true when everything is quiet, whatever went wrong before; each tells the differences in words."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from bot.looking import delivery_of
from tests.chaos.ledger import Outcome
from tests.chaos.people import NAMES, Json, is_root
from tests.chaos.records import Records, Row, left_by

Promise: TypeAlias = Callable[[Records], Iterator[str]]

LINED = {"assigned", "started", "reverted", "resolved", "reopened", "prioritized"}
TICKS_WITHIN = timedelta(seconds=130)


def what_was_acked_is_kept(records: Records) -> Iterator[str]:
    found = Counter(records.evidence())
    for evidence, count in records.ledger.count(Outcome.DONE).items():
        if found[evidence] < count:
            yield f"{' '.join(evidence)} is there {found[evidence]} times, not {count}: {records.ledger.told(evidence)}"


def nothing_is_done_twice_or_unasked(records: Records) -> Iterator[str]:
    most = records.ledger.count(Outcome.DONE) + records.ledger.count(Outcome.UNKNOWN)
    for evidence, count in Counter(records.evidence()).items():
        if count > most[evidence]:
            yield f"{' '.join(evidence)} is there {count} times, not {most[evidence]}: {records.ledger.told(evidence)}"


def everything_was_sent(records: Records) -> Iterator[str]:
    for row in records.outbox:
        what = f"{row.topic} (row {row.id}, {row.attempts} attempts, {row.last_error})"
        yield f"{what} was given up" if row.gave_up_at else f"{what} still waits"


def nothing_is_posted_twice(records: Records) -> Iterator[str]:
    for delivery, count in Counter(delivery_of(message) for _, message in records.messages()).items():
        if delivery is not None and count > 1:
            said = next(m["text"] for _, m in records.messages() if delivery_of(m) == delivery)
            yield f"what row {delivery} of the outbox asked for was posted {count} times: {said}"


def an_incident_has_one_card_that_shows_it(records: Records) -> Iterator[str]:
    cards, there = records.cards(), records.by_place()
    for incident in records.incidents:
        shown, place = cards.pop(incident.number, []), (incident.channel_id, incident.card_ts)
        if incident.deleted_at is not None:
            if shown or (place in there and "was deleted by" not in there[place]["text"]):
                yield f"INC-{incident.number} was deleted, but {len(shown)} cards show it"
            continue
        if not shown and not records.catches_up and records.is_deleted(place):
            continue  # by an administrator in Slack, while nobody listened or before the bot knew it as the card
        if len(shown) != 1:
            about = f"{incident.card_ts}: {records.events.get(place)}"
            yield f"INC-{incident.number} {incident.title} has {len(shown)} cards; kept is {about}"
        for channel, message in shown:
            if (channel, message["ts"]) != place:
                yield f"INC-{incident.number}: its card is {message['ts']}, but {incident.card_ts} is kept"
            if message["text"] != sentence(incident):
                yield f"INC-{incident.number}: its card says “{message['text']}”, not “{sentence(incident)}”"
            if (versions := versions_in(message["blocks"], str(incident.id))) != {incident.version}:
                yield f"INC-{incident.number}: its buttons are of version {versions}, not {incident.version}"
    for number in cards:
        yield f"a card shows INC-{number}, which does not exist"


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
        first_priority = next((entry.old for entry in told if entry.what == "prioritized"), incident.urgency)
        state = {"status": "open", "assignee": "", "title": "", "priority": first_priority}
        for entry in told:
            column = COLUMNS.get(entry.what)
            if column is None:
                continue
            if entry.what != "created" and entry.old != state[column]:
                yield f"INC-{incident.number}: {entry.what} from {entry.old!r}, but it was {state[column]!r}"
            state[column] = entry.new
        kept = {
            "status": incident.state.replace("_", " "),
            "assignee": incident.assignee or "",
            "title": incident.title,
            "priority": incident.urgency,
        }
        if kept != state:
            yield f"INC-{incident.number} is {kept}, but its timeline ends at {state}"
        if incident.version != len({entry.batch for entry in told}):
            yield f"INC-{incident.number} has version {incident.version} after {len({e.batch for e in told})} requests"


COLUMNS = {
    "created": "title",
    "renamed": "title",
    "started": "status",
    "reverted": "status",
    "resolved": "status",
    "reopened": "status",
    "assigned": "assignee",
    "prioritized": "priority",
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
        yield f"the comment {place} “{comment.content}” is nobody's reply"


def each_comment_made_elsewhere_is_said_once_in_the_thread(records: Records) -> Iterator[str]:
    texts = [(channel, message) for channel, message in records.messages() if "bot_id" in message]
    for comment in records.comments:
        if comment.is_ours and comment.deleted_at is None:
            shown = [(channel, m["ts"]) for channel, m in texts if f"says: {comment.content}" in m["text"]]
            if shown != [(comment.channel_id, comment.ts)]:
                yield f"“{comment.content}” on INC-{comment.number} is kept at {comment.ts}, and stands at {shown}"


def each_change_has_one_line_in_the_thread(records: Records) -> Iterator[str]:
    there, lines = records.by_place(), set()
    for batch in records.batches():
        what = {entry.what for entry in batch}
        if "created" in what or not what & LINED:
            continue
        line = {entry.line_ts for entry in batch if entry.line_ts}
        place = (batch[0].channel_id, next(iter(line), ""))
        lines.add(place)
        if place not in there and batch[0].deleted_at is None:
            yield f"INC-{batch[0].number}: there is no line for {' '.join(left_by(batch))}"
    comments = {(comment.channel_id, comment.ts) for comment in records.comments}
    deleted = {incident.id for incident in records.incidents if incident.deleted_at is not None}
    threads = {(thread.channel_id, thread.ts) for thread in records.threads if thread.incident_id not in deleted}
    for place, message in there.items():
        is_line = not is_root(message) and (place[0], message["thread_ts"]) in threads and delivery_of(message)
        if is_line and place not in lines and place not in comments:
            yield f"the line {place} “{message['text']}” stands for nothing"


def each_due_digest_is_posted_once(records: Records) -> Iterator[str]:
    there, within = records.by_place(), TICKS_WITHIN + timedelta(seconds=records.behind_s)
    used = {(run.schedule_id, run.slot) for run in records.runs}
    posted = {(run.channel_id, run.ts) for run in records.runs if run.outcome == "posted"}
    for run in records.runs:
        if run.outcome is None:
            yield f"the digest of {run.slot} in {run.channel_id} was neither posted nor left out"
        elif run.outcome == "posted" and (run.channel_id, run.ts) not in there:
            yield f"the digest of {run.slot} in {run.channel_id} is not there"
    for place, message in there.items():
        if is_digest(message) and place not in posted:
            yield f"the digest {place} stands there, but its schedule was removed or does not know it"
    for schedule in records.schedules:
        now = schedule.now_utc.replace(tzinfo=UTC)
        slot = datetime.combine(now.date(), schedule.at, UTC)
        if schedule.since < slot <= now - within and (schedule.id, slot) not in used:
            yield f"the digest of {slot} in {schedule.channel_id} never came"


def the_bot_answers_so_that_slack_understands(records: Records) -> Iterator[str]:
    yield from records.ledger.unusable


def a_bot_ends_when_it_is_asked_to(records: Records) -> Iterator[str]:
    if records.stuck:
        yield f"{records.stuck} times a bot had to be killed because it did not end on SIGTERM"


def the_bots_log_nothing_unforeseen(records: Records) -> Iterator[str]:
    yield from records.logged


def is_digest(message: Json) -> bool:
    return bool(is_root(message) and delivery_of(message) and " nobody's. " in message["text"])


def sentence(incident: Row) -> str:
    """The card's text, as people know it."""
    held = f"assigned to {incident.assignee}" if incident.assignee else "unassigned"
    state, category = incident.state.replace("_", " "), incident.category.replace("_", " ")
    return (
        f"INC-{incident.number} {incident.title}: {state}, {incident.urgency} priority, {category}, {held}, "
        f"opened by {incident.owner}."
    )


def versions_in(node: object, incident_id: str) -> set[int]:
    """The versions that a card's buttons and menu carry."""
    if isinstance(node, list):
        return {version for item in node for version in versions_in(item, incident_id)}
    if not isinstance(node, dict):
        return set()
    found = versions_in(list(node.values()), incident_id)
    value = str(node.get("value", ""))
    return found | ({int(value.rpartition(":")[2])} if f"{incident_id}:" in value else set())


PROMISES: tuple[tuple[str, Promise], ...] = (
    ("lost", what_was_acked_is_kept),
    ("lost", everything_was_sent),
    ("lost", each_reply_is_one_comment_with_its_last_text),
    ("lost", each_change_has_one_line_in_the_thread),
    ("doubled", nothing_is_done_twice_or_unasked),
    ("doubled", nothing_is_posted_twice),
    ("doubled", each_comment_made_elsewhere_is_said_once_in_the_thread),
    ("doubled", each_due_digest_is_posted_once),
    ("wrong", an_incident_has_one_card_that_shows_it),
    ("wrong", an_incident_is_whole),
    ("wrong", the_timeline_explains_every_state),
    ("wrong", the_bot_answers_so_that_slack_understands),
    ("wrong", a_bot_ends_when_it_is_asked_to),
    ("wrong", the_bots_log_nothing_unforeseen),
)
