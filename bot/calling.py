"""Slack's Web API, whoever calls it: each call is counted once, by method and answer."""

from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot import metrics
from bot.errors import code_of


class CountedClient(AsyncWebClient):
    """What every client of Slack's here is."""

    async def api_call(self, api_method: str, **given: Any) -> AsyncSlackResponse:
        answer = "none"
        try:
            said = await super().api_call(api_method, **given)
        except SlackApiError as error:
            answer = code_of(error)
            raise
        else:
            answer = "ok"
            return said
        finally:
            metrics.CALLS.labels(api_method, answer).inc()
