"""Slack asked on behalf of the app itself, with its own id and secret."""

from typing import Any

from aiohttp import encode_basic_auth
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.calling import CountedClient


class AppClient(CountedClient):
    """Sends id and secret as aiohttp will want it; slack_sdk still does it in a way that is going."""

    async def api_call(
        self, api_method: str, *, auth: Any = None, headers: dict[str, str] | None = None, **given: Any
    ) -> AsyncSlackResponse:
        if isinstance(auth, dict):
            headers = {**(headers or {}), "Authorization": encode_basic_auth(auth["client_id"], auth["client_secret"])}
        return await super().api_call(api_method, headers=headers, **given)
