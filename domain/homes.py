"""Who looks at their App Home, and at what there."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.db import Base


class Home(Base):
    """One person's Home tab: which part of it is shown, and since when it is looked at."""

    __tablename__ = "home"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id"), primary_key=True)
    slack_user_id: Mapped[str] = mapped_column(primary_key=True)
    looked_at: Mapped[datetime | None]
    shows: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    published: Mapped[str] = mapped_column(server_default="")
    """A digest of what Slack was given last."""
