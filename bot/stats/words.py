"""Numbers as people say them; plain text, for messages and for the picture."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.incidents.views import duration, spoken
from bot.mrkdwn import shorten
from bot.stats.lines import Wanted
from domain.stats import Group, Numbers, Took, Week

ALT_LIMIT: Final = 1_000
"""Characters of an alternative text, by Slack."""
WEEKS_SHOWN: Final = 14
MANY_WEEKS: Final = 26
"""More than this need the year with their day."""
GROUPS_SHOWN: Final = 8
TOP: Final = 5
AGES: Final = ("under a day", "for 1–7 days", "for 7–30 days", "for over 30 days")


def is_nothing(numbers: Numbers) -> bool:
    """Nothing happened, and nothing is open."""
    return numbers.is_quiet and not numbers.unresolved


def days(wanted: Wanted) -> str:
    """“30 days”."""
    return "day" if wanted.days == 1 else f"{wanted.days} days"


def quiet(wanted: Wanted) -> str:
    """That nothing happened."""
    return f"Nothing was opened, resolved or reopened in the last {days(wanted)}."


def headline(numbers: Numbers, wanted: Wanted) -> str:
    """The figures that matter most, in a sentence or two."""
    now = f"{numbers.unresolved} {'is' if numbers.unresolved == 1 else 'are'} open now."
    if numbers.is_quiet:
        return f"{quiet(wanted)} {now}"
    return f"{numbers.opened} opened, {numbers.resolved} resolved, {numbers.reopened} reopened. {now}"


def sections(numbers: Numbers, wanted: Wanted) -> list[tuple[str, list[str]]]:
    """Titles with their lines; what is empty is left out."""
    groups = shown(numbers, wanted)
    most = [", ".join(_top(numbers))] if _top(numbers) else []
    parts = [
        ("Per week, by its first day", _weeks(numbers)),
        ("By category", _moved(numbers)) if wanted.by_category else ("Opened most", most),
        ("Open now, by age", _open(groups)),
        ("How long it takes from opening", _times(groups)),
    ]
    return [(title, lines) for title, lines in parts if lines]


def alternative(numbers: Numbers, wanted: Wanted) -> str:
    """What the picture shows, for those who do not see it."""
    groups = shown(numbers, wanted)
    by_age = ", ".join(f"{spoken(group.name)} {'/'.join(map(str, group.ages))}" for group in groups if group.unresolved)
    to_start, to_resolve = (
        ", ".join(f"{spoken(group.name)} {_brief(took)}" for group, took in tooks if took.count)
        for tooks in ([(g, g.to_start) for g in groups], [(g, g.to_resolve) for g in groups])
    )
    weeks = ", ".join(f"{name} {week.opened}/{week.resolved}" for name, week in labelled(numbers)[-WEEKS_SHOWN:])
    told = [
        f"Incidents of the last {days(wanted)}: {headline(numbers, wanted)}",
        f"Open under a day/a week/30 days/longer: {by_age or 'none'}.",
        f"Started, half of them/9 of 10 within: {to_start or 'none'}.",
        f"Resolved, half of them/9 of 10 within: {to_resolve or 'none'}.",
        f"Opened most: {', '.join(_top(numbers)) or 'none'}.",
        f"Opened/resolved in the weeks from {weeks}.",
    ]
    return shorten(" ".join(told), ALT_LIMIT)


def shown(numbers: Numbers, wanted: Wanted) -> Sequence[Group]:
    """What the numbers are told by: the priorities, or the categories with most."""
    return numbers.categories[:GROUPS_SHOWN] if wanted.by_category else numbers.priorities


def labelled(numbers: Numbers) -> list[tuple[str, Week]]:
    """Each week with the day on which it begins; the first with the day on which the period does."""
    first = numbers.period.since.astimezone(ZoneInfo(numbers.period.zone)).date()
    form = "%-d %b %Y" if len(numbers.weeks) > MANY_WEEKS else "%-d %b"
    return [(max(week.monday, first).strftime(form), week) for week in numbers.weeks]


def time_of(took: timedelta) -> str:
    """“2 h 10 min”, “3 d”."""
    return duration(took).removesuffix(" 0 h").removesuffix(" 0 min")


def _weeks(numbers: Numbers) -> list[str]:
    if numbers.is_quiet:
        return []
    weeks = labelled(numbers)
    before, recent = [week for _, week in weeks[:-WEEKS_SHOWN]], weeks[-WEEKS_SHOWN:]
    names = [*(name for name, _ in recent[:-1]), f"{recent[-1][0]}, so far"]
    lines = [f"{name}: {w.opened} opened, {w.resolved} resolved" for name, (_, w) in zip(names, recent, strict=True)]
    if before:
        opened, resolved = sum(week.opened for week in before), sum(week.resolved for week in before)
        lines.insert(0, f"the {len(before)} weeks before: {opened} opened, {resolved} resolved")
    return lines


def _moved(numbers: Numbers) -> list[str]:
    lines = [
        f"{spoken(group.name)}: {group.opened} opened, {group.resolved} resolved, {group.unresolved} open now"
        for group in numbers.categories[:GROUPS_SHOWN]
    ]
    more = len(numbers.categories) - GROUPS_SHOWN
    return [*lines, f"… and {more} more"] if more > 0 else lines


def _top(numbers: Numbers) -> list[str]:
    return [f"{spoken(group.name)} {group.opened}" for group in numbers.categories[:TOP] if group.opened]


def _open(groups: Sequence[Group]) -> list[str]:
    return [f"{spoken(group.name)}: {group.unresolved} ({_ages(group)})" for group in groups if group.unresolved]


def _ages(group: Group) -> str:
    return ", ".join(f"{count} {age}" for age, count in zip(AGES, group.ages, strict=True) if count)


def _times(groups: Sequence[Group]) -> list[str]:
    return [
        f"{spoken(group.name)}: {_took('started', group.to_start)}; {_took('resolved', group.to_resolve)}"
        for group in groups
        if group.to_start.count or group.to_resolve.count
    ]


def _took(what: str, took: Took) -> str:
    if took.median is None or took.most is None:
        return f"{what}: too few to tell ({took.count})"
    return f"half {what} within {time_of(took.median)}, 9 of 10 within {time_of(took.most)}"


def _brief(took: Took) -> str:
    if took.median is None or took.most is None:
        return "too few to tell"
    return f"{time_of(took.median)}/{time_of(took.most)}"
