"""Administration by line, menu and form: what superusers can do."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.end_to_end.administering import DEEDS, IDS, account, chosen, menus, said, sent, used
from tests.end_to_end.conftest import Workspace
from tests.end_to_end.eyes import answer, dialog, direct_messages, superuser, words_of
from tests.end_to_end.test_counts import MOST, statements


async def test_admin_alone_says_what_there_is(workspace: Workspace) -> None:
    await superuser(workspace, "ana")

    shown = await workspace.stage.command("ana", "#incidents", "admin")

    for word in ("users", "approve", "super add", "category", "audit", "doctor", "restore"):
        assert f"admin {word}" in words_of(shown["blocks"])


async def test_people_are_listed_with_what_can_be_done_with_each(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await used(workspace, "ben", "gus")
    await workspace.changed("UPDATE \"user\" SET admitted_at = NULL, asked_at = now() WHERE full_name LIKE 'Ben%'")

    shown = await workspace.stage.command("ana", "#incidents", "admin users")

    assert menus(shown["blocks"]) == {
        "Ana Almeida": ["Unmake superuser…"],
        "Ben Okafor": ["Approve", "Deactivate…", "Make superuser…", "Unlink…", "Delete…"],
        "Gus Guest": ["Deactivate…", "Unlink…", "Delete…"],
    }
    words = words_of(shown["blocks"])
    assert "member · active · *superuser*" in words
    assert "member · waits for approval" in words
    assert "guest · active" in words
    assert "Ben Okafor" in await answer(workspace, "admin users waiting", by="ana")
    assert "Gus" not in await answer(workspace, "admin users waiting", by="ana")
    assert "Gus Guest" in await answer(workspace, "admin users @gus", by="ana")


async def test_people_are_found_by_parts_of_names_and_addresses_and_by_nothing_else(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await used(workspace, "ben", "chloe")
    await workspace.changed("UPDATE \"user\" SET full_name = '100% *Ben* <!channel>' WHERE full_name LIKE 'Ben%'")

    found = [await answer(workspace, f"admin users {text}", by="ana") for text in ("%", "_", "chloe", "okaf", "zzz")]

    assert [("Ben" in text, "Chloe" in text) for text in found[:3]] == [(True, False), (False, False), (False, True)]
    assert "nobody" in found[4]
    assert "&lt;!channel&gt;" in found[0]
    assert "<!channel>" not in str(await workspace.stage.command("ana", "#incidents", "admin users"))


async def test_people_have_ten_a_page_forth_and_back(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await workspace.changed(
        'INSERT INTO "user" (id, workspace_id, full_name, admitted_at) SELECT gen_random_uuid(), id,'
        " 'Person ' || to_char(n, 'FM00'), now() FROM workspace, generate_series(1, 22) n",
    )
    first = await workspace.stage.command("ana", "#incidents", "admin users person")
    ways = {e["text"]["text"]: e["value"] for e in first["blocks"][-1]["elements"]}
    second = await workspace.stage.command("ana", "#incidents", ways["Next"])
    ways_on = {e["text"]["text"]: e["value"] for e in second["blocks"][-1]["elements"]}
    third = await workspace.stage.command("ana", "#incidents", ways_on["Next"])
    back = await workspace.stage.command("ana", "#incidents", ways_on["Previous"])

    assert list(ways) == ["Next"]
    assert [len(menus(page["blocks"])) for page in (first, second, third, back)] == [10, 10, 2, 10]
    assert next(iter(menus(second["blocks"]))) == "Person 11"
    assert back["text"] == first["text"]


@pytest.mark.parametrize(
    "prepare, line, state, deed, told",
    [
        ("admitted_at = NULL, asked_at = now()", "approve @ben", (True, False, True), "approved", "let you in"),
        ("is_active = false", "enable @ben", (True, False, True), "enabled", "activated your account"),
    ],
)
async def test_what_is_harmless_is_done_at_once_and_told(
    workspace: Workspace, prepare: str, line: str, state: tuple[bool, ...], deed: str, told: str
) -> None:
    await superuser(workspace, "ana")
    await used(workspace, "ben")
    await workspace.changed(f"UPDATE \"user\" SET {prepare} WHERE full_name LIKE 'Ben%'")  # noqa: S608

    answered = await answer(workspace, f"admin {line}", by="ana")
    again = await answer(workspace, f"admin {line}", by="ana")
    await workspace.delivered()

    assert answered.startswith("Ben Okafor ")
    assert "Nothing to do: Ben Okafor" in again
    assert await account(workspace, "ben") == state
    assert await workspace.rows(DEEDS) == [(deed,)]
    assert [f"Ana Almeida {told}" in text for text in await direct_messages(workspace, "ben")] == [True]


@pytest.mark.parametrize(
    "line, state, deed, told",
    [
        ("disable @ben", (False, False, True), "disabled", "deactivated your account"),
        ("super add @ben", (True, True, True), "superuser made", "made you a superuser"),
    ],
)
async def test_what_is_grave_is_asked_first_and_told(
    workspace: Workspace, line: str, state: tuple[bool, ...], deed: str, told: str
) -> None:
    await superuser(workspace, "ana", "chloe")
    await used(workspace, "ben")

    await answer(workspace, f"admin {line}", by="ana")
    asked = await said(workspace, "ana")
    assert await account(workspace, "ben") == (True, False, True)
    await sent(workspace, "ana")

    assert "Ben Okafor?" in asked
    assert "Ben Okafor" in await said(workspace, "ana")
    assert await account(workspace, "ben") == state
    assert await workspace.rows(DEEDS) == [(deed,)]
    assert f"Ana Almeida {told}" in (await direct_messages(workspace, "ben"))[-1]
    others = await direct_messages(workspace, "chloe")
    assert others == (["Ana Almeida made Ben Okafor a superuser."] if "super" in line else [])


async def test_a_superuser_is_unmade_and_everybody_concerned_hears_of_it(workspace: Workspace) -> None:
    await superuser(workspace, "ana", "ben", "chloe")

    await answer(workspace, "admin super remove @ben", by="ana")
    await sent(workspace, "ana")

    assert await account(workspace, "ben") == (True, False, True)
    assert await direct_messages(workspace, "ben") == ["Ana Almeida took your superuser's rights."]
    assert await direct_messages(workspace, "chloe") == ["Ana Almeida took the superuser's rights from Ben Okafor."]


async def test_the_last_superuser_stays_one(workspace: Workspace) -> None:
    await superuser(workspace, "ana")

    await answer(workspace, "admin super remove @ana", by="ana")
    await sent(workspace, "ana")

    assert "Ana Almeida is the last superuser" in await said(workspace, "ana")
    assert await account(workspace, "ana") == (True, True, True)


async def test_two_superusers_who_remove_each_other_at_one_moment_leave_one(workspace: Workspace) -> None:
    await superuser(workspace, "ana", "ben")
    await answer(workspace, "admin super remove @ben", by="ana")
    await answer(workspace, "admin super remove @ana", by="ben")

    await asyncio.gather(sent(workspace, "ana"), sent(workspace, "ben"))

    assert await workspace.rows('SELECT count(*) FROM "user" WHERE is_superuser') == [(1,)]
    assert await workspace.rows(DEEDS) == [("superuser unmade",)]


async def test_an_account_is_deleted_and_what_it_wrote_stays(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await workspace.opened("Disk full", by="ben")

    await answer(workspace, "admin delete @ben", by="ana")
    await sent(workspace, "ana")

    assert await workspace.rows('SELECT full_name, email FROM "user" WHERE deleted_at IS NOT NULL') == [
        ("Deleted person", None)
    ]
    assert await workspace.rows("SELECT title FROM incident") == [("Disk full",)]
    assert "Ben" not in await answer(workspace, "admin users", by="ana")


async def test_an_account_is_linked_by_a_superuser_and_unlinked_again(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await workspace.changed(
        'INSERT INTO "user" (id, workspace_id, full_name, email, admitted_at)'
        " SELECT gen_random_uuid(), id, 'Nora Field', 'nora@example.com', now() FROM workspace",
    )

    await answer(workspace, "admin link @ben <mailto:nora@example.com|nora@example.com>", by="ana")
    inputs = {b["block_id"]: b["element"] for b in (await dialog(workspace, "ana"))["blocks"] if b["type"] == "input"}
    assert inputs["person"]["initial_user"] == IDS["ben"]
    assert inputs["email"]["initial_value"] == "nora@example.com"
    await sent(workspace, "ana")
    assert "Nora Field" in await answer(workspace, "whoami", by="ben")
    assert "linked an account to you" in (await direct_messages(workspace, "ben"))[-1]

    await answer(workspace, "admin unlink @ben", by="ana")
    await sent(workspace, "ana")
    assert "Ben Okafor" in await answer(workspace, "whoami", by="ben")
    assert "Your next use makes a new one" in (await direct_messages(workspace, "ben"))[-1]
    assert "nora@example.com" not in str(await workspace.rows("SELECT details FROM audit_entry"))


async def test_linking_says_at_the_field_what_is_wrong(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await answer(workspace, "admin link", by="ana")

    answered = await sent(workspace, "ana", person=IDS["ben"], email="nobody@example.com")

    assert answered["errors"] == {"email": "Nothing was changed: no account has this address."}


async def test_without_a_person_a_form_asks_for_one(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await used(workspace, "ben")

    await answer(workspace, "admin disable", by="ana")
    await sent(workspace, "ana", person=IDS["ben"])
    assert "Ben Okafor?" in await said(workspace, "ana")
    await sent(workspace, "ana")
    assert (await account(workspace, "ben"))[0] is False

    await answer(workspace, "admin enable", by="ana")
    await sent(workspace, "ana", person=IDS["ben"])
    assert (await account(workspace, "ben"))[0] is True


async def test_a_line_that_cannot_be_done_says_what_to_write(workspace: Workspace) -> None:
    await superuser(workspace, "ana")

    for line, words in [
        ("usres", "Did you mean *admin users*?"),
        ("super ad @ben", "Did you mean *admin super add*?"),
        ("super", "after `admin super` comes add or remove"),
        ("category retier x", "Did you mean *admin category retire*?"),
        ("xyzzy", "there is no “admin xyzzy”"),
        ("approve nora", "“nora” is nobody"),
        ("approve @nobody", "nobody here is known as “nobody”"),
        ("disable @ana", "nobody deactivates or deletes themselves"),
        ("disable @ben @chloe", "name one person at a time"),
        ("restore", "as in /incident admin restore 42"),
        ("restore -5", "“-5” is no incident's id"),
        ("restore 42", "There is no INC-42"),
        ("audit yesterday", "say a person or an incident"),
        ("digest nonsense", "after admin digest comes"),
        ("category rename", "say which, as in /incident admin category rename"),
        ("category retire", "say which, as in /incident admin category retire"),
        ("users " + "x" * 300, "200 characters at most"),
    ]:
        answered = await answer(workspace, f"admin {line}", by="ana")
        if not answered:
            await sent(workspace, "ana")
            answered = await said(workspace, "ana")

        assert words in answered, line
    assert await workspace.rows("SELECT 1 FROM audit_entry") == []


async def test_a_deleted_incident_is_restored_as_by_the_verb(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await workspace.opened("Disk full", by="ben")
    await answer(workspace, "delete 1", by="ben")
    await workspace.stage.submit("ben")

    assert "restored it" in await answer(workspace, "admin restore 1", by="ana")

    assert await workspace.rows("SELECT deleted_at FROM incident") == [(None,)]


async def test_audit_shows_who_did_what_to_whom_when_and_from_where(workspace: Workspace) -> None:
    await superuser(workspace, "ana", "chloe")
    await used(workspace, "ben", "dmitri")
    await workspace.changed('UPDATE "user" SET admitted_at = NULL WHERE NOT is_superuser')
    await answer(workspace, "admin approve @ben", by="ana")
    await answer(workspace, "admin approve @dmitri", by="chloe", channel="#general")
    await workspace.delivered()

    everything = await answer(workspace, "admin audit", by="ana")
    of_ben = await answer(workspace, "admin audit @ben", by="ana")
    of_chloe = await answer(workspace, "admin audit @chloe", by="ana")

    lines = everything.split("\n")
    assert "*Chloe Martin* let Dmitri Volkov in" in lines[1]
    assert "<!date^" in lines[1]
    assert lines[2] == "from: command in <#C0GENERAL0>"
    assert "*Ana Almeida* let Ben Okafor in" in lines[3]
    assert ("Ben" in of_ben, "Dmitri" in of_ben) == (True, False)
    assert ("Ben" in of_chloe, "Dmitri" in of_chloe) == (False, True)


async def test_audit_has_ten_a_page(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await workspace.changed(
        "INSERT INTO audit_entry (workspace_id, deed, surface, details)"
        " SELECT id, 'code printed', 'command line', '{}' FROM workspace, generate_series(1, 12)",
    )
    first = await workspace.stage.command("ana", "#incidents", "admin audit")
    ways = {e["text"]["text"]: e["value"] for e in first["blocks"][-1]["elements"]}
    second = await workspace.stage.command("ana", "#incidents", ways["Earlier"])

    assert first["text"].count("Somebody on the server") == 10
    assert second["text"].count("printed a code\nfrom: command line") == 2
    assert [e["text"]["text"] for e in second["blocks"][-1]["elements"]] == ["Newest"]


async def test_doctor_answers_and_asks_for_an_examination(workspace: Workspace) -> None:
    await superuser(workspace, "ana")

    assert "The findings come by direct message" in await answer(workspace, "admin doctor", by="ana")
    await workspace.delivered()

    assert len(await direct_messages(workspace, "ana")) == 1


async def test_a_menu_asks_before_what_is_grave_and_the_list_stays(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await used(workspace, "ben")
    await workspace.stage.command("ana", "#incidents", "admin users ben")

    await chosen(workspace, "ana", "Ben Okafor", "Deactivate…")
    assert "lets them back in" in await said(workspace, "ana")
    await sent(workspace, "ana")

    assert (await account(workspace, "ben"))[0] is False


async def test_in_a_mention_a_change_waits_for_a_button(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await used(workspace, "ben")
    await workspace.changed("UPDATE \"user\" SET is_active = false WHERE full_name LIKE 'Ben%'")

    body = {"user": "ana", "channel": "#incidents", "text": "@Incident Tracker admin enable @ben"}
    await workspace.control("message", body)
    await workspace.delivered()
    assert (await account(workspace, "ben"))[0] is False

    shown = (await workspace.stage.state())["ephemerals"][IDS["ana"]][-1]
    where = {"user": "ana", "channel": "#incidents", "message_ts": shown["ts"]}
    await workspace.control("action", {**where, "action_id": "line.run"})
    assert (await account(workspace, "ben"))[0] is True


async def test_help_and_why_know_administration(workspace: Workspace) -> None:
    await superuser(workspace, "ana")

    assert "admin" in (await answer(workspace, "help", by="ana")).split("You can use:")[1]
    assert "admin" not in (await answer(workspace, "help", by="ben")).split("You can use:")[1]
    assert "Only superusers can administer" in await answer(workspace, "help admin", by="ben")
    assert "Only superusers can administer" in await answer(workspace, "why admin", by="ben")
    assert "You may use *admin*" in await answer(workspace, "why admin", by="ana")


async def test_administration_costs_at_most_five_statements(workspace: Workspace) -> None:
    await superuser(workspace, "ana", "chloe")
    await used(workspace, "ben", "dmitri")
    await workspace.changed("UPDATE \"user\" SET admitted_at = NULL WHERE full_name LIKE 'Ben%'")
    costs: dict[str, list[str]] = {}

    def line(words: str) -> Callable[[], Awaitable[object]]:
        return lambda: workspace.stage.command("ana", "#incidents", f"admin {words}")

    lines = (
        "", "users", "users x", "users waiting", "users @ben", "approve @ben", "enable @ben", "audit", "audit @ben",
        "audit 1", "doctor", "category", "category add hardware", "link @ben a@example.com", "restore 1",
    )  # fmt: skip
    for words in lines:
        costs[words] = await statements(workspace, line(words))
    for words in ("disable @ben", "super add @dmitri", "super remove @dmitri", "unlink @dmitri", "delete @ben"):
        costs[words] = await statements(workspace, line(words))
        costs[f"{words}, sure"] = await statements(workspace, lambda: workspace.stage.submit("ana"))
    for words in ("category rename hardware machines", "category retire machines"):
        costs[words] = await statements(workspace, line(words))
        costs[f"{words}, sure"] = await statements(workspace, lambda: workspace.stage.submit("ana"))

    assert {words: len(cost) for words, cost in costs.items() if not 1 <= len(cost) <= MOST} == {}
