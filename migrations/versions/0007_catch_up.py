"""How far each channel was read after an absence, and in which thread each comment stands."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only, and while the code before this revision is running."""
    op.add_column("comment", sa.Column("thread_ts", sa.String(), nullable=True))
    op.create_table(
        "catch_up",
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("below", sa.String(), nullable=True),
        sa.Column("per_page", sa.Integer(), server_default="999", nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_catch_up_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "channel_id", name=op.f("pk_catch_up")),
    )
    op.create_table(
        "thread_read",
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("ts", sa.String(), nullable=False),
        sa.Column("latest", sa.String(), nullable=True),
        sa.Column("others", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_due", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("is_whole", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("upto", sa.String(), nullable=True),
        sa.Column("replies", sa.Integer(), server_default="0", nullable=False),
        sa.Column("edits", sa.Integer(), server_default="0", nullable=False),
        sa.Column("deletions", sa.Integer(), server_default="0", nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "channel_id", "ts"],
            ["thread.workspace_id", "thread.channel_id", "thread.ts"],
            name="fk_thread_read_thread",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "channel_id", "ts", name=op.f("pk_thread_read")),
    )
    op.create_index(
        "ix_thread_read_due", "thread_read", ["workspace_id", "channel_id"], postgresql_where=sa.text("is_due")
    )
