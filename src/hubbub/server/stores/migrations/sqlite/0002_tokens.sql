-- Tokens that were given out. The row `tokens` of meta grows with each change, so that a server sees it.

CREATE TABLE token (
    id TEXT PRIMARY KEY,                      -- public; names it
    name TEXT NOT NULL,                       -- what its holder is called
    digest TEXT NOT NULL UNIQUE,              -- SHA-256 of the token, in hexadecimal
    can TEXT NOT NULL,                        -- rights: a JSON array
    rooms TEXT NOT NULL,                      -- patterns: a JSON array
    created_at TEXT NOT NULL,                 -- RFC 3339
    expires_at REAL,                          -- seconds since 1970; NULL: never
    revoked_at TEXT                           -- RFC 3339; NULL: valid
) STRICT, WITHOUT ROWID;
