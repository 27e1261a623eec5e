"""What this process counts, for Prometheus. Numbers and names of kinds only: nothing that people wrote, and no ids."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from domain.comparison import Progress
from domain.errors import DomainError
from domain.health import Facts

REQUESTS: Final = Counter(
    "incident_tracker_requests", "What Slack and programs sent, by kind and by what became of it", ["kind", "outcome"]
)
ACK: Final = Histogram(
    "incident_tracker_ack_seconds", "From a request to its acknowledgement, its commit included", ["kind"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3),
)  # fmt: skip
CALLS: Final = Counter("incident_tracker_slack_calls", "Calls of Slack, by method and answer", ["method", "answer"])
CONNECTIONS: Final = Gauge(
    "incident_tracker_socket_connections", "Connections to Slack in Socket Mode, of this process"
)
DATABASE: Final = Gauge(
    "incident_tracker_database_answers", "Whether the database answered when it was last asked here"
)
WAITING: Final = Gauge("incident_tracker_outbox_waiting", "What still has to reach Slack, of all processes")
OLDEST: Final = Gauge("incident_tracker_outbox_oldest_seconds", "Since when the oldest of it waits")
GIVEN_UP: Final = Gauge("incident_tracker_outbox_given_up", "What will never reach Slack; admin doctor says why")
STRANDED: Final = Gauge("incident_tracker_incidents_stranded", "Unresolved incidents whose card no channel shows")

LAG: Final = Gauge(
    "incident_tracker_catch_up_lag_seconds", "Since when all that Slack tells was compared; grows where it cannot be"
)
TO_READ: Final = Gauge("incident_tracker_catch_up_threads", "Threads in which Slack knows more, still to be read")


@contextmanager
def served(kind: str) -> Iterator[None]:
    """Count a request of Slack's: served, refused in words, too late, or failed."""
    began, outcome = time.perf_counter(), "failed"
    try:
        yield
        outcome = "served"
    except DomainError:
        outcome = "refused"
        raise
    except TimeoutError:
        outcome = "late"
        raise
    finally:
        ACK.labels(kind).observe(time.perf_counter() - began)
        REQUESTS.labels(kind, outcome).inc()


def note(facts: Sequence[Facts], compared: Sequence[Progress], now: datetime) -> None:
    """Show how the outbox and catching up are now, of all workspaces that are served."""
    LAG.set(max(((now - each.since).total_seconds() for each in compared if each.since), default=0.0))
    TO_READ.set(sum(each.due for each in compared))
    WAITING.set(sum(each.waiting for each in facts))
    OLDEST.set(max(((now - each.oldest).total_seconds() for each in facts if each.oldest), default=0.0))
    GIVEN_UP.set(sum(each.lost for each in facts))
    STRANDED.set(sum(each.stranded for each in facts))
