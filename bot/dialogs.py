"""Showing a dialog, over the one that is open if there is one."""

from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import Block
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
