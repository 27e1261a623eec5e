"""The mails that the bot writes: who asked, from where, and what to do if it was not you."""

from typing import Final, NamedTuple

from domain.codes import Letter, Purpose

_WHAT: Final = {
    Purpose.LINK: "link the account with this e-mail address to themselves",
    Purpose.RECOVER: "recover the account with this e-mail address",
    Purpose.ADDRESS: "use this e-mail address for their account",
}
_IF_NOT: Final = {
    Purpose.LINK: "nobody can use your account without the code",
    Purpose.RECOVER: "nobody can use your account without the code",
    Purpose.ADDRESS: "nobody can use your address without the code",
}


class Mail(NamedTuple):
    """Plain text."""

    subject: str
    text: str


LONGEST_NAME: Final = 80


def _line(name: str) -> str:
    """A name as words in a sentence, whatever line breaks somebody put into it."""
    return " ".join(name.split())[:LONGEST_NAME]


def code(letter: Letter, code: str) -> Mail:
    """A code, in two groups of four."""
    return Mail(
        "Your code for Incident Tracker",
        f"{_line(letter.asked_by)} (Slack user {letter.slack_user_id}) in the Slack workspace {letter.workspace_url}\n"
        f"asked Incident Tracker to {_WHAT[letter.purpose]}.\n\n"
        f"If that was you, enter this code in Slack within ten minutes:\n\n"
        f"    {code[:4]} {code[4:]}\n\n"
        f"If it was not you, do nothing: {_IF_NOT[letter.purpose]}.\n"
        "Give it to nobody. Nobody who runs Incident Tracker will ask you for it.\n",
    )


def address_changed(name: str, workspace_url: str) -> Mail:
    """To the address that an account had."""
    return Mail(
        "Your address was replaced in Incident Tracker",
        f"The account of {_line(name)} in Incident Tracker, Slack workspace {workspace_url},\n"
        "had this e-mail address and has another one now, which was proved by a code.\n\n"
        "If that was you, there is nothing to do. If it was not, tell a superuser at once:\n"
        "/incident help in Slack names them.\n",
    )
