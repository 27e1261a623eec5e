"""Who throws trouble at random; whatever is broken is mended again before the next thing breaks."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any, TypeAlias

from tests.chaos.machines import Bot, Machines
from tests.chaos.people import Eyes

Trouble: TypeAlias = Callable[["Saboteur"], Awaitable[None]]
STRIKES_WITHIN_S = 4.0


class Saboteur:
    """Throws one trouble after the other, and counts them."""

    def __init__(self, machines: Machines, eyes: Eyes, dice: Random, thrown: Counter[str], bots: list[Bot]) -> None:
        self.machines, self.eyes, self.dice, self.thrown, self.bots = machines, eyes, dice, thrown, bots
        self._faults: list[dict[str, Any]] = []

    async def works(self, until: float, first: "Trouble", troubles: Sequence[tuple["Trouble", int]]) -> None:
        """Until then.

        Args:
            first: what goes wrong from the beginning.
            troubles: what may follow, and how often, by weight.
        """
        await first(self)
        while time.monotonic() < until:
            await asyncio.sleep(self.dice.uniform(0.5, 3.0))
            trouble = self.dice.choices([do for do, _ in troubles], [weight for _, weight in troubles])[0]
            self.thrown[trouble.__doc__ or ""] += 1
            await trouble(self)

    def bot(self) -> Bot:
        return self.dice.choice(self.bots)

    async def set_faults(self, faults: list[dict[str, Any]]) -> None:
        self._faults = faults
        await self._set(faults)

    async def waits_for(self, fault: dict[str, Any]) -> bool:
        """Add this fault to the others, once; whether it struck in a few seconds."""
        await self._set([{**fault, "times": 1}, *self._faults])
        late = time.monotonic() + STRIKES_WITHIN_S
        while time.monotonic() < late:
            if (await self.eyes.reads("faults"))["faults"][0]["times"] == 0:
                return True
            await asyncio.sleep(0.02)
        return False

    async def _set(self, faults: list[dict[str, Any]]) -> None:
        _, told = await self.eyes.does("faults", faults)
        self.thrown.update({f"slack: {kind}": count for kind, count in told["struck"].items()})
