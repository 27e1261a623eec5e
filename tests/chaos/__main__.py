"""``python -m tests.chaos``: people act while processes are killed and Slack fails; nothing may be lost or doubled."""

import argparse
import secrets
import sys
from pathlib import Path

from bot.__main__ import until_stopped
from tests.chaos.report import told
from tests.chaos.rounds import CATCHES_UP, play


def main() -> int:
    """Print a table; 1 if anything was lost, doubled or wrong."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", default="", help="plays a run again, as far as timing lets it")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long people act in a round")
    parser.add_argument(
        "--catch-up",
        action=argparse.BooleanOptionalAction,
        default=CATCHES_UP,
        help="what was written while no bot was up must be found, too",
    )
    parser.add_argument("--keep", type=Path, help="a new folder for logs, Slack's record and all tables, if it fails")
    chosen = parser.parse_args()
    return until_stopped(_played(chosen, chosen.seed or secrets.token_hex(4)))


async def _played(chosen: argparse.Namespace, seed: str) -> int:
    sys.stdout.write(f"seed {seed}\n")
    sys.stdout.flush()
    report = await play(
        rounds=chosen.rounds, seed=seed, seconds=chosen.seconds, catches_up=chosen.catch_up, keep=chosen.keep
    )
    sys.stdout.write(f"{told(report)}\n")
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
