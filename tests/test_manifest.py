"""The manifest that a person pastes into Slack: Slack's own schema, and what Socket Mode asks for."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.samples import SAMPLES

ROOT = Path(__file__).parents[1]
SCHEMA = SAMPLES / "manifest-schema__MIT" / "schemas" / "manifest.schema.2.0.0.json"
REFERENCE = SAMPLES / "slack-api-ref__MIT" / "events.json"


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yaml").read_text("utf8"))
    return loaded


@pytest.mark.skipif(not SCHEMA.exists(), reason="Slack's manifest schema is not beside the repository")
def test_it_is_valid_by_slack_s_schema(manifest: dict[str, Any]) -> None:
    jsonschema.validate(manifest, json.loads(SCHEMA.read_text("utf8")))


@pytest.mark.skipif(not REFERENCE.exists(), reason="Slack's reference is not beside the repository")
def test_each_event_that_slack_s_reference_knows_has_one_of_its_scopes(manifest: dict[str, Any]) -> None:
    granted = set(manifest["oauth_config"]["scopes"]["bot"])
    needed = {event["name"]: event.get("scopes") for event in json.loads(REFERENCE.read_text("utf8"))}
    needed["app_mention"] = ["app_mentions:read"]  # the reference has a dot for the colon

    subscribed = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert [name for name in subscribed if needed.get(name) and granted.isdisjoint(needed[name])] == []


def test_it_fits_the_lengths_that_slack_allows(manifest: dict[str, Any]) -> None:
    words = manifest["display_information"]
    assert len(words["name"]) <= 35
    assert len(words["description"]) <= 140
    assert 175 <= len(words["long_description"]) <= 4000


def test_it_needs_no_address_on_the_internet(manifest: dict[str, Any]) -> None:
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert manifest["settings"]["interactivity"] == {"is_enabled": True}
    assert "http" not in json.dumps(manifest)


def test_people_and_channels_in_commands_arrive_as_ids(manifest: dict[str, Any]) -> None:
    [command] = manifest["features"]["slash_commands"]
    assert command["command"] == "/incident"
    assert command["should_escape"] is True


def test_the_bot_can_be_written_to(manifest: dict[str, Any]) -> None:
    home = manifest["features"]["app_home"]
    assert home["messages_tab_enabled"] is True
    assert home["messages_tab_read_only_enabled"] is False


def test_nothing_is_asked_for_twice_and_each_scope_has_its_reason(manifest: dict[str, Any]) -> None:
    scopes = manifest["oauth_config"]["scopes"]["bot"]
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    lines = (ROOT / "manifest.yaml").read_text("utf8").splitlines()

    assert len(set(scopes)) == len(scopes)
    assert len(set(events)) == len(events)
    assert [scope for scope in scopes if not any(line.strip().startswith(f"- {scope}  # ") for line in lines)] == []
