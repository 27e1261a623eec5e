"""How often Slack is called for one thing that a person does, from the click to the end of all that follows."""

from typing import Literal

import psycopg
from aiohttp import ClientSession

from bench import children, workshop
from bench.figures import Line
from bot.tour import Stage

CHANNEL = workshop.CHANNEL


async def measured(server: str, *, scale: float = 1.0) -> list[Line]:  # noqa: ARG001 - it is quick at any scale
    """One of each, one after the other, in a fresh workspace."""
    url, lines, at = workshop.database(server), list[Line](), 0

    async def counted(case: str, bound: float, sign: Literal["≤", "="] = "=") -> None:
        await workshop.delivered(url)
        await stage.quiet()
        nonlocal at
        called = [entry["method"] for entry in await slack.log(at) if entry["kind"] == "api"]
        lines.append(Line(case=case, value=len(called), unit="calls", sign=sign, bound=bound, note=", ".join(called)))
        at = await slack.last()

    async with (
        children.slack() as slack,
        ClientSession() as session,
        children.bot(slack, url, by_http=False),
    ):
        stage = Stage(session, slack.url)
        await _met(stage, url)
        at = await slack.last()
        await stage.command("ana", CHANNEL, "new Checkout returns 500s")
        await stage.submit("ana", description="Since 14:05.")
        await counted("create, by the form", 2)
        await stage.command("ana", CHANNEL, "quick Disk full on db-2")
        await counted("create, by one line", 1)
        card = await stage.card(CHANNEL, "Checkout returns 500s")
        await stage.click("ben", CHANNEL, card, "incident.take")
        await counted("change, by a button", 2, "≤")
        await stage.command("ben", CHANNEL, "priority 1 critical")
        await counted("change, by one line", 2, "≤")
        await stage.reply("chloe", CHANNEL, card, "rolled back, watching")
        await counted("thread reply", 0)
        await stage.command("ben", CHANNEL, "resolve 1 rolled back")
        await counted("resolve", 2, "≤")
        await stage.command("ana", CHANNEL, "list")
        await counted("list", 0)
        await stage.command("ana", CHANNEL, "admin digest add 09:00 UTC daily")
        await counted("digest, switched on", 0)
        await stage.command("ana", CHANNEL, "admin digest now")
        await counted("digest", 1)
    return lines


async def _met(stage: Stage, url: str) -> None:
    """Everybody was there before, as a first time may cost a call more; Ana may administer."""
    for person in ("ana", "ben", "chloe"):
        await stage.command(person, CHANNEL, "help")
    await stage.quiet()
    with psycopg.connect(workshop.address(url)) as connection:
        connection.execute("UPDATE \"user\" SET is_superuser = true WHERE full_name LIKE 'Ana %'")
