"""When Slack may be asked again, so that it need not say that it was too soon."""

import time
from collections import Counter
from contextvars import ContextVar

from domain.outbox import Outgoing

POST, PUBLISH = "chat.postMessage", "views.publish"
BURST = 4
"""Messages that may go to a channel, or Homes to a person, at once; after that it is one a second."""
APART_S = 0.05
"""Between two calls of those who waited for the same method, which Slack would refuse again if all came at once."""
FORGOTTEN_S = 60.0
"""After which a place is nobody's that was not taken: another message did for what waited."""
SENDING: ContextVar[Outgoing | None] = ContextVar("sending", default=None)
"""The row of the outbox that this task works on."""


class NotYet(Exception):
    """Slack must not be asked so soon; nothing was sent."""

    def __init__(self, method: str, seconds: float) -> None:
        super().__init__(method)
        self.seconds = seconds


class Pace:
    """When Slack may be asked again: after what it told us to wait, and at one post a second per channel or Home.

    Args:
        burst: posts that may go to a channel at once.
        interval_s: between two posts after that.
    """

    def __init__(self, *, burst: int = BURST, interval_s: float = 1.0) -> None:
        self._slack_s, self._interval_s = (burst - 1) * interval_s, interval_s
        self._held: dict[str, float] = {}
        self._crowd: Counter[str] = Counter()
        self._booked: dict[str, float] = {}
        self._places: dict[tuple[str, int], float] = {}

    def hold(self, method: str, seconds: float) -> None:
        """Slack wants no call of this method for so long, whatever it is about; a shorter wait ends no longer one."""
        until = time.monotonic() + seconds
        if until > self._held.get(method, 0.0):
            self._held[method], self._crowd[method] = until, 0

    def book(self, method: str, target: str) -> None:
        """Count a call that is made now.

        Whoever has to wait gets a place of their own, so that a crowd does not come back at the same moment.

        Args:
            target: the channel, or the person whose Home it is.

        Raises:
            NotYet: it must not be made now.
        """
        now = time.monotonic()
        wait = self._held.get(method, now) - now
        if wait > 0:
            self._crowd[method] += 1
            raise NotYet(method, wait + (self._crowd[method] - 1) * APART_S)
        if method in (POST, PUBLISH):
            sending = SENDING.get()
            self._take_place((target, sending.id if sending else 0), method, now)

    def _take_place(self, who: tuple[str, int], method: str, now: float) -> None:
        place = self._places.pop(who, None)
        if place is None:
            booked = max(self._booked.get(who[0], now), now)
            self._booked[who[0]] = booked + self._interval_s
            place = booked - self._slack_s
        if place > now:
            self._places = {each: at for each, at in self._places.items() if at > now - FORGOTTEN_S}
            self._places[who] = place
            raise NotYet(method, place - now)
