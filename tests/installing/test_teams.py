"""Which workspace a request is about, as Slack's payloads tell it."""

from typing import Any

import pytest

from bot.installing.teams import shared_channel, teams_of

OURS, THEIRS = "T0HARBOUR0", "T0PARTNER0"


@pytest.mark.parametrize(
    "body",
    [
        {"command": "/incident", "team_id": OURS},
        {"type": "event_callback", "team_id": OURS, "authorizations": [{"team_id": OURS}]},
        {"type": "event_callback", "team_id": THEIRS, "authorizations": [{"team_id": OURS}]},
        {"type": "block_actions", "team": {"id": OURS}, "view": {"type": "home"}},
        {"type": "block_actions", "team": {"id": THEIRS}, "message": {"bot_id": "B0", "team": OURS}},
        {"type": "view_submission", "team": {"id": THEIRS}, "view": {"app_installed_team_id": OURS}},
        {"type": "view_submission", "team": None, "view": {"app_installed_team_id": OURS}},
        {"type": "message_action", "team": {"id": OURS}, "message": {"bot_id": "B0", "team": THEIRS}},
        {"type": "shortcut", "team": {"id": OURS}},
        {"type": "block_suggestion", "team": {"id": OURS}, "view": None, "message": None},
    ],
)
def test_the_workspace_that_installed_it_is_meant_not_that_of_whoever_acts(body: dict[str, Any]) -> None:
    assert next(teams_of(body)) == OURS


@pytest.mark.parametrize(
    "told, channel",
    [
        ({"event": {"type": "message", "channel": "C0"}}, "C0"),
        ({"event": {"type": "member_left_channel", "channel": "C0"}}, "C0"),
        ({"event": {"type": "message"}}, None),
        ({"event": {"type": "app_mention", "channel": "C0"}}, None),
        ({"event": {"type": "channel_left", "channel": "C0"}}, None),
        ({"event": {"type": "channel_rename", "channel": {"id": "C0"}}}, None),
        ({"event": {"type": "message", "channel": "C0"}, "is_ext_shared_channel": False}, None),
        ({"type": "block_actions"}, None),
    ],
)
def test_talk_and_people_of_a_shared_channel_are_every_workspace_s(told: dict[str, Any], channel: str | None) -> None:
    assert shared_channel({"is_ext_shared_channel": True, **told}) == channel


@pytest.mark.parametrize("body", [{}, {"team": "T0"}, {"authorizations": [{"team_id": None}]}, {"view": []}])
def test_what_names_no_workspace_means_none(body: dict[str, Any]) -> None:
    assert list(teams_of(body)) == [""]
