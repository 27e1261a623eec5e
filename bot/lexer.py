"""A line, word by word: what each word means other than itself."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

from bot.mrkdwn import unescape
from domain.text import INVISIBLE, LEVEL, bare

PRIORITIES: Final = ("critical", "high", "medium", "low")
KEYS: Final = {
    **{
        key: key
        for key in ("priority", "category", "status", "assignee", "owner", "older", "newer", "in", "by", "needs")
    },
    "p": "priority",
    "cat": "category",
}
KINDS: Final = {"priority": "priorities", "category": "categories", "status": "statuses"}
FILTERS: Final = {
    **{status: ("statuses", status) for status in ("open", "in_progress", "resolved")},
    "unassigned": ("assignee", "none"),
    "needs_person": ("needs", "person"),
}

_WORD: Final = re.compile(
    r"""(?:([A-Za-z]+):)?(?:"([^"]*)"|“([^“”]*)”|„([^„“”]*)[“”]|«([^«»]*)»)(?!\S)  # quoted, perhaps key:"value"
    | in\s+progress(?!\S)
    | (?:<[^<>\s][^<>]*>|\S)++                                                     # <@U1|Ana Lee> is one word
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PEOPLE: Final = re.compile(r"(?:<@[UW][A-Z0-9]+(?:\|[^<>]*)?>[,;:]?)+")
PERSON: Final = re.compile(r"<@([UW][A-Z0-9]+)")
CHANNEL: Final = re.compile(r"<#([CDG][A-Z0-9]+)(?:\|[^<>]*)?>")
NAME: Final = re.compile(r"@([\w.'-]*\w)[,;:]?")

Meaning: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Word:
    raw: str
    start: int
    space: str
    """What stands between it and the word before."""
    key: str = ""
    quoted: str | None = None

    @property
    def shown(self) -> str:
        return self.raw if self.quoted is None or self.key else self.quoted


def split(line: str, *, most: int | None = None) -> list[Word]:
    """Its words, or the first of them."""
    words, end = list[Word](), 0
    for found in islice(_WORD.finditer(line), most):
        words.append(_word(found, line[end : found.start()]))
        end = found.end()
    return words


def _word(found: re.Match[str], space: str) -> Word:
    quoted = next((inside for inside in found.groups()[1:] if inside is not None), None)
    key = KEYS.get((found[1] or "").lower(), "")
    return Word(found[0], found.start(), space, key, None if found[1] and not key else quoted)


def lexicon(categories: Collection[str], *, filters: bool) -> Mapping[str, Meaning]:
    named = {bare(name): ("categories", name) for name in categories}
    return {**named, **{name: ("priorities", name) for name in PRIORITIES}, **(FILTERS if filters else {})}


def read(word: Word, lexicon: Mapping[str, Meaning]) -> list[Meaning]:
    """What a word means other than itself; nothing if it is text."""
    if word.quoted is not None:
        return _option(word.key, word.quoted, lexicon) if word.key else []
    if _PEOPLE.fullmatch(word.raw):
        return [("people", person) for person in PERSON.findall(word.raw)]
    if name := NAME.fullmatch(word.raw):
        return [("names", name[1])]
    key, _, value = word.raw.strip(",;").partition(":")
    if value and key.lower() in KEYS:
        return _option(KEYS[key.lower()], value, lexicon)
    return _list(word.raw.strip(",;:").rstrip(".!"), lexicon)


def _list(words: str, lexicon: Mapping[str, Meaning]) -> list[Meaning]:
    """The meaning of each in a list with commas, or nothing unless each has one."""
    meanings = [_meaning(part, lexicon) for part in words.split(",") if part]
    return [meaning for meaning in meanings if meaning] if all(meanings) else []


def _meaning(word: str, lexicon: Mapping[str, Meaning]) -> Meaning | None:
    if level := LEVEL.fullmatch(word.strip(INVISIBLE)):
        return "priorities", PRIORITIES[int(level[1]) - 1]
    return lexicon.get(bare(word))


def level(verb: str, word: Word) -> list[Meaning]:
    """``priority 42 1`` means p1."""
    return _list(f"p{word.raw}", {}) if verb == "priority" and word.raw.isdecimal() else []


def _option(key: str, value: str, lexicon: Mapping[str, Meaning]) -> list[Meaning]:
    levels = re.sub(r"(?<!\w)([1-4])(?!\w)", r"p\1", value) if key == "priority" else value
    meanings = _list(levels, lexicon)
    if meanings and all(kind == KINDS.get(key) for kind, _ in meanings):
        return meanings
    found = PERSON.match(value) or CHANNEL.match(value)
    return [(key, found[1] if found else unescape(value))]
