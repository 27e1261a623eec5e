"""How the app is installed and removed, by people who need not click."""

from typing import Any

from sandbox.control.calls import Body, acked
from sandbox.core import Sandbox
from sandbox.dispatch import settled

Json = dict[str, Any]


async def oauth(box: Sandbox, body: Body) -> Json:
    """``rotates`` and ``lasts_s`` of the tokens that are given out from now on; ``organisation``: a whole one installs.

    ``end`` makes the tokens that were given out fail with that error.
    """
    installs = box.installs
    installs.rotates = bool(body.get("rotates", installs.rotates))
    installs.lasts_s = float(body.get("lasts_s", installs.lasts_s))
    installs.is_organisation = bool(body.get("organisation", installs.is_organisation))
    if "end" in body:
        installs.end_all(str(body["end"]))
    return {"tokens": len(installs.tokens)}


async def uninstall(box: Sandbox, _body: Body) -> Json:
    """The app is removed: its tokens end, and it is told."""
    box.installs.end_all("account_inactive")
    return acked(await settled(box.happenings.left_us()))
