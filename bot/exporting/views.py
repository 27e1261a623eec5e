"""What a superuser reads while everything is written, and when it is there."""

from bot import blocks
from bot.blocks import Message
from bot.mrkdwn import Mrkdwn, mrkdwn


def asked(count: int, form: str) -> Message:
    """The answer to the line."""
    return _said(
        mrkdwn(
            "About {count} incidents with their comments and history are being written as {form}. "
            "The file comes by direct message.",
            count=f"{count:,}",
            form=form.upper(),
        )
    )


def working(done: int, count: int) -> Message:
    """How far it is."""
    return _said(
        mrkdwn("Writing your export: {done} of about {count} incidents.", done=f"{done:,}", count=f"{count:,}")
    )


def written(count: int) -> Message:
    """What the file is, which stands beside this."""
    return _said(
        mrkdwn(
            "Your export: {count} incidents with their comments and history, those of private channels too. "
            "Keep it where only superusers can read it.",
            count=f"{count:,}",
        )
    )


def refused() -> Message:
    """For somebody who lost the right while it was on its way."""
    return _said(Mrkdwn("Your export was not written: you are not a superuser any more. Ask one of them."))


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
    return blocks.message(text, [blocks.section(text)])
