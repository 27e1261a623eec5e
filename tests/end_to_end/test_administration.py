"""Administration by line, menu and form: what superusers can do, and that nobody else can."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import answer, dialog, direct_messages, handed_in, superuser, words_of
from tests.end_to_end.test_counts import MOST, statements

IDS = {"ana": "U0ANA00000", "ben": "U0BEN00000", "chloe": "U0CHLOE000", "dmitri": "U0DMITRI00", "gus": "U0GUS00000"}
IDS |= {"priya": "U0PRIYA000"}
REFUSAL = "Nothing was changed. Only superusers can administer Incident Tracker."
ACCOUNT = (
    'SELECT is_active, is_superuser, admitted_at IS NOT NULL FROM "user" JOIN slack_profile ON user_id = "user".id'
)
DEEDS = "SELECT deed FROM audit_entry ORDER BY id"


async def used(workspace: Workspace, *people: str) -> None:
    for person in people:
        await workspace.stage.command(person, "#general", "whoami")


async def account(workspace: Workspace, person: str) -> tuple[Any, ...]:
    """Whether they are active, a superuser, and were let in."""
    return (await workspace.rows(f"{ACCOUNT} WHERE slack_user_id = :id", id=IDS[person]))[0]


async def account_id(workspace: Workspace, person: str) -> str:
    found = await workspace.rows("SELECT user_id FROM slack_profile WHERE slack_user_id = :id", id=IDS[person])
    return str(found[0][0])


async def sent(workspace: Workspace, who: str, **values: Any) -> Json:
    """The form on top of somebody's screen is submitted; what came of it."""
    view = await dialog(workspace, who)
    typed = {name: {name: value} for name, value in values.items()}
    answered = await workspace.control("submit", {"user": who, "view_id": view["id"], "values": typed})
    await workspace.delivered()
    return answered


async def said(workspace: Workspace, who: str) -> str:
    """What is on somebody's screen in a dialog."""
    return words_of((await dialog(workspace, who))["blocks"])


async def whispered(workspace: Workspace, who: str) -> str:
    """What only they saw last."""
    return str((await workspace.stage.state())["ephemerals"][IDS[who]][-1]["text"])


async def chosen(workspace: Workspace, who: str, row: str, choice: str, channel: str = "#incidents") -> None:
    """A choice in the menu beside this row of the last answer."""
    shown = (await workspace.stage.state())["ephemerals"][IDS[who]][-1]
    await picked(workspace, {"user": who, "channel": channel, "message_ts": shown["ts"]}, shown["blocks"], row, choice)


async def picked(workspace: Workspace, where: Json, blocks: list[Json], row: str, choice: str) -> None:
    menu = next(b["accessory"] for b in blocks if b["type"] == "section" and row in b["text"]["text"])
    value = next(o["value"] for o in menu["options"] if o["text"]["text"] == choice)
    await workspace.control("action", {**where, "action_id": menu["action_id"], "selected": value})
    await workspace.delivered()


def menus(blocks: list[Json]) -> dict[str, list[str]]:
    """What each row's menu offers, by the name in the row."""
    rows = [b for b in blocks if b["type"] == "section" and b.get("accessory", {}).get("type") == "overflow"]
    return {b["text"]["text"].split("*")[1]: [o["text"]["text"] for o in b["accessory"]["options"]] for b in rows}


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


LINES = (
    "", "users", "users waiting", "users @ana", "approve @ben", "approve", "enable @ben", "disable @ana", "delete @ana",
    "super add @ben", "super remove @ana", "super", "link @ben ana@example.com", "link", "unlink @ana", "category",
    "category add x", "category rename bug y", "category retire bug", "restore 1", "restore -5", "restore inc-x",
    "audit", "audit @ana", "audit 1", "doctor", "digest", "export", "nonsense", "approve @nobody", "users %",
)  # fmt: skip


async def written(workspace: Workspace) -> list[tuple[Any, ...]]:
    """What administration could change."""
    return await workspace.rows(
        "SELECT (SELECT count(*) FROM audit_entry), (SELECT string_agg(name || is_retired, ',') FROM category),"
        " (SELECT string_agg(full_name || is_superuser || is_active || coalesce(email, ''), ',' ORDER BY id)"
        ' FROM "user"), (SELECT count(*) FROM outbox)'
    )


@pytest.mark.parametrize(
    "who, reason",
    [
        ("ben", "You are not one of them."),
        ("gus", "You are a guest here."),
        ("chloe", "Your account is deactivated."),
    ],
)
async def test_whoever_is_no_superuser_gets_one_and_the_same_refusal(
    workspace: Workspace, who: str, reason: str
) -> None:
    await superuser(workspace, "ana", "chloe")
    await used(workspace, "ben", "gus")
    await workspace.changed("UPDATE \"user\" SET is_active = false WHERE full_name LIKE 'Chloe%'")
    await workspace.delivered()
    before = await written(workspace)

    answers = {await answer(workspace, f"admin {line}", by=who) for line in LINES}

    assert len(answers) == 1
    assert answers.pop().startswith(f"{REFUSAL} {reason}")
    assert await written(workspace) == before


async def test_somebody_from_another_organisation_is_refused_in_the_same_words(workspace: Workspace) -> None:
    await superuser(workspace, "ana")

    for line in ("users", "approve @ben", "doctor"):
        body = {"user": "priya", "channel": "#shared-partner", "text": f"@Incident Tracker admin {line}"}
        await workspace.control("message", body)
        await workspace.delivered()
        shown = (await workspace.stage.state())["ephemerals"]
        last = next(messages[-1]["text"] for user, messages in shown.items() if user.startswith("U0PRIYA"))
        assert last.startswith(f"{REFUSAL} You are from another organisation.")
    assert await workspace.rows("SELECT 1 FROM audit_entry") == []


def clicked(who: str, action_id: str, value: str, **more: Any) -> Json:
    return {
        "type": "block_actions",
        "user": {"id": IDS[who]},
        "team": {"id": "T0HARBOUR0"},
        "container": {"type": "view", "view_id": "V1"},
        "view": {"id": "V1", "type": "home"},
        "trigger_id": "1.2.3",
        "actions": [{"type": "button", "block_id": "b", "action_id": action_id, "value": value}],
        **more,
    }


def submitted(who: str, callback_id: str, carried: Json, values: Json | None = None) -> Json:
    return {
        "type": "view_submission",
        "user": {"id": IDS[who]},
        "team": {"id": "T0HARBOUR0"},
        "trigger_id": "1.2.3",
        "view": {
            "id": "V1",
            "type": "modal",
            "callback_id": callback_id,
            "title": {"type": "plain_text", "text": "x"},
            "blocks": [],
            "private_metadata": json.dumps(carried),
            "state": {"values": values or {}},
        },
    }


@pytest.mark.parametrize("who", ["ben", "gus", "chloe", "priya"])
async def test_old_buttons_and_forms_do_nothing_for_those_who_are_no_superusers(workspace: Workspace, who: str) -> None:
    await superuser(workspace, "ana", "chloe")
    await used(workspace, "ben", "gus")
    await workspace.changed("UPDATE \"user\" SET is_active = false WHERE full_name LIKE 'Chloe%'")
    await workspace.control(
        "message", {"user": "priya", "channel": "#shared-partner", "text": "@Incident Tracker help"}
    )
    ana = await account_id(workspace, "ana")
    name = {"category": {"category": {"type": "plain_text_input", "value": "mine"}}}
    person = {"person": {"person": {"type": "users_select", "selected_user": IDS[who]}}}
    await workspace.delivered()
    before = await written(workspace)

    for step in ("approve", "disable", "make", "unmake", "unlink", "delete", "nonsense"):
        await handed_in(workspace, clicked(who, "admin.person", f"{step}:{ana}"))
        await handed_in(workspace, clicked(who, "admin.decide", f"{step}:{ana}"))
        await handed_in(workspace, submitted(who, "admin.confirm", {"step": step, "account": ana}))
        await handed_in(workspace, submitted(who, "admin.pick", {"step": step}, person))
    for what in ("add:x", "rename:bug", "retire:bug"):
        await handed_in(workspace, clicked(who, "admin.category", what))
    for form in ("admin.add_category", "admin.rename_category", "admin.retire_category"):
        await handed_in(workspace, submitted(who, form, {"category": "bug"}, name))
    await handed_in(workspace, submitted(who, "admin.link", {}, person))
    await workspace.delivered()

    assert await written(workspace) == before


@pytest.mark.parametrize(
    "body",
    [
        clicked("ana", "admin.person", "delete:nonsense"),
        clicked("ana", "admin.person", "delete:00000000-0000-0000-0000-000000000000"),
        clicked("ana", "admin.person", ""),
        clicked("ana", "admin.decide", "delete:00000000-0000-0000-0000-000000000000"),
        clicked("ana", "admin.category", "drop:bug"),
        submitted("ana", "admin.confirm", {"step": "burn", "account": "x"}),
        submitted("ana", "admin.confirm", {"step": ["delete"], "account": {"a": 1}}),
        submitted("ana", "admin.pick", {"step": "delete"}),
        submitted("ana", "admin.rename_category", {"category": ["bug"]}),
        submitted("ana", "admin.retire_category", {"category": "nonsense"}),
        submitted("ana", "admin.link", {}),
    ],
)
async def test_forged_values_change_nothing_for_superusers_either(workspace: Workspace, body: Json) -> None:
    await superuser(workspace, "ana")
    await workspace.delivered()
    before = await written(workspace)

    assert await handed_in(workspace, body) == 200
    await workspace.delivered()

    assert await written(workspace) == before


async def test_a_superuser_who_was_unmade_while_the_question_was_open_is_refused(workspace: Workspace) -> None:
    await superuser(workspace, "ana", "chloe")
    await used(workspace, "ben")
    await answer(workspace, "admin disable @ben", by="ana")
    await workspace.changed("UPDATE \"user\" SET is_superuser = false WHERE full_name LIKE 'Ana%'")

    await sent(workspace, "ana")

    assert REFUSAL in await said(workspace, "ana")
    assert f"Ask <@{IDS['chloe']}>" in await said(workspace, "ana")
    assert (await account(workspace, "ben"))[0] is True
    assert await workspace.rows("SELECT 1 FROM audit_entry") == []


async def test_a_double_click_decides_once(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await used(workspace, "ben")
    await workspace.changed("UPDATE \"user\" SET is_active = false WHERE full_name LIKE 'Ben%'")
    shown = await workspace.stage.command("ana", "#incidents", "admin users ben")
    assert menus(shown["blocks"])["Ben Okafor"][0] == "Activate"

    await asyncio.gather(*(chosen(workspace, "ana", "Ben Okafor", "Activate") for _ in range(2)))

    assert await workspace.rows(DEEDS) == [("enabled",)]
    assert len(await direct_messages(workspace, "ben")) == 1


async def test_a_menu_asks_before_what_is_grave_and_the_list_stays(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await used(workspace, "ben")
    await workspace.stage.command("ana", "#incidents", "admin users ben")

    await chosen(workspace, "ana", "Ben Okafor", "Deactivate…")
    assert "lets them back in" in await said(workspace, "ana")
    await sent(workspace, "ana")

    assert (await account(workspace, "ben"))[0] is False


async def asked(workspace: Workspace) -> Json:
    """The question that Ana got about Ben."""
    for channel in (await workspace.stage.state())["channels"]:
        if channel["id"] == "D0ANA00000":
            found: Json = channel["messages"][-1]
            return found
    raise AssertionError("nothing was asked")


async def test_superusers_are_asked_and_decide_by_button(workspace: Workspace) -> None:
    await superuser(workspace, "ana", "chloe")
    await workspace.changed("UPDATE workspace SET sign_up = 'approve'")

    assert "wait" in await answer(workspace, "quick Disk full", by="ben")
    await workspace.delivered()
    question = await asked(workspace)
    assert question["text"] == "Ben Okafor (<@U0BEN00000>) asks for an account."

    where = {"user": "ana", "channel": "D0ANA00000", "message_ts": question["ts"]}
    await workspace.control("action", {**where, "action_id": "admin.decide:approve"})
    await workspace.delivered()

    assert (await account(workspace, "ben"))[2] is True
    assert (await asked(workspace))["text"].startswith("Ben Okafor was let in")
    assert "asks for an account" in (await direct_messages(workspace, "chloe"))[-1]
    assert "Ana Almeida let you in" in (await direct_messages(workspace, "ben"))[-1]


async def test_whoever_decides_second_hears_that_it_was_decided(workspace: Workspace) -> None:
    await superuser(workspace, "ana", "chloe")
    await workspace.changed("UPDATE workspace SET sign_up = 'approve'")
    await answer(workspace, "quick Disk full", by="ben")
    await workspace.delivered()
    question = await asked(workspace)
    await answer(workspace, "admin approve @ben", by="chloe")
    await workspace.delivered()

    where = {"user": "ana", "channel": "D0ANA00000", "message_ts": question["ts"]}
    await workspace.control("action", {**where, "action_id": "admin.decide:refuse"})
    await workspace.delivered()

    assert "Ben Okafor was let in already" in await whispered(workspace, "ana")
    assert await account(workspace, "ben") == (True, False, True)


async def test_nobody_is_asked_about_somebody_who_was_let_in_meanwhile(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await workspace.changed("UPDATE workspace SET sign_up = 'approve'")
    await workspace.faults({"method": "conversations.open", "kind": "ratelimited", "times": 1, "retry_after": 1})
    await answer(workspace, "quick Disk full", by="ben")
    await workspace.changed("UPDATE \"user\" SET admitted_at = now() WHERE full_name LIKE 'Ben%'")
    await workspace.delivered()

    assert await direct_messages(workspace, "ana") == []


async def test_a_recovered_account_is_told_to_its_former_user_and_to_superusers(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await used(workspace, "ben", "dmitri")
    await workspace.changed(
        "WITH e AS (INSERT INTO audit_entry (workspace_id, deed, surface, by_user_id, about_user_id, details)"
        " SELECT d.workspace_id, 'recovered', 'form', d.user_id, b.user_id,"
        ' \'{"from": "U0BEN00000", "to": "U0DMITRI00"}\' FROM slack_profile d, slack_profile b'
        " WHERE d.slack_user_id = 'U0DMITRI00' AND b.slack_user_id = 'U0BEN00000' RETURNING id, workspace_id)"
        " INSERT INTO outbox (workspace_id, topic, lane, payload) SELECT workspace_id, 'person.told', 'person:' || u,"
        " jsonb_build_object('entry', id, 'user', u) FROM e, unnest(ARRAY['U0BEN00000', 'U0ANA00000']) u",
    )
    await answer(workspace, "quick Disk full", by="ana")
    await workspace.delivered()

    assert await direct_messages(workspace, "ben") == [
        "Your account was moved to <@U0DMITRI00>, who entered a code sent to its address. "
        "Its password, logins and API tokens are ended. If that was not you, tell a superuser at once: <@U0ANA00000>."
    ]
    assert await direct_messages(workspace, "ana") == [
        "Dmitri Volkov recovered Ben Okafor's account with a code; it moved from <@U0BEN00000> to <@U0DMITRI00>."
    ]


@pytest.mark.parametrize(
    "line", ["admin link @ben ana@example.com", "admin users ana@example.com", "admni link @ben ana@example.com"]
)
async def test_an_address_in_a_mention_is_kept_nowhere(workspace: Workspace, line: str) -> None:
    await superuser(workspace, "ana")
    await workspace.faults({"method": "chat.postEphemeral", "kind": "ratelimited", "times": 1, "retry_after": 1})

    body = {"user": "ana", "channel": "#incidents", "text": f"@Incident Tracker {line}"}
    await workspace.control("message", body)

    assert "ana@example.com" not in str(await workspace.rows("SELECT payload FROM outbox"))
    await workspace.delivered()
    assert "ana@example.com" not in await whispered(workspace, "ana")


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


async def test_categories_are_added_renamed_retired_and_brought_back(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await answer(workspace, "quick Disk full bug:", by="ben")
    await answer(workspace, "category 1 bug", by="ben")

    await answer(workspace, "admin category add hardware", by="ana")
    assert "hardware" in await answer(workspace, "admin category", by="ana")
    await answer(workspace, "admin category rename bug defect", by="ana")
    assert "*bug*" in await said(workspace, "ana")
    await sent(workspace, "ana")
    assert await workspace.rows("SELECT category FROM incident") == [("defect",)]
    await answer(workspace, "admin category retire hardware", by="ana")
    await sent(workspace, "ana")
    assert await workspace.rows("SELECT is_retired FROM category WHERE name = 'hardware'") == [(True,)]
    await workspace.stage.command("ana", "#incidents", "admin category")
    await chosen(workspace, "ana", "hardware (retired)", "Bring back")

    assert await workspace.rows("SELECT is_retired FROM category WHERE name = 'hardware'") == [(False,)]
    history = await answer(workspace, "admin audit", by="ana")
    for words in (
        "brought the category hardware back",
        "retired the category hardware",
        "renamed the category bug to defect",
        "added the category hardware",
    ):
        assert words in history


async def test_a_category_s_name_that_cannot_be_one_is_refused_at_its_field(workspace: Workspace) -> None:
    await superuser(workspace, "ana")
    await answer(workspace, "admin category add", by="ana")

    answered = await sent(workspace, "ana", category="p1")

    assert "“p1” means something else" in answered["errors"]["category"]
    assert await workspace.rows(DEEDS) == []


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
