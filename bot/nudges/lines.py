"""What follows ``admin nudge``: from when on people are reminded, set and looked at by superusers."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands import Request
from bot.finding.filters import read_age
from bot.house import Answer
from bot.nudges import views
from domain import nudge_rules
from domain.errors import InvalidInput
from domain.nudge_rules import Rule
from domain.policy import Actor
from domain.states import Priority

LEVELS: Final = {f"p{n}": priority for n, priority in enumerate(Priority, 1)} | {p.value: p for p in Priority}
CAUSES: Final = ("unassigned", "silent")
EXAMPLE: Final = "/incident admin nudge critical unassigned 15m silent 1h"


async def answer(session: AsyncSession, request: Request, by: Actor) -> Answer:
    """``nudge``, ``nudge critical unassigned 15m silent 1h``, ``nudge critical off``, ``nudge off``."""
    words = [word.lower() for word in request.words]
    if not words:
        return views.listed(await nudge_rules.listed(session, by=by))
    if words == ["off"]:
        return views.listed(await nudge_rules.stop(session, tuple(Priority), by=by))
    if words[0] not in LEVELS:
        raise InvalidInput(f"Nothing was changed: say a priority first, p1 to p4, as in {EXAMPLE}.", field="nudge")
    priority = LEVELS[words[0]]
    if words[1:] == ["off"]:
        return views.listed(await nudge_rules.stop(session, (priority,), by=by))
    spans = _spans(words[1:])
    rule = Rule(priority, *(read_age(cause, spans[cause]) if cause in spans else None for cause in CAUSES))
    return views.listed(await nudge_rules.set_(session, rule, by=by))


def _spans(words: list[str]) -> dict[str, str]:
    """Cause and time in pairs, ``silent 1h`` or ``silent:1h``; a cause that is not named is off."""
    parts = [part for word in words for part in word.split(":", 1) if part]
    spans = dict(zip(parts[::2], parts[1::2], strict=False))
    if len(parts) % 2 or not set(spans) <= set(CAUSES) or len(spans) != len(parts) // 2:
        raise InvalidInput(
            "Nothing was changed: after the priority comes unassigned, silent or both, each with a time, "
            f"as in {EXAMPLE}; or off.",
            field="nudge",
        )
    return spans
