-- Pictures that stand for rooms, beside those for people.

ALTER TABLE portrait RENAME COLUMN account TO whose;

ALTER TABLE made_room RENAME TO former_made_room;
CREATE TABLE made_room (
    room TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    topic TEXT NOT NULL,
    alias TEXT NOT NULL,
    public TEXT NOT NULL,
    posters TEXT NOT NULL,
    slow INTEGER NOT NULL,
    keep_days INTEGER NOT NULL,
    receipts INTEGER NOT NULL,
    members_may_invite INTEGER NOT NULL,
    members_may_edit INTEGER NOT NULL,
    members_may_name_all INTEGER NOT NULL,
    archived_at TEXT,
    made_at TEXT NOT NULL,
    made_by TEXT NOT NULL,
    people TEXT,
    titles INTEGER NOT NULL,
    avatar TEXT NOT NULL,
    PRIMARY KEY (room)
) STRICT, WITHOUT ROWID;
INSERT INTO made_room SELECT *, '' FROM former_made_room;
DROP TABLE former_made_room;
