-- The servers that use these logs, and when each last reported itself: a restore or copy must not replace logs that are
-- in use. Connections don't tell, since poolers keep and share them. The rows are not needed after a crash.

CREATE UNLOGGED TABLE hubbub.node (
    name text PRIMARY KEY,
    seen_at timestamptz NOT NULL              -- by the clock of the database
);
