"""The environment, read once at start: typed settings, or one line per problem that names the variable and the fix."""

import re
from typing import Annotated, Literal, NamedTuple, TypeAlias, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from bot import fixes
from domain import addresses, destinations
from domain.errors import InvalidInput

DRIVERS = ("postgres", "postgresql", "postgresql+psycopg")
Kind = TypeVar("Kind", bound="Basics")
TOKENS = {"xoxb-": "SLACK_BOT_TOKEN", "xapp-": "SLACK_APP_TOKEN"}
HTTP_PORT = 3000
THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
Security: TypeAlias = Literal["starttls", "tls", "none"]
PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "none": 587}


class Sender(NamedTuple):
    """Whom mails come from; the name may be empty."""

    name: str
    address: str


class SettingsError(ValueError):
    """The environment cannot be used; a line for each problem, and no secret in any of them."""


def _token(prefix: str) -> AfterValidator:
    def check(secret: SecretStr | None) -> SecretStr | None:
        if secret is None:
            return None
        value = secret.get_secret_value().strip()
        others = [name for other, name in TOKENS.items() if other != prefix and value.startswith(other)]
        if others:
            raise ValueError(f"holds the token that belongs in {others[0]}")
        if not re.fullmatch(re.escape(prefix) + r"[\w.-]+", value, re.ASCII):
            raise ValueError(f"is not a token that starts with {prefix}")
        return SecretStr(value)

    return AfterValidator(check)


def _client_id(value: str) -> str:
    if not re.fullmatch(r"\d{1,20}\.\d{1,20}", value.strip(), re.ASCII):
        raise ValueError("is not two numbers with a point between them")
    return value.strip()


def _of_many(*, needed: bool) -> AfterValidator:
    """Whether it is needed, or must not be there, where every workspace can install the app."""

    def check(value: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        if others.data.get("slack_client_id") and needed != (value is not None):
            raise ValueError(f"is {'missing' if needed else 'set'}, although SLACK_CLIENT_ID is set")
        return value

    return AfterValidator(check)


def _unless_installed(value: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
    if value is None and others.data.get("slack_client_id", "") is None:
        raise ValueError("is missing")
    return value


def _unless_signed(token: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
    if token is None and "slack_signing_secret" in others.data and others.data["slack_signing_secret"] is None:
        raise ValueError("is missing")
    return token


def _signing_secret(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None and not re.fullmatch(r"[0-9a-f]{32}", secret.get_secret_value().strip()):
        raise ValueError("is not 32 digits and letters from a to f")
    return None if secret is None else SecretStr(secret.get_secret_value().strip())


def _unguessable(secret: SecretStr | None) -> SecretStr | None:
    if secret is not None and len(secret.get_secret_value().strip()) < 32:
        raise ValueError("is too short to be a secret")
    return None if secret is None else SecretStr(secret.get_secret_value().strip())


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


def _address(value: str) -> str:
    try:
        return addresses.clean(value)
    except InvalidInput:
        raise ValueError("is no e-mail address") from None


def _domains(value: str) -> tuple[str, ...]:
    written = [each.strip().removeprefix("@") for each in value.split(",")]
    try:
        return tuple(addresses.clean(f"somebody@{each}").rpartition("@")[2] for each in written if each)
    except InvalidInput:
        raise ValueError("holds something that is no domain") from None


def _domains_if_asked_for(domains: tuple[str, ...], others: ValidationInfo) -> tuple[str, ...]:
    if others.data.get("sign_up") == "domain" and not domains:
        raise ValueError("is missing, although SIGN_UP is domain")
    return domains


def _mail_server(value: str) -> str:
    name, address = r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", r"[0-9a-f:]*:[0-9a-f:.]*:[0-9a-f:.]*"
    if not re.fullmatch(f"{name}|{address}", value.strip(), re.IGNORECASE):
        raise ValueError("is neither the name nor the address of a server; a port belongs in SMTP_PORT")
    return value.strip().lower()


def _with_its_user(password: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
    user = others.data.get("smtp_user")
    if user is None and password is not None:
        raise ValueError("is set without SMTP_USER")
    if user is not None and password is None:
        raise ValueError("is missing, although SMTP_USER is set")
    return password


def _not_in_the_clear(security: Security, others: ValidationInfo) -> Security:
    host, user = others.data.get("smtp_host"), others.data.get("smtp_user")
    if security == "none" and user and host is not None and host not in THIS_MACHINE:
        raise ValueError("is none, which would send SMTP_PASSWORD over the network for all to read")
    return security


def _usual_port(port: object, others: ValidationInfo) -> object:
    return PORTS[others.data.get("smtp_security", "starttls")] if port is None else port


def _sender(value: object) -> object:
    if not isinstance(value, str):
        return value
    parts = re.fullmatch(r'(?:"?([^"<>\x00-\x1f\x7f]*?)"?\s*<([^<>]+)>|([^<>]+))', value.strip())
    if parts is None:
        raise ValueError("is no e-mail address")
    name, in_brackets, alone = parts.groups()
    return Sender((name or "").strip(), _address(in_brackets or alone))


def _sender_if_mail_is_sent(sender: Sender | None, others: ValidationInfo) -> Sender | None:
    if others.data.get("smtp_host") and sender is None:
        raise ValueError("is missing, although SMTP_HOST is set")
    return sender


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

    slack_client_id: Annotated[str, AfterValidator(_client_id)] | None = None
    slack_client_secret: Annotated[SecretStr | None, _of_many(needed=True)] = Field(None, validate_default=True)
    slack_bot_token: Annotated[
        SecretStr | None, _token("xoxb-"), AfterValidator(_unless_installed), _of_many(needed=False)
    ] = Field(None, validate_default=True)
    slack_signing_secret: Annotated[SecretStr | None, AfterValidator(_signing_secret), _of_many(needed=True)] = Field(
        None, validate_default=True
    )
    slack_app_token: Annotated[
        SecretStr | None, _token("xapp-"), AfterValidator(_unless_signed), _of_many(needed=False)
    ] = Field(None, validate_default=True)
    secret_key: Annotated[SecretStr | None, AfterValidator(_unguessable), _of_many(needed=True)] = Field(
        None, validate_default=True
    )
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] | None = None

    @property
    def web_port(self) -> int | None:
        """Where the web server listens; without it Slack could not reach a bot in HTTP mode."""
        return HTTP_PORT if self.port is None and self.slack_app_token is None else self.port

    slack_api_url: Annotated[str, AfterValidator(_api)] = "https://slack.com/api/"
    incident_channel: Annotated[str, AfterValidator(_channel)] | None = None
    trusted_proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(destinations.networks)] = (
        "127.0.0.1/32", "::1/128",
    )  # fmt: skip
    webhook_networks: Annotated[tuple[str, ...], NoDecode, BeforeValidator(destinations.networks)] = ()

    # What depends on another setting stands after it.
    sign_up: Annotated[Literal["open", "domain", "approve", "closed"], BeforeValidator(str.lower)] = "open"
    sign_up_domains: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_domains), AfterValidator(_domains_if_asked_for)
    ] = Field(default="", validate_default=True)
    first_superuser: Annotated[str, AfterValidator(_address)] | None = None
    smtp_host: Annotated[str, AfterValidator(_mail_server)] | None = None
    smtp_user: str | None = None
    smtp_password: Annotated[SecretStr | None, AfterValidator(_with_its_user)] = Field(None, validate_default=True)
    smtp_security: Annotated[Security, BeforeValidator(str.lower), AfterValidator(_not_in_the_clear)] = "starttls"
    smtp_port: Annotated[int, Field(ge=1, le=65535), BeforeValidator(_usual_port)] = Field(None, validate_default=True)
    smtp_from: Annotated[Sender | None, NoDecode, BeforeValidator(_sender), AfterValidator(_sender_if_mail_is_sent)] = (
        Field(None, validate_default=True)
    )


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
    return f"{name} {what}. {fixes.FIXES[name]}"
