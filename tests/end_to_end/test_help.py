"""Help for whoever asks, where they ask; why not; a hint for the first use; a word of welcome."""

from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import answer, superuser, words_of


async def shown(workspace: Workspace, line: str, *, by: str = "ana", channel: str = "#incidents") -> str:
    return words_of((await workspace.stage.command(by, channel, line))["blocks"])


async def test_help_lists_what_a_member_can_do(workspace: Workspace) -> None:
    text = await shown(workspace, "help")

    for verb in ("new", "list", "take 42", "assign 42 @ana", "undo", "edit 42", "why"):
        assert f"`/incident {verb}" in text
    assert "restore" not in text


async def test_help_lists_for_a_guest_only_what_a_guest_can_do(workspace: Workspace) -> None:
    text = await shown(workspace, "help", by="gus")

    assert "`/incident show 42`" in text
    for verb in ("new", "take", "resolve", "assign", "edit", "delete", "undo", "comment"):
        assert f"`/incident {verb}" not in text


async def test_help_for_one_verb_names_its_other_names_and_who_may(workspace: Workspace) -> None:
    assert "Also: fixed, done, close" in await shown(workspace, "help resolve")
    assert "Also: fixed, done, close" in await shown(workspace, "help done")

    text = await shown(workspace, "help resolve", by="gus")
    assert "Only members with an active account can resolve incidents. You are a guest here." in text
    assert "Only superusers can restore" in await shown(workspace, "help restore")


async def test_help_in_a_thread_shows_how_to_write_there(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")

    await workspace.stage.reply("ben", "#incidents", card, "@Incident Tracker help")
    await workspace.delivered()

    ephemeral = (await workspace.stage.state())["ephemerals"]["U0BEN00000"][-1]
    assert "`@Incident Tracker resolve 42 rolled back 1.4.2`" in words_of(ephemeral["blocks"])
    assert "`/incident resolve" not in words_of(ephemeral["blocks"])


async def test_why_says_whether_one_may_and_why_not(workspace: Workspace) -> None:
    await workspace.opened("Disk full")

    for who, line, words in [
        ("ben", "why resolve 1", "You may use *resolve* for INC-1."),
        ("ben", "why done", "You may use *resolve*."),
        ("ben", "why list", "You may use *list*."),
        ("ana", "why delete 1", "You may use *delete* for INC-1."),
        ("ben", "why delete 1", "You may not. Only its owner and superusers can delete an incident."),
        ("gus", "why take 1", "You may not. Only members with an active account can take incidents. You are a guest"),
        ("ben", "why", "Say which verb, as in /incident why resolve 42."),
        ("ben", "why sing", "Say which verb"),
        ("ben", "why resolve 9", "There is no INC-9"),
    ]:
        assert words in await answer(workspace, line, by=who), line


async def test_a_refusal_names_who_can_help(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await answer(workspace, "whoami", by="chloe")
    await superuser(workspace, "chloe")

    assert await answer(workspace, "why delete 1", by="ben") == (
        "You may not. Only its owner and superusers can delete an incident. You are not one of them."
        " Ask <@U0CHLOE000> (superusers)."
    )


async def test_why_in_a_thread_is_about_its_incident(workspace: Workspace) -> None:
    card = await workspace.opened("Disk full")

    await workspace.stage.reply("ben", "#incidents", card, "@Incident Tracker why delete")
    await workspace.delivered()

    said = (await workspace.stage.state())["ephemerals"]["U0BEN00000"][-1]["text"]
    assert "You may not. Only its owner and superusers can delete an incident. You are not one of them." in said
    assert "Ask a member of this workspace" in said


async def test_the_first_answer_comes_with_a_hint_and_no_other_does(workspace: Workspace) -> None:
    first, second = [await shown(workspace, "list", by="chloe") for _ in range(2)]

    assert "First time here?" in first
    assert "First time here?" not in second


async def test_whoever_begins_with_a_form_gets_the_hint_with_the_first_answer(workspace: Workspace) -> None:
    await workspace.stage.command("chloe", "#incidents", "new Disk full")
    await workspace.stage.submit("chloe")

    assert "First time here?" in await shown(workspace, "mine", by="chloe")


async def invited(workspace: Workspace) -> list[Json]:
    await workspace.stage.do("member", user="bot", channel="#random", join=True, by="ana")
    await workspace.delivered()
    return [m for m in await workspace.stage.messages("#random") if m.get("bot_id")]


async def test_a_channel_is_welcomed_once(workspace: Workspace) -> None:
    [welcome] = await invited(workspace)
    assert "Incident Tracker is here. `/incident new` opens an incident" in welcome["text"]

    await workspace.stage.do("member", user="bot", channel="#random", leave=True, by="ana")
    assert len(await invited(workspace)) == 1
