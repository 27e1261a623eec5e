"""Where a line leaves a question, and what is refused: a guess never does anything."""

import pytest

from tests.end_to_end.conftest import Json, Workspace

NOTHING = "SELECT 1 FROM incident WHERE status <> 'open'"


async def said(workspace: Workspace, line: str, *, by: str = "ben", channel: str = "#incidents") -> str:
    return str((await workspace.stage.command(by, channel, line))["text"])


async def last_ephemeral(workspace: Workspace, user: str) -> Json:
    await workspace.stage.quiet()
    ephemeral: Json = (await workspace.stage.state())["ephemerals"][user][-1]
    return ephemeral


async def test_an_unknown_verb_is_guessed_and_done_only_when_agreed(workspace: Workspace) -> None:
    await workspace.opened("Disk full")

    assert "Did you mean *resolve*?" in await said(workspace, "resovle 1 added space")
    assert await workspace.rows(NOTHING) == []

    await workspace.stage.click("ben", "#incidents", await last_ephemeral(workspace, "U0BEN00000"), "line.run")
    assert "is resolved" in (await last_ephemeral(workspace, "U0BEN00000"))["text"]


@pytest.mark.parametrize(
    "line, words",
    [
        ("xyzzy 1", "there is no verb “xyzzy”"),
        ("show 0", "“0” is no incident's id"),
        ("take -1", "“-1” is no incident's id"),
        ("resolve 99999999999999999999 done", "is no incident's id"),
        ("show 77", "There is no INC-77 that you can see"),
        ("open 1", "“open” can mean two things"),
        ("login hunter2", "Never type a password in Slack"),
        ("quick", "the title is empty"),
        ("reopen", "there is no incident to reopen now"),
    ],
)
async def test_a_line_that_cannot_be_done_says_why_and_does_nothing(
    workspace: Workspace, line: str, words: str
) -> None:
    await workspace.opened("Disk full")

    assert words in await said(workspace, line)
    assert await workspace.rows(NOTHING) == []
    assert await workspace.rows("SELECT count(*) FROM incident") == [(1,)]


async def test_without_an_id_the_likely_ones_are_offered_and_the_words_are_kept(workspace: Workspace) -> None:
    await workspace.opened("Disk full")

    assert "You wrote: the vendor called back" in await said(workspace, "comment the vendor called back")
    button = await last_ephemeral(workspace, "U0BEN00000")
    await workspace.control(
        "action",
        {"user": "ben", "channel": "#incidents", "message_ts": button["ts"], "action_id": "line.run:0"},
    )
    await workspace.delivered()

    assert await workspace.comments() == [("Ben Okafor", "the vendor called back")]


async def test_a_button_can_open_a_form(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await said(workspace, "resolve")
    button = await last_ephemeral(workspace, "U0BEN00000")

    body = {"user": "ben", "channel": "#incidents", "message_ts": button["ts"], "action_id": "line.run:0"}
    await workspace.control("action", body)
    await workspace.stage.submit("ben", note="added space")

    assert await workspace.rows("SELECT status, resolution FROM incident") == [("resolved", "added space")]


async def test_a_password_is_stored_nowhere(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")

    await said(workspace, "password hunter2")
    await workspace.stage.reply("ben", "#incidents", card, "@Incident Tracker login hunter2")
    await workspace.stage.do("message", user="ben", channel="dm", text="login hunter2")
    await workspace.delivered()

    tables = [name for (name,) in await workspace.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    for table in tables:
        query = f"SELECT 1 FROM \"{table}\" AS t WHERE t::text LIKE '%hunter2%'"  # noqa: S608 - our own tables
        assert await workspace.rows(query) == []


@pytest.mark.parametrize("user, words", [("gus", "You are a guest here"), ("priya", "another organisation")])
async def test_others_are_refused_with_the_rule_and_nothing_is_written(
    workspace: Workspace, user: str, words: str
) -> None:
    channel = "#shared-partner" if user == "priya" else "#incidents"
    card = await workspace.opened("Disk full", channel=channel)

    await workspace.stage.click(user, channel, card, "incident.take")

    told = (await last_ephemeral(workspace, {"gus": "U0GUS00000", "priya": "U0PRIYA000"}[user]))["text"]
    assert "Only members with an active account can take incidents" in told
    assert words in told
    assert await workspace.rows(NOTHING) == []


async def test_a_refusal_names_the_superusers(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await workspace.changed('UPDATE "user" SET is_superuser = true')

    assert "Ask <@U0ANA00000> (superusers)." in await said(workspace, "take 1", by="gus")


async def test_an_incident_of_a_private_channel_is_not_seen_from_outside(workspace: Workspace) -> None:
    await workspace.opened("Stolen laptop", channel="#security")

    assert "There is no INC-1" in await said(workspace, "show 1", by="chloe")
    assert "Stolen" not in await said(workspace, "list", by="chloe")
    assert "Stolen" not in await said(workspace, "resolve", by="chloe")
    assert "0 unresolved:" in await said(workspace, "", by="chloe")
    assert "Stolen laptop" in await said(workspace, "list", by="ben", channel="#security")


async def test_a_click_on_an_old_card_is_told_what_happened(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")
    await said(workspace, "take 1", by="ana")
    old = {"user": "ben", "channel": "#incidents", "message_ts": card["ts"], "force": True}
    button = card["blocks"][-2]["elements"][0]

    await workspace.control("action", {**old, "action_id": button["action_id"], "value": button["value"]})

    told = (await last_ephemeral(workspace, "U0BEN00000"))["text"]
    assert "INC-1 was started by Ana Almeida at" in told
    await workspace.control("action", {**old, "action_id": "incident.take", "value": "forged"})
    assert "There is no INC-0" in (await last_ephemeral(workspace, "U0BEN00000"))["text"]
