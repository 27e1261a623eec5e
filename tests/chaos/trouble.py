"""What goes wrong, and how often."""

import asyncio

from tests.chaos.ailing import AILING
from tests.chaos.saboteur import Saboteur, Trouble

SLACK = (
    {"method": "chat.postMessage", "kind": "timeout_after_success", "rate": 0.2, "delay_ms": 300},
    {"method": "chat.postMessage", "kind": "timeout_after_success", "rate": 0.05},
    {"method": "chat.postMessage", "kind": "timeout", "rate": 0.1, "delay_ms": 300},
    {"method": "chat.postMessage", "kind": "ratelimited", "rate": 0.2, "retry_after": 2},
    {"method": "chat.postMessage", "kind": "http_500", "rate": 0.2},
    {"method": "chat.postMessage", "kind": "error:fatal_error", "rate": 0.1},
    {"method": "chat.update", "kind": "ratelimited", "rate": 0.3, "retry_after": 1},
    {"method": "chat.update", "kind": "timeout_after_success", "rate": 0.2, "delay_ms": 300},
    {"method": "chat.update", "kind": "http_500", "rate": 0.2},
    {"method": "chat.update", "kind": "slow", "rate": 0.3, "delay_ms": 2000},
    {"method": "conversations.replies", "kind": "http_500", "rate": 0.3},
    {"method": "conversations.history", "kind": "ratelimited", "rate": 0.3, "retry_after": 2},
    {"method": "conversations.open", "kind": "timeout", "rate": 0.3, "delay_ms": 300},
    {"method": "users.info", "kind": "http_500", "rate": 0.3},
    {"method": "views.open", "kind": "timeout_after_success", "rate": 0.2, "delay_ms": 300},
    {"method": "views.open", "kind": "slow", "rate": 0.2, "delay_ms": 2500},
    {"method": "views.publish", "kind": "ratelimited", "rate": 0.3, "retry_after": 1},
    {"method": "response_url", "kind": "http_500", "rate": 0.3},
    {"method": "response_url", "kind": "timeout_after_success", "rate": 0.2, "delay_ms": 300},
    {"method": "apps.connections.open", "kind": "ratelimited", "rate": 0.3, "retry_after": 1},
    {"method": "*", "kind": "connection_reset", "rate": 0.05},
    {"method": "*", "kind": "slow", "rate": 0.1, "delay_ms": 800},
    {"event": "message", "kind": "doubled", "rate": 0.3},
    {"event": "message", "kind": "slow", "rate": 0.3, "delay_ms": 1500},
    {"event": "message", "kind": "timeout_after_success", "rate": 0.2},
    {"event": "app_mention", "kind": "doubled", "rate": 0.5},
    {"event": "view_submission", "kind": "timeout_after_success", "rate": 0.3},
    {"event": "view_submission", "kind": "timeout", "rate": 0.1},
    {"event": "block_actions", "kind": "timeout_after_success", "rate": 0.2},
    {"event": "/incident", "kind": "timeout_after_success", "rate": 0.2},
)
"""Of these, a handful at a time."""
SENDING = (
    {"method": "chat.postMessage", "kind": "timeout_after_success", "delay_ms": 20_000},
    {"method": "chat.postMessage", "kind": "timeout", "delay_ms": 20_000},
    {"method": "chat.update", "kind": "timeout_after_success", "delay_ms": 20_000},
)
"""Slack took it, or did not, and has not answered yet."""
HEARING = (
    {"event": "view_submission", "kind": "timeout_after_success"},
    {"event": "/incident", "kind": "timeout_after_success"},
    {"event": "message", "kind": "timeout_after_success"},
)


async def slack_fails(saboteur: Saboteur) -> None:
    """Slack fails in other ways"""
    await saboteur.set_faults(saboteur.dice.sample(SLACK, saboteur.dice.randint(2, 6)))


async def a_bot_is_killed(saboteur: Saboteur) -> None:
    """bot killed"""
    await saboteur.bot().killed(away_s=saboteur.dice.choice((0.0, 0.0, 1.0)))


async def every_bot_is_away(saboteur: Saboteur) -> None:
    """all bots killed for a while"""
    away_s = saboteur.dice.uniform(2.0, 8.0)
    await asyncio.gather(*(bot.killed(away_s=away_s) for bot in saboteur.bots))


async def a_bot_is_killed_while_it_sends(saboteur: Saboteur) -> None:
    """all bots killed while one sends"""
    await saboteur.waits_for(saboteur.dice.choice(SENDING))
    await asyncio.gather(*(bot.killed() for bot in saboteur.bots))


async def a_bot_is_paused_while_it_sends(saboteur: Saboteur) -> None:
    """bot paused while one sends"""
    await saboteur.waits_for(saboteur.dice.choice(SENDING))
    await saboteur.bot().paused(saboteur.dice.choice((2.0, 2.0, 12.0, 35.0)))


async def a_bot_is_killed_while_it_hears(saboteur: Saboteur) -> None:
    """all bots killed just after one heard something"""
    await saboteur.waits_for(saboteur.dice.choice(HEARING))
    await asyncio.sleep(saboteur.dice.uniform(0.0, 0.03))
    await asyncio.gather(*(bot.killed() for bot in saboteur.bots))


async def a_bot_is_replaced(saboteur: Saboteur) -> None:
    """bot stopped"""
    await saboteur.bot().stopped()


async def a_bot_is_paused(saboteur: Saboteur) -> None:
    """bot paused"""
    await saboteur.bot().paused(saboteur.dice.choice((0.5, 2.0, 5.0)))


async def the_database_crashes(saboteur: Saboteur) -> None:
    """database crashed"""
    await saboteur.machines.database.stop("immediate")
    await saboteur.machines.database.start()


async def the_database_is_restarted(saboteur: Saboteur) -> None:
    """database restarted"""
    await saboteur.machines.database.stop()
    await asyncio.sleep(saboteur.dice.uniform(0.0, 2.0))
    await saboteur.machines.database.start()


async def the_database_is_cut_off(saboteur: Saboteur) -> None:
    """database cut off"""
    tunnel = saboteur.machines.database.tunnel
    await tunnel.cut()
    try:
        await asyncio.sleep(saboteur.dice.choice((0.0, 0.5, 3.0)))
    finally:
        await tunnel.mend()


async def the_database_says_nothing(saboteur: Saboteur) -> None:
    """database frozen"""
    tunnel = saboteur.machines.database.tunnel
    tunnel.freeze()
    try:
        await asyncio.sleep(saboteur.dice.choice((0.3, 2.0, 5.0)))
    finally:
        await tunnel.mend()


async def a_commit_is_not_answered(saboteur: Saboteur) -> None:
    """commit not answered"""
    tunnel = saboteur.machines.database.tunnel
    tunnel.lose_commits(saboteur.dice.randint(1, 4))
    try:
        await asyncio.sleep(2.0)
    finally:
        await tunnel.mend()


async def sockets_are_dropped(saboteur: Saboteur) -> None:
    """lines to Slack broken"""
    for_s = saboteur.dice.choice((0, 1, 3))
    reason = saboteur.dice.choice(("warning", "refresh_requested", "link_disabled", "too_many_websockets", "lost"))
    if not saboteur.eyes.is_http:
        await saboteur.eyes.does("disconnect", {"reason": reason, "for_s": for_s, "ghosts_for_s": 2})
        return
    await saboteur.machines.balancer.cut()
    await asyncio.sleep(for_s)
    saboteur.machines.balancer.mend()


async def slack_counts_the_dead(saboteur: Saboteur) -> None:
    """ghost connections"""
    await saboteur.eyes.does("ghosts", {"count": saboteur.dice.choice((1, 3, 10)), "for_s": 4})


async def an_old_event_comes_again(saboteur: Saboteur) -> None:
    """old event delivered again"""
    log = await saboteur.eyes.reads("log")
    known = [
        e["event_id"] for e in log["entries"] if e["kind"] == "delivery" and e["type"] in ("message", "app_mention")
    ]
    for event_id in saboteur.dice.sample(known, min(len(known), 3)):
        await saboteur.eyes.does("deliver", {"event_id": event_id})


TROUBLES: tuple[tuple[Trouble, int], ...] = (
    (a_bot_is_killed, 3),
    (a_bot_is_killed_while_it_sends, 4),
    (a_bot_is_paused_while_it_sends, 1),
    (a_bot_is_killed_while_it_hears, 4),
    (every_bot_is_away, 1),
    (a_bot_is_replaced, 1),
    (a_bot_is_paused, 2),
    (the_database_crashes, 1),
    (the_database_is_restarted, 1),
    (the_database_is_cut_off, 2),
    (the_database_says_nothing, 2),
    (a_commit_is_not_answered, 4),
    (sockets_are_dropped, 3),
    (slack_counts_the_dead, 1),
    (an_old_event_comes_again, 2),
    (slack_fails, 3),
    *AILING,
)
