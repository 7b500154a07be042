-- :room_id The id of a room.
SELECT id FROM room WHERE name = ?;

-- :new Messages of a log that were posted or edited between two numbers.
SELECT seq, posted, edited FROM message WHERE room = :log AND NOT is_deleted AND seq IN (
    SELECT seq FROM message WHERE room = :log AND seq > :after AND seq <= :upto
    UNION
    SELECT about FROM change WHERE room = :log AND seq > :after AND seq <= :upto
        AND substr(body, 1, 18) = CAST('{"event":"edited",' AS BLOB)
) ORDER BY seq;

-- :sizes How long events are, in bytes, that may say something new of messages of a log, between two numbers.
SELECT seq, length(posted) FROM message WHERE room = :log AND seq > :after AND seq <= :upto AND NOT is_deleted
UNION ALL SELECT seq, length(body) FROM change WHERE room = :log AND seq > :after AND seq <= :upto
    AND substr(body, 1, 18) = CAST('{"event":"edited",' AS BLOB)
ORDER BY seq;

-- :with_numbers Which messages the index has with these numbers.
SELECT entry.id, place, room, mark FROM json_each(?) AS wanted CROSS JOIN search_entry AS entry ON entry.id = wanted.value;

-- :between_numbers Which messages the index has with numbers from the first to the last of each pair.
SELECT entry.id, place, room, mark FROM json_each(?) AS wanted
CROSS JOIN search_entry AS entry ON entry.id BETWEEN wanted.value ->> 0 AND wanted.value ->> 1;

-- :add Note that the index has a message: id, place, room, mark.
INSERT INTO search_entry (id, place, room, mark) VALUES (?, ?, ?, ?);

-- :add_terms Put in what it is found by.
INSERT INTO search_term (rowid, terms) VALUES (?, ?);

-- :begin Note that the index may have messages of a log.
INSERT INTO reactor_position (reactor, room, seq) VALUES ('search', ?, 0) ON CONFLICT DO NOTHING;

-- :is_begun Whether it may.
EXISTS (SELECT 1 FROM reactor_position WHERE reactor = 'search' AND reactor_position.room = room.name)

-- :by_key Messages by the ids of their logs and their numbers, where the index may have them.
SELECT message.room, name, seq, posted, edited FROM json_each(?) AS wanted
CROSS JOIN message ON message.room = wanted.value ->> 0 AND message.seq = wanted.value ->> 1
CROSS JOIN room ON room.id = message.room WHERE NOT is_deleted AND {is_begun()};

-- :by_name What messages say, by the names of their logs and their numbers.
SELECT name, seq, posted, edited FROM json_each(?) AS wanted CROSS JOIN room ON room.name = wanted.value ->> 0
CROSS JOIN message ON message.room = room.id AND message.seq = wanted.value ->> 1 WHERE NOT is_deleted;

-- :first The first messages of a log, up to a number, where the index may have them.
SELECT message.room, name, seq, posted, edited FROM message CROSS JOIN room ON room.id = message.room
WHERE message.room = ? AND seq <= ? AND NOT is_deleted AND {is_begun()} ORDER BY seq LIMIT ?;

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

-- :is_used Whether the index has messages in a span of numbers.
SELECT EXISTS (SELECT 1 FROM search_entry WHERE id >= :low AND id < :high);

-- :near Messages with these terms, the newest first, and whether the account may be able to read each.
SELECT search_term.rowid, room.name, entry.mark, {is_readable} FROM search_term
CROSS JOIN search_entry AS entry ON entry.id = search_term.rowid
CROSS JOIN room ON room.id = entry.room CROSS JOIN room AS around ON around.id = coalesce(entry.place, entry.room)
WHERE search_term MATCH :match AND search_term.rowid >= :low AND search_term.rowid < :high
ORDER BY search_term.rowid DESC LIMIT :limit;

-- :matching Messages with these terms, the newest first.
SELECT search_term.rowid, room.name, entry.mark, 1 FROM search_term
CROSS JOIN search_entry AS entry ON entry.id = search_term.rowid CROSS JOIN room ON room.id = entry.room
WHERE search_term MATCH :match AND search_term.rowid >= :low AND search_term.rowid < :high {in_rooms}
ORDER BY search_term.rowid DESC LIMIT :limit;

-- :all All messages, the newest first.
SELECT entry.id, room.name, entry.mark, 1 FROM search_entry AS entry CROSS JOIN room ON room.id = entry.room
WHERE entry.id >= :low AND entry.id < :high {in_rooms} ORDER BY entry.id DESC LIMIT :limit;

-- :with_pins The rooms and threads in which something is pinned.
SELECT DISTINCT room FROM pin;

-- :readable_of Which of these rooms the account may be able to read.
SELECT around.name FROM json_each(:rooms) AS wanted CROSS JOIN room AS around ON around.name = wanted.value WHERE {is_readable()};

-- :pinned What is pinned in some rooms and threads.
SELECT message.room, name, message.seq, posted, edited FROM json_each(?) AS wanted
CROSS JOIN room ON room.name = wanted.value CROSS JOIN pin ON pin.room = room.name
CROSS JOIN message ON message.room = room.id AND message.seq = pin.message WHERE NOT is_deleted;

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

-- :make_held_by_log Make a temporary table of the messages in the index, by log.
CREATE TEMPORARY TABLE search_held (room INTEGER, seq INTEGER, id INTEGER, PRIMARY KEY (room, seq, id)) WITHOUT ROWID;

-- :fill_held_by_log Fill it.
INSERT INTO temp.search_held SELECT room, mark >> 10, id FROM search_entry;

-- :held_between Which messages of a log it has between two numbers.
SELECT seq, id FROM temp.search_held WHERE room = ? AND seq > ? AND seq <= ?;
