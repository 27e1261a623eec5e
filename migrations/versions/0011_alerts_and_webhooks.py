"""Which alert opened which incident, and who is told of changes."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Whatever writes a change or a comment has its webhooks told by the same statement. Four lanes for each webhook: what
# concerns one incident stays in order, and a receiver has at most four requests at a time.
LANE = "'webhook:' || told.id || ':' || (hashtext(happened.incident_id::text) & 3)"
TELL = f"""
    INSERT INTO outbox (workspace_id, topic, lane, incident_id, payload)
    SELECT happened.workspace_id, 'webhook.due', {LANE}, happened.incident_id,
           jsonb_build_object('webhook', told.id, 'id', gen_random_uuid(), 'event', happened.event) || happened.carried
    FROM happened
    JOIN webhook told ON told.workspace_id = happened.workspace_id
        AND told.off_at IS NULL AND happened.event = ANY (told.events)
    ORDER BY happened.place, told.number;
"""  # noqa: S608
CHANGES = f"""
CREATE FUNCTION tell_webhooks_of_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM webhook) THEN RETURN NULL; END IF;
    WITH happened AS (
        SELECT workspace_id, incident_id, min(id) AS place, jsonb_build_object('batch', batch) AS carried,
               CASE WHEN bool_or(what = 'created') THEN 'opened'
                    WHEN bool_or(what = 'deleted') THEN 'deleted'
                    WHEN bool_or(what = 'resolved') THEN 'resolved'
                    WHEN bool_or(what = 'reopened') THEN 'reopened'
                    ELSE 'changed' END AS event
        FROM added GROUP BY workspace_id, incident_id, batch
    ){TELL}
    RETURN NULL;
END $$
"""  # noqa: S608
MADE = f"""
CREATE FUNCTION tell_webhooks_of_new_comments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM webhook) THEN RETURN NULL; END IF;
    WITH happened AS (
        SELECT workspace_id, incident_id, 'commented' AS event, created_at AS place,
               jsonb_build_object('comment', id, 'how', 'created', 'at', created_at) AS carried
        FROM added WHERE deleted_at IS NULL
    ){TELL}
    RETURN NULL;
END $$
"""  # noqa: S608
REVISED = f"""
CREATE FUNCTION tell_webhooks_of_changed_comments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM webhook) THEN RETURN NULL; END IF;
    WITH happened AS (
        SELECT a.workspace_id, a.incident_id, 'commented' AS event, a.created_at AS place,
               CASE WHEN a.deleted_at IS NULL
                    THEN jsonb_build_object('comment', a.id, 'how', 'edited', 'at', a.edited_at)
                    ELSE jsonb_build_object('comment', a.id, 'how', 'deleted', 'at', a.deleted_at) END AS carried
        FROM added a JOIN gone b ON b.id = a.id
        WHERE b.deleted_at IS NULL AND (a.deleted_at IS NOT NULL OR a.content <> b.content)
    ){TELL}
    RETURN NULL;
END $$
"""  # noqa: S608
TRIGGERS = (
    "CREATE TRIGGER tell_webhooks AFTER INSERT ON timeline_entry REFERENCING NEW TABLE AS added"
    " FOR EACH STATEMENT EXECUTE FUNCTION tell_webhooks_of_changes()",
    "CREATE TRIGGER tell_webhooks AFTER INSERT ON comment REFERENCING NEW TABLE AS added"
    " FOR EACH STATEMENT EXECUTE FUNCTION tell_webhooks_of_new_comments()",
    "CREATE TRIGGER tell_webhooks_again AFTER UPDATE ON comment REFERENCING NEW TABLE AS added OLD TABLE AS gone"
    " FOR EACH STATEMENT EXECUTE FUNCTION tell_webhooks_of_changed_comments()",
)


def upgrade() -> None:
    """Forward only, and while the code before this revision is running."""
    op.create_table(
        "alert",
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.Column("is_firing", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("priority", sa.String(), nullable=True),
        sa.Column("reports", sa.Integer(), server_default="1", nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_alert_incident_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_alert_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "fingerprint", name=op.f("pk_alert")),
    )
    op.create_index(op.f("ix_alert_incident_id"), "alert", ["incident_id"])
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("events", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("tells_private", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("took_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("off_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_webhook_workspace_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_index("uq_webhook_number", "webhook", ["workspace_id", "number"], unique=True)
    for statement in (CHANGES, MADE, REVISED, *TRIGGERS):
        op.execute(statement)
