"""The words after ``stats``: how far back, and by what."""

import re
from dataclasses import dataclass
from typing import Final

from bot.commands import Request
from domain.errors import InvalidInput
from domain.stats import LONGEST, USUAL

ALLOWED: Final = f"Write stats 30d, with 1 to {LONGEST} days, and “by category” if you want it by category."

_PERIOD: Final = re.compile(r"(?:(?:the )?last )?(\d{1,9}) ?(d|days?|w|weeks?)")
_BY: Final = re.compile(r"\bby(?: (\S+))?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which numbers somebody asked for."""

    days: int = USUAL
    by_category: bool = False

    @property
    def line(self) -> str:
        """The same in words, to ask again."""
        return f"{self.days}d by category" if self.by_category else f"{self.days}d"


def read(request: Request) -> Wanted:
    """What the words after ``stats`` ask for.

    Raises:
        InvalidInput: it is no period, too long a one, or numbers that there are not; says what there is.
    """
    options = [f"{key}:{value}" for key, value in request.options if key != "by"]
    others = [*request.priorities, *request.categories, *request.statuses, *request.names, *options]
    if others or request.people:
        what = f"“{others[0]}” is" if others else "people are"
        raise InvalidInput(f"Nothing was counted: {what} no part of the numbers. {ALLOWED}", field="words")
    words = " ".join(request.words).lower()
    sides = [value for key, value in request.options if key == "by"]
    if found := _BY.search(words):
        sides.append(found[1] or "")
        words = f"{words[: found.start()]} {words[found.end() :]}".strip()
    if any(side.lower() not in ("category", "categories") for side in sides):
        raise InvalidInput(f"Nothing was counted: there are no numbers “by {sides[0]}”. {ALLOWED}", field="words")
    return Wanted(_days(words), by_category=bool(sides))


def _days(typed: str) -> int:
    if not typed:
        return USUAL
    found = _PERIOD.fullmatch(typed)
    if found is None:
        raise InvalidInput(f"Nothing was counted: “{typed[:100]}” is no period. {ALLOWED}", field="words")
    days = int(found[1]) * (7 if found[2].startswith("w") else 1)
    if not 1 <= days <= LONGEST:
        raise InvalidInput(
            f"Nothing was counted: “{typed}” is too {'long' if days else 'short'}. {ALLOWED}", field="words"
        )
    return days
