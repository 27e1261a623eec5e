"""When Slack may be asked again."""

import pytest

from bot.sync import POST, PUBLISH, NotYet, Pace


@pytest.mark.parametrize("method", [POST, PUBLISH])
def test_a_channel_or_a_home_gets_a_few_at_once_and_then_has_to_wait(method: str) -> None:
    pace = Pace(burst=2, interval_s=60)
    pace.book(method, "one")
    pace.book(method, "one")

    with pytest.raises(NotYet) as wait:
        pace.book(method, "one")

    assert 0 < wait.value.seconds <= 60
    pace.book(method, "another")


def test_what_answers_a_click_never_waits() -> None:
    pace = Pace(burst=1, interval_s=60)

    for _ in range(3):
        pace.book("views.open", "one")
