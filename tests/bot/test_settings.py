"""Settings: what is accepted, and what a person is told when something is wrong."""

import os
from pathlib import Path

import pytest

from bot import settings
from bot.settings import SettingsError

BOT = "xoxb-1-2-SeCrEt"
APP = "xapp-1-A0-2-SeCrEt"


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Two good tokens and nothing else."""
    for name in os.environ.keys() & settings.FIXES.keys():
        monkeypatch.delenv(name)
    monkeypatch.setenv("SLACK_BOT_TOKEN", BOT)
    monkeypatch.setenv("SLACK_APP_TOKEN", APP)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def problems(environment: pytest.MonkeyPatch, **values: str) -> list[str]:
    for name, value in values.items():
        environment.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        settings.load()
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value).splitlines()


def test_two_tokens_are_enough() -> None:
    read = settings.load()

    assert read.slack_bot_token.get_secret_value() == BOT
    assert read.slack_app_token.get_secret_value() == APP
    assert read.slack_api_url == "https://slack.com/api/"
    assert (read.database_url, read.incident_channel) == (None, None)
    assert (read.log_level, read.log_format) == ("INFO", "text")


def test_each_missing_token_is_named_with_where_to_find_it(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("SLACK_BOT_TOKEN")

    bot, app = problems(environment, SLACK_APP_TOKEN="")

    assert bot.startswith("SLACK_BOT_TOKEN is missing. Copy the Bot User OAuth Token")
    assert app.startswith("SLACK_APP_TOKEN is missing. Make an App-Level Token")


@pytest.mark.parametrize(
    "value", ["SeCrEt", "xoxp-SeCrEt", "xoxb-", "xoxb-SeCrEt SeCrEt", '"xoxb-SeCrEt"', "xoxb-SéCrEt"]
)
def test_a_wrong_token_is_told_without_repeating_it(environment: pytest.MonkeyPatch, value: str) -> None:
    [line] = problems(environment, SLACK_BOT_TOKEN=value)

    assert line.startswith("SLACK_BOT_TOKEN is not a token that starts with xoxb-. Copy")
    assert "CrEt" not in line


def test_swapped_tokens_are_recognised(environment: pytest.MonkeyPatch) -> None:
    lines = problems(environment, SLACK_BOT_TOKEN=APP, SLACK_APP_TOKEN=BOT)

    assert "belongs in SLACK_APP_TOKEN" in lines[0]
    assert "belongs in SLACK_BOT_TOKEN" in lines[1]


def test_secrets_do_not_show_when_the_settings_are_printed(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", "postgres://u:hidden@h/d")

    assert not {"SeCrEt", "hidden"} & set(repr(settings.load()).replace("'", " ").replace(":", " ").split())
    assert "SeCrEt" not in repr(settings.load())
    assert "hidden" not in repr(settings.load())


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_write_postgresql_means_our_driver(environment: pytest.MonkeyPatch, scheme: str) -> None:
    environment.setenv("DATABASE_URL", f" {scheme}://u:p%40ss@h:6432/d?sslmode=require ")

    assert settings.load_basics().database_url == "postgresql+psycopg://u:p%40ss@h:6432/d?sslmode=require"


@pytest.mark.parametrize("scheme", ["sqlite", "mysql", "postgresql+asyncpg"])
def test_another_database_is_refused_by_name(environment: pytest.MonkeyPatch, scheme: str) -> None:
    [line] = problems(environment, DATABASE_URL=f"{scheme}://u:SeCrEt@h/d")

    assert line.startswith(f"DATABASE_URL names {scheme}, but only PostgreSQL is supported.")
    assert "SeCrEt" not in line


@pytest.mark.parametrize("value", ["localhost", "postgresql://h:port/d", "://"])
def test_what_is_no_address_of_a_database_is_told(environment: pytest.MonkeyPatch, value: str) -> None:
    assert problems(environment, DATABASE_URL=value)[0].startswith("DATABASE_URL is not the address of a database.")


@pytest.mark.parametrize(
    "value", ["http://127.0.0.1:9000/api", "http://127.0.0.1:9000/api/", "http://127.0.0.1:9000/api//"]
)
def test_the_address_of_the_api_ends_with_one_slash(environment: pytest.MonkeyPatch, value: str) -> None:
    environment.setenv("SLACK_API_URL", value)

    assert settings.load().slack_api_url == "http://127.0.0.1:9000/api/"


@pytest.mark.parametrize(
    "value", ["slack.com/api", "ftp://x/", "https://u:SeCrEt@x/", "https://x/?a=b", "https:///api"]
)
def test_what_is_no_address_of_an_api_is_told(environment: pytest.MonkeyPatch, value: str) -> None:
    [line] = problems(environment, SLACK_API_URL=value)

    assert line.startswith("SLACK_API_URL is not an address")
    assert "SeCrEt" not in line


@pytest.mark.parametrize("value", ["C0123ABCD", "G0123", "#incidents", "#störung_2"])
def test_a_channel_is_an_id_or_a_name(environment: pytest.MonkeyPatch, value: str) -> None:
    environment.setenv("INCIDENT_CHANNEL", value)

    assert settings.load().incident_channel == value


@pytest.mark.parametrize("value", ["incidents", "#two words", "#", "U0123"])
def test_what_is_no_channel_is_told(environment: pytest.MonkeyPatch, value: str) -> None:
    assert problems(environment, INCIDENT_CHANNEL=value)[0].startswith("INCIDENT_CHANNEL is neither")


def test_how_to_log_is_read_without_regard_to_case(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("LOG_LEVEL", "debug")
    environment.setenv("LOG_FORMAT", "JSON")

    assert (settings.load().log_level, settings.load().log_format) == ("DEBUG", "json")


def test_all_problems_are_told_at_once(environment: pytest.MonkeyPatch) -> None:
    lines = problems(environment, SLACK_BOT_TOKEN="x", DATABASE_URL="sqlite://", LOG_LEVEL="loud", LOG_FORMAT="xml")

    assert {line.split()[0] for line in lines} == {"SLACK_BOT_TOKEN", "DATABASE_URL", "LOG_LEVEL", "LOG_FORMAT"}
    assert "LOG_LEVEL has a value that is not known. Write DEBUG, INFO, WARNING, ERROR or CRITICAL." in lines


def test_the_dotenv_file_counts_and_the_environment_counts_more(environment: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("INCIDENT_CHANNEL=#from-file\nLOG_LEVEL=ERROR\nSOMETHING_ELSE=1\n")
    environment.setenv("LOG_LEVEL", "WARNING")

    assert settings.load().incident_channel == "#from-file"
    assert settings.load().log_level == "WARNING"


def test_a_dotenv_file_that_is_no_text_is_told(environment: pytest.MonkeyPatch) -> None:
    Path(".env").write_bytes(b"\xff\xfe\x00X")

    assert problems(environment) == [
        ".env cannot be read. Save it as UTF-8 text that this user may read, or remove it."
    ]


def test_commands_on_the_database_need_no_tokens(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("SLACK_BOT_TOKEN")
    environment.delenv("SLACK_APP_TOKEN")

    assert settings.load_basics().database_url is None


def test_every_setting_has_a_fix() -> None:
    assert settings.FIXES.keys() == {name.upper() for name in settings.Settings.model_fields}
