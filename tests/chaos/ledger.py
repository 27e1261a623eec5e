"""What people did, and what they were told of it."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

Evidence: TypeAlias = tuple[str, ...]
"""What an act leaves in the database if it was done: its kind, and what tells it from others of this kind."""


class Outcome(StrEnum):
    """What the person was told."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that one person did, however often they pressed the button until they got an answer."""

    by: str
    evidence: Evidence
    outcome: Outcome
    told: str = ""

    def __str__(self) -> str:
        return f"{self.by}: {' '.join(self.evidence)} ({self.outcome}{f', told: {self.told}' if self.told else ''})"


@dataclass
class Reply:
    """A reply that a person wrote in the thread of a card, as it stands in Slack now."""

    by: str
    text: str
    is_line: bool = False
    """Whether it is said to the bot: then it is kept as the bot shows it."""
    is_deleted: bool = False


@dataclass
class Ledger:
    """Every act of every round."""

    acts: list[Act] = field(default_factory=list)
    replies: dict[tuple[str, str], Reply] = field(default_factory=dict)
    """By channel and ts."""
    unusable: list[str] = field(default_factory=list)
    """Answers of the bot that Slack could not use."""

    def add(self, act: Act) -> None:
        self.acts.append(act)

    def count(self, outcome: Outcome) -> Counter[Evidence]:
        return Counter(act.evidence for act in self.acts if act.outcome is outcome)

    def told(self, evidence: Evidence) -> str:
        """What people were told of the acts with this evidence."""
        return "; ".join(str(act) for act in self.acts if act.evidence == evidence) or "nobody did this"
