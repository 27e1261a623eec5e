"""What a superuser is answered: what there is, what was done, and what was perhaps meant."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final, assert_never

from bot import blocks
from bot.admin.steps import Step
from bot.admin.views import said
from bot.blocks import Message
from bot.help.views import RUN, VALUE_LIMIT
from bot.incidents.views import spoken
from bot.mrkdwn import Mrkdwn, join, mrkdwn, user
from domain.persons import Person

EXAMPLES: Final = (
    ("users nora", "people with an account, ten a page; `admin users waiting` those who wait for approval"),
    ("approve @nora", "lets somebody in who waits"),
    ("disable @nora", "shuts somebody out; what they wrote stays. `admin enable @nora` lets them back in"),
    ("delete @nora", "forgets who somebody is"),
    ("super add @nora", "makes somebody a superuser; `admin super remove @nora` takes it back"),
    ("link @nora nora@example.com", "gives somebody the account with this address; `admin unlink @nora` parts them"),
    ("category add hardware", "also `admin category`, `rename hardware machines`, `retire machines`"),
    ("digest add #ops 09:00 mon-fri", "gives a channel its digest; also `list`, `pause`, `resume`, `remove`, `now`"),
    (
        "nudge critical unassigned 15m silent 1h",
        "reminds people; `admin nudge` lists, `admin nudge critical off` stops it",
    ),
    (
        "webhook add https://example.com/hook",
        "tells another program what happens; `admin webhook` lists, `remove 1` ends it, `on 1` switches it on again",
    ),
    ("restore 42", "brings a deleted incident back"),
    ("audit", "who administered what; `admin audit @nora` and `admin audit 42` narrow it"),
    ("export csv", "sends you everything as a file; or `admin export json`"),
    ("doctor", "examines everything and sends you what it found"),
)


def overview() -> Message:
    """Every line that superusers have, with an example."""
    intro = Mrkdwn("*Administration.* The same is in the App Home of Incident Tracker, under *Admin*.")
    lines = [mrkdwn("`/incident admin {line}` {words}", line=line, words=Mrkdwn(words)) for line, words in EXAMPLES]
    names = ", ".join(dict.fromkeys(line.split()[0] for line, _ in EXAMPLES))
    text = mrkdwn("{intro} You can use: {names}.", intro=intro, names=names)
    return blocks.message(text, [blocks.section(intro), blocks.section(join("\n", lines))])


def no_such(group: str, typed: str, known: Sequence[str], line: str) -> Message:
    """A word that names nothing here; a guess does nothing until the person agrees.

    Args:
        group: the word before it, ``super`` or ``category``, or nothing.
        line: as received.
    """
    head = f"admin {group}".strip()
    if not typed:
        return said(mrkdwn("Nothing was done: after `{head}` comes {known}.", head=head, known=" or ".join(known)))
    near = get_close_matches(typed[:20].lower(), known, n=1, cutoff=0.6)
    if not near:
        words = "Nothing was done: there is no “{head} {typed}”. `/incident admin` lists what there is."
        return said(mrkdwn(words, head=head, typed=typed[:100]))
    guess = f"{head} {near[0]}"
    words = "Nothing was done: there is no “{head} {typed}”. Did you mean *{guess}*?"
    text = mrkdwn(words, head=head, typed=typed[:100], guess=guess)
    corrected = f"{guess} {_after(line, len(guess.split()))}".strip()
    return _pressed(text, f"Yes, {guess}", corrected) if len(corrected) <= VALUE_LIMIT else said(text)


def to_press(label: str, line: str) -> Message:
    """Where an answer may be sent twice, nothing is done before a button is pressed."""
    return _pressed(Mrkdwn("Nothing was done yet. Press the button to do it."), label, line)


def added(name: str) -> Mrkdwn:
    """A category can be chosen now."""
    return mrkdwn("{name} can be chosen now.", name=spoken(name))


def renamed(old: str, new: str) -> Mrkdwn:
    """The new name counts at once."""
    return mrkdwn("{old} is called {new} now. Its incidents follow one by one.", old=spoken(old), new=spoken(new))


def retired(name: str) -> Mrkdwn:
    """Nobody can choose it any more."""
    return mrkdwn("{name} is retired. Incidents that have it keep it.", name=spoken(name))


def linked(account: Person, slack_user_id: str) -> Mrkdwn:
    """Whose account it is now."""
    return mrkdwn("{name}'s account belongs to {who} now. They are told.", name=account.name, who=user(slack_user_id))


def examining() -> Message:
    """What follows, and where."""
    return said(Mrkdwn("Everything is being examined. The findings come by direct message."))


def done(step: Step, person: Person) -> Mrkdwn:
    """What a step came to, for whoever took it."""
    name = person.name
    match step:
        case Step.APPROVE:
            return mrkdwn("{name} was let in, and is told.", name=name)
        case Step.REFUSE:
            return mrkdwn("{name} was refused, and is told. `/incident admin enable` lets them in later.", name=name)
        case Step.ENABLE:
            return mrkdwn("{name} is active again, and is told.", name=name)
        case Step.DISABLE:
            return mrkdwn("{name} is deactivated, and is told. What they wrote stays.", name=name)
        case Step.MAKE:
            return mrkdwn("{name} is a superuser now. They and all superusers are told.", name=name)
        case Step.UNMAKE:
            return mrkdwn("{name} is no superuser any more. They and all superusers are told.", name=name)
        case Step.UNLINK:
            return mrkdwn("{name}'s account has no Slack user now. The person is told.", name=name)
        case Step.DELETE:
            return mrkdwn("{name}'s account was deleted. What they wrote stays, by a deleted person.", name=name)
        case _ as unreachable:
            assert_never(unreachable)


def _after(line: str, count: int) -> str:
    """What follows the first words of a line that begins with the verb."""
    parts = line.split(maxsplit=count)
    return parts[count] if len(parts) > count and parts[0].lower().startswith("admin") else ""


def _pressed(text: Mrkdwn, label: str, line: str) -> Message:
    return blocks.message(text, [blocks.section(text), blocks.actions(blocks.button(label, RUN, value=line))])
