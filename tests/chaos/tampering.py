"""What makes one thing wrong in what was found."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, TypeAlias

from tests.chaos.records import Records, Row

Tampering: TypeAlias = Callable[[Records], None]


def changed(rows: Sequence[Row], which: Callable[[Row], Any], **values: Any) -> list[Row]:
    """The rows, with the first of those changed."""
    found = next(row for row in rows if which(row))
    return [SimpleNamespace(**{**row._mapping, **values}) if row is found else row for row in rows]


def is_alive(comment: Row) -> bool:
    return comment.deleted_at is None


def is_said_elsewhere(comment: Row) -> bool:
    return bool(comment.is_ours and comment.deleted_at is None)
