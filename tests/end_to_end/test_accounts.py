"""One's account: linking, recovering, changing and closing it, with codes that come by mail."""

import json
import re
from collections.abc import AsyncIterator, Collection
from typing import Any

import pytest

from bot.sync import Pace
from tests.end_to_end.conftest import Json, Workspace, working
from tests.end_to_end.eyes import answer, dialog, direct_messages, handed_in, words_of

BOSS = "boss@harbour.example"


@pytest.fixture
async def nominated(database_url: str) -> AsyncIterator[Workspace]:
    """A workspace whose first superuser is named."""
    async with working(database_url, pace=Pace(interval_s=0), first_superuser=BOSS) as workspace:
        yield workspace


async def asked(workspace: Workspace, person: str, line: str, email: str) -> Json:
    """The form of ``link`` or ``recover``, submitted; the form that follows."""
    await workspace.stage.command(person, "#incidents", line)
    await workspace.stage.submit(person, email=email)
    return await dialog(workspace, person)


async def code_for(workspace: Workspace, email: str) -> str:
    """The code in the newest mail to an address."""
    mails = [mail for mail in await workspace.mails() if mail["to"] == [email]]
    found = re.search(r"^    (\w{4} \w{4})$", mails[-1]["text"], re.MULTILINE)
    assert found, mails[-1]["text"]
    return found[1]


async def entered(workspace: Workspace, person: str, code: str) -> Json:
    """The code, submitted; errors on their fields, or what the form says then."""
    view = await dialog(workspace, person)
    body = {"user": person, "view_id": view["id"], "values": {"code": {"code": code}}}
    done = await workspace.control("submit", body)
    return done.get("errors") or {"said": words_of((await dialog(workspace, person))["blocks"])}


async def linked(workspace: Workspace, person: str, email: str, line: str = "link") -> str:
    await asked(workspace, person, line, email)
    return str((await entered(workspace, person, await code_for(workspace, email))).get("said"))


async def role(workspace: Workspace, person: str) -> str:
    return await answer(workspace, "whoami", by=person)


async def test_the_first_superuser_links_with_a_code_from_the_mail(nominated: Workspace) -> None:
    form = await asked(nominated, "ana", "link", BOSS)
    assert "If an account has this address, a code is on its way to it." in words_of(form["blocks"])
    assert "superuser" not in await role(nominated, "ana")

    (mail,) = await nominated.mails()
    assert (mail["to"], mail["subject"]) == ([BOSS], "Your code for Incident Tracker")
    assert "Ana" in mail["text"]
    assert nominated.bot.house.url in mail["text"]
    assert "If it was not you, do nothing" in mail["text"]

    said = (await entered(nominated, "ana", (await code_for(nominated, BOSS)).lower()))["said"]
    assert "you are a superuser" in said
    assert "superuser" in await role(nominated, "ana")


async def test_an_unknown_address_is_answered_alike_and_gets_no_mail(nominated: Workspace) -> None:
    known = await asked(nominated, "ana", "link", BOSS)
    await nominated.stage.do("close", user="ana", view_id=known["id"])
    unknown = await asked(nominated, "ana", "link", "nobody@harbour.example")

    assert words_of(known["blocks"]) == words_of(unknown["blocks"])
    assert [mail["to"] for mail in await nominated.mails()] == [[BOSS]]
    wrong = await entered(nominated, "ana", "ACDE 2345")
    assert wrong == {"code": _not_the_code()}


def _not_the_code() -> str:
    return (
        "This is not the code, or it is older than ten minutes. Look into the newest mail; "
        "after five tries a new code is needed."
    )


async def test_a_wrong_code_leaves_the_form_open_and_five_end_it(nominated: Workspace) -> None:
    await asked(nominated, "ana", "link", BOSS)
    code = await code_for(nominated, BOSS)

    wrong = [await entered(nominated, "ana", "ACDE 2345") for _ in range(5)]
    after = await entered(nominated, "ana", code)

    assert wrong == [{"code": _not_the_code()}] * 5
    assert "tried five times" in after["code"]
    assert "superuser" not in await role(nominated, "ana")


async def test_a_code_is_worth_nothing_in_somebody_elses_form(nominated: Workspace) -> None:
    await asked(nominated, "ana", "link", BOSS)
    code = await code_for(nominated, BOSS)
    view = await dialog(nominated, "ana")
    await asked(nominated, "ben", "link", "ben@harbour.example")
    await nominated.mails()

    assert (await entered(nominated, "ben", code)) == {"code": _not_the_code()}
    await handed_in(nominated, submission("U0BEN00000", view["private_metadata"], code))
    assert "superuser" not in await role(nominated, "ben")


def submission(user: str, metadata: str, code: str) -> Json:
    """A code form that the local workspace never showed this person."""
    field = {"code": {"code": {"type": "plain_text_input", "value": code}}}
    blocks = [{"type": "input", "block_id": "code"}]
    view = {
        "id": "V0FORGED", "type": "modal", "callback_id": "account.code", "private_metadata": metadata,
        "state": {"values": field}, "blocks": blocks, "hash": "1",
    }  # fmt: skip
    return {"type": "view_submission", "team": {"id": "T0HARBOUR0"}, "user": {"id": user}, "view": view}


@pytest.mark.parametrize("metadata", ["", "[]", "{}", '{"purpose": "root"}', '{"purpose": "link", "request": "1"}'])
async def test_forged_metadata_opens_nothing(nominated: Workspace, metadata: str) -> None:
    await asked(nominated, "ana", "link", BOSS)
    code = await code_for(nominated, BOSS)

    assert await handed_in(nominated, submission("U0ANA00000", metadata, code)) == 200

    assert await nominated.rows('SELECT count(*) FROM "user" WHERE is_superuser') == [(0,)]


async def test_a_code_for_one_purpose_does_nothing_else(nominated: Workspace) -> None:
    view = await asked(nominated, "ana", "link", BOSS)
    code = await code_for(nominated, BOSS)
    carried = json.loads(view["private_metadata"])

    for purpose in ("recover", "address"):
        await handed_in(nominated, submission("U0ANA00000", json.dumps({**carried, "purpose": purpose}), code))

    assert await nominated.rows('SELECT count(*) FROM "user" WHERE is_superuser OR proved_at IS NOT NULL') == [(0,)]


async def test_recovering_tells_the_former_slack_user_and_the_superusers(nominated: Workspace) -> None:
    await linked(nominated, "ana", BOSS)
    await nominated.stage.command("ben", "#incidents", "quick Disk full")

    said = await linked(nominated, "chloe", "ben@harbour.example", "recover")
    await nominated.delivered()

    assert "The account is yours" in said
    assert await nominated.rows("SELECT slack_user_id FROM slack_profile JOIN incident ON user_id = owner_id") == [
        ("U0CHLOE000",)
    ]
    assert any("Chloe" in words or "U0CHLOE000" in words for words in await direct_messages(nominated, "ben"))
    assert any("U0CHLOE000" in words or "Chloe" in words for words in await direct_messages(nominated, "ana"))


async def test_a_mail_server_that_is_down_delays_a_code_and_loses_none(nominated: Workspace) -> None:
    await nominated.faults({"event": "mail", "kind": "error:451", "times": 2})

    await asked(nominated, "ana", "link", BOSS)
    await nominated.delivered()

    assert "you are a superuser" in (await entered(nominated, "ana", await code_for(nominated, BOSS)))["said"]


async def test_without_a_mail_server_the_form_says_who_prints_a_code(database_url: str) -> None:
    async with working(database_url, pace=Pace(interval_s=0), smtp_host=None, smtp_from=None) as workspace:
        form = await asked(workspace, "ana", "link", BOSS)
        await workspace.delivered()

        assert "incident-tracker code ADDRESS" in words_of(form["blocks"])
        assert await workspace.rows("SELECT 1 FROM outbox WHERE topic = 'code.asked'") == []


@pytest.mark.parametrize("line", ["link", "recover", "unlink"])
async def test_guests_link_nothing(workspace: Workspace, line: str) -> None:
    said = await answer(workspace, line, by="gus")

    assert "Only full members of the workspace can link an account. You are a guest here." in said


async def test_too_many_codes_are_refused_on_the_field_and_what_was_typed_stays(workspace: Workspace) -> None:
    for _ in range(3):
        await asked(workspace, "ana", "link", "nobody@harbour.example")
    await workspace.stage.command("ana", "#incidents", "link")
    view = await dialog(workspace, "ana")
    body = {"user": "ana", "view_id": view["id"], "values": {"email": {"email": "nobody@harbour.example"}}}

    errors = (await workspace.control("submit", body))["errors"]

    assert "three an hour are the most" in errors["email"]


async def test_a_name_and_an_address_of_ones_own(workspace: Workspace) -> None:
    shown = await workspace.stage.command("ana", "#incidents", "whoami")
    assert "ana@harbour.example (as Slack says" in shown["text"]

    await edited(workspace, "ana", name="Dr. *Ana*", email="ana@private.example")
    code = await code_for(workspace, "ana@private.example")
    assert "The new address is yours" in (await entered(workspace, "ana", code))["said"]

    mails = await workspace.mails()
    assert mails[-1]["to"] == ["ana@harbour.example"]
    assert "has another one now" in mails[-1]["text"]
    said = await role(workspace, "ana")
    assert "Dr. *Ana*" in said.replace("\u200b", "").replace("\u2060", "") or "Dr. " in said
    assert "ana@private.example (proved)" in said


async def edited(workspace: Workspace, person: str, **values: str) -> None:
    """The form behind *Edit…* under ``whoami``."""
    shown = await workspace.stage.command(person, "#incidents", "whoami")
    await clicked(workspace, person, shown, "account.edit_form")
    await workspace.stage.submit(person, **values)


async def clicked(workspace: Workspace, person: str, shown: Json, action_id: str) -> Json:
    """A button under the last answer that only this person saw."""
    state = await workspace.stage.state()
    told = next(found for user, found in state["ephemerals"].items() if user.lower().startswith(f"u0{person}"))
    body = {"user": person, "channel": "#incidents", "message_ts": told[-1]["ts"], "action_id": action_id}
    return await workspace.control("action", body)


async def test_saving_without_a_change_says_so(workspace: Workspace) -> None:
    await edited(workspace, "ana")

    assert "Nothing was changed" in words_of((await dialog(workspace, "ana"))["blocks"])


async def test_an_address_of_somebody_else_gets_no_mail_and_changes_nothing(workspace: Workspace) -> None:
    await workspace.stage.command("ben", "#incidents", "whoami")
    await edited(workspace, "ana", email="BEN@harbour.example")

    assert "If this address can be used, a code is on its way" in words_of((await dialog(workspace, "ana"))["blocks"])
    assert await workspace.mails() == []


async def test_closing_ones_account_keeps_its_history_and_ends_its_rights(workspace: Workspace) -> None:
    await workspace.stage.command("ana", "#incidents", "quick Disk full")
    shown = await workspace.stage.command("ana", "#incidents", "whoami")
    await clicked(workspace, "ana", shown, "account.close")

    assert "You closed your account." in await answer(workspace, "take 1", by="ana")
    assert "INC-1" in await answer(workspace, "show 1", by="ben")


async def test_a_linked_account_is_parted_with_and_taken_back(nominated: Workspace) -> None:
    await linked(nominated, "ana", BOSS)
    await nominated.stage.command("ben", "#incidents", "whoami")
    await nominated.rows("SELECT 1")
    assert "no account was linked" in await unlinked(nominated, "ben")
    assert "the last superuser" in await unlinked(nominated, "ana")


async def unlinked(workspace: Workspace, person: str) -> str:
    await workspace.stage.command(person, "#incidents", "unlink")
    view = await dialog(workspace, person)
    done = await workspace.control("submit", {"user": person, "view_id": view["id"], "values": {}})
    return str(done.get("errors") or words_of((await dialog(workspace, person))["blocks"]))


@pytest.mark.parametrize("way", ["command", "mention", "direct"])
@pytest.mark.parametrize("line", [f"link {BOSS}", "recover secret-7F3K", "login hunter2", "password hunter2"])
async def test_what_follows_a_private_verb_is_stored_nowhere(workspace: Workspace, way: str, line: str) -> None:
    card = await workspace.opened("Disk full")
    if way == "command":
        await workspace.stage.command("ana", "#incidents", line)
    elif way == "mention":
        await workspace.stage.reply("ana", "#incidents", card, f"@Incident Tracker {line}")
    else:
        await workspace.stage.do("message", user="ana", channel="dm", text=line)

    word = line.split()[1].split("@")[0]
    assert [row for row in await everything(workspace) if word in row] == []
    await workspace.delivered()
    assert [row for row in await everything(workspace) if word in row] == []


async def everything(workspace: Workspace, *, without: Collection[str] = ()) -> list[str]:
    """Every row of every table, as text."""
    tables = await workspace.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found: list[Any] = []
    for table in {name for (name,) in tables} - set(without):
        found += await workspace.rows(f'SELECT t::text FROM "{table}" AS t')  # noqa: S608 - names of our own tables
    return [str(row[0]) for row in found]
