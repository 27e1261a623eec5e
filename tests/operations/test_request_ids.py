"""The log of a real process: each line says which request or delivery it belongs to, and nothing that people wrote."""

import asyncio
import json
from typing import Any

from tests.operations import replicas
from tests.operations.replicas import Replicas

Json = dict[str, Any]


async def logged(found: Replicas, event: str) -> Json:
    """The first line about this, once it is there."""
    line: Json = json.loads(await found.programs[0].says(f'"event": "{event}"'))
    return line


async def test_what_goes_wrong_can_be_followed_and_gives_nothing_away(database_url: str) -> None:
    async with replicas.sharing(database_url, count=1) as found:
        workspace = found.workspace
        await workspace.faults(
            {"method": "views.open", "kind": "error:internal_error", "times": 1},
            {"method": "chat.postMessage", "kind": "error:no_permission", "times": 1},
        )
        place = {"user": "ana", "channel": "#incidents", "command": "/incident"}
        await workspace.control("command", {**place, "text": 'new "Secret plan of hunter2"'})
        await workspace.control("command", {**place, "text": 'quick "Secret plan of hunter2"'})

        failed, refused, given_up = await asyncio.gather(
            *[logged(found, event) for event in ("listener_failed", "slack_refused", "gave_up")]
        )
        printed = await asyncio.to_thread(found.programs[0].log.read_text, "utf8")

    assert failed["request"]
    assert failed["reference"]
    assert "request" not in refused
    assert refused["topic"] == given_up["topic"] == "incident.opened"
    assert refused["outbox_id"] == given_up["outbox_id"]
    assert "hunter2" not in printed
    assert workspace.sandbox.bot_token not in printed
    assert workspace.sandbox.app_token not in printed
