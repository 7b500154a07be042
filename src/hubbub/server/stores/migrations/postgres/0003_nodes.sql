-- The servers that use these logs, each with when it said so last: whoever wants to put others in their place has to
-- know. Not by their connections, since a pooler keeps these, and gives them to others. Worth nothing after a crash.

CREATE UNLOGGED TABLE hubbub.node (
    name text PRIMARY KEY,
    seen_at timestamptz NOT NULL              -- by the database's clock
);
