"""Incidents by the API: the same rules as in Slack, and Slack shows what was done."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from tests.api.conftest import SLACK_IDS, Api
from tests.end_to_end.conftest import Json
from tests.end_to_end.eyes import direct_messages, superuser, thread


async def test_what_a_program_does_with_an_incident_is_seen_in_slack(api: Api) -> None:
    made = await api.opened("Disk full", priority="high", description="No space left on db1")
    await api.workspace.delivered()
    card = await api.workspace.stage.card("#incidents", "Disk full")
    ben = await api.as_("ben")

    taken = await ben.post(f"/incidents/{made['number']}/take")
    said = await ben.post(f"/incidents/{made['number']}/comments", json={"content": "Which disk? <!channel>"})
    resolved = await ben.post(f"/incidents/{made['number']}/resolve", json={"note": "freed space"})
    await api.workspace.delivered()

    assert (taken.status_code, said.status_code, resolved.status_code) == (200, 201, 200)
    assert resolved.json()["status"] == "resolved"
    shown = str(await thread(api.workspace, card))
    assert "Which disk? &lt;!channel&gt;" in shown
    assert "freed space" in shown
    assert len(await api.workspace.comments()) == 1
    card = await api.workspace.stage.card("#incidents", "Disk full")
    assert "resolved" in str(card).lower()
    link = (await ben.get(f"/incidents/{made['number']}")).json()["link"]
    assert link.endswith(f"/archives/C0INCIDENT/p{card['ts'].replace('.', '')}")


async def test_the_history_says_that_it_was_done_by_the_api(api: Api) -> None:
    made = await api.opened("Disk full")

    told = (await (await api.as_("ana")).get(f"/incidents/{made['number']}/timeline")).json()

    assert [(each["what"], each["surface"], each["by"]["name"]) for each in told["items"]] == [
        ("created", "REST API", "Ana Almeida")
    ]
    assert "REST API" in str(await api.workspace.rows("SELECT surface FROM timeline_entry"))


async def test_every_step_of_a_life_and_none_twice(api: Api) -> None:
    made = await api.opened("Disk full")
    ben, place = await api.as_("ben"), f"/incidents/{made['number']}"

    async def status(step: str, **body: Any) -> tuple[int, str]:
        answer = await ben.post(f"{place}/{step}", json=body or None)
        said = answer.json()
        return answer.status_code, said.get("code") or said["status"]

    assert await status("start") == (200, "in_progress")
    assert await status("start") == (409, "already_done")
    assert await status("revert") == (200, "open")
    assert await status("take") == (200, "in_progress")
    assert await status("unassign") == (200, "in_progress")
    assert await status("unassign") == (409, "already_done")
    assert await status("assign", assignee="me") == (200, "in_progress")
    assert await status("resolve", note="freed", at="2001-01-01T00:00:00Z") == (409, "unusable")
    assert await status("resolve", note="freed") == (200, "resolved")
    assert await status("resolve") == (409, "already_done")
    assert await status("take") == (409, "conflict")
    assert await status("reopen", note="came back") == (200, "in_progress")
    answer = await ben.post("/undo")
    assert (answer.status_code, answer.json()["status"]) == (200, "resolved")
    assert (await ben.post("/undo")).status_code == 409


async def test_a_new_assignee_is_told_in_slack_however_they_are_named(api: Api) -> None:
    chloe = await api.person("chloe")
    ana = await api.as_("ana")
    for title, name in (("First", SLACK_IDS["chloe"]), ("Second", str(chloe.id))):
        made = await api.opened(title)
        answer = await ana.post(f"/incidents/{made['number']}/assign", json={"assignee": name})
        assert answer.json()["assignee"] == {"id": str(chloe.id), "name": chloe.name}
    third = await api.opened("Third", assignee="me")
    await api.workspace.delivered()

    assert third["assignee"]["name"] == "Ana Almeida"
    assert "First" in str(await direct_messages(api.workspace, "chloe"))


async def test_values_are_changed_by_whoever_may_and_what_is_so_stays(api: Api) -> None:
    made = await api.opened("Disk full")
    ana, chloe, place = await api.as_("ana"), await api.as_("chloe"), f"/incidents/{made['number']}"

    changed = await ana.patch(place, json={"title": "Disk full on db1", "category": "outage", "priority": "critical"})
    same = await ana.patch(place, json={"title": "Disk full on db1"})
    nothing = await ana.patch(place, json={})
    refused = await chloe.patch(place, json={"title": "Mine"})
    wrong = await ana.patch(place, json={"category": "weather"})

    assert (changed.json()["title"], changed.json()["category"]) == ("Disk full on db1", "outage")
    assert [each.json()["version"] for each in (changed, same, nothing)] == [2, 2, 2]
    assert (refused.status_code, "its owner, its assignee and superusers" in refused.text) == (403, True)
    assert wrong.status_code == 409


async def test_a_program_that_saw_an_older_version_changes_nothing(api: Api) -> None:
    made = await api.opened("Disk full")
    ben, place = await api.as_("ben"), f"/incidents/{made['number']}"
    seen = (await ben.get(place)).headers["ETag"]
    await ben.patch(place, json={"priority": "low"})

    for tag in (seen, '"x"', "W/" + seen):
        stale = await ben.post(f"{place}/take", headers={"If-Match": tag})
        assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    assert (await ben.patch(place, json={"priority": "high"}, headers={"If-Match": seen})).status_code == 412
    now = (await ben.get(place)).headers["ETag"]
    assert (await ben.post(f"{place}/take", headers={"If-Match": now})).headers["ETag"] == '"3"'
    assert (await ben.post(f"{place}/revert", headers={"If-Match": "*"})).status_code == 200


async def test_deleting_and_restoring(api: Api) -> None:
    made = await api.opened("Disk full")
    ana, ben, place = await api.as_("ana"), await api.as_("ben"), f"/incidents/{made['number']}"

    assert (await ben.delete(place)).status_code == 403
    assert (await ana.delete(place)).status_code == 204
    assert (await ana.get(place)).status_code == 404
    assert (await ana.post(f"{place}/restore")).status_code == 403
    await superuser(api.workspace, "ana")
    assert (await ana.post(f"{place}/restore")).status_code == 200
    assert (await ana.post(f"{place}/restore")).status_code == 409


async def test_a_request_that_is_sent_again_opens_one_incident(api: Api) -> None:
    ben = await api.as_("ben")
    sent: Json = {"headers": {"Idempotency-Key": "deploy-77"}, "json": {"title": "Disk full"}}

    answers = await asyncio.gather(*(ben.post("/incidents", **sent) for _ in range(5)))
    other = await ben.post("/incidents", headers=sent["headers"], json={"title": "Something else"})
    theirs = await (await api.as_("ana")).post("/incidents", **sent)

    assert [each.status_code for each in answers] == [201] * 5
    assert len({each.json()["id"] for each in answers}) == 1
    assert (other.status_code, other.json()["errors"][0]["field"]) == (409, "Idempotency-Key")
    assert theirs.json()["number"] == 2
    assert await api.workspace.rows("SELECT count(*) FROM incident") == [(2,)]


async def test_a_key_whose_incident_is_gone_says_so(api: Api) -> None:
    ben = await api.as_("ben")
    sent: Json = {"headers": {"Idempotency-Key": "deploy-77"}, "json": {"title": "Disk full"}}
    await ben.post("/incidents", **sent)
    await api.workspace.changed("UPDATE incident SET source = 'another'")

    assert (await ben.post("/incidents", **sent)).status_code == 404


async def test_what_was_opened_under_a_key_and_is_deleted_is_not_shown_again(api: Api) -> None:
    ben = await api.as_("ben")
    sent: Json = {"headers": {"Idempotency-Key": "deploy-77"}, "json": {"title": "Disk full"}}
    await ben.post("/incidents", **sent)
    await ben.delete("/incidents/1")

    again = await ben.post("/incidents", **sent)

    assert again.status_code == 404
    assert "Disk full" not in again.text
    assert await api.workspace.rows("SELECT count(*) FROM incident") == [(1,)]


async def test_a_refused_request_keeps_no_key(api: Api) -> None:
    ben = await api.as_("ben")
    headers = {"Idempotency-Key": "k"}

    assert (await ben.post("/incidents", headers=headers, json={"title": "x", "category": "no"})).status_code == 409
    assert (await ben.post("/incidents", headers=headers, json={"title": "x"})).status_code == 201


async def all_of(client: AsyncClient, **params: Any) -> list[str]:
    """The titles of every page."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        answer = await client.get("/incidents", params={**params, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [each["title"] for each in page["items"]]
        assert len(page["items"]) <= params.get("limit", 20)
        cursor = page["next"]
        if cursor is None:
            return found


async def test_pages_skip_nothing_and_double_nothing_in_either_order(api: Api) -> None:
    levels = ["low", "critical", "medium", "high", "low", "critical", "medium"]
    for number, level in enumerate(levels, start=1):
        await api.opened(f"Pump {number}", priority=level)
    ben = await api.as_("ben")

    assert await all_of(ben, limit=3) == [f"Pump {number}" for number in range(7, 0, -1)]
    urgent = ["Pump 2", "Pump 6", "Pump 4", "Pump 3", "Pump 7", "Pump 1", "Pump 5"]
    assert await all_of(ben, limit=2, order="urgency") == urgent
    assert await all_of(ben, limit=2, q="pump") == [f"Pump {number}" for number in range(7, 0, -1)]
    assert await all_of(ben, limit=2, q="ump") == [f"Pump {number}" for number in range(7, 0, -1)]
    assert await all_of(ben, limit=7) == await all_of(ben, limit=100)


async def test_a_cursor_of_another_list_leads_nowhere(api: Api) -> None:
    for number in range(3):
        await api.opened(f"Pump {number}")
    ben = await api.as_("ben")
    cursor = (await ben.get("/incidents", params={"limit": 1})).json()["next"]

    for cursor_, more in (
        (cursor, {"order": "urgency"}),
        (cursor, {"q": "pump"}),
        ("W10", {}),
        ("WyJuZXdlc3QiXQ", {}),
        ("WyJuZXdlc3QiLCJ4Il0", {}),
        ("WyJuZXdlc3QiLC0xXQ", {}),
        ("WyJ1cmdlbmN5IiwieCIsMV0", {"order": "urgency"}),
    ):
        assert (await ben.get("/incidents", params={"cursor": cursor_, **more})).status_code == 404, cursor_


async def test_filters_find_what_they_say(api: Api) -> None:
    ana, ben = await api.as_("ana"), await api.as_("ben")
    await api.opened("One", priority="critical", category="outage", assignee=SLACK_IDS["ben"])
    await api.opened("Two", by="ben", category="security")
    three = await api.opened("Three")
    await ana.post(f"/incidents/{three['number']}/resolve", json={})
    me = (await ben.get("/users/me")).json()["id"]

    async def found(**params: Any) -> list[str]:
        return await all_of(ben, **params)

    assert await found(status="resolved") == ["Three"]
    assert await found(status=["open", "in_progress"]) == ["Two", "One"]
    assert await found(priority="critical") == ["One"]
    assert await found(category=["outage", "security"]) == ["Two", "One"]
    assert await found(assignee="me") == await found(assignee=me) == ["One"]
    assert await found(owner=SLACK_IDS["ben"]) == ["Two"]
    assert await found(unassigned=True) == ["Three", "Two"]
    assert await found(needs_person=True) == ["Two"]
    assert await found(mine=True) == ["Two", "One"]
    assert await found(q='"One"') == ["One"]
    assert await found(opened_after="2001-01-01T00:00:00Z") == ["Three", "Two", "One"]
    assert await found(opened_before="2001-01-01T00:00:00+02:00") == []
    assert await found(channel_id="C0GENERAL") == []
    assert await found(unassigned=True, assignee="me") == []
    assert await found(assignee="U0NOBODY") == []


async def test_an_incident_of_a_private_channel_is_not_there_for_others(api: Api) -> None:
    ana, ben, chloe = await api.as_("ana"), await api.as_("ben"), await api.as_("chloe")
    secret = await api.opened("Badge lost", channel_id="C0SECURITY")
    place = f"/incidents/{secret['number']}"
    comment = (await ana.post(f"{place}/comments", json={"content": "turnstile seven"})).json()["id"]

    assert (await ben.get(place)).json()["title"] == "Badge lost"
    answers = [
        await chloe.get(place),
        await chloe.patch(place, json={"title": "Mine"}),
        await chloe.delete(place),
        await chloe.get(f"{place}/timeline"),
        await chloe.get(f"{place}/comments"),
        await chloe.post(f"{place}/comments", json={"content": "hello"}),
        await chloe.patch(f"{place}/comments/{comment}", json={"content": "hello"}),
        await chloe.delete(f"{place}/comments/{comment}"),
        *[await chloe.post(f"{place}/{step}") for step in ("take", "start", "revert", "unassign", "resolve", "reopen")],
        await chloe.post(f"{place}/assign", json={"assignee": "me"}),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert await all_of(chloe) == await all_of(chloe, q="turnstile") == await all_of(chloe, q="badge") == []
    assert (await chloe.get("/stats")).json()["opened"] == 0
    refused = await chloe.post("/incidents", json={"title": "x", "channel_id": "C0SECURITY"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "channel_id")


async def test_whoever_gives_a_private_one_away_is_answered_all_the_same(api: Api) -> None:
    secret = await api.opened("Badge lost", channel_id="C0SECURITY")
    ana, chloe, place = await api.as_("ana"), await api.as_("chloe"), f"/incidents/{secret['number']}"
    await ana.post(f"{place}/assign", json={"assignee": SLACK_IDS["chloe"]})

    given = await chloe.post(f"{place}/unassign")

    assert (given.status_code, given.json()["assignee"]) == (200, None)
    assert (await chloe.get(place)).status_code == 404


async def test_without_a_channel_for_incidents_one_has_to_be_named(api: Api) -> None:
    await api.workspace.changed("UPDATE channel SET is_open = false WHERE id = 'C0INCIDENT'")
    ben = await api.as_("ben")

    refused = await ben.post("/incidents", json={"title": "Disk full"})

    assert (refused.status_code, "Say where" in refused.text) == (409, True)
    assert (await ben.post("/incidents", json={"title": "x", "channel_id": "general"})).status_code == 201


@pytest.mark.parametrize("standing", ["guest", "waiting"])
async def test_whoever_may_not_write_in_slack_may_not_here(api: Api, standing: str) -> None:
    ben = await api.as_("ben")
    await api.opened("Disk full")
    if standing == "guest":
        await api.workspace.changed("UPDATE slack_profile SET standing = 'guest' WHERE slack_user_id = 'U0BEN00000'")
    else:
        await api.workspace.changed("UPDATE \"user\" SET admitted_at = NULL WHERE full_name LIKE 'Ben%'")

    assert (await ben.post("/incidents", json={"title": "x"})).status_code == 403
    assert (await ben.post("/incidents", headers={"Idempotency-Key": "k"}, json={"title": "x"})).status_code == 403
    assert (await ben.get("/incidents/1")).status_code == 404
