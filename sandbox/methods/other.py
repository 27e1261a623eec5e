"""api.test, apps.connections.open, blocks.validate."""

import re
from typing import Any

from sandbox.blockkit import message_problems, view_problems
from sandbox.core import Sandbox
from sandbox.errors import SlackError, arguments_refused
from sandbox.methods.method import Method

Json = dict[str, Any]

PROBLEM = re.compile(r"\[ERROR\] (?P<words>.*) \[json-pointer:(?P<pointer>.*)\]", re.DOTALL)


def api_test(_box: Sandbox, args: Json) -> Json:
    if "error" in args:
        raise SlackError(args["error"], args=args)
    return {"args": args} if args else {}


def open_connection(box: Sandbox, _args: Json) -> Json:
    address = box.url.replace("http", "ws", 1)
    return {"url": f"{address}/link/?ticket={box.sockets.ticket()}&app_id={box.workspace.app_id}"}


def validate(_box: Sandbox, args: Json) -> Json:
    if len(args) != 1:
        raise arguments_refused("exactly one of blocks, view and message is needed")
    ((what, given),) = args.items()
    if not isinstance(given, list if what == "blocks" else dict):
        raise arguments_refused(f"{what} has the wrong type")
    problems = _problems(what, given)
    if problems:
        raise SlackError(f"invalid_{what}", errors=[_error(problem) for problem in problems])
    return {}


def _problems(what: str, given: Any) -> list[str]:
    if what == "view":
        return view_problems(given)
    return message_problems(given if what == "blocks" else given.get("blocks") or [])


def _error(problem: str) -> Json:
    found = PROBLEM.fullmatch(problem)
    words, pointer = (found["words"], found["pointer"]) if found else (problem, "")
    field = pointer.rpartition("/")[2]
    return {"code": "invalid", "message": words, "field": field, "pointer": pointer, "constraint": words}


METHODS = {
    "api.test": Method(api_test, "error foo", tier=4, token="none"),  # noqa: S106
    "apps.connections.open": Method(open_connection, token="app"),  # noqa: S106
    "blocks.validate": Method(validate, "blocks:json view:json message:json", token="none"),  # noqa: S106
}
