"""How control calls are read and answered, and who and what they mean."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.core import Sandbox
from sandbox.dispatch import Ack
from sandbox.errors import Refused, SlackError
from sandbox.store import Channel

Json = dict[str, Any]
Call = Callable[[Sandbox, "Body"], Awaitable[Json]]


class Body:
    """The JSON object of a control call; a missing field is refused by name."""

    def __init__(self, fields: Any) -> None:
        self.fields = fields

    def __getitem__(self, name: str) -> Any:
        if not isinstance(self.fields, dict) or name not in self.fields:
            raise Refused(f"{name} is missing")
        return self.fields[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.fields.get(name, default) if isinstance(self.fields, dict) else default

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None


def endpoint(call: Call) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        box: Sandbox = request.app.state.box
        raw = await request.body()
        try:
            told = await call(box, Body(json.loads(raw) if raw else {}))
        except Refused as refusal:
            return JSONResponse({"ok": False, "error": refusal.error, **refusal.fields}, 400)
        except SlackError as error:
            return JSONResponse({"ok": False, "error": error.code, **error.fields}, 400)
        except json.JSONDecodeError:
            return JSONResponse({"ok": False, "error": "the body is no JSON"}, 400)
        box.journal.ring()
        return JSONResponse({"ok": True, **told})

    return answer


def acked(ack: Ack) -> Json:
    return {"ack": ack.told()}


def acting(box: Sandbox, body: Body) -> Json:
    """Whoever does it: somebody who can still sign in."""
    user = box.workspace.person(body["user"])
    if user["deleted"]:
        raise Refused("user_disabled")
    return user


def place(box: Sandbox, body: Body, user: Json) -> Channel:
    """A channel that this person is in; "dm" is their direct message with the bot."""
    channel = box.workspace.channel_named(body["channel"], user=user["id"])
    if user["id"] not in channel.members:
        raise Refused("not_in_channel")
    return channel


def writable(box: Sandbox, body: Body, user: Json) -> Channel:
    channel = place(box, body, user)
    if channel.is_archived:
        raise Refused("is_archived")
    return channel
