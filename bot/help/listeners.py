"""The launcher, help, and buttons that hold a line."""

from sqlalchemy.ext.asyncio import AsyncSession

from bot import commands
from bot.asking import line_chosen
from bot.commands import Request
from bot.help import views
from bot.house import Answer, House, Routes
from bot.incidents.views import launcher
from bot.targets import target_of
from bot.verbs import NEEDS
from domain import incidents, listing, policy
from domain.errors import Forbidden, InvalidInput
from domain.policy import Actor


async def launcher_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``/incident`` alone: what there is to do."""
    return launcher(await listing.counts(session, by=actor), action_id=views.RUN)


async def help_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``help``, or ``help resolve``."""
    verb = commands.verb_of(request.words[0]) if request.words else None
    return views.one(verb, actor) if verb in views.VERBS else views.overview(actor)


async def why_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``why resolve 42``: whether the person may, and who can help if not."""
    verb = commands.verb_of(request.words[0]) if request.words else None
    if verb not in views.VERBS:
        raise InvalidInput("Say which verb, as in /incident why resolve 42.", field="verb")
    has_target = request.number is not None or request.card is not None
    incident = await incidents.get(session, target_of(request), by=actor) if has_target else None
    need = NEEDS.get(verb)
    if need is not None and not policy.allows(actor, need, incident):
        raise Forbidden(f"You may not. {policy.rule(need)} {policy.reason(actor)}")
    return views.you_may(verb, incident)


ROUTES = Routes(reads={"": launcher_asked, "help": help_asked, "why": why_asked}, actions={views.RUN: line_chosen})
