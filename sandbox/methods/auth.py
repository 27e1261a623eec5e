"""oauth.v2.access, auth.revoke: tokens come and go."""

from typing import Any

from sandbox.core import Sandbox
from sandbox.errors import SlackError
from sandbox.methods.method import Method
from sandbox.oauth import CLIENT_ID, CLIENT_SECRET

Json = dict[str, Any]


def access(box: Sandbox, args: Json) -> Json:
    """A code, or a refresh token, for a new token."""
    if args["client_id"] != CLIENT_ID:
        raise SlackError("invalid_client_id")
    if args["client_secret"] != CLIENT_SECRET:
        raise SlackError("bad_client_secret")
    installs, workspace = box.installs, box.workspace
    told: Json = {
        "token_type": "bot",
        "scope": ",".join(box.manifest.scopes),
        "bot_user_id": workspace.bot_user_id,
        "app_id": workspace.app_id,
        "team": None if installs.is_organisation else {"id": workspace.team_id, "name": workspace.team["name"]},
        "enterprise": {"id": "E0SANDBOX0", "name": "Sandbox"} if installs.is_organisation else None,
        "is_enterprise_install": installs.is_organisation,
    }
    if args.get("grant_type") == "refresh_token":
        installs.refreshed(args.get("refresh_token", ""))
        return {**told, **installs.give()}
    return {**told, "authed_user": {"id": installs.taken(args.get("code", ""))}, **installs.give()}


def revoke(box: Sandbox, args: Json) -> Json:
    box.installs.end(args["token"], "token_revoked")
    return {"revoked": True}


METHODS = {
    "oauth.v2.access": Method(
        access,
        "client_id! client_secret! code redirect_uri grant_type refresh_token",
        tier=None,
        takes_json=False,
        token="none",  # noqa: S106
    ),
    "auth.revoke": Method(revoke, "token test:bool"),
}
