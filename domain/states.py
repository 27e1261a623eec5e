"""What an incident can be."""

from enum import StrEnum


class Status(StrEnum):
    """The lifecycle; README draws it. Change the picture, ``domain/lifecycle.py`` and this together."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"

    @property
    def label(self) -> str:
        """The status as people say it."""
        return self.value.replace("_", " ")


class Priority(StrEnum):
    """How much it matters, in falling order, which is the order in the database, too."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
