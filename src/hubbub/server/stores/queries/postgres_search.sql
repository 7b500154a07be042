-- :room_ids The ids of rooms by their names.
SELECT name, id FROM hubbub.room WHERE name = ANY($1::text[]);

-- :missing Messages of a room that were posted or edited between two numbers, and aren't in the index. Nobody changes them until the end of the transaction.
SELECT seq, posted, edited FROM hubbub.message
WHERE message.room = $1 AND NOT is_deleted AND seq IN (
    SELECT seq FROM hubbub.message WHERE room = $1 AND seq > $2 AND seq <= $3
    UNION
    SELECT about FROM hubbub.change WHERE room = $1 AND seq > $2 AND seq <= $3
        AND substr(body, 1, 18) = '{"event":"edited",'::bytea
) AND NOT EXISTS (
    SELECT 1 FROM hubbub.search_entry AS entry WHERE entry.room = $1 AND entry.seq = message.seq
) ORDER BY seq FOR SHARE OF message;

-- :add Put in messages: places, the rooms of threads, the log, numbers, terms. Returns the numbers of those whose places were free.
INSERT INTO hubbub.search_entry (id, place, room, seq, terms)
SELECT id, $2, $3, seq, terms FROM unnest($1::bigint[], $4::bigint[], $5::text[]) AS new (id, seq, terms)
ON CONFLICT DO NOTHING RETURNING seq;

-- :held Which of these messages of a log the index has.
SELECT seq FROM hubbub.search_entry WHERE room = $1 AND seq = ANY($2::bigint[]);

-- :forget Take out messages: the ids of their logs, and their numbers.
DELETE FROM hubbub.search_entry AS entry USING unnest($1::bigint[], $2::bigint[]) AS gone (room, seq)
WHERE entry.room = gone.room AND entry.seq = gone.seq;

-- :trim Take out the messages of a log up to a number.
DELETE FROM hubbub.search_entry WHERE room = $1 AND seq <= $2;

-- :readable The rooms that an account may be able to read: its own, and open ones from which it isn't banned.
SELECT coalesce(array_agg(room.id), '{}') FROM (
    SELECT room FROM hubbub.place WHERE account = $1 AND position(':' IN room) = 0
    UNION SELECT room FROM hubbub.made_room WHERE kind = 'open'
) AS mine JOIN hubbub.room ON room.name = mine.room WHERE NOT EXISTS (
    SELECT 1 FROM hubbub.restraint WHERE restraint.room = mine.room AND restraint.account = $1
    AND is_banned AND (banned_until IS NULL OR banned_until > $2)
);

-- :walk Look at so many messages, the newest first: from a place, before a place, how many are wanted, in rooms, all of and any of what they must have, how many to look at.
SELECT entry.id, room.name, entry.seq FROM (
    SELECT id, room, seq FROM (
        SELECT * FROM hubbub.search_entry WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT $7
    ) AS entry WHERE {fits} {pinned} ORDER BY id DESC LIMIT $3
) AS entry JOIN hubbub.room ON room.id = entry.room ORDER BY entry.id DESC;

-- :jump Look up those that match in the index of terms.
WITH entry AS MATERIALIZED (
    SELECT id, room, seq FROM hubbub.search_entry AS entry WHERE id >= $1 AND id < $2
        AND array_to_tsvector(string_to_array(terms, ' ')) @@ $7::text::tsquery AND {fits} {pinned}
), newest AS MATERIALIZED (SELECT * FROM entry ORDER BY id DESC LIMIT $3)
SELECT newest.id, room.name, newest.seq FROM newest JOIN hubbub.room ON room.id = newest.room ORDER BY newest.id DESC;

-- :all Look at all messages, the newest first.
SELECT entry.id, room.name, entry.seq FROM hubbub.search_entry AS entry JOIN hubbub.room ON room.id = entry.room
WHERE entry.id >= $1 AND entry.id < $2 AND {fits} {pinned} ORDER BY entry.id DESC LIMIT $3;

-- :fits Whether a message is in one of the rooms, has all terms and phrases, and is by one of the authors. Terms hold nothing that LIKE understands. As a CASE, since plans would join rooms in a loop.
CASE WHEN {in_rooms} THEN ' ' || terms || ' ' LIKE ALL ($5::text[]) AND ' ' || terms || ' ' LIKE ANY ($6::text[]) ELSE false END

-- :in_rooms Whether a message is in one of the rooms, or in a thread of one.
coalesce(entry.place, entry.room) IN (SELECT unnest($4::bigint[]))

-- :in_threads Whether it is in one of these rooms or threads.
(coalesce(entry.place, entry.room) IN (SELECT unnest($4::bigint[])) OR entry.room IN (SELECT unnest($4::bigint[])))

-- :is_pinned Whether a message is pinned.
AND (entry.room, entry.seq) IN (SELECT room.id, pin.message FROM hubbub.pin JOIN hubbub.room ON room.name = pin.room)

-- :clear Hold nothing.
TRUNCATE hubbub.search_entry;

-- :begin_again And have the reactor begin at the first events.
DELETE FROM hubbub.reactor_position WHERE reactor = 'search';

-- :claim Have the index of terms made again now, if something was taken out since it was, and that is so many seconds ago. Returns how much was taken out in all.
INSERT INTO hubbub.meta AS meta (name, value)
SELECT 'search_scrubbed', format('%s %s', $1::bigint, 0) FROM (SELECT pg_stat_get_tuples_deleted('hubbub.search_entry'::regclass) AS count) AS gone WHERE count > 0
ON CONFLICT (name) DO UPDATE SET value = format('%s %s', $1::bigint, split_part(meta.value, ' ', 2))
WHERE split_part(meta.value, ' ', 1)::bigint <= $1::bigint - $2::bigint
    AND split_part(meta.value, ' ', 2) <> pg_stat_get_tuples_deleted('hubbub.search_entry'::regclass)::text
RETURNING pg_stat_get_tuples_deleted('hubbub.search_entry'::regclass);

-- :drop_unfinished What a former try has left behind.
DROP INDEX CONCURRENTLY IF EXISTS hubbub.search_entry_terms_ccnew;

-- :make_again GIN keeps each word that it ever had as a key.
REINDEX INDEX CONCURRENTLY hubbub.search_entry_terms;

-- :vacuum Give free what deleted rows take.
VACUUM hubbub.search_entry;

-- :scrubbed Note how much was taken out before.
UPDATE hubbub.meta SET value = format('%s %s', $1::bigint, $2::bigint) WHERE name = 'search_scrubbed';

-- :faults Compare some of a log, between two numbers, with numbers and terms as they are to be.
SELECT seq, held.terms IS NULL AS is_missing, expected.terms IS NULL AS is_surplus
FROM (SELECT seq, terms FROM hubbub.search_entry WHERE room = $1 AND seq > $2 AND seq <= $3) AS held
FULL JOIN unnest($4::bigint[], $5::text[]) AS expected (seq, terms) USING (seq)
WHERE held.terms IS DISTINCT FROM expected.terms ORDER BY seq;
