"""When something is due again and again: a time of day, some days of the week, a time zone; and how people write it.

Each local day has one slot. A time that the clock skips counts as many minutes later as it skips; of a time that comes
twice the first one counts.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from domain.errors import InvalidInput

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_GROUPS: Final = {
    "weekdays": "mon-fri",
    "weekend": "sat-sun",
    "weekends": "sat-sun",
    "daily": "mon-sun",
    "all": "mon-sun",
}
_TIME: Final = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?\s?(am|pm)?", re.IGNORECASE)
_LOOK_BACK: Final = 8
"""Days within which every schedule has a slot."""


@dataclass(frozen=True, slots=True)
class Times:
    """When; ``days`` counts from Monday, which is 0, and holds at least one."""

    at: time
    zone: str
    days: frozenset[int]

    def __str__(self) -> str:
        return f"{self.at:%H:%M} {self.zone} {spoken(self.days)}"


def latest(times: Times, now: datetime) -> datetime:
    """The last slot that is not in the future, in UTC."""
    today = now.astimezone(ZoneInfo(times.zone)).date()
    days = (today + timedelta(days=1 - back) for back in range(_LOOK_BACK + 2))
    return next(slot for day in days if day.weekday() in times.days and (slot := _moment(times, day)) <= now)


def following(times: Times, now: datetime) -> datetime:
    """The next slot, in UTC."""
    today = now.astimezone(ZoneInfo(times.zone)).date()
    days = (today + timedelta(days=ahead - 1) for ahead in range(_LOOK_BACK + 2))
    return next(slot for day in days if day.weekday() in times.days and (slot := _moment(times, day)) > now)


def read_time(typed: str) -> time:
    """``9``, ``09:00``, ``9.30``, ``5pm``.

    Raises:
        InvalidInput: on ``at``.
    """
    found = _TIME.fullmatch(typed.strip())
    hour, minute = (int(found[1]), int(found[2] or 0)) if found else (24, 0)
    half = (found[3] or "").lower() if found else ""
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    elif half:
        hour = 24
    if hour > 23 or minute > 59:
        raise InvalidInput(f"Not saved: “{typed[:40]}” is no time of day. Write it like 09:00.", field="at")
    return time(hour, minute)


def is_time(word: str) -> bool:
    """Whether a word looks like a time of day."""
    return _TIME.fullmatch(word) is not None


def read_zone(typed: str) -> str:
    """A time zone by its name, whatever its case.

    Raises:
        InvalidInput: on ``zone``, naming the nearest ones.
    """
    wanted = typed.strip().replace(" ", "_")
    known = {name.lower(): name for name in available_timezones()}
    if wanted.lower() in known:
        return known[wanted.lower()]
    cities = {name.rpartition("/")[2].lower(): name for name in sorted(known.values())}
    if wanted.lower() in cities:
        return cities[wanted.lower()]
    near = get_close_matches(wanted.lower()[:60], [*known, *cities], n=3, cutoff=0.6)
    names = list(dict.fromkeys(known.get(name) or cities[name] for name in near))
    guess = f"Did you mean {' or '.join(names)}?" if names else "Write it like Europe/Berlin."
    raise InvalidInput(f"Not saved: there is no time zone “{typed[:60]}”. {guess}", field="zone")


def read_days(typed: str) -> frozenset[int]:
    """``mon-fri``, ``mon,wed``, ``weekdays``, ``daily``.

    Raises:
        InvalidInput: on ``days``.
    """
    found: set[int] = set()
    for part in filter(None, re.split(r"[,\s]+", typed.strip().lower())):
        first, _, last = _GROUPS.get(part, part).partition("-")
        begin, end = _day(first), _day(last or first)
        if begin is None or end is None:
            raise InvalidInput(
                f"Not saved: “{part[:40]}” names no days. Write them like mon-fri or mon,thu.", field="days"
            )
        found |= {day % 7 for day in range(begin, end + (7 if end < begin else 0) + 1)}
    if not found:
        raise InvalidInput("Not saved: name at least one day, like mon-fri.", field="days")
    return frozenset(found)


def are_days(word: str) -> bool:
    """Whether a word looks like days of the week."""
    return all(part in _GROUPS or _day(part.partition("-")[0]) is not None for part in word.lower().split(","))


def spoken(days: Iterable[int]) -> str:
    """Days as they can be typed: ``mon-fri``, ``mon,thu``."""
    wanted = sorted(days)
    if len(wanted) > 2 and wanted == list(range(wanted[0], wanted[-1] + 1)):
        return f"{DAYS[wanted[0]]}-{DAYS[wanted[-1]]}"
    return ",".join(DAYS[day] for day in wanted)


def _day(word: str) -> int | None:
    return DAYS.index(word[:3]) if word[:3] in DAYS and len(word) >= 3 else None


def _moment(times: Times, day: date) -> datetime:
    return datetime.combine(day, times.at, ZoneInfo(times.zone)).astimezone(UTC)
