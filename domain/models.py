"""Every table, imported, so that the metadata is whole for migrations."""

from domain import comments, incidents, outbox, threads, timeline, users, workspaces
from domain.db import Base

__all__ = ["Base", "comments", "incidents", "outbox", "threads", "timeline", "users", "workspaces"]
