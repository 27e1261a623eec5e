"""What is private stays where it is, whichever message is made an incident."""

import json

from sandbox import interactions
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
    words,
)


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
