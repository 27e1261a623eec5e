"""Catching up after a time without a connection: calls and time for 1, 100 and 1,000 changed threads."""

from bench.figures import Line

CHANGED = (1, 100, 1_000)


async def measured(_server: str, *, scale: float = 1.0) -> list[Line]:  # noqa: ARG001 - nothing to scale yet
    """Not measured yet, and it says so."""
    return [
        Line(case=f"catch-up of {changed:,} changed threads among 10,000", value=None, note="no case for it yet")
        for changed in CHANGED
    ]
