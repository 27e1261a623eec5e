"""Everything that a superuser may see, written part by part and sent by direct message."""

import errno
import tempfile
import time
from contextlib import suppress
from datetime import timedelta
from typing import IO, Final

from aiohttp import ClientError, ClientResponseError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import identity, sync
from bot.blocks import Message
from bot.errors import code_of
from bot.exporting import views, writing
from bot.house import House
from bot.relay import INSTALLATION, Delivery
from domain import db, everything, policy
from domain.incidents import visible_to
from domain.outbox import Outgoing, Topic
from domain.policy import Action, Actor

LONG: Final = 5_000
"""Above so many incidents the person sees how far it is."""
OUR_OWN: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.ENOENT}
"""What the server's own disk says."""
TELL_EVERY_S: Final = 3.0
HELD: Final = timedelta(minutes=5)
"""How long a part may take before another process begins anew."""
TRIES: Final = 5
"""After so many without an answer to the upload the person is told."""
ENDED: Final = "-end"
"""Tells the words at the end from the message that says how far it is."""


async def send_everything(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """The file, once: its name tells whether an earlier attempt got through."""
    person = await identity.person(message.payload["user"], slack, house)
    if not policy.allows(person, Action.ADMINISTER):
        await _end(message, person, slack, house, views.refused())
        return
    opened = await slack.conversations_open(users=person.slack_user_id)
    channel, name = str(opened["channel"]["id"]), f"incidents-{message.id}.zip"
    if message.attempts > 1 and await sync.is_uploaded(slack, message, channel=channel, name=name):
        return
    try:
        with tempfile.TemporaryFile() as file:
            await _write_and_send(message, person, channel, name, file, slack, house)
    except (OSError, ClientError, SlackApiError) as error:
        why = _why(error, message.attempts)
        if not why:
            raise
        if await sync.is_uploaded(slack, message, channel=channel, name=name):
            return
        await _end(message, person, slack, house, views.failed(why))


async def _write_and_send(
    message: Outgoing, person: Actor, channel: str, name: str, file: IO[bytes], slack: AsyncWebClient, house: House
) -> None:
    begun_at = db.now()
    progress = await _Progress.begun(message, person, channel, slack, house)
    parts = everything.parts(house.begin, message.workspace_id, visible_to(person))
    count = await writing.write(message.payload["form"], parts, file, wrote=progress.note)
    person = await identity.person(person.slack_user_id, slack, house)
    if not policy.allows(person, Action.ADMINISTER):
        await _end(message, person, slack, house, views.refused())
        return
    await progress.end(count)
    words = views.written(count, begun_at)["text"]
    await sync.upload(slack, message, house, channel=channel, words=words, files={name: file})


class _Progress:
    """What the person sees meanwhile; nothing for what is done in a moment. It never keeps the file back."""

    def __init__(self, message: Outgoing, channel: str, slack: AsyncWebClient, house: House, count: int) -> None:
        self._message, self._channel, self._slack, self._house = message, channel, slack, house
        self._count, self._ts, self._told_at = count, "", time.monotonic()

    @classmethod
    async def begun(
        cls, message: Outgoing, person: Actor, channel: str, slack: AsyncWebClient, house: House
    ) -> "_Progress":
        async with house.begin() as session:
            count = await everything.count(session, message.workspace_id, visible_to(person))
        progress = cls(message, channel, slack, house, count)
        if count > LONG:
            progress._ts = await sync.post_once(slack, message, channel=channel, **views.working(0, count))
        return progress

    async def note(self, done: int) -> None:
        """So many are written: say so now and then, and keep the row."""
        await sync.hold(self._message, self._house, HELD)
        if time.monotonic() - self._told_at > TELL_EVERY_S:
            self._told_at = time.monotonic()
            await self._say(views.working(done, max(self._count, done)))

    async def end(self, done: int) -> None:
        """All of it is written."""
        await self._say(views.ready(done))

    async def _say(self, words: Message) -> None:
        if self._ts:
            with suppress(SlackApiError, ClientError, TimeoutError, sync.NotYet):
                await self._slack.chat_update(channel=self._channel, ts=self._ts, **words)


def _why(error: Exception, attempts: int) -> str:
    """Why there will be no file, in words; nothing if another try may help."""
    if isinstance(error, SlackApiError):
        if sync.is_limited(error):
            return ""
        may_pass = code_of(error) in INSTALLATION or sync.is_transient(error)
        return "" if may_pass else f"Slack refused it ({code_of(error)})"
    if isinstance(error, ClientResponseError) and 400 <= error.status < 500 and error.status not in (408, 429):
        return f"Slack did not take the file (HTTP {error.status})"
    if isinstance(error, ClientError | TimeoutError):
        return "Slack did not answer while the file was sent" if attempts >= TRIES else ""
    return "the server has no room for the file" if isinstance(error, OSError) and error.errno in OUR_OWN else ""


async def _end(message: Outgoing, person: Actor, slack: AsyncWebClient, house: House, words: Message) -> None:
    """It will not come, and the person is told so once, however many attempts there were."""
    await sync.hold(message, house, HELD)
    await sync.tell(slack, message, person.slack_user_id, part=ENDED, **words)


DELIVERIES: dict[Topic, Delivery] = {Topic.EVERYTHING_ASKED: send_everything}
