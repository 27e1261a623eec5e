-- Takes resolved incidents away for good, with everything about them, once they have been resolved for as long as the
-- setting purge.resolved_after says. Nothing brings them back but a backup. Without the setting it stops with an error.
--   PGOPTIONS="-c purge.resolved_after=2years" psql --set ON_ERROR_STOP=1 --file deploy/database/purge.sql
-- The bot may be running; what people deleted it purges by itself. What administrators did stays in audit_entry, which
-- holds ids, and no text of incidents.
BEGIN;

CREATE TEMPORARY TABLE doomed ON COMMIT DROP AS
    SELECT id, workspace_id, channel_id, card_ts
    FROM incident
    WHERE status = 'resolved' AND deleted_at IS NULL
        AND resolved_at < now() - current_setting('purge.resolved_after')::interval
    FOR UPDATE;

DELETE FROM outbox WHERE incident_id IN (SELECT id FROM doomed);
DELETE FROM digest_row WHERE incident_id IN (SELECT id FROM doomed);
DELETE FROM thread_read AS read USING doomed
    WHERE read.workspace_id = doomed.workspace_id AND read.channel_id = doomed.channel_id AND read.ts = doomed.card_ts;
DELETE FROM comment_revision USING comment
    WHERE comment.id = comment_revision.comment_id AND comment.incident_id IN (SELECT id FROM doomed);
DELETE FROM comment WHERE incident_id IN (SELECT id FROM doomed);
DELETE FROM timeline_entry WHERE incident_id IN (SELECT id FROM doomed);
DELETE FROM thread WHERE incident_id IN (SELECT id FROM doomed);
DELETE FROM alert WHERE incident_id IN (SELECT id FROM doomed);
DELETE FROM nudge WHERE incident_id IN (SELECT id FROM doomed);
DELETE FROM incident WHERE id IN (SELECT id FROM doomed);

COMMIT;
