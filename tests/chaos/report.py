"""The table at the end, and the first differences in words."""

from collections import Counter

from tests.chaos.records import Records
from tests.chaos.rounds import Report

MOST = 10


def told(report: Report) -> str:
    acts = Counter(act.outcome for act in report.ledger.acts)
    kinds = Counter(act.evidence[0] for act in report.ledger.acts)
    lines = [
        ("seed", report.seed),
        ("rounds", report.rounds),
        ("actions", len(report.ledger.acts)),
        *((f"  {kind}", count) for kind, count in sorted(kinds.items())),
        *((f"  {outcome}", count) for outcome, count in sorted(acts.items())),
        ("faults", sum(report.thrown.values())),
        *((f"  {kind}", count) for kind, count in sorted(report.thrown.items())),
        *found_in(report.records),
        ("bots that ended by themselves", report.restarts),
        ("replies that Slack lost", report.unheard),
        ("slowest to be sent, seconds", round(report.slowest_s)),
        *((kind, len(found)) for kind, found in report.found.items()),
    ]
    table = "\n".join(f"{name:<36}{value:>10}" for name, value in lines)
    differences = [f"{kind}: {words}" for kind, found in report.found.items() for words in found[:MOST]]
    return "\n".join([table, *differences])


def found_in(records: Records | None) -> list[tuple[str, int]]:
    """How much there was to check."""
    if records is None:
        return []
    posted = [run for run in records.runs if run.outcome == "posted"]
    return [
        ("incidents", len(records.incidents)),
        ("replies", len(records.ledger.replies)),
        ("comments", len(records.comments)),
        ("digests", len(posted)),
        ("messages in Slack", len(records.messages())),
    ]
