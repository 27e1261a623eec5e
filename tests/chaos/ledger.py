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
    earlier: list[str] = field(default_factory=list)

    def says(self, text: str) -> None:
        """It was edited."""
        self.earlier.append(self.text)
        self.text = text


@dataclass
class Ledger:
    """Every act of every round."""

    acts: list[Act] = field(default_factory=list)
    replies: dict[tuple[str, str], Reply] = field(default_factory=dict)
    """By channel and ts."""
    brought: dict[tuple[str, str], Reply] = field(default_factory=dict)
    """Messages from elsewhere that somebody wanted to add to an incident, by channel and ts."""
    edits: list[tuple[str, str]] = field(default_factory=list)
    """Of comments that were made through the bot: what stood there, and what was to stand there."""
    buried: dict[tuple[str, str], str] = field(default_factory=dict)
    """What comments said that somebody wanted to be deleted, by channel and ts."""
    unusable: list[str] = field(default_factory=list)
    """Answers of the bot that Slack could not use."""

    def add(self, act: Act) -> None:
        self.acts.append(act)

    def count(self, outcome: Outcome) -> Counter[Evidence]:
        return Counter(act.evidence for act in self.acts if act.outcome is outcome)

    def all_words(self, words: str) -> set[str]:
        """Everything that the comment with these words ever said, or may have said."""
        found, more = {words}, True
        while more:
            known = {each for edit in self.edits if found & set(edit) for each in edit}
            more = bool(known - found)
            found |= known
        return found

    def told(self, evidence: Evidence) -> str:
        """What people were told of the acts with this evidence."""
        return "; ".join(str(act) for act in self.acts if act.evidence == evidence) or "nobody did this"
