"""What the bot can do, in words: help, did-you-mean, and which incident is meant."""

from collections.abc import Sequence
from typing import Final

from bot import blocks
from bot.blocks import Message
from bot.mrkdwn import Mrkdwn, join, mrkdwn
from bot.verbs import ALIASES, NEEDS
from domain import policy
from domain.incidents import Incident
from domain.policy import Action, Actor, Surface

RUN = "line.run"
"""Runs the line in the button's value as if the person had typed it."""

VALUE_LIMIT = 2_000
"""Of a button, by Slack."""
SLASH: Final = (
    "Type `/incident` and a verb. In a thread write `@Incident Tracker` and the verb; the number can be left out there."
)

VERBS = {
    "new": ("new Checkout returns 500s p1 outage", "opens the form, filled with what you typed"),
    "quick": ("quick Disk full on db1 p2", "opens an incident at once"),
    "list": ("list p1,p2 outage unassigned", "unresolved incidents, most urgent first"),
    "mine": ("mine", "what you work on, and yours that nobody works on"),
    "search": ("search card reader p1", "words in titles, descriptions and comments, resolved ones too"),
    "show": ("show 42", "one incident with its last comments; `show 42 plain` as one text"),
    "digest": ("digest", "what is open, what needs somebody, and what happened; now, for you"),
    "stats": (
        "stats 30d by category",
        "how many were opened and resolved, what is open, how long it takes; a picture, too",
    ),
    "history": ("history 42", "who did what, and when"),
    "export": ("export 42", "sends you all of it as files"),
    "take": ("take 42", "assigns it to you and starts it"),
    "assign": ("assign 42 @ana", "gives it to somebody, who is told"),
    "unassign": ("unassign 42", "nobody works on it any more"),
    "start": ("start 42", "from open to in progress"),
    "revert": ("revert 42", "from in progress back to open"),
    "resolve": ("resolve 42 rolled back 1.4.2", "resolves it; without words it asks what fixed it"),
    "reopen": ("reopen 42 it came back", "from resolved to in progress"),
    "undo": ("undo", "takes back your last change, within ten minutes"),
    "priority": ("priority 42 critical", "sets how much it matters; p1 to p4, too"),
    "category": ("category 42 security", "sets what kind it is"),
    "edit": ("edit 42", "opens the form to change it; `edit 42 New title` renames it"),
    "comment": ("comment 42 vendor called back", "says it in the thread, in your name"),
    "delete": ("delete 42", "asks first; it is kept for 30 days"),
    "restore": ("restore 42", "brings a deleted incident back"),
    "sync": ("sync 42", "reads its thread again and renews its card; finds what nobody told me of"),
    "whoami": ("whoami", "who you are here and what you may do; to change or close your account"),
    "link": ("link", "takes over an account, with a code sent to its address"),
    "recover": ("recover", "the same from a Slack user that you lost"),
    "unlink": ("unlink", "parts with the account that was linked"),
    "token": (
        "token create deployment script",
        "gives another program a way in, in your name; `token` lists and ends them",
    ),
    "admin": ("admin", "manages people and categories, shows who administered what; lists it all"),
    "why": ("why resolve 42", "whether you may, and who can help if not"),
    "help": ("help resolve", "this list, or one line of it"),
}
"""An example and what it does, for every verb."""

GROUPS: Final = {
    "Open": ("new", "quick"),
    "Find": ("list", "mine", "search", "show", "digest", "stats", "history", "export"),
    "Work": ("take", "assign", "unassign", "start", "revert", "resolve", "reopen", "undo"),
    "Describe": ("priority", "category", "edit", "comment", "delete", "restore", "sync"),
    "You": ("whoami", "link", "recover", "unlink", "token", "why", "help"),
    "Administer": ("admin",),
}


def overview(reader: Actor) -> Message:
    """Every verb that the reader can use here, with an example."""
    intro = Mrkdwn("In a thread, leave the number out." if _is_mention(reader) else SLASH)
    parts = [blocks.section(intro)]
    for name, verbs in GROUPS.items():
        lines = [_line(verb, reader) for verb in verbs if verb in VERBS and is_usable(verb, reader)]
        if lines:
            parts.append(blocks.section(mrkdwn("*{name}*\n{lines}", name=name, lines=join("\n", lines))))
    names = [verb for verbs in GROUPS.values() for verb in verbs if verb in VERBS and is_usable(verb, reader)]
    return blocks.message(mrkdwn("{intro} You can use: {names}.", intro=intro, names=", ".join(names)), parts)


def one(verb: str, reader: Actor) -> Message:
    """One verb with its example, its other names, and whether the reader can use it."""
    aliases = ", ".join(ALIASES[verb])
    text = mrkdwn(
        "{line}{aliases}{refusal}",
        line=_line(verb, reader),
        aliases=mrkdwn("\nAlso: {names}", names=aliases) if aliases else "",
        refusal="" if is_usable(verb, reader) else mrkdwn("\n{rule} {reason}", rule=policy.rule(NEEDS[verb]),
                                                          reason=policy.reason(reader)),
    )  # fmt: skip
    return blocks.words(text)


def is_usable(verb: str, reader: Actor) -> bool:
    """Whether the reader may use it on some incident at least: an own one, where ownership counts."""
    need = NEEDS.get(verb)
    if need in (Action.EDIT, Action.DELETE):
        return reader.is_member
    return need is None or policy.allows(reader, need)


def you_may(verb: str, incident: Incident | None) -> Message:
    """The answer to ``why`` where nothing is in the way."""
    where = mrkdwn(" for {ref}", ref=incident.ref) if incident else ""
    text = mrkdwn("You may use *{verb}*{where}.", verb=verb, where=where)
    return blocks.words(text)


def with_hint(answer: Message) -> Message:
    """The first answer that a person gets, and what to know next."""
    hint = Mrkdwn(
        "First time here? `/incident help` lists what you can do. Replies in a card's thread are its comments."
    )
    return {"text": answer["text"], "blocks": [*answer["blocks"][: blocks.BLOCKS_IN_MESSAGE - 1], blocks.context(hint)]}


def did_you_mean(typed: str, guess: str, line: str) -> Message:
    """A guess, which does nothing until the person agrees."""
    text = mrkdwn("Nothing was done: there is no verb “{typed}”. Did you mean *{guess}*?", typed=typed, guess=guess)
    corrected = line.replace(typed, guess, 1)
    if len(corrected) > VALUE_LIMIT:
        return blocks.words(text)
    return blocks.message(
        text, [blocks.section(text), blocks.actions(blocks.button(f"Yes, {guess}", RUN, value=corrected))]
    )


def not_known(typed: str) -> Message:
    """No verb is near what was typed."""
    text = mrkdwn("Nothing was done: there is no verb “{typed}”. `/incident help` lists them all.", typed=typed)
    return blocks.words(text)


def no_password() -> Message:
    """Somebody typed a secret; it is kept nowhere."""
    text = Mrkdwn(
        "Never type a password in Slack; you do not need one here. What you typed was not stored. "
        "If it is a password that you use, change it."
    )
    return blocks.words(text)


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
    return blocks.words(text)


def which(verb: str, text: str, candidates: Sequence[Incident]) -> Message:
    """A verb without an id: the most likely incidents to choose from; what was typed is kept."""
    if not candidates:
        words = mrkdwn("Nothing was done: there is no incident to {verb} now.{kept}", verb=verb, kept=_kept(text))
        return blocks.words(words)
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


def refused(words: Mrkdwn) -> Message:
    """Why nothing was done."""
    return blocks.words(words)


def _kept(text: str) -> Mrkdwn:
    return mrkdwn("\nYou wrote: {text}", text=text) if text else Mrkdwn("")


def _line(verb: str, reader: Actor) -> Mrkdwn:
    example, words = VERBS[verb]
    call = "@Incident Tracker" if _is_mention(reader) else "/incident"
    return mrkdwn("`{call} {example}` {words}", call=call, example=example, words=Mrkdwn(words))


def _is_mention(reader: Actor) -> bool:
    return reader.surface is Surface.MENTION
