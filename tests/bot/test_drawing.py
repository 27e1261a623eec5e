"""The picture of the numbers: a real PNG that shows what its words say."""

import asyncio
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from datetime import UTC, datetime, timedelta

import pytest

from bot.stats import drawing, words
from bot.stats.lines import Wanted
from domain import stats
from domain.stats import Group, Numbers, Took, Week

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NONE, SLOW = Took(), Took(7, timedelta(hours=2, minutes=10), timedelta(days=3))


def group(name: str, *, ages: tuple[int, ...] = (1, 2, 0, 3), start: Took = NONE, resolve: Took = SLOW) -> Group:
    return Group(name=name, opened=5, resolved=4, ages=ages, to_start=start, to_resolve=resolve)


def numbers(days: int = 30, *categories: str, zone: str = "Europe/Berlin") -> Numbers:
    period = stats.last_days(days, zone=zone, until=NOW)
    priorities = [
        group("critical"),
        group("high", start=Took(9, timedelta(0), timedelta(0))),
        group("medium", start=Took(4), resolve=Took(3)),
        group("low", ages=(0, 0, 0, 0), resolve=NONE),
    ]
    weeks = [Week(monday, place % 7, place % 5) for place, monday in enumerate(period.mondays)]
    kinds = [group(name) for name in categories or ("bug",)]
    return Numbers(period=period, weeks=weeks, reopened=2, priorities=priorities, categories=kinds)


def pixels(png: bytes) -> tuple[int, int, bytes]:
    """Width, height and the unpacked rows of a PNG, whose every chunk is checked."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, place, packed = 0, 0, 8, b""
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        kind, data = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        assert zlib.crc32(kind + data) == struct.unpack(">I", png[place + 8 + length : place + 12 + length])[0]
        if kind == b"IHDR":
            width, height = struct.unpack(">II", data[:8])
        packed += data if kind == b"IDAT" else b""
        place += 12 + length
    assert kind == b"IEND"
    return width, height, zlib.decompress(packed)


@pytest.mark.parametrize(
    "wanted", [Wanted(1), Wanted(7), Wanted(30), Wanted(90), Wanted(366), Wanted(30, by_category=True)]
)
def test_a_picture_is_a_png_that_slack_can_show(wanted: Wanted) -> None:
    png = drawing.picture(numbers(wanted.days), wanted)

    width, height, rows = pixels(png)
    assert (width, height) == (1_400, 1_050)
    assert 20_000 < len(png) < 1_000_000
    assert len(set(rows)) > 50


def test_names_that_no_font_has_and_formulas_are_drawn_without_a_complaint() -> None:
    names = ("$x^2$", "障害", "🔥fire", "a_b", "long " * 8, r"back\slash", "$", "<b>&")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        png = drawing.picture(numbers(30, *names), Wanted(by_category=True))

    assert pixels(png)[0] == 1_400


def test_a_quiet_period_with_old_incidents_can_be_drawn() -> None:
    quiet = Numbers(
        period=stats.last_days(7, zone="UTC", until=NOW),
        weeks=[Week(NOW.date(), 0, 0)],
        reopened=0,
        priorities=[group("critical", resolve=NONE)],
        categories=[],
    )

    assert pixels(drawing.picture(quiet, Wanted(7)))[0] == 1_400


async def test_other_work_goes_on_and_two_pictures_are_never_drawn_at_once() -> None:
    turns = 0
    drawing_all = asyncio.gather(*(drawing.drawn(numbers(), Wanted()) for _ in range(3)))
    while not drawing_all.done():
        await asyncio.sleep(0.01)
        turns += 1

    assert {pixels(png)[0] for png in drawing_all.result()} == {1_400}
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("drawing")] == ["drawing_0"]
    assert turns > 1


def test_the_library_that_draws_is_loaded_only_for_a_picture() -> None:
    loads = "import sys, bot.app; print('matplotlib' in sys.modules, 'numpy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)

    assert found.stdout.split() == ["False", "False"]


def test_the_alternative_text_holds_the_numbers() -> None:
    told = words.alternative(numbers(), Wanted())

    assert told.startswith("Incidents of the last 30 days: 10 opened, 10 resolved, 2 reopened. 18 are open now. ")
    assert "critical 1/2/0/3, high 1/2/0/3, medium 1/2/0/3." in told
    assert "Started, half of them/9 of 10 within: high less than a minute/less than a minute" in told
    assert "Resolved, half of them/9 of 10 within: critical 2 h 10 min/3 d" in told
    assert "medium too few to tell" in told
    assert "Opened most: bug 5." in told
    assert told.endswith("26 Oct 0/0, 2 Nov 1/1, 9 Nov 2/2, 16 Nov 3/3, 23 Nov 4/4.")


def test_the_alternative_text_fits_however_much_there_is() -> None:
    told = words.alternative(numbers(366, *(f"category {n} {'x' * 28}" for n in range(90))), Wanted(366, True))

    assert len(told) <= 1_000


@pytest.mark.parametrize(
    "took, said",
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=10), "10 min"),
        (timedelta(hours=2, minutes=10), "2 h 10 min"),
        (timedelta(hours=10), "10 h"),
        (timedelta(days=3, minutes=5), "3 d"),
        (timedelta(days=30, hours=20), "30 d 20 h"),
    ],
)
def test_times_are_said_in_the_units_that_count(took: timedelta, said: str) -> None:
    assert words.time_of(took) == said
