"""What goes wrong with machines that do not break, but ail: full and slow disks, processes that stand still, clocks."""

import asyncio

from tests.chaos.saboteur import Saboteur, Trouble

LONGER_THAN_A_LEASE_S = 33.0
MOST_OFF_S = 300.0


async def every_bot_is_paused(saboteur: Saboteur) -> None:
    """all bots paused"""
    for_s = saboteur.dice.choice((1.0, 4.0, 4.0, LONGER_THAN_A_LEASE_S))
    await asyncio.gather(*(bot.paused(for_s) for bot in saboteur.bots))


async def a_bot_is_paused_while_it_hears(saboteur: Saboteur) -> None:
    """bot paused just after it heard something"""
    await saboteur.waits_for(
        {"event": saboteur.dice.choice(("view_submission", "/incident")), "kind": "timeout_after_success"}
    )
    await saboteur.bot().paused(saboteur.dice.choice((2.5, 5.0)))


async def the_database_stands_still(saboteur: Saboteur) -> None:
    """some of the database's processes paused"""
    with saboteur.machines.database.some_stand_still(saboteur.dice):
        await asyncio.sleep(saboteur.dice.choice((0.3, 1.5, 4.0)))


async def the_line_is_slow(saboteur: Saboteur) -> None:
    """database far away"""
    tunnel = saboteur.machines.database.tunnel
    tunnel.slow_down(saboteur.dice.choice((0.02, 0.1, 0.4)))
    try:
        await asyncio.sleep(saboteur.dice.uniform(2.0, 5.0))
    finally:
        tunnel.slow_down(0.0)


async def the_disk_is_slow(saboteur: Saboteur) -> None:
    """disk slow"""
    database = saboteur.machines.database
    await asyncio.to_thread(database.slow_down, is_slow=True)
    try:
        await asyncio.sleep(saboteur.dice.uniform(2.0, 5.0))
    finally:
        await asyncio.to_thread(database.slow_down, is_slow=False)


async def nothing_can_be_written(saboteur: Saboteur) -> None:
    """writes refused as on a full disk"""
    database = saboteur.machines.database
    await asyncio.to_thread(database.refuse_writes, saboteur.dice.choice((0.2, 0.5, 1.0)))
    try:
        await asyncio.sleep(saboteur.dice.uniform(1.0, 6.0))
    finally:
        await asyncio.to_thread(database.refuse_writes, 0.0)


async def the_disk_is_full(saboteur: Saboteur) -> None:
    """disk full"""
    database = saboteur.machines.database
    await asyncio.to_thread(database.fill, needs_more=saboteur.dice.random() < 0.5)
    try:
        await asyncio.sleep(saboteur.dice.uniform(1.0, 5.0))
    finally:
        await asyncio.to_thread(database.disk.free)
        await database.start()


async def a_clock_jumps(saboteur: Saboteur) -> None:
    """clock of a bot set anew"""
    saboteur.bot().clock.jump(saboteur.dice.choice((0.0, saboteur.dice.uniform(-MOST_OFF_S, MOST_OFF_S))))


AILING: tuple[tuple[Trouble, int], ...] = (
    (every_bot_is_paused, 1),
    (a_bot_is_paused_while_it_hears, 1),
    (the_database_stands_still, 2),
    (the_line_is_slow, 1),
    (the_disk_is_slow, 1),
    (nothing_can_be_written, 2),
    (the_disk_is_full, 2),
    (a_clock_jumps, 3),
)
