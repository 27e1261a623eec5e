"""Since when nobody listened, and which replies may have been edited meanwhile."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only, and while the code before this revision is running."""
    op.add_column("workspace", sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("catch_up", sa.Column("edited_since", sa.String(), nullable=True))
