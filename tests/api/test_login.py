"""Logging in with a password: how one comes by it, how long a login is good, and what a stranger learns."""

import asyncio
import re
import time
from pathlib import Path

import httpx
import jwt as pyjwt
import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from bot.api import jwts, login
from domain import credentials, hashing
from domain.credentials import Purpose
from tests.api.conftest import HASHED, KEY, PASSWORD, SLACK_IDS, Api, reachable
from tests.end_to_end.eyes import answer, superuser

BEN = "ben@harbour.example"
NEW = "another long password"


async def logged_in(api: Api, address: str, password: str = PASSWORD) -> httpx.Response:
    return await api.nobody.post("/login/access-token", data={"username": address, "password": password})


async def mailed(api: Api, address: str) -> str:
    """The token in the newest mail to an address."""
    mails = [mail for mail in await api.workspace.mails() if mail["to"] == [address]]
    found = re.search(r"^    (\S{32})$", mails[-1]["text"], re.MULTILINE)
    assert found, mails[-1]["text"]
    return found[1]


async def reset(api: Api, token: str, password: str = NEW) -> int:
    return (await api.nobody.post("/reset-password/", json={"token": token, "new_password": password})).status_code


async def test_a_login_is_good_for_eight_days_and_says_whose_it_is(api: Api) -> None:
    address = await api.has_password("ben")

    given = (await logged_in(api, f" {address.upper()} ")).json()
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    told = await api.nobody.post("/login/test-token", headers=headers)

    said = pyjwt.decode(given["access_token"], options={"verify_signature": False})
    assert (said["exp"] - said["iat"], given["expires_in"], given["token_type"]) == (8 * 86400, 8 * 86400, "bearer")
    assert (told.status_code, told.json()["email"]) == (200, BEN)


@pytest.mark.parametrize("address, password", [(BEN, "wrong"), ("nobody@harbour.example", PASSWORD), ("x", PASSWORD)])
async def test_a_wrong_password_and_an_unknown_address_are_the_same(api: Api, address: str, password: str) -> None:
    await api.has_password("ben")

    refused = await logged_in(api, address, password)

    assert (refused.status_code, refused.json()["detail"]) == (
        401,
        "Not logged in: the address or the password is wrong.",
    )
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


async def test_somebody_without_a_password_cannot_log_in(api: Api) -> None:
    await api.person("ben")

    assert (await logged_in(api, BEN, "")).status_code == 422
    assert (await logged_in(api, BEN, "None")).status_code == 401


async def test_too_many_tries_at_one_account_have_to_wait_and_so_do_those_at_none(api: Api) -> None:
    tries = {
        address: [(await logged_in(api, address)).status_code for _ in range(11)] for address in ("a@b.c", "d@e.f")
    }

    for codes in tries.values():
        assert codes == [401] * 10 + [429]
    refused = await logged_in(api, "a@b.c")
    assert 1 <= int(refused.headers["Retry-After"]) <= 600


async def test_too_many_tries_from_one_place_have_to_wait(api: Api) -> None:
    codes = [(await logged_in(api, f"{number}@b.c")).status_code for number in range(31)]

    assert codes == [401] * 30 + [429]


async def tried(api: Api, number: int, place: str) -> int:
    form, headers = {"username": f"{number}@b.c", "password": PASSWORD}, {"X-Forwarded-For": place}
    return (await api.nobody.post("/login/access-token", data=form, headers=headers)).status_code


async def test_a_trusted_proxy_tells_places_apart(api: Api) -> None:
    codes = [await tried(api, number, "203.0.113.1") for number in range(31)]

    assert codes == [401] * 30 + [429]
    assert await tried(api, 31, "203.0.113.2") == 401


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="this machine has no IPv6")
async def test_a_trusted_proxy_of_ipv4_is_known_where_the_server_listens_for_both(database_url: str) -> None:
    async with reachable(database_url, host="::") as api:
        codes = [await tried(api, number, f"203.0.113.{number}") for number in range(31)]

    assert codes == [401] * 31


async def test_a_network_of_ipv6_is_one_place(api: Api) -> None:
    codes = [await tried(api, number, f"2001:db8::{number + 1:x}") for number in range(31)]

    assert codes == [401] * 30 + [429]
    assert await tried(api, 31, "2001:db8:0:1::1") == 401


async def test_a_place_that_has_to_wait_locks_nobody_else_out(api: Api) -> None:
    address = await api.has_password("ben")
    for number in range(31):
        await tried(api, number, "203.0.113.1")
    form = {"username": address, "password": "wrong"}
    for _ in range(11):
        await api.nobody.post("/login/access-token", data=form, headers={"X-Forwarded-For": "203.0.113.1"})

    assert (await logged_in(api, address)).status_code == 200


async def test_whoever_is_no_trusted_proxy_is_one_place_whatever_they_say(database_url: str) -> None:
    async with reachable(database_url, trusted_proxies=("10.1.0.0/16",)) as api:
        codes = [await tried(api, number, f"203.0.113.{number}") for number in range(31)]

    assert codes == [401] * 30 + [429]


@pytest.mark.parametrize(
    "form",
    [
        {}, {"username": BEN}, {"password": PASSWORD}, {"username": BEN, "password": PASSWORD, "grant_type": "refresh"},
        {"username": "x" * 300, "password": PASSWORD}, {f"n{number}": "x" for number in range(30)},
    ],
)  # fmt: skip
async def test_a_form_that_cannot_be_used_is_refused(api: Api, form: dict[str, str]) -> None:
    refused = await api.nobody.post("/login/access-token", data=form or {"x": ""})

    assert refused.status_code in (400, 422)
    assert refused.headers["content-type"] == "application/problem+json"


def forged(key: bytes | str | None = None, algorithm: str = "HS256", **claims: object) -> str:
    said = {"sub": "0" * 32, "ws": "T0HARBOUR0", "v": 0, "exp": time.time() + 1000, **claims}
    return pyjwt.encode(said, jwts._key(KEY) if key is None else key, algorithm)


async def test_a_token_that_is_none_of_ours_is_turned_away(api: Api) -> None:
    for token in [
        "x",
        "it_x",
        f"it_{'x' * 43}",
        "x" * 5000,
        forged(),
        forged(sub="nobody"),
        forged(exp=1),
        forged(v="x"),
        forged(b"another key of thirty-two letters"),
        forged(KEY.encode()),
        forged("", "none"),
        "é",
    ]:
        refused = await api.nobody.get("/users/me", headers={b"Authorization": f"Bearer {token}".encode()})

        given = (refused.status_code, refused.headers["WWW-Authenticate"])
        assert given == (401, 'Bearer realm="Incident Tracker"'), token[:80]


async def test_a_login_made_where_the_clock_is_ahead_is_good_and_an_old_one_is_not(api: Api) -> None:
    ben = await api.person("ben")

    async def status(made_s: float, ends_s: float) -> int:
        now = time.time()
        login = forged(sub=str(ben.id), ws=ben.workspace_id, iat=now + made_s, exp=now + ends_s)
        return (await api.nobody.get("/users/me", headers={"Authorization": f"Bearer {login}"})).status_code

    assert await status(5, 1_000) == 200
    assert await status(-500, -90) == 401


async def test_another_password_ends_all_logins_and_no_token(api: Api) -> None:
    by_login, by_token = await api.logs_in("ben"), await api.as_("ben")

    wrong = await by_login.patch("/users/me/password", json={"current_password": "no", "new_password": NEW})
    right = await by_login.patch("/users/me/password", json={"current_password": PASSWORD, "new_password": NEW})

    assert (wrong.status_code, right.status_code) == (403, 204)
    assert (await by_login.get("/users/me")).status_code == 401
    assert (await by_token.get("/users/me")).status_code == 200
    assert (await logged_in(api, BEN)).status_code == 401
    assert (await logged_in(api, BEN, NEW)).status_code == 200


async def test_guessing_at_one_s_password_with_a_login_has_to_wait_too(api: Api) -> None:
    ben = await api.logs_in("ben")
    wrong = {"current_password": "no", "new_password": NEW}

    codes = [(await ben.patch("/users/me/password", json=wrong)).status_code for _ in range(11)]

    assert codes == [403] * 10 + [429]


async def test_who_has_no_password_yet_is_told_how_to_get_one(api: Api) -> None:
    refused = await (await api.as_("ben")).patch("/users/me/password", json={"new_password": NEW})

    assert (refused.status_code, "password-recovery" in refused.text) == (409, True)


@pytest.mark.parametrize("how", ["disabled", "closed", "deleted"])
async def test_whoever_is_shut_out_loses_every_login_and_token_for_good(api: Api, how: str) -> None:
    ana, ben, token = await api.as_("ana"), await api.logs_in("ben"), await api.as_("ben")
    await superuser(api.workspace, "ana")
    account = (await ben.get("/users/me")).json()["id"]

    if how == "closed":
        assert (await ben.delete("/users/me")).status_code == 204
    elif how == "deleted":
        assert (await ana.delete(f"/users/{account}")).status_code == 204
    else:
        assert (await ana.post(f"/users/{account}/disable")).status_code == 200

    assert [(await each.get("/users/me")).status_code for each in (ben, token)] == [401, 401]
    assert (await logged_in(api, BEN)).status_code in (401, 403)
    if how != "deleted":
        assert (await ana.post(f"/users/{account}/enable")).status_code == 200
        assert [(await each.get("/users/me")).status_code for each in (ben, token)] == [401, 401]
        assert (await logged_in(api, BEN)).status_code == 200


async def test_who_is_deactivated_in_slack_is_turned_away(api: Api) -> None:
    ben = await api.as_("ben")
    await api.workspace.stage.do("user", user="ben", deactivate=True)
    await api.workspace.stage.quiet()

    assert (await ben.get("/users/me")).status_code == 401


async def test_a_forgotten_password_comes_back_by_mail_once(api: Api) -> None:
    old = await api.logs_in("ben")

    asked = await api.nobody.post(f"/password-recovery/{BEN}")
    token = await mailed(api, BEN)

    assert (asked.status_code, await reset(api, token), await reset(api, token)) == (202, 200, 409)
    assert (await old.get("/users/me")).status_code == 401
    assert (await logged_in(api, BEN, NEW)).status_code == 200
    [(deed, surface)] = await api.workspace.rows(
        "SELECT deed, surface FROM audit_entry WHERE deed = 'password set' ORDER BY id DESC LIMIT 1"
    )
    assert (deed, surface) == ("password set", "REST API")


async def test_a_new_password_ends_every_mailed_token_for_the_address(api: Api) -> None:
    await api.has_password("ben")
    tokens = []
    for _ in range(2):
        await api.nobody.post(f"/password-recovery/{BEN}")
        tokens.append(await mailed(api, BEN))
    assert [await reset(api, token) for token in tokens] == [200, 409]

    await api.workspace.changed("TRUNCATE api_count")
    await api.nobody.post(f"/password-recovery/{BEN}")
    token = await mailed(api, BEN)
    ben = await api.logs_in("ben")
    changed = await ben.patch("/users/me/password", json={"current_password": PASSWORD, "new_password": NEW})

    assert (changed.status_code, await reset(api, token)) == (204, 409)


async def test_of_two_who_change_a_password_at_once_the_second_is_told(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = await api.logs_in("ben")
    hashed, both_compared = hashing.hashed, asyncio.Barrier(2)

    async def slowly(secret: str) -> str:
        await both_compared.wait()
        return await hashed(secret)

    monkeypatch.setattr(hashing, "hashed", slowly)
    asked = {"current_password": PASSWORD, "new_password": NEW}
    answers = await asyncio.gather(*[ben.patch("/users/me/password", json=asked) for _ in range(2)])

    assert sorted(each.status_code for each in answers) == [204, 409]


async def test_only_the_newest_mail_counts_and_only_for_half_an_hour(api: Api) -> None:
    await api.person("ben")
    await api.nobody.post(f"/password-recovery/{BEN}")
    token = await mailed(api, BEN)
    await api.workspace.changed("UPDATE code SET valid_until = now()")

    assert await reset(api, token) == 409
    assert await reset(api, "x" * 32) == 409
    assert await reset(api, token, "short") == 422


async def test_the_token_stands_nowhere_and_other_codes_are_none(api: Api) -> None:
    await api.person("ben")
    await api.nobody.post(f"/password-recovery/{BEN}")
    token = await mailed(api, BEN)

    assert await api.workspace.rows("SELECT 1 FROM code c WHERE c::text LIKE :t", t=f"%{token}%") == []
    await api.workspace.changed("UPDATE code SET purpose = 'link'")
    assert await reset(api, token) == 409


async def test_an_address_that_nobody_has_gets_the_same_answer_and_no_mail(api: Api) -> None:
    await api.person("ben")

    known = await api.nobody.post(f"/password-recovery/{BEN}")
    unknown = await api.nobody.post("/password-recovery/nobody@harbour.example")
    await api.workspace.delivered()

    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
    assert [mail["to"] for mail in await api.workspace.mails()] == [[BEN]]
    assert await api.workspace.rows("SELECT count(*) FROM code") == [(2,)]


async def test_no_more_than_three_mails_an_hour_go_to_one_address(api: Api) -> None:
    codes = [(await api.nobody.post("/password-recovery/a@b.example")).status_code for _ in range(4)]

    assert codes == [202, 202, 202, 429]


async def test_a_member_signs_up_with_the_address_that_slack_knows(api: Api) -> None:
    asked = await api.nobody.post("/users/signup", json={"email": "chloe@harbour.example"})
    token = await mailed(api, "chloe@harbour.example")
    assert await api.workspace.rows("SELECT 1 FROM \"user\" WHERE email LIKE 'chloe%'") == []

    assert (asked.status_code, await reset(api, token)) == (202, 200)

    given = await logged_in(api, "chloe@harbour.example", NEW)
    headers = {"Authorization": f"Bearer {given.json()['access_token']}"}
    me = (await api.nobody.get("/users/me", headers=headers)).json()
    assert (me["slack_user_id"], me["admission"]) == (SLACK_IDS["chloe"], "admitted")
    assert "You are Chloe" in await answer(api.workspace, "whoami", by="chloe")


@pytest.mark.parametrize("address", ["gus@partner.example", "stranger@elsewhere.example"])
async def test_nobody_else_signs_up(api: Api, address: str) -> None:
    known = {row[0] for row in await api.workspace.rows("SELECT email FROM slack_profile WHERE standing = 'guest'")}

    for email in {address, *filter(None, known)}:
        assert (await api.nobody.post("/users/signup", json={"email": email})).status_code == 202

    assert await api.workspace.mails() == []


async def test_sign_up_is_refused_where_nobody_new_is_let_in(database_url: str) -> None:
    async with reachable(database_url, sign_up="closed") as api:
        refused = await api.nobody.post("/users/signup", json={"email": "chloe@harbour.example"})

        assert (refused.status_code, "Nobody new" in refused.text) == (403, True)


async def test_the_rule_counts_when_the_password_is_set(api: Api) -> None:
    await api.nobody.post("/users/signup", json={"email": "chloe@harbour.example"})
    token = await mailed(api, "chloe@harbour.example")
    await api.workspace.changed("UPDATE workspace SET sign_up = 'closed'")

    assert await reset(api, token) == 403
    assert await api.workspace.rows("SELECT used_at FROM code") == [(None,)]


async def test_where_superusers_approve_one_waits_for_them(database_url: str) -> None:
    async with reachable(database_url, sign_up="approve") as api:
        await api.nobody.post("/users/signup", json={"email": "chloe@harbour.example"})
        assert await reset(api, await mailed(api, "chloe@harbour.example")) == 200

        refused = await logged_in(api, "chloe@harbour.example", NEW)

        assert (refused.status_code, "You wait for a superuser's approval" in refused.text) == (403, True)


async def test_an_account_that_nobody_in_slack_has_cannot_log_in_until_somebody_links_it(api: Api) -> None:
    await api.workspace.changed(
        'INSERT INTO "user" (id, workspace_id, email, full_name, hashed_password)'
        " SELECT gen_random_uuid(), id, 'old@harbour.example', 'Old', :hashed FROM workspace",
        hashed=HASHED,
    )

    refused = await logged_in(api, "old@harbour.example")

    assert (refused.status_code, "/incident link" in refused.text) == (403, True)
    await api.nobody.post("/password-recovery/old@harbour.example")
    assert await reset(api, await mailed(api, "old@harbour.example")) == 200


async def test_a_deactivated_account_gets_no_mail_and_no_password(api: Api) -> None:
    await api.person("ben")
    await api.nobody.post(f"/password-recovery/{BEN}")
    token = await mailed(api, BEN)
    await api.workspace.changed("UPDATE \"user\" SET is_active = false WHERE email = 'ben@harbour.example'")

    assert await reset(api, token) == 403
    await api.nobody.post(f"/password-recovery/{BEN}")
    assert len(await api.workspace.mails()) == 1


async def test_a_password_is_hashed_anew_where_the_parameters_changed_and_logins_go_on(api: Api) -> None:
    login = await api.logs_in("ben")
    weak = PasswordHasher(time_cost=1, memory_cost=8192).hash(PASSWORD)
    await api.workspace.changed("UPDATE \"user\" SET hashed_password = :weak WHERE email LIKE 'ben%'", weak=weak)

    assert (await logged_in(api, BEN)).status_code == 200

    [(kept,)] = await api.workspace.rows("SELECT hashed_password FROM \"user\" WHERE email LIKE 'ben%'")
    assert kept != weak
    assert (await login.get("/users/me")).status_code == 200


async def test_a_workspace_that_is_not_served_here_has_no_logins(api: Api) -> None:
    await api.has_password("ben")
    form = {"username": BEN, "password": PASSWORD, "client_id": "T0ELSEWHERE"}

    assert (await api.nobody.post("/login/access-token", data=form)).status_code == 401
    asked = await api.nobody.post(f"/password-recovery/{BEN}", params={"workspace": "T0ELSEWHERE"})
    assert asked.status_code == 202
    assert await api.workspace.mails() == []


async def test_a_login_ends_when_nobody_in_slack_has_the_account_any_more(api: Api) -> None:
    ben = await api.logs_in("ben")
    await api.workspace.changed("UPDATE slack_profile SET user_id = NULL")

    assert (await ben.get("/users/me")).status_code == 401


async def test_where_many_workspaces_are_served_strangers_say_which(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.person("ben")
    monkeypatch.setattr(login, "MOST_PLACES", 0)

    asked = await api.nobody.post(f"/password-recovery/{BEN}")
    signing = await api.nobody.post("/users/signup", json={"email": BEN})

    assert [each.status_code for each in (asked, signing)] == [422, 422]
    assert asked.json()["errors"][0]["field"] == "workspace"
    assert await api.workspace.rows("SELECT 1 FROM code") == []
    monkeypatch.setattr(login, "MOST_PLACES", 1)
    named = await api.nobody.post(f"/password-recovery/{BEN}", params={"workspace": "T0HARBOUR0"})
    assert named.status_code == 202


async def test_a_mail_for_a_request_that_was_answered_meanwhile_is_not_sent(api: Api) -> None:
    await api.person("ben")
    house = api.workspace.bot.house
    async with house.begin() as session:
        await credentials.ask(session, Purpose.RESET, BEN, [house.workspace_id])
        await session.execute(text("UPDATE code SET used_at = now()"))

    assert await api.workspace.mails() == []
