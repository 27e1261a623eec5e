"""Comments by the API: one record, whether they are made here or in the thread."""

from tests.api.conftest import Api
from tests.end_to_end.eyes import thread


async def test_a_comment_made_here_is_posted_changed_and_deleted_in_the_thread(api: Api) -> None:
    made = await api.opened("Disk full")
    await api.workspace.delivered()
    card = await api.workspace.stage.card("#incidents", "Disk full")
    ben, place = await api.as_("ben"), f"/incidents/{made['number']}/comments"

    said = (await ben.post(place, json={"content": "Which disk?"})).json()
    await api.workspace.delivered()
    assert "Which disk?" in str(await thread(api.workspace, card))
    assert said["author"]["name"] == "Ben Okafor"

    changed = await ben.patch(f"{place}/{said['id']}", json={"content": "Which disk of db1?"})
    await api.workspace.delivered()
    assert changed.json()["edited_at"] is not None
    assert "Which disk of db1?" in str(await thread(api.workspace, card))

    assert (await ben.delete(f"{place}/{said['id']}")).status_code == 204
    await api.workspace.delivered()
    assert "Which disk" not in str(await thread(api.workspace, card))
    assert (await ben.delete(f"{place}/{said['id']}")).status_code == 404


async def test_a_reply_in_the_thread_is_read_here_and_changed_only_there(api: Api) -> None:
    made = await api.opened("Disk full")
    await api.workspace.delivered()
    card = await api.workspace.stage.card("#incidents", "Disk full")
    await api.workspace.stage.reply("ben", "#incidents", card, "the big one")
    ben, place = await api.as_("ben"), f"/incidents/{made['number']}/comments"

    [reply] = (await ben.get(place)).json()["items"]
    refused = await ben.patch(f"{place}/{reply['id']}", json={"content": "the small one"})

    assert (reply["content"], refused.status_code) == ("the big one", 409)


async def test_only_its_author_and_superusers_change_a_comment(api: Api) -> None:
    made = await api.opened("Disk full")
    ben, chloe = await api.as_("ben"), await api.as_("chloe")
    place = f"/incidents/{made['number']}/comments"
    said = (await ben.post(place, json={"content": "Which disk?"})).json()

    assert (await chloe.patch(f"{place}/{said['id']}", json={"content": "mine"})).status_code == 403
    assert (await chloe.delete(f"{place}/{said['id']}")).status_code == 403


async def test_a_comment_is_found_under_its_own_incident_only(api: Api) -> None:
    first, second = await api.opened("One"), await api.opened("Two")
    ana = await api.as_("ana")
    said = (await ana.post(f"/incidents/{first['number']}/comments", json={"content": "x"})).json()["id"]

    assert (await ana.patch(f"/incidents/{second['number']}/comments/{said}", json={"content": "y"})).status_code == 404


async def test_a_comment_that_is_sent_again_is_said_once(api: Api) -> None:
    made = await api.opened("Disk full")
    ben, headers = await api.as_("ben"), {"Idempotency-Key": "c-1"}

    answers = [
        await ben.post(f"/incidents/{made['number']}/comments", json={"content": "once"}, headers=headers)
        for _ in range(2)
    ]

    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert len(await api.workspace.comments()) == 1


async def test_pages_of_comments_are_whole_and_in_order(api: Api) -> None:
    made = await api.opened("Disk full")
    ben, place = await api.as_("ben"), f"/incidents/{made['number']}/comments"
    for number in range(5):
        await ben.post(place, json={"content": f"n{number}"})

    found, cursor = [], None
    while True:
        page = (await ben.get(place, params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        found += [each["content"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert found == [f"n{number}" for number in range(5)]
    for wrong in ("x", "WyJjb21tZW50cyJd", "WyJjb21tZW50cyIsIngiLCJ4Il0", "WyJjb21tZW50cyIsMSwyXQ"):
        assert (await ben.get(place, params={"cursor": wrong})).status_code in (200, 404)
    assert (await ben.get(place, params={"cursor": "WyJjb21tZW50cyIsIngiLCJ4Il0"})).status_code == 404
