"""Lists and searches, their pages, and posting one for everybody."""

import pytest

from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.eyes import answer, direct_messages, words_of


def buttons(message: Json) -> dict[str, Json]:
    found = [e for b in message["blocks"] if b["type"] == "actions" for e in b["elements"]]
    return {element["text"]["text"]: element for element in found}


async def pressed(workspace: Workspace, who: str, message: Json, name: str, channel: str = "#incidents") -> Json:
    """A button of an answer, pressed; the answer that takes its place."""
    before = (await workspace.stage.state())["ephemerals"][f"U0{who.upper()}".ljust(10, "0")]
    shown = next(m for m in reversed(before) if m["blocks"] and words_of(m["blocks"]) == words_of(message["blocks"]))
    body = {"user": who, "channel": channel, "message_ts": shown["ts"]}
    await workspace.control("action", {**body, "action_id": buttons(message)[name]["action_id"]})
    last: Json = (await workspace.stage.state())["ephemerals"][f"U0{who.upper()}".ljust(10, "0")][-1]
    return last


async def many(workspace: Workspace, count: int, title: str = "Disk {n} full") -> None:
    """Incidents of Ana's without cards."""
    await answer(workspace, f'quick "{title.format(n=1)}"', by="ana")
    await workspace.delivered()
    await workspace.changed(
        "INSERT INTO incident (id, workspace_id, number, title, priority, category, owner_id, channel_id, card_ts)"
        " SELECT gen_random_uuid(), workspace_id, n, replace(title, '1', n::text), priority, category, owner_id,"
        " channel_id, '1.' || n FROM incident, generate_series(2, :count) n",
        count=count,
    )


async def test_a_list_says_which_filters_apply(workspace: Workspace) -> None:
    await workspace.opened("Disk full")

    said = await answer(workspace, "list p1,p3 bug unassigned owner:@ana in:#incidents newer:2d", by="ben")

    assert said.startswith("Incidents · critical, medium · bug · unassigned · opened by <@U0ANA00000> · opened after")
    assert "in <#C0INCIDENT>: INC-1 Disk full" in said


async def test_pages_go_forth_and_back_while_others_work(workspace: Workspace) -> None:
    await many(workspace, 25)
    first = await workspace.stage.command("ben", "#incidents", "list p3")
    assert list(buttons(first)) == ["Next", "Post here"]

    await answer(workspace, "resolve 3 done", by="ana")
    second = await pressed(workspace, "ben", first, "Next")
    assert "INC-11 " in second["text"]
    assert "INC-20 " in second["text"]
    assert "INC-21 " not in second["text"]

    third = await pressed(workspace, "ben", second, "Next")
    assert "INC-21 " in third["text"]
    assert list(buttons(third)) == ["Previous", "Post here"]
    back = await pressed(workspace, "ben", third, "Previous")
    assert back["text"] == second["text"]


async def test_a_page_button_works_a_day_later_and_an_empty_page_says_so(workspace: Workspace) -> None:
    await many(workspace, 12)
    first = await workspace.stage.command("ben", "#incidents", "list")
    await workspace.changed("UPDATE incident SET status = 'resolved', resolved_at = now() WHERE number > 10")

    later = await pressed(workspace, "ben", first, "Next")

    assert "none that you can see" in later["text"]


async def test_a_filter_that_makes_no_sense_is_told_and_nothing_is_guessed(workspace: Workspace) -> None:
    await workspace.opened("Disk full")

    for line, words in [
        ("list colour:red", "There is no filter “colour”. There are p1 to p4, a category"),
        ("list ownr:@ana", "There is no filter “ownr”. Did you mean owner:?"),
        ("list p9", "“p9” is no priority. There are p1 to p4"),
        ("list older:banana", "“older:banana” is no age. Write older:2d"),
        ("list older:2d older:3d", "“older:” was given twice"),
        ("list older:5d newer:2d", "“older” and “newer” leave no time between them"),
        ("list status:closed", "“closed” is no status. There are open, in_progress and resolved"),
        ("list category:weather", "There is no category “weather”. There are bug"),
        ("list priority:urgent", "“urgent” is no priority"),
        ("list unassigned @ben", "“unassigned” and an assignee contradict each other"),
        ("list unassigned assignee:me", "“unassigned” and an assignee contradict each other"),
        ("list @nosuchperson", "Nobody here is known as “nosuchperson”"),
        ("list owner:nobody-known", "Nobody here is known as “nobody-known”"),
        ("list in:#nowhere", "There is no channel “#nowhere” that you can see"),
        ("list in:#security", "There is no such channel that you can see"),
        ("list in:#general in:#incidents", "a card is in one channel"),
        ("mine @ben", "“mine” is what you work on, and the assignee is somebody else"),
        ("list older:2months", "“older:2months” is no age"),
        ("list outge", "“outge” is no filter. Did you mean outage?"),
        ("list @okafr", "Nobody here is known as “okafr”. Did you mean Ben Okafor?"),
        ("list owner:okafr", "Did you mean Ben Okafor? Type owner:@ and choose"),
        ("list @me", "Write assignee:me or owner:me"),
        ("list " + " ".join(f"owner:<@U0{n:07}>" for n in range(200)), "These are too many filters for one line"),
        ("list by:week", "There is no filter “by” here"),
        ("list disk full", "“disk full” is no filter"),
        ("search", "Say what to search for"),
        ("search p1", "Say what to search for"),
    ]:
        assert words in await answer(workspace, line, by="chloe"), line


async def test_words_after_list_can_be_searched_for_with_a_button(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    shown = await workspace.stage.command("ben", "#incidents", "list disk p3")

    found = await pressed(workspace, "ben", shown, "Search for it instead")

    assert "Search · “disk” · medium: INC-1 Disk full" in found["text"]


async def test_a_search_looks_into_comments_and_shows_what_was_said(workspace: Workspace) -> None:
    card = await workspace.opened("Till")
    await workspace.stage.reply("ben", "#incidents", card, "the *card reader* is dead & gone")
    await answer(workspace, "resolve 1 replaced", by="ben")

    shown = await workspace.stage.command("chloe", "#general", 'search "card reader"')

    assert "Search · “card reader”: INC-1 Till" in shown["text"]
    assert "> the *card reader* is dead &amp; gone" in words_of(shown["blocks"])


async def test_anything_can_be_searched_for(workspace: Workspace) -> None:
    await workspace.opened("Disk full")

    for words in ["%", "'", '"', "\\", "the and of", "x" * 3_000, "ტერმინალი", "p1x <!here>", "—", "a:b"]:
        assert "none that you can see" in await answer(workspace, f"search {words}", by="ben"), words


async def test_typing_errors_find_similar_ones_and_say_so(workspace: Workspace) -> None:
    await many(workspace, 12, "Checkout {n} fails")

    shown = await workspace.stage.command("ben", "#incidents", "search chekcout")
    further = await pressed(workspace, "ben", shown, "Next")

    assert "Nothing has exactly these words. Similar:" in words_of(shown["blocks"])
    assert "INC-12 " in shown["text"]
    assert "INC-2 " in further["text"]


async def test_a_search_of_three_thousand_characters_says_what_was_left_out(workspace: Workspace) -> None:
    await many(workspace, 15, "Disk {n} full")

    shown = await workspace.stage.command("ben", "#incidents", "search " + "disk " * 600)

    assert "at most 12 words and 300 characters" in words_of(shown["blocks"])
    assert all(len(button["value"]) < 2_000 for button in buttons(shown).values())
    assert "INC-5 " in (await pressed(workspace, "ben", shown, "Next"))["text"]


async def test_mine_is_mine_and_search_can_be_narrowed_to_me(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await answer(workspace, "assign 1 @ben", by="ana")

    assert "INC-1" in await answer(workspace, "mine", by="ben")
    assert "INC-1" in await answer(workspace, "search disk assignee:me owner:@ana", by="ben")
    assert "none that you can see" in await answer(workspace, "search disk assignee:me", by="chloe")


async def test_a_posted_list_shows_only_what_the_whole_channel_may_see(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await workspace.opened("Badge lost", channel="#security")
    shown = await workspace.stage.command("ana", "#incidents", "list")
    assert "Badge lost" in shown["text"]

    await pressed(workspace, "ana", shown, "Post here")
    await workspace.delivered()

    posted = (await workspace.stage.messages("#incidents"))[-1]
    assert posted["text"].startswith("Ana Almeida posted: Incidents: INC-1 Disk full")
    assert "Badge" not in str(posted)
    assert "Only what everybody here may see is listed." in words_of(posted["blocks"])


async def test_the_buttons_of_a_posted_list_answer_whoever_presses_them(workspace: Workspace) -> None:
    await many(workspace, 12)
    shown = await workspace.stage.command("ana", "#incidents", "list")
    await pressed(workspace, "ana", shown, "Post here")
    await workspace.delivered()
    posted = (await workspace.stage.messages("#incidents"))[-1]
    press = {"user": "ben", "channel": "#incidents", "message_ts": posted["ts"], "action_id": "line.run:next"}

    await workspace.control("action", press)

    assert "INC-11 " in (await workspace.stage.state())["ephemerals"]["U0BEN00000"][-1]["text"]
    assert (await workspace.stage.messages("#incidents"))[-1]["text"] == posted["text"]


async def test_a_list_cannot_be_posted_where_the_bot_is_not(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    shown = await workspace.stage.command("ana", "#random", "list")

    refused = await pressed(workspace, "ana", shown, "Post here", channel="#random")

    assert "Incident Tracker is not in this channel. Invite it" in refused["text"]
    assert await workspace.rows("SELECT 1 FROM outbox") == []


@pytest.mark.parametrize("code", ["not_in_channel", "is_inactive", "restricted_action_read_only_channel"])
async def test_whoever_posted_where_the_bot_was_removed_meanwhile_is_told(workspace: Workspace, code: str) -> None:
    await workspace.opened("Disk full")
    shown = await workspace.stage.command("ana", "#incidents", "list")
    await workspace.faults({"method": "chat.postMessage", "kind": f"error:{code}", "times": 1})

    await pressed(workspace, "ana", shown, "Post here")
    await workspace.delivered()

    assert "Your list was not posted" in (await direct_messages(workspace, "ana"))[-1]


async def test_a_guest_who_mistypes_a_name_learns_nobody_elses(workspace: Workspace) -> None:
    said = await answer(workspace, "list @okafr", by="gus")

    assert said == "Nobody here is known as “okafr”. Type @ and choose from Slack's list."


async def test_a_list_of_several_pages_says_how_many_there_are(workspace: Workspace) -> None:
    await many(workspace, 12)

    assert (await answer(workspace, "list p3")).startswith("Incidents · medium · 12 in all: INC-1 ")
    assert (await answer(workspace, "list p3 newer:1d")).count("in all") == 1


async def test_an_empty_page_has_a_way_out(workspace: Workspace) -> None:
    await many(workspace, 12)
    first = await workspace.stage.command("ben", "#incidents", "list p3")
    await workspace.changed("UPDATE incident SET priority = 'low' WHERE number > 1")
    empty = await pressed(workspace, "ben", first, "Next")
    assert list(buttons(empty)) == ["First page", "All unresolved"]

    assert "medium: INC-1 Disk 1 full" in (await pressed(workspace, "ben", empty, "First page"))["text"]
    nothing = await workspace.stage.command("ben", "#incidents", "list p1")
    assert "12 in all" in (await pressed(workspace, "ben", nothing, "All unresolved"))["text"]


async def test_a_comment_is_shown_where_the_word_stands_in_it(workspace: Workspace) -> None:
    card = await workspace.opened("Till")
    said = "well " * 300 + "it is the turnstile at the gate " + "so " * 300
    await workspace.stage.reply("ben", "#incidents", card, said)

    shown = words_of((await workspace.stage.command("ben", "#incidents", "search turnstile"))["blocks"])

    assert "> …well well" in shown
    assert "it is the turnstile at the gate so so" in shown


@pytest.mark.parametrize(
    "line", ["list assignee:me owner:@ana", "list @ben", "mine", "search full @ben", "list p3 in:#incidents @ben"]
)
async def test_a_posted_list_pings_nobody_and_means_its_poster(workspace: Workspace, line: str) -> None:
    await many(workspace, 12)
    await answer(workspace, "whoami", by="ben")
    await workspace.changed(
        "UPDATE incident SET assignee_id = (SELECT user_id FROM slack_profile WHERE slack_user_id = 'U0BEN00000')"
    )
    shown = await workspace.stage.command("ben", "#incidents", line)
    await pressed(workspace, "ben", shown, "Post here")
    await workspace.delivered()

    posted = (await workspace.stage.messages("#incidents"))[-1]
    assert "<@" not in posted["text"] + words_of(posted["blocks"])
    assert posted["text"].startswith("Ben Okafor posted: ")
    assert list(buttons(posted)) == ([] if line == "mine" else ["Next"])
    assert "me" not in buttons(posted).get("Next", {}).get("value", "").replace("medium", "")
    if line == "list @ben":
        press = {"user": "chloe", "channel": "#incidents", "message_ts": posted["ts"], "action_id": "line.run:next"}
        await workspace.control("action", press)
        assert "INC-11 " in (await workspace.stage.state())["ephemerals"]["U0CHLOE000"][-1]["text"]


async def test_nothing_is_posted_of_which_others_may_see_nothing(workspace: Workspace) -> None:
    await workspace.opened("Badge lost", channel="#security")
    shown = await workspace.stage.command("ana", "#general", "list")
    assert "Badge lost" in shown["text"]

    await pressed(workspace, "ana", shown, "Post here", channel="#general")
    await workspace.delivered()

    assert "not everybody in <#C0GENERAL0> may see" in (await direct_messages(workspace, "ana"))[-1]
    assert "Badge" not in str(await workspace.stage.messages("#general"))


async def test_a_private_channels_list_can_be_posted_in_itself(workspace: Workspace) -> None:
    await workspace.opened("Badge lost", channel="#security")
    shown = await workspace.stage.command("ana", "#security", "search badge")

    await pressed(workspace, "ana", shown, "Post here", channel="#security")
    await workspace.delivered()

    assert "INC-1 Badge lost" in (await workspace.stage.messages("#security"))[-1]["text"]


async def test_a_guest_posts_no_more_than_a_guest_may_see(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    await workspace.opened("Checkout fails", channel="#checkout")
    shown = await workspace.stage.command("gus", "#incidents", "list")
    assert "Checkout" not in shown["text"]

    await pressed(workspace, "gus", shown, "Post here")
    await workspace.delivered()

    posted = (await workspace.stage.messages("#incidents"))[-1]
    assert "INC-1 Disk full" in posted["text"]
    assert "Checkout" not in str(posted)


async def test_post_here_pressed_twice_at_once_posts_once(workspace: Workspace) -> None:
    await workspace.opened("Disk full")
    shown = await workspace.stage.command("ana", "#incidents", "list")
    await workspace.faults({"method": "chat.postMessage", "kind": "ratelimited", "times": 1, "retry_after": 1})

    await pressed(workspace, "ana", shown, "Post here")
    await pressed(workspace, "ana", shown, "Post here")
    await workspace.delivered()

    assert len([m for m in await workspace.stage.messages("#incidents") if "posted:" in m["text"]]) == 1
