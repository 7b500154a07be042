-- :room_id The id of a room.
SELECT id FROM room WHERE name = ?;

-- :missing Messages of a room that were posted or edited between two numbers, and aren't in the index.
SELECT message.room, message.seq, posted, edited FROM message
WHERE message.room = (SELECT id FROM room WHERE name = :name) AND NOT is_deleted AND message.seq IN (
    SELECT seq FROM message WHERE room = (SELECT id FROM room WHERE name = :name) AND seq > :after AND seq <= :upto
    UNION
    SELECT about FROM change WHERE room = (SELECT id FROM room WHERE name = :name) AND seq > :after AND seq <= :upto
        AND substr(body, 1, 18) = CAST('{"event":"edited",' AS BLOB)
) AND NOT EXISTS (
    SELECT 1 FROM search_entry AS entry WHERE entry.room = message.room AND entry.seq = message.seq
);

-- :is_taken Whether a place is taken.
SELECT EXISTS (SELECT 1 FROM search_entry WHERE id = ?);

-- :add Note that the index has a message: id, place, room, seq.
INSERT INTO search_entry (id, place, room, seq) VALUES (?, ?, ?, ?);

-- :add_terms Put in what it is found by.
INSERT INTO search_term (rowid, terms) VALUES (?, ?);

-- :held What the index has of messages, by the ids of their logs and their numbers: they are still as they were put in.
SELECT entry.room, entry.seq, entry.id, place, name, posted, edited
FROM json_each(?) AS wanted
CROSS JOIN search_entry AS entry ON entry.room = wanted.value ->> 0 AND entry.seq = wanted.value ->> 1
JOIN message ON message.room = entry.room AND message.seq = entry.seq JOIN room ON room.id = entry.room;

-- :held_upto The first messages of a log that the index has, up to a number.
SELECT room, seq FROM search_entry WHERE room = ? AND seq <= ? ORDER BY seq LIMIT ?;

-- :drop_terms Take out what it was found by.
INSERT INTO search_term (search_term, rowid, terms) VALUES ('delete', ?, ?);

-- :drop Note that the index has it no more.
DELETE FROM search_entry WHERE id = ?;

-- :readable The rooms that an account may be able to read: its own, and open ones from which it isn't banned.
SELECT DISTINCT room.id FROM (
    SELECT room FROM place WHERE account = :reader AND instr(room, ':') = 0
    UNION ALL SELECT room FROM made_room WHERE kind = 'open'
) AS mine CROSS JOIN room ON room.name = mine.room WHERE NOT EXISTS (
    SELECT 1 FROM restraint WHERE restraint.room = mine.room AND restraint.account = :reader
    AND is_banned AND (banned_until IS NULL OR banned_until > :now)
)

-- :is_readable Whether the account may be able to read a room.
EXISTS (
    SELECT 1 FROM place WHERE account = :reader AND place.room = around.name
    UNION ALL SELECT 1 FROM made_room WHERE made_room.room = around.name AND kind = 'open'
) AND NOT EXISTS (
    SELECT 1 FROM restraint WHERE restraint.room = around.name AND restraint.account = :reader
    AND is_banned AND (banned_until IS NULL OR banned_until > :now)
)

-- :near Messages with these terms, the newest first, and whether the account may be able to read each.
SELECT search_term.rowid, room.name, entry.seq, {is_readable} FROM search_term
CROSS JOIN search_entry AS entry ON entry.id = search_term.rowid
CROSS JOIN room ON room.id = entry.room CROSS JOIN room AS around ON around.id = entry.place
WHERE search_term MATCH :match AND search_term.rowid >= :low AND search_term.rowid < :high {pinned}
ORDER BY search_term.rowid DESC LIMIT :limit;

-- :matching Messages with these terms, the newest first.
SELECT search_term.rowid, room.name, entry.seq, 1 FROM search_term
CROSS JOIN search_entry AS entry ON entry.id = search_term.rowid CROSS JOIN room ON room.id = entry.room
WHERE search_term MATCH :match AND search_term.rowid >= :low AND search_term.rowid < :high {in_rooms} {pinned}
ORDER BY search_term.rowid DESC LIMIT :limit;

-- :all All messages, the newest first.
SELECT entry.id, room.name, entry.seq, 1 FROM search_entry AS entry CROSS JOIN room ON room.id = entry.room
WHERE entry.id >= :low AND entry.id < :high {in_rooms} {pinned} ORDER BY entry.id DESC LIMIT :limit;

-- :is_pinned Whether a message is pinned.
EXISTS (SELECT 1 FROM pin WHERE pin.room = room.name AND pin.message = entry.seq)

-- :clear_terms Hold nothing.
INSERT INTO search_term (search_term) VALUES ('delete-all');

-- :clear Nor note it.
DELETE FROM search_entry;

-- :begin_again And have the reactor begin at the first events.
DELETE FROM reactor_position WHERE reactor = 'search';

-- :look_inside Make what is in the index readable.
CREATE VIRTUAL TABLE temp.search_inside USING fts5vocab(main, search_term, instance);

-- :inside All terms, with their messages and places in these.
SELECT term, doc, "offset" FROM temp.search_inside;

-- :held_between Which messages of a log it has between two numbers.
SELECT seq, id FROM search_entry WHERE room = ? AND seq > ? AND seq <= ?;
