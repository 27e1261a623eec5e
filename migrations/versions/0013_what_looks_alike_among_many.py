"""Look-alikes are found among what is unresolved, however much was resolved in years."""

from alembic import op
from sqlalchemy import text

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# The planner takes a comparison of letters to be as cheap as one of numbers, and would compare every title.
LIKENESS = """
CREATE FUNCTION likeness(one text, other text) RETURNS real
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS 'BEGIN RETURN similarity(one, other); END'
"""


def upgrade() -> None:
    """Forward only, and while the code before this revision is running."""
    op.execute(LIKENESS)
    op.create_index(
        "ix_incident_alike",
        "incident",
        ["title"],
        postgresql_using="gin",
        postgresql_ops={"title": "gin_trgm_ops"},
        postgresql_with={"fastupdate": "off"},  # what was opened a moment ago is what looks alike
        postgresql_where=text("status <> 'resolved' AND deleted_at IS NULL"),
    )
