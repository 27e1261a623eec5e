"""A small app that shows everything that the page must be able to draw, connected by the real SDK."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond, AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.server import Sandbox

Json = dict[str, Any]

MANIFEST: Json = {
    "display_information": {"name": "Sampler"},
    "features": {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
        "bot_user": {"display_name": "Sampler"},
        "slash_commands": [
            {"command": "/form", "description": "Every kind of field", "usage_hint": "[title]", "should_escape": True},
            {"command": "/card", "description": "A message with buttons"},
            {"command": "/whisper", "description": "Only for you"},
            {"command": "/echo", "description": "Says it as it stands"},
            {"command": "/silent", "description": "Never answers"},
        ],
        "shortcuts": [
            {"name": "Open the form", "type": "global", "callback_id": "form.open", "description": "Every field"},
            {"name": "Quote this", "type": "message", "callback_id": "quote", "description": "Into a form"},
        ],
    },
    "oauth_config": {
        "scopes": {"bot": ["commands", "chat:write", "channels:history", "groups:history", "im:history", "users:read"]}
    },
    "settings": {
        "event_subscriptions": {"bot_events": ["app_home_opened", "message.channels", "message.im"]},
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": True,
    },
}


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(text: str) -> Json:
    return {"text": plain(text), "value": text.lower()}


def options(*texts: str) -> list[Json]:
    return [option(text) for text in texts]


def field(name: str, kind: str, *, optional: bool = True, dispatch: bool = False, **more: Any) -> Json:
    """An input block whose label, block and action are named alike."""
    element = {"type": kind, "action_id": name, **more}
    ids = {"type": "input", "block_id": name, "label": plain(name.capitalize())}
    return {**ids, "element": element, "optional": optional, "dispatch_action": dispatch}


def form(title: str = "", *, note: str = "") -> Json:
    """A modal with every kind of field; ``note`` stands above them."""
    initial: Json = {"initial_value": title} if title else {}
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("Every field"),
        "submit": plain("Save"),
        "close": plain("Never mind"),
        "blocks": [
            {
                "type": "section",
                "block_id": "note",
                "text": {"type": "mrkdwn", "text": note or "*Fill in* what you like."},
            },
            field("title", "plain_text_input", optional=False, max_length=40, **initial),
            field("details", "plain_text_input", multiline=True),
            field("email", "email_text_input"),
            field("link", "url_text_input"),
            field("count", "number_input", is_decimal_allowed=False),
            field("priority", "static_select", dispatch=True, options=options("High", "Medium", "Low")),
            field("tags", "multi_static_select", options=options("Red", "Green", "Blue")),
            field("person", "users_select"),
            field("people", "multi_users_select"),
            field("place", "conversations_select"),
            field("channel", "channels_select"),
            field("remote", "external_select", min_query_length=1),
            field("day", "datepicker", initial_date="2026-03-04"),
            field("time", "timepicker"),
            field("moment", "datetimepicker"),
            field("checks", "checkboxes", options=options("Alpha", "Beta")),
            field("choice", "radio_buttons", options=options("One", "Two")),
            {"type": "actions", "block_id": "more", "elements": [button("Go on", "form.more")]},
        ],
    }


SECOND: Json = {
    "type": "modal",
    "title": plain("One more thing"),
    "close": plain("Back"),
    "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "Nearly done"}}],
}


def button(text: str, action_id: str, **more: Any) -> Json:
    return {"type": "button", "text": plain(text), "action_id": action_id, **more}


CONFIRM: Json = {
    "title": plain("Really delete?"),
    "text": {"type": "mrkdwn", "text": "It *cannot* be undone."},
    "confirm": plain("Delete it"),
    "deny": plain("Keep it"),
    "style": "danger",
}

CARD: list[Json] = [
    {"type": "header", "text": plain("Checkout is slow :rotating_light:")},
    {
        "type": "section",
        "block_id": "head",
        "text": {
            "type": "mrkdwn",
            "text": "*INC-42* Checkout is ~fast~ _slow_ for `eu-west`, see <https://example.com|log>",
        },
        "accessory": {"type": "overflow", "action_id": "card.more", "options": options("Edit", "History")},
    },
    {
        "type": "section",
        "fields": [
            {"type": "mrkdwn", "text": "*Status*\n:large_green_circle: open"},
            {"type": "mrkdwn", "text": "*Opened*\n<!date^1767225600^{date_short} {time}|long ago>"},
            {"type": "mrkdwn", "text": "*Owner*\n<@U0BEN00000>"},
            {"type": "mrkdwn", "text": "*Where*\n<#C0GENERAL0>"},
        ],
    },
    {"type": "divider"},
    {"type": "image", "image_url": "https://example.com/graph.png", "alt_text": "Graph of latency"},
    {
        "type": "video",
        "title": plain("v"),
        "alt_text": "v",
        "video_url": "https://e.com/v",
        "thumbnail_url": "https://e.com/t",
    },
    {
        "type": "actions",
        "block_id": "buttons",
        "elements": [
            button("Take it", "card.take", style="primary", value="42"),
            button("Delete…", "card.delete", style="danger", value="42", confirm=CONFIRM),
            {
                "type": "static_select",
                "action_id": "card.rank",
                "placeholder": plain("Priority"),
                "options": options("High", "Low"),
            },
        ],
    },
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "12 comments · last word 5 min ago"}]},
]

WHISPER: list[Json] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "A word in your ear"}},
    {
        "type": "actions",
        "elements": [
            button("Louder", "whisper.louder"),
            {
                "type": "static_select",
                "action_id": "whisper.pick",
                "placeholder": plain("Pick one"),
                "options": options("Tea", "Coffee"),
            },
        ],
    },
]

HOME: Json = {
    "type": "home",
    "blocks": [
        {"type": "header", "text": plain("Your day")},
        {"type": "actions", "elements": [button("Refresh", "home.refresh")]},
    ],
}


@asynccontextmanager
async def connected(sandbox: Sandbox) -> AsyncIterator[list[Json]]:
    """Run the app; what was submitted and clicked is in the list."""
    heard: list[Json] = []
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
    app = AsyncApp(client=client)
    _listen(app, heard)
    handler = AsyncSocketModeHandler(app, sandbox.app_token, web_client=client)
    await handler.connect_async()
    try:
        yield heard
    finally:
        await handler.close_async()


def _listen(app: AsyncApp, heard: list[Json]) -> None:
    _listen_to_commands(app)
    _listen_to_the_form(app, heard)
    _listen_to_clicks(app, heard)

    @app.event("message")
    async def said() -> None:
        """Nothing to do."""

    @app.event("app_home_opened")
    async def home_opened(event: Json, client: AsyncWebClient) -> None:
        if event["tab"] == "home":
            await client.views_publish(user_id=event["user"], view=HOME)


def _listen_to_commands(app: AsyncApp) -> None:
    @app.command("/form")
    async def form_asked(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=form(body["text"]))
        await ack()

    @app.shortcut("form.open")
    async def form_opened(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=form())
        await ack()

    @app.shortcut("quote")
    async def quoted(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=form(body["message"]["text"]))
        await ack()

    @app.command("/card")
    async def card_asked(ack: AsyncAck, say: AsyncSay) -> None:
        await ack()
        await say(text="Checkout is slow", blocks=CARD)

    @app.command("/whisper")
    async def whisper_asked(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(text="A word in your ear", blocks=WHISPER)

    @app.command("/echo")
    async def echoed(ack: AsyncAck, say: AsyncSay, body: Json) -> None:
        await ack()
        await say(text=body["text"])

    @app.command("/silent")
    async def ignored() -> None:
        """Not even an acknowledgement."""


def _listen_to_the_form(app: AsyncApp, heard: list[Json]) -> None:
    @app.view("form")
    async def submitted(ack: AsyncAck, view: Json) -> None:
        values = view["state"]["values"]
        if values["title"]["title"]["value"] == "wrong":
            await ack(response_action="errors", errors={"title": "That title is taken.", "email": "Unknown address."})
            return
        heard.append(values)
        await ack()

    @app.action("priority")
    async def priority_chosen(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await ack()
        chosen = body["actions"][0]["selected_option"]["value"]
        view = form(note=f"Priority is now *{chosen}*.")
        await client.views_update(view_id=body["view"]["id"], hash=body["view"]["hash"], view=view)

    @app.action("form.more")
    async def more_asked(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await client.views_push(trigger_id=body["trigger_id"], view=SECOND)
        await ack()

    @app.options("remote")
    async def offered(ack: AsyncAck, payload: Json) -> None:
        await ack(options=[option(f"Found {payload['value']} {place}") for place in (1, 2)])


def _listen_to_clicks(app: AsyncApp, heard: list[Json]) -> None:
    @app.action("card.take")
    async def taken(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await ack()
        text = f"Taken by <@{body['user']['id']}>"
        where = {"channel": body["channel"]["id"], "ts": body["message"]["ts"]}
        await client.chat_update(
            **where, text=text, blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
        )

    @app.action("whisper.louder")
    async def louder(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(text="A WORD IN YOUR EAR", replace_original=True)

    @app.action("home.refresh")
    async def refreshed(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await ack()
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "Nothing left to do"}}]
        await client.views_publish(user_id=body["user"]["id"], view={"type": "home", "blocks": blocks})

    async def noted(ack: AsyncAck, action: Json) -> None:
        heard.append(action)
        await ack()

    for name in ("card.delete", "card.more", "card.rank", "whisper.pick"):
        app.action(name)(noted)
