"""The numbers: as text at once, and as a picture for oneself or for a channel."""

import pytest

from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import answer, direct_messages, words_of


def buttons(message: Json) -> dict[str, Json]:
    found = [e for b in message["blocks"] if b["type"] == "actions" for e in b["elements"]]
    return {element["text"]["text"]: element for element in found}


async def asked(workspace: Workspace, who: str, channel: str = "#incidents", line: str = "stats") -> Json:
    """The answer, as it stands on the person's screen."""
    await workspace.stage.command(who, channel, line)
    shown: Json = (await workspace.stage.state())["ephemerals"][f"U0{who.upper()}".ljust(10, "0")][-1]
    return shown


async def pressed(workspace: Workspace, who: str, shown: Json, name: str, channel: str = "#incidents") -> Json:
    body = {"user": who, "channel": channel, "message_ts": shown["ts"], "action_id": buttons(shown)[name]["action_id"]}
    return await workspace.control("action", body)


async def pictures(workspace: Workspace) -> list[bytes]:
    """What was uploaded, as it comes back."""
    found = []
    for file in (await workspace.stage.state())["files"]:
        async with workspace.stage.session.get(file["url_private"]) as response:
            assert response.status == 200
            found.append(await response.read())
    return found


async def uploads(workspace: Workspace) -> list[Json]:
    """What the bot said of each file before it uploaded it."""
    log = await workspace.log()
    return [e["args"] for e in log if e["kind"] == "api" and e["method"] == "files.getUploadURLExternal"]


async def some(workspace: Workspace) -> None:
    """Two in public channels, one of them resolved, and one in a private channel."""
    await workspace.opened("Disk full")
    await workspace.opened("Checkout slow")
    await workspace.opened("Badge lost", channel="#security")
    await answer(workspace, "resolve 1 added space")
    await workspace.delivered()


async def test_the_numbers_come_at_once_and_only_of_what_one_may_see(workspace: Workspace) -> None:
    await some(workspace)

    said = await answer(workspace, "stats", by="chloe")
    own = await answer(workspace, "stats", by="ana")

    assert said.startswith(
        "The last 30 days: 2 opened, 1 resolved, 0 reopened. 1 is open now. Per week, by its first day"
    )
    assert "Opened most: bug 2. Open now, by age: medium: 1 (1 under a day)." in said
    assert "medium: started: too few to tell (1); resolved: too few to tell (1)." in said
    assert own.startswith("The last 30 days: 3 opened, 1 resolved, 0 reopened. 2 are open now.")


async def test_the_numbers_can_be_asked_by_category_and_for_a_longer_time(workspace: Workspace) -> None:
    await some(workspace)

    shown = await asked(workspace, "chloe", line="stats 90d by category")

    assert shown["text"].startswith("The last 90 days: 2 opened")
    assert "*By category*\nbug: 2 opened, 1 resolved, 1 open now" in words_of(shown["blocks"])
    assert list(buttons(shown)) == ["Picture", "Post here"]
    assert buttons(shown)["Picture"]["value"] == "90d by category"


async def test_a_workspace_without_incidents_is_told_so(workspace: Workspace) -> None:
    shown = await asked(workspace, "chloe", line="stats 7d")

    assert shown["text"] == "Nothing was opened, resolved or reopened in the last 7 days. Nothing is open, either."
    assert buttons(shown) == {}


async def test_a_quiet_time_still_tells_what_is_open(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await workspace.changed("UPDATE incident SET created_at = now() - interval '40 days'")

    said = await answer(workspace, "stats 1d")

    assert said.startswith(
        "The last day: Nothing was opened, resolved or reopened in the last day. 1 is open now. Open now, by age:"
    )


@pytest.mark.parametrize(
    "line, words",
    [
        ("stats 0d", "“0d” is too short. Write stats 30d, with 1 to 366 days"),
        ("stats 9999d", "“9999d” is too long. Write stats 30d, with 1 to 366 days"),
        ("stats 99999999999999d", "“99999999999999d” is no period"),
        ("stats 53w", "“53w” is too long"),
        ("stats yesterday", "“yesterday” is no period"),
        ("stats by horoscope", "there are no numbers “by horoscope”. Write stats 30d"),
        ("stats 7d by", "there are no numbers “by ”"),
        ("stats by:horoscope", "there are no numbers “by horoscope”"),
        ("stats p1", "“critical” is no part of the numbers"),
        ("stats older:2d", "“older:2d” is no part of the numbers"),
        ("stats @ana", "no part of the numbers"),
    ],
)
async def test_numbers_that_there_are_not_are_told_with_what_there_is(
    workspace: Workspace, line: str, words: str
) -> None:
    said = await answer(workspace, line)

    assert words in said
    assert said.startswith("Nothing was counted: ")
    assert "with 1 to 366 days, and “by category” if you want it by category." in said


@pytest.mark.parametrize(
    "line", ["stats 52 weeks", "stats last 364 days", "stats by category 52w", "STATS by:category 52w"]
)
async def test_a_period_can_be_said_in_several_ways(workspace: Workspace, line: str) -> None:
    await workspace.opened("Disk full")

    assert (await answer(workspace, line)).startswith("The last 364 days: 1 opened")


async def test_a_picture_comes_by_direct_message_with_its_numbers_in_words(workspace: Workspace) -> None:
    await some(workspace)
    shown = await asked(workspace, "chloe")

    await pressed(workspace, "chloe", shown, "Picture")
    await workspace.delivered()

    [png] = await pictures(workspace)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    [upload] = await uploads(workspace)
    assert "2 opened, 1 resolved, 0 reopened. 1 is open now." in upload["alt_txt"]
    assert len(upload["alt_txt"]) <= 1_000
    assert (await direct_messages(workspace, "chloe"))[-1] == (
        "The last 30 days: 2 opened, 1 resolved, 0 reopened. 1 is open now."
    )
    screen = (await workspace.stage.state())["ephemerals"]["U0CHLOE000"]
    assert screen[-1]["text"] == "The picture is being drawn. You get it by direct message in a moment."
    assert screen[-2]["text"] == shown["text"]


async def test_a_posted_picture_counts_what_everybody_in_the_channel_may_see(workspace: Workspace) -> None:
    await some(workspace)
    shown = await asked(workspace, "ana")
    assert "3 opened" in shown["text"]

    await pressed(workspace, "ana", shown, "Post here")
    await pressed(workspace, "ana", shown, "Post here")
    await workspace.delivered()

    posted = (await workspace.stage.messages("#incidents"))[-1]
    assert posted["text"] == (
        "Ana Almeida posted: the last 30 days: 2 opened, 1 resolved, 0 reopened. 1 is open now."
        " Only what everybody here may see is counted."
    )
    assert [file["name"].startswith("incidents-30d-") for file in posted["files"]] == [True]
    assert "2 opened" in (await uploads(workspace))[-1]["alt_txt"]


async def test_a_private_channels_numbers_can_be_posted_in_itself(workspace: Workspace) -> None:
    await some(workspace)
    shown = await asked(workspace, "ana", "#security")

    await pressed(workspace, "ana", shown, "Post here", "#security")
    await workspace.delivered()

    assert "3 opened" in (await workspace.stage.messages("#security"))[-1]["text"]


async def test_a_guest_gets_and_posts_the_numbers_of_what_a_guest_may_see(workspace: Workspace) -> None:
    await some(workspace)
    await workspace.opened("Pay desk", channel="#checkout")
    shown = await asked(workspace, "gus")
    assert shown["text"].startswith("The last 30 days: 2 opened")

    await pressed(workspace, "gus", shown, "Picture")
    await pressed(workspace, "gus", shown, "Post here")
    await workspace.delivered()

    assert ["2 opened" in upload["alt_txt"] for upload in await uploads(workspace)] == [True, True]


async def test_nothing_is_posted_of_which_others_may_see_nothing(workspace: Workspace) -> None:
    await workspace.opened("Badge lost", channel="#security")
    shown = await asked(workspace, "ana", "#general")

    await pressed(workspace, "ana", shown, "Post here", "#general")
    await workspace.delivered()

    assert "not everybody in <#C0GENERAL0> may see" in (await direct_messages(workspace, "ana"))[-1]
    assert await pictures(workspace) == []


async def test_what_is_gone_when_the_picture_is_drawn_is_said(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    shown = await asked(workspace, "chloe")
    await answer(workspace, "delete 1", by="ana")
    await workspace.changed("UPDATE incident SET deleted_at = now()")

    await pressed(workspace, "chloe", shown, "Picture")
    await workspace.delivered()

    assert "There is no picture to draw any more" in (await direct_messages(workspace, "chloe"))[-1]


async def test_where_the_bot_is_not_nothing_is_posted_and_the_person_is_told(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    shown = await asked(workspace, "ana", "#random")
    await pressed(workspace, "ana", shown, "Post here", "#random")
    screen = (await workspace.stage.state())["ephemerals"]["U0ANA00000"]
    assert "Incident Tracker is not in this channel" in screen[-1]["text"]

    shown = await asked(workspace, "ana")
    await workspace.faults({"method": "files.completeUploadExternal", "kind": "error:not_in_channel", "times": 1})
    await pressed(workspace, "ana", shown, "Post here")
    await workspace.delivered()

    assert "Your numbers were not posted: I cannot post in" in (await direct_messages(workspace, "ana"))[-1]


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
@pytest.mark.parametrize("kind", ["http_500", "connection_reset", "timeout_after_success"])
async def test_after_a_failure_the_picture_comes_once(workspace: Workspace, method: str, kind: str) -> None:
    await workspace.opened("Disk full")
    shown = await asked(workspace, "ana")
    await workspace.faults({"method": method, "kind": kind, "times": 1, "delay_ms": 50})

    await pressed(workspace, "ana", shown, "Post here")
    await workspace.delivered()

    shared = [m for m in await workspace.stage.messages("#incidents") if m.get("files")]
    assert len(shared) == 1
    assert shared[0]["text"].startswith("Ana Almeida posted: ")


async def test_the_numbers_can_be_asked_and_posted_in_a_direct_message(workspace: Workspace) -> None:
    await workspace.opened("Disk full")

    await workspace.stage.do("message", user="chloe", channel="dm", text="stats 7d")
    await workspace.delivered()
    shown = await workspace.shown("D0CHLOE000", "The last 7 days: 1 opened")
    await pressed(workspace, "chloe", shown, "Post here", "D0CHLOE000")
    await workspace.delivered()

    assert (await direct_messages(workspace, "chloe"))[-1].startswith("Chloe Martin posted: the last 7 days: 1 opened")
    assert len(await pictures(workspace)) == 1
