"""``python -m sandbox``: a workspace to try the app in, until Ctrl+C."""

import argparse
import asyncio
import sys
from pathlib import Path

from sandbox.server import serve


def main(words: list[str] | None = None) -> None:
    arguments = _parser().parse_args(words)
    try:
        asyncio.run(_run(arguments))
    except KeyboardInterrupt:
        return


async def _run(arguments: argparse.Namespace) -> None:
    async with serve(
        port=arguments.port,
        manifest=arguments.manifest,
        people=arguments.people,
        fast=arguments.fast,
        limits=arguments.limits == "on",
        few=arguments.history == "few",
        request_url=arguments.request_url,
    ) as sandbox:
        sandbox.faults.dice.seed(arguments.seed)
        sys.stdout.write(f"{sandbox.url}  bot token {sandbox.bot_token}  app token {sandbox.app_token}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sandbox", description="A local Slack workspace on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=3000, help="0 takes any that is free (default: 3000)")
    parser.add_argument("--manifest", type=Path, default=Path("manifest.yaml"), help="the app (default: %(default)s)")
    parser.add_argument("--people", type=Path, help="who is in the workspace, in the form of sandbox/people.yaml")
    parser.add_argument("--fast", type=_pace, default=1.0, help="how many times faster limits and retries go by")
    parser.add_argument("--limits", choices=["on", "off"], default="on", help="Slack's rate limits (default: on)")
    few = "few: at most 15 messages a call and one call a minute, as for some apps (default: full)"
    parser.add_argument("--history", choices=["full", "few"], default="full", help=few)
    parser.add_argument("--seed", help="makes the same of the faults that have a rate strike again")
    parser.add_argument("--request-url", help="HTTP mode: post everything there, signed, instead of Socket Mode")
    return parser


def _pace(typed: str) -> float:
    if (pace := float(typed)) <= 0:
        raise argparse.ArgumentTypeError("time cannot stand still")
    return pace


if __name__ == "__main__":
    main()
