"""Everything people do with an incident."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only, and while the code before this revision is running."""
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")  # finds parts of words, and words with typing errors
    op.create_table(
        "channel_member",
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("slack_user_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_channel_member_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "channel_id", "slack_user_id", name=op.f("pk_channel_member")),
    )
    op.create_table(
        "home",
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("slack_user_id", sa.String(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shows", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("published", sa.String(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_home_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "slack_user_id", name=op.f("pk_home")),
    )
    op.create_index("ix_home_looked_at", "home", ["workspace_id", "looked_at"], unique=False)
    op.add_column("channel", sa.Column("welcomed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("comment", sa.Column("is_ours", sa.Boolean(), server_default="false", nullable=False))
    op.create_index(
        "ix_comment_letters",
        "comment",
        ["content"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"content": "gin_trgm_ops"},
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_comment_words",
        "comment",
        [sa.literal_column("to_tsvector('simple', content)")],
        unique=False,
        postgresql_using="gin",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_incident_letters",
        "incident",
        ["title", "description"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"title": "gin_trgm_ops", "description": "gin_trgm_ops"},
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_incident_listed",
        "incident",
        ["workspace_id", "priority", "number"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_incident_words",
        "incident",
        [sa.literal_column("to_tsvector('simple', (title || ' ') || description)")],
        unique=False,
        postgresql_using="gin",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.add_column(
        "timeline_entry", sa.Column("before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True)
    )
    op.add_column("timeline_entry", sa.Column("line_ts", sa.String(), nullable=True))
    op.create_index("ix_timeline_entry_person", "timeline_entry", ["by_user_id", "id"], unique=False)
    op.add_column("user", sa.Column("hinted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("user", sa.Column("wants_messages", sa.Boolean(), server_default="true", nullable=False))
