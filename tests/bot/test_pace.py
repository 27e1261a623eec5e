"""When Slack may be asked again."""

from datetime import UTC, datetime

import pytest

from bot.pace import POST, PUBLISH, SENDING, NotYet, Pace
from domain.outbox import Outgoing, Topic


@pytest.mark.parametrize("method", [POST, PUBLISH])
def test_a_channel_or_a_home_gets_a_few_at_once_and_then_has_to_wait(method: str) -> None:
    pace = Pace(burst=2, interval_s=60)
    pace.book(method, "one")
    pace.book(method, "one")

    with pytest.raises(NotYet) as wait:
        pace.book(method, "one")

    assert 0 < wait.value.seconds <= 60
    pace.book(method, "another")


def test_those_who_wait_get_a_place_each_and_keep_it() -> None:
    pace = Pace(burst=1, interval_s=60)
    pace.book(POST, "one")

    waits = [wait_of(pace, row) for row in (1, 2, 3, 1, 2)]

    assert [round(wait) for wait in waits] == [60, 120, 180, 60, 120]


def test_those_whom_slack_sent_away_do_not_come_back_at_the_same_moment() -> None:
    pace = Pace()
    pace.hold("chat.update", 60)

    first, second = (wait_of(pace, row, "chat.update") for row in (1, 2))

    assert 59 < first < second


def test_a_shorter_wait_ends_no_longer_one() -> None:
    pace = Pace()
    pace.hold("chat.update", 60)
    pace.hold("chat.update", 1)

    assert wait_of(pace, 1, "chat.update") > 59


def wait_of(pace: Pace, row: int, method: str = POST) -> float:
    """Seconds that somebody who sends this row is told to wait."""
    SENDING.set(outgoing(row))
    with pytest.raises(NotYet) as wait:
        pace.book(method, "one")
    return wait.value.seconds


def outgoing(row: int) -> Outgoing:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Outgoing(row, "T1", Topic.CHANGE_NOTED, "lane", None, {}, at, 1, "process-1", 1)


def test_what_answers_a_click_never_waits() -> None:
    pace = Pace(burst=1, interval_s=60)

    for _ in range(3):
        pace.book("views.open", "one")
