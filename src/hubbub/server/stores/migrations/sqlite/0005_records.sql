-- Reactions and documents become records: rows of tables of their own, which name their room.

CREATE TABLE named_reaction (
    room TEXT NOT NULL,
    message INTEGER NOT NULL,
    emoji TEXT NOT NULL,
    owner TEXT NOT NULL,                      -- the stable id of who reacted
    by TEXT NOT NULL,                         -- their name at that time
    seq INTEGER NOT NULL,                     -- seq of the reacted event
    PRIMARY KEY (room, message, emoji, owner)
) STRICT, WITHOUT ROWID;

INSERT INTO named_reaction SELECT room.name, message, emoji, owner, by, seq
FROM room JOIN reaction ON reaction.room = room.id ORDER BY room.name, message, emoji, owner;
DROP TABLE reaction;
ALTER TABLE named_reaction RENAME TO reaction;

CREATE TABLE document (
    room TEXT NOT NULL,
    value BLOB NOT NULL,                      -- JSON
    seq INTEGER NOT NULL,                     -- seq of its last patch
    PRIMARY KEY (room)
) STRICT, WITHOUT ROWID;

INSERT INTO document SELECT name, document, document_seq FROM room WHERE document_seq > 0 ORDER BY name;

DROP VIEW headed_room;
ALTER TABLE room DROP COLUMN document;
ALTER TABLE room DROP COLUMN document_seq;

CREATE VIEW headed_room AS
SELECT room.*, max(
    kept - 1,
    coalesce((SELECT max(seq) FROM message WHERE message.room = room.id), 0),
    coalesce((SELECT max(seq) FROM change WHERE change.room = room.id), 0)
) AS head FROM room;
