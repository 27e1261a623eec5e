"""What is unresolved is counted in an index that has all that counting asks for, and no row is read for it."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only, and while the code before this revision is running."""
    op.drop_index("ix_incident_unresolved", "incident")
    op.create_index(
        "ix_incident_unresolved",
        "incident",
        ["workspace_id", "priority", "number"],
        postgresql_where=sa.text("status <> 'resolved' AND deleted_at IS NULL"),
        postgresql_include=["channel_id", "owner_id", "assignee_id", "status", "updated_at"],
    )
