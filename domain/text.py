"""What people type, made fit to be stored without losing a word."""

import re
import string
import unicodedata

from domain.errors import InvalidInput

TITLE_LIMIT = 255
TEXT_LIMIT = 40_000
"""Slack cuts messages here; nothing longer can arrive."""

LONGEST_COMPARED = 200
"""Characters; nothing that words are compared with is longer."""

INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d\u202e\ufeff"
"""Marks that come along when text is copied."""

LEVEL = re.compile(r"(?:p|prio|priority|sev)[-_]?([1-4])", re.IGNORECASE)
"""A priority as a number."""

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_INVISIBLE = ("Zs", "Zl", "Zp", "Cc", "Cf", "Cs")
"""Not Cn: an emoji may be newer than Python's tables."""


def clean(text: str) -> str:
    """Text as it is stored: NUL and lone surrogates, which PostgreSQL refuses, become U+FFFD."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text).strip()


def title(text: str) -> str:
    """A title on one line, 1 to 255 characters.

    Raises:
        InvalidInput: on the field ``title``, saying how long it is.
    """
    cleaned = " ".join(clean(text).split())
    if not any(is_visible(character) for character in cleaned):
        raise InvalidInput("Not saved: the title is empty. Write what is wrong in a few words.", field="title")
    if len(cleaned) > TITLE_LIMIT:
        raise InvalidInput(
            f"Not saved: the title has {len(cleaned)} characters, and {TITLE_LIMIT} is the most. "
            "Shorten it and move the rest to the description.",
            field="title",
        )
    return cleaned


def body(text: str, *, field: str) -> str:
    """A description, comment or note of at most 40,000 characters, perhaps empty.

    Raises:
        InvalidInput: on ``field``, when it is longer.
    """
    cleaned = clean(text)
    if len(cleaned) > TEXT_LIMIT:
        raise InvalidInput(
            f"Not saved: this text has {len(cleaned):,} characters, and {TEXT_LIMIT:,} is the most. "
            "Shorten it, or put the rest in a comment.",
            field=field,
        )
    return cleaned


def bare(word: str) -> str:
    """A word as it is compared: small, with _ for spaces and dashes, without marks around it, cut where it is endless.

    It is cut first because NFC takes the square of the time for a run of accents.
    """
    small = re.sub(r"[-\s]+", "_", word.strip(INVISIBLE + string.whitespace).lower())
    return unicodedata.normalize("NFC", small[:LONGEST_COMPARED])


def is_visible(character: str) -> bool:
    """Whether a reader would see it: not a space, a control or a formatting mark."""
    return unicodedata.category(character) not in _INVISIBLE


def split_title(text: str) -> tuple[str, str]:
    """A title and a description out of one run of text, so that a long one keeps every word.

    Returns:
        The text and "" if it fits in a title, else its beginning and the whole text.
    """
    whole = clean(text)
    line = " ".join(whole.split())
    if len(line) <= TITLE_LIMIT:
        return line, ""
    head = line[: TITLE_LIMIT - 1]
    return (head.rsplit(" ", 1)[0] if " " in head[TITLE_LIMIT // 2 :] else head) + "…", whole
