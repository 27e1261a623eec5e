"""The one place that escapes what goes to Slack and unescapes what comes from it."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, LiteralString
from urllib.parse import quote

_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ESCAPED: Final = re.compile("[&<>]")
_ENTITY: Final = re.compile("&(amp|lt|gt);")
_PLAIN: Final = {"amp": "&", "lt": "<", "gt": ">"}
_TOKEN: Final = re.compile("<([^<>]*)>|&(amp|lt|gt);")
_USER: Final = re.compile("[UW][A-Z0-9]+")
_CHANNEL: Final = re.compile("[CDG][A-Z0-9]+")
_MENTIONED: Final = re.compile("[A-Z0-9]+")
_COMMAND: Final = re.compile("here|channel|everyone")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(?://)?(\S+)")
_WEB: Final = re.compile(r"https?://[^\s<>|\"/][^\s<>|\"]*")
_CLOSING: Final = ".,;:!?)]'"
"""Ends a sentence rather than an address."""
_UNSAFE_IN_URL: Final = re.compile(r'[\s<>|"\x00-\x1f\x7f]')
_JOINERS: Final = frozenset("\N{ZERO WIDTH JOINER}\N{VARIATION SELECTOR-15}\N{VARIATION SELECTOR-16}")
_LONGEST_ENTITY: Final = len("&amp;")


class Mrkdwn(str):
    """Text that is safe where Slack parses: trusted templates and escaped values, nothing else."""

    __slots__ = ()


def escape(text: str) -> Mrkdwn:
    """Text so that Slack shows it as written: the three characters that Slack names, and no others."""
    return Mrkdwn(_ESCAPED.sub(lambda found: _ESCAPES[found[0]], text))


def mrkdwn(template: LiteralString, **values: object) -> Mrkdwn:
    """Fill a trusted template, escaping every value that is not Mrkdwn already."""
    return Mrkdwn(template.format(**{name: _safe(value) for name, value in values.items()}))


def join(separator: LiteralString, parts: Iterable[Mrkdwn]) -> Mrkdwn:
    """``str.join`` that stays Mrkdwn."""
    return Mrkdwn(separator.join(parts))


def date(at: datetime, form: str = "{date_short_pretty} {time}") -> Mrkdwn:
    """A time that each reader sees in their own zone, and in UTC where Slack cannot show it so.

    Args:
        at: an aware time.
        form: Slack's date tokens, such as ``{date}``, ``{time}``, ``{ago}``.
    """
    fallback = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return Mrkdwn(f"<!date^{int(at.timestamp())}^{escape(form)}|{fallback}>")


def user(slack_user_id: str) -> Mrkdwn:
    """A mention of a person; anything that is not a Slack user id comes back as plain words."""
    return Mrkdwn(f"<@{slack_user_id}>") if _USER.fullmatch(slack_user_id) else escape(slack_user_id)


def channel(slack_channel_id: str) -> Mrkdwn:
    """A link to a channel; anything that is not a Slack channel id comes back as plain words."""
    return Mrkdwn(f"<#{slack_channel_id}>") if _CHANNEL.fullmatch(slack_channel_id) else escape(slack_channel_id)


def link(url: str, label: str) -> Mrkdwn:
    """A link; where ``url`` is not http(s), the label alone."""
    words = Mrkdwn(" ".join(_safe(label).split()))
    if not re.match("https?://[^/]", url, re.IGNORECASE):
        return words
    target = escape(_UNSAFE_IN_URL.sub(lambda found: quote(found[0]), url))
    return Mrkdwn(f"<{target}|{words}>" if words else f"<{target}>")


def prose(text: str) -> Mrkdwn:
    """What a person wrote, as it is, with its web addresses as links; one that was cut off is none."""
    parts, end = [], 0
    for found in _WEB.finditer(text):
        url = found[0].rstrip(_CLOSING)
        if not url.endswith("…"):
            parts += [escape(text[end : found.start()]), link(url, "")]
            end = found.start() + len(url)
    return join("", [*parts, escape(text[end:])])


def unescape(text: str, names: Mapping[str, str] = {}) -> str:
    """What the person wrote or saw, from what Slack sent; never raises, whatever the input.

    Args:
        text: as in an event, a form or a command. What only looks like Slack's markup stays as it is.
        names: display names by Slack id, for mentions that Slack sends without one.
    """
    return _TOKEN.sub(lambda found: _PLAIN[found[2]] if found[2] else _seen(found[1], names), text)


def shorten(text: str, limit: int) -> str:
    """Plain text of at most ``limit`` characters, cut between words where one is near, with an ellipsis."""
    if len(text) <= limit:
        return text
    end = _whole(text, max(limit - 1, 0))
    space = max(text.rfind(blank, end // 2, end + 1) for blank in " \n\t")
    cut = text[: space if space > 0 else end].rstrip()
    return f"{cut}…"[: max(limit, 0)]


def clip(text: Mrkdwn, limit: int) -> Mrkdwn:
    """Mrkdwn of at most ``limit`` characters, never cut inside an entity, a mention or a link."""
    if len(text) <= limit:
        return text
    end = _whole(text, max(limit - 1, 0))
    if (token := text.rfind("<", 0, end)) > text.rfind(">", 0, end):
        end = token
    entity = text.rfind("&", max(end - _LONGEST_ENTITY + 1, 0), end)
    if entity >= 0 and ";" not in text[entity:end]:
        end = entity
    return Mrkdwn(f"{text[:end].rstrip()}…"[: max(limit, 0)])


def _safe(value: object) -> Mrkdwn:
    return value if isinstance(value, Mrkdwn) else escape(str(value))


def _unentity(text: str) -> str:
    return _ENTITY.sub(lambda found: _PLAIN[found[1]], text)


def _seen(token: str, names: Mapping[str, str]) -> str:
    """What Slack shows for ``<token>``."""
    target, _, label = token.partition("|")
    match target[:1]:
        case "@" | "#" if _MENTIONED.fullmatch(target, 1):
            return _mention(target[0], label or names.get(target[1:]) or target[1:])
        case "!":
            return _special(token, target, label, names)
    return _address(token, target, label)


def _mention(sign: str, name: str) -> str:
    return sign + _unentity(name).removeprefix(sign)


def _special(token: str, target: str, label: str, names: Mapping[str, str]) -> str:
    kind, _, rest = target[1:].partition("^")
    if _COMMAND.fullmatch(kind):
        return f"@{kind}"
    if kind == "subteam" and (name := label or names.get(rest) or rest):
        return _mention("@", name)
    return _unentity(label or f"<{token}>")


def _address(token: str, target: str, label: str) -> str:
    parts = _SCHEME.fullmatch(target)
    if parts is None:
        return _unentity(f"<{token}>")
    url, bare, words = _unentity(target), _unentity(parts[2]), _unentity(label)
    if words.rstrip("/") in {url.rstrip("/"), bare.rstrip("/")}:
        return words
    shown = bare if parts[1].lower() in {"mailto", "tel"} else url
    return f"{words} ({shown})" if words else shown


def _whole(text: str, end: int) -> int:
    """The last place at or before ``end`` that is not inside one visible character."""
    place = end
    while 0 < place < len(text) and _continues(text[place - 1], text[place]):
        place -= 1
    return place or end


def _continues(before: str, after: str) -> bool:
    """Whether ``after`` belongs to the same visible character: half a pair, an accent, a joined emoji, a skin tone."""
    return (
        "\udc00" <= after <= "\udfff"
        or after in _JOINERS
        or before == "\N{ZERO WIDTH JOINER}"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or unicodedata.combining(after) > 0
    )
