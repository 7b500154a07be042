-- Reactions and documents become records: rows of tables of their own, which name their room.

CREATE TABLE hubbub.named_reaction (
    room text COLLATE "C" NOT NULL,
    message bigint NOT NULL,
    emoji text COLLATE "C" NOT NULL,
    owner text COLLATE "C" NOT NULL,          -- the stable id of who reacted
    by text COLLATE "C" NOT NULL,             -- their name at that time
    seq bigint NOT NULL,                      -- seq of the reacted event
    PRIMARY KEY (room, message, emoji, owner)
);

INSERT INTO hubbub.named_reaction SELECT room.name, message, emoji, owner, by, seq
FROM hubbub.room JOIN hubbub.reaction ON reaction.room = room.id;
DROP TABLE hubbub.reaction;
ALTER TABLE hubbub.named_reaction RENAME TO reaction;
ALTER INDEX hubbub.named_reaction_pkey RENAME TO reaction_pkey;

CREATE TABLE hubbub.document (
    room text COLLATE "C" NOT NULL,
    value bytea NOT NULL,                     -- JSON
    seq bigint NOT NULL,                      -- seq of its last patch
    PRIMARY KEY (room)
);

INSERT INTO hubbub.document SELECT name, document, document_seq FROM hubbub.room WHERE document_seq > 0;
ALTER TABLE hubbub.room DROP COLUMN document, DROP COLUMN document_seq;
