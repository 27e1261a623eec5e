"""Settings: what is accepted, and what a person is told when something is wrong."""

import os
from pathlib import Path

import pytest

from bot import settings
from bot.fixes import FIXES
from bot.settings import SettingsError

BOT = "xoxb-1-2-SeCrEt"
APP = "xapp-1-A0-2-SeCrEt"


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Two good tokens and nothing else."""
    for name in os.environ.keys() & FIXES.keys():
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

    assert read.slack_bot_token is not None
    assert read.slack_bot_token.get_secret_value() == BOT
    assert read.slack_app_token is not None
    assert read.slack_app_token.get_secret_value() == APP
    assert read.slack_api_url == "https://slack.com/api/"
    assert (read.database_url, read.incident_channel) == (None, None)
    assert (read.log_level, read.log_format) == ("INFO", "text")


def test_a_signing_secret_takes_the_place_of_the_app_token(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("SLACK_APP_TOKEN")
    environment.setenv("SLACK_SIGNING_SECRET", "0123456789abcdef" * 2)

    read = settings.load()

    assert read.slack_app_token is None
    assert (read.host, read.web_port) == ("127.0.0.1", 3000)
    environment.setenv("PORT", "8080")
    assert settings.load().web_port == 8080


def test_in_socket_mode_nothing_is_served_unless_a_port_is_named(environment: pytest.MonkeyPatch) -> None:
    assert settings.load().web_port is None
    environment.setenv("PORT", "8080")
    assert settings.load().web_port == 8080


@pytest.mark.parametrize(
    "name, value, fix",
    [
        ("SLACK_SIGNING_SECRET", "secret", "is not 32 digits and letters from a to f. Copy the Signing Secret"),
        ("PORT", "70000", "PORT has a value that is not known. Write a number from 0 to 65535"),
    ],
)
def test_a_wrong_way_in_is_named(environment: pytest.MonkeyPatch, name: str, value: str, fix: str) -> None:
    (line,) = problems(environment, **{name: value})

    assert fix in line
    assert "secret" not in line.replace("Secret", "").removeprefix("SLACK_SIGNING_SECRET")


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


def test_without_further_settings_everybody_gets_an_account_and_no_mail_is_sent() -> None:
    read = settings.load()

    assert (read.sign_up, read.sign_up_domains, read.first_superuser) == ("open", (), None)
    assert (read.smtp_host, read.smtp_from, read.smtp_user, read.smtp_password) == (None, None, None, None)


def test_who_gets_an_account_is_a_rule_with_its_domains(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SIGN_UP", "Domain")
    environment.setenv("SIGN_UP_DOMAINS", " Example.com, @mail.example.ORG,,Bücher.example,corp, ")

    read = settings.load()

    assert read.sign_up == "domain"
    assert read.sign_up_domains == ("example.com", "mail.example.org", "bücher.example", "corp")


@pytest.mark.parametrize("value", ["", " , "])
def test_the_rule_about_domains_needs_some(environment: pytest.MonkeyPatch, value: str) -> None:
    [line] = problems(environment, SIGN_UP="domain", SIGN_UP_DOMAINS=value)

    assert line.startswith("SIGN_UP_DOMAINS is missing, although SIGN_UP is domain. Write the domains")


@pytest.mark.parametrize("value", ["ana@SeCrEt.com", "example.com;SeCrEt.com", "two SeCrEt", "-SeCrEt", "SeCrEt..com"])
def test_what_is_no_domain_is_told(environment: pytest.MonkeyPatch, value: str) -> None:
    [line] = problems(environment, SIGN_UP="domain", SIGN_UP_DOMAINS=f"example.com,{value}")

    assert line.startswith("SIGN_UP_DOMAINS holds something that is no domain.")
    assert "CrEt" not in line


def test_an_unknown_rule_is_told(environment: pytest.MonkeyPatch) -> None:
    assert problems(environment, SIGN_UP="maybe", SIGN_UP_DOMAINS="") == [
        "SIGN_UP has a value that is not known. Write open, domain, approve or closed."
    ]


def test_the_first_superuser_is_an_e_mail_address(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FIRST_SUPERUSER", " Ana@Example.com ")

    assert settings.load().first_superuser == "ana@example.com"
    assert problems(environment, FIRST_SUPERUSER="SeCrEt@") == [
        "FIRST_SUPERUSER is no e-mail address. Write an e-mail address, such as ana@example.com."
    ]


@pytest.mark.parametrize(
    "security, port, expected",
    [("", "", 587), ("starttls", "", 587), ("TLS", "", 465), ("none", "", 587), ("tls", "2465", 2465)],
)
def test_the_port_of_the_mail_server_goes_with_its_security(
    environment: pytest.MonkeyPatch, security: str, port: str, expected: int
) -> None:
    environment.setenv("SMTP_SECURITY", security)
    environment.setenv("SMTP_PORT", port)

    assert settings.load().smtp_port == expected


@pytest.mark.parametrize("port", ["0", "65536", "smtp", "-1"])
def test_what_is_no_port_is_told(environment: pytest.MonkeyPatch, port: str) -> None:
    [line] = problems(environment, SMTP_PORT=port)

    assert line.startswith("SMTP_PORT has a value that is not known. Write a number from 1 to 65535")


@pytest.mark.parametrize(
    "value, expected",
    [
        ("incidents@example.com", ("", "incidents@example.com")),
        ("<incidents@example.com>", ("", "incidents@example.com")),
        ("Incidents <incidents@Example.com>", ("Incidents", "incidents@example.com")),
        ('"Lee, Ana" <ana@example.com>', ("Lee, Ana", "ana@example.com")),
        (" Störung 🔥  <bot@bücher.example> ", ("Störung 🔥", "bot@bücher.example")),
    ],
)
def test_mails_come_from_an_address_with_or_without_a_name(
    environment: pytest.MonkeyPatch, value: str, expected: tuple[str, str]
) -> None:
    environment.setenv("SMTP_FROM", value)

    assert settings.load().smtp_from == expected


@pytest.mark.parametrize(
    "value",
    ["SeCrEt", "SeCrEt <>", "a@b.com, SeCrEt@b.com", "SeCrEt <a@b.com", "A\nBcc: SeCrEt <a@b.com>", "a@b.com\nSeCrEt"],
)
def test_what_nobody_can_send_from_is_told(environment: pytest.MonkeyPatch, value: str) -> None:
    [line] = problems(environment, SMTP_FROM=value)

    assert line.startswith("SMTP_FROM is no e-mail address. Write the address that mails come from")
    assert "CrEt" not in line


def test_a_mail_server_needs_a_sender(environment: pytest.MonkeyPatch) -> None:
    [line] = problems(environment, SMTP_HOST="mail.example.com")

    assert line.startswith("SMTP_FROM is missing, although SMTP_HOST is set. Write the address that mails come from")


@pytest.mark.parametrize(
    "host", ["mail.example.com", "localhost", "10.0.0.1", "::1", "2001:db8::25", "mail_1", "m.ex."]
)
def test_a_mail_server_is_a_name_or_an_address(environment: pytest.MonkeyPatch, host: str) -> None:
    environment.setenv("SMTP_HOST", f" {host} ")
    environment.setenv("SMTP_FROM", "a@example.com")

    assert settings.load().smtp_host == host


@pytest.mark.parametrize(
    "host", ["smtp://SeCrEt", "SeCrEt:587", "two SeCrEt", "SeCrEt..com", "SeCrEt\nx", "u:SeCrEt@h"]
)
def test_what_is_no_mail_server_is_told(environment: pytest.MonkeyPatch, host: str) -> None:
    [line] = problems(environment, SMTP_HOST=host)

    assert line.startswith("SMTP_HOST is neither the name nor the address of a server; a port belongs in SMTP_PORT.")
    assert "CrEt" not in line


def test_user_and_password_go_together(environment: pytest.MonkeyPatch) -> None:
    assert problems(environment, SMTP_USER="ana") == [
        "SMTP_PASSWORD is missing, although SMTP_USER is set. Set SMTP_USER and SMTP_PASSWORD, or neither."
    ]
    assert problems(environment, SMTP_USER="", SMTP_PASSWORD="SeCrEt") == [
        "SMTP_PASSWORD is set without SMTP_USER. Set SMTP_USER and SMTP_PASSWORD, or neither."
    ]


def test_a_password_is_never_sent_over_the_network_in_the_clear(environment: pytest.MonkeyPatch) -> None:
    for name in ("SMTP_USER", "SMTP_PASSWORD"):
        environment.setenv(name, "SeCrEt")
    environment.setenv("SMTP_FROM", "a@example.com")

    [line] = problems(environment, SMTP_HOST="mail.example.com", SMTP_SECURITY="none")

    assert line.startswith("SMTP_SECURITY is none, which would send SMTP_PASSWORD over the network for all to read.")
    for host in ("localhost", "LOCALHOST", "127.0.0.1", "::1"):
        environment.setenv("SMTP_HOST", host)
        assert settings.load().smtp_security == "none"
        assert "SeCrEt" not in repr(settings.load().smtp_password)


def test_mail_without_a_login_may_go_in_the_clear(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SMTP_HOST", "relay.internal")
    environment.setenv("SMTP_FROM", "a@example.com")
    environment.setenv("SMTP_SECURITY", "none")

    assert settings.load().smtp_user is None


def test_problems_of_settings_that_belong_together_are_told_at_once(environment: pytest.MonkeyPatch) -> None:
    lines = problems(
        environment, SIGN_UP="domain", SMTP_HOST="mail.example.com", SMTP_USER="SeCrEt", SMTP_SECURITY="none"
    )

    assert [line.split()[0] for line in lines] == ["SIGN_UP_DOMAINS", "SMTP_PASSWORD", "SMTP_SECURITY", "SMTP_FROM"]
    assert "SeCrEt" not in "".join(lines)


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
    assert FIXES.keys() == {name.upper() for name in settings.Settings.model_fields}


def test_proxies_that_are_believed_are_listed(environment: pytest.MonkeyPatch) -> None:
    assert settings.load().trusted_proxies == ("127.0.0.1/32", "::1/128")
    environment.setenv("TRUSTED_PROXIES", "10.1.0.0/16,192.168.7.1")
    assert settings.load().trusted_proxies == ("10.1.0.0/16", "192.168.7.1/32")

    [problem] = problems(environment, TRUSTED_PROXIES="*")
    assert problem.startswith("TRUSTED_PROXIES holds something that is no network. Write addresses or networks such as")


def test_networks_that_webhooks_may_reach_are_listed(environment: pytest.MonkeyPatch) -> None:
    assert settings.load().webhook_networks == ()
    environment.setenv("WEBHOOK_NETWORKS", "10.1.0.0/16, 192.168.7.1")
    assert settings.load().webhook_networks == ("10.1.0.0/16", "192.168.7.1/32")

    [problem] = problems(environment, WEBHOOK_NETWORKS="everything")
    assert problem.startswith("WEBHOOK_NETWORKS holds something that is no network. Write networks such as")
