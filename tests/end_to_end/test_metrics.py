"""What the bot counts, as Prometheus reads it from a running one."""

import re

import pytest
from sqlalchemy import text

from bot import metrics, router
from tests.end_to_end.conftest import Workspace, working
from tests.end_to_end.eyes import answer
from tests.end_to_end.test_http_mode import got, served
from tests.ports import free_port

__all__ = ["served"]


async def measured(url: str) -> dict[str, float]:
    """Each series with its value, by its name and labels."""
    status, said = await got(f"{url}/metrics")
    assert status == 200
    return {name: float(value) for name, value in re.findall(r"^(incident_tracker_\S+) (\S+)$", said, re.MULTILINE)}


def requests(kind: str, outcome: str) -> str:
    return f'incident_tracker_requests_total{{kind="{kind}",outcome="{outcome}"}}'


def calls(method: str, said: str = "ok") -> str:
    return f'incident_tracker_slack_calls_total{{answer="{said}",method="{method}"}}'


async def test_the_metrics_count_requests_calls_and_the_outbox_and_name_nobody(served: tuple[Workspace, str]) -> None:
    workspace, url = served
    before = metrics.REQUESTS.labels("command", "refused")._value.get()
    card = await workspace.opened("Secret plan")
    await workspace.stage.click("ben", "#incidents", card, "incident.take")
    await workspace.delivered()
    await answer(workspace, "show 999")

    status, said = await got(f"{url}/metrics")

    assert status == 200
    assert metrics.REQUESTS.labels("command", "refused")._value.get() == before + 1
    for wanted in (
        'incident_tracker_requests_total{kind="action",outcome="served"}',
        'incident_tracker_slack_calls_total{answer="ok",method="chat.postMessage"}',
        "incident_tracker_outbox_waiting 0.0",
        "incident_tracker_catch_up_threads 0.0",
        "incident_tracker_catch_up_lag_seconds",
        'incident_tracker_ack_seconds_bucket{kind="command"',
    ):
        assert wanted in said
    assert "Secret" not in said
    assert "U0ANA" not in said


async def test_each_call_of_slack_is_counted_once_whoever_makes_it(served: tuple[Workspace, str]) -> None:
    workspace, url = served
    before, mark = await measured(url), await workspace.mark()
    card = await workspace.opened("Disk full")
    await workspace.stage.click("ben", "#incidents", card, "incident.resolve_form")
    await workspace.faults({"method": "views.open", "kind": "error:internal_error", "times": 1})
    await workspace.control("command", {"user": "ana", "channel": "#incidents", "command": "/incident", "text": "new"})
    await workspace.delivered()

    made, after = await workspace.calls(after=mark), await measured(url)

    grown = {name: after[name] - before.get(name, 0) for name in after if "slack_calls_total" in name}
    counted = {name: int(by) for name, by in grown.items() if by}
    assert counted == {
        calls("chat.postMessage"): made.count("chat.postMessage"),
        calls("views.open"): 1,
        calls("views.open", "internal_error"): 1,
    }


async def test_in_socket_mode_opening_the_connection_is_counted(database_url: str) -> None:
    port = free_port()
    async with working(database_url, port=port, host="127.0.0.1"):
        assert (await measured(f"http://127.0.0.1:{port}"))[calls("apps.connections.open")] >= 2


async def test_what_fails_and_what_comes_too_late_is_counted_as_that(
    served: tuple[Workspace, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, url = served
    card = await workspace.opened("Disk full")
    before = await measured(url)
    await workspace.faults({"method": "views.open", "kind": "error:internal_error", "times": 1})
    await workspace.control("command", {"user": "ana", "channel": "#incidents", "command": "/incident", "text": "new"})

    monkeypatch.setattr(router, "DEADLINE_S", 0.3)
    async with workspace.engine.begin() as holding:
        await holding.execute(text("SELECT 1 FROM incident FOR UPDATE"))
        place = {"user": "ben", "channel": "#incidents", "message_ts": card["ts"]}
        await workspace.control("action", {**place, "action_id": "incident.take"})
    after = await measured(url)

    failed, late = requests("command", "failed"), requests("action", "late")
    assert (after[failed] - before.get(failed, 0), after[late] - before.get(late, 0)) == (1, 1)


async def test_what_waits_was_given_up_is_stranded_or_not_compared_is_told(served: tuple[Workspace, str]) -> None:
    workspace, url = served
    await workspace.opened("Disk full")
    await workspace.stage.quiet()
    await workspace.changed(
        "INSERT INTO outbox (workspace_id, topic, lane, payload, created_at, due_at)"
        " SELECT id, 'incident.changed', 'later', '{}', now() - interval '10 min', now() + interval '1 h'"
        " FROM workspace"
    )
    await workspace.changed(
        "INSERT INTO outbox (workspace_id, topic, lane, payload, gave_up_at, last_error)"
        " SELECT id, 'incident.changed', 'lost', '{}', now(), 'reason ' || n FROM workspace, generate_series(1, 7) n"
    )
    await workspace.changed("UPDATE channel SET is_open = false")
    await workspace.changed(
        "INSERT INTO catch_up (workspace_id, channel_id, finished_at)"
        " SELECT workspace_id, channel_id, now() - interval '3 h' FROM thread"
        " ON CONFLICT (workspace_id, channel_id) DO UPDATE SET finished_at = excluded.finished_at, problem = ''"
    )

    told = await measured(url)

    assert 600 <= told["incident_tracker_outbox_oldest_seconds"] < 700
    assert told["incident_tracker_outbox_waiting"] == 1
    assert told["incident_tracker_outbox_given_up"] == 7
    assert told["incident_tracker_incidents_stranded"] == 1
    assert 10_800 <= told["incident_tracker_catch_up_lag_seconds"] < 11_000


async def test_whether_the_database_answers_is_told_and_the_connection_all_the_same(database_url: str) -> None:
    port = free_port()
    async with working(database_url, port=port, host="127.0.0.1") as workspace:
        url = f"http://127.0.0.1:{port}"
        assert (await measured(url))["incident_tracker_database_answers"] == 1
        async with workspace.engine.begin() as holding:
            await holding.execute(text("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE"))
            told = await measured(url)

    assert told["incident_tracker_database_answers"] == 0
    assert told["incident_tracker_socket_connections"] == 1
