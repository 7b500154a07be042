-- :begin_full Begin a transaction whose commit is flushed, whatever the server's settings. It is rolled back if the node stalls.
BEGIN; SET LOCAL synchronous_commit = on;
SET LOCAL idle_in_transaction_session_timeout = 5000; SET LOCAL lock_timeout = 9000;

-- :begin_normal The same, but flushed soon after the commit.
BEGIN; SET LOCAL synchronous_commit = off;
SET LOCAL idle_in_transaction_session_timeout = 5000; SET LOCAL lock_timeout = 9000;

-- :add_rooms Add rooms that have no events yet, in order of their names, so that two transactions can't deadlock.
INSERT INTO hubbub.room (name) SELECT unnest($1::text[]) ON CONFLICT (name) DO NOTHING;

-- :lock_rooms Lock the rooms of a list in JSON until the end of the transaction; return the epoch, and of each column an array.
SELECT (SELECT value FROM hubbub.meta WHERE name = 'epoch'), array_agg(name), array_agg(id),
    array_agg(head), array_agg(kept), array_agg(nth)
FROM (
    SELECT id, name, head, kept, nth FROM hubbub.room
    WHERE name = ANY(ARRAY(SELECT json_array_elements_text($1::json))) ORDER BY name FOR UPDATE
) AS locked;

-- :drop_rooms Delete rooms that were added only for refused changes.
DELETE FROM hubbub.room WHERE id = ANY($1::bigint[]) AND head = 0;

-- :posts_by_key The posts that first used these keys.
SELECT message.room, message.client_message_id, message.owner, message.seq, message.posted,
    message.edited IS NOT NULL OR message.is_deleted
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS wanted (room, key, owner)
JOIN hubbub.message ON message.room = wanted.room
    AND message.client_message_id = wanted.key AND message.owner = wanted.owner;

-- :messages_by_seq These messages.
SELECT message.room, message.seq, message.owner, message.is_deleted
FROM unnest($1::bigint[], $2::bigint[]) AS wanted (room, seq)
JOIN hubbub.message ON message.room = wanted.room AND message.seq = wanted.seq;

-- :last_edits The last edits of these messages that have any.
SELECT message.room, message.seq, (convert_from(message.edited, 'UTF8')::json ->> 'seq')::bigint
FROM unnest($1::bigint[], $2::bigint[]) AS wanted (room, seq)
JOIN hubbub.message ON message.room = wanted.room AND message.seq = wanted.seq AND message.edited IS NOT NULL;

-- :nths How many messages there ever were in these rooms up to an event.
SELECT wanted.room, wanted.seq, coalesce(
    (SELECT nth FROM hubbub.message WHERE message.room = room.id AND message.seq <= wanted.seq
        ORDER BY message.seq DESC LIMIT 1),
    (SELECT nth - 1 FROM hubbub.message WHERE message.room = room.id ORDER BY message.seq LIMIT 1),
    room.nth
) FROM unnest($1::text[], $2::bigint[]) AS wanted (room, seq) JOIN hubbub.room ON room.name = wanted.room;

-- :write Write new heads, posts (room, seq, posted, client_message_id, owner, nth), and other events (room, seq, body, about). {drops} of records come with it.
-- Returns how many credentials have ended.
WITH heads AS (
    UPDATE hubbub.room SET head = new.head, nth = new.nth
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS new (id, head, nth) WHERE room.id = new.id
), posts AS (
    INSERT INTO hubbub.message (room, seq, posted, client_message_id, owner, nth)
    SELECT * FROM unnest($4::bigint[], $5::bigint[], $6::bytea[], $7::text[], $8::text[], $9::bigint[])
), changes AS (
    INSERT INTO hubbub.change (room, seq, body, about)
    SELECT * FROM unnest($10::bigint[], $11::bigint[], $12::bytea[], $13::bigint[])
){drops}
SELECT value::bigint FROM hubbub.meta WHERE name = 'ends';

-- :erase_former Erase what messages said before an edit: rooms, messages, edits. An edit that did so left no text before itself.
WITH gone AS (
    SELECT gone.*, convert_from(edited, 'UTF8')::json AS edited
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS gone (room, message, edit)
    LEFT JOIN hubbub.message ON message.room = gone.room AND message.seq = gone.message
), changes AS (
    UPDATE hubbub.change SET body = hubbub.erased(body) FROM gone
    WHERE change.room = gone.room AND change.about = gone.message AND change.seq < gone.edit
        AND change.seq >= CASE WHEN edited ->> 'erases' = 'true' THEN (edited ->> 'seq')::bigint ELSE 0 END
        AND substring(body FROM 1 FOR 18) = '{"event":"edited",'::bytea
)
UPDATE hubbub.message SET posted = (
    SELECT convert_to('{' || string_agg(to_json(key)::text || ':' || CASE key WHEN 'files' THEN (
        SELECT '[' || string_agg((
            SELECT '{' || string_agg(to_json(name)::text || ':' || said::text, ',' ORDER BY nth) || '}'
            FROM json_each(file) WITH ORDINALITY AS attached (name, said, nth) WHERE name <> 'alt'
        ), ',' ORDER BY at) || ']'
        FROM json_array_elements(value) WITH ORDINALITY AS files (file, at)
    ) ELSE value::text END, ',' ORDER BY place) || '}', 'UTF8')
    FROM json_each(convert_from(posted, 'UTF8')::json) WITH ORDINALITY AS field (key, value, place)
    WHERE key NOT IN ('text', 'bytes', 'arguments', 'attachments', 'mentions', 'calls')
) FROM gone WHERE message.room = gone.room AND message.seq = gone.message;

-- :set_edited Set the last edits of messages.
UPDATE hubbub.message SET edited = new.edited
FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS new (room, seq, edited)
WHERE message.room = new.room AND message.seq = new.seq;

-- :set_deleted Erase messages, except for their places in the log.
WITH gone AS (
    SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS gone (room, seq)
), changes AS (
    UPDATE hubbub.change SET body = hubbub.erased(body) FROM gone
    WHERE change.room = gone.room AND change.about = gone.seq
)
UPDATE hubbub.message SET posted = hubbub.erased(posted), edited = NULL, is_deleted = true FROM gone
WHERE message.room = gone.room AND message.seq = gone.seq;

-- :erase_previews Erase what was said of messages' previews before events: rooms, messages, events.
UPDATE hubbub.change SET body = hubbub.erased(body)
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS gone (room, message, event)
WHERE change.room = gone.room AND change.about = gone.message AND change.seq < gone.event
    AND substring(body FROM 1 FOR 21) = '{"event":"previewed",'::bytea;

-- :erase_reactions Erase the events by which people reacted to messages: rooms, messages, authors.
UPDATE hubbub.change SET body = hubbub.erased(body)
FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS gone (room, message, author)
WHERE change.room = gone.room AND change.about = gone.message
    AND convert_from(body, 'UTF8')::json ->> 'by' = gone.author
    AND convert_from(body, 'UTF8')::json ->> 'event' IN ('reacted', 'unreacted');

-- :erase_names Erase the events of logs that say what accounts are called.
UPDATE hubbub.change SET body = hubbub.erased(body) FROM unnest($1::bigint[], $2::text[]) AS gone (room, account)
WHERE change.room = gone.room AND change.about = change.seq
    AND convert_from(body, 'UTF8')::json ->> 'account' = gone.account;

-- :written What an author wrote in a room between two numbers, as far as it isn't erased: messages.
SELECT seq FROM hubbub.message WHERE room = (SELECT id FROM hubbub.room WHERE name = $1) AND seq > $2 AND seq <= $3
    AND owner = $4 AND NOT is_deleted ORDER BY seq;

-- :reacted To which messages, and how, an author reacted in a room, if they did so between two numbers.
SELECT DISTINCT act.about, convert_from(act.body, 'UTF8')::json ->> 'emoji' COLLATE "C" FROM (
    SELECT DISTINCT room, about FROM hubbub.change WHERE room = (SELECT id FROM hubbub.room WHERE name = $1)
        AND seq > $2 AND seq <= $3 AND about <> seq AND convert_from(body, 'UTF8')::json ->> 'by' = $4
        AND convert_from(body, 'UTF8')::json ->> 'event' IN ('reacted', 'unreacted')
) AS found JOIN hubbub.change AS act ON act.room = found.room AND act.about = found.about
WHERE convert_from(act.body, 'UTF8')::json ->> 'by' = $4 AND convert_from(act.body, 'UTF8')::json ->> 'emoji' IS NOT NULL
ORDER BY 1, 2;

-- :room A room's row, if there is one, the epoch, and how many credentials have ended. The tables come in the order in which a restore locks them.
SELECT room.id, head, kept, nth, meta.value AS epoch, (SELECT value::bigint FROM hubbub.meta WHERE name = 'ends') AS ends
FROM hubbub.room RIGHT JOIN hubbub.meta ON room.name = $1 WHERE meta.name = 'epoch';

-- :of_epoch These rows, each after the epoch and how many credentials have ended; if there are none, these alone.
SELECT meta.value, (SELECT value::bigint FROM hubbub.meta WHERE name = 'ends'), found.* FROM hubbub.meta LEFT JOIN ({rows}) AS found ON true WHERE meta.name = 'epoch';

-- :heads The heads of these rooms, after the epoch and how many credentials have ended.
SELECT meta.value, (SELECT value::bigint FROM hubbub.meta WHERE name = 'ends'), room.name, head, kept, nth
FROM hubbub.room RIGHT JOIN hubbub.meta ON room.name = ANY($1::text[]) WHERE meta.name = 'epoch';

-- :beat Record that a server is running; return the epoch, unless the logs are an unfinished copy.
INSERT INTO hubbub.node (name, seen_at) VALUES ($1, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at
RETURNING (SELECT value FROM hubbub.meta WHERE name = 'epoch'
    AND NOT EXISTS (SELECT FROM hubbub.meta WHERE name = 'unfinished_copy'));

-- :end_beats Forget this server, and those not seen for an hour.
DELETE FROM hubbub.node WHERE name = $1 OR seen_at < clock_timestamp() - interval '1 hour';

-- :log Events after a number up to another, in order, up to the first that reaches so many bytes.
SELECT body FROM (
    SELECT seq, body, sum(octet_length(body)) OVER (
        ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS before FROM (
        (SELECT seq, posted AS body FROM hubbub.message WHERE room = $1 AND seq > $2 AND seq <= $3
            ORDER BY seq LIMIT $4)
        UNION ALL
        (SELECT seq, body FROM hubbub.change WHERE room = $1 AND seq > $2 AND seq <= $3
            ORDER BY seq LIMIT $4)
        ORDER BY seq LIMIT $4
    ) AS event
) AS event WHERE coalesce(before, 0) < $5 ORDER BY seq;

-- :event One event.
SELECT posted AS body FROM hubbub.message WHERE room = $1 AND seq = $2
UNION ALL SELECT body FROM hubbub.change WHERE room = $1 AND seq = $2;

-- :messages_before The messages just before a number, newest first, up to the one after the first that reaches so many bytes.
SELECT seq, posted, edited FROM (
    SELECT *, sum(octet_length(posted) + coalesce(octet_length(edited), 0)) OVER (
        ORDER BY seq DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING
    ) AS before FROM (
        SELECT seq, posted, edited FROM hubbub.message WHERE room = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3
    ) AS message
) AS message WHERE coalesce(before, 0) < $4 ORDER BY seq DESC;

-- :messages_after The messages just after a number, oldest first, up to the one after the first that reaches so many bytes.
SELECT seq, posted, edited FROM (
    SELECT *, sum(octet_length(posted) + coalesce(octet_length(edited), 0)) OVER (
        ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING
    ) AS before FROM (
        SELECT seq, posted, edited FROM hubbub.message WHERE room = $1 AND seq > $2 ORDER BY seq LIMIT $3
    ) AS message
) AS message WHERE coalesce(before, 0) < $4 ORDER BY seq;

-- :messages_at These messages, in this order, up to the first that reaches so many bytes; and which each one is.
SELECT n, seq, posted, edited, nth FROM (
    SELECT wanted.n, message.seq, posted, edited, message.nth,
        sum(octet_length(posted) + coalesce(octet_length(edited), 0)) OVER (
            ORDER BY wanted.n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS before
    FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS wanted (room, seq, n)
    JOIN hubbub.room ON room.name = wanted.room
    JOIN hubbub.message ON message.room = room.id AND message.seq = wanted.seq
) AS found WHERE coalesce(before, 0) < $3 ORDER BY n;

-- :edits The edits of a message of a room, by the room's name, after a number, up to the first that reaches so many bytes.
SELECT body FROM (
    SELECT *, sum(octet_length(body)) OVER (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM (
        SELECT seq, body FROM hubbub.change
        WHERE room = (SELECT id FROM hubbub.room WHERE name = $1) AND about = $2 AND seq > $3
            AND substring(body FROM 1 FOR 18) = '{"event":"edited",'::bytea ORDER BY seq LIMIT $4
    ) AS edit
) AS edit WHERE coalesce(before, 0) < $5 ORDER BY seq;

-- :room_list Rooms by name, in disjoint spans.
SELECT found.name, found.head, found.nth FROM unnest($1::text[], $2::text[]) AS span (low, high), LATERAL (
    SELECT name, head, nth FROM hubbub.room WHERE name >= low AND name < high AND head > 0 ORDER BY name LIMIT $3
) AS found ORDER BY found.name LIMIT $3;

-- :threads The threads about messages of a room, after a number up to another.
SELECT * FROM hubbub.thread WHERE room = $1 AND message > $2 AND message <= $3 ORDER BY message LIMIT $4

-- :newest_threads The threads of a room, the one with the newest reply first, after a time and a message.
SELECT * FROM hubbub.thread WHERE room = $1 AND (at, message) < ($2, $3) ORDER BY at DESC, message DESC LIMIT $4

-- :own_threads The threads that an account follows, the one with the newest reply first; perhaps only those with something new.
-- Only the rows of the page need the last two columns.
SELECT own.thread, own.room, own.message, own.seq, own.at, own.nth, replies, own.people, own.title, own.ended_at,
    log.head, own.read, own.read_nth, is_marked, level, muted_until, starred,
    {unread_and_mentions(own.thread, own.read, own.read_nth)}
FROM (
    SELECT thread.*, marker.seq AS read, marker.nth AS read_nth, is_marked, level, muted_until, starred
    FROM {own}
    WHERE place.account = $1 AND (at, thread.thread) < ($2, $3)
        AND (NOT $5 OR marker.nth < thread.nth OR is_marked)
    ORDER BY at DESC, thread.thread DESC LIMIT $4
) AS own JOIN hubbub.room AS log ON log.name = own.thread

-- :followed The threads that an account follows, by its places.
hubbub.place JOIN hubbub.thread ON thread.thread = place.room
    JOIN hubbub.marker ON marker.room = place.room AND marker.account = place.account

-- :newest_followed The same, by the newest threads of the server, up to an edge. Each is looked up alone, whatever the planner believes,
-- and they come in order, so that no more are looked up than the page needs.
(
    SELECT * FROM hubbub.thread WHERE (at, thread) < ($2, $3) AND (at, thread) >= ($6, $7)
    ORDER BY at DESC, thread DESC OFFSET 0
) AS thread
    JOIN LATERAL (SELECT * FROM hubbub.marker WHERE room = thread.thread AND account = $1 OFFSET 0) AS marker ON true
    JOIN LATERAL (SELECT * FROM hubbub.place WHERE account = $1 AND room = thread.thread OFFSET 0) AS place ON true

-- :threads_edge Where the next threads of the server end; nowhere, unless an account has many places and there are many threads.
SELECT at, thread FROM hubbub.thread
WHERE (SELECT count(*) FROM (SELECT FROM hubbub.place WHERE account = $1 LIMIT $4::bigint + 1) AS places) > $4::bigint
    AND (at, thread) < ($2, $3)
ORDER BY at DESC, thread DESC LIMIT 1 OFFSET $5::bigint - 1

-- :important What matters most to an account in parts of rooms: the first message, the last mentions, and the messages with most reactions.
SELECT part.room, (
    SELECT seq FROM hubbub.message WHERE message.room = log.id AND seq > part.after AND seq <= part.upto
    AND NOT is_deleted ORDER BY seq LIMIT 1
) AS first, ARRAY(
    SELECT seq FROM hubbub.mention WHERE mention.account IN ($1, '*') AND mention.room = part.room
    AND seq > part.after AND seq <= part.upto
    AND by <> $1 AND by NOT IN (SELECT blocked FROM hubbub.block WHERE account = $1)
    ORDER BY seq DESC LIMIT $5
) AS mentions, ARRAY(
    SELECT message FROM (
        SELECT message FROM hubbub.reaction WHERE reaction.room = part.room
        AND message > part.after AND message <= part.upto ORDER BY message DESC LIMIT $7
    ) AS newest GROUP BY message ORDER BY count(*) DESC, message DESC LIMIT $6
) AS reacted
FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS part (room, after, upto)
JOIN hubbub.room AS log ON log.name = part.room

-- :own_rooms The rooms of an account by their keys; perhaps without directs that are hidden and have no newer message; or some of these rooms.
{all_own_rooms()} AND place.room > $2 AND ($5::text[] IS NULL OR place.room = ANY($5::text[])) AND (
    NOT $4 OR hidden = 0 OR EXISTS (SELECT FROM hubbub.message WHERE message.room = log.id AND seq > hidden)
) ORDER BY place.room LIMIT $3

-- :all_own_rooms The same without any condition, as `start` asks for them: so the planner knows how many there are, and joins them in fewer steps.
SELECT place.room, kind, title, alias, avatar, people, archived_at, role, hidden, log.head, log.nth,
    marker.seq, marker.nth AS read_nth, is_marked, level, muted_until, starred,
    {unread_and_mentions(place.room, marker.seq, marker.nth)}
FROM hubbub.place
JOIN hubbub.made_room ON made_room.room = place.room
JOIN hubbub.member ON member.room = place.room AND member.account = place.account
JOIN hubbub.marker ON marker.room = place.room AND marker.account = place.account
JOIN hubbub.room AS log ON log.name = place.room
WHERE place.account = $1

-- :unread_and_mentions The messages and mentions that are unread in a `log`, by its name, and how far the account has read: the event, and how many messages.
-- It needs a look only if there are newer messages. Whom the account blocks mentions it in vain, and nobody mentions themselves.
CASE WHEN {2} < log.nth THEN greatest(0, log.nth - CASE WHEN {1} >= log.kept - 1 THEN {2} ELSE
    greatest({2}, coalesce(
        (SELECT nth - 1 FROM hubbub.message WHERE message.room = log.id ORDER BY message.seq LIMIT 1), log.nth
    ))
END - (
    SELECT count(*) FROM hubbub.message
    WHERE message.room = log.id AND message.seq > {1} AND is_deleted
)) ELSE 0 END AS unread,
CASE WHEN {2} < log.nth THEN (
    SELECT count(*) FROM hubbub.mention
    WHERE mention.account IN ($1, '*') AND mention.room = {0} AND mention.seq > {1}
    AND by <> $1 AND by NOT IN (SELECT blocked FROM hubbub.block WHERE account = $1)
) ELSE 0 END AS mentions

-- :set_kept Set the first number that is kept.
UPDATE hubbub.room SET kept = $2 WHERE id = $1;

-- :trim_messages Delete a room's messages up to a number.
DELETE FROM hubbub.message WHERE room = $1 AND seq <= $2;

-- :trim_changes Delete a room's other events up to a number.
DELETE FROM hubbub.change WHERE room = $1 AND seq <= $2;

-- :touch Write something that nobody reads, as a check.
INSERT INTO hubbub.meta (name, value) VALUES ('checked', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- :count_end Count another credential that ends, or token that changes; return how many these are.
UPDATE hubbub.meta SET value = (value::bigint + 1)::text WHERE name = 'ends' RETURNING value::bigint;

-- :take_turn Take a lock until the end of the transaction, unless another has it; return whether it was taken.
SELECT pg_try_advisory_xact_lock($1);

-- :epoch The epoch, which can't change before the end of the transaction, and how many credentials have ended.
SELECT value, (SELECT value::bigint FROM hubbub.meta WHERE name = 'ends') FROM hubbub.meta WHERE name = 'epoch';

-- :outbox The messages waiting in the outbox, oldest first.
SELECT id, room, message, by, client_message_id FROM hubbub.outbox WHERE refused IS NULL ORDER BY id LIMIT $1;

-- :outbox_posted Delete messages that were posted.
DELETE FROM hubbub.outbox WHERE id = ANY($1::bigint[]);

-- :outbox_refused Record why messages can't be posted.
UPDATE hubbub.outbox SET refused = why.text FROM unnest($1::bigint[], $2::text[]) AS why (id, text)
WHERE outbox.id = why.id;
