-- Takes a workspace away for good that no longer has the app, with all that is known of it: its incidents, its people, and
-- what administrators did there. Nothing brings it back but a backup. Its id stands in the setting forget.workspace;
-- without the setting, or while the workspace has the app, it stops with an error and takes nothing.
--   PGOPTIONS="-c forget.workspace=T0123456789" psql --set ON_ERROR_STOP=1 --file deploy/database/forget_workspace.sql
-- The bot may be running for other workspaces. It takes the role that owns the tables.
BEGIN;

CREATE TEMPORARY TABLE doomed ON COMMIT DROP AS
    SELECT id FROM workspace WHERE id = current_setting('forget.workspace') FOR UPDATE;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM doomed) THEN
        RAISE EXCEPTION 'Nothing was taken away: there is no workspace %.', current_setting('forget.workspace');
    END IF;
    IF EXISTS (SELECT FROM installation JOIN doomed ON id = workspace_id WHERE stopped_at IS NULL) THEN
        RAISE EXCEPTION 'Nothing was taken away: % still has the app. Remove it there first, in Slack.',
            current_setting('forget.workspace');
    END IF;
END $$;

DELETE FROM outbox WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM delivered WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM catch_up WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM home WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM code WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM webhook WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM nudge_rule WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM digest_schedule WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM early_reply WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM comment_revision USING comment
    WHERE comment.id = comment_revision.comment_id AND comment.workspace_id IN (SELECT id FROM doomed);
DELETE FROM comment WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM timeline_entry WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM thread_read WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM thread WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM alert WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM incident WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM api_request WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM api_token WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM slack_profile WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM category WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM channel_member WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM channel WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM installation WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM slack_bots WHERE team_id IN (SELECT id FROM doomed);
DELETE FROM slack_installations WHERE team_id IN (SELECT id FROM doomed);

-- Last, for others who write to this table wait until the commit.
ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_is_append_only;
GRANT DELETE ON audit_entry TO CURRENT_USER;
DELETE FROM audit_entry WHERE workspace_id IN (SELECT id FROM doomed);
REVOKE DELETE ON audit_entry FROM CURRENT_USER;
ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_is_append_only;
DELETE FROM "user" WHERE workspace_id IN (SELECT id FROM doomed);
DELETE FROM workspace WHERE id IN (SELECT id FROM doomed);

COMMIT;
