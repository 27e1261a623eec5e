"""What was taken back by undo counts neither as a start nor as a reopening, as in the numbers."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TIMES = """
CREATE OR REPLACE VIEW v_incident_times AS
SELECT i.workspace_id, i.number, i.priority::text AS priority, i.category, i.status::text AS status,
       i.channel_id, coalesce(c.is_private, true) AS is_private,
       i.created_at AS opened_at, happened.started_at, i.resolved_at,
       happened.started_at - i.created_at AS time_to_start, i.resolved_at - i.created_at AS time_to_resolve,
       happened.reopened
FROM incident i
LEFT JOIN channel c ON c.workspace_id = i.workspace_id AND c.id = i.channel_id
CROSS JOIN LATERAL (
    SELECT min(e.at) FILTER (WHERE e.what = 'started') AS started_at,
           count(*) FILTER (WHERE e.what = 'reopened') AS reopened
    FROM timeline_entry e
    WHERE e.incident_id = i.id AND NOT EXISTS (
        SELECT FROM timeline_entry undone
        WHERE undone.incident_id = e.incident_id AND undone.what = 'undone' AND e.batch = (
            SELECT before.batch FROM timeline_entry before
            WHERE before.incident_id = undone.incident_id AND before.id < undone.id ORDER BY before.id DESC LIMIT 1
        )
    )
) happened
WHERE i.deleted_at IS NULL
"""


def upgrade() -> None:
    """Forward only, and while the code before this revision is running."""
    op.execute(TIMES)
