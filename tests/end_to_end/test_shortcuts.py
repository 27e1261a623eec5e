"""Shortcuts: from a message to an incident, with its thread, and nothing private where it was not meant to be."""

import json
import re
from typing import Any

import pytest

from sandbox import interactions, messages
from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.test_counts import MOST, statements

INCIDENTS = "SELECT number, title, description, channel_id FROM incident ORDER BY number"
COMMENTS = """
SELECT number, full_name, content, comment.channel_id, comment.ts FROM comment
JOIN "user" ON "user".id = author_id JOIN incident ON incident.id = incident_id
WHERE comment.deleted_at IS NULL ORDER BY comment.created_at
"""


async def said(workspace: Workspace, channel: str, words: str, *, by: str = "ben", **more: object) -> str:
    done = await workspace.stage.do("message", user=by, channel=channel, text=words, **more)
    return str(done["ts"])


async def chosen(workspace: Workspace, shortcut: str, channel: str, ts: str, *, by: str = "ana") -> Json:
    """The dialog that a shortcut on a message opens."""
    await workspace.stage.do("shortcut", user=by, callback_id=shortcut, channel=channel, message_ts=ts)
    return await dialog(workspace, by)


async def dialog(workspace: Workspace, by: str = "ana") -> Json:
    views = (await workspace.stage.state())["views"]
    stack: list[Json] = next(s for u, s in views.items() if u.lower().startswith(f"u0{by}") and s)
    return stack[-1]


async def sent(workspace: Workspace, form: Json, *, by: str = "ana", **values: Any) -> Json:
    """What comes back when a form is sent; picks the incident by its number as a person does."""
    ids = {b["block_id"]: b["element"]["action_id"] for b in form["blocks"] if b["type"] == "input"}
    if "incident" in values:
        await offered(workspace, form, values["incident"], by=by)
    typed = {block_id: {ids[block_id]: value} for block_id, value in values.items()}
    return await workspace.control("submit", {"user": by, "view_id": form["id"], "values": typed})


async def offered(workspace: Workspace, form: Json, typed: str, *, by: str = "ana") -> list[str]:
    query = {"user": by, "view_id": form["id"], "action_id": "message.incident", "value": typed}
    return [option["text"]["text"] for option in (await workspace.control("options", query))["options"]]


async def dispatched(workspace: Workspace, by: str, callback_id: str, channel: str, message: Json) -> Json:
    """A payload that the local workspace's page does not offer, but that can reach the bot."""
    box = workspace.sandbox
    place, user = box.workspace.channel_named(channel), box.workspace.person(by)
    payload = interactions.message_shortcut(workspace.sandbox, user, callback_id, place, message)
    ack = await box.dispatcher.call("interactive", payload)
    assert ack.status == "acked"
    return await dialog(workspace, by)


def words(form: Json) -> str:
    return json.dumps([form["blocks"]], ensure_ascii=False)


def fields(form: Json) -> list[str]:
    return [block["block_id"] for block in form["blocks"] if block["type"] == "input"]


def value(form: Json, block_id: str) -> Any:
    element = next(b["element"] for b in form["blocks"] if b["block_id"] == block_id)
    return element.get("initial_value") or element.get("initial_conversation")


async def thread_of(workspace: Workspace, channel: str, root: str) -> list[str]:
    told = await workspace.stage.messages(channel)
    return [m["text"] for m in told if m.get("thread_ts") == root != m["ts"]]


async def direct(workspace: Workspace, user_id: str) -> list[str]:
    channels = (await workspace.stage.state())["channels"]
    return [m["text"] for c in channels if c["id"] == f"D{user_id[1:]}" for m in c["messages"]]


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


async def test_a_guest_is_refused_in_words_and_nothing_is_written(workspace: Workspace) -> None:
    ts = await said(workspace, "#incidents", "Checkout is slow")

    for shortcut in ("message_create", "message_add"):
        shown = await chosen(workspace, shortcut, "#incidents", ts, by="gus")
        assert "You are a guest here" in words(shown)
    await workspace.stage.do("shortcut", user="gus", callback_id="incident_new")
    assert "You are a guest here" in words(await dialog(workspace, "gus"))
    assert await workspace.rows(INCIDENTS) == []


async def test_somebody_from_another_organisation_is_refused(workspace: Workspace) -> None:
    message = {"type": "message", "ts": "1790000000.000100", "user": "U0BEN00000", "text": "Checkout is slow"}

    shown = await dispatched(workspace, "priya", "message_create", "#shared-partner", message)

    assert "You are from another organisation" in words(shown)
    assert await workspace.rows(INCIDENTS) == []


# --- what is private -------------------------------------------------------------------------------------------------


async def test_a_private_message_goes_elsewhere_only_with_consent(workspace: Workspace) -> None:
    ts = await said(workspace, "#security", "Badge of a contractor still works")
    form = await chosen(workspace, "message_create", "#security", ts)
    assert "consent" in fields(form)

    refused = await sent(workspace, form, channel="C0INCIDENT", priority="high")
    assert "from a private channel" in refused["errors"]["consent"]
    assert await workspace.rows(INCIDENTS) == []
    assert (await dialog(workspace))["state"]["values"]["priority"]["priority"]["selected_option"]["value"] == "high"

    assert "errors" not in await sent(workspace, await dialog(workspace), consent=["yes"])
    await workspace.delivered()
    assert [row[3] for row in await workspace.rows(INCIDENTS)] == ["C0INCIDENT"]
    [back] = await thread_of(workspace, "#security", ts)
    assert "was opened from this message" in back


async def test_a_private_message_stays_in_its_channel_without_asking(workspace: Workspace) -> None:
    root = await said(workspace, "#security", "Badge still works")
    await said(workspace, "#security", "whose?", by="ana", thread_ts=root)

    form = await chosen(workspace, "message_create", "#security", root)
    await sent(workspace, form, whole=["yes"])
    card = await workspace.stage.card("#security", "INC-1 Badge still works")
    await workspace.delivered()

    [quoted] = await thread_of(workspace, "#security", card["ts"])
    assert "from this channel" in quoted
    assert len(await workspace.rows(COMMENTS)) == 2


async def test_an_assignee_outside_of_the_private_channel_is_a_reader_too(workspace: Workspace) -> None:
    ts = await said(workspace, "#security", "Badge still works")
    form = await chosen(workspace, "message_create", "#security", ts)

    refused = await sent(workspace, form, assignee="U0DMITRI00")
    assert "consent" in refused["errors"]

    assert "errors" not in await sent(workspace, form, assignee="U0BEN00000")


async def test_the_quotation_never_names_a_private_channel(workspace: Workspace) -> None:
    card = await workspace.opened("Doors")
    ts = await said(workspace, "#security", "Badge still works")
    form = await chosen(workspace, "message_add", "#security", ts)

    assert "consent" in (await sent(workspace, form, incident="1"))["errors"]
    await sent(workspace, form, incident="1", consent=["yes"])
    await workspace.delivered()

    [quoted] = await thread_of(workspace, "#incidents", card["ts"])
    assert "from a private channel" in quoted
    assert "security" not in quoted.lower().replace("c0security", "")
    assert "<#C0SECURITY" not in json.dumps(await workspace.stage.messages("#incidents"))


async def test_no_link_back_where_readers_may_not_see_the_incident(workspace: Workspace) -> None:
    await workspace.opened("Badges", channel="#security")
    ts = await said(workspace, "#checkout", "somebody is in the server room", by="chloe")

    await sent(workspace, await chosen(workspace, "message_add", "#checkout", ts), incident="1")
    await workspace.delivered()

    assert await thread_of(workspace, "#checkout", ts) == []
    [told] = await direct(workspace, "U0ANA00000")
    assert "I posted no link to it there: people there may not be allowed to see the incident." in told


async def test_in_a_channel_without_the_bot_the_form_says_what_cannot_be_done(workspace: Workspace) -> None:
    await workspace.opened("Doors")
    root = await said(workspace, "#board", "The lift is stuck", by="ana")
    await said(workspace, "#board", "again?", by="ana", thread_ts=root)

    form = await chosen(workspace, "message_create", "#board", root)
    assert value(form, "channel") == "C0INCIDENT"
    assert "/invite @Incident Tracker" in words(form)
    assert "whole" not in fields(form)

    form = await chosen(workspace, "message_add", "#board", root)
    await sent(workspace, form, incident="1", consent=["yes"])
    await workspace.delivered()

    assert [row[:3] for row in await workspace.rows(COMMENTS)] == [(1, "Ana Almeida", "The lift is stuck")]
    [told] = await direct(workspace, "U0ANA00000")
    assert "I am not in that channel" in told


async def test_words_that_the_bot_cannot_read_again_fit_into_the_form(workspace: Workspace) -> None:
    await workspace.opened("Doors")
    ts = await said(workspace, "#board", 'he said "no"\n' * 900, by="ana")

    form = await chosen(workspace, "message_add", "#board", ts)
    await sent(workspace, form, incident="1", consent=["yes"])
    await workspace.delivered()

    [(*_, content, _, _)] = await workspace.rows(COMMENTS)
    assert content.endswith("…")
    assert len(content) > 2_000


async def test_a_long_message_is_kept_whole_as_a_comment(workspace: Workspace) -> None:
    text = "word " * 2_000 + "ends"
    ts = await said(workspace, "#checkout", text)

    form = await chosen(workspace, "message_create", "#checkout", ts)
    assert len(value(form, "description")) <= 3_000
    assert "Bring the whole message as a comment" in words(form)
    await sent(workspace, form, whole=["yes"])
    await workspace.delivered()

    assert [row[2] for row in await workspace.rows(COMMENTS)] == [text]


# --- what is forged, repeated or lost --------------------------------------------------------------------------------


async def forged(workspace: Workspace, by: str, form: Json, **source: str) -> Json:
    """The form of another message, as if it had been opened on this one."""
    user = workspace.sandbox.workspace.person(by)["id"]
    [view] = [v for v in workspace.sandbox.workspace.views.stack(user) if v["id"] == form["id"]]
    view["private_metadata"] = json.dumps({"source": source})
    return view


async def test_a_message_of_a_private_channel_that_the_person_is_not_in_cannot_be_brought(workspace: Workspace) -> None:
    await workspace.opened("Doors")
    secret = await said(workspace, "#security", "the code is 4711")
    ts = await said(workspace, "#checkout", "hello", by="chloe")
    form = await chosen(workspace, "message_create", "#checkout", ts, by="chloe")
    await forged(workspace, "chloe", form, channel_id="C0SECURITY", ts=secret)
    refused = await sent(workspace, form, by="chloe", title="Mine")
    assert "no such message that you can see" in str(refused["errors"])

    form = await chosen(workspace, "message_add", "#checkout", ts, by="chloe")
    await forged(workspace, "chloe", form, channel_id="C0SECURITY", ts=secret)
    refused = await sent(workspace, form, by="chloe", incident="1")

    assert "no such message that you can see" in str(refused["errors"])
    assert len(await workspace.rows(INCIDENTS)) == 1
    assert await workspace.rows(COMMENTS) == []


async def test_an_incident_that_the_person_cannot_see_is_neither_offered_nor_taken(workspace: Workspace) -> None:
    await workspace.opened("Badges", channel="#security")
    ts = await said(workspace, "#checkout", "hello", by="chloe")
    form = await chosen(workspace, "message_add", "#checkout", ts, by="chloe")

    assert await offered(workspace, form, "1", by="chloe") == []
    values = {"incident": {"message.incident": "1"}}
    send = {"user": "chloe", "view_id": form["id"], "values": values, "force": True}
    assert "There is no INC-1 that you can see" in (await workspace.control("submit", send))["errors"]["incident"]

    send["values"] = {"incident": {"message.incident": "'; drop"}}
    assert "choose an incident" in (await workspace.control("submit", send))["errors"]["incident"]


async def test_the_same_form_twice_makes_one_incident_and_one_comment(workspace: Workspace) -> None:
    ts = await said(workspace, "#checkout", "Checkout is slow")
    for shortcut, values in (("message_create", {}), ("message_add", {"incident": "1", "note": "look"})):
        form = await chosen(workspace, shortcut, "#checkout", ts)
        user = workspace.sandbox.workspace.person("ana")
        await sent(workspace, form, **values)
        log = [e for e in await workspace.log() if e["kind"] == "delivery" and e["type"] == "view_submission"]
        assert log
        view = {**form, "state": {"values": _state(form, values)}}
        payload = interactions.submission(workspace.sandbox, user, view)
        assert (await workspace.sandbox.dispatcher.call("interactive", payload)).status == "acked"
    await workspace.delivered()

    assert len(await workspace.rows(INCIDENTS)) == 1
    assert sorted(row[2] for row in await workspace.rows(COMMENTS)) == ["Checkout is slow", "look"]


def _state(form: Json, values: Json) -> Json:
    state = json.loads(json.dumps(form["state"]["values"]))
    if "incident" in values:
        state["incident"]["message.incident"]["selected_option"] = {"value": values["incident"]}
        state["note"]["note"]["value"] = values["note"]
    return dict(state)


async def test_an_answer_that_never_came_quotes_once(workspace: Workspace) -> None:
    card = await workspace.opened("Checkout is slow")
    ts = await said(workspace, "#checkout", "I see it, too")
    form = await chosen(workspace, "message_add", "#checkout", ts)
    lost = {"kind": "timeout_after_success", "times": 1, "delay_ms": 100}
    await workspace.faults({"method": "chat.postMessage", **lost}, {"method": "conversations.replies", **lost})

    await sent(workspace, form, incident="1")
    await workspace.delivered()

    assert len(await workspace.rows(COMMENTS)) == 1
    assert len(await thread_of(workspace, "#incidents", card["ts"])) == 1
    assert len(await thread_of(workspace, "#checkout", ts)) == 1


async def test_a_quotation_waits_for_a_card_that_nobody_knew_to_be_deleted(workspace: Workspace) -> None:
    card = await workspace.opened("Checkout is slow")
    ts = await said(workspace, "#checkout", "I see it, too")
    form = await chosen(workspace, "message_add", "#checkout", ts)
    await workspace.lost("delete", user="ana", channel="#incidents", ts=card["ts"])

    await sent(workspace, form, incident="1")
    await workspace.delivered()

    again = await workspace.stage.card("#incidents", "Checkout is slow")
    assert len(await thread_of(workspace, "#incidents", again["ts"])) == 1
    assert len(await thread_of(workspace, "#checkout", ts)) == 1
    assert await workspace.rows("SELECT 1 FROM outbox") == []


async def test_what_slack_took_unanswered_is_quoted_once_although_the_card_is_posted_anew(
    workspace: Workspace,
) -> None:
    card = await workspace.opened("Checkout is slow")
    ts = await said(workspace, "#checkout", "I see it, too")
    form = await chosen(workspace, "message_add", "#checkout", ts)
    lost = {"method": "chat.postMessage", "kind": "timeout_after_success", "times": 1, "delay_ms": 50}
    await workspace.faults(lost, {"method": "conversations.replies", "kind": "http_500", "times": 1})

    await sent(workspace, form, incident="1")
    await workspace.shown("#incidents", "I see it, too")
    await workspace.stage.do("delete", user="ana", channel="#incidents", ts=card["ts"])
    await workspace.delivered()

    quotes = [m for m in await workspace.stage.messages("#incidents") if "I see it, too" in m["text"]]
    assert len(quotes) == 1
    assert len(await thread_of(workspace, "#checkout", ts)) == 1


async def test_people_of_whom_slack_says_nothing_do_not_lose_their_words(workspace: Workspace) -> None:
    await workspace.opened("Doors")
    message = {"type": "message", "ts": "1790000000.000100", "user": "U0NOBODY00", "text": "it is open"}
    form = await dispatched(workspace, "ana", "message_add", "#board", message)

    await sent(workspace, form, incident="1", consent=["yes"])
    await workspace.delivered()

    assert [row[:3] for row in await workspace.rows(COMMENTS)] == [(1, "Ana Almeida", "it is open")]


async def test_an_app_s_words_are_carried_where_the_bot_is_not(workspace: Workspace) -> None:
    await workspace.opened("Doors")
    post = {"type": "message", "ts": "1790000000.000100", "subtype": "bot_message", "bot_id": "B1", "text": "a\nb"}
    form = await dispatched(workspace, "ana", "message_add", "#board", {**post, "username": "Doors"})

    await sent(workspace, form, incident="1", consent=["yes"])
    await workspace.delivered()

    assert [row[1:3] for row in await workspace.rows(COMMENTS)] == [("Ana Almeida", "Doors (app) posted:\n> a\n> b")]


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


async def test_where_slack_takes_no_reply_the_person_is_told(workspace: Workspace) -> None:
    ts = await said(workspace, "#checkout", "Checkout is slow")
    form = await chosen(workspace, "message_create", "#checkout", ts)
    await workspace.stage.do("delete", user="ben", channel="#checkout", ts=ts)

    await sent(workspace, form)
    await workspace.delivered()

    [told] = await direct(workspace, "U0ANA00000")
    assert "Slack takes no replies there" in told


async def test_words_in_a_direct_message_stay_there_and_the_form_says_why_no_thread(workspace: Workspace) -> None:
    await workspace.stage.command("ana", "#incidents", "whoami")
    message = {"type": "message", "ts": "1790000000.000100", "user": "U0ANA00000", "text": "psst"}
    box = workspace.sandbox
    threaded = {**message, "thread_ts": message["ts"], "reply_count": 2}
    payload = interactions.message_shortcut(
        box, box.workspace.person("ana"), "message_create", box.workspace.dm("U0ANA00000"), threaded
    )
    await box.dispatcher.call("interactive", payload)
    form = await dialog(workspace)

    assert "I cannot read direct messages between people" in words(form)
    assert "consent" in fields(form)
    assert "consent" in (await sent(workspace, form))["errors"]


@pytest.mark.parametrize("metadata", ["[]", '{"source": 1}', '{"source": {"ts": "x"}}'])
async def test_a_form_whose_message_cannot_be_read_is_refused(workspace: Workspace, metadata: str) -> None:
    await workspace.opened("Doors")
    ts = await said(workspace, "#checkout", "hello")
    form = await chosen(workspace, "message_add", "#checkout", ts)
    [view] = workspace.sandbox.workspace.views.stack("U0ANA00000")
    view["private_metadata"] = metadata

    assert (await sent(workspace, form, incident="1"))["errors"]
    assert await workspace.rows(COMMENTS) == []


async def test_an_incident_that_is_deleted_meanwhile_gets_nothing(workspace: Workspace) -> None:
    await workspace.opened("Doors")
    ts = await said(workspace, "#checkout", "hello")
    form = await chosen(workspace, "message_add", "#checkout", ts)
    held = {"method": "conversations.replies", "kind": "ratelimited", "times": 1, "retry_after": 1}
    await workspace.faults(held)
    await sent(workspace, form, incident="1")
    await workspace.changed("UPDATE incident SET deleted_at = now()")
    await workspace.delivered()

    assert await workspace.rows(COMMENTS) == []
    assert await thread_of(workspace, "#checkout", ts) == []


async def test_a_message_that_is_deleted_before_it_is_read_is_told_to_the_person(workspace: Workspace) -> None:
    await workspace.opened("Checkout is slow")
    ts = await said(workspace, "#checkout", "I see it, too")
    form = await chosen(workspace, "message_add", "#checkout", ts)
    await workspace.stage.do("delete", user="ben", channel="#checkout", ts=ts)

    await sent(workspace, form, incident="1")
    await workspace.delivered()

    assert await workspace.rows(COMMENTS) == []
    told = await direct(workspace, "U0ANA00000")
    assert any("could not be brought to" in each for each in told)


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


@pytest.mark.parametrize("times, channel", [(1, "#checkout"), (2, "#incidents")], ids=["link", "quote"])
async def test_what_slack_took_unanswered_stays_one_although_the_card_is_posted_anew(
    workspace: Workspace, times: int, channel: str
) -> None:
    card = await workspace.opened("Disk full")
    ts = await said(workspace, "#checkout", "the vendor knows")
    form = await chosen(workspace, "message_add", "#checkout", ts)
    unanswered = {"method": "chat.postMessage", "kind": "timeout_after_success", "delay_ms": 2000}
    await workspace.faults({**unanswered, "times": times})

    await sent(workspace, form, incident="1")
    await workspace.shown(channel, "*Ana Almeida* brought" if times == 2 else "added to")
    await workspace.stage.do("delete", user="ana", channel="#incidents", ts=card["ts"])
    await workspace.delivered()

    assert len(await thread_of(workspace, "#checkout", ts)) == 1
    told = [message["text"] for message in await workspace.stage.messages("#incidents")]
    assert sum("the vendor knows" in text for text in told) == 1
