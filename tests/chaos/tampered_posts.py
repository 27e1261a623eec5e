"""Each makes one thing wrong in what was posted, and names the promise that must not hold then."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from bot.looking import EVENT_TYPE
from tests.chaos.journal import Place, Told
from tests.chaos.people import Json
from tests.chaos.personal import ASSIGNED
from tests.chaos.posted import is_digest
from tests.chaos.records import Records
from tests.chaos.tampering import Tampering, changed, is_said_elsewhere


def messages_of(records: Records, channel_id: str) -> list[Json]:
    found: list[Json] = next(each["messages"] for each in records.slack["channels"] if each["id"] == channel_id)
    return found


def card(records: Records) -> tuple[Place, Json]:
    channel, message = next(iter(records.cards().values()))[0]
    return (channel, message["ts"]), message


def post_again(records: Records, place: Place, message: Json, **values: Any) -> None:
    """The same message once more, as a later one."""
    messages_of(records, place[0]).append({**message, "ts": "9999999999.000001", **values})


def take_away(records: Records, place: Place) -> None:
    here = messages_of(records, place[0])
    here[:] = [message for message in here if message["ts"] != place[1]]


def line(records: Records) -> tuple[Place, Json]:
    hidden, there = records.ever_deleted(), records.by_place()
    places = ((e.channel_id, e.line_ts) for e in records.entries if e.line_ts and e.incident_id not in hidden)
    place = next(place for place in places if place in there)
    return place, there[place]


def comment_elsewhere(records: Records) -> tuple[Place, Json]:
    found = next(comment for comment in records.comments if is_said_elsewhere(comment))
    place = (found.channel_id, found.ts)
    return place, records.by_place()[place]


def quote(records: Records) -> tuple[Place, Json]:
    hidden = records.ever_deleted()
    name = next(
        str(comment.id)
        for comment in records.comments
        if (comment.channel_id, comment.ts) in records.ledger.brought and comment.incident_id not in hidden
    )
    return next(each for each in records.by_place().items() if name in str(each[1].get("blocks")))


def a_card_is_posted_twice(records: Records) -> None:
    place, message = card(records)
    post_again(records, place, message, thread_ts="9999999999.000001")


def a_second_card_was_taken_away_again(records: Records) -> None:
    place, _ = card(records)
    first = records.events[place][0]
    again = (place[0], "9999999999.000001")
    records.events[again] = [Told(first.what, first.at + 1, first.message), Told("message_deleted", first.at + 2, {})]
    records.removed.add(again)


def a_card_shows_an_old_state(records: Records) -> None:
    _, message = card(records)
    message["text"] = message["text"].replace(" priority, ", " importance, ")


def a_card_has_old_buttons(records: Records) -> None:
    _, message = card(records)
    version = next(i.version for i in records.incidents if i.card_ts == message["ts"])
    blocks = json.dumps(message["blocks"]).replace(f':{version}"', f':{version + 1}"')
    message["blocks"] = json.loads(blocks)


def a_card_waited_for_a_comparison(records: Records) -> None:
    (channel, ts), message = card(records)
    incident = next(i for i in records.incidents if i.card_ts == ts)
    found = {"incident_id": incident.id, "number": incident.number, "channel_id": channel, "ts": ts}
    last = records.events[channel, ts][-1]
    records.events[channel, ts][-1] = Told(last.what, last.at, message)
    late = datetime.fromtimestamp(last.at + records.began_s + 1, UTC)
    records.mended = [SimpleNamespace(**found, version=incident.version + 1, at=late)]


def the_bot_removes_a_card(records: Records) -> None:
    place, _ = card(records)
    records.removed.add(place)
    take_away(records, place)


def a_line_is_missing(records: Records) -> None:
    take_away(records, line(records)[0])


def a_line_is_posted_twice(records: Records) -> None:
    post_again(records, *line(records))


def a_line_stands_elsewhere(records: Records) -> None:
    line(records)[1]["thread_ts"] = "1.0"


def a_comment_is_not_said(records: Records) -> None:
    take_away(records, comment_elsewhere(records)[0])


def a_comment_is_said_twice(records: Records) -> None:
    post_again(records, *comment_elsewhere(records))


def a_comment_shows_its_old_text(records: Records) -> None:
    message = comment_elsewhere(records)[1]
    message["text"] = f"{message['text'].partition('says: ')[0]}says: something older"


def a_quote_is_missing(records: Records) -> None:
    take_away(records, quote(records)[0])


def a_quote_is_posted_twice(records: Records) -> None:
    post_again(records, *quote(records))


def a_digest_is_forgotten(records: Records) -> None:
    records.runs = changed(records.runs, lambda _: True, outcome="queued")


def a_digest_is_missing(records: Records) -> None:
    run = next(run for run in records.runs if run.outcome == "posted")
    take_away(records, (run.channel_id, run.ts))


def a_digest_never_came(records: Records) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    noon = now.replace(hour=23, minute=59)
    since = (noon - timedelta(days=2)).replace(tzinfo=UTC)
    at = noon.replace(hour=0, minute=1).time()
    records.schedules = changed(records.schedules, lambda _: True, id="other", now_utc=noon, since=since, at=at)


def a_digest_is_posted_twice(records: Records) -> None:
    place, message = next(each for each in records.by_place().items() if is_digest(each[1]))
    post_again(records, place, message)


def somebody_is_not_told(records: Records) -> None:
    odd = records.ever_deleted() | {entry.incident_id for entry in records.entries if entry.what == "undone"}
    incident = next(incident for incident in records.incidents if incident.id not in odd)
    records.incidents = changed(records.incidents, lambda each: each is incident, assignee="Sam Stranger")
    entry = SimpleNamespace(incident_id=incident.id, what="assigned", new="Sam Stranger", by_name="Ana Almeida")
    records.entries = [*records.entries, SimpleNamespace(**{**records.entries[0]._mapping, **vars(entry)})]


def somebody_is_told_twice(records: Records) -> None:
    for channel in records.slack["channels"]:
        channel["messages"] += [m for m in channel["messages"] if channel.get("is_im") and ASSIGNED.match(m["text"])]


def a_home_is_old(records: Records) -> None:
    for view in records.slack["homes"].values():
        view["blocks"] = [{"type": "section", "text": {"type": "mrkdwn", "text": "<https://example.com|INC-999>"}}]


def a_row_is_left_in_the_outbox(records: Records) -> None:
    names = ("topic", "id", "incident_id", "attempts", "last_error", "gave_up_at")
    records.outbox = [SimpleNamespace(**dict.fromkeys(names))]


def a_row_was_given_up(records: Records) -> None:
    names = ("topic", "id", "incident_id", "attempts", "last_error")
    records.outbox = [SimpleNamespace(**dict.fromkeys(names), gave_up_at=datetime.now(UTC))]


def a_post_for_the_same_row(records: Records) -> None:
    """Something that is neither a card nor a line."""
    metadata = {"event_type": EVENT_TYPE, "event_payload": {"id": "7"}}
    told = Told("message", 1.0, {"bot_id": "B", "text": "", "metadata": metadata})
    records.events |= {("D0BEN00000", "1.0"): [told], ("D0BEN00000", "2.0"): [told]}


TAMPERED_POSTS: tuple[tuple[Tampering, str], ...] = (
    (a_card_is_posted_twice, "an_incident_has_one_card_that_shows_it"),
    (a_card_shows_an_old_state, "an_incident_has_one_card_that_shows_it"),
    (a_card_has_old_buttons, "an_incident_has_one_card_that_shows_it"),
    (a_card_waited_for_a_comparison, "no_card_waits_for_a_comparison"),
    (a_second_card_was_taken_away_again, "nothing_is_posted_twice"),
    (a_post_for_the_same_row, "nothing_is_posted_twice"),
    (the_bot_removes_a_card, "nothing_is_removed_that_should_stay"),
    (a_line_is_missing, "each_change_has_a_line_in_the_thread"),
    (a_line_stands_elsewhere, "each_change_has_a_line_in_the_thread"),
    (a_line_is_posted_twice, "each_line_stands_for_something"),
    (a_comment_is_not_said, "each_comment_made_elsewhere_is_said_once_in_the_thread"),
    (a_comment_is_said_twice, "each_comment_made_elsewhere_is_said_once_in_the_thread"),
    (a_comment_shows_its_old_text, "each_comment_made_elsewhere_is_said_once_in_the_thread"),
    (a_quote_is_missing, "each_message_that_was_brought_is_quoted_once_in_the_thread"),
    (a_quote_is_posted_twice, "each_message_that_was_brought_is_quoted_once_in_the_thread"),
    (a_digest_is_forgotten, "each_due_digest_is_posted"),
    (a_digest_is_missing, "each_due_digest_is_posted"),
    (a_digest_never_came, "each_due_digest_is_posted"),
    (a_digest_is_posted_twice, "no_digest_is_posted_twice"),
    (somebody_is_not_told, "who_is_assigned_is_told"),
    (somebody_is_told_twice, "nobody_is_told_again_of_the_same_incident"),
    (a_home_is_old, "home_shows_what_is_true"),
    (a_row_is_left_in_the_outbox, "everything_was_sent"),
    (a_row_was_given_up, "everything_was_sent"),
)
