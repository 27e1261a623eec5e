"""The one workspace that a bot serves whose token is in the settings."""

from typing import Any

from aiohttp import ClientError, ClientSession
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import errors, learning, server
from bot.calling import CountedClient
from bot.house import House
from bot.houses import Houses, Served
from bot.mail import Mailer
from bot.relay import served
from bot.settings import Settings
from bot.sync import Pace
from bot.webhooks.courier import Courier


class StartError(RuntimeError):
    """The bot cannot work like this; one sentence with the fix."""


async def only(settings: Settings, houses: Houses, session: ClientSession, pace: Pace) -> Served:
    """Who we are there, what is in it, and how it is reached.

    Raises:
        StartError: a token is refused, or Slack cannot be reached.
    """
    token, begin = settings.slack_bot_token, houses.begin
    told = token.get_secret_value() if token else None
    slack = CountedClient(told, base_url=settings.slack_api_url, session=session, retry_handlers=[])
    me = await _checked(settings, slack)
    learnt = await learning.everything(slack, begin, me, settings.incident_channel)
    await server.prepare(settings, begin, me["team_id"])
    house = House(
        workspace_id=me["team_id"],
        bot_user_id=me["user_id"],
        bot_id=me["bot_id"],
        url=me["url"].rstrip("/") + "/",
        incident_channel=learnt.incident_channel,
        knows_channels=learnt.knows_channels,
        begin=begin,
        lightly=houses.lightly,
        once=houses.once,
        routes=houses.routes,
        mailer=Mailer.of(settings),
        serves_api=settings.secret_key is not None and settings.web_port is not None,
        courier=Courier.of(settings),
    )
    return served(house, slack, pace)


async def _checked(settings: Settings, slack: AsyncWebClient) -> dict[str, Any]:
    """Who we are; both tokens are tried here, because the SDK would try a wrong one for ever."""
    name = "SLACK_BOT_TOKEN"
    try:
        me = await slack.auth_test()
        name = "SLACK_APP_TOKEN"
        if settings.slack_app_token is not None:
            await slack.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
    except SlackApiError as error:
        if errors.code_of(error).startswith("http_"):
            raise StartError(f"{settings.slack_api_url} is not Slack's API. Check SLACK_API_URL.") from None
        raise StartError(errors.token_refused(name, error)) from None
    except (ClientError, TimeoutError) as error:
        raise StartError(
            f"{settings.slack_api_url} does not answer ({type(error).__name__}). Check SLACK_API_URL."
        ) from None
    return {"bot_id": "", "url": "https://slack.com/", **dict(me.data)}  # type: ignore[arg-type]
