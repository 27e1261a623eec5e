"""Nudges: when an incident needs a reminder, and how far each has got."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only, and while the code before this revision is running."""
    op.create_table(
        "nudge_rule",
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("priority", postgresql.ENUM(name="priority", create_type=False), nullable=False),
        sa.Column("unassigned_after", sa.Interval(), nullable=True),
        sa.Column("silent_after", sa.Interval(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_nudge_rule_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "priority", name=op.f("pk_nudge_rule")),
    )
    op.create_table(
        "nudge",
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rung", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_nudge_incident_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_nudge")),
    )
