"""The environment, read once at start: typed settings, or one line per problem that names the variable and the fix."""

import re
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

FIXES = {
    "SLACK_BOT_TOKEN": "Copy the Bot User OAuth Token (xoxb-…) from OAuth & Permissions in your app's settings.",
    "SLACK_APP_TOKEN": "Make an App-Level Token (xapp-…) with the scope connections:write under Basic Information.",
    "DATABASE_URL": "Write postgresql://user:password@host:5432/database, or leave it out.",
    "SLACK_API_URL": "Leave it out for Slack itself, or write http://127.0.0.1:8000/api/ for another server.",
    "INCIDENT_CHANNEL": "Write the channel's id (C0123ABCD, at the end of its About tab) or its name as #incidents.",
    "LOG_LEVEL": "Write DEBUG, INFO, WARNING, ERROR or CRITICAL.",
    "LOG_FORMAT": "Write text or json.",
}
DRIVERS = ("postgres", "postgresql", "postgresql+psycopg")
Kind = TypeVar("Kind", bound="Basics")
TOKENS = {"xoxb-": "SLACK_BOT_TOKEN", "xapp-": "SLACK_APP_TOKEN"}


class SettingsError(ValueError):
    """The environment cannot be used; a line for each problem, and no secret in any of them."""


def _token(prefix: str) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        value = secret.get_secret_value().strip()
        others = [name for other, name in TOKENS.items() if other != prefix and value.startswith(other)]
        if others:
            raise ValueError(f"holds the token that belongs in {others[0]}")
        if not re.fullmatch(re.escape(prefix) + r"[\w.-]+", value, re.ASCII):
            raise ValueError(f"is not a token that starts with {prefix}")
        return SecretStr(value)

    return AfterValidator(check)


def _database(value: str) -> str:
    try:
        url = make_url(value.strip())
    except (ArgumentError, ValueError):
        raise ValueError("is not the address of a database") from None
    if url.drivername not in DRIVERS:
        raise ValueError(f"names {url.drivername}, but only PostgreSQL is supported")
    return url.set(drivername=DRIVERS[-1]).render_as_string(hide_password=False)


def _api(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value.strip()):
        raise ValueError("is not an address that starts with https:// or http://")
    return value.strip().rstrip("/") + "/"


def _channel(value: str) -> str:
    if not re.fullmatch(r"[CG][A-Z0-9]{2,20}|#[\w-]{1,80}", value.strip()):
        raise ValueError("is neither a channel's id nor a name with # in front")
    return value.strip()


class Basics(BaseSettings):
    """What every command needs."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    database_url: Annotated[str, AfterValidator(_database)] | None = Field(default=None, repr=False)
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(str.upper)] = "INFO"
    log_format: Annotated[Literal["text", "json"], BeforeValidator(str.lower)] = "text"


class Settings(Basics):
    """What the bot needs."""

    slack_bot_token: Annotated[SecretStr, _token("xoxb-")]
    slack_app_token: Annotated[SecretStr, _token("xapp-")]
    slack_api_url: Annotated[str, AfterValidator(_api)] = "https://slack.com/api/"
    incident_channel: Annotated[str, AfterValidator(_channel)] | None = None


def load() -> Settings:
    """Read what the bot needs from the environment and ``.env``.

    Raises:
        SettingsError: something is missing or wrong.
    """
    return _read(Settings)


def load_basics() -> Basics:
    """Read what the commands need that work on the database alone.

    Raises:
        SettingsError: something is wrong.
    """
    return _read(Basics)


def _read(kind: type[Kind]) -> Kind:
    try:
        return kind()
    except ValidationError as error:
        problems = [_sentence(str(e["loc"][0]).upper(), e["type"], e["msg"]) for e in error.errors()]
    except (OSError, UnicodeError):
        problems = [".env cannot be read. Save it as UTF-8 text that this user may read, or remove it."]
    raise SettingsError("\n".join(problems))


def _sentence(name: str, kind: str, message: str) -> str:
    match kind:
        case "missing":
            what = "is missing"
        case "value_error":
            what = message.removeprefix("Value error, ")
        case _:
            what = "has a value that is not known"
    return f"{name} {what}. {FIXES[name]}"
