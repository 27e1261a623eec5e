"""Installing the app: the page that asks a person, the codes and tokens that come of it, and how they end."""

import secrets
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from sandbox.clock import Clock
from sandbox.errors import SlackError

Json = dict[str, Any]

CLIENT_ID: Final = "1111111111.2222222222"
CLIENT_SECRET: Final = "sandbox-client-secret"  # noqa: S105 - it protects nothing
CODE_LASTS_S: Final = 600.0
BACK: Final = "/slack/oauth_redirect"


@dataclass
class Installs:
    """The app's tokens in one workspace.

    Attributes:
        tokens: those that work, with the time at which they end, if they do.
        ended: those that do not work any more, with the error that Slack gives for them.
        rotates: whether new tokens end after ``lasts_s`` and come with a refresh token.
        is_organisation: whether it is the whole organisation that installs.
    """

    clock: Clock
    tokens: dict[str, float | None]
    ended: dict[str, str] = field(default_factory=dict)
    codes: dict[str, tuple[str, float]] = field(default_factory=dict)
    refreshing: dict[str, str] = field(default_factory=dict)
    rotates: bool = False
    lasts_s: float = 43_200.0
    is_organisation: bool = False

    def check(self, token: str) -> None:
        """Raises SlackError unless it is a token of the app that works."""
        if token in self.ended:
            raise SlackError(self.ended[token])
        if token not in self.tokens:
            raise SlackError("invalid_auth")
        ends_at = self.tokens[token]
        if ends_at is not None and ends_at <= self.clock.now():
            raise SlackError("token_expired")

    def knows(self, given: Json) -> bool:
        """Whether this code, refresh token or access token was given out here."""
        return given.get("code") in self.codes or given.get("refresh_token") in self.refreshing

    def code(self, user: str) -> str:
        made = secrets.token_hex(16)
        self.codes[made] = (user, self.clock.now() + CODE_LASTS_S)
        return made

    def taken(self, code: str) -> str:
        """Who allowed it; a code is good once."""
        user, ends_at = self.codes.pop(code, ("", 0.0))
        if ends_at <= self.clock.now():
            raise SlackError("invalid_code")
        return user

    def refreshed(self, refresh_token: str) -> str:
        """The token that is to be replaced; a refresh token is good once. At most two tokens work."""
        old = self.refreshing.pop(refresh_token, None)
        if old is None:
            raise SlackError("invalid_refresh_token")
        for older in [token for token in self.tokens if token != old]:
            self.end(older, "token_revoked")
        return old

    def give(self) -> Json:
        """A new token, in the words of ``oauth.v2.access``."""
        if not self.rotates:
            token = f"xoxb-{secrets.token_hex(12)}"
            self.tokens[token] = None
            return {"access_token": token}
        token, refresh_token = f"xoxe.xoxb-1-{secrets.token_hex(80)}", f"xoxe-1-{secrets.token_hex(70)}"
        self.tokens[token] = self.clock.now() + self.lasts_s
        self.refreshing[refresh_token] = token
        return {"access_token": token, "refresh_token": refresh_token, "expires_in": int(self.lasts_s)}

    def end(self, token: str, error: str) -> None:
        self.tokens.pop(token, None)
        self.ended[token] = error

    def end_all(self, error: str) -> None:
        for token in list(self.tokens):
            self.end(token, error)
        self.refreshing.clear()


async def authorize(request: Request) -> Response:
    """Slack's page: a person allows it, or cancels; both lead back to the app."""
    box, asked = request.app.state.box, request.query_params
    unknown = set(asked.get("scope", "").split(",")) - set(box.manifest.scopes)
    if asked.get("client_id") != CLIENT_ID or unknown:
        what = f"scopes {', '.join(sorted(unknown))}" if unknown else "client_id"
        return HTMLResponse(f"<h1>Something went wrong</h1><p>invalid {escape(what)}</p>", 400)
    kept = {name: asked[name] for name in ("state", "redirect_uri") if name in asked}
    admins = [str(person["name"]) for person in box.workspace.users.values() if person["is_admin"]]
    choices = "".join(
        f'<p><a href="decide?{escape(urlencode({**kept, "user": name}))}">Allow as {escape(name)}</a>'
        for name in admins
    )
    cancel = f'<p><a href="decide?{escape(urlencode(kept))}">Cancel</a>'
    name, team = escape(box.manifest.name), escape(box.workspace.team["name"])
    return HTMLResponse(f"<h1>{name} wants to come to {team}</h1>{choices}{cancel}")


async def decide(request: Request) -> Response:
    """``user`` allows it; without one it is declined."""
    box, given = request.app.state.box, request.query_params
    answer = {"state": given.get("state", "")}
    if "user" in given:
        answer["code"] = box.installs.code(box.workspace.person(given["user"])["id"])
    else:
        answer["error"] = "access_denied"
    return RedirectResponse(f"{given.get('redirect_uri') or _back(box.http.request_url)}?{urlencode(answer)}", 302)


def _back(request_url: str | None) -> str:
    """The first of the app's redirect addresses, which is beside its request URL."""
    parts = urlsplit(request_url or "")
    return urlunsplit((parts.scheme, parts.netloc, BACK, "", ""))
