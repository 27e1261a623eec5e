"""Showing a dialog, over the one that is open if there is one."""

from slack_bolt.async_app import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot import blocks
from bot.blocks import Block, Message
from bot.house import Payload


async def show(client: AsyncWebClient, body: Payload, view: Block) -> None:
    """Open it, within three seconds of the click or command that ``body`` tells of."""
    is_in_dialog = (body.get("view") or {}).get("type") == "modal"
    if is_in_dialog:
        await client.views_push(trigger_id=body["trigger_id"], view=view)
    else:
        await client.views_open(trigger_id=body["trigger_id"], view=view)


async def answer(client: AsyncWebClient, body: Payload, view: Block) -> None:
    """Show the answer to a click: in the dialog that holds the button, or in a new one."""
    shown = body.get("view") or {}
    if shown.get("type") == "modal":
        await client.views_update(view_id=shown["id"], view=view)
    else:
        await client.views_open(trigger_id=body["trigger_id"], view=view)


async def say(client: AsyncWebClient, body: Payload, respond: AsyncRespond, words: Message) -> None:
    """The answer to a click, in place of what only this person saw; where no message is, in a dialog."""
    if not body.get("response_url"):
        await answer(client, body, dialog(words))
        return
    is_ephemeral = bool((body.get("container") or {}).get("is_ephemeral"))
    await respond(text=words["text"], blocks=words["blocks"], replace_original=is_ephemeral, response_type="ephemeral")


def dialog(words: Message) -> Block:
    """An answer where it can be no message."""
    return blocks.modal("answer", "Incident Tracker", words["blocks"], close="Close")
