-- Tokens become records.

CREATE TABLE hubbub.token_record (
    id text COLLATE "C" NOT NULL,             -- public; identifies the token
    name text COLLATE "C" NOT NULL,           -- the name of its holder
    digest text COLLATE "C" NOT NULL,         -- SHA-256 of the token, in hexadecimal
    can text COLLATE "C" NOT NULL,            -- scopes: a JSON array
    rooms text COLLATE "C" NOT NULL,          -- patterns: a JSON array
    created_at text COLLATE "C" NOT NULL,     -- RFC 3339
    expires_at double precision,              -- seconds since 1970; NULL: never
    revoked_at text COLLATE "C",              -- RFC 3339; NULL: valid
    PRIMARY KEY (id)
);

INSERT INTO hubbub.token_record
SELECT id, name, digest, array_to_json(can), array_to_json(rooms), created_at, expires_at, revoked_at FROM hubbub.token;
DROP TABLE hubbub.token;
ALTER TABLE hubbub.token_record RENAME TO token;
ALTER INDEX hubbub.token_record_pkey RENAME TO token_pkey;
