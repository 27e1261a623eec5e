"""Logging: one stream for our words and the libraries', as text for people or JSON for machines, without secrets.

A line that belongs to a request carries its id, which is Slack's own where Slack gives one.
"""

import logging
import re
import secrets
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

NAME = r"[^\s@\"'<>()\[\]{},;:=\\/|…\x1b]"  # a character of what stands before the @ of an e-mail address
START = rf"((?<!{NAME})|\\u[0-9a-f]{{4}}|\\x[0-9a-f]{{2}}|\\[a-z]|\x1b\[[\d;]*m)"  # an escape is kept
SECRETS = (
    (re.compile(r"(xox[a-z](?:\.xox[a-z])?-|xapp-)[\w%.-]+", re.IGNORECASE), r"\1…"),
    (re.compile(r"(://[^\s:/@]*:)[^\s/@]+@"), r"\1…@"),  # the password in an address
    (re.compile(r"([?&]ticket=)[^\s&\"']+"), r"\1…"),  # lets its holder into a Socket Mode connection
    (re.compile(rf"(?<!://){START}{NAME}+@\w[\w-]*(?:\.[\w-]+)+", re.IGNORECASE), r"\1…@…"),  # but no user of a server
    (re.compile(rf"(?<!/){START}{NAME}+@\w[\w-]*", re.IGNORECASE), r"\1…@…"),  # without a dot, but no part of a path
)

QUIET = {
    "slack_sdk": logging.INFO,  # these print what people wrote, and tokens, one level below
    "slack_bolt": logging.INFO,
    "aiohttp": logging.INFO,
    "asyncio": logging.INFO,
    "websockets": logging.INFO,
    "sqlalchemy": logging.WARNING,
    "aiosmtplib": logging.INFO,
    "apscheduler": logging.WARNING,  # tells each minute that it looked
    "uvicorn": logging.WARNING,
    "mail": logging.WARNING,  # the server of the local workspace, which prints what it is told
}


class _Request:
    """What is being answered; its id is made when the first line needs it."""

    __slots__ = ("_body", "_id")

    def __init__(self, body: Mapping[str, Any], name: str) -> None:
        self._body, self._id = body, name

    def id(self) -> str:
        """Of an event, the same each time Slack sends it; of a click, without the part that would open a form."""
        trigger = str(self._body.get("trigger_id") or "").rpartition(".")[0]
        self._id = self._id or str(self._body.get("event_id") or trigger or secrets.token_hex(8))
        return self._id


_REQUEST: ContextVar[_Request | None] = ContextVar("request", default=None)


def answering(body: Mapping[str, Any], *, name: str = "") -> None:
    """From here on this task's lines belong to this request, which may have a name already."""
    _REQUEST.set(_Request(body, name))


def configure(level: str, format: Literal["text", "json"]) -> None:
    """Send every log line of this process to standard error; may be called again.

    Args:
        level: the least important level that is shown, of a few chatty libraries only from their own level on.
        format: ``text`` for a person at a terminal, ``json`` for one object a line.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _with_request,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = _ToStandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(format), _redact],
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))


class _ToStandardError(logging.StreamHandler[TextIO]):
    """To what it is when the line is written; what it was at the start may be closed by then."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def redacted(text: str) -> str:
    """The text without what looks like a token, a password or an e-mail address."""
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text


def _with_request(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    request = _REQUEST.get()
    if request is not None:
        line.setdefault("request", request.id())
    return line


def _renderers(format: Literal["text", "json"]) -> list[Processor]:
    if format == "json":
        return [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )
    ]


def _redact(_logger: WrappedLogger, _method: str, line: EventDict) -> str:
    """The last step, on the finished line, so that nothing gets past it."""
    return redacted(str(line))
