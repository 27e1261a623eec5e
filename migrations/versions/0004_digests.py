"""Digests: when a channel gets one, and what became of each slot."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only, and while the code before this revision is running."""
    op.create_table(
        "digest_schedule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("at", sa.Time(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("days", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("posts_empty", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("is_paused", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("paused_why", sa.String(), server_default="", nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("by_user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["by_user_id"], ["user.id"], name=op.f("fk_digest_schedule_by_user_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_digest_schedule_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest_schedule")),
        sa.UniqueConstraint("workspace_id", "channel_id", name=op.f("uq_digest_schedule_workspace_id_channel_id")),
    )
    op.create_table(
        "digest_row",
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["digest_schedule.id"], name=op.f("fk_digest_row_schedule_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("schedule_id", "incident_id", name=op.f("pk_digest_row")),
    )
    op.create_index(op.f("ix_digest_row_incident_id"), "digest_row", ["incident_id"], unique=False)
    op.create_table(
        "digest_run",
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), server_default="queued", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ts", sa.String(), nullable=True),
        sa.Column("shown", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["digest_schedule.id"], name=op.f("fk_digest_run_schedule_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("schedule_id", "slot", name=op.f("pk_digest_run")),
    )
    op.create_index("ix_incident_opened", "incident", ["workspace_id", "created_at"], unique=False)
    op.create_index("ix_incident_resolved", "incident", ["workspace_id", "resolved_at"], unique=False)
    op.create_index("ix_timeline_entry_what", "timeline_entry", ["workspace_id", "what", "at"], unique=False)
