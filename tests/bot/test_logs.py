"""Logs: what a line looks like, and what never gets into one."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from bot import logs

TOKENS = ["xoxb-12-34-aBcD", "xoxp-12-34-aBcD", "xapp-1-A01-23-aBcD", "xoxe.xoxp-1-aBcD"]


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    names = ("", *logs.QUIET)
    handlers, levels = root.handlers, [logging.getLogger(name).level for name in names]
    chosen = structlog.get_config() if structlog.is_configured() else None
    yield
    root.handlers = handlers
    for name, level in zip(names, levels, strict=True):
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()
    if chosen is not None:
        structlog.configure(**chosen)


def fail(message: str) -> None:
    raise ValueError(message)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_json_line_carries_its_values_and_the_time_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "json")

    structlog.get_logger("bot.relay").info("delivered", incident="INC-42", ms=12.5, name="Zoë")

    [line] = lines(capsys)
    assert line.items() >= {"event": "delivered", "incident": "INC-42", "ms": 12.5, "name": "Zoë"}.items()
    assert line.items() >= {"level": "info", "logger": "bot.relay"}.items()
    at = datetime.fromisoformat(line["timestamp"])
    assert at.tzinfo == UTC
    assert abs((datetime.now(UTC) - at).total_seconds()) < 10


def test_the_libraries_lines_look_like_ours(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "json")

    logging.getLogger("slack_bolt.AsyncApp").warning("unhandled %s", "event", extra={"team": "T1"})

    assert (
        lines(capsys)[0].items() >= {"event": "unhandled event", "logger": "slack_bolt.AsyncApp", "team": "T1"}.items()
    )


def test_a_line_goes_to_what_standard_error_is_by_then(monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_start, later = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", at_the_start)
    logs.configure("INFO", "text")
    at_the_start.close()
    monkeypatch.setattr(sys, "stderr", later)

    structlog.get_logger("bot").warning("card missing")

    assert "card missing" in later.getvalue()


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "text")

    structlog.get_logger("bot").warning("card missing", incident="INC-42")

    line = capsys.readouterr().err
    assert "card missing" in line
    assert "incident=INC-42" in line
    assert "\x1b" not in line


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize("token", TOKENS)
def test_a_token_never_gets_into_a_line(capsys: pytest.CaptureFixture[str], token: str, format: Any) -> None:
    logs.configure("INFO", format)
    log = structlog.get_logger("bot")

    log.info(f"token {token}", value={"nested": [token]}, **{token: 1})
    logging.getLogger("slack_sdk").info("headers: %s", {"Authorization": f"Bearer {token}"})
    try:
        fail(f"first\n{token} is bad")
    except ValueError:
        log.exception("failed")
        logging.getLogger("x").exception("failed", stack_info=True)

    printed = capsys.readouterr().err
    assert printed.count("… is bad") == 2
    assert "aBcD" not in printed
    assert "…" in printed


def test_passwords_in_addresses_and_socket_tickets_are_hidden() -> None:
    assert logs.redacted("postgresql+psycopg://ana:p%40ss@db/x") == "postgresql+psycopg://ana:…@db/x"
    assert logs.redacted("wss://x/link/?ticket=abc-1&app_id=2") == "wss://x/link/?ticket=…&app_id=2"
    assert logs.redacted("http://127.0.0.1:9000/a@b") == "http://127.0.0.1:9000/a@b"


@pytest.mark.parametrize(
    "address",
    [
        "ana@example.com", "Ana.Lee+x@mail.example.co.uk", "zoë@bücher.example", "anna@localhost", "a_b-c%d@x.io",
        "ana@xn--bcher-kva.example", "!#$&*?^`~ana@example.com",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "around", ["{}", "to {}.", "<mailto:{}|{}>", "'{}'", "{}, {};", "to={}", "({})", "/of?a={}&b=1"]
)
def test_an_e_mail_address_is_never_shown(address: str, around: str) -> None:
    assert logs.redacted(around.format(address, address)) == around.format("…@…", "…@…")


def test_what_only_looks_like_an_e_mail_address_stays() -> None:
    for text in (
        "<@U0ANA> in <#C0123|general> of T0123 said hi to @ben at 12:30",
        "postgresql://ana@db.example.com/x",
        "postgresql://ana:…@db.example.com:5432/x?user=ben",
        "https://files.example.com/a@b/c",
        "2026-03-04T05:06:07Z",
    ):
        assert logs.redacted(text) == text


@pytest.mark.parametrize("format", ["text", "json"])
def test_an_e_mail_address_never_gets_into_a_line(capsys: pytest.CaptureFixture[str], format: Any) -> None:
    logs.configure("DEBUG", format)
    log = structlog.get_logger("bot")

    log.info("ana@example.com asked", to=["ana@example.com"], note="first\nana@example.com\x07ana@example.com")
    logging.getLogger("other").info("refused %s", {"ana@example.com": (550, b"no ana@example.com here")})
    try:
        fail("first\nana@example.com is bad")
    except ValueError:
        log.exception("failed")

    printed = capsys.readouterr().err
    assert "ana" not in printed
    assert "example" not in printed
    assert printed.count("…@… is bad") == 2  # the line of code, and what it raised
    if format == "json":
        assert [json.loads(line)["level"] for line in printed.splitlines()] == ["info", "info", "error"]


def test_colours_stay_around_what_is_hidden() -> None:
    assert logs.redacted("to\x1b[0m=\x1b[35mana@example.com\x1b[0m") == "to\x1b[0m=\x1b[35m…@…\x1b[0m"


def test_an_exception_is_one_json_line_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "json")
    try:
        fail("broken")
    except ValueError:
        structlog.get_logger("bot").exception("failed", ref="7F3K")

    [line] = lines(capsys)
    assert line["ref"] == "7F3K"
    assert "ValueError: broken" in line["exception"]


def test_the_libraries_never_log_payloads(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("DEBUG", "json")

    logging.getLogger("slack_sdk.web").debug("payload")
    logging.getLogger("slack_bolt").debug("payload")
    logging.getLogger("sqlalchemy.engine").info("parameters")
    logging.getLogger("mail.log").info("sender and recipient")
    logging.getLogger("aiosmtplib").debug("payload")
    structlog.get_logger("bot").debug("ours")

    assert [line["event"] for line in lines(capsys)] == ["ours"]


def test_a_higher_level_counts_for_the_libraries_too(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("ERROR", "json")

    logging.getLogger("slack_sdk").warning("slow")
    structlog.get_logger("bot").warning("slow")

    assert lines(capsys) == []


def test_values_bound_to_the_request_are_in_every_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "json")

    with structlog.contextvars.bound_contextvars(request="r1"):
        structlog.get_logger("bot").info("one")
        logging.getLogger("other").info("two")

    assert [line["request"] for line in lines(capsys)] == ["r1", "r1"]


def test_configuring_again_does_not_double_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "json")
    logs.configure("INFO", "json")

    structlog.get_logger("bot").info("once")

    assert len(lines(capsys)) == 1


@pytest.mark.parametrize(
    "body, expected",
    [
        ({"event_id": "Ev0123", "event": {"text": "the password is hunter2"}}, "Ev0123"),
        ({"trigger_id": "1234567890123.99.opensforms", "text": "hunter2"}, "1234567890123.99"),
    ],
    ids=["an event", "a click"],
)
async def test_the_lines_of_a_request_carry_slacks_id_of_it_and_nothing_of_what_it_says(
    capsys: pytest.CaptureFixture[str], body: dict[str, Any], expected: str
) -> None:
    logs.configure("INFO", "json")

    async def answered() -> None:
        logs.answering(body)
        structlog.get_logger("bot").info("one")
        logging.getLogger("other").info("two")

    await asyncio.create_task(answered())
    structlog.get_logger("bot").info("of no request")

    printed = capsys.readouterr().err
    assert [json.loads(line).get("request") for line in printed.splitlines()] == [expected, expected, None]
    assert "hunter2" not in printed
    assert "opensforms" not in printed


async def test_a_request_without_an_id_is_given_one(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "json")

    async def answered() -> None:
        logs.answering({"type": "block_suggestion"})
        structlog.get_logger("bot").info("one")
        structlog.get_logger("bot").info("two")

    await asyncio.create_task(answered())
    await asyncio.create_task(answered())

    first, second, third, fourth = (line["request"] for line in lines(capsys))
    assert first == second != third == fourth
