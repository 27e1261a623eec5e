"""People: accounts, their rights, codes, and what administrators did."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only, and while the code before this revision is running."""
    op.create_table(
        "code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("slack_user_id", sa.String(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("former", sa.String(), nullable=True),
        sa.Column("hashed", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_code_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code")),
    )
    op.create_index("ix_code_address", "code", ["workspace_id", "address", "created_at"], unique=False)
    op.create_index(op.f("ix_code_created_at"), "code", ["created_at"], unique=False)
    op.create_index("ix_code_person", "code", ["workspace_id", "slack_user_id", "created_at"], unique=False)
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("deed", sa.String(), nullable=False),
        sa.Column("by_user_id", sa.Uuid(), nullable=True),
        sa.Column("surface", sa.String(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=True),
        sa.Column("about_user_id", sa.Uuid(), nullable=True),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["about_user_id"], ["user.id"], name=op.f("fk_audit_entry_about_user_id")),
        sa.ForeignKeyConstraint(["by_user_id"], ["user.id"], name=op.f("fk_audit_entry_by_user_id")),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_audit_entry_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_about", "audit_entry", ["about_user_id", "id"], unique=False)
    op.create_index("ix_audit_entry_by", "audit_entry", ["by_user_id", "id"], unique=False)
    op.create_index(
        "ix_audit_entry_incident",
        "audit_entry",
        ["incident_id", "id"],
        unique=False,
        postgresql_where=sa.text("incident_id IS NOT NULL"),
    )
    op.create_index("ix_audit_entry_workspace", "audit_entry", ["workspace_id", "id"], unique=False)
    op.add_column("user", sa.Column("is_nominated", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("user", sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("user", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("user", sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("user", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("user", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("workspace", sa.Column("sign_up", sa.String(), server_default="open", nullable=False))
    op.add_column(
        "workspace", sa.Column("sign_up_domains", postgresql.ARRAY(sa.String()), server_default="{}", nullable=False)
    )
    op.execute('UPDATE "user" SET admitted_at = created_at')  # whoever is here stays
    op.execute(
        "ALTER TABLE slack_profile DROP CONSTRAINT uq_slack_profile_user_id,"
        " ADD CONSTRAINT uq_slack_profile_user_id UNIQUE (user_id) DEFERRABLE"
    )
    _only_append()


def _only_append() -> None:
    """Nobody changes what was done, the bot's own role included."""
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON audit_entry FROM PUBLIC, CURRENT_USER")
    op.execute(
        "CREATE FUNCTION refuse_to_change_audit() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN RAISE EXCEPTION 'audit entries are never changed or deleted'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_entry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_audit()"
    )
