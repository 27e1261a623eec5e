"""What a superuser reads while everything is written, and when it is there."""

from datetime import UTC, datetime

from bot import blocks
from bot.blocks import Message
from bot.mrkdwn import Mrkdwn, mrkdwn


def asked(count: int, form: str) -> Message:
    """The answer to the line."""
    return _said(
        mrkdwn(
            "About {count} incidents with their comments and history are being written as {form}. "
            "The file comes by direct message, as a zip.",
            count=f"{count:,}",
            form=form.upper(),
        )
    )


def working(done: int, count: int) -> Message:
    """How far it is."""
    return _said(
        mrkdwn("Writing your export: {done} of about {count} incidents.", done=f"{done:,}", count=f"{count:,}")
    )


def ready(count: int) -> Message:
    """All of it is written, and about to be sent."""
    return _said(mrkdwn("Your export is written, all {count} incidents of it. The file follows.", count=f"{count:,}"))


def written(count: int, at: datetime) -> Message:
    """What the file is, which stands beside this."""
    return _said(
        mrkdwn(
            "Your export: the {count} incidents that there were on {at}, with their comments and history, "
            "those of private channels too. Keep it where only superusers can read it.",
            count=f"{count:,}",
            at=f"{at.astimezone(UTC):%-d %b %Y %H:%M} UTC",
        )
    )


def refused() -> Message:
    """For somebody who lost the right while it was on its way."""
    return _said(Mrkdwn("Your export was not sent: you are not a superuser any more. Ask one of them."))


def failed(reason: str) -> Message:
    """It will not come."""
    return _said(
        mrkdwn(
            "Your export could not be finished: {reason}. Nothing was sent. Try again later, or ask whoever runs "
            "Incident Tracker.",
            reason=reason,
        )
    )


def _said(text: Mrkdwn) -> Message:
    return blocks.words(text)
