"""The grammar of ``/incident`` and ``@Incident Tracker``: one line in, one request out, and never an exception.

A line is ``verb [id] words`` or ``id verb words``. What happens to the words depends on the verb:

* ``comment``, ``resolve``, ``reopen``, ``edit``, ``open`` take prose. Only the first word may be an id; the rest is
  text exactly as typed.
* ``new``, ``quick`` take a title. Priorities, categories, people and ``key:value`` count in the run of such words at
  the start and at the end of the line. The run leaves the title, except for plain words (``low``, ``security``)
  between the title and the first word that can be nothing else (``p1``, ``critical:``, ``@ana``): "disk space low"
  keeps all its words, and what stays counts only if nothing else says the same. Quoting the title ends all doubt:
  then such words count anywhere outside the quotes.
* ``list``, ``mine``, ``search``, ``stats`` take filters: they count anywhere, and so do statuses and ``unassigned``.
* Verbs about one incident take an id and such words in any order.
* The others, ``admin`` among them, get their text whole, and find people and channels in it beside.

Words in quotes are text, never anything else.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from itertools import takewhile
from typing import Final

from bot import lexer, verbs
from bot.mrkdwn import unescape
from domain import text

LARGEST_NUMBER: Final = 2_147_483_647

HIDDEN: Final = "(address)"
"""Stands for an address where a line is kept."""

_ID: Final = re.compile(r"(?:inc[-_]?|#)?(\d{1,10})[:;,.]?", re.IGNORECASE)
_WRONG_ID: Final = re.compile(r"(?:inc[-_]?|#)?[-+−]?\d+[:;,.]?|inc[-_].*|inc\d.*", re.IGNORECASE)
_PERMALINK: Final = re.compile(
    r"<?https?://[^\s/<>|]+/archives/([CDG][A-Z0-9]+)/p([0-9]{10})([0-9]{6})(\?[^\s<>|]*)?(?:\|[^<>]*)?>?[:;,.]?"
)
_THREAD: Final = re.compile(r"[?&;]thread_ts=([0-9]{10}\.[0-9]{6})(?![0-9])")
_TO_SOMEBODY: Final = re.compile(r"\s*(?:<@[UW][A-Z0-9]+(?:\|[^<>]*)?>[\s:,]*)*")
_ADDRESS: Final = re.compile(r"<mailto:[^<>]*>|(?<![^\s<>])[^\s<>]+@[^\s<>]+")  # each run of letters is tried once
_LETTERS: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for. Text is plain; ids are Slack's; nothing has been looked up."""

    verb: str
    """A key of ``ALIASES``, "" for the launcher, "unknown", or "secret": then nothing else of the line is here."""
    number: int | None = None
    bad_id: str | None = None
    """The word that looks like an id and cannot be one."""
    card: tuple[str, str] | None = None
    """Channel and ts of the card, from a link to it or to a reply in its thread."""
    text: str = ""
    words: tuple[str, ...] = ()
    """``text`` word by word, without quotation marks: a quoted phrase is one word."""
    people: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # ``@name`` that Slack did not turn into an id, without the @
    channels: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    """``key:value`` by the key's long name; what is a known priority, category or status stands there instead."""
    typed: str = ""
    """The verb as typed, if it is unknown."""
    guess: str | None = None
    """The verb that an unknown one resembles."""
    line: str = ""
    """The whole line as received, to run it again; empty where it may hold something private."""
    once: str = ""  # names the command or click that brought the line, if nothing else keeps it from being done twice


@dataclass(frozen=True, slots=True)
class _Context:
    line: str
    lexicon: Mapping[str, lexer.Meaning]
    names: Mapping[str, str]


def parse(line: str, *, categories: Collection[str] = (), names: Mapping[str, str] = {}) -> Request:
    """Read a line as Slack sent it, in time linear in its length.

    Args:
        categories: the workspace's category names.
        names: display names by Slack id, for mentions in text that come without one.
    """
    if is_secret(line):
        return Request("secret")
    request, words = _head(line, names)
    context = _Context(line, lexer.lexicon(categories, filters=request.verb in verbs.LISTING), names)
    if request.verb in verbs.PROSE:
        return _prose(request, words, context)
    if request.verb in verbs.TITLED:
        return _titled(request, words, context)
    if request.verb in verbs.WHOLE:
        return _whole(request, words, context)
    return request if request.verb == "unknown" else _targeted(request, words, context)


def people_in(line: str) -> list[str]:
    """The Slack ids of everybody mentioned."""
    return lexer.PERSON.findall(line)


def verb_of(word: str) -> str | None:
    """The verb that a word stands for, whichever of its names and in whatever case."""
    bare = word.strip(text.INVISIBLE).lower().replace("—", "--")
    return verbs.VERBS.get(bare) or verbs.VERBS.get(bare.rstrip(":,.!"))


def is_secret(line: str) -> bool:
    """Whether somebody may be typing a password: such a line must neither be stored nor logged."""
    words = lexer.split(_TO_SOMEBODY.sub("", line, count=1)[:300], most=5)
    if words and _target(words[0]):
        words = words[1:]
    if not words or verb_of(words[0].raw):
        return False
    letters = _LETTERS.findall(" ".join(word.raw for word in words[:4]).lower())[:4]
    first = {*letters[:1], "".join(letters[:2])}
    is_near = _is_like_a_secret(words[0].raw[:20].lower())
    return bool(is_near or first & verbs.SECRET_VERBS or {*letters, *first} & verbs.SECRETS)


@lru_cache(maxsize=4_096)
def _is_like_a_secret(word: str) -> bool:
    """Asked of the first word of every message in a thread; few words begin most of them."""
    return bool(get_close_matches(word, verbs.SECRETS | {"login", "signin"}, n=1, cutoff=0.82))


def is_unkept(text: str, bot_user_id: str) -> bool:
    """Whether a message must not be stored: a password, or what was said to the bot after ``link`` and the like."""
    line = strip_mention(text, bot_user_id)
    return is_secret(line) or (line != text.strip() and is_private(line))


def is_private(line: str) -> bool:
    """Whether a line to the bot may hold an address or a code."""
    words = lexer.split(line)
    verb = verb_of(words[0].raw) if words else None
    return verb in verbs.PRIVATE or (verb == "admin" and len(words) > 1 and words[1].raw.lower() in verbs.PRIVATE)


def without_addresses(line: str) -> str:
    """The line as it may be kept: people stay, e-mail addresses do not."""
    return _ADDRESS.sub(HIDDEN, line)


def strip_mention(text: str, bot_user_id: str) -> str:
    """A message to the bot, without the bot's name at its start or end."""
    if bot_user_id not in text:
        return text.strip()
    mention = rf"<@{re.escape(bot_user_id)}(?:\|[^<>]*)?>"
    addressed = re.sub(rf"\A\s*(?:{mention}[\s:,]*)+", "", text).strip()
    return re.sub(rf"{mention}[.!?]?\Z", "", addressed).rstrip()


def _head(line: str, names: Mapping[str, str]) -> tuple[Request, list[lexer.Word]]:
    """The verb, the id if it comes first, and the words after them."""
    words = lexer.split(line)
    if not words:
        return Request("", line=line), words
    target = _target(words[0])
    rest = words[1:] if target else words
    if target and not rest:
        return replace(target, verb="show", line=line), rest
    verb = verb_of(rest[0].raw)
    request = replace(target or Request(""), verb=verb or "unknown", line="" if is_private(line) else line)
    return (request, rest[1:]) if verb else (_unknown(request, rest[0].raw, names), rest[1:])


def _unknown(request: Request, typed: str, names: Mapping[str, str]) -> Request:
    near = get_close_matches(typed[:20].lower(), [name for name in verbs.VERBS if len(name) > 1], n=1, cutoff=0.6)
    guess = verbs.VERBS[near[0]] if near else None
    return replace(request, typed=unescape(typed, names), guess=guess, text=unescape(request.line.strip(), names))


def _prose(request: Request, words: Sequence[lexer.Word], context: _Context) -> Request:
    if words and not _has_id(request) and (target := _target(words[0])):
        request, words = _aimed(request, target), words[1:]
    return _rest_of_line(request, words, context)


def _whole(request: Request, words: Sequence[lexer.Word], context: _Context) -> Request:
    if request.verb == "admin" and len(words) > 1 and (target := _target(words[1])):
        request = _aimed(request, target)
    found = [word.raw for word in words if word.quoted is None]
    return replace(
        _rest_of_line(request, words, context),
        people=tuple(person for raw in found for person in lexer.PERSON.findall(raw)),
        names=tuple(name[1] for raw in found if (name := lexer.NAME.fullmatch(raw))),
        channels=tuple(channel for raw in found for channel in lexer.CHANNEL.findall(raw)),
    )


def _rest_of_line(request: Request, words: Sequence[lexer.Word], context: _Context) -> Request:
    text = context.line[words[0].start :].rstrip() if words else ""
    return replace(
        request,
        text=unescape(text, context.names),
        words=tuple(unescape(word.shown, context.names) for word in words),
    )


def _titled(request: Request, words: Sequence[lexer.Word], context: _Context) -> Request:
    meanings = [lexer.read(word, context.lexicon) for word in words]
    quoted = any(word.quoted is not None and not word.key for word in words)
    taken, hints = (set(range(len(words))), list[int]()) if quoted else _ends(words, meanings)
    taken = {place for place in taken if meanings[place]}
    said = [meaning for place in sorted(taken) for meaning in meanings[place]]
    for place in hints:
        said += [hint for hint in meanings[place] if all(hint[0] != kind for kind, _ in said)]
    kept = [word for place, word in enumerate(words) if place not in taken]
    return _filled(request, kept, said, context)


def _ends(words: Sequence[lexer.Word], meanings: Sequence[list[lexer.Meaning]]) -> tuple[set[int], list[int]]:
    """Places of the words at either end that leave the title, and of the plain ones next to it, which stay."""
    head = len(list(takewhile(bool, meanings)))
    tail = len(list(takewhile(bool, reversed(meanings))))
    taken, hints = set[int](), list[int]()
    for run in (range(head), range(len(words) - 1, len(words) - 1 - tail, -1)):
        marked = [depth for depth, place in enumerate(run, start=1) if not words[place].raw.rstrip(".!").isalpha()]
        depth = marked[-1] if marked else 0
        taken.update(run[:depth])
        hints += run[depth:]
    return taken, [place for place in hints if place not in taken]


def _targeted(request: Request, words: Sequence[lexer.Word], context: _Context) -> Request:
    """Filters, or an id and what to do with it, in any order."""
    kept, said = list[lexer.Word](), list[lexer.Meaning]()
    for word in words:
        if request.verb not in verbs.LISTING and not _has_id(request) and (target := _target(word)):
            request = _aimed(request, target)
        elif meanings := lexer.read(word, context.lexicon) or lexer.level(request.verb, word):
            said += meanings
        else:
            kept.append(word)
    return _filled(request, kept, said, context)


def _filled(request: Request, kept: Sequence[lexer.Word], said: Sequence[lexer.Meaning], context: _Context) -> Request:
    def of(kind: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value for each, value in said if each == kind))

    return replace(
        request,
        text=unescape("".join(word.space + word.shown for word in kept).strip(), context.names),
        words=tuple(unescape(word.shown, context.names) for word in kept),
        people=of("people"),
        names=of("names"),
        priorities=of("priorities"),
        categories=of("categories"),
        statuses=of("statuses"),
        options=tuple((kind, value) for kind, value in said if kind in lexer.KEYS),
    )


def _has_id(request: Request) -> bool:
    return bool(request.number or request.card or request.bad_id)


def _aimed(request: Request, target: Request) -> Request:
    return replace(request, number=target.number, card=target.card, bad_id=target.bad_id)


def _target(word: lexer.Word) -> Request | None:
    """The incident that a word names: a number, a link, or what can be neither but was meant to be."""
    bare = word.raw.strip(text.INVISIBLE)
    if link := _PERMALINK.fullmatch(bare):
        thread = _THREAD.search(link[4] or "")
        return Request("", card=(link[1], thread[1] if thread else f"{link[2]}.{link[3]}"))
    if (number := _ID.fullmatch(bare)) and 1 <= int(number[1]) <= LARGEST_NUMBER:
        return Request("", number=int(number[1]))
    return Request("", bad_id=unescape(bare)) if _WRONG_ID.fullmatch(bare) else None
