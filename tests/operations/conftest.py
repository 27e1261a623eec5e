"""What operations need: the bot as in the end-to-end tests, and pools, processes and archives beside it."""

from tests.end_to_end.conftest import quiet_logs, workspace

__all__ = ["quiet_logs", "workspace"]
