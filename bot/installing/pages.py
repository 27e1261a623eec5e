"""Where people install: the page that begins it, and the way back from Slack, once and in the same browser."""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import Installation
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Route

from bot.errors import code_of
from bot.health.checks import SCOPES
from bot.incoming import Named
from bot.installing import views
from bot.installing.renewing import ends_at
from bot.installing.store import STATE_LASTS_S, States
from domain import installations, rates, workspaces
from domain.rates import Limit

if TYPE_CHECKING:
    from bot.installing.registry import Registry

log = structlog.get_logger(__name__)

INSTALL: Final = "/slack/install"
BACK: Final = "/slack/oauth_redirect"
COOKIE: Final = "incident_tracker_install"
BEGUN: Final = Limit(most=30, seconds=600)
"""How often an installation is begun from one place: each time is kept for ten minutes."""
LONGEST: Final = 500
"""Characters of what Slack sends along; its codes are far shorter."""
_STYLE: Final = base64.b64encode(hashlib.sha256(views.STYLE.encode()).digest()).decode()
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE}'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
AWAY: Final = (SQLAlchemyError, OSError, TimeoutError, ClientError)


class OrganisationError(Exception):
    """The app was installed for a whole organisation."""


class Desk:
    """Takes installations in."""

    def __init__(self, registry: "Registry") -> None:
        self._registry = registry

    def routes(self) -> Sequence[BaseRoute]:
        """Its addresses."""
        named = [Middleware(Named)]
        return (Route(INSTALL, self.install, middleware=named), Route(BACK, self.back, middleware=named))

    async def install(self, request: Request) -> HTMLResponse:
        """A link to Slack, with a state that this browser alone can come back with."""
        settings = self._registry.settings
        if request.method == "HEAD":
            return _shown("")
        here = rates.place(request.client.host if request.client else "")
        try:
            async with self._registry.once() as alone:
                used = await rates.count(alone, rates.unnamed("install", here), BEGUN)
            if used.is_over:
                return _shown(views.too_often(), 429)
            async with self._registry.begin() as session:
                state = await States(session).async_issue()
        except AWAY as error:
            log.warning("installation_failed", kind=type(error).__name__)
            return _shown(views.failed(), 503)
        url = views.authorize_url(
            settings.slack_api_url, client_id=settings.slack_client_id or "", scopes=SCOPES, state=state
        )
        page = _shown(views.offer(url))
        is_here = request.url.hostname in {"localhost", "127.0.0.1"}
        page.set_cookie(
            COOKIE, state, max_age=STATE_LASTS_S, path="/slack", secure=not is_here, httponly=True, samesite="lax"
        )
        return page

    async def back(self, request: Request) -> HTMLResponse:
        """From Slack, with a code that is good for a token, or with the reason why not."""
        try:
            page = await self._answered(request)
        except OrganisationError:
            page = _shown(views.for_an_organisation(), 400)
        except SlackApiError as error:
            log.warning("installation_refused", error=code_of(error))
            page = _shown(views.refused(code_of(error)), 400)
        except AWAY as error:
            log.warning("installation_failed", kind=type(error).__name__)
            page = _shown(views.failed(), 503)
        page.delete_cookie(COOKIE, path="/slack")
        return page

    async def _answered(self, request: Request) -> HTMLResponse:
        given = request.query_params
        state, code, error = given.get("state", ""), given.get("code", ""), given.get("error", "")
        if not await self._is_ours(state, request.cookies.get(COOKIE, "")):
            return _shown(views.expired(), 400)
        if error == "access_denied":
            return _shown(views.declined())
        if error or not code or len(code) > LONGEST:
            return _shown(views.refused(error if re.fullmatch(r"[a-z_]{1,60}", error) else "no code"), 400)
        team, name, app = await self._taken_in(code)
        log.info("installed", workspace=team)
        return _shown(views.done(name, f"https://slack.com/app_redirect?app={app}&team={team}"))

    async def _is_ours(self, state: str, kept: str) -> bool:
        """Whether this browser began it here, not long ago, and did not come back with it before."""
        if not state or len(state) > LONGEST or not hmac.compare_digest(state.encode(), kept.encode()):
            return False
        async with self._registry.begin() as session:
            return await States(session).async_consume(state)

    async def _taken_in(self, code: str) -> tuple[str, str, str]:
        """Ask Slack for the token, keep it, and serve the workspace; its id, its name, and the app's id."""
        registry, settings = self._registry, self._registry.settings
        secret = settings.slack_client_secret
        said = await registry.client().oauth_v2_access(
            client_id=settings.slack_client_id or "",
            client_secret=secret.get_secret_value() if secret else "",
            code=code,
        )
        given: dict[str, Any] = dict(said.data)  # type: ignore[arg-type]
        slack = registry.client(given["access_token"])
        if given.get("is_enterprise_install") or not given.get("team"):
            await slack.auth_revoke()
            raise OrganisationError
        me: dict[str, Any] = dict((await slack.auth_test()).data)  # type: ignore[arg-type]
        installation = _installation(given, me)
        team = str(installation.team_id)
        async with registry.begin() as session:
            await workspaces.ensure(session, team, url=me["url"].rstrip("/") + "/")
            await registry.store(session).forget(team)
            await registry.store(session).async_save(installation)
            await installations.installed(session, team, expires_at=ends_at(installation.to_bot()))
        await registry.look(team)
        return team, str(installation.team_name), str(installation.app_id)


def _installation(given: dict[str, Any], me: dict[str, Any]) -> Installation:
    """What is kept: nothing of the person but who they are; we ask for no token of theirs."""
    return Installation(
        app_id=given.get("app_id") or "",
        team_id=given["team"]["id"],
        team_name=given["team"].get("name") or me.get("team") or given["team"]["id"],
        bot_token=given["access_token"],
        bot_id=me.get("bot_id") or "",
        bot_user_id=given.get("bot_user_id") or me["user_id"],
        bot_scopes=given.get("scope") or "",
        bot_refresh_token=given.get("refresh_token"),
        bot_token_expires_in=given.get("expires_in"),
        user_id=(given.get("authed_user") or {}).get("id") or "",
        token_type=given.get("token_type"),
    )


def _shown(page: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(page, status, headers=HEADERS)
