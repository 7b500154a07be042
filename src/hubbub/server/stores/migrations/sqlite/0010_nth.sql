-- Count the messages of each room: `nth` says which of its room a message is, deleted ones included. Of a room that lost
-- its beginning to retention before this, the first message left is the first.

ALTER TABLE message ADD COLUMN nth INTEGER NOT NULL DEFAULT 0;

-- :parts message
UPDATE message SET nth = new.nth FROM (
    SELECT room, seq, row_number() OVER (PARTITION BY room ORDER BY seq) + coalesce((
        SELECT nth FROM message AS last WHERE last.room = $1 AND last.seq = $2 AND last.room = part.room
    ), 0) AS nth
    FROM message AS part WHERE {part}
) AS new WHERE message.room = new.room AND message.seq = new.seq;

ALTER TABLE room ADD COLUMN trimmed_nth INTEGER NOT NULL DEFAULT 0;  -- of the last message that retention deleted

-- What a room's head is follows from its newest rows, or from the last ones that retention deleted.
DROP VIEW headed_room;
CREATE VIEW headed_room AS
SELECT room.*, max(
    kept - 1,
    coalesce((SELECT max(seq) FROM message WHERE message.room = room.id), 0),
    coalesce((SELECT max(seq) FROM change WHERE change.room = room.id), 0)
) AS head, coalesce(
    (SELECT nth FROM message WHERE message.room = room.id ORDER BY seq DESC LIMIT 1), trimmed_nth
) AS nth FROM room;
