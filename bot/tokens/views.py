"""API tokens in words: a new one, the only time that it is shown, and the list."""

from collections.abc import Sequence

from bot import blocks
from bot.blocks import Block, Message
from bot.help.views import RUN
from bot.mrkdwn import Mrkdwn, date, mrkdwn
from domain.tokens import Made, Shown

HOW = Mrkdwn("`/incident token create deployment script` makes one, `/incident token revoke 3` ends it.")


def made(token: Made) -> Message:
    """Only whoever asked sees it, and only now."""
    text = mrkdwn(
        "This is your API token *{label}*, number {number}. It can do what you can do. Copy it now: it is not kept "
        "here and cannot be shown again.\n```{token}```\n"
        "Put it where your program keeps its secrets, never into a message. "
        "`/incident token revoke {number}` ends it.",
        label=token.label,
        number=str(token.number),
        token=token.token,
    )
    return blocks.words(text)


def listed(tokens: Sequence[Shown], *, of: Mrkdwn | None) -> Message:
    """The good ones, each with a button to revoke it.

    Args:
        of: whose they are, if they are somebody else's.
    """
    whose = mrkdwn("API tokens of {who}", who=of) if of else Mrkdwn("Your API tokens")
    head = mrkdwn("*{whose}* {how}", whose=whose, how=HOW)
    if not tokens:
        text = mrkdwn("{whose}: there are none. {how}", whose=whose, how=HOW)
        return blocks.words(text)
    names = ", ".join(f"{token.number} {token.label}" for token in tokens)
    return blocks.message(mrkdwn("{whose}: {names}", whose=whose, names=names), [blocks.section(head), *_rows(tokens)])


def revoked(label: str) -> Message:
    """It is not good any more."""
    text = mrkdwn("Revoked. The API token *{label}* is not good any more.", label=label)
    return blocks.words(text)


def switched_off() -> Message:
    """There is no API to use a token with."""
    text = Mrkdwn(
        "No token was made: the REST API is switched off. Whoever runs Incident Tracker can switch it on with the "
        "settings `SECRET_KEY` and `PORT`."
    )
    return blocks.words(text)


def _rows(tokens: Sequence[Shown]) -> list[Block]:
    return [blocks.section(_row(token), accessory=_revoke(token)) for token in tokens]


def _row(token: Shown) -> Mrkdwn:
    used = mrkdwn("last used {at}", at=date(token.used_at)) if token.used_at else Mrkdwn("never used")
    return mrkdwn(
        "{number}. *{label}*\nmade {at}, {used}",
        number=str(token.number),
        label=token.label,
        at=date(token.created_at),
        used=used,
    )


def _revoke(token: Shown) -> Block:
    sure = blocks.confirm(
        "Revoke this token?",
        f"Whatever uses “{token.label}” is turned away from now on. This cannot be taken back.",
        "Revoke it",
        style="danger",
    )
    label = f"Revoke the token {token.label}"
    return blocks.button(
        "Revoke…",
        f"{RUN}:{token.number}",
        value=f"token revoke {token.number}",
        confirm=sure,
        accessibility_label=label,
    )
