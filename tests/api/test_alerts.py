"""Alerts of monitoring systems: one fingerprint is one incident."""

import asyncio
from typing import Any

import pytest

from domain import workspaces
from tests.api.conftest import Api

Json = dict[str, Any]


def alert(fingerprint: str = "b1946ac92492d234", status: str = "firing", **more: Any) -> Json:
    """As Alertmanager tells it."""
    return {
        "status": status,
        "labels": {"alertname": "DiskFull", "severity": "critical", "instance": "db1:9100"},
        "annotations": {"summary": "Disk full on db1", "description": "97 % of /var is used."},
        "startsAt": "2026-03-01T09:00:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph?g0.expr=disk",
        "fingerprint": fingerprint,
        **more,
    }


def notification(*alerts: Json) -> Json:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="DiskFull"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "incidents",
        "groupLabels": {"alertname": "DiskFull"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example",
        "alerts": list(alerts),
    }


async def told(api: Api, *alerts: Json, status: int = 200) -> list[Json]:
    """What the answer says became of each."""
    answer = await (await api.as_("ana")).post("/alerts/alertmanager", json=notification(*alerts))
    assert answer.status_code == status, answer.text
    found: list[Json] = answer.json().get("items", [])
    return found


async def generic(api: Api, status: str = "firing", **more: Any) -> Json:
    sent = {"fingerprint": "checkout", "title": "Checkout fails", "status": status, **more}
    answer = await (await api.as_("ana")).post("/alerts/generic", json=sent)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def test_an_alert_opens_an_incident_whose_card_says_what_it_is_about(api: Api) -> None:
    [taken] = await told(api, alert())

    assert (taken["outcome"], taken["incident"]) == ("opened", "INC-1")
    card = await api.workspace.shown("#incidents", "Disk full on db1")
    assert "critical" in str(card)
    assert "97 % of /var is used" in str(card)
    incident = (await (await api.as_("ana")).get("/incidents/1")).json()
    assert (incident["priority"], incident["category"]) == ("critical", "outage")
    assert "instance: db1:9100" in incident["description"]
    assert "http://prometheus.example/graph" in incident["description"]


async def test_repeats_are_counted_and_say_nothing_in_slack_and_the_end_is_a_line_in_the_thread(api: Api) -> None:
    await told(api, alert())
    await api.workspace.delivered()
    before = await api.workspace.mark()

    again = [await told(api, alert()) for _ in range(3)]

    assert {each[0]["outcome"] for each in again} == {"counted"}
    assert "chat.postMessage" not in await api.workspace.calls(after=before)
    [ended] = await told(api, alert(status="resolved", endsAt="2026-03-01T09:30:00Z"))
    assert (ended["outcome"], ended["incident"]) == ("resolved", "INC-1")
    await api.workspace.delivered()
    calls = await api.workspace.calls(after=before)
    assert calls.count("chat.postMessage") == 1
    assert "The alert ended" in str(await api.workspace.stage.state())


async def test_the_same_alert_twice_at_the_same_moment_is_one_incident(api: Api) -> None:
    await api.as_("ana")

    found = await asyncio.gather(*(told(api, alert(), alert("another")) for _ in range(4)))

    assert sorted(each["outcome"] for taken in found for each in taken) == ["counted"] * 6 + ["opened"] * 2
    assert await api.workspace.rows("SELECT count(*) FROM incident") == [(2,)]


async def test_other_programs_report_in_a_plain_form(api: Api) -> None:
    opened = await generic(api, severity="P2", url="https://status.example/checkout", labels={"category": "bug"})
    await generic(api)
    ended = await generic(api, "resolved")

    assert (opened["outcome"], ended["outcome"]) == ("opened", "resolved")
    incident = (await (await api.as_("ana")).get("/incidents/1")).json()
    assert (incident["priority"], incident["category"], incident["status"]) == ("high", "bug", "resolved")
    assert "https://status.example/checkout" in incident["description"]


async def test_a_priority_counts_more_than_what_the_severity_means(api: Api) -> None:
    await generic(api, priority="low", severity="critical")
    refused = await (await api.as_("ana")).post(
        "/alerts/generic", json={"fingerprint": "a", "title": "A", "status": "firing", "priority": "urgent"}
    )

    assert (await (await api.as_("ana")).get("/incidents/1")).json()["priority"] == "low"
    assert refused.status_code == 422


async def test_fingerprints_of_different_senders_do_not_meet(api: Api) -> None:
    await told(api, alert("checkout"))

    assert (await generic(api))["outcome"] == "opened"


async def test_what_is_in_an_alert_pings_and_formats_nothing(api: Api) -> None:
    await generic(api, title="<!channel> *down*", description="<@U0BEN00000>", labels={"<!here>": "&lt;"})

    card = await api.workspace.shown("#incidents", "down")

    assert "<!channel>" not in str(card)
    assert "<@U0BEN00000>" not in str(card)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"alerts": "all"},
        {"alerts": [{}]},
        {"alerts": [{"status": "firing", "fingerprint": ""}]},
        {"alerts": [{"status": "on", "fingerprint": "a"}]},
        {"alerts": [{"status": "firing", "fingerprint": f"{n}"} for n in range(101)]},
    ],
    ids=["nothing", "no list", "empty", "no name", "no state", "too many"],
)
async def test_what_is_no_alert_is_refused_and_opens_nothing(api: Api, sent: Json) -> None:
    answer = await (await api.as_("ana")).post("/alerts/alertmanager", json=sent)

    assert answer.status_code == 422
    assert await api.workspace.rows("SELECT 1 FROM incident") == []


async def test_what_no_text_may_hold_is_replaced_and_the_alert_is_not_lost(api: Api) -> None:
    [taken] = await told(api, alert(annotations={"summary": "\x00 down"}, labels={"\x00": "\x00"}))

    assert taken["outcome"] == "opened"


async def test_an_alert_of_any_length_is_taken(api: Api) -> None:
    [taken] = await told(api, alert(annotations={"summary": "disk " * 9_000, "description": "full " * 20_000}))

    assert taken["outcome"] == "opened"
    [(title, description)] = await api.workspace.rows("SELECT length(title), length(description) FROM incident")
    assert (title <= 255, description) == (True, 40_000)


async def test_a_label_of_endless_accents_holds_nobody_up_and_such_a_severity_is_refused(api: Api) -> None:
    endless = "a" + "\u0301\u0316" * 15_000
    [taken] = await told(api, alert(labels={"severity": endless, "category": endless}))
    refused = await (await api.as_("ana")).post(
        "/alerts/generic", json={"fingerprint": "a", "title": "A", "status": "firing", "severity": endless}
    )

    assert taken["outcome"] == "opened"
    assert refused.status_code == 422


async def test_the_card_says_how_often_an_alert_was_reported(api: Api) -> None:
    await told(api, alert())
    await api.workspace.delivered()
    await api.workspace.changed("UPDATE alert SET last_at = now() - interval '2 minutes'")
    before = await api.workspace.mark()

    await told(api, alert())
    await api.workspace.delivered()

    assert await api.workspace.calls(after=before) == ["chat.update"]
    assert "Alert reported 2 times · last" in str(await api.workspace.shown("#incidents", "Disk full on db1"))


async def test_nobody_reports_without_a_token(api: Api) -> None:
    assert (await api.nobody.post("/alerts/alertmanager", json=notification(alert()))).status_code == 401
    assert (await api.nobody.post("/alerts/generic", json={})).status_code == 401


async def test_what_alertmanager_sends_again_after_a_lost_answer_doubles_nothing(api: Api) -> None:
    many = [alert(f"f{n}") for n in range(5)]
    await told(api, *many[:2])  # as if the process had died in the middle

    await told(api, *many)
    await told(api, *many)

    assert await api.workspace.rows("SELECT count(*), max(number) FROM incident") == [(5, 5)]
    assert await api.workspace.rows("SELECT DISTINCT reports FROM alert") == [(1,)]


async def test_without_a_channel_for_incidents_the_answer_says_what_to_do(api: Api) -> None:
    house = api.workspace.bot.house
    async with house.begin() as session:
        await workspaces.close_channel(session, house.workspace_id, str(house.incident_channel))

    answer = await (await api.as_("ana")).post("/alerts/alertmanager", json=notification(alert()))

    assert answer.status_code == 409
    assert "/invite" in answer.json()["detail"]
    assert await api.workspace.rows("SELECT 1 FROM alert") == []
