"""An account as superusers see it, and a page of them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.policy import Admission, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account with the Slack user that is mapped to it, if one is."""

    id: UUID
    name: str
    email: str | None
    slack_user_id: str | None
    standing: Standing
    admission: Admission
    is_active: bool
    is_closed: bool
    is_deactivated: bool
    """In Slack."""
    is_superuser: bool
    is_nominated: bool
    is_proved: bool
    created_at: datetime

    @property
    def is_waiting(self) -> bool:
        """Whether a superuser was asked to let them in."""
        return self.may_join and self.admission is Admission.WAITING

    @property
    def may_join(self) -> bool:
        """A full member whom nobody shut out."""
        return self.is_active and not self.is_deactivated and self.standing is Standing.MEMBER


@dataclass(frozen=True, slots=True)
class Page:
    """Up to ten people by name; ``next`` and ``previous`` continue it, None ends it."""

    people: list[Person]
    next: UUID | None = None
    previous: UUID | None = None
