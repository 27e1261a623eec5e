"""Categories by the API: everybody sees them, superusers change them, and Slack follows."""

from tests.api.conftest import Api
from tests.end_to_end.eyes import answer, superuser


async def in_use(api: Api) -> list[str]:
    found = (await (await api.as_("ben")).get("/categories")).json()
    return [each["name"] for each in found if not each["is_retired"]]


async def test_only_superusers_change_them(api: Api) -> None:
    ben = await api.as_("ben")
    before = await in_use(api)

    refused = [
        await ben.post("/categories", json={"name": "network"}),
        await ben.patch("/categories/bug", json={"name": "network"}),
        await ben.delete("/categories/bug"),
    ]

    assert [each.status_code for each in refused] == [403] * 3
    assert await in_use(api) == before


async def test_a_new_one_is_there_for_lines_and_forms_in_slack(api: Api) -> None:
    ana = await api.as_("ana")
    await superuser(api.workspace, "ana")

    made = await ana.post("/categories", json={"name": "Network"})

    assert (made.status_code, made.json()) == (201, {"name": "network", "is_retired": False})
    assert "network" in await answer(api.workspace, "admin category", by="ana")
    assert (await ana.post("/incidents", json={"title": "Slow", "category": "network"})).json()["category"] == "network"
    assert (await ana.post("/categories", json={"name": "network"})).json()["code"] == "already_done"
    assert (await ana.post("/categories", json={"name": "critical"})).json()["errors"][0]["field"] == "category"


async def test_incidents_follow_a_new_name(api: Api) -> None:
    ana = await api.as_("ana")
    await superuser(api.workspace, "ana")
    made = (await ana.post("/incidents", json={"title": "Slow", "category": "bug"})).json()

    renamed = await ana.patch("/categories/bug", json={"name": "defect"})
    await api.workspace.delivered()

    assert (renamed.status_code, renamed.json()["name"]) == (200, "defect")
    assert (await ana.get(f"/incidents/{made['number']}")).json()["category"] == "defect"
    assert (await ana.patch("/categories/nothing", json={"name": "x"})).status_code == 404


async def test_a_retired_one_is_given_to_nothing_new_and_the_last_one_stays(api: Api) -> None:
    ana = await api.as_("ana")
    await superuser(api.workspace, "ana")
    first, *others = await in_use(api)

    retired = [(await ana.delete(f"/categories/{name}")).json() for name in others]

    assert retired == [{"name": name, "is_retired": True} for name in others]
    assert (await ana.post("/incidents", json={"title": "Slow", "category": others[0]})).status_code == 409
    assert (await ana.delete(f"/categories/{first}")).json()["code"] == "conflict"
    assert (await ana.delete(f"/categories/{others[0]}")).json()["code"] == "already_done"
    assert await in_use(api) == [first]
