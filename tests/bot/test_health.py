"""What an examination says: what is wrong comes first, each with its fix."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from bot.health import checks, views
from bot.health.views import Finding
from bot.house import House, Pulse
from domain.comparison import Progress
from domain.health import Ailing, Facts, GivenUp

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WELL = Facts(0, None, [], superusers=2, stranded=0, applicants=0, sign_up="open")


def test_the_scopes_that_are_looked_for_are_those_of_the_manifest() -> None:
    manifest = yaml.safe_load((Path(__file__).parents[2] / "manifest.yaml").read_text("utf8"))

    assert set(checks.SCOPES) == set(manifest["oauth_config"]["scopes"]["bot"])


def test_a_missing_scope_is_named_with_its_fix() -> None:
    found = checks.scopes({"x-oauth-scopes": ",".join(set(checks.SCOPES) - {"users:read.email", "im:write"})})

    assert found.how_it_is == "missing: im:write, users:read.email"
    assert "install the app again" in found.fix
    assert checks.scopes({"x-oauth-scopes": ", ".join(checks.SCOPES)}).fix == ""
    assert checks.scopes({}).fix == ""


@pytest.mark.parametrize(
    "date, words, is_well",
    [
        ("Sun, 01 Mar 2026 12:00:10 GMT", "agrees", True),
        ("Sun, 01 Mar 2026 11:50:00 GMT", "600 s ahead of", False),
        ("Sun, 01 Mar 2026 12:01:00 GMT", "60 s behind", False),
        ("yesterday", "not told", True),
    ],
)
def test_a_clock_that_is_off_is_noticed(date: str, words: str, is_well: bool) -> None:
    found = checks.clock({"date": date}, NOW)

    assert words in found.how_it_is
    assert (found.fix == "") is is_well


def test_a_queue_is_a_worry_only_when_it_stands_still() -> None:
    moving = Facts(3, NOW - timedelta(seconds=20), [], superusers=2, stranded=0, applicants=0, sign_up="open")
    stuck = Facts(3, NOW - timedelta(hours=5), [], superusers=2, stranded=0, applicants=0, sign_up="open")

    assert [found.fix for found in checks.queue(WELL, NOW) + checks.queue(moving, NOW)] == ["", ""]
    assert checks.queue(stuck, NOW)[0].how_it_is == "3 waiting, the oldest for 5 h"
    assert checks.queue(stuck, NOW)[0].fix


def test_what_was_given_up_is_named() -> None:
    lost = GivenUp("person.assigned", "account_inactive", 2, NOW)

    found = checks.queue(Facts(0, None, [lost], superusers=2, stranded=0, applicants=0, sign_up="open"), NOW)[1]

    assert (found.name, found.how_it_is) == ("Given up", "2 × person.assigned: account_inactive")
    assert found.fix


def test_a_webhook_that_was_switched_off_is_named_with_how_to_switch_it_on() -> None:
    off = Ailing(2, "example.com", "answered 410", NOW - timedelta(hours=3), is_off=True)

    [found] = checks.webhooks(replace(WELL, ailing=[off]), NOW)

    assert (found.name, found.how_it_is) == ("Webhook 2", "example.com is switched off: answered 410, for 3 h")
    assert "/incident admin webhook on 2" in found.fix


@pytest.mark.parametrize("count, words", [(0, ["none"]), (1, ["only one"]), (2, [])])
def test_one_superuser_is_too_few(count: int, words: list[str]) -> None:
    facts = Facts(0, None, [], superusers=count, stranded=0, applicants=0, sign_up="open")

    assert [found.how_it_is for found in checks.people(facts)] == words


def test_those_who_wait_for_approval_are_counted() -> None:
    facts = Facts(0, None, [], superusers=2, stranded=0, applicants=3, sign_up="approve")

    assert [found.how_it_is for found in checks.people(facts)] == ["3 wait for approval"]


def test_what_needs_mending_is_said_first_and_all_of_it_in_one_text() -> None:
    message = views.findings([Finding("Slack", "answers"), Finding("Mail", "no <server>", "Set SMTP_HOST.")])

    assert message["text"] == "Examination: 1 to look at. Slack: answers. Mail: no &lt;server&gt;."
    shown = [block["text"]["text"] for block in message["blocks"]]
    assert shown == [
        "*Examination* 1 to look at.",
        ":warning: *Mail*: no &lt;server&gt;\nSet SMTP_HOST.",
        ":white_check_mark: *Slack*: answers",
    ]
    assert views.findings([Finding("Slack", "answers")])["text"].startswith("Examination: All is well.")


def house(**pulse: object) -> House:
    """A house whose process was greeted like this."""
    made: House = object.__new__(House)
    object.__setattr__(made, "pulse", Pulse(**pulse))  # type: ignore[arg-type]
    return made


def test_a_connection_is_a_worry_if_slack_counts_more_than_there_are_processes() -> None:
    ten = NOW - timedelta(minutes=10)

    assert checks.connection(house(), 1, NOW) == []
    [alone] = checks.connection(house(connects=1, connected_at=ten, connections=1), 0, NOW)
    [two] = checks.connection(house(connects=2, connected_at=ten, connections=2), 2, NOW)
    [ghosts] = checks.connection(house(connects=2, connected_at=ten, connections=5), 2, NOW)

    assert (alone.how_it_is, alone.fix) == ("made once since the start of this process, the last time 10 min ago", "")
    assert two.fix == ""
    assert ghosts.how_it_is == "Slack counts 5, 2 processes of this database live"
    assert "SLACK_APP_TOKEN" in ghosts.fix


@pytest.mark.parametrize(
    "progress, words, is_well",
    [
        (Progress(None, 0, []), "nothing to compare", True),
        (Progress(NOW - timedelta(minutes=10), 0, []), "compared 10 min ago", True),
        (Progress(NOW - timedelta(hours=5), 0, []), "compared 5 h ago", False),
        (Progress(NOW - timedelta(hours=5), 7, []), "7 threads are still to be read", True),
        (Progress(NOW, 0, ["missing_scope"]), "refused: missing_scope", False),
    ],
)
def test_catching_up_is_a_worry_if_it_is_refused_or_does_not_happen(
    progress: Progress, words: str, is_well: bool
) -> None:
    found = checks.comparison(progress, NOW)

    assert words in found.how_it_is
    assert (found.fix == "") is is_well
