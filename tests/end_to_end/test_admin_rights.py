"""Nobody but superusers administers, whatever they type, press or forge."""

import asyncio
from typing import Any

import pytest

from tests.end_to_end.administering import (
    DEEDS,
    IDS,
    REFUSAL,
    account,
    account_id,
    chosen,
    clicked,
    menus,
    said,
    sent,
    submitted,
    used,
    whispered,
)
from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import answer, direct_messages, handed_in, superuser

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
