"""The Web API over HTTP: who may call what how often, what comes back, and what is made to fail."""

import base64
import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox import failing
from sandbox.core import Sandbox
from sandbox.errors import SlackError
from sandbox.failing import refusal
from sandbox.journal import milliseconds
from sandbox.methods import auth, chat, conversations, files, method, other, users, views

Json = dict[str, Any]

METHODS = {
    **other.METHODS,
    **auth.METHODS,
    **users.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **views.METHODS,
    **files.METHODS,
}


async def endpoint(request: Request) -> Response:
    box: Sandbox = request.app.state.box
    name = request.path_params["method"]
    began = milliseconds()
    given, token = await _received(request, name)
    box = box.reached(token, given)
    box.dispatcher.in_flight += 1
    try:
        answer = await failing.answered(box, request, name, lambda: _call(box, name, given, token))
    finally:
        box.dispatcher.in_flight -= 1
    told = json.loads(bytes(answer.body)) if answer is not None else None
    http = answer.status_code if answer is not None else 0
    box.journal.write("api", began, method=name, args=given, answer=told, http=http)
    return answer or Response()


def _call(box: Sandbox, name: str, given: Json, token: str) -> JSONResponse:
    try:
        found = METHODS.get(name)
        if found is None:
            return refusal(SlackError("unknown_method", req_method=name))
        _authorise(box, found, token)
        box.limits.spend(name, found.tier)
        box.require_scope(found.scopes)
        if name == "auth.revoke":
            given = {**given, "token": token}
        answer = {"ok": True, **found.run(box, method.read(found, _in_this_team(box, given)))}
    except SlackError as error:
        return refusal(error)
    box.journal.ring()
    headers = {"x-oauth-scopes": ",".join(box.manifest.scopes), "x-accepted-oauth-scopes": ",".join(found.scopes)}
    return JSONResponse(answer, headers=headers)


def _in_this_team(box: Sandbox, given: Json) -> Json:
    """Every method takes ``team_id``, which only installations for a whole organisation need."""
    if given.get("team_id", box.team_id) != box.team_id:
        raise SlackError("team_not_found")
    return {name: value for name, value in given.items() if name != "team_id"}


def _authorise(box: Sandbox, found: method.Method, token: str) -> None:
    if found.token == "none":  # noqa: S105
        return
    if not token:
        raise SlackError("not_authed")
    is_for_app = token == box.app_token
    if not is_for_app:
        box.installs.check(token)
    if is_for_app != (found.token == "app"):  # noqa: S105
        raise SlackError("not_allowed_token_type")


async def _received(request: Request, name: str) -> tuple[Json, str]:
    """Arguments from the query and the body, and the token."""
    given: Json = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    found = METHODS.get(name)
    if kind == "application/json":
        if found is None or found.takes_json:
            given |= _object(await request.body())
    elif kind == "application/x-www-form-urlencoded":
        given |= dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    form_token = str(given.pop("token", ""))
    if scheme.lower() == "basic":  # as ``oauth.v2.access`` takes the app's own id and secret
        client_id, _, client_secret = base64.b64decode(token).decode().partition(":")
        given |= {"client_id": client_id, "client_secret": client_secret}
    return given, token.strip() if scheme.lower() == "bearer" else form_token


def _object(body: bytes) -> Json:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
