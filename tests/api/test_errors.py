"""What programs do wrong: each mistake has its status, says why, and changes nothing."""

import json
from typing import Any

import httpx
import pytest

from bot.api import callers
from bot.api.bodies import LARGEST
from domain import incidents
from domain.rates import Limit
from tests.api.conftest import Api
from tests.end_to_end.conftest import working
from tests.end_to_end.test_http_mode import got
from tests.ports import free_port


def told(answer: httpx.Response) -> tuple[int, str]:
    """The status, and the code that programs read; an error is always a problem."""
    said = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["status"] == answer.status_code
    assert "Traceback" not in answer.text
    return answer.status_code, said["code"]


async def test_who_does_not_say_who_they_are_is_told_how(api: Api) -> None:
    refused = await api.nobody.get("/incidents")

    assert told(refused) == (401, "unauthorized")
    assert "/incident token" in refused.json()["detail"]


@pytest.mark.parametrize("scheme", ["Basic YTpi", "Bearer", "token x"])
async def test_other_ways_to_say_it_are_not_taken(api: Api, scheme: str) -> None:
    assert told(await api.nobody.get("/incidents", headers={"Authorization": scheme})) == (401, "unauthorized")


async def test_addresses_that_lead_nowhere(api: Api) -> None:
    ben = await api.as_("ben")

    for method, place, status in [
        ("GET", "/nothing", 404),
        ("GET", "/", 404),
        ("GET", "/incidents/a%0Ab", 422),
        ("GET", "/incidents/77", 404),
        ("GET", "/incidents/0", 422),
        ("GET", "/incidents/99999999999999999999", 422),
        ("GET", "/users/x", 404),
        ("PUT", "/incidents", 405),
        ("GET", "/undo", 405),
        ("GET", f"/incidents/{'9' * 5000}", 422),
        ("GET", "/%00", 404),
        ("GET", "/incidents?cursor=x", 404),
        ("GET", "/incidents?limit=101", 422),
        ("GET", "/incidents?status=closed", 422),
        ("GET", "/incidents?opened_after=yesterday", 422),
        ("GET", "/incidents?opened_after=5", 422),
        ("GET", "/incidents?other=1", 422),
        ("GET", "/incidents?q=", 422),
        ("DELETE", "/incidents/77", 404),
        ("POST", "/incidents/77/take", 404),
        ("GET", "/stats?days=0", 422),
        ("GET", "/incidents/", 404),
        ("POST", "/reset-password", 404),
    ]:
        assert told(await ben.request(method, place))[0] == status, place


async def test_a_wrong_method_is_told_the_right_ones(api: Api) -> None:
    ben = await api.as_("ben")

    assert (await ben.put("/incidents/1")).headers["Allow"] == "DELETE, GET, PATCH"
    assert (await ben.put("/users/me")).headers["Allow"] == "DELETE, GET, PATCH"


async def test_a_body_that_cannot_be_used_opens_nothing(api: Api) -> None:
    ben = await api.as_("ben")

    for body, kind, status in [
        (b"{", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b"", "application/json", 422),
        (b'"\xff"', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"title": "x"}', "text/plain", 415),
        (b"title=x", "application/x-www-form-urlencoded", 415),
        (b'{"title": "x"}', "", 415),
        (b"x" * (LARGEST + 1), "application/json", 413),
        (b'{"title": 5}', "application/json", 422),
        (b'{"title": ""}', "application/json", 422),
        (b'{"title": "\\ud800"}', "application/json", 422),
        (b'{"title": "x", "colour": 1}', "application/json", 422),
        (b'{"title": "' + b"x" * 256 + b'"}', "application/json", 422),
        (b'{"title": "x", "priority": "huge"}', "application/json", 422),
        (b'{"title": "x", "category": "none"}', "application/json", 409),
        (b'{"title": "x", "assignee": "U0NOBODY"}', "application/json", 409),
        (b'{"title": "x", "assignee": "00000000-0000-0000-0000-000000000000"}', "application/json", 409),
        (b'{"title": "x", "channel_id": "C0NOWHERE"}', "application/json", 409),
        (b'{"title": "\\u200b"}', "application/json", 409),
        (b'{"title": NaN}', "application/json", 422),
        (b'{"\\ud800": 1}', "application/json", 422),
    ]:
        refused = await ben.post("/incidents", content=body, headers={"Content-Type": kind})

        assert told(refused)[0] == status, body[:80]
    assert await api.workspace.rows("SELECT 1 FROM incident") == []


async def test_a_body_without_a_length_is_measured_as_it_comes(api: Api) -> None:
    async def endless() -> Any:
        for _ in range(30):
            yield b" " * 65_536

    ben = await api.as_("ben")
    refused = await ben.post("/incidents", content=endless(), headers={"Content-Type": "application/json"})

    assert told(refused) == (413, "too_large")


async def test_what_is_wrong_is_named_and_not_repeated(api: Api) -> None:
    refused = await (await api.as_("ben")).post("/incidents", json={"title": "x" * 300, "priority": "hunter2"})

    assert [each["field"] for each in refused.json()["errors"]] == ["title", "priority"]
    assert "hunter2" not in refused.text


async def test_of_many_mistakes_twenty_are_named(api: Api) -> None:
    wrong = {f"name{n}": n for n in range(1_000)}

    refused = await (await api.as_("ben")).post("/incidents", json=wrong)
    by_nobody = await api.nobody.post("/users/signup", json=wrong)

    assert [len(each.json()["errors"]) for each in (refused, by_nobody)] == [20, 20]


@pytest.mark.parametrize("place", ["/users/signup", "/reset-password/", "/password-recovery/a@b.c"])
async def test_whoever_is_not_known_sends_no_large_body(api: Api, place: str) -> None:
    async def large() -> Any:
        yield b" " * 15_000
        yield b" " * 15_000

    refused = [await api.nobody.post(place, json={f"name{n}": n for n in range(5_000)})]
    if not place.endswith("a@b.c"):  # which reads no body
        kind = {"Content-Type": "application/json"}
        refused.append(await api.nobody.post(place, content=large(), headers=kind))

    assert {told(each) for each in refused} == {(413, "too_large")}


async def test_a_login_reads_no_large_form_and_the_longest_password_is_none(api: Api) -> None:
    sent = {"username": "ana@harbour.example", "password": "\U0001f511" * 1_000}

    assert (await api.nobody.post("/login/access-token", data=sent)).status_code == 401
    assert (await api.nobody.post("/login/access-token", data={**sent, "x": "y" * 9_000})).status_code == 413


async def test_characters_that_no_text_may_have_are_replaced(api: Api) -> None:
    made = await api.opened("Disk\x00full 💥", by="ben")

    assert made["title"] == "Disk\N{REPLACEMENT CHARACTER}full 💥"


async def test_too_many_requests_have_to_wait_and_the_headers_say_how_long(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "LIMIT", Limit(most=3, seconds=3600))
    ana, ben = await api.as_("ana"), await api.as_("ben")

    answers = [await ben.get("/categories") for _ in range(4)]

    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert [each.headers["RateLimit-Remaining"] for each in answers] == ["2", "1", "0", "0"]
    assert 1 <= int(answers[-1].headers["Retry-After"]) == int(answers[-1].headers["RateLimit-Reset"]) <= 3600
    assert told(answers[-1]) == (429, "too_many_requests")
    assert (await ana.get("/categories")).status_code == 200
    assert (await (await api.logs_in("ben")).get("/categories")).status_code == 200


async def test_while_the_database_is_away_it_says_so(api: Api) -> None:
    ben = await api.as_("ben")
    await ben.get("/categories")
    await api.workspace.rows("SELECT 1")
    away = "ALTER TABLE api_token RENAME TO api_token_away"
    back = "ALTER TABLE api_token_away RENAME TO api_token"
    await api.workspace.changed(away)
    try:
        refused = await ben.get("/categories")
    finally:
        await api.workspace.changed(back)

    assert told(refused) == (503, "unavailable")
    assert refused.headers["Retry-After"] == "5"


async def test_what_nobody_thought_of_is_a_problem_with_a_reference(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    ben = await api.as_("ben")

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(incidents, "get", broken)
    refused = await ben.get("/incidents/1")

    assert told(refused) == (500, "failed")
    assert json.loads(refused.text)["detail"].endswith(").")


@pytest.mark.parametrize("wishes", [{}, {"port": 0}])
async def test_without_a_key_there_is_no_api(database_url: str, wishes: dict[str, Any]) -> None:
    port = free_port()
    async with working(database_url, port=port):
        assert (await got(f"http://127.0.0.1:{port}/api/v1/openapi.json"))[0] == 404
