"""What an interaction hands to the bot for a short while: trigger ids and response URLs."""

import secrets
from dataclasses import dataclass

from sandbox import ids
from sandbox.errors import SlackError

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS = 30 * 60.0
RESPONSE_USES = 5


@dataclass
class Trigger:
    user: str
    view_id: str | None
    made_at: float
    used: bool = False


@dataclass
class ResponseUrl:
    """Where it came from; ``message`` is the original's ts, if the bot may replace it."""

    channel: str
    user: str
    made_at: float
    message: str | None = None
    is_ephemeral: bool = False
    uses: int = 0


class Tickets:
    def __init__(self) -> None:
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}

    def trigger(self, team: str, user: str, now: float, *, view_id: str | None = None) -> str:
        made = ids.trigger(team)
        self.triggers[made] = Trigger(user, view_id, now)
        return made

    def exchange(self, trigger_id: str, now: float) -> Trigger:
        """Use a trigger up.

        Raises:
            SlackError: it is unknown, was used before, or is older than three seconds.
        """
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if now - trigger.made_at > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger

    def response_url(self, ticket: ResponseUrl) -> str:
        key = secrets.token_urlsafe(18)
        self.response_urls[key] = ticket
        return key

    def respond(self, key: str, now: float) -> ResponseUrl:
        """Count one use of a response URL.

        Raises:
            SlackError: it is unknown, too old, or has been used five times.
        """
        ticket = self.response_urls.get(key)
        if ticket is None or now - ticket.made_at > RESPONSE_SECONDS:
            raise SlackError("expired_url", status=404)
        if ticket.uses >= RESPONSE_USES:
            raise SlackError("used_url", status=404)
        ticket.uses += 1
        return ticket
