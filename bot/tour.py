"""People using the local workspace through its control API: the story of the demonstration, and the tour."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession

from bot.house import Payload

PATIENCE_S = 10
FIRST_SUPERUSER = "ana@harbour.example"
HINTS = [
    "Type /incident new Checkout is slow p2 and submit the form.",
    "Press Take it on the card, reply in its thread, press Resolve…",
    "Choose Create incident in the menu of a message, and open Incident Tracker (Home) on the left.",
    "Become somebody else and look at what they see.",
    "As Ana, a superuser, type /incident admin; the mails that the bot sends are under Mails.",
    "/incident help lists the rest; in a thread write @Incident Tracker resolve rolled back.",
]


class OffStageError(RuntimeError):
    """Something that should have happened did not."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The control API of the local workspace."""

    session: ClientSession
    url: str

    async def do(self, call: str, **body: Any) -> dict[str, Any]:
        """One thing a person does; raises OffStageError unless the bot acked it."""
        async with self.session.post(f"{self.url}/control/{call}", json=body) as response:
            answer: dict[str, Any] = await response.json()
        if not answer["ok"] or answer.get("ack", {}).get("status") not in ("acked", "none"):
            raise OffStageError(f"{call} {body}: {answer}")
        return answer

    async def state(self) -> dict[str, Any]:
        """The whole workspace."""
        async with self.session.get(f"{self.url}/control/state") as response:
            found: dict[str, Any] = await response.json()
        return found

    async def quiet(self, idle_ms: int = 300) -> None:
        """Wait until the bot has nothing more to send."""
        query = {"idle_ms": str(idle_ms), "timeout_s": str(PATIENCE_S)}
        async with self.session.get(f"{self.url}/control/wait", params=query) as response:
            answer = await response.json()
        if not answer["ok"]:
            raise OffStageError(f"the workspace did not become quiet: {answer}")

    async def messages(self, channel: str) -> list[dict[str, Any]]:
        """A channel's messages, replies included, oldest first."""
        channels = (await self.state())["channels"]
        found: list[dict[str, Any]] = next(
            c["messages"] for c in channels if c.get("name") == channel.removeprefix("#")
        )
        return list(found)

    async def card(self, channel: str, title: str) -> dict[str, Any]:
        """The card of the incident with this title, as it is after everything was sent."""
        query = {"channel": channel, "contains": title, "timeout_s": str(PATIENCE_S)}
        async with self.session.get(f"{self.url}/control/wait", params=query):
            await self.quiet()
        for message in await self.messages(channel):
            if title in message.get("text", "") and message.get("thread_ts", message["ts"]) == message["ts"]:
                return message
        raise OffStageError(f"there is no card for “{title}” in {channel}")

    async def command(self, user: str, channel: str, line: str) -> dict[str, Any]:
        """``/incident …``; the answer that the person sees."""
        done = await self.do("command", user=user, channel=channel, command="/incident", text=line)
        shown: dict[str, Any] = done["ack"].get("body") or {}
        return shown

    async def click(self, user: str, channel: str, card: Payload, action_id: str) -> None:
        """A button on a card."""
        await self.do("action", user=user, channel=channel, message_ts=card["ts"], action_id=action_id)

    async def submit(self, user: str, **values: Any) -> dict[str, Any]:
        """The form that is open; raises OffStageError if it comes back with errors."""
        stack = await self._stack(user)
        typed = {block_id: {block_id: value} for block_id, value in values.items()}
        answer = await self.do("submit", user=user, view_id=stack[-1]["id"], values=typed)
        if answer.get("errors"):
            raise OffStageError(f"the form was refused: {answer['errors']}")
        form: dict[str, Any] = stack[-1]
        return form

    async def reply(self, user: str, channel: str, card: Payload, words: str) -> str:
        """A reply in the card's thread; its ts."""
        said = await self.do("message", user=user, channel=channel, text=words, thread_ts=card["ts"])
        return str(said["ts"])

    async def code(self, address: str) -> str:
        """The code in the newest mail to this address, as soon as there is one."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not (mails := await self._mails(address)):  # noqa: ASYNC110 - it comes when it comes
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise OffStageError(f"no code was mailed to {address}") from None
        found = re.search(r"^    (\w{4} \w{4})$", mails[-1]["text"], re.MULTILINE)
        return found[1] if found else ""

    async def _mails(self, address: str) -> list[dict[str, Any]]:
        return [mail for mail in (await self.state())["mails"] if mail["to"] == [address]]

    async def link(self, user: str, channel: str, address: str) -> None:
        """``/incident link``, with the code that is mailed."""
        await self.command(user, channel, "link")
        await self.submit(user, email=address)
        await self.submit(user, code=await self.code(address))
        await self.close(user)

    async def close(self, user: str) -> None:
        """The dialog that is on top."""
        stack = await self._stack(user)
        await self.do("close", user=user, view_id=stack[-1]["id"])

    async def _stack(self, user: str) -> list[dict[str, Any]]:
        views: dict[str, list[dict[str, Any]]] = (await self.state())["views"]
        return next(stack for person, stack in views.items() if person.lower().startswith(f"u0{user}") and stack)


async def tell_story(stage: Stage) -> None:
    """A superuser, and four incidents in different states, with what people said."""
    await stage.link("ana", "#incidents", FIRST_SUPERUSER)
    checkout = await _opened(stage, "chloe", "#checkout", "quick Checkout returns 500s for card payments p1 outage")
    await stage.click("ben", "#checkout", checkout, "incident.take")
    await stage.quiet()
    await stage.reply("ben", "#checkout", checkout, "Started with the 14:05 deploy. Rolling back now.")
    await stage.reply("chloe", "#checkout", checkout, "Error rate is falling: 12 % → 3 %.")
    await _opened(stage, "dmitri", "#incidents", "quick Invoices show the wrong company name p3 bug")
    badge = await _opened(stage, "ana", "#security", "quick Former contractor still has a badge p2 security")
    await stage.reply("ana", "#security", badge, "Facilities will collect it today.")
    disk = await _opened(stage, "ben", "#incidents", "quick Disk full on db-2 p2 outage")
    await stage.command("ben", "#incidents", "take 4")
    await stage.reply("ben", "#incidents", disk, "Old WAL files; archiving had stopped on Friday.")
    await stage.command("ben", "#incidents", "resolve 4 Removed old WAL files, restarted archiving, added an alert.")
    await stage.quiet()


async def walk(stage: Stage) -> int:
    """One incident from the form to the resolution, told as a transcript."""
    try:
        await _walk(stage)
    except (OffStageError, StopIteration, KeyError) as error:
        print(f"\nThe tour stopped: {error}")
        return 1
    print("\nAll of it happened.")
    return 0


async def _walk(stage: Stage) -> None:
    title = "Checkout returns 500s"
    _did("Ana", f"types /incident new {title} p1 outage in #incidents")
    await stage.command("ana", "#incidents", f"new {title} p1 outage")
    form = await stage.submit("ana", description="Since 14:05. Card payments only.")
    _saw("Ana", f"the form “{form['title']['text']}”, filled with what she typed; she adds a description and submits")
    card = await stage.card("#incidents", title)
    _saw("Everybody in #incidents", card["text"])

    _did("Ben", "presses “Take it” on the card")
    await stage.click("ben", "#incidents", card, "incident.take")
    _saw("Everybody", (await stage.card("#incidents", title))["text"])

    _did("Ben", "replies in the thread: rolled back, watching")
    said = await stage.reply("ben", "#incidents", card, "rolled back, watching")
    _did("Ben", "corrects his reply: rolled back to 1.4.1, watching")
    await stage.do("edit", user="ben", channel="#incidents", ts=said, text="rolled back to 1.4.1, watching")
    _did("Chloe", "types /incident comment 1 the vendor confirms it")
    await stage.command("chloe", "#checkout", "comment 1 the vendor confirms it")
    _did("Chloe", "types /incident show 1 in #checkout, and only she sees the answer")
    shown = str(await stage.command("chloe", "#checkout", "show 1"))
    _expect("rolled back to 1.4.1, watching" in shown, "the comment in what Chloe sees")
    _saw("Chloe", "the card with Ben's reply as he corrected it, and her own comment")

    card = await stage.card("#incidents", title)
    _did("Chloe", "presses “Resolve…” and writes: rolled back")
    await stage.click("chloe", "#incidents", card, "incident.resolve_form")
    await stage.submit("chloe", note="rolled back")
    card = await stage.card("#incidents", title)
    _expect("resolved" in card["text"], "a resolved card")
    _saw("Everybody", card["text"])
    _did("Ana", "types @Incident Tracker reopen it is back, in the thread")
    await stage.reply("ana", "#incidents", card, "@Incident Tracker reopen it is back")
    card = await stage.card("#incidents", title)
    _expect("in progress" in card["text"], "a reopened card")
    _saw("Everybody", card["text"])
    await _thread(stage, card)
    await _superuser(stage)


async def _superuser(stage: Stage) -> None:
    _did("Ana", "types /incident link, and enters the address that was named as the first superuser's")
    await stage.command("ana", "#incidents", "link")
    await stage.submit("ana", email=FIRST_SUPERUSER)
    _did("Ana", "reads the mail, and enters the code in it")
    await stage.submit("ana", code=await stage.code(FIRST_SUPERUSER))
    await stage.close("ana")
    shown = str((await stage.command("ana", "#incidents", "whoami"))["text"])
    _expect("superuser" in shown, "that Ana is a superuser")
    _saw("Ana", shown)


async def _thread(stage: Stage, card: Payload) -> None:
    print("\nThe thread, from top to bottom:")
    replies = [m for m in await stage.messages("#incidents") if m.get("thread_ts") == card["ts"] != m["ts"]]
    for message in replies:
        print(f"    {message['text']}")
    _expect(len(replies) == 6, f"six messages in the thread, not {len(replies)}")


async def _opened(stage: Stage, user: str, channel: str, line: str) -> dict[str, Any]:
    await stage.command(user, channel, line)
    title = " ".join(line.split()[1:5])
    return await stage.card(channel, title)


def _did(who: str, what: str) -> None:
    print(f"\n{who} {what}.")


def _saw(who: str, what: str) -> None:
    print(f"    {who} sees: {what}")


def _expect(happened: bool, what: str) -> None:
    if not happened:
        raise OffStageError(f"expected {what}")
