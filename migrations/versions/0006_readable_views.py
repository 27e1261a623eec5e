"""Views that people may build on: open incidents, and how long each one took."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OPEN = """
CREATE VIEW v_open_incidents AS
SELECT i.workspace_id, i.number, i.title, i.status::text AS status, i.priority::text AS priority, i.category,
       i.channel_id, c.name AS channel, coalesce(c.is_private, true) AS is_private,
       owner.full_name AS owner, assignee.full_name AS assignee,
       i.created_at AS opened_at, now() - i.created_at AS age,
       greatest(i.updated_at, (
           SELECT max(said.created_at) FROM comment said WHERE said.incident_id = i.id AND said.deleted_at IS NULL
       )) AS last_word_at
FROM incident i
JOIN "user" owner ON owner.id = i.owner_id
LEFT JOIN "user" assignee ON assignee.id = i.assignee_id
LEFT JOIN channel c ON c.workspace_id = i.workspace_id AND c.id = i.channel_id
WHERE i.status <> 'resolved' AND i.deleted_at IS NULL
"""
TIMES = """
CREATE VIEW v_incident_times AS
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
    FROM timeline_entry e WHERE e.incident_id = i.id
) happened
WHERE i.deleted_at IS NULL
"""


def upgrade() -> None:
    """Forward only, and while the code before this revision is running."""
    op.execute(OPEN)
    op.execute(TIMES)
