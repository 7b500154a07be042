-- Count the messages of each room: `nth` says which of its room a message is, deleted ones included. Of a room that lost
-- its beginning to retention before this, the first message left is the first.

ALTER TABLE hubbub.message ADD COLUMN nth bigint NOT NULL DEFAULT 0;

-- :parts message
UPDATE hubbub.message SET nth = new.nth FROM (
    SELECT room, seq, row_number() OVER (PARTITION BY room ORDER BY seq) + coalesce((
        SELECT nth FROM hubbub.message AS last WHERE last.room = $1 AND last.seq = $2 AND last.room = part.room
    ), 0) AS nth
    FROM hubbub.message AS part WHERE {part}
) AS new WHERE message.room = new.room AND message.seq = new.seq;

ALTER TABLE hubbub.message ALTER COLUMN nth DROP DEFAULT;

ALTER TABLE hubbub.room ADD COLUMN nth bigint NOT NULL DEFAULT 0;  -- of its last message, be that trimmed or not
UPDATE hubbub.room SET nth = last.nth
FROM (SELECT room, max(nth) AS nth FROM hubbub.message GROUP BY room) AS last WHERE last.room = room.id;
