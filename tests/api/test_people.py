"""People by the API: oneself, and everybody for superusers."""

from tests.api.conftest import SLACK_IDS, Api
from tests.end_to_end.eyes import answer, superuser


async def test_one_sees_and_renames_oneself(api: Api) -> None:
    ben = await api.as_("ben")

    renamed = await ben.patch("/users/me", json={"full_name": "Benjamin"})

    assert (renamed.status_code, renamed.json()["full_name"]) == (200, "Benjamin")
    assert renamed.json()["slack_user_id"] == SLACK_IDS["ben"]
    assert "You are Benjamin" in await answer(api.workspace, "whoami", by="ben")
    assert (await ben.patch("/users/me", json={"full_name": "\u200b"})).status_code == 409


async def test_only_superusers_see_others(api: Api) -> None:
    ana, ben = await api.as_("ana"), await api.as_("ben")
    me = (await ben.get("/users/me")).json()["id"]
    for place in ("/users", f"/users/{me}"):
        assert (await ben.get(place)).status_code == 403
    for step in ("approve", "disable", "enable"):
        assert (await ben.post(f"/users/{me}/{step}")).status_code == 403
    assert (await ben.put(f"/users/{me}/rights", json={"is_superuser": True})).status_code == 403

    await superuser(api.workspace, "ana")

    listed = (await ana.get("/users", params={"text": "ben"})).json()
    assert [each["email"] for each in listed["items"]] == ["ben@harbour.example"]
    assert (await ana.get(f"/users/{me}")).json()["full_name"] == "Ben Okafor"


async def test_superusers_give_and_take_rights_but_not_the_last_one_s(api: Api) -> None:
    ana, ben = await api.as_("ana"), await api.as_("ben")
    await superuser(api.workspace, "ana")
    me, her = [(await each.get("/users/me")).json()["id"] for each in (ben, ana)]

    assert (await ana.put(f"/users/{her}/rights", json={"is_superuser": False})).status_code == 409
    assert (await ana.put(f"/users/{me}/rights", json={"is_superuser": True})).json()["is_superuser"] is True
    assert (await ben.get("/users")).status_code == 200
    assert (await ana.put(f"/users/{me}/rights", json={"is_superuser": False})).json()["is_superuser"] is False
    assert (await ana.delete("/users/me")).status_code == 409
    [(surface,)] = await api.workspace.rows("SELECT DISTINCT surface FROM audit_entry WHERE deed LIKE 'superuser%'")
    assert surface == "REST API"


async def test_who_waits_is_let_in(api: Api) -> None:
    ana, ben = await api.as_("ana"), await api.as_("ben")
    await superuser(api.workspace, "ana")
    me = (await ben.get("/users/me")).json()["id"]
    await api.workspace.changed('UPDATE "user" SET admitted_at = NULL, asked_at = now() WHERE id = :id', id=me)

    waiting = (await ana.get("/users", params={"waiting": True})).json()["items"]
    approved = await ana.post(f"/users/{me}/approve")

    assert [each["id"] for each in waiting] == [me]
    assert approved.json()["admission"] == "admitted"
    assert (await ana.post(f"/users/{me}/approve")).status_code == 409


async def test_pages_of_people_go_on_behind_the_last_one(api: Api) -> None:
    ana = await api.as_("ana")
    await superuser(api.workspace, "ana")
    await api.workspace.changed(
        "INSERT INTO \"user\" (id, workspace_id, full_name) SELECT gen_random_uuid(), w.id, 'N' || n"
        " FROM workspace w, generate_series(10, 24) n",
    )
    first = (await ana.get("/users")).json()
    second = (await ana.get("/users", params={"after": first["next"]})).json()

    names = [each["full_name"] for page in (first, second) for each in page["items"]]
    assert (len(names), len(set(names)), second["next"]) == (16, 16, None)


async def test_categories_and_numbers(api: Api) -> None:
    await api.opened("Disk full", priority="high", category="outage")
    ben = await api.as_("ben")

    kinds = (await ben.get("/categories")).json()
    numbers = (await ben.get("/stats", params={"days": 7})).json()

    assert kinds[0] == {"name": "bug", "is_retired": False}
    assert (numbers["opened"], numbers["unresolved"], numbers["days"]) == (1, 1, 7)
    assert [each["ages"] for each in numbers["priorities"] if each["name"] == "high"] == [[1, 0, 0, 0]]
    assert [each["to_resolve"] for each in numbers["categories"]] == [{"count": 0, "median_s": None, "most_s": None}]
