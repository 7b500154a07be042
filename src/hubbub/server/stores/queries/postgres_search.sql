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

-- :sizes How long events are, in bytes, that may say something new of messages of a log, between two numbers.
SELECT seq, octet_length(posted) FROM hubbub.message WHERE room = $1 AND seq > $2 AND seq <= $3 AND NOT is_deleted
UNION ALL SELECT seq, octet_length(body) FROM hubbub.change WHERE room = $1 AND seq > $2 AND seq <= $3
    AND substr(body, 1, 18) = '{"event":"edited",'::bytea
ORDER BY seq;

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

-- :some_rooms Some of the rooms that an account may be able to read: up to a number, and perhaps some twice.
SELECT room.id FROM (
    SELECT room FROM ({mine($1)}) AS mine WHERE NOT {is_banned(mine.room, $1, $2)} LIMIT $3
) AS mine JOIN hubbub.room ON room.name = mine.room;

-- :readable All rooms that an account may be able to read.
SELECT DISTINCT room.id FROM ({mine($1)}) AS mine JOIN hubbub.room ON room.name = mine.room WHERE NOT {is_banned(mine.room, $1, $2)};

-- :mine An account's own rooms, and open ones.
SELECT room FROM hubbub.place WHERE account = {0} AND position(':' IN room) = 0
UNION ALL SELECT room FROM hubbub.made_room WHERE kind = 'open'

-- :is_banned Whether an account is banned from a room at a time.
EXISTS (
    SELECT FROM hubbub.restraint WHERE restraint.room = {0} AND restraint.account = {1}
    AND is_banned AND (banned_until IS NULL OR banned_until > {2})
)

-- :is_readable Whether an account may be able to read the room that a message is in.
(SELECT (
    EXISTS (SELECT FROM hubbub.place WHERE place.account = {reader} AND place.room = around.name)
    OR EXISTS (SELECT FROM hubbub.made_room WHERE made_room.room = around.name AND kind = 'open')
) AND NOT {is_banned(around.name, {reader}, {now})} FROM hubbub.room AS around WHERE around.id = coalesce(entry.place, entry.room))

-- :walk Look at so many messages, the newest first.
SELECT entry.id, room.name, entry.seq, {may} FROM (
    SELECT * FROM (
        SELECT * FROM hubbub.search_entry WHERE id >= {low} AND id < {high} ORDER BY id DESC LIMIT {many}
    ) AS entry WHERE {fits} ORDER BY id DESC LIMIT {limit}
) AS entry JOIN hubbub.room ON room.id = entry.room ORDER BY entry.id DESC;

-- :walk_in_each Look at so many messages of each room, the newest first. What is older than the last one that was looked at in a room isn't returned; that is the last value, or null if there was nothing more in any.
WITH near AS MATERIALIZED (
    SELECT wanted.id AS around, entry.* FROM unnest({rooms}::bigint[]) AS wanted (id) CROSS JOIN LATERAL (
        SELECT id, room, seq, {fits} AS fits FROM hubbub.search_entry AS entry
        WHERE coalesce(place, room) = wanted.id AND id >= {low} AND id < {high} ORDER BY id DESC LIMIT {many}
    ) AS entry (id, room, seq, fits)
), seen AS (
    SELECT max(least) AS least FROM (SELECT min(id) AS least FROM near GROUP BY around HAVING count(*) = {many}) AS cut
)
SELECT hit.id, hit.name, hit.seq, seen.least FROM seen LEFT JOIN (
    SELECT near.id, room.name, near.seq FROM near JOIN hubbub.room ON room.id = near.room WHERE fits
) AS hit ON seen.least IS NULL OR hit.id >= seen.least ORDER BY hit.id DESC LIMIT {limit};

-- :jump Look up those that match in the index of terms.
WITH entry AS MATERIALIZED (
    SELECT id, place, room, seq FROM hubbub.search_entry AS entry WHERE id >= {low} AND id < {high}
        AND array_to_tsvector(string_to_array(terms, ' ')) @@ {match}::text::tsquery AND {fits}
), newest AS MATERIALIZED (SELECT * FROM entry ORDER BY id DESC LIMIT {limit})
SELECT entry.id, room.name, entry.seq, {may} FROM newest AS entry JOIN hubbub.room ON room.id = entry.room ORDER BY entry.id DESC;

-- :pinned Look at all that are pinned.
SELECT entry.id, room.name, entry.seq, {may} FROM (
    SELECT entry.* FROM hubbub.pin JOIN hubbub.room ON room.name = pin.room CROSS JOIN LATERAL (
        SELECT id, place, room, seq FROM hubbub.search_entry AS entry
        WHERE entry.room = room.id AND seq = pin.message AND id >= {low} AND id < {high} AND {fits} LIMIT 1
    ) AS entry ORDER BY id DESC LIMIT {limit}
) AS entry JOIN hubbub.room ON room.id = entry.room ORDER BY entry.id DESC;

-- :all Look at all messages, the newest first.
SELECT entry.id, room.name, entry.seq, {may} FROM (
    SELECT * FROM hubbub.search_entry AS entry WHERE id >= {low} AND id < {high} AND {fits} ORDER BY id DESC LIMIT {limit}
) AS entry JOIN hubbub.room ON room.id = entry.room ORDER BY entry.id DESC;

-- :has Whether a message has a text in its terms, with a space at each end.
strpos(' ' || terms || ' ', {text}) > 0

-- :in_rooms Whether a message is in one of the rooms, or in a thread of one.
coalesce(entry.place, entry.room) IN (SELECT unnest({0}::bigint[]))

-- :fits_in Whether it is there, and fits. As a CASE, since plans would join rooms in a loop.
CASE WHEN {rooms} THEN {fits} ELSE false END

-- :in_threads Whether it is in one of these rooms or threads.
(coalesce(entry.place, entry.room) IN (SELECT unnest({0}::bigint[])) OR entry.room IN (SELECT unnest({0}::bigint[])))

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
