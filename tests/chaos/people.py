"""Several people who use the bot at random, through the control API, and note what they were told."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeAlias

from aiohttp import ClientSession

from tests.chaos.ledger import Act, Evidence, Ledger, Outcome, Reply

Json: TypeAlias = dict[str, Any]

NAMES = {"ana": "Ana Almeida", "ben": "Ben Okafor", "chloe": "Chloe Martin", "dmitri": "Dmitri Volkov"}
CHANNELS = {
    "#general": {"ana", "ben", "chloe", "dmitri"},
    "#incidents": {"ana", "ben", "chloe", "dmitri"},
    "#checkout": {"ana", "ben", "chloe"},
    "#security": {"ana", "ben"},
}
PRIORITIES = ("critical", "high", "medium", "low")
Doing: TypeAlias = Callable[["Person"], Awaitable[None]]
CARD = re.compile(r"INC-(\d+) (.*): (open|in progress|resolved), ")
BURIED = re.compile(r"INC-(\d+) was deleted by ")
LOOK_AGAIN_S = 0.5
NOBODY_THERE_S = 1.0
"""How long somebody waits before they try something else."""
TRIES = 3
"""How often somebody presses a form's button again that brought no answer."""
FAILED = "HTTP 5"
"""Slack shows that something went wrong, as where no answer comes."""
SAYS_DONE = "Done"
SAYS_LOOK = "Look whether"
"""The bot's own words for not knowing."""


@dataclass(frozen=True, slots=True)
class Card:
    """A card as people see it."""

    number: str
    status: str
    channel: str
    ts: str


@dataclass
class Eyes:
    """The control API, and what can be seen in the workspace, looked at once for all people."""

    session: ClientSession
    url: str
    is_http: bool = False
    """Whether Slack asks by HTTP, where a line that breaks may have carried what was asked."""
    _state: Json = field(default_factory=dict)
    _at: float = 0.0

    async def does(self, call: str, body: Any) -> tuple[int, Json]:
        async with self.session.post(f"{self.url}/control/{call}", json=body) as response:
            answer: Json = await response.json()
        if (answer.get("ack") or {}).get("status") == "no_connection":
            await asyncio.sleep(NOBODY_THERE_S)
            answer["ack"]["status"] = "timeout" if self.is_http else "no_connection"
        return response.status, answer

    async def reads(self, what: str, **query: str) -> Json:
        async with self.session.get(f"{self.url}/control/{what}", params=query) as response:
            found: Json = await response.json()
        return found

    async def state(self, *, now: bool = False) -> Json:
        if now or time.monotonic() - self._at > LOOK_AGAIN_S:
            self._state = await self.reads("state")
            self._at = time.monotonic()
        return self._state

    async def cards(self, person: str) -> list[Card]:
        """The cards in channels that this person is in."""
        found = []
        for channel in (await self.state())["channels"]:
            name = f"#{channel.get('name')}"
            if person in CHANNELS.get(name, ()):
                for message in channel["messages"]:
                    said = CARD.match(message.get("text", "")) if is_root(message) and "bot_id" in message else None
                    if said:
                        found.append(Card(said[1], said[3], name, message["ts"]))
        return found


@dataclass
class Person:
    """One person: one thing after the other, each noted with its outcome."""

    name: str
    eyes: Eyes
    ledger: Ledger
    dice: Random
    acts: Sequence[tuple["Doing", int]]
    """What they do, and how often, by weight."""
    replied: list[tuple[str, str]] = field(default_factory=list)
    """Channel and ts of what they wrote in threads, to come back to."""

    @property
    def full_name(self) -> str:
        return NAMES[self.name]

    async def lives(self, until: float) -> None:
        """Act at random until then."""
        while time.monotonic() < until:
            act = self.dice.choices([do for do, _ in self.acts], [weight for _, weight in self.acts])[0]
            await act(self)
            await asyncio.sleep(self.dice.uniform(0.05, 1.0))

    def words(self) -> str:
        """Something that nobody said before, in words that look like nothing else."""
        letters = "abcdefghijklmnopqrstuvwxyz"
        return " ".join("".join(self.dice.choices(letters, k=7)) for _ in range(3))

    def channel(self) -> str:
        return self.dice.choice([name for name, people in CHANNELS.items() if self.name in people])

    async def card(self, *statuses: str) -> Card | None:
        """Any card that they see, in one of these states if there is one."""
        seen = await self.eyes.cards(self.name)
        fitting = [card for card in seen if card.status in statuses] if statuses else seen
        return self.dice.choice(fitting or seen) if seen else None

    async def deleted(self) -> list[str]:
        """Numbers of incidents of which the channels say that they were deleted."""
        channels = (await self.eyes.state())["channels"]
        found = (BURIED.match(message.get("text", "")) for channel in channels for message in channel["messages"])
        return [said[1] for said in found if said]

    async def asks(self, line: str, *evidence: str) -> None:
        """``/incident …``, whose answer says whether it was done."""
        body = {"user": self.name, "channel": self.channel(), "command": "/incident", "text": line}
        _, answer = await self.eyes.does("command", body)
        self.note(evidence, judged_words(answer), words_in(answer))

    async def opens(self, line: str) -> Json | None:
        """``/incident …`` that opens a form; None if none came."""
        await self.leaves()
        body = {"user": self.name, "channel": self.channel(), "command": "/incident", "text": line}
        await self.eyes.does("command", body)
        return await self.form()

    async def presses(self, card: Card, action_id: str) -> Json:
        """A button on a card."""
        place = {"channel": card.channel, "message_ts": card.ts}
        return (await self.eyes.does("action", {"user": self.name, **place, "action_id": action_id}))[1]

    async def whispers(self) -> int:
        """How many messages only this person sees."""
        seen = (await self.eyes.state(now=True))["ephemerals"]
        return sum(len(messages) for user, messages in seen.items() if user.lower().startswith(f"u0{self.name}"))

    async def replies(self, card: Card, text: str, *, is_line: bool = False) -> None:
        """In the card's thread; Slack has it, whether anybody hears of it or not."""
        body = {"user": self.name, "channel": card.channel, "text": text, "thread_ts": card.ts}
        status, answer = await self.eyes.does("message", body)
        if status == 200:
            place = (answer["channel"], answer["ts"])
            self.ledger.replies[place] = Reply(self.name, text, is_line)
            if not is_line:
                self.replied.append(place)

    async def fills(self, line: str, callback_id: str, evidence: Evidence, **values: str) -> None:
        """``/incident …`` that opens this form, which is then sent."""
        if (form := await self.opens(line)) and form["callback_id"] == callback_id:
            await self.submits(form, values, evidence)

    async def submits(self, form: Json, values: Json, evidence: Evidence, *, typed: Json | None = None) -> None:
        """The form, and once more while it brings no answer; nobody wants it done twice."""
        typed = {block: {block: value} for block, value in values.items()} | (typed or {})
        found, told = [], ""
        for _ in range(TRIES):
            body = {"user": self.name, "view_id": form["id"], "values": typed}
            status, answer = await self.eyes.does("submit", body)
            if status != 200:
                break
            found.append(judged_form(answer))
            told = str(answer.get("errors") or "") or told
            if answer["ack"]["status"] == "error" and not str(answer["ack"].get("error")).startswith(FAILED):
                self.ledger.unusable.append(f"{form['callback_id']}: {answer}")
            if found[-1] is Outcome.DONE or "view" in answer:
                break
        best = next((each for each in (Outcome.DONE, Outcome.UNKNOWN) if each in found), Outcome.REFUSED)
        self.note(evidence, best, told)
        await self.leaves()

    async def form(self, callback_id: str = "") -> Json | None:
        """The form on top of what this person has open, if it is this one."""
        state = await self.eyes.state(now=True)
        stacks: dict[str, list[Json]] = state["views"]
        found = next((stack[-1] for user, stack in stacks.items() if user.lower().startswith(f"u0{self.name}")), None)
        return found if found and callback_id in ("", found["callback_id"]) else None

    async def leaves(self) -> None:
        """Close everything."""
        while form := await self.form():
            await self.eyes.does("close", {"user": self.name, "view_id": form["id"], "clear": True})

    def note(self, evidence: Evidence, outcome: Outcome, told: str) -> None:
        self.ledger.add(Act(self.name, evidence, outcome, told[:200] if outcome is not Outcome.DONE else ""))


def is_root(message: Json) -> bool:
    return bool(message.get("thread_ts", message["ts"]) == message["ts"])


def words_in(answer: Json) -> str:
    body = (answer.get("ack") or {}).get("body")
    return str(body.get("text") or "") if isinstance(body, dict) else ""


def judged(answer: Json) -> Outcome | None:
    """What can be said without the bot's words; None if it answered."""
    status = (answer.get("ack") or {}).get("status", "no_connection")  # what the sandbox refused was never sent
    if status == "no_connection":
        return Outcome.REFUSED
    return None if status == "acked" else Outcome.UNKNOWN


def judged_words(answer: Json) -> Outcome:
    said = words_in(answer)
    if said.startswith(SAYS_DONE):
        return judged(answer) or Outcome.DONE
    return judged(answer) or (Outcome.UNKNOWN if SAYS_LOOK in said else Outcome.REFUSED)


def judged_form(answer: Json) -> Outcome:
    if not answer.get("errors") and "view" not in answer:
        return judged(answer) or Outcome.DONE
    said = str(answer.get("errors") or answer["view"])
    return judged(answer) or (Outcome.UNKNOWN if SAYS_LOOK in said else Outcome.REFUSED)
