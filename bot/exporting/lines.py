"""What follows ``admin export``."""

from sqlalchemy.ext.asyncio import AsyncSession

from bot.blocks import Message
from bot.commands import Request
from bot.exporting import views, writing
from domain import everything
from domain.errors import InvalidInput
from domain.policy import Actor


async def answer(session: AsyncSession, request: Request, by: Actor) -> Message:
    """``csv`` or ``json``: everything, by direct message."""
    form = request.words[0].lower() if request.words else ""
    if form not in writing.FORMS:
        raise InvalidInput("Nothing was written: say how, as in /incident admin export csv or json.", field="form")
    return views.asked(await everything.ask(session, form, by=by), form)
