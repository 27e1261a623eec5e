"""``python -m tests.chaos.slack``: the local Slack of a run, which reaches the bots by sockets or by HTTP."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from bot.__main__ import until_stopped
from sandbox import http_mode
from sandbox.server import Sandbox, serve

FAST = 60.0
"""Slack repeats an event after a minute and after five; here after one second and after five."""
MANIFEST = Path(__file__).parents[2] / "manifest.yaml"
SECRET = "0123456789abcdef" * 2
BY_SOCKETS, BY_HTTP = signal.SIGUSR1, signal.SIGUSR2
"""From now on."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="slack", description=__doc__)
    parser.add_argument("--seed")
    parser.add_argument("--request-url")
    chosen = parser.parse_args()
    return until_stopped(_serve(chosen.seed, chosen.request_url))


async def _serve(seed: str, request_url: str) -> int:
    http_mode.SIGNING_SECRET = SECRET
    async with serve(manifest=MANIFEST, fast=FAST) as sandbox:
        sandbox.faults.dice.seed(seed)
        sandbox.http.request_url = request_url
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(BY_SOCKETS, _turn, sandbox, False)
        loop.add_signal_handler(BY_HTTP, _turn, sandbox, True)
        sys.stdout.write(f"{sandbox.url}  bot token {sandbox.bot_token}  app token {sandbox.app_token}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()
    return 0


def _turn(sandbox: Sandbox, is_http: bool) -> None:
    sandbox.dispatcher.transport = sandbox.http if is_http else sandbox.sockets


if __name__ == "__main__":
    sys.exit(main())
