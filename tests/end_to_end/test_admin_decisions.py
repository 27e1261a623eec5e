"""Who asks for an account, who decides, and who hears of it."""

from tests.end_to_end.administering import account, used, whispered
from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import answer, direct_messages, superuser


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
