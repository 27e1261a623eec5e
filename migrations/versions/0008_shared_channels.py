"""Which channels people of other organisations read."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only, and while the code before this revision is running."""
    op.add_column("channel", sa.Column("is_shared", sa.Boolean(), server_default="false", nullable=False))
