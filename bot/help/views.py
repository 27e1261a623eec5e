"""What the bot can do, in words: help, did-you-mean, and which incident is meant."""

from collections.abc import Sequence

from bot import blocks
from bot.blocks import Message
from bot.mrkdwn import Mrkdwn, join, mrkdwn
from domain.errors import DomainError
from domain.incidents import Incident

RUN = "line.run"
"""Runs the line in the button's value as if the person had typed it."""

VALUE_LIMIT = 2_000
"""Of a button, by Slack."""

VERBS = {
    "new": ("new Checkout returns 500s p1 outage", "opens the form, filled with what you typed"),
    "quick": ("quick Disk full on db1 p2", "opens an incident at once"),
    "list": ("list p1,p2 outage unassigned", "unresolved incidents, most urgent first"),
    "mine": ("mine", "what you work on, and yours that nobody works on"),
    "show": ("show 42", "one incident with its last comments"),
    "take": ("take 42", "assigns it to you and starts it"),
    "start": ("start 42", "from open to in progress"),
    "revert": ("revert 42", "from in progress back to open"),
    "resolve": ("resolve 42 rolled back 1.4.2", "resolves it; without words it asks what fixed it"),
    "reopen": ("reopen 42 it came back", "from resolved to in progress"),
    "comment": ("comment 42 vendor called back", "says it in the thread, in your name"),
    "whoami": ("whoami", "who you are here and what you may do"),
    "help": ("help resolve", "this list, or one line of it"),
}


def overview() -> Message:
    """Every verb with an example."""
    lines = [_line(verb) for verb in VERBS]
    intro = Mrkdwn(
        "Type `/incident` and a verb. In a thread write `@Incident Tracker` and the verb; "
        "the number can be left out there."
    )
    return blocks.message(intro, [blocks.section(intro), blocks.section(join("\n", lines))])


def one(verb: str) -> Message:
    """One verb with its example."""
    text = _line(verb)
    return blocks.message(text, [blocks.section(text)])


def did_you_mean(typed: str, guess: str, line: str) -> Message:
    """A guess, which does nothing until the person agrees."""
    text = mrkdwn("Nothing was done: there is no verb “{typed}”. Did you mean *{guess}*?", typed=typed, guess=guess)
    corrected = line.replace(typed, guess, 1)
    if len(corrected) > VALUE_LIMIT:
        return blocks.message(text, [blocks.section(text)])
    return blocks.message(
        text, [blocks.section(text), blocks.actions(blocks.button(f"Yes, {guess}", RUN, value=corrected))]
    )


def not_known(typed: str) -> Message:
    """No verb is near what was typed."""
    text = mrkdwn("Nothing was done: there is no verb “{typed}”. `/incident help` lists them all.", typed=typed)
    return blocks.message(text, [blocks.section(text)])


def not_yet(verb: str) -> Message:
    """A verb of the grammar that this version does not do."""
    text = mrkdwn("Nothing was done: “{verb}” is not part of this version. `/incident help` lists what is.", verb=verb)
    return blocks.message(text, [blocks.section(text)])


def no_password() -> Message:
    """Somebody typed a secret; it is kept nowhere."""
    text = Mrkdwn(
        "Never type a password in Slack; you do not need one here. What you typed was not stored. "
        "If it is a password that you use, change it."
    )
    return blocks.message(text, [blocks.section(text)])


def open_means(number: int | None) -> Message:
    """“open” could open a new incident or reopen an old one."""
    text = Mrkdwn("Nothing was done: “open” can mean two things. Open a new incident, or reopen a resolved one?")
    again = f"reopen {number}" if number else "reopen"
    buttons = [
        blocks.button("Open a new one", f"{RUN}:0", value="new"),
        blocks.button(again.capitalize(), f"{RUN}:1", value=again),
    ]
    return blocks.message(text, [blocks.section(text), blocks.actions(*buttons)])


def wrong_id(typed: str) -> Message:
    """An id that no incident can have."""
    text = mrkdwn("Nothing was done: “{typed}” is no incident's id. Write it as 42 or INC-42.", typed=typed)
    return blocks.message(text, [blocks.section(text)])


def which(verb: str, text: str, candidates: Sequence[Incident]) -> Message:
    """A verb without an id: the most likely incidents to choose from; what was typed is kept."""
    if not candidates:
        words = mrkdwn("Nothing was done: there is no incident to {verb} now.{kept}", verb=verb, kept=_kept(text))
        return blocks.message(words, [blocks.section(words)])
    words = mrkdwn("Which incident do you want to {verb}?{kept}", verb=verb, kept=_kept(text))
    fitting = text if len(text) < 1_800 else ""
    buttons = [
        blocks.button(f"{i.ref} {i.title}", f"{RUN}:{n}", value=f"{verb} {i.number} {fitting}".strip())
        for n, i in enumerate(candidates)
    ]
    return blocks.message(words, [blocks.section(words), blocks.actions(*buttons)])


def form_offered(line: str) -> Message:
    """Where no form can open by itself, a button opens it."""
    text = Mrkdwn("This needs a form. Press the button to open it.")
    return blocks.message(text, [blocks.section(text), blocks.actions(blocks.button("Open the form", RUN, value=line))])


def refused(error: DomainError) -> Message:
    """Why nothing was done."""
    text = mrkdwn("{error}", error=error)
    return blocks.message(text, [blocks.section(text)])


def _kept(text: str) -> Mrkdwn:
    return mrkdwn("\nYou wrote: {text}", text=text) if text else Mrkdwn("")


def _line(verb: str) -> Mrkdwn:
    example, words = VERBS[verb]
    return mrkdwn("`/incident {example}` {words}", example=example, words=words)
