"""Looking at the workspace from outside: its state, the log, waiting for something, and hearing of changes."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from sandbox.core import Sandbox
from sandbox.errors import SlackError
from sandbox.journal import milliseconds

Json = dict[str, Any]

KEEP_ALIVE_SECONDS = 15.0
LOOK_AGAIN_SECONDS = 1.0
COALESCE_SECONDS = 0.05
WAIT_SECONDS = 10.0


async def state(request: Request) -> Response:
    box: Sandbox = request.app.state.box
    workspace = box.workspace
    channels = []
    for channel in workspace.channels.values():
        told = workspace.channel_object(channel)
        channels.append({**told, "members": list(channel.members), "messages": channel.ordered()})
    return JSONResponse(
        {
            "ok": True,
            "users": list(workspace.users.values()),
            "channels": channels,
            "ephemerals": workspace.ephemerals,
            "views": {user: stack for user, stack in workspace.views.stacks.items() if stack},
            "homes": workspace.homes,
            "files": list(workspace.files.values()),
            "mails": workspace.mails,
            "team": workspace.team,
            "bot_user_id": workspace.bot_user_id,
            "log": box.journal.last,
            "connections": len(box.sockets.connections),
        }
    )


async def log(request: Request) -> Response:
    box: Sandbox = request.app.state.box
    after = int(request.query_params.get("after", "0"))
    return JSONResponse({"ok": True, "entries": box.journal.after(after), "last": box.journal.last})


async def manifest(request: Request) -> Response:
    box: Sandbox = request.app.state.box
    app = box.manifest
    return JSONResponse(
        {
            "ok": True,
            "commands": [{"usage_hint": "", "description": "", **command} for command in app.commands.values()],
            "shortcuts": list(app.shortcuts.values()),
            "bot_user": box.workspace.bot,
            "hints": box.hints,
            "home": app.home,
            "messages_tab": app.messages_tab,
            "scopes": list(app.scopes),
            "events": sorted(app.events),
        }
    )


async def faults(request: Request) -> Response:
    """What is set to go wrong, how often it still will, and how often it did."""
    box: Sandbox = request.app.state.box
    return JSONResponse({"ok": True, "faults": [asdict(f) for f in box.faults.active], "struck": box.faults.struck})


async def wait(request: Request) -> Response:
    """Until a message says something, or until nothing happens for a while."""
    box: Sandbox = request.app.state.box
    asked = dict(request.query_params)
    deadline = milliseconds() + float(asked.get("timeout_s", WAIT_SECONDS)) * 1000
    try:
        while (left := deadline - milliseconds()) > 0 and not box.closing.is_set():
            if (told := _seen(box, asked)) is not None:
                return JSONResponse({"ok": True, **told})
            await box.journal.changed(min(left / 1000, _patience(box, asked)))
    except SlackError as error:
        return JSONResponse({"ok": False, "error": error.code}, 400)
    return JSONResponse({"ok": False, "error": "timeout"}, 400)


async def stream(request: Request) -> Response:
    return StreamingResponse(_changes(request.app.state.box), media_type="text/event-stream")


async def _changes(box: Sandbox) -> AsyncIterator[str]:
    yield f"event: change\ndata: {json.dumps({'log': box.journal.last})}\n\n"
    seen, quiet = box.journal.version, 0.0
    while not box.closing.is_set():
        if seen != box.journal.version:
            seen, quiet = box.journal.version, 0.0
            yield f"event: change\ndata: {json.dumps({'log': box.journal.last})}\n\n"
            await asyncio.sleep(COALESCE_SECONDS)
        elif await box.journal.changed(LOOK_AGAIN_SECONDS):
            continue
        elif (quiet := quiet + LOOK_AGAIN_SECONDS) >= KEEP_ALIVE_SECONDS:
            quiet = 0.0
            yield ": still here\n\n"


def _patience(box: Sandbox, asked: dict[str, str]) -> float:
    """Seconds after which it is worth looking again although nothing was recorded."""
    if "idle_ms" not in asked:
        return WAIT_SECONDS
    return max(0.001, (float(asked["idle_ms"]) - max(0.0, box.dispatcher.idle_for())) / 1000)


def _seen(box: Sandbox, asked: dict[str, str]) -> Json | None:
    if "idle_ms" in asked:
        idle = float(asked["idle_ms"])
        is_idle = box.dispatcher.idle_for() >= idle and not box.dispatcher.due_within(idle / 1000)
        return {} if is_idle else None
    message = next(_matching(box, asked), None)
    return None if message is None else {"message": message}


def _matching(box: Sandbox, asked: dict[str, str]) -> Iterator[Json]:
    """Messages with the text, newest first; with ``user``, what only this person sees, too."""
    user = box.workspace.person(asked["user"])["id"] if "user" in asked else None
    channel = box.workspace.channel_named(asked.get("channel", ""), user=user)
    private = [m for m in box.workspace.ephemerals.get(user or "", []) if m["channel"] == channel.id]
    for message in [*private[::-1], *channel.ordered()[::-1]]:
        in_thread = asked.get("thread_ts") in (None, message.get("thread_ts", message["ts"]))
        if in_thread and any(asked.get("contains", "") in text for text in _texts(message)):
            yield message


def _texts(node: Any) -> Iterator[str]:
    """Every text in a message, in its blocks too."""
    if isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name == "text" and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
