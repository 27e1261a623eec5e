"""Every table, imported, so that the metadata is whole for migrations."""

from domain import comments, early_replies, incidents, outbox, repeats, threads, timeline, users, workspaces
from domain.db import Base

__all__ = [
    "Base",
    "comments",
    "early_replies",
    "incidents",
    "outbox",
    "repeats",
    "threads",
    "timeline",
    "users",
    "workspaces",
]
