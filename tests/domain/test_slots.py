"""When something is due: in any zone, over clock changes, leap days and years' ends; and how people write it."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain import slots
from domain.errors import InvalidInput
from domain.slots import Times

WEEKDAYS, DAILY = frozenset(range(5)), frozenset(range(7))


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def between(times: Times, begin: datetime, end: datetime) -> list[datetime]:
    """Every slot, as a clock that looks each minute finds it."""
    found, now = [], begin
    while now < end:
        slot = slots.latest(times, now)
        if slot > begin and slot not in found:
            found.append(slot)
        now += timedelta(minutes=30)
    return found


def test_weekdays_at_nine_are_five_slots_a_week() -> None:
    times = Times(time(9), "Europe/Berlin", WEEKDAYS)

    found = between(times, at("2026-03-02T00:00"), at("2026-03-09T00:00"))

    assert found == [at(f"2026-03-0{day}T09:00", "Europe/Berlin") for day in (2, 3, 4, 5, 6)]


def test_a_time_that_is_skipped_in_spring_comes_an_hour_later_and_once() -> None:
    times = Times(time(2, 30), "Europe/Berlin", DAILY)

    found = between(times, at("2026-03-28T00:00"), at("2026-03-31T00:00"))

    local = [slot.astimezone(ZoneInfo("Europe/Berlin")).strftime("%d %H:%M") for slot in found]
    assert local == ["28 02:30", "29 03:30", "30 02:30"]


def test_a_time_that_comes_twice_in_autumn_counts_once() -> None:
    times = Times(time(2, 30), "Europe/Berlin", DAILY)

    found = between(times, at("2026-10-24T00:00"), at("2026-10-27T00:00"))

    assert found == [at("2026-10-24T00:30"), at("2026-10-25T00:30"), at("2026-10-26T01:30")]


@pytest.mark.parametrize(
    "zone, expected",
    [
        ("Asia/Kathmandu", "03:15"),
        ("Asia/Kolkata", "03:30"),
        ("Australia/Lord_Howe", "22:00"),
        ("Pacific/Chatham", "19:15"),
    ],
)
def test_zones_of_half_and_quarter_hours(zone: str, expected: str) -> None:
    slot = slots.latest(Times(time(9), zone, DAILY), at("2026-02-10T12:00"))

    assert slot.strftime("%H:%M") == expected


def test_half_an_hour_of_daylight_saving() -> None:
    times = Times(time(2, 15), "Australia/Lord_Howe", DAILY)

    found = between(times, at("2026-10-03T00:00"), at("2026-10-05T00:00"))

    local = [slot.astimezone(ZoneInfo("Australia/Lord_Howe")).strftime("%d %H:%M") for slot in found]
    assert local == ["04 02:45", "05 02:15"]


def test_a_leap_day_and_a_years_end_are_days_like_others() -> None:
    times = Times(time(23, 59), "America/New_York", DAILY)

    leap = between(times, at("2028-02-28T12:00"), at("2028-03-02T12:00"))
    end = between(times, at("2026-12-31T12:00"), at("2027-01-02T12:00"))

    assert [slot.date().isoformat() for slot in leap] == ["2028-02-29", "2028-03-01", "2028-03-02"]
    assert end == [at("2026-12-31T23:59", "America/New_York"), at("2027-01-01T23:59", "America/New_York")]


def test_the_next_slot_comes_after_the_latest() -> None:
    times = Times(time(9), "Europe/Berlin", frozenset({0}))
    now = at("2026-03-02T09:00", "Europe/Berlin")

    assert slots.latest(times, now) == now
    assert slots.following(times, now) == at("2026-03-09T09:00", "Europe/Berlin")
    assert slots.latest(times, now - timedelta(seconds=1)) == at("2026-02-23T09:00", "Europe/Berlin")


@pytest.mark.parametrize(
    "typed, expected",
    [("9", "09:00"), ("09:00", "09:00"), ("9.30", "09:30"), ("5pm", "17:00"), ("12am", "00:00"), ("12 PM", "12:00"),
     ("0:05", "00:05"), ("17h30", "17:30")],
)  # fmt: skip
def test_times_are_read_as_people_write_them(typed: str, expected: str) -> None:
    assert f"{slots.read_time(typed):%H:%M}" == expected


@pytest.mark.parametrize("typed", ["24:00", "9:60", "13pm", "0am", "noon", "", "09:00:00", "-1"])
def test_what_is_no_time_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        slots.read_time(typed)

    assert refused.value.field == "at"


@pytest.mark.parametrize(
    "typed, expected",
    [("mon-fri", "mon-fri"), ("Monday,thu", "mon,thu"), ("fri-mon", "mon,fri,sat,sun"), ("weekdays", "mon-fri"),
     ("daily", "mon-sun"), ("weekend", "sat,sun"), ("tue", "tue"), ("mon, wed fri", "mon,wed,fri")],
)  # fmt: skip
def test_days_are_read_as_people_write_them(typed: str, expected: str) -> None:
    assert slots.spoken(slots.read_days(typed)) == expected


@pytest.mark.parametrize("typed", ["", ",", "mo", "xyz", "mon-xyz", "1-5"])
def test_what_names_no_days_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        slots.read_days(typed)

    assert refused.value.field == "days"


@pytest.mark.parametrize(
    "typed, expected",
    [("Europe/Berlin", "Europe/Berlin"), ("europe/berlin", "Europe/Berlin"), ("kathmandu", "Asia/Kathmandu"),
     ("New York", "America/New_York"), ("utc", "UTC")],
)  # fmt: skip
def test_zones_are_read_whatever_their_case(typed: str, expected: str) -> None:
    assert slots.read_zone(typed) == expected


def test_a_mistyped_zone_names_the_nearest_ones() -> None:
    with pytest.raises(InvalidInput, match="Did you mean Europe/Berlin") as refused:
        slots.read_zone("Europe/Berln")
    with pytest.raises(InvalidInput, match="Write it like Europe/Berlin"):
        slots.read_zone("!" * 3_000)

    assert refused.value.field == "zone"


def test_words_are_told_apart() -> None:
    assert [slots.is_time(word) for word in ("9", "09:00", "mon", "Europe/Berlin")] == [True, True, False, False]
    assert [slots.are_days(word) for word in ("mon-fri", "daily", "mon,xyz", "Europe/Berlin")] == [
        True,
        True,
        False,
        False,
    ]
    assert str(Times(time(9), "UTC", WEEKDAYS)) == "09:00 UTC mon-fri"
