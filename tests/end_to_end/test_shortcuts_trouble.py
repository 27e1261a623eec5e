"""Shortcuts when messages are gone, answers never come, or the bot cannot read."""

import json

import pytest

from sandbox import interactions
from tests.end_to_end.conftest import Json, Workspace
from tests.end_to_end.shortcutting import (
    COMMENTS,
    INCIDENTS,
    chosen,
    direct,
    dispatched,
    fields,
    said,
    sent,
    thread_of,
    value,
    words,
)


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


async def test_where_slack_takes_no_reply_the_person_is_told(workspace: Workspace) -> None:
    ts = await said(workspace, "#checkout", "Checkout is slow")
    form = await chosen(workspace, "message_create", "#checkout", ts)
    await workspace.stage.do("delete", user="ben", channel="#checkout", ts=ts)

    await sent(workspace, form)
    await workspace.delivered()

    [told] = await direct(workspace, "U0ANA00000")
    assert "Slack takes no replies there" in told


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
