"""Everything that a superuser may see, written part by part and sent by direct message."""

import errno
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import identity, sync
from bot.errors import code_of
from bot.exporting import views, writing
from bot.house import House
from bot.relay import TRANSIENT, Delivery
from domain import everything, outbox, policy
from domain.outbox import Outgoing, Topic
from domain.policy import Action

LONG: Final = 5_000
"""From so many incidents on the person sees how far it is."""
OUR_OWN: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES}
"""What the server's own disk says."""
TELL_EVERY_S: Final = 3.0
HELD: Final = timedelta(minutes=5)
"""How long a part, or the upload, may take before another process begins anew."""


async def send_everything(message: Outgoing, slack: AsyncWebClient, house: House) -> None:
    """The file, once: its name tells whether an earlier attempt got through."""
    person = await identity.person(message.payload["user"], slack, house)
    if not policy.allows(person, Action.ADMINISTER):
        await sync.tell(slack, message, person.slack_user_id, **views.refused())
        return
    opened = await slack.conversations_open(users=person.slack_user_id)
    channel = str(opened["channel"]["id"])
    name = f"incidents-{message.id}.zip"
    if message.attempts > 1 and await sync.is_uploaded(slack, message, channel=channel, name=name):
        return
    with tempfile.TemporaryDirectory(prefix="incident-tracker-") as folder:
        try:
            await _write_and_send(message, channel, name, Path(folder), slack, house)
        except OSError as error:
            if error.errno not in OUR_OWN:
                raise
            renewed = await _hold(message, house)
            await sync.tell(slack, renewed, person.slack_user_id, **views.failed("the server has no room for the file"))
        except SlackApiError as error:
            if sync.is_limited(error) or code_of(error) in TRANSIENT:
                raise
            renewed, why = await _hold(message, house), f"Slack refused it ({code_of(error)})"
            await sync.tell(slack, renewed, person.slack_user_id, **views.failed(why))


async def _write_and_send(
    message: Outgoing, channel: str, name: str, folder: Path, slack: AsyncWebClient, house: House
) -> None:
    progress = await _Progress.begun(message, channel, slack, house)
    parts = everything.parts(house.begin, message.workspace_id)
    written = await writing.write(message.payload["form"], parts, folder, wrote=progress.note)
    await _hold(message, house)
    words = views.written(progress.done)["text"]
    await sync.upload(slack, channel=channel, words=words, files={name: written})
    await progress.end()


class _Progress:
    """What the person sees meanwhile; nothing for what is done in a moment."""

    def __init__(self, message: Outgoing, channel: str, slack: AsyncWebClient, house: House, count: int) -> None:
        self._message, self._channel, self._slack, self._house = message, channel, slack, house
        self._count, self._ts, self._told_at = count, "", time.monotonic()
        self.done = 0

    @classmethod
    async def begun(cls, message: Outgoing, channel: str, slack: AsyncWebClient, house: House) -> "_Progress":
        async with house.begin() as session:
            count = await everything.count(session, message.workspace_id)
        progress = cls(message, channel, slack, house, count)
        if count > LONG:
            progress._ts = await sync.post_once(slack, message, channel=channel, **views.working(0, count))
        return progress

    async def note(self, done: int) -> None:
        """So many are written: say so now and then, and keep the row."""
        self.done = done
        await _hold(self._message, self._house)
        if self._ts and time.monotonic() - self._told_at > TELL_EVERY_S:
            self._told_at = time.monotonic()
            await self._edit()

    async def end(self) -> None:
        """It is there."""
        if self._ts:
            await self._edit()

    async def _edit(self) -> None:
        words = views.working(self.done, max(self._count, self.done))
        await self._slack.chat_update(channel=self._channel, ts=self._ts, **words)


async def _hold(message: Outgoing, house: House) -> Outgoing:
    """Go on with the row; raises LeaseLost if another process began anew."""
    async with house.begin() as session:
        if not await outbox.hold(session, message, HELD):
            raise sync.LeaseLost
    return replace(message, leased_at=time.monotonic())


DELIVERIES: dict[Topic, Delivery] = {Topic.EVERYTHING_ASKED: send_everything}
