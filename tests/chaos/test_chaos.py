"""A short run of ``make chaos``, and proof that its checks find what they look for."""

import copy
from collections.abc import Iterator

from tests.chaos.ledger import Outcome
from tests.chaos.promises import PROMISES
from tests.chaos.records import Records
from tests.chaos.report import told
from tests.chaos.rounds import play
from tests.chaos.tamperings import TAMPERINGS, untouched

KINDS = {
    "assigned", "brought", "created", "deleted", "edited", "prioritized", "removed", "renamed", "reopened", "resolved",
    "restored", "reverted", "said", "taken", "undone",
}  # fmt: skip


async def test_nothing_is_lost_or_doubled_and_the_checks_would_tell() -> None:
    report = await play(rounds=2, seed="keel", seconds=3.0)

    assert report.is_good, told(report)
    assert report.rounds == 2
    assert report.records is not None
    assert {evidence[0] for evidence in report.ledger.count(Outcome.DONE)} == KINDS
    for tamper, name in TAMPERINGS:
        records = copy.deepcopy(report.records)
        tamper(records)
        assert name in set(broken(records)), tamper.__name__


def test_there_is_proof_for_every_promise() -> None:
    assert not untouched(PROMISES)


def broken(records: Records) -> Iterator[str]:
    """The promises that do not hold."""
    for _, promise in PROMISES:
        if list(promise(records)):
            yield promise.__name__
