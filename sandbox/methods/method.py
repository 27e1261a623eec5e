"""What a Web API method is: its arguments, its scopes, its tier, and what it does."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.core import Sandbox
from sandbox.errors import SlackError, arguments_refused

Json = dict[str, Any]
Run = Callable[[Sandbox, Json], Json]


@dataclass(frozen=True)
class Method:
    """
    Attributes:
        arguments: names separated by spaces; ``!`` marks a required one, ``:bool``, ``:int`` and ``:json`` the type.
        tier: requests a minute as Slack counts them; None is "special".
        scopes: any one of them will do.
        takes_json: whether it reads a JSON body; otherwise only forms and queries.
    """

    run: Run
    arguments: str = ""
    tier: int | None = 3
    scopes: tuple[str, ...] = ()
    takes_json: bool = True
    token: Literal["bot", "app", "none"] = "bot"  # noqa: S105 - a kind of token


def read(method: Method, given: Mapping[str, Any]) -> Json:
    """Typed arguments.

    Raises:
        SlackError: one is missing, is of the wrong type, or is not known here.
    """
    kinds = {}
    missing = []
    for spec in method.arguments.split():
        name, _, kind = spec.replace("!", "").partition(":")
        kinds[name] = kind
        if "!" in spec and given.get(name) in (None, ""):
            missing.append(f"missing required field: {name}")
    unknown = [f"unsupported argument: {name}" for name in given if name not in kinds]
    if missing or unknown:
        raise arguments_refused(*missing, *unknown)
    return {name: _typed(name, kinds[name], value) for name, value in given.items() if value is not None}


def _typed(name: str, kind: str, value: Any) -> Any:
    if kind == "json":
        return _parsed(name, value)
    if kind == "bool":
        return value is True or str(value).lower() in ("1", "true")
    if kind == "int":
        if not str(value).lstrip("-").isdigit():
            raise arguments_refused(f"must be an integer: {name}")
        return int(value)
    if not isinstance(value, str | int | float):
        raise arguments_refused(f"must be a string: {name}")
    return str(value)


def _parsed(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        code = {"blocks": "invalid_blocks_format", "metadata": "invalid_metadata_format"}
        raise SlackError(code.get(name, "invalid_arguments")) from None
