"""Commands, clicks, modals and shortcuts: what the bot gets, and what people then see."""

import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.samples import SAMPLES
from tests.sandbox.conftest import Person, Socket, error_of, refusal

Json = dict[str, Any]

INCIDENTS = "C0INCIDENT"
needs_samples = pytest.mark.skipif(not SAMPLES.exists(), reason="recorded payloads are not beside this checkout")


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def options(*values: str) -> list[Json]:
    return [{"text": plain(value.title()), "value": value} for value in values]


def field(block_id: str, element: Json, **more: Any) -> Json:
    return {"type": "input", "block_id": block_id, "label": plain(block_id), "element": element, **more}


def modal(*blocks: Json, **more: Any) -> Json:
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("Form"),
        "submit": plain("Save"),
        "blocks": list(blocks or [TITLE]),
        **more,
    }


TITLE = field("title", {"type": "plain_text_input", "action_id": "title", "min_length": 2, "max_length": 5})
BUTTONS = {
    "type": "actions",
    "block_id": "buttons",
    "elements": [
        {"type": "button", "action_id": "go", "text": plain("Go"), "value": "42", "style": "primary"},
        {"type": "static_select", "action_id": "pick", "options": options("high", "low")},
        {"type": "overflow", "action_id": "more", "options": options("one", "two")},
        {"type": "users_select", "action_id": "who", "initial_user": "U0BEN00000"},
        {"type": "external_select", "action_id": "search", "min_query_length": 1},
    ],
}


async def card(client: AsyncWebClient, *blocks: Json) -> str:
    made = await client.chat_postMessage(channel=INCIDENTS, text="card", blocks=list(blocks or [BUTTONS]))
    return str(made["ts"])


async def opened(client: AsyncWebClient, ana: Person, socket: Socket, view: Json) -> Json:
    """A modal in front of Ana."""

    async def show(payload: Json) -> None:
        await client.views_open(trigger_id=payload["trigger_id"], view=view)

    socket.replies["/test"] = show
    await ana.does("command", channel="#incidents", command="/test")
    stack: list[Json] = (await ana.reads("state"))["views"]["U0ANA00000"]
    return stack[-1]


async def stack_of(ana: Person) -> list[Json]:
    views: list[Json] = (await ana.reads("state"))["views"].get("U0ANA00000", [])
    return views


# --- commands


async def test_a_command_is_escaped_as_the_manifest_asks(ana: Person, socket: Socket) -> None:
    text = "take @ben #checkout #security #nowhere http://x.example <b>"
    await ana.does("command", channel="#incidents", command="/test", text=text)
    await ana.does("command", channel="#incidents", command="/plain", text=text)

    escaped, unescaped = (e["payload"]["text"] for e in socket.received)
    assert escaped == (
        "take <@U0BEN00000|ben> <#C0CHECKOUT|checkout> <#C0SECURITY|> #nowhere <http://x.example> &lt;b&gt;"
    )
    assert unescaped == text


@pytest.mark.parametrize(
    "channel, name", [("#incidents", "incidents"), ("#security", "privategroup"), ("dm", "directmessage")]
)
async def test_a_command_names_its_channel_as_slack_does(ana: Person, socket: Socket, channel: str, name: str) -> None:
    await ana.does("command", channel=channel, command="/test")

    assert socket.received[0]["payload"]["channel_name"] == name


@needs_samples
async def test_a_command_has_the_shape_of_a_recorded_one(ana: Person, socket: Socket) -> None:
    await ana.does("command", channel="#incidents", command="/test", text="hello")

    frame = socket.received[0]
    inline = SAMPLES / "bolt-python__MIT/payloads/socket_mode/slash_commands/mock_socket_mode_server__inline.json"
    theirs = json.loads(inline.read_text("utf8"))
    assert frame.keys() == theirs.keys()
    assert frame["payload"].keys() - theirs["payload"].keys() == {"is_enterprise_install"}
    assert theirs["payload"].keys() <= frame["payload"].keys()


async def test_the_acknowledgement_of_a_command_is_shown(ana: Person, socket: Socket) -> None:
    socket.replies["/test"] = {"text": "only you"}
    await ana.does("command", channel="#incidents", command="/test")
    socket.replies["/test"] = {"text": "all", "response_type": "in_channel"}
    await ana.does("command", channel="#incidents", command="/test")
    socket.replies["/test"] = "words"
    await ana.does("command", channel="#incidents", command="/test")

    state = await ana.reads("state")
    assert [m["text"] for m in state["ephemerals"]["U0ANA00000"]] == ["only you", "words"]
    message = (await ana.channel(INCIDENTS))["messages"][-1]
    assert (message["text"], message["subtype"], "user" in message) == ("all", "bot_message", False)


async def test_an_acknowledgement_that_slack_cannot_show_is_an_error(ana: Person, socket: Socket) -> None:
    socket.replies["/test"] = {"text": "x", "blocks": [{"type": "section"}]}
    answer = await ana.does("command", channel="#incidents", command="/test")

    assert (answer["ack"]["status"], answer["ack"]["error"]) == ("error", "invalid_blocks")
    assert await ana.log("problem", error="invalid_blocks")


async def test_not_everybody_can_use_commands_everywhere(ana: Person, priya: Person) -> None:
    assert "thread" in await ana.is_refused("command", channel="#incidents", command="/test", thread_ts="1.1")
    assert "organisations" in await priya.is_refused("command", channel="#shared-partner", command="/test")
    assert "valid" in await ana.is_refused("command", channel="#incidents", command="/other")
    assert await ana.is_refused("command", user="dora", channel="#incidents", command="/test") == "user_disabled"
    assert await ana.is_refused("command", channel="#old-project", command="/test") == "is_archived"
    assert await ana.is_refused("command", user="gus", channel="#security", command="/test") == "not_in_channel"
    assert await ana.is_refused("command", channel="#incidents") == "command is missing"
    assert await ana.is_refused("command", user="nobody", channel="#incidents", command="/test") == "user_not_found"


async def test_guests_can_use_commands(ana: Person, socket: Socket) -> None:
    answer = await ana.does("command", user="gus", channel="#incidents", command="/test")

    assert answer["ack"]["status"] == "acked"


# --- triggers and response URLs


async def test_a_trigger_works_once_for_three_seconds(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    await ana.does("command", channel="#incidents", command="/test")
    await ana.does("command", channel="#incidents", command="/test")
    first, second = (e["payload"]["trigger_id"] for e in socket.received)

    await client.views_open(trigger_id=first, view=modal())
    assert await refusal(client.views_open(trigger_id=first, view=modal())) == "exchanged_trigger_id"
    await ana.does("clock", advance_s=3.1)
    assert await refusal(client.views_open(trigger_id=second, view=modal())) == "expired_trigger_id"
    assert await refusal(client.views_open(trigger_id="1.2.3", view=modal())) == "invalid_trigger_id"


async def responds(session: aiohttp.ClientSession, url: str, body: Any) -> tuple[int, str]:
    async with session.post(url, json=body) as answer:
        return answer.status, await answer.text()


async def test_a_response_url_lives_five_times_and_half_an_hour(
    ana: Person, socket: Socket, session: aiohttp.ClientSession
) -> None:
    await ana.does("command", channel="#random", command="/test")
    await ana.does("command", channel="#random", command="/test")
    url, other = (e["payload"]["response_url"] for e in socket.received)

    answers = [await responds(session, url, {"text": str(n)}) for n in range(6)]
    assert answers == [(200, "ok")] * 5 + [(404, "used_url")]
    assert len((await ana.reads("state"))["ephemerals"]["U0ANA00000"]) == 5
    await ana.does("clock", advance_s=1801)
    assert await responds(session, other, {"text": "late"}) == (404, "expired_url")


@pytest.mark.parametrize(
    "body, words",
    [([], "invalid_payload"), ({}, "no_text"), ({"txt": 1}, "invalid_arguments"), ({"blocks": [{}]}, "invalid_blocks")],
)
async def test_a_response_must_make_sense(
    ana: Person, socket: Socket, session: aiohttp.ClientSession, body: Any, words: str
) -> None:
    await ana.does("command", channel="#incidents", command="/test")

    url = socket.received[0]["payload"]["response_url"]
    assert await responds(session, url, body) == (400, words)
    async with session.post(url, data=b"{") as answer:
        assert answer.status == 400


async def test_a_response_replaces_and_deletes_the_message_that_was_clicked(
    client: AsyncWebClient, ana: Person, socket: Socket, session: aiohttp.ClientSession
) -> None:
    ts = await card(client)
    await ana.does("action", channel="#incidents", message_ts=ts, action_id="go")
    url = socket.payloads("block_actions")[0]["response_url"]

    await responds(session, url, {"text": "done", "replace_original": True})
    message = (await ana.channel(INCIDENTS))["messages"][-1]
    assert (message["text"], "blocks" in message) == ("done", False)
    await responds(session, url, {"text": "in thread", "response_type": "in_channel", "thread_ts": ts})
    await responds(session, url, {"delete_original": True})
    await ana.reads("wait", idle_ms=20)
    subtypes = [e.get("subtype") for e in socket.events("message")]
    assert subtypes == [None, "message_changed", "bot_message", "message_changed"]
    assert (await responds(session, url, {"delete_original": True}))[1] == "message_not_found"


async def test_an_ephemeral_can_be_clicked_replaced_and_deleted(
    client: AsyncWebClient, ana: Person, socket: Socket, session: aiohttp.ClientSession
) -> None:
    made = await client.chat_postEphemeral(channel=INCIDENTS, user="U0ANA00000", text="x", blocks=[BUTTONS])
    await ana.does("action", channel="#incidents", message_ts=made["message_ts"], action_id="go")

    payload = socket.payloads("block_actions")[0]
    assert payload["container"]["is_ephemeral"]
    assert "message" not in payload
    await responds(session, payload["response_url"], {"text": "done", "replace_original": True})
    assert [m["text"] for m in (await ana.reads("state"))["ephemerals"]["U0ANA00000"]] == ["done"]
    await responds(session, payload["response_url"], {"delete_original": True, "text": "new"})
    assert [m["text"] for m in (await ana.reads("state"))["ephemerals"]["U0ANA00000"]] == ["new"]
    again = await responds(session, payload["response_url"], {"delete_original": True})
    assert again == (404, "message_not_found")


async def test_a_message_can_be_deleted_by_its_response_url(
    client: AsyncWebClient, ana: Person, socket: Socket, session: aiohttp.ClientSession
) -> None:
    ts = await card(client)
    await ana.does("action", channel="#incidents", message_ts=ts, action_id="go")
    await responds(session, socket.payloads("block_actions")[0]["response_url"], {"delete_original": True})

    assert (await ana.channel(INCIDENTS))["messages"] == []


# --- clicks


@needs_samples
async def test_a_click_has_the_shape_of_a_recorded_one(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    ts = await card(client)
    await ana.does("action", channel="#incidents", message_ts=ts, action_id="go")

    ours = socket.payloads("block_actions")[0]
    for name in ("block_actions_respond__dict118", "block_actions__body"):
        theirs = json.loads((SAMPLES / f"bolt-python__MIT/payloads/interactive/block_actions/{name}.json").read_text())
        assert theirs.keys() <= ours.keys()
        assert theirs["actions"][0].keys() <= ours["actions"][0].keys()
        assert theirs["container"].keys() <= ours["container"].keys()
        assert theirs["user"].keys() <= ours["user"].keys()
    assert (ours["actions"][0]["value"], ours["message"]["ts"]) == ("42", ts)


async def test_choices_are_told_by_the_type_of_element(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    ts = await card(client)
    at = {"channel": "#incidents", "message_ts": ts}
    await ana.does("action", **at, action_id="pick", selected="high")
    await ana.does("action", **at, action_id="more", block_id="buttons", selected="two")
    await ana.does("action", **at, action_id="who", selected="U0ANA00000", values={"buttons": {"pick": "low"}})

    pick, more, who = socket.payloads("block_actions")
    assert pick["actions"][0]["selected_option"] == {"text": plain("High") | {"emoji": True}, "value": "high"}
    assert pick["state"]["values"]["buttons"]["who"]["selected_user"] == "U0BEN00000"
    assert more["actions"][0]["selected_option"]["value"] == "two"
    assert who["actions"][0]["selected_user"] == "U0ANA00000"
    assert who["state"]["values"]["buttons"]["pick"]["selected_option"]["value"] == "low"


async def test_nothing_is_clicked_that_is_not_there(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    at = {"channel": "#incidents", "message_ts": await card(client)}
    assert "no other" in await ana.is_refused("action", **at, action_id="other")
    assert "another value" in await ana.is_refused("action", **at, action_id="go", value="43")
    assert "does not offer" in await ana.is_refused("action", **at, action_id="pick", selected="third")
    assert await ana.is_refused("action", channel="#incidents", message_ts="1.1", action_id="go") == "message_not_found"

    await ana.does("action", **at, action_id="other", value="x", force=True)
    await ana.does("action", **at, action_id="go", value="43", force=True)
    await ana.does("action", **at, action_id="pick", selected="third", force=True)
    forged, changed, third = (p["actions"][0] for p in socket.payloads("block_actions"))
    assert (forged["action_id"], forged["value"], changed["value"]) == ("other", "x", "43")
    assert third["selected_option"]["value"] == "third"


async def test_a_click_in_a_thread_says_so(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    root = await card(client)
    made = await client.chat_postMessage(channel=INCIDENTS, text="x", blocks=[BUTTONS], thread_ts=root)
    await ana.does("action", channel="#incidents", message_ts=made["ts"], action_id="go")

    assert socket.payloads("block_actions")[0]["container"]["thread_ts"] == root


async def test_a_search_offers_what_can_then_be_chosen(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    at = {"channel": "#incidents", "message_ts": await card(client), "action_id": "search"}
    socket.replies["block_suggestion"] = {"options": options("db", "dns")}

    assert "does not offer" in await ana.is_refused("action", **at, selected="db")
    found = await ana.does("options", **at, value="d")
    await ana.does("action", **at, selected="db")
    await ana.does("action", **at, selected={"value": "dns"})
    socket.replies["block_suggestion"] = {"option_groups": [{"label": plain("x"), "options": options("g")}]}
    grouped = await ana.does("options", **at, value="d")

    assert [o["value"] for o in found["options"]] == ["db", "dns"]
    assert [o["value"] for o in grouped["options"]] == ["g"]
    assert socket.payloads("block_suggestion")[0]["container"]["type"] == "message"
    assert socket.payloads("block_actions")[0]["actions"][0]["selected_option"]["text"]["text"] == "Db"
    assert await ana.is_refused("options", **at, value="") == "too few characters"
    assert "no such select" in await ana.is_refused("options", **{**at, "action_id": "pick"}, value="d")


async def test_people_from_elsewhere_can_click(client: AsyncWebClient, priya: Person, socket: Socket) -> None:
    made = await client.chat_postMessage(channel="C0SHARED00", text="card", blocks=[BUTTONS])
    await priya.does("action", channel="#shared-partner", message_ts=made["ts"], action_id="go")

    payload = socket.payloads("block_actions")[0]
    assert (payload["team"]["id"], payload["user"]["team_id"]) == ("T0PARTNER0", "T0PARTNER0")


# --- shortcuts


async def test_shortcuts_work_on_messages_and_anywhere(ana: Person, priya: Person, socket: Socket) -> None:
    ts = (await ana.does("message", channel="#incidents", text="x"))["ts"]
    await ana.does("shortcut", callback_id="take", channel="#incidents", message_ts=ts)
    await ana.does("shortcut", callback_id="make")

    take, make = socket.payloads("message_action")[0], socket.payloads("shortcut")[0]
    assert (take["message"]["text"], take["message_ts"], take["channel"]["name"]) == ("x", ts, "incidents")
    assert "response_url" in take
    assert "response_url" not in make
    assert "channel" not in make
    assert await ana.is_refused("shortcut", callback_id="no") == "there is no shortcut no"
    assert "organisations" in await priya.is_refused("shortcut", callback_id="make")


@needs_samples
@pytest.mark.parametrize(
    "kind, name",
    [("message_action", "app_using_methods_in_class__payload"), ("shortcut", "internals__dict75")],
)
async def test_shortcuts_have_the_shape_of_recorded_ones(ana: Person, socket: Socket, kind: str, name: str) -> None:
    ts = (await ana.does("message", channel="#incidents", text="x"))["ts"]
    await ana.does("shortcut", callback_id="take", channel="#incidents", message_ts=ts)
    await ana.does("shortcut", callback_id="make")

    theirs = json.loads((SAMPLES / f"bolt-python__MIT/payloads/interactive/{kind}/{name}.json").read_text("utf8"))
    assert theirs.keys() <= socket.payloads(kind)[0].keys()


# --- modals


@needs_samples
async def test_a_submission_has_the_shape_of_a_recorded_one(
    client: AsyncWebClient, ana: Person, socket: Socket
) -> None:
    view = await opened(client, ana, socket, modal(notify_on_close=True))
    await ana.does("action", view_id=view["id"], action_id="title", value="abc")
    await ana.does("close", view_id=view["id"])
    view = await opened(client, ana, socket, modal())
    await ana.does("submit", view_id=view["id"], values={"title": {"title": "abc"}})

    for kind in ("view_submission", "view_closed"):
        ours = socket.payloads(kind)[0]
        theirs = json.loads((SAMPLES / f"bolt-python__MIT/payloads/interactive/{kind}/{kind}__body.json").read_text())
        assert theirs.keys() - ours.keys() <= {"response_urls"}
        assert theirs["view"].keys() == ours["view"].keys() - {"submit_disabled"}
    state = socket.payloads("view_submission")[0]["view"]["state"]
    assert state == {"values": {"title": {"title": {"type": "plain_text_input", "value": "abc"}}}}


EVERY_FIELD: list[tuple[Json, Any, Json]] = [
    ({"type": "plain_text_input", "initial_value": "seed"}, "text", {"value": "text"}),
    ({"type": "number_input", "is_decimal_allowed": False}, 7, {"value": "7"}),
    ({"type": "email_text_input"}, "a@b.example", {"value": "a@b.example"}),
    ({"type": "url_text_input"}, "https://b.example", {"value": "https://b.example"}),
    ({"type": "static_select", "options": options("a")}, "a", {"selected_option": "a"}),
    ({"type": "radio_buttons", "options": options("a")}, "a", {"selected_option": "a"}),
    ({"type": "checkboxes", "options": options("a", "b")}, ["a", "b"], {"selected_options": ["a", "b"]}),
    ({"type": "multi_static_select", "options": options("a")}, "a", {"selected_options": ["a"]}),
    ({"type": "users_select"}, "U0ANA00000", {"selected_user": "U0ANA00000"}),
    ({"type": "channels_select"}, INCIDENTS, {"selected_channel": INCIDENTS}),
    ({"type": "conversations_select"}, INCIDENTS, {"selected_conversation": INCIDENTS}),
    ({"type": "multi_users_select"}, ["U0ANA00000"], {"selected_users": ["U0ANA00000"]}),
    ({"type": "datepicker"}, "2026-01-02", {"selected_date": "2026-01-02"}),
    ({"type": "timepicker"}, "10:20", {"selected_time": "10:20"}),
    ({"type": "datetimepicker"}, "1767225600", {"selected_date_time": 1767225600}),
]


def simplified(typed: Json) -> Json:
    """Options by their values only."""

    def value(given: Any) -> Any:
        if isinstance(given, list):
            return [value(item) for item in given]
        return given["value"] if isinstance(given, dict) else given

    return {name: value(given) for name, given in typed.items() if name != "type"}


async def test_every_field_is_typed_as_slack_types_it(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    blocks = [
        field(f"b{n}", element | {"action_id": "a"}, optional=True) for n, (element, _, _) in enumerate(EVERY_FIELD)
    ]
    view = await opened(client, ana, socket, modal(*blocks))
    untouched = view["state"]["values"]
    values = {f"b{n}": {"a": value} for n, (_, value, _) in enumerate(EVERY_FIELD)}
    await ana.does("submit", view_id=view["id"], values=values)

    state = socket.payloads("view_submission")[0]["view"]["state"]["values"]
    assert [simplified(state[f"b{n}"]["a"]) for n in range(len(EVERY_FIELD))] == [want for _, _, want in EVERY_FIELD]
    assert untouched["b0"]["a"]["value"] == "seed"
    assert [next(iter(simplified(untouched[f"b{n}"]["a"]).values())) for n in (1, 4, 6, 11, 12)] == [
        None, None, [], [], None,
    ]  # fmt: skip


async def test_emptied_fields_are_null(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    rich = field("rich", {"type": "rich_text_input", "action_id": "a"}, optional=True)
    file = field("file", {"type": "file_input", "action_id": "a"}, optional=True)
    pick = field("pick", {"type": "static_select", "action_id": "a", "options": options("a")}, optional=True)
    view = await opened(client, ana, socket, modal(rich, file, pick))

    assert "takes no value" in await ana.is_refused("submit", view_id=view["id"], values={"file": {"a": "x"}})
    await ana.does("submit", view_id=view["id"], values={"rich": {"a": "hello"}, "pick": {"a": None}})
    state = socket.payloads("view_submission")[0]["view"]["state"]["values"]
    assert state["rich"]["a"]["rich_text_value"]["type"] == "rich_text"
    assert state["pick"]["a"]["selected_option"] is None
    assert state["file"]["a"]["files"] == []


@pytest.mark.parametrize(
    "element, value, words",
    [
        ({"type": "plain_text_input"}, " ", "required"),
        ({"type": "plain_text_input", "min_length": 3}, "ab", "at least 3"),
        ({"type": "plain_text_input", "max_length": 3}, "abcd", "no more than 3"),
        ({"type": "email_text_input"}, "me", "email"),
        ({"type": "url_text_input"}, "example", "URL"),
        ({"type": "number_input", "is_decimal_allowed": False}, "1.5", "number"),
        ({"type": "number_input", "is_decimal_allowed": True, "min_value": "1"}, "0.5", "at least 1"),
        ({"type": "number_input", "is_decimal_allowed": False, "max_value": "3"}, "4", "at most 3"),
        ({"type": "multi_static_select", "options": options("a")}, [], "required"),
    ],
)
async def test_the_client_does_not_submit_what_is_incomplete(
    client: AsyncWebClient, ana: Person, socket: Socket, element: Json, value: Any, words: str
) -> None:
    view = await opened(client, ana, socket, modal(field("f", element | {"action_id": "a"})))

    status, refused = await ana.tries("submit", view_id=view["id"], values={"f": {"a": value}})
    assert (status, refused["error"]) == (400, "invalid_input")
    assert words in refused["errors"]["f"]
    assert socket.payloads("view_submission") == []
    await ana.does("submit", view_id=view["id"], values={"f": {"a": value}}, force=True)
    assert len(socket.payloads("view_submission")) == 1


async def test_an_empty_answer_closes_the_modal(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    view = await opened(client, ana, socket, modal())
    await ana.does("submit", view_id=view["id"], values={"title": {"title": "abc"}})

    assert await stack_of(ana) == []
    assert await ana.is_refused("submit", view_id=view["id"]) == "not_found"


async def test_errors_stand_at_the_fields_and_the_modal_stays(
    client: AsyncWebClient, ana: Person, socket: Socket
) -> None:
    view = await opened(client, ana, socket, modal())
    socket.replies["view_submission"] = {"response_action": "errors", "errors": {"title": "taken"}}
    answer = await ana.does("submit", view_id=view["id"], values={"title": {"title": "abc"}})

    assert answer["errors"] == {"title": "taken"}
    assert (await stack_of(ana))[0]["state"]["values"]["title"]["title"]["value"] == "abc"


SECTION = {"type": "section", "block_id": "s", "text": plain("x")}


@pytest.mark.parametrize(
    "reply",
    [
        {"response_action": "errors", "errors": {"s": "not an input"}},
        {"response_action": "errors", "errors": {}},
        {"response_action": "errors", "errors": {"title": 1}},
        {"response_action": "errors"},
        {"response_action": "explode"},
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "push"},
        "words",
    ],
)
async def test_an_answer_that_slack_cannot_use_leaves_the_modal(
    client: AsyncWebClient, ana: Person, socket: Socket, reply: Any
) -> None:
    view = await opened(client, ana, socket, modal(TITLE, SECTION))
    socket.replies["view_submission"] = reply
    answer = await ana.does("submit", view_id=view["id"], values={"title": {"title": "abc"}})

    assert (answer["ack"]["status"], answer["ack"]["error"]) == ("error", "We had some trouble connecting. Try again?")
    assert len(await stack_of(ana)) == 1
    assert len(await ana.log("problem")) == 1


async def test_an_update_keeps_what_was_typed_in_fields_that_stay(
    client: AsyncWebClient, ana: Person, socket: Socket
) -> None:
    view = await opened(client, ana, socket, modal())
    other = field("other", {"type": "plain_text_input", "action_id": "other", "initial_value": "o"})
    socket.replies["view_submission"] = {"response_action": "update", "view": modal(TITLE, other)}
    answer = await ana.does("submit", view_id=view["id"], values={"title": {"title": "abc"}})

    new = answer["view"]
    assert (new["id"], new["hash"] != view["hash"]) == (view["id"], True)
    assert new["state"]["values"]["title"]["title"]["value"] == "abc"
    assert new["state"]["values"]["other"]["other"]["value"] == "o"


async def test_modals_stack_three_high(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    root = await opened(client, ana, socket, modal())
    socket.replies["view_submission"] = {"response_action": "push", "view": modal(SECTION)}
    second = (await ana.does("submit", view_id=root["id"], values={"title": {"title": "abc"}}))["view"]
    third = (await ana.does("submit", view_id=second["id"]))["view"]
    full = await ana.does("submit", view_id=third["id"])

    assert (third["root_view_id"], third["previous_view_id"]) == (root["id"], second["id"])
    assert full["detail"]["code"] == "push_limit_reached"
    assert await ana.is_refused("submit", view_id=root["id"]) == "this view is not on top"
    socket.replies["view_submission"] = {"response_action": "clear"}
    await ana.does("submit", view_id=third["id"])
    assert await stack_of(ana) == []


async def test_a_click_in_a_modal_can_push_another(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    button = {"type": "section", "block_id": "s", "text": plain("x"), "accessory": BUTTONS["elements"][0]}
    view = await opened(client, ana, socket, modal(TITLE, button))

    async def push(payload: Json) -> None:
        assert payload["container"] == {"type": "view", "view_id": view["id"]}
        assert payload["view"]["state"]["values"]["title"]["title"]["value"] == "typed"
        await client.views_push(trigger_id=payload["trigger_id"], view=modal())

    socket.replies["block_actions"] = push
    await ana.does("action", view_id=view["id"], action_id="go", values={"title": {"title": "typed"}})
    assert len(await stack_of(ana)) == 2

    await ana.does("command", channel="#incidents", command="/plain")
    trigger = socket.received[-1]["payload"]["trigger_id"]
    assert await refusal(client.views_push(trigger_id=trigger, view=modal())) == "not_found"


async def test_cancel_closes_one_and_the_cross_closes_all(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    root = await opened(client, ana, socket, modal(notify_on_close=True))
    socket.replies["view_submission"] = {"response_action": "push", "view": modal(SECTION, notify_on_close=True)}
    submit = {"view_id": root["id"], "values": {"title": {"title": "abc"}}}
    second = (await ana.does("submit", **submit))["view"]
    await ana.does("close", view_id=second["id"])
    third = (await ana.does("submit", **submit))["view"]
    await ana.does("close", view_id=third["id"], clear=True)

    cancelled, crossed = socket.payloads("view_closed")
    assert (cancelled["view"]["id"], cancelled["is_cleared"]) == (second["id"], False)
    assert (crossed["view"]["id"], crossed["is_cleared"]) == (root["id"], True)
    assert await stack_of(ana) == []


async def test_closing_is_told_only_to_those_who_ask(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    root = await opened(client, ana, socket, modal())
    socket.replies["view_submission"] = {"response_action": "push", "view": modal(SECTION, clear_on_close=True)}
    second = (await ana.does("submit", view_id=root["id"], values={"title": {"title": "abc"}}))["view"]
    answer = await ana.does("close", view_id=second["id"])

    assert answer["ack"]["status"] == "none"
    assert await stack_of(ana) == []


async def test_views_are_updated_by_id_or_by_name_and_hash(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    view = await opened(client, ana, socket, modal(external_id="form-1"))
    updated = await client.views_update(view=modal(external_id="form-1"), view_id=view["id"], hash=view["hash"])

    stale = client.views_update(view=modal(), view_id=view["id"], hash=view["hash"])
    assert await refusal(stale) == "hash_conflict"
    by_name = await client.views_update(view=modal(external_id="form-1"), external_id="form-1")
    assert by_name["view"]["id"] == updated["view"]["id"] == view["id"]
    assert await refusal(client.views_update(view=modal(), view_id="V1")) == "not_found"
    neither = client.api_call("views.update", json={"view": modal()})
    assert await refusal(neither) == "invalid_arguments"


async def test_an_external_id_is_unique(client: AsyncWebClient, ana: Person, ben: Person, socket: Socket) -> None:
    await opened(client, ana, socket, modal(external_id="form-1"))
    del socket.replies["/test"]
    await ben.does("command", channel="#incidents", command="/test")

    trigger = socket.received[-1]["payload"]["trigger_id"]
    assert await refusal(client.views_open(trigger_id=trigger, view=modal(external_id="form-1"))) == (
        "duplicate_external_id"
    )


async def test_a_view_must_be_one_that_slack_shows(client: AsyncWebClient, ana: Person) -> None:
    async def tried(view: Any) -> Json:
        return await error_of(client.api_call("views.open", json={"trigger_id": "1.2.3", "view": view}))

    assert (await tried([1]))["error"] == "invalid_arguments"
    assert (await tried({"type": "home", "blocks": []}))["error"] == "invalid_arguments"
    assert (await tried(modal(title=plain("x" * 25))))["response_metadata"]["messages"]
    assert (await tried(modal(private_metadata="x" * 250_001)))["error"] == "view_too_large"


async def test_nobody_uses_another_persons_modal(
    client: AsyncWebClient, ana: Person, ben: Person, socket: Socket
) -> None:
    view = await opened(client, ana, socket, modal(submit=plain("Save")))

    assert await ben.is_refused("submit", view_id=view["id"]) == "not_found"
    assert "no field" in await ana.is_refused("submit", view_id=view["id"], values={"x": {"y": "z"}})


async def test_a_modal_without_submit_cannot_be_submitted(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    source = modal(SECTION)
    del source["submit"]
    view = await opened(client, ana, socket, source)

    assert "nothing to submit" in await ana.is_refused("submit", view_id=view["id"])


async def test_a_chosen_conversation_can_bring_a_response_url(
    client: AsyncWebClient, ana: Person, socket: Socket, session: aiohttp.ClientSession
) -> None:
    element = {"type": "conversations_select", "action_id": "a", "response_url_enabled": True}
    view = await opened(
        client, ana, socket, modal(field("where", element), field("also", element | {"action_id": "b"}, optional=True))
    )
    await ana.does("submit", view_id=view["id"], values={"where": {"a": "C0RANDOM00"}})

    (url,) = socket.payloads("view_submission")[0]["response_urls"]
    assert (url["block_id"], url["channel_id"]) == ("where", "C0RANDOM00")
    assert await responds(session, url["response_url"], {"text": "here", "response_type": "in_channel"}) == (200, "ok")


async def test_a_search_works_in_a_modal(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    element = {"type": "external_select", "action_id": "a"}
    view = await opened(client, ana, socket, modal(field("search", element)))
    socket.replies["block_suggestion"] = {"options": options("db")}
    await ana.does("options", view_id=view["id"], action_id="a", value="data")

    payload = socket.payloads("block_suggestion")[0]
    assert (payload["view"]["id"], payload["block_id"], payload["value"]) == (view["id"], "search", "data")


async def test_home_is_published_and_clicked(client: AsyncWebClient, ana: Person, socket: Socket) -> None:
    first = (await client.views_publish(user_id="U0ANA00000", view={"type": "home", "blocks": [BUTTONS]}))["view"]
    again = await client.views_publish(
        user_id="U0ANA00000", view={"type": "home", "blocks": [BUTTONS]}, hash=first["hash"]
    )
    await ana.does("action", view_id=first["id"], action_id="go")

    assert again["view"]["id"] == first["id"]
    assert socket.payloads("block_actions")[0]["view"]["type"] == "home"
    stale = client.views_publish(user_id="U0ANA00000", view={"type": "home", "blocks": []}, hash=first["hash"])
    assert await refusal(stale) == "hash_conflict"
    assert await refusal(client.views_publish(user_id="U0ANA00000", view=modal())) == "invalid_arguments"
