"""How the sandbox says no: to the bot as Slack would, to scripts and the page in plain words."""

from typing import Any


class SlackError(Exception):
    """An answer ``{"ok": false, "error": code}`` of the Web API."""

    def __init__(self, code: str, *, status: int = 200, headers: dict[str, str] | None = None, **fields: Any) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.headers = headers or {}
        self.fields = fields


class Refused(Exception):
    """What a person could not do in Slack, or a control call that makes no sense."""

    def __init__(self, error: str, **fields: Any) -> None:
        super().__init__(error)
        self.error = error
        self.fields = fields


def arguments_refused(*messages: str) -> SlackError:
    return SlackError(
        "invalid_arguments", response_metadata={"messages": [f"[ERROR] {message}" for message in messages]}
    )
