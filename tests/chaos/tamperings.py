"""Each makes one thing wrong in what was found, and names the promise that must not hold then."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace

from tests.chaos.ledger import Act, Outcome, Reply
from tests.chaos.records import Records
from tests.chaos.tampered_posts import TAMPERED_POSTS
from tests.chaos.tampering import Tampering, changed, is_alive, is_said_elsewhere


def an_act_is_forgotten(records: Records) -> None:
    records.ledger.add(Act("ana", ("created", "never written"), Outcome.DONE))


def an_act_is_done_that_was_refused(records: Records) -> None:
    records.ledger.acts = [act for act in records.ledger.acts if act.evidence[0] != "created"]


def an_act_is_done_twice(records: Records) -> None:
    said = next(comment for comment in records.comments if is_said_elsewhere(comment))
    records.comments = [*records.comments, said]


def an_incident_vanishes(records: Records) -> None:
    records.incidents = records.incidents[1:]


def a_creation_leaves_no_trace(records: Records) -> None:
    records.entries = [entry for entry in records.entries if entry.what != "created"]


def a_state_changes_without_a_word(records: Records) -> None:
    other = "open" if records.incidents[0].state != "open" else "resolved"
    records.incidents = changed(records.incidents, lambda _: True, state=other)


def a_change_begins_elsewhere(records: Records) -> None:
    records.entries = changed(records.entries, lambda entry: entry.what == "resolved", old="closed")


def a_reply_is_not_heard(records: Records) -> None:
    records.ledger.replies["C0INCIDENT", "1.0"] = Reply("ana", "never heard")


def a_comment_has_an_old_text(records: Records) -> None:
    alive = (place for place, reply in records.ledger.replies.items() if not (reply.is_deleted or reply.is_line))
    records.ledger.replies[next(alive)].says("newer")


def a_deleted_reply_is_no_tombstone(records: Records) -> None:
    alive = (place for place, reply in records.ledger.replies.items() if not reply.is_deleted)
    records.ledger.replies[next(alive)].is_deleted = True


def a_comment_is_buried_alive(records: Records) -> None:
    records.comments = changed(
        records.comments, lambda each: not each.is_ours and is_alive(each), deleted_at=datetime.now(UTC)
    )


def a_tombstone_has_words(records: Records) -> None:
    records.comments = changed(records.comments, lambda comment: not is_alive(comment), content="still there")


def a_tombstone_has_earlier_versions(records: Records) -> None:
    gone = next(comment for comment in records.comments if not is_alive(comment))
    records.revisions = [*records.revisions, SimpleNamespace(comment_id=gone.id, content="still there")]


def an_earlier_version_is_lost(records: Records) -> None:
    records.revisions = []


def an_earlier_version_is_made_up(records: Records) -> None:
    reply = next(comment for comment in records.comments if not comment.is_ours)
    records.revisions = [*records.revisions, SimpleNamespace(comment_id=reply.id, content="never said")]


def an_answer_cannot_be_used(records: Records) -> None:
    records.ledger.unusable.append("incident.create")


def a_bot_does_not_end(records: Records) -> None:
    records.stuck = 1


def a_fault_is_logged(records: Records) -> None:
    records.logged.append("Traceback")


TAMPERINGS: tuple[tuple[Tampering, str], ...] = (
    *TAMPERED_POSTS,
    (an_act_is_forgotten, "what_was_acked_is_kept"),
    (an_earlier_version_is_lost, "what_was_acked_is_kept"),
    (an_act_is_done_that_was_refused, "nothing_is_done_twice_or_unasked"),
    (an_act_is_done_twice, "nothing_is_done_twice_or_unasked"),
    (an_incident_vanishes, "an_incident_is_whole"),
    (a_creation_leaves_no_trace, "an_incident_is_whole"),
    (a_creation_leaves_no_trace, "the_timeline_explains_every_state"),
    (a_state_changes_without_a_word, "the_timeline_explains_every_state"),
    (a_change_begins_elsewhere, "the_timeline_explains_every_state"),
    (a_reply_is_not_heard, "each_reply_is_one_comment_with_its_last_text"),
    (a_comment_has_an_old_text, "each_reply_is_one_comment_with_its_last_text"),
    (a_deleted_reply_is_no_tombstone, "each_reply_is_one_comment_with_its_last_text"),
    (a_comment_is_buried_alive, "each_reply_is_one_comment_with_its_last_text"),
    (a_tombstone_has_words, "a_deleted_comment_has_no_words"),
    (a_tombstone_has_earlier_versions, "a_deleted_comment_has_no_words"),
    (an_earlier_version_is_made_up, "earlier_versions_are_what_was_said"),
    (an_answer_cannot_be_used, "the_bot_answers_so_that_slack_understands"),
    (a_bot_does_not_end, "a_bot_ends_when_it_is_asked_to"),
    (a_fault_is_logged, "the_bots_log_nothing_unforeseen"),
)


def untouched(promises: Sequence[tuple[str, Callable[[Records], Iterator[str]]]]) -> set[str]:
    """Promises that nothing here breaks."""
    return {promise.__name__ for _, promise in promises} - {name for _, name in TAMPERINGS}
