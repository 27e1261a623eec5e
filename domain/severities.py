"""What the words mean by which other programs say how bad it is."""

from typing import Final

from domain import text
from domain.states import Priority

LABELS: Final = ("severity", "priority", "level")
"""Where such a word may stand, the likeliest first."""
_WORDS: Final = {
    Priority.CRITICAL: ("critical", "fatal", "emergency", "disaster", "page", "p1", "sev1"),
    Priority.HIGH: ("high", "error", "major", "urgent", "p2", "sev2"),
    Priority.MEDIUM: ("medium", "warning", "warn", "average", "moderate", "p3", "sev3"),
    Priority.LOW: ("low", "minor", "info", "information", "notice", "none", "p4", "sev4"),
}


def priority(*said: str) -> Priority | None:
    """What the first of these that is known means."""
    words = [text.bare(word) for word in said if word]
    return next((priority for word in words for priority, names in _WORDS.items() if word in names), None)
