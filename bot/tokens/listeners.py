"""``token``: one's API tokens, made, listed and revoked."""

from sqlalchemy.ext.asyncio import AsyncSession

from bot.commands import Request
from bot.house import Answer, House, Routes
from bot.mrkdwn import user
from bot.tokens import views
from domain import policy, tokens
from domain.errors import InvalidInput
from domain.policy import Action, Actor, Surface

MOST_DIGITS = 9
WAYS = "Write /incident token, token create deployment script, or token revoke 3."


async def token_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """The list, or what its first word says."""
    policy.require(actor, Action.KEEP_ACCOUNT)
    what, _, rest = request.text.strip().partition(" ")
    match what.lower():
        case "create" | "new" | "add":
            return await _created(session, rest, actor, house)
        case "revoke" | "remove" | "delete":
            return await _revoked(session, rest, actor)
        case "" | "list":
            return await _listed(session, request, actor)
    raise InvalidInput(f"Nothing was done: this is nothing that a token can be. {WAYS}", field="words")


async def _created(session: AsyncSession, label: str, actor: Actor, house: House) -> Answer:
    if not house.serves_api:
        return views.switched_off()
    if actor.surface is Surface.MENTION:
        raise InvalidInput("No token was made: that is for /incident only, where nobody else reads it.", field="words")
    return views.made(await tokens.create(session, label, by=actor))


async def _revoked(session: AsyncSession, number: str, actor: Actor) -> Answer:
    typed = number.strip().removeprefix("#")
    if not typed.isascii() or not typed.isdigit() or len(typed) > MOST_DIGITS:
        raise InvalidInput(f"Nothing was revoked: name the token by its number. {WAYS}", field="words")
    return views.revoked(await tokens.revoke(session, int(typed), by=actor))


async def _listed(session: AsyncSession, request: Request, actor: Actor) -> Answer:
    of = request.people[0] if request.people else None
    return views.listed(await tokens.listed(session, of=of, by=actor), of=user(of) if of else None)


ROUTES = Routes(reads={"token": token_asked})
