"""Shortcuts: from a message to an incident, with its thread."""

import json
import re
from typing import Any

import pytest

from sandbox import messages
from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.shortcutting import (
    COMMENTS,
    INCIDENTS,
    chosen,
    dialog,
    direct,
    dispatched,
    fields,
    offered,
    said,
    sent,
    thread_of,
    value,
    words,
)
from tests.end_to_end.test_counts import MOST, statements


async def test_a_new_incident_from_anywhere_goes_to_the_incident_channel(workspace: Workspace) -> None:
    await workspace.stage.do("shortcut", user="ana", callback_id="incident_new")
    form = await dialog(workspace)
    assert value(form, "channel") == "C0INCIDENT"

    await sent(workspace, form, title="Lift is stuck")

    assert await workspace.rows(INCIDENTS) == [(1, "Lift is stuck", "", "C0INCIDENT")]


async def test_an_incident_from_a_message_has_its_words_and_its_link_and_the_message_links_back(
    workspace: Workspace,
) -> None:
    text = "Checkout is slow\nSince 14:05 every payment takes 20 s <@U0ANA00000> & counting"
    ts = await said(workspace, "#checkout", text)

    form = await chosen(workspace, "message_create", "#checkout", ts)
    link = f"{workspace.bot.house.url}archives/C0CHECKOUT/p{ts.replace('.', '')}"
    assert value(form, "title") == "Checkout is slow"
    assert value(form, "channel") == "C0CHECKOUT"
    assert fields(form) == ["title", "priority", "category", "description", "assignee", "channel"]
    await sent(workspace, form)
    await workspace.delivered()

    [(number, title, description, channel)] = await workspace.rows(INCIDENTS)
    assert (number, title, channel) == (1, "Checkout is slow", "C0CHECKOUT")
    assert description == (
        f"Checkout is slow\nSince 14:05 every payment takes 20 s @Ana Almeida & counting\n\nFrom a message: {link}"
    )
    assert await workspace.rows(COMMENTS) == []
    [back] = await thread_of(workspace, "#checkout", ts)
    assert "INC-1" in back
    assert "Checkout is slow was opened from this message by Ana Almeida." in back


async def test_the_whole_thread_becomes_comments_in_order_with_authors_and_times(workspace: Workspace) -> None:
    root = await said(workspace, "#checkout", "Checkout is slow")
    first = await said(workspace, "#checkout", "looking", by="chloe", thread_ts=root)
    await said(workspace, "#checkout", "deployed 1.4.2", by="deploybot", thread_ts=root)
    last = await said(workspace, "#checkout", "found <it> & fixed it", by="sia", thread_ts=root)

    form = await chosen(workspace, "message_create", "#checkout", first)
    assert value(form, "title") == "looking"
    await sent(workspace, form, title="Checkout is slow", whole=["yes"], channel="C0INCIDENT")
    card = await workspace.stage.card("#incidents", "Checkout is slow")
    await workspace.delivered()

    assert await workspace.rows(COMMENTS) == [
        (1, "Ben Okafor", "Checkout is slow", "C0CHECKOUT", root),
        (1, "Chloe Martin", "looking", "C0CHECKOUT", first),
        (1, "Sia Single", "found <it> & fixed it", "C0CHECKOUT", last),
    ]
    [quoted] = await thread_of(workspace, "#incidents", card["ts"])
    assert "*Ana Almeida* brought 3 messages from <#C0CHECKOUT>" in quoted
    places = [quoted.index(words) for words in ("Ben Okafor", "Chloe Martin", "Sia Single")]
    assert places == sorted(places)
    assert "found &lt;it&gt; &amp; fixed it" in quoted
    assert await workspace.rows("SELECT min(created_at)::text FROM comment") != []


async def test_a_quotation_in_a_thread_that_is_gone_does_not_stop_the_record_from_following(
    workspace: Workspace,
) -> None:
    old_card = await workspace.opened("Checkout is slow")
    ts = await said(workspace, "#checkout", "I see it, too")
    await sent(workspace, await chosen(workspace, "message_add", "#checkout", ts), incident="1")
    await workspace.delivered()
    for each in [m for m in await workspace.stage.messages("#incidents") if m["ts"] != old_card["ts"]]:
        await workspace.stage.do("delete", user="ana", channel="#incidents", ts=each["ts"])
    await workspace.stage.do("delete", user="ana", channel="#incidents", ts=old_card["ts"])
    await workspace.delivered()

    await workspace.stage.do("edit", user="ben", channel="#checkout", ts=ts, text="I see it no more")
    await workspace.delivered()

    assert [row[2] for row in await workspace.rows(COMMENTS)] == ["I see it no more"]
    assert await workspace.rows("SELECT last_error FROM outbox") == []


@pytest.mark.parametrize("count, kept", [(450, 451), (1_050, 1_000)])
async def test_a_long_thread_is_brought_page_by_page_up_to_a_thousand(
    workspace: Workspace, count: int, kept: int
) -> None:
    root = await said(workspace, "#checkout", "Checkout is slow")
    box = workspace.sandbox.workspace
    channel = box.channel_named("#checkout")
    for n in range(count):
        reply = {**messages.from_person(box, box.person("chloe"), f"number {n}"), "ts": box.stamps.next()}
        channel.messages[reply["ts"]] = {**reply, "thread_ts": root, "parent_user_id": "U0BEN00000"}
    messages.recount(channel, root)

    form = await chosen(workspace, "message_create", "#checkout", root)
    await sent(workspace, form, whole=["yes"], channel="C0INCIDENT")
    card = await workspace.stage.card("#incidents", "Checkout is slow")
    await workspace.delivered()

    contents = [row[2] for row in await workspace.rows(COMMENTS)]
    assert contents == ["Checkout is slow", *(f"number {n}" for n in range(kept - 1))]
    quotes = await thread_of(workspace, "#incidents", card["ts"])
    assert [int(re.findall(r"brought (\d+) message", quote)[0]) for quote in quotes[:5]] == [40] * 5
    told = [each for each in await direct(workspace, "U0ANA00000") if "the first 1,000 messages" in each]
    assert len(told) == (kept == 1_000)


async def test_a_brought_message_follows_its_edits_and_its_deletion(workspace: Workspace) -> None:
    root = await said(workspace, "#checkout", "Checkout is slow")
    reply = await said(workspace, "#checkout", "looking", by="chloe", thread_ts=root)
    other = await said(workspace, "#checkout", "the door opens with hunter2", thread_ts=root)
    form = await chosen(workspace, "message_create", "#checkout", root)
    await sent(workspace, form, whole=["yes"], channel="C0INCIDENT")
    card = await workspace.stage.card("#incidents", "Checkout is slow")
    await workspace.delivered()
    assert "hunter2" in (await thread_of(workspace, "#incidents", card["ts"]))[0]

    await workspace.stage.do("edit", user="ben", channel="#checkout", ts=root, text="Checkout is very slow")
    await workspace.stage.do("edit", user="chloe", channel="#checkout", ts=reply, text="still looking")
    await workspace.stage.do("delete", user="ben", channel="#checkout", ts=other)
    assert [row[2] for row in await workspace.rows(COMMENTS)] == ["Checkout is very slow", "still looking"]
    await workspace.delivered()
    [quoted] = [m for m in await workspace.stage.messages("#incidents") if "brought 3 messages" in m["text"]]
    assert all(words in str(quoted["blocks"]) for words in ("Checkout is very slow", "still looking", "was deleted"))
    assert "hunter2" not in json.dumps(quoted)

    await workspace.stage.do("delete", user="ben", channel="#checkout", ts=root)
    await workspace.delivered()
    assert [row[2] for row in await workspace.rows(COMMENTS)] == ["still looking"]
    assert "very slow" not in (await thread_of(workspace, "#incidents", card["ts"]))[0]


async def test_a_message_is_added_to_an_incident_with_a_note_and_links_both_ways(workspace: Workspace) -> None:
    card = await workspace.opened("Checkout is slow")
    await workspace.opened("Lift is stuck")
    ts = await said(workspace, "#checkout", "I see it, too", by="chloe")

    form = await chosen(workspace, "message_add", "#checkout", ts)
    assert fields(form) == ["incident", "note"]
    assert await offered(workspace, form, "") == ["INC-2 Lift is stuck", "INC-1 Checkout is slow"]
    assert await offered(workspace, form, "slow check") == ["INC-1 Checkout is slow"]
    assert await offered(workspace, form, "inc-2") == ["INC-2 Lift is stuck"]
    assert await offered(workspace, form, "100%") == []
    await sent(workspace, form, incident="1", note="from a customer")
    await workspace.delivered()

    assert [row[:3] for row in await workspace.rows(COMMENTS)] == [
        (1, "Chloe Martin", "I see it, too"),
        (1, "Ana Almeida", "from a customer"),
    ]
    note, quoted = await thread_of(workspace, "#incidents", card["ts"])
    assert "from a customer" in note
    assert "brought 1 message from <#C0CHECKOUT>" in quoted
    [back] = await thread_of(workspace, "#checkout", ts)
    assert "This message was added to" in back


async def test_an_app_s_post_becomes_a_comment_of_who_adds_it_and_names_the_app(workspace: Workspace) -> None:
    await workspace.opened("Checkout is slow")
    ts = await said(workspace, "#checkout", "Error rate 12 %", by="deploybot")

    await sent(workspace, await chosen(workspace, "message_add", "#checkout", ts), incident="1")
    await workspace.delivered()

    [(_, author, content, *_)] = await workspace.rows(COMMENTS)
    assert author == "Ana Almeida"
    assert content == "Deploy Bot (app) posted:\n> Error rate 12 %"


@pytest.mark.parametrize(
    "message",
    [
        {"text": "", "attachments": [{"fallback": "Disk 97 % on db-2"}]},
        {"text": "", "attachments": [{"fallback": "[no preview available]", "text": "Disk 97 % on db-2"}]},
        {"text": "", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "Disk 97 % on db-2"}}]},
        {"text": "", "blocks": [{"type": "section", "fields": [{"type": "mrkdwn", "text": "Disk 97 % on db-2"}]}]},
    ],
)
async def test_an_app_s_post_without_text_gives_the_title_from_what_it_shows(
    workspace: Workspace, message: Json
) -> None:
    post = {"type": "message", "subtype": "bot_message", "bot_id": "B0OTHER000", "ts": "1790000000.000100", **message}

    form = await dispatched(workspace, "ana", "message_create", "#checkout", post)

    assert value(form, "title") == "Disk 97 % on db-2"


@pytest.mark.parametrize("shortcut", ["message_create", "message_add"])
@pytest.mark.parametrize(
    "message, why",
    [
        ({"subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT"}, "was deleted"),
        ({"text": "This message was deleted.", "user": "USLACKBOT", "hidden": True}, "was deleted"),
        ({"text": "psst", "user": "U0BEN00000", "is_ephemeral": True}, "only you can see this message"),
    ],
)
async def test_what_is_gone_or_seen_by_one_person_is_refused(
    workspace: Workspace, shortcut: str, message: Json, why: str
) -> None:
    told = {"type": "message", "ts": "1790000000.000100", **message}

    shown = await dispatched(workspace, "ana", shortcut, "#checkout", told)

    assert why in words(shown)
    assert fields(shown) == []


async def test_an_empty_message_can_be_made_an_incident_but_not_a_comment(workspace: Workspace) -> None:
    empty = {"type": "message", "ts": "1790000000.000100", "user": "U0BEN00000", "text": ""}

    assert "no words" in words(await dispatched(workspace, "ana", "message_add", "#checkout", empty))
    form = await dispatched(workspace, "ben", "message_create", "#checkout", empty)
    assert value(form, "title") is None
    assert "p1790000000000100" in value(form, "description")


@pytest.mark.parametrize("shortcut", ["message_create", "message_add"])
async def test_an_incident_s_own_card_says_that_it_is_the_incident(workspace: Workspace, shortcut: str) -> None:
    card = await workspace.opened("Checkout is slow")

    shown = await chosen(workspace, shortcut, "#incidents", card["ts"])

    assert "this message is INC-1 itself" in words(shown)


async def test_what_is_in_an_incident_s_thread_is_not_kept_twice(workspace: Workspace) -> None:
    card = await workspace.opened("Checkout is slow")
    reply = await said(workspace, "#incidents", "the printer is broken, too", thread_ts=card["ts"])
    await workspace.stage.command("ben", "#incidents", "take 1")
    await workspace.delivered()
    line = next(m for m in await workspace.stage.messages("#incidents") if "started work" in m["text"])

    assert "is a comment of INC-1 already" in words(await chosen(workspace, "message_add", "#incidents", reply))
    assert "in the thread of INC-1" in words(await chosen(workspace, "message_add", "#incidents", line["ts"]))
    form = await chosen(workspace, "message_create", "#incidents", reply)
    assert "kept with INC-1 already" in words(form)
    assert "whole" not in fields(form)
    await sent(workspace, form)

    assert [row[1] for row in await workspace.rows(INCIDENTS)] == ["Checkout is slow", "the printer is broken, too"]
    assert len(await workspace.rows(COMMENTS)) == 1


async def test_a_message_that_was_brought_already_says_where(workspace: Workspace) -> None:
    await workspace.opened("Checkout is slow")
    await workspace.opened("Lift is stuck")
    ts = await said(workspace, "#checkout", "I see it, too")
    late = await chosen(workspace, "message_add", "#checkout", ts, by="ben")
    await sent(workspace, await chosen(workspace, "message_add", "#checkout", ts), incident="1")
    await workspace.delivered()

    refused = await sent(workspace, late, by="ben", incident="2")
    assert refused["errors"] == {"incident": "Nothing to do: this message is a comment of INC-1 already."}
    assert "a comment of INC-1 already" in words(await chosen(workspace, "message_add", "#checkout", ts))
    assert len(await workspace.rows(COMMENTS)) == 1


async def test_a_long_message_is_kept_whole_as_a_comment(workspace: Workspace) -> None:
    text = "word " * 2_000 + "ends"
    ts = await said(workspace, "#checkout", text)

    form = await chosen(workspace, "message_create", "#checkout", ts)
    assert len(value(form, "description")) <= 3_000
    assert "Bring the whole message as a comment" in words(form)
    await sent(workspace, form, whole=["yes"])
    await workspace.delivered()

    assert [row[2] for row in await workspace.rows(COMMENTS)] == [text]


async def test_a_message_of_files_alone_is_kept_with_them(workspace: Workspace) -> None:
    await workspace.opened("Doors")
    files = [{"name": "graph.png", "mimetype": "image/png", "size": 2048}]
    ts = await said(workspace, "#checkout", "", files=files)

    form = await chosen(workspace, "message_add", "#checkout", ts)
    assert "graph.png" in words(form)
    await sent(workspace, form, incident="1")
    await workspace.delivered()

    assert [row[1:3] for row in await workspace.rows(COMMENTS)] == [("Ben Okafor", "")]
    assert "graph.png" in str(await workspace.rows("SELECT files FROM comment"))


async def test_shortcuts_cost_at_most_five_statements(workspace: Workspace) -> None:
    await workspace.opened("Checkout is slow")
    ts = await said(workspace, "#checkout", "Checkout is slow <@U0BEN00000>")

    async def searched() -> None:
        await offered(workspace, await dialog(workspace), "check")

    async def submitted() -> None:
        await sent(workspace, await dialog(workspace), incident="1", note="look")

    async def created() -> None:
        await sent(
            workspace, await dialog(workspace), whole=["yes"] if "whole" in words(await dialog(workspace)) else []
        )

    def used(shortcut: str) -> Any:
        return lambda: chosen(workspace, shortcut, "#checkout", ts)

    costs = {
        "add": await statements(workspace, used("message_add")),
        "search": await statements(workspace, searched),
    }
    form = await dialog(workspace)
    await offered(workspace, form, "1")
    typed = {"incident": {"message.incident": "1"}, "note": {"note": "look"}}
    body = {"user": "ana", "view_id": form["id"], "values": typed}
    costs["added"] = await statements(workspace, lambda: workspace.control("submit", body))
    costs["create"] = await statements(workspace, used("message_create"))
    form = await dialog(workspace)
    body = {"user": "ana", "view_id": form["id"], "values": {"assignee": {"assignee": "U0BEN00000"}}}
    costs["created"] = await statements(workspace, lambda: workspace.control("submit", body))

    assert {name: len(cost) for name, cost in costs.items() if len(cost) > MOST} == {}
    assert len(await workspace.rows(INCIDENTS)) == 2
