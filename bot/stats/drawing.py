"""The numbers as one picture, which says nothing by colour alone.

The library that draws is large: it is loaded with the first picture. Pictures are drawn one after the other, in a
thread of their own.
"""

import asyncio
import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from bot.incidents.views import spoken
from bot.mrkdwn import shorten
from bot.stats import words
from bot.stats.lines import Wanted
from domain.stats import Group, Numbers, Took

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer

    Bars = Callable[..., BarContainer]

SIZE: Final = (14, 10.5)
"""Inches of 100 dots: four to three, so that Slack shows it as large as it can."""
DOTS: Final = 100
MOST_BARS: Final = 14
"""Weeks; more of them are drawn as lines."""
MOST_LABELLED: Final = 8
"""Weeks; the bars of more of them are too thin for their numbers."""
LONGEST_NAME: Final = 18

BLUE, VERMILLION, SKY, GREEN, ORANGE, PURPLE = "#0072B2", "#D55E00", "#56B4E9", "#009E73", "#E69F00", "#CC79A7"
"""Okabe and Ito's colours, which also those tell apart who do not see all colours."""
EDGE: Final[dict[str, Any]] = {"edgecolor": "black", "linewidth": 0.8}
AGES: Final = (
    ("under a day", SKY, ""),
    ("1–7 days", GREEN, "//"),
    ("7–30 days", ORANGE, ".."),
    ("over 30 days", PURPLE, "xx"),
)
MINUTE: Final = 60.0
MARKS: Final = {
    "1 min": 1, "10 min": 10, "1 h": 60, "6 h": 360, "1 d": 1_440, "7 d": 10_080, "30 d": 43_200, "1 year": 525_600,
}  # fmt: skip
"""Where the axis of durations is marked, in minutes."""

_ONE_AT_A_TIME: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="drawing")


async def drawn(numbers: Numbers, wanted: Wanted) -> bytes:
    """A PNG; other work goes on meanwhile."""
    return await asyncio.get_running_loop().run_in_executor(_ONE_AT_A_TIME, picture, numbers, wanted)


def picture(numbers: Numbers, wanted: Wanted) -> bytes:
    """A PNG of 1,400 by 1,050 dots."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=DOTS, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(f"Incidents of the last {words.days(wanted)}\n{words.headline(numbers, wanted)}", fontsize=19)
    groups = words.shown(numbers, wanted)
    panels: list[Callable[[Axes], None]] = [
        lambda axes: _weeks(axes, numbers),
        lambda axes: _open(axes, groups),
        lambda axes: _times(axes, groups),
        lambda axes: _categories(axes, numbers.categories[: words.GROUPS_SHOWN]),
    ]
    for axes, draw in zip(figure.subplots(2, 2).flat, panels, strict=True):
        axes.tick_params(labelsize=14)
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi="figure")
    return file.getvalue()


def _weeks(axes: "Axes", numbers: Numbers) -> None:
    from matplotlib.ticker import MaxNLocator

    _title(axes, "Opened and resolved per week")
    names = [name for name, _ in words.labelled(numbers)]
    opened, resolved = [week.opened for week in numbers.weeks], [week.resolved for week in numbers.weeks]
    places = range(len(names))
    if len(names) <= MOST_BARS:
        _bars(axes, axes.bar, opened, resolved, is_labelled=len(names) <= MOST_LABELLED)
    else:
        axes.plot(places, opened, color=BLUE, marker="o", linewidth=2, label="opened")
        axes.plot(places, resolved, color=VERMILLION, marker="s", linewidth=2, linestyle="--", label="resolved")
    every = max(1, -(-len(names) // 7))
    axes.set_xticks(list(places)[::every], names[::every])
    if len(names) > words.MANY_WEEKS:
        axes.tick_params(axis="x", labelrotation=20)
    axes.set_xlabel("first day of the week", fontsize=14)
    axes.set_ylabel("incidents", fontsize=14)
    axes.set_ylim(0, max([*opened, *resolved, 1]) * 1.3)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.grid(axis="y", alpha=0.3)
    axes.legend(fontsize=14, loc="upper left", ncols=2)


def _open(axes: "Axes", groups: Sequence[Group]) -> None:
    _title(axes, "Open now, by age")
    places, lefts = list(range(len(groups))), [0] * len(groups)
    for band, (name, colour, hatch) in enumerate(AGES):
        counts = [group.ages[band] for group in groups]
        axes.barh(places, counts, left=lefts, color=colour, hatch=hatch, label=name, **EDGE)
        lefts = [left + count for left, count in zip(lefts, counts, strict=True)]
    for place, total in zip(places, lefts, strict=True):
        axes.text(total, place, f" {total}", va="center", fontsize=14)
    _rows(axes, groups)
    _counted(axes, max([*lefts, 1]) * 1.15)
    axes.legend(fontsize=13, loc="upper center", bbox_to_anchor=(0.45, -0.16), ncols=4, frameon=False, columnspacing=1)


def _times(axes: "Axes", groups: Sequence[Group]) -> None:
    _title(axes, "Time from opening to start and to resolution")
    _rows(axes, groups)
    axes.set_xscale("log")
    shown = [_span(axes, place - 0.18, group.to_start, "o", BLUE, "-") for place, group in enumerate(groups)]
    shown += [_span(axes, place + 0.18, group.to_resolve, "s", VERMILLION, "--") for place, group in enumerate(groups)]
    minutes = [minute for span in shown for minute in span] or [1, 10_080]
    marks = {name: at for name, at in MARKS.items() if min(minutes) / 4 <= at <= max(minutes) * 4}
    axes.set_xlim(min(*minutes, *marks.values()) / 1.5, max(*minutes, *marks.values()) * 1.5)
    axes.set_xticks(list(marks.values()), list(marks))
    axes.set_xticks([], minor=True)
    axes.grid(axis="x", alpha=0.3)
    for colour, marker, line, name in ((BLUE, "o", "-", "to start"), (VERMILLION, "s", "--", "to resolve")):
        axes.plot([], [], color=colour, marker=marker, linestyle=line, label=name, markersize=9)
    axes.set_xlabel("filled: half are within · hollow: 9 of 10 are within", fontsize=14)
    axes.legend(fontsize=13, loc="upper center", bbox_to_anchor=(0.45, -0.16), ncols=2, frameon=False)


def _categories(axes: "Axes", groups: Sequence[Group]) -> None:
    _title(axes, "Opened and resolved by category")
    opened, resolved = [group.opened for group in groups], [group.resolved for group in groups]
    _bars(axes, axes.barh, opened, resolved, is_labelled=True)
    _rows(axes, groups)
    _counted(axes, max([*opened, *resolved, 1]) * 1.1)
    axes.legend(fontsize=13, loc="upper center", bbox_to_anchor=(0.45, -0.16), ncols=2, frameon=False)


def _bars(axes: "Axes", draw: "Bars", opened: Sequence[int], resolved: Sequence[int], *, is_labelled: bool) -> None:
    """Opened and resolved beside each other, upright or lying."""
    sides = ((-0.2, opened, BLUE, "", "opened"), (0.2, resolved, VERMILLION, "//", "resolved"))
    for shift, counts, colour, hatch, name in sides:
        places = [place + shift for place in range(len(counts))]
        bars = draw(places, counts, 0.4, color=colour, hatch=hatch, label=name, **EDGE)
        if is_labelled:
            axes.bar_label(bars, padding=3, fontsize=13)


def _span(axes: "Axes", place: float, took: Took, marker: str, colour: str, line: str) -> list[float]:
    """From the median to what nine of ten are within, in minutes; nothing where it is not known."""
    if took.median is None or took.most is None:
        if took.count:
            words = f"too few to tell: {took.count}"
            axes.plot(0.03, place, color=colour, marker=marker, transform=axes.get_yaxis_transform())
            axes.text(0.06, place, words, transform=axes.get_yaxis_transform(), va="center", fontsize=12)
        return []
    ends = [max(span.total_seconds() / MINUTE, 1.0) for span in (took.median, took.most)]
    axes.plot(ends, [place, place], color=colour, linestyle=line, linewidth=2)
    axes.plot(ends[0], place, color=colour, marker=marker, markersize=11)
    axes.plot(ends[1], place, color=colour, marker=marker, markersize=11, markerfacecolor="white", markeredgewidth=2)
    return ends


def _rows(axes: "Axes", groups: Sequence[Group]) -> None:
    """One row for each, the first at the top."""
    axes.set_yticks(range(len(groups)), [_name(group.name) for group in groups])
    axes.set_ylim(len(groups) - 0.4, -0.6)


def _counted(axes: "Axes", most: float) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(0, most)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_xlabel("incidents", fontsize=14)
    axes.grid(axis="x", alpha=0.3)


def _title(axes: "Axes", text: str) -> None:
    axes.set_title(text, fontsize=17, loc="left", pad=12)
    axes.set_axisbelow(True)


def _name(name: str) -> str:
    """A category's name as the font can show it; a dollar sign would begin a formula."""
    known = _letters()
    shown = shorten(spoken(name), LONGEST_NAME)
    return "".join(letter if ord(letter) in known else "□" for letter in shown).replace("$", r"\$")


@cache
def _letters() -> frozenset[int]:
    """What the font that comes with the library can show."""
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())
