"""What is done on the server itself, by whoever can reach its database: superusers, codes on paper, everything."""

from typing import IO

import structlog

from bot.exporting import writing
from bot.settings import Settings
from domain import codes, db, everything, hashing, signup, superusers, workspaces
from domain.db import Begin
from domain.errors import InvalidInput
from domain.signup import SignUp

log = structlog.get_logger(__name__)


async def prepare(settings: Settings, begin: Begin, workspace_id: str) -> None:
    """What the settings say of accounts: who gets one, and who is the first superuser."""
    async with begin() as session:
        await signup.set_rule(session, workspace_id, SignUp(settings.sign_up), settings.sign_up_domains)
        if settings.first_superuser and not await superusers.are_there(session, workspace_id):
            await superusers.nominate(session, workspace_id, settings.first_superuser)
        is_anybody = await superusers.are_there(session, workspace_id)
    if not is_anybody:
        log.info("no_superuser", fix="Set FIRST_SUPERUSER, or run: incident-tracker superuser ADDRESS")


async def print_code(url: str, address: str, workspace_id: str | None, *, is_superuser: bool) -> str:
    """A code for ``/incident link`` with this address, whose account becomes a superuser's if wanted.

    Raises:
        InvalidInput: no address, or not clear which workspace is meant.
    """
    code = codes.made()
    hashed = await hashing.hashed(code)
    engine = db.engine(url)
    try:
        async with db.transactions(engine)() as session:
            here = only(await workspaces.ids(session), workspace_id)
            if is_superuser:
                await superusers.nominate(session, here, address)
            await codes.print_(session, here, address, hashed)
    finally:
        await engine.dispose()
    return code


async def export(url: str, form: str, target: IO[bytes], workspace_id: str | None) -> int:
    """Write everything in the workspace as a zip; how many incidents that are.

    Raises:
        InvalidInput: it is not clear which workspace is meant.
    """
    engine = db.engine(url)
    try:
        begin = db.transactions(engine)
        async with begin() as session:
            here = only(await workspaces.ids(session), workspace_id)
            await everything.on_server(session, form, here)
        return await writing.write(form, everything.parts(begin, here), target)
    finally:
        await engine.dispose()


def only(known: list[str], wanted: str | None) -> str:
    """The workspace that is meant; raises InvalidInput where that is not clear."""
    if wanted in known:
        return wanted
    if not known:
        raise InvalidInput(
            "The database knows no workspace yet. Start the bot once: incident-tracker run.", field="workspace"
        )
    if wanted is not None or len(known) > 1:
        raise InvalidInput(f"Say which workspace: --workspace {' or '.join(known)}.", field="workspace")
    return known[0]
