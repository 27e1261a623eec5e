"""What has to be so for the bot to work, each looked at on its own: how it is, and how to mend it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import code_of
from bot.health.views import Finding
from bot.house import House
from bot.mail import Mailer
from domain import db
from domain.comparison import Progress
from domain.health import Facts

SCOPES: Final = (
    "app_mentions:read", "channels:history", "channels:read", "chat:write", "commands", "files:write", "groups:history",
    "groups:read", "im:history", "im:write", "users:read", "users:read.email",
)  # fmt: skip
"""What the app was given at its installation; the manifest asks for the same."""
SKEW: Final = timedelta(seconds=30)
"""How far the clock may be off; Slack's signatures are refused after five minutes."""
BACKLOG: Final = timedelta(minutes=5)
QUIET: Final = timedelta(minutes=15)
OVERDUE: Final = timedelta(hours=3)
"""All threads are compared each hour; that it takes a while is no reason to worry."""


async def slack_itself(slack: AsyncWebClient) -> list[Finding]:
    """The token, its scopes, and the clock, from one answer of Slack's."""
    try:
        answer = await slack.auth_test()
    except SlackApiError as error:
        return [
            Finding(
                "Slack", f"refuses the bot token: {code_of(error)}", "Check SLACK_BOT_TOKEN, or install the app again."
            )
        ]
    except (ClientError, TimeoutError) as error:
        return [Finding("Slack", f"does not answer ({type(error).__name__})", "Check the network, or wait.")]
    headers = {name.lower(): value for name, value in dict(answer.headers or {}).items()}
    return [Finding("Slack", "answers"), scopes(headers), clock(headers, db.now())]


def scopes(headers: Mapping[str, str]) -> Finding:
    """Whether the installation has every scope that is used."""
    said = headers.get("x-oauth-scopes")
    if said is None:
        return Finding("Scopes", "not told by this server")
    missing = sorted(set(SCOPES) - {scope.strip() for scope in said.split(",")})
    if missing:
        fix = "Add them under OAuth & Permissions in the app's settings, and install the app again."
        return Finding("Scopes", f"missing: {', '.join(missing)}", fix)
    return Finding("Scopes", f"all {len(SCOPES)} are granted")


def clock(headers: Mapping[str, str], now: datetime) -> Finding:
    """Whether the clock here and Slack's agree."""
    try:
        theirs = parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return Finding("Clock", "not told by this server")
    seconds = round((now - theirs).total_seconds())
    if abs(seconds) <= SKEW.total_seconds():
        return Finding("Clock", "agrees with Slack's")
    way = "ahead of" if seconds > 0 else "behind"
    return Finding("Clock", f"{abs(seconds)} s {way} Slack's", "Let the server set its clock from the network (NTP).")


def events(house: House, now: datetime) -> Finding:
    """Whether Slack tells of what people write; commands and clicks take the same way, and one just came."""
    if house.pulse.heard_at is not None:
        return Finding("Events", f"the last one arrived {_ago(now - house.pulse.heard_at)} ago")
    since = now - house.pulse.began_at
    words = f"none since the start of this process {_ago(since)} ago"
    if since < QUIET:
        return Finding("Events", words)
    fix = "If people wrote in its channels, switch Event Subscriptions on in the app's settings, as in manifest.yaml."
    return Finding("Events", words, fix)


def connection(house: House, processes: int, now: datetime) -> list[Finding]:
    """Whether Slack's requests reach this process, and only processes that are there."""
    pulse = house.pulse
    if pulse.connected_at is None:
        return []  # by HTTP, where whoever asked has just been heard
    times = "once" if pulse.connects == 1 else f"{pulse.connects} times"
    words = f"made {times} since the start of this process, the last time {_ago(now - pulse.connected_at)} ago"
    if pulse.connections > max(processes, 1):
        count = f"Slack counts {pulse.connections}, {processes} processes of this database live"
        fix = (
            "Slack sends some clicks and commands to connections that nobody holds. Stop other bots that use the same "
            "SLACK_APP_TOKEN; what a lost network left behind goes within hours."
        )
        return [Finding("Connection", count, fix)]
    return [Finding("Connection", words)]


def comparison(progress: Progress, now: datetime) -> Finding:
    """Whether what people wrote while the bot was away is found."""
    if progress.problems:
        fix = "Check the app's scopes and installation: some channels cannot be read."
        return Finding("Catching up", f"refused: {', '.join(progress.problems)}", fix)
    if progress.due:
        return Finding("Catching up", f"{progress.due} threads are still to be read")
    if progress.since is None:
        return Finding("Catching up", "there was nothing to compare")
    late = now - progress.since > OVERDUE
    fix = "Look into the log: Slack limits how often its history may be read, or does not tell it." if late else ""
    return Finding("Catching up", f"every thread was compared {_ago(now - progress.since)} ago", fix)


async def mail(mailer: Mailer | None) -> Finding:
    """Whether codes can be sent."""
    if mailer is None:
        fix = "Set SMTP_HOST and the rest, or print codes on the server: incident-tracker code ADDRESS."
        return Finding("Mail", "no mail server is set", fix)
    problem = await mailer.check()
    return (
        Finding("Mail", "the mail server takes our mails")
        if problem is None
        else Finding("Mail", "cannot be sent", problem)
    )


def channels(facts: Facts, incident_channel: str | None, *, has_incident_channel: bool) -> Finding:
    """Whether every card can be kept up to date."""
    if facts.stranded:
        count = f"{facts.stranded} unresolved incidents are in channels where the bot is not"
        return Finding("Channels", count, "Invite it there with /invite, or resolve them.")
    if incident_channel and not has_incident_channel:
        return Finding("Channels", "the bot is not in INCIDENT_CHANNEL", "Invite it there with /invite.")
    if not incident_channel:
        fix = "Set INCIDENT_CHANNEL, so that an incident that is opened in a direct message has a place."
        return Finding("Channels", "the bot is where its cards are, but has no channel of its own", fix)
    return Finding("Channels", "the bot is where its cards are")


def queue(facts: Facts, now: datetime) -> list[Finding]:
    """What still has to reach Slack, and what never will."""
    late = facts.oldest is not None and now - facts.oldest > BACKLOG
    waiting = (
        "nothing is waiting"
        if facts.oldest is None
        else f"{facts.waiting} waiting, the oldest for {_ago(now - facts.oldest)}"
    )
    fix = "Look into the log: Slack or the mail server does not take them. They are tried again by themselves."
    found = [Finding("To be sent", waiting, fix if late else "")]
    for kind in facts.given_up:
        words = f"{kind.count} × {kind.topic}: {kind.error}"
        found.append(Finding("Given up", words, "Mend the reason; what it was about shows up with the next change."))
    return found


def webhooks(facts: Facts, now: datetime) -> list[Finding]:
    """Which receivers take nothing."""
    found = []
    for ailing in facts.ailing:
        why = f": {ailing.failure}" if ailing.failure else ""
        what = f"{ailing.host} {'is switched off' if ailing.is_off else 'takes nothing'}{why}, "
        fix = f"Mend the receiver, then /incident admin webhook on {ailing.number}; or remove it."
        if not ailing.is_off:
            fix = "Mend the receiver. What it missed is sent again by itself; after 24 hours it is switched off."
        found.append(Finding(f"Webhook {ailing.number}", f"{what}for {_ago(now - ailing.since)}", fix))
    return found


def people(facts: Facts) -> list[Finding]:
    """Whether somebody can help when the only superuser is away."""
    found = []
    if facts.superusers < 2:
        fix = "Make a second one: /incident admin super add @name."
        found.append(Finding("Superusers", "only one" if facts.superusers else "none", fix))
    if facts.applicants:
        found.append(Finding("Accounts", f"{facts.applicants} wait for approval", "See /incident admin users waiting."))
    return found


def _ago(time: timedelta) -> str:
    minutes = round(time.total_seconds() / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return f"{minutes} min"
    return f"{round(minutes / 60)} h"
