"""Every table, imported, so that the metadata is whole for migrations."""

from domain import (
    audit,
    catch_up,
    codes,
    comments,
    digest_rows,
    early_replies,
    homes,
    incidents,
    membership,
    nudge_rules,
    outbox,
    repeats,
    rereading,
    threads,
    timeline,
    users,
    workspaces,
)
from domain.db import Base

__all__ = [
    "Base",
    "audit",
    "catch_up",
    "codes",
    "comments",
    "digest_rows",
    "early_replies",
    "homes",
    "incidents",
    "membership",
    "nudge_rules",
    "outbox",
    "repeats",
    "rereading",
    "threads",
    "timeline",
    "users",
    "workspaces",
]
