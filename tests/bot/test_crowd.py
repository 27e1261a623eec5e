"""Who waits for an answer goes first: the relay lets a crowd pass, but not for ever."""

import asyncio
from contextlib import ExitStack

import pytest

from bot import crowd
from bot.crowd import CROWDED, Crowd


@pytest.mark.parametrize("many, most_s", [(CROWDED - 1, 3_600), (CROWDED, 0.01)])
async def test_a_few_hold_nothing_up_and_a_crowd_that_stays_does_not_for_ever(
    many: int, most_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "LETS_PASS_S", most_s)
    here = Crowd()

    with ExitStack() as requests:
        for _ in range(many):
            requests.enter_context(here.joined())
        await here.passed()


async def test_the_relay_goes_on_as_soon_as_a_crowd_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "LETS_PASS_S", 3_600)
    here = Crowd()

    with ExitStack() as requests:
        for _ in range(CROWDED):
            requests.enter_context(here.joined())
        relay = asyncio.create_task(here.passed())
        await asyncio.sleep(0)
        assert not relay.done()

    await relay


async def test_a_request_that_fails_has_left_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "LETS_PASS_S", 3_600)
    here = Crowd()

    for _ in range(CROWDED):
        with pytest.raises(RuntimeError), here.joined():
            raise RuntimeError
    await here.passed()
