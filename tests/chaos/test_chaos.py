"""A short run of ``make chaos``, and proof that its checks find what they look for."""

import copy
from collections.abc import Callable, Iterator

from tests.chaos.ledger import Act, Outcome, Reply
from tests.chaos.promises import PROMISES
from tests.chaos.records import Records
from tests.chaos.report import told
from tests.chaos.rounds import play


async def test_nothing_is_lost_or_doubled_and_the_checks_would_tell() -> None:
    report = await play(rounds=2, seed="harbour", seconds=6.0)

    assert report.is_good, told(report)
    assert report.rounds == 2
    assert report.records is not None
    for tamper, name in TAMPERINGS:
        records = copy.deepcopy(report.records)
        tamper(records)
        assert name in set(broken(records)), tamper.__name__


def broken(records: Records) -> Iterator[str]:
    """The promises that do not hold."""
    for _, promise in PROMISES:
        if list(promise(records)):
            yield promise.__name__


def an_act_is_forgotten(records: Records) -> None:
    records.ledger.add(Act("ana", ("created", "never written"), Outcome.DONE))


def an_act_is_refused_that_was_done(records: Records) -> None:
    records.ledger.acts = [act for act in records.ledger.acts if act.evidence[0] != "created"]


def an_incident_vanishes(records: Records) -> None:
    records.incidents = records.incidents[1:]


def a_card_is_posted_twice(records: Records) -> None:
    channel, card = next(iter(records.cards().values()))[0]
    messages = next(c["messages"] for c in records.slack["channels"] if c["id"] == channel)
    messages.append({**card, "ts": "1.0", "thread_ts": "1.0"})


def a_card_shows_an_old_state(records: Records) -> None:
    _, card = next(iter(records.cards().values()))[0]
    card["text"] = card["text"].replace("unassigned", "assigned to Nobody").replace("assigned to", "assigned once to")


def a_row_is_left_in_the_outbox(records: Records) -> None:
    records.outbox = [type("Row", (), dict.fromkeys(("topic", "id", "attempts", "last_error", "gave_up_at")))()]


def a_reply_is_not_heard(records: Records) -> None:
    records.ledger.replies["C0INCIDENT", "1.0"] = Reply("ana", "never heard")


def a_change_leaves_no_trace(records: Records) -> None:
    records.entries = [entry for entry in records.entries if entry.what != "created"]


def a_line_stands_for_nothing(records: Records) -> None:
    channel_id, card = next(iter(records.cards().values()))[0]
    messages = next(c["messages"] for c in records.slack["channels"] if c["id"] == channel_id)
    messages.append({**card, "ts": "2.0", "thread_ts": card["ts"], "text": "somebody did something"})


def a_fault_is_logged(records: Records) -> None:
    records.logged.append("Traceback")


TAMPERINGS: tuple[tuple[Callable[[Records], None], str], ...] = (
    (an_act_is_forgotten, "what_was_acked_is_kept"),
    (an_act_is_refused_that_was_done, "nothing_is_done_twice_or_unasked"),
    (an_incident_vanishes, "an_incident_is_whole"),
    (a_card_is_posted_twice, "an_incident_has_one_card_that_shows_it"),
    (a_card_is_posted_twice, "nothing_is_posted_twice"),
    (a_card_shows_an_old_state, "an_incident_has_one_card_that_shows_it"),
    (a_row_is_left_in_the_outbox, "everything_was_sent"),
    (a_reply_is_not_heard, "each_reply_is_one_comment_with_its_last_text"),
    (a_change_leaves_no_trace, "the_timeline_explains_every_state"),
    (a_line_stands_for_nothing, "each_change_has_one_line_in_the_thread"),
    (a_fault_is_logged, "the_bots_log_nothing_unforeseen"),
)
