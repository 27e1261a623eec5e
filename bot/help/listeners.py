"""The launcher, help, and buttons that hold a line."""

from sqlalchemy.ext.asyncio import AsyncSession

from bot import commands
from bot.asking import line_chosen
from bot.commands import Request
from bot.help import views
from bot.house import Answer, House, Routes
from bot.incidents.views import launcher
from domain import listing
from domain.policy import Actor


async def launcher_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``/incident`` alone: what there is to do."""
    return launcher(await listing.counts(session, by=actor), action_id=views.RUN)


async def help_asked(session: AsyncSession, request: Request, actor: Actor, house: House) -> Answer:
    """``help``, or ``help resolve``."""
    verb = commands.verb_of(request.words[0]) if request.words else None
    return views.one(verb) if verb in views.VERBS else views.overview()


ROUTES = Routes(reads={"": launcher_asked, "help": help_asked}, actions={views.RUN: line_chosen})
