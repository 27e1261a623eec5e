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
from itertools import takewhile
from typing import Final, TypeAlias

from bot.mrkdwn import unescape

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "new": ("create", "declare", "report"),
    "quick": (),
    "list": ("ls",),
    "mine": (),
    "search": ("find",),
    "show": ("view",),
    "take": ("claim",),
    "assign": (),
    "unassign": (),
    "start": ("progress",),
    "revert": (),
    "resolve": ("fixed", "done", "close"),
    "reopen": (),
    "undo": (),
    "priority": ("p", "prio", "sev"),
    "category": ("cat",),
    "edit": ("rename",),
    "comment": ("say",),
    "history": ("timeline",),
    "export": (),
    "delete": (),
    "restore": (),
    "sync": (),
    "stats": (),
    "digest": (),
    "link": (),
    "unlink": (),
    "recover": (),
    "whoami": (),
    "token": (),
    "why": (),
    "help": ("?", "-h", "--help"),
    "admin": (),
    "open": (),
}
"""Every verb with its other names; ``open`` is the one that only asks what is meant."""
LARGEST_NUMBER: Final = 2_147_483_647

_VERBS: Final = {alias: verb for verb, aliases in ALIASES.items() for alias in (verb, *aliases)}
_PROSE: Final = frozenset({"comment", "resolve", "reopen", "edit", "open"})
_TITLED: Final = frozenset({"new", "quick"})
_LISTING: Final = frozenset({"list", "mine", "search", "stats"})
_WHOLE: Final = frozenset({"digest", "link", "unlink", "recover", "whoami", "token", "help", "admin"})
_PRIVATE: Final = frozenset({"link", "unlink", "recover", "token"})
_SECRET_VERBS: Final = frozenset({"login", "logon", "signin", "signon", "pass", "secret", "auth", "credentials"})
_SECRETS: Final = frozenset({"password", "passwords", "passwd", "passphrase", "passcode", "pw", "pwd"})

_PRIORITIES: Final = ("critical", "high", "medium", "low")
_KEYS: Final = {
    **{key: key for key in ("priority", "category", "status", "assignee", "owner", "older", "newer", "in", "by")},
    "p": "priority",
    "cat": "category",
}
_KINDS: Final = {"priority": "priorities", "category": "categories", "status": "statuses"}
_FILTERS: Final = {
    **{status: ("statuses", status) for status in ("open", "in_progress", "resolved")},
    "unassigned": ("assignee", "none"),
}

_WORD: Final = re.compile(
    r"""(?:([A-Za-z]+):)?(?:"([^"]*)"|“([^“”]*)”|„([^„“”]*)[“”]|«([^«»]*)»)(?!\S)  # quoted, perhaps key:"value"
    | in\s+progress(?!\S)
    | (?:<[^<>\s][^<>]*>|\S)++                                                     # <@U1|Ana Lee> is one word
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ID: Final = re.compile(r"(?:inc[-_]?|#)?(\d{1,10})[:;,.]?", re.IGNORECASE)
_WRONG_ID: Final = re.compile(r"(?:inc[-_]?|#)?[-+−]?\d+[:;,.]?|inc[-_].*|inc\d.*", re.IGNORECASE)
_PERMALINK: Final = re.compile(
    r"<?https?://[^\s/<>|]+/archives/([CDG][A-Z0-9]+)/p([0-9]{10})([0-9]{6})(\?[^\s<>|]*)?(?:\|[^<>]*)?>?[:;,.]?"
)
_THREAD: Final = re.compile(r"[?&;]thread_ts=([0-9]{10}\.[0-9]{6})(?![0-9])")
_PEOPLE: Final = re.compile(r"(?:<@[UW][A-Z0-9]+(?:\|[^<>]*)?>[,;:]?)+")
_PERSON: Final = re.compile(r"<@([UW][A-Z0-9]+)")
_CHANNEL: Final = re.compile(r"<#([CDG][A-Z0-9]+)(?:\|[^<>]*)?>")
_NAME: Final = re.compile(r"@([\w.'-]*\w)[,;:]?")
_LEVEL: Final = re.compile(r"(?:p|prio|priority|sev)[-_]?([1-4])", re.IGNORECASE)
_TO_SOMEBODY: Final = re.compile(r"\s*(?:<@[UW][A-Z0-9]+(?:\|[^<>]*)?>[\s:,]*)*")
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_INVISIBLE: Final = "\u200b\u200c\u200d\u200e\u200f\u2060\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d\u202e\ufeff"

Meaning: TypeAlias = tuple[str, str]


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
    names: tuple[str, ...] = ()
    """``@name`` that Slack did not turn into an id, without the @."""
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


@dataclass(frozen=True, slots=True)
class _Word:
    raw: str
    start: int
    space: str
    """What stands between it and the word before."""
    key: str = ""
    quoted: str | None = None

    @property
    def shown(self) -> str:
        return self.raw if self.quoted is None or self.key else self.quoted


@dataclass(frozen=True, slots=True)
class _Context:
    line: str
    lexicon: Mapping[str, Meaning]
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
    context = _Context(line, _lexicon(categories, filters=request.verb in _LISTING), names)
    if request.verb in _PROSE:
        return _prose(request, words, context)
    if request.verb in _TITLED:
        return _titled(request, words, context)
    if request.verb in _WHOLE:
        return _whole(request, words, context)
    return request if request.verb == "unknown" else _targeted(request, words, context)


def people_in(line: str) -> list[str]:
    """The Slack ids of everybody mentioned."""
    return _PERSON.findall(line)


def verb_of(word: str) -> str | None:
    """The verb that a word stands for, whichever of its names and in whatever case."""
    bare = word.strip(_INVISIBLE).lower().replace("—", "--")
    return _VERBS.get(bare) or _VERBS.get(bare.rstrip(":,.!"))


def is_secret(line: str) -> bool:
    """Whether somebody may be typing a password: such a line must neither be stored nor logged."""
    words = _split(_TO_SOMEBODY.sub("", line, count=1)[:300])
    if words and _target(words[0]):
        words = words[1:]
    if not words or verb_of(words[0].raw):
        return False
    letters = _LETTERS.findall(" ".join(word.raw for word in words[:4]).lower())[:4]
    first = {*letters[:1], "".join(letters[:2])}
    near = get_close_matches(words[0].raw[:20].lower(), _SECRETS | {"login", "signin"}, n=1, cutoff=0.82)
    return bool(near or first & _SECRET_VERBS or {*letters, *first} & _SECRETS)


def strip_mention(text: str, bot_user_id: str) -> str:
    """A message to the bot, without the bot's name at its start or end."""
    mention = rf"<@{re.escape(bot_user_id)}(?:\|[^<>]*)?>"
    addressed = re.sub(rf"\A\s*(?:{mention}[\s:,]*)+", "", text).strip()
    return re.sub(rf"{mention}[.!?]?\Z", "", addressed).rstrip()


def _head(line: str, names: Mapping[str, str]) -> tuple[Request, list[_Word]]:
    """The verb, the id if it comes first, and the words after them."""
    words = _split(line)
    if not words:
        return Request("", line=line), words
    target = _target(words[0])
    rest = words[1:] if target else words
    if target and not rest:
        return replace(target, verb="show", line=line), rest
    verb = verb_of(rest[0].raw)
    request = replace(target or Request(""), verb=verb or "unknown", line="" if verb in _PRIVATE else line)
    return (request, rest[1:]) if verb else (_unknown(request, rest[0].raw, names), rest[1:])


def _unknown(request: Request, typed: str, names: Mapping[str, str]) -> Request:
    near = get_close_matches(typed[:20].lower(), [name for name in _VERBS if len(name) > 1], n=1, cutoff=0.6)
    guess = _VERBS[near[0]] if near else None
    return replace(request, typed=unescape(typed, names), guess=guess, text=unescape(request.line.strip(), names))


def _prose(request: Request, words: Sequence[_Word], context: _Context) -> Request:
    if words and not _has_id(request) and (target := _target(words[0])):
        request, words = _aimed(request, target), words[1:]
    return _rest_of_line(request, words, context)


def _whole(request: Request, words: Sequence[_Word], context: _Context) -> Request:
    if request.verb == "admin" and len(words) > 1 and (target := _target(words[1])):
        request = _aimed(request, target)
    found = [word.raw for word in words if word.quoted is None]
    return replace(
        _rest_of_line(request, words, context),
        people=tuple(person for raw in found for person in _PERSON.findall(raw)),
        names=tuple(name[1] for raw in found if (name := _NAME.fullmatch(raw))),
        channels=tuple(channel for raw in found for channel in _CHANNEL.findall(raw)),
    )


def _rest_of_line(request: Request, words: Sequence[_Word], context: _Context) -> Request:
    text = context.line[words[0].start :].rstrip() if words else ""
    return replace(
        request,
        text=unescape(text, context.names),
        words=tuple(unescape(word.shown, context.names) for word in words),
    )


def _titled(request: Request, words: Sequence[_Word], context: _Context) -> Request:
    meanings = [_read(word, context.lexicon) for word in words]
    quoted = any(word.quoted is not None and not word.key for word in words)
    taken, hints = (set(range(len(words))), list[int]()) if quoted else _ends(words, meanings)
    taken = {place for place in taken if meanings[place]}
    said = [meaning for place in sorted(taken) for meaning in meanings[place]]
    for place in hints:
        said += [hint for hint in meanings[place] if all(hint[0] != kind for kind, _ in said)]
    kept = [word for place, word in enumerate(words) if place not in taken]
    return _filled(request, kept, said, context)


def _ends(words: Sequence[_Word], meanings: Sequence[list[Meaning]]) -> tuple[set[int], list[int]]:
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


def _targeted(request: Request, words: Sequence[_Word], context: _Context) -> Request:
    """Filters, or an id and what to do with it, in any order."""
    kept, said = list[_Word](), list[Meaning]()
    for word in words:
        if request.verb not in _LISTING and not _has_id(request) and (target := _target(word)):
            request = _aimed(request, target)
        elif meanings := _read(word, context.lexicon) or _level(request.verb, word):
            said += meanings
        else:
            kept.append(word)
    return _filled(request, kept, said, context)


def _filled(request: Request, kept: Sequence[_Word], said: Sequence[Meaning], context: _Context) -> Request:
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
        options=tuple((kind, value) for kind, value in said if kind in _KEYS),
    )


def _split(line: str) -> list[_Word]:
    words, end = list[_Word](), 0
    for found in _WORD.finditer(line):
        words.append(_word(found, line[end : found.start()]))
        end = found.end()
    return words


def _word(found: re.Match[str], space: str) -> _Word:
    quoted = next((inside for inside in found.groups()[1:] if inside is not None), None)
    key = _KEYS.get((found[1] or "").lower(), "")
    return _Word(found[0], found.start(), space, key, None if found[1] and not key else quoted)


def _has_id(request: Request) -> bool:
    return bool(request.number or request.card or request.bad_id)


def _aimed(request: Request, target: Request) -> Request:
    return replace(request, number=target.number, card=target.card, bad_id=target.bad_id)


def _target(word: _Word) -> Request | None:
    """The incident that a word names: a number, a link, or what can be neither but was meant to be."""
    bare = word.raw.strip(_INVISIBLE)
    if link := _PERMALINK.fullmatch(bare):
        thread = _THREAD.search(link[4] or "")
        return Request("", card=(link[1], thread[1] if thread else f"{link[2]}.{link[3]}"))
    if (number := _ID.fullmatch(bare)) and 1 <= int(number[1]) <= LARGEST_NUMBER:
        return Request("", number=int(number[1]))
    return Request("", bad_id=unescape(bare)) if _WRONG_ID.fullmatch(bare) else None


def _lexicon(categories: Collection[str], *, filters: bool) -> Mapping[str, Meaning]:
    named = {_bare(name): ("categories", name) for name in categories}
    return {**named, **{name: ("priorities", name) for name in _PRIORITIES}, **(_FILTERS if filters else {})}


def _bare(word: str) -> str:
    return re.sub(r"[-\s]+", "_", word.strip(_INVISIBLE).lower())


def _read(word: _Word, lexicon: Mapping[str, Meaning]) -> list[Meaning]:
    """What a word means other than itself; nothing if it is text."""
    if word.quoted is not None:
        return _option(word.key, word.quoted, lexicon) if word.key else []
    if _PEOPLE.fullmatch(word.raw):
        return [("people", person) for person in _PERSON.findall(word.raw)]
    if name := _NAME.fullmatch(word.raw):
        return [("names", name[1])]
    key, _, value = word.raw.strip(",;").partition(":")
    if value and key.lower() in _KEYS:
        return _option(_KEYS[key.lower()], value, lexicon)
    return _list(word.raw.strip(",;:").rstrip(".!"), lexicon)


def _list(words: str, lexicon: Mapping[str, Meaning]) -> list[Meaning]:
    """The meaning of each in a list with commas, or nothing unless each has one."""
    meanings = [_meaning(part, lexicon) for part in words.split(",") if part]
    return [meaning for meaning in meanings if meaning] if all(meanings) else []


def _meaning(word: str, lexicon: Mapping[str, Meaning]) -> Meaning | None:
    if level := _LEVEL.fullmatch(word.strip(_INVISIBLE)):
        return "priorities", _PRIORITIES[int(level[1]) - 1]
    return lexicon.get(_bare(word))


def _level(verb: str, word: _Word) -> list[Meaning]:
    """``priority 42 1`` means p1."""
    return _list(f"p{word.raw}", {}) if verb == "priority" and word.raw.isdecimal() else []


def _option(key: str, value: str, lexicon: Mapping[str, Meaning]) -> list[Meaning]:
    levels = re.sub(r"(?<!\w)([1-4])(?!\w)", r"p\1", value) if key == "priority" else value
    meanings = _list(levels, lexicon)
    if meanings and all(kind == _KINDS.get(key) for kind, _ in meanings):
        return meanings
    found = _PERSON.match(value) or _CHANNEL.match(value)
    return [(key, found[1] if found else unescape(value))]
