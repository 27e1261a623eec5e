"""What follows ``admin webhook``: other programs that are told what happens, set and looked at by superusers."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands import Request
from bot.house import Answer, House
from bot.webhooks import views
from domain import webhooks
from domain.errors import InvalidInput
from domain.policy import Actor, Surface

PRIVATE: Final = "private"
MOST_DIGITS: Final = 9
WAYS: Final = (
    "Write /incident admin webhook, admin webhook add https://example.com/hook, admin webhook remove 1, or "
    "admin webhook on 1."
)


async def answer(session: AsyncSession, request: Request, by: Actor, house: House) -> Answer:
    """``webhook``, ``webhook add https://… opened resolved private``, ``webhook remove 1``, ``webhook on 1``."""
    what, rest = (request.words[0].lower(), request.words[1:]) if request.words else ("", ())
    match what:
        case "" | "list":
            return views.listed(await webhooks.listed(session, by=by))
        case "add":
            return await _added(session, rest, by, house)
        case "remove":
            return views.removed(await webhooks.remove(session, _number(rest), by=by))
        case "on":
            return views.switched_on(await webhooks.switch_on(session, _number(rest), by=by))
    raise InvalidInput(f"Nothing was done: this is nothing that a webhook can be. {WAYS}", field="words")


async def _added(session: AsyncSession, words: tuple[str, ...], by: Actor, house: House) -> Answer:
    if house.courier is None:
        return views.switched_off()
    if by.surface is Surface.MENTION:
        raise InvalidInput("No webhook was added: that is for /incident only, where nobody else reads it.", field="url")
    if not words:
        raise InvalidInput(f"No webhook was added: say its address. {WAYS}", field="url")
    chosen = [part for word in words[1:] for part in word.lower().split(",")]
    made = await webhooks.add(
        session,
        words[0],
        [each for each in chosen if each != PRIVATE],
        tells_private=PRIVATE in chosen,
        sealer=house.courier.sealer,
        to=house.courier.to,
        by=by,
    )
    return views.made(made)


def _number(words: tuple[str, ...]) -> int:
    typed = words[0].removeprefix("#") if words else ""
    if not typed.isascii() or not typed.isdigit() or len(typed) > MOST_DIGITS:
        raise InvalidInput(f"Nothing was changed: name the webhook by its number. {WAYS}", field="words")
    return int(typed)
