"""What must be true of what the bot posted as soon as everything was sent, before any comparison mends it."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from bot.looking import delivery_of
from tests.chaos.people import Json, is_root
from tests.chaos.records import Records, Row, left_by

LINED = {"assigned", "started", "reverted", "resolved", "reopened", "prioritized", "undone"}
TICKS_WITHIN = timedelta(seconds=130)
NOWHERE = {"the incident is gone", "the incident has no card"}
"""Why what was to be said about an incident is not said after somebody deleted it."""
SETTLED = {"posted", "empty", "skipped"}


def everything_was_sent(records: Records) -> Iterator[str]:
    hidden = records.ever_deleted()
    for row in records.outbox:
        if row.gave_up_at and row.incident_id in hidden and row.last_error in NOWHERE:
            continue
        what = f"{row.topic} (row {row.id}, {row.attempts} attempts, {row.last_error})"
        yield f"{what} was given up" if row.gave_up_at else f"{what} still waits"


def nothing_is_posted_twice(records: Records) -> Iterator[str]:
    """Whether it stands there still or a comparison took it away; what people deleted may be posted anew."""
    for delivery, places in records.posts().items():
        for earlier, later in pairwise(places):
            if not records.was_deleted_by_a_person(earlier, before=later):
                said = records.events[later][0].message["text"]
                yield f"what row {delivery} of the outbox asked for stands at {earlier}, and again at {later}: {said}"


def nothing_is_removed_that_should_stay(records: Records) -> Iterator[str]:
    """The bot deletes the messages of deleted comments, and the second of two posts."""
    buried = {(comment.channel_id, comment.ts) for comment in records.comments if comment.deleted_at is not None}
    second = {place for places in records.posts().values() if len(places) > 1 for place in places}
    for place in records.removed - buried - second:
        if place not in records.by_place():
            yield f"the bot deleted {place}: {records.events.get(place)}"


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


def no_card_waits_for_a_comparison(records: Records) -> Iterator[str]:
    """A comparison found it old although nothing was on its way to it any more."""
    for mended in records.mended:
        told = records.told_until((mended.channel_id, mended.ts), mended.at)
        shown = versions_in(told[-1].message.get("blocks"), str(mended.incident_id)) if told else set()
        if told and not told[-1].is_end and max(shown, default=mended.version) < mended.version:
            was = f"was of version {mended.version}, and its card showed {shown}"
            yield f"INC-{mended.number} {was} until a comparison mended it"


def each_change_has_a_line_in_the_thread(records: Records) -> Iterator[str]:
    there, threads = records.by_place(), records.threads_by_incident()
    hidden = {entry.incident_id for entry in records.entries if entry.what == "deleted"}
    for batch in records.batches():
        what, first = {entry.what for entry in batch}, batch[0]
        if "created" in what or not what & LINED or first.incident_id in hidden:
            continue
        place = (first.channel_id, next((entry.line_ts for entry in batch if entry.line_ts), ""))
        if place not in there:
            yield f"INC-{first.number}: there is no line for {' '.join(left_by(batch))}"
        elif (place[0], there[place].get("thread_ts")) not in threads[first.incident_id]:
            yield f"INC-{first.number}: the line for {' '.join(left_by(batch))} stands elsewhere, at {place}"


def each_line_stands_for_something(records: Records) -> Iterator[str]:
    lines = {(entry.channel_id, entry.line_ts) for entry in records.entries}
    said = {(comment.channel_id, comment.ts) for comment in records.comments if comment.deleted_at is None}
    quoted = {str(comment.id) for comment in records.comments if not comment.is_ours}
    deleted = {incident.id for incident in records.incidents if incident.deleted_at is not None}
    threads = {(thread.channel_id, thread.ts) for thread in records.threads if thread.incident_id not in deleted}
    for place, message in records.by_place().items():
        is_line = not is_root(message) and (place[0], message["thread_ts"]) in threads and delivery_of(message)
        if is_line and place not in lines | said and not quoted & names_in(message):
            yield f"the line {place} “{message['text']}” stands for nothing"


def each_comment_made_elsewhere_is_said_once_in_the_thread(records: Records) -> Iterator[str]:
    threads, hidden = records.threads_by_incident(), records.ever_deleted()
    texts = [(channel, message) for channel, message in records.messages() if "bot_id" in message]
    for comment in records.comments:
        if comment.is_ours and comment.deleted_at is None and (comment.ts or comment.incident_id not in hidden):
            shown = [(channel, m) for channel, m in texts if f"says: {comment.content}" in m["text"]]
            if [(channel, m["ts"]) for channel, m in shown] != [(comment.channel_id, comment.ts)]:
                places = [(channel, m["ts"]) for channel, m in shown]
                yield f"“{comment.content}” on INC-{comment.number} is kept at {comment.ts}, and stands at {places}"
            elif (comment.channel_id, shown[0][1].get("thread_ts")) not in threads[comment.incident_id]:
                yield f"“{comment.content}” on INC-{comment.number} stands elsewhere"


def each_message_that_was_brought_is_quoted_once_in_the_thread(records: Records) -> Iterator[str]:
    threads, hidden = records.threads_by_incident(), records.ever_deleted()
    for comment in records.comments:
        if (comment.channel_id, comment.ts) in records.ledger.brought and comment.incident_id not in hidden:
            quotes = [(channel, m) for channel, m in records.messages() if str(comment.id) in names_in(m)]
            own = [m for channel, m in quotes if (channel, m.get("thread_ts")) in threads[comment.incident_id]]
            if len(quotes) != 1 or len(own) != 1:
                places = [(channel, message["ts"]) for channel, message in quotes]
                yield f"“{comment.content}” was brought to INC-{comment.number}, and is quoted at {places}"


def each_due_digest_is_posted(records: Records) -> Iterator[str]:
    there, within = records.by_place(), TICKS_WITHIN + timedelta(seconds=records.behind_s)
    used = {(run.schedule_id, run.slot) for run in records.runs}
    for run in records.runs:
        if run.outcome not in SETTLED:
            yield f"the digest of {run.slot} in {run.channel_id} is {run.outcome}: neither posted nor left out"
        elif run.outcome == "posted" and (run.channel_id, run.ts) not in there:
            yield f"the digest of {run.slot} in {run.channel_id} is not there"
    for schedule in records.schedules:
        now = schedule.now_utc.replace(tzinfo=UTC)
        slot = datetime.combine(now.date(), schedule.at, UTC)
        if schedule.since < slot <= now - within and (schedule.id, slot) not in used:
            yield f"the digest of {slot} in {schedule.channel_id} never came"


def no_digest_is_posted_twice(records: Records) -> Iterator[str]:
    posted = Counter((run.channel_id, run.ts) for run in records.runs if run.outcome == "posted")
    for place, message in records.by_place().items():
        if is_digest(message) and posted[place] != 1:
            yield f"the digest {place} stands there, but its schedule was removed or does not know it"


def is_digest(message: Json) -> bool:
    says = " nobody's. " in message["text"] or message["text"].startswith("Nothing is open. ")
    return bool(is_root(message) and delivery_of(message) and says)


def names_in(message: Json) -> set[str]:
    """The names of a message's blocks; where it quotes comments, these are their ids."""
    return {str(block.get("block_id", "")) for block in message.get("blocks") or ()}


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
