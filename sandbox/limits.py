"""Slack's rate limits: a bucket per method and workspace, one message a second per channel, and little history."""

import math

from sandbox.clock import Clock
from sandbox.errors import SlackError

PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
SPECIAL = 600
MESSAGES_PER_MINUTE = 300
CHANNEL_BURST = 5
HISTORY = {"conversations.history", "conversations.replies"}
FEW = 15


class Limits:
    """
    Attributes:
        few: history comes as for apps that are distributed outside of Slack's marketplace: at most 15 messages a call,
            one call a minute of each of its two methods, also while the other limits are off.
    """

    def __init__(self, clock: Clock, *, on: bool = True, few: bool = False) -> None:
        self.on = on
        self.few = self._few_at_start = few
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def spend(self, method: str, tier: int | None) -> None:
        """Count a call; tier None is Slack's "special"."""
        if self.few and method in HISTORY:
            self._count(f"few {method}", burst=1, per_second=1 / 60)
            return
        per_minute = PER_MINUTE[tier] if tier else SPECIAL
        self._take(method, burst=per_minute, per_second=per_minute / 60)

    def spend_message(self, channel: str) -> None:
        self._take("messages", burst=MESSAGES_PER_MINUTE, per_second=MESSAGES_PER_MINUTE / 60)
        self._take(f"channel {channel}", burst=CHANNEL_BURST, per_second=1.0)

    def told_at_once(self, most: int) -> int:
        """How many messages of a channel or thread one answer tells."""
        return min(most, FEW) if self.few else most

    def clear(self) -> None:
        self._buckets.clear()
        self.few = self._few_at_start

    def _take(self, name: str, *, burst: int, per_second: float) -> None:
        if self.on:
            self._count(name, burst=burst, per_second=per_second)

    def _count(self, name: str, *, burst: int, per_second: float) -> None:
        now = self._clock.scaled()
        left, since = self._buckets.get(name, (float(burst), now))
        left = min(burst, left + (now - since) * per_second)
        if left < 1:
            self._buckets[name] = (left, now)
            raise limited(self._wait((1 - left) / per_second))
        self._buckets[name] = (left - 1, now)

    def _wait(self, seconds: float) -> int:
        """In whole seconds of the caller's time, which may be shorter than the limit's."""
        felt = seconds / self._clock.fast
        return math.ceil(felt) if self._clock.fast <= 1 else int(felt)


def limited(retry_after: int) -> SlackError:
    return SlackError("ratelimited", status=429, headers={"Retry-After": str(retry_after)})
