"""The mails with a token that sets a password."""

from typing import Final

from bot.accounts.letters import Mail
from domain.credentials import Letter, Purpose

_ASKED: Final = {
    Purpose.RESET: "asked to set a new password for the account with this address",
    Purpose.SIGN_UP: "asked for an account with this address",
}


def password(letter: Letter, token: str) -> Mail:
    """The token, and what to do if it was not you."""
    return Mail(
        "Your password for Incident Tracker's API",
        f"Somebody {_ASKED[letter.purpose]}\n"
        f"in Incident Tracker, Slack workspace {letter.workspace_url}\n\n"
        "If that was you, send this token with your new password to POST /api/v1/reset-password/ within half an hour:"
        f"\n\n    {token}\n\n"
        "If it was not you, do nothing: nobody can set your password without the token.\n"
        "Give it to nobody, and never write it into Slack.\n",
    )
