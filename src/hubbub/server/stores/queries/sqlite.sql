-- :rooms_by_name The rows of these rooms.
SELECT name, id, head, kept, nth FROM headed_room WHERE name IN (SELECT value FROM json_each(?));

-- :posts_by_key The posts that first used these keys: [[room id, client_message_id, owner], …].
SELECT message.room, message.client_message_id, message.owner, message.seq, CAST(message.posted AS TEXT) ->> 'at',
    CASE WHEN message.edited IS NULL AND NOT message.is_deleted THEN coalesce(CAST(message.posted AS TEXT) -> 'mentions', '{}') END
FROM json_each(?) AS wanted
JOIN message ON message.room = wanted.value ->> 0
    AND message.client_message_id = wanted.value ->> 1
    AND message.owner = wanted.value ->> 2;

-- :messages_by_seq These messages: [[room id, seq], …].
SELECT message.room, message.seq, message.owner, message.is_deleted
FROM json_each(?) AS wanted
JOIN message ON message.room = wanted.value ->> 0 AND message.seq = wanted.value ->> 1;

-- :last_edits The last edits of these messages that have any: [[room id, seq], …].
SELECT message.room, message.seq, CAST(message.edited AS TEXT) ->> 'seq'
FROM json_each(?) AS wanted
JOIN message ON message.room = wanted.value ->> 0 AND message.seq = wanted.value ->> 1 AND message.edited IS NOT NULL;

-- :nths How many messages there ever were in rooms up to an event: [[name, seq], …].
SELECT room.name, wanted.value ->> 1, coalesce(
    (SELECT nth FROM message WHERE message.room = room.id AND seq <= wanted.value ->> 1 ORDER BY seq DESC LIMIT 1),
    trimmed_nth
) FROM json_each(?) AS wanted JOIN room ON room.name = wanted.value ->> 0;

-- :add_room Add a room for its first event.
INSERT INTO room (name) VALUES (?) RETURNING id;

-- :add_messages Add posts: room, seq, posted, client_message_id, owner, nth.
INSERT INTO message (room, seq, posted, client_message_id, owner, nth) VALUES (?, ?, ?, ?, ?, ?);

-- :add_changes Add other events: room, seq, body, about.
INSERT INTO change (room, seq, body, about) VALUES (?, ?, ?, ?);

-- :set_edited Set the last edits of messages: room, seq, edited.
WITH edit (room, seq, edited) AS (VALUES (?, ?, ?))
UPDATE message SET edited = edit.edited FROM edit WHERE message.room = edit.room AND message.seq = edit.seq;

-- :set_deleted Erase a message, except for its place in the log.
UPDATE message SET posted = erased(posted), edited = NULL, is_deleted = 1 WHERE room = ? AND seq = ?;

-- :erase_changes Erase all events about a deleted message.
UPDATE change SET body = erased(body) WHERE room = ? AND about = ?;

-- :erase_former Erase the edits of a message before one of them. An edit that erased former texts left none before itself.
UPDATE change SET body = erased(body) WHERE room = :room AND about = :seq AND seq < :edit AND seq >= coalesce((
    SELECT iif(CAST(edited AS TEXT) ->> 'erases', CAST(edited AS TEXT) ->> 'seq', 0) FROM message
    WHERE message.room = :room AND message.seq = :seq
), 0) AND substr(body, 1, 18) = CAST('{"event":"edited",' AS BLOB);

-- :erase_first Erase what a message said before its edits.
UPDATE message SET posted = former(posted) WHERE room = :room AND seq = :seq;

-- :erase_previews Erase what was said of a message's previews before an event: room, message, event.
UPDATE change SET body = erased(body) WHERE room = ? AND about = ? AND seq < ?
    AND substr(body, 1, 21) = CAST('{"event":"previewed",' AS BLOB);

-- :erase_reactions Erase the events by which someone reacted to a message: room, message, author.
UPDATE change SET body = erased(body) WHERE room = ? AND about = ? AND CAST(body AS TEXT) ->> 'by' = ?
    AND CAST(body AS TEXT) ->> 'event' IN ('reacted', 'unreacted');

-- :erase_names Erase the events of a log that say what an account is called.
UPDATE change SET body = erased(body) WHERE room = ? AND about = seq AND CAST(body AS TEXT) ->> 'account' = ?;

-- :written What an author wrote in a room between two numbers, as far as it isn't erased: messages.
SELECT seq FROM message WHERE room = (SELECT id FROM room WHERE name = :room) AND seq > :after AND seq <= :upto
    AND owner = :author AND NOT is_deleted ORDER BY seq;

-- :reacted To which messages, and how, an author reacted in a room, if they did so between two numbers.
SELECT DISTINCT act.about, CAST(act.body AS TEXT) ->> 'emoji' FROM (
    SELECT DISTINCT room, about FROM change WHERE room = (SELECT id FROM room WHERE name = :room)
        AND seq > :after AND seq <= :upto AND about <> seq AND CAST(body AS TEXT) ->> 'by' = :author
        AND CAST(body AS TEXT) ->> 'event' IN ('reacted', 'unreacted')
) AS found JOIN change AS act ON act.room = found.room AND act.about = found.about
WHERE CAST(act.body AS TEXT) ->> 'by' = :author AND CAST(act.body AS TEXT) ->> 'emoji' IS NOT NULL
ORDER BY 1, 2;

-- :room A room's row.
SELECT id, head, kept, nth FROM headed_room WHERE name = ?;

-- :log Events after a number up to another, in order.
SELECT posted FROM (
    SELECT seq, posted FROM message WHERE room = :room AND seq > :after AND seq <= :upto
    UNION ALL
    SELECT seq, body FROM change WHERE room = :room AND seq > :after AND seq <= :upto
    ORDER BY seq LIMIT :limit
);

-- :messages_before The messages just before a number, newest first.
SELECT seq, posted, edited FROM message WHERE room = ? AND seq < ? ORDER BY seq DESC LIMIT ?;

-- :messages_after The messages just after a number, oldest first.
SELECT seq, posted, edited FROM message WHERE room = ? AND seq > ? ORDER BY seq LIMIT ?;

-- :message A message of a room, by the room's name.
SELECT message.seq, posted, edited, nth FROM room JOIN message ON message.room = room.id WHERE name = ? AND seq = ?;

-- :edits The edits of a message of a room, by the room's name, after a number.
SELECT body FROM change WHERE room = (SELECT id FROM room WHERE name = ?) AND about = ? AND seq > ?
    AND substr(body, 1, 18) = CAST('{"event":"edited",' AS BLOB) ORDER BY seq LIMIT ?;

-- :room_list Rooms by name, in a span.
SELECT name, head, nth FROM headed_room WHERE name >= ? AND name < ? ORDER BY name LIMIT ?;

-- :own_rooms The rooms of an account by their keys; perhaps without directs that are hidden and have no newer message; or some of these rooms.
-- Each head is looked up once, since the rows of `own` are made before they are used.
WITH own AS MATERIALIZED (
    SELECT place.room, kind, title, alias, avatar, people, archived_at, role, hidden, head, log.nth,
        marker.seq AS read, marker.nth AS read_nth, is_marked, level, muted_until, starred, log.id, trimmed_nth
    FROM place
    CROSS JOIN made_room ON made_room.room = place.room
    CROSS JOIN member ON member.room = place.room AND member.account = place.account
    CROSS JOIN marker ON marker.room = place.room AND marker.account = place.account
    CROSS JOIN headed_room AS log ON log.name = place.room
    WHERE place.account = :account AND place.room > :after
    AND (:rooms IS NULL OR place.room IN (SELECT value FROM json_each(:rooms))) AND (
        NOT :only_shown OR hidden = 0 OR EXISTS (SELECT 1 FROM message WHERE message.room = log.id AND seq > hidden)
    ) ORDER BY place.room LIMIT :limit
)
SELECT room, kind, title, alias, avatar, people, archived_at, role, hidden, head, nth,
    read, read_nth, is_marked, level, muted_until, starred,
    {unread_and_mentions(own.room, own.id, own.nth)}
FROM own ORDER BY room;

-- :unread_and_mentions The messages and mentions that are unread in a log, by its name, its id and how many messages it ever had.
-- It needs a look only if there are newer messages. Whom the account blocks mentions it in vain, and nobody mentions themselves.
iif(read_nth < {2}, max(0, {2} - max(read_nth, trimmed_nth) - (
    SELECT count(*) FROM message INDEXED BY message_deleted
    WHERE message.room = {1} AND message.seq > read AND is_deleted
)), 0),
iif(read_nth < {2}, (
    SELECT count(*) FROM mention
    WHERE mention.account IN (:account, '*') AND mention.room = {0} AND mention.seq > read
    AND by != :account AND by NOT IN (SELECT blocked FROM block WHERE account = :account)
), 0)

-- :important What matters most to an account in parts of rooms: the first message, the last mentions, and the messages with most reactions.
SELECT part.value ->> 0 AS name, (
    SELECT seq FROM message WHERE message.room = log.id AND seq > part.value ->> 1 AND seq <= part.value ->> 2
    AND NOT is_deleted ORDER BY seq LIMIT 1
), (
    SELECT json_group_array(seq) FROM (
        SELECT seq FROM mention WHERE mention.account IN (:account, '*') AND mention.room = part.value ->> 0
        AND seq > part.value ->> 1 AND seq <= part.value ->> 2
        AND by != :account AND by NOT IN (SELECT blocked FROM block WHERE account = :account)
        ORDER BY seq DESC LIMIT :mentions
    )
), (
    SELECT json_group_array(message) FROM (
        SELECT message FROM (
            SELECT message FROM reaction WHERE reaction.room = part.value ->> 0
            AND message > part.value ->> 1 AND message <= part.value ->> 2 ORDER BY message DESC LIMIT :counted
        ) GROUP BY message ORDER BY count(*) DESC, message DESC LIMIT :reacted
    )
)
FROM json_each(:parts) AS part CROSS JOIN headed_room AS log ON log.name = part.value ->> 0;

-- :threads The threads about messages of a room, after a number up to another.
SELECT * FROM thread WHERE room = ? AND message > ? AND message <= ? ORDER BY message LIMIT ?;

-- :newest_threads The threads of a room, the one with the newest reply first, after a time and a thread.
SELECT * FROM thread WHERE room = ? AND (at, message) < (?, ?) ORDER BY at DESC, message DESC LIMIT ?;

-- :own_threads The threads that an account follows, the one with the newest reply first; perhaps only those with something new.
-- Only the rows of the page, which are made first, need the last two columns.
WITH own AS MATERIALIZED (
    SELECT thread.*, marker.seq AS read, marker.nth AS read_nth, is_marked, level, muted_until, starred
    FROM {own}
    WHERE place.account = :account AND (at, thread.thread) < (:at, :thread)
        AND (NOT :only_unread OR marker.nth < thread.nth OR is_marked)
    ORDER BY at DESC, thread.thread DESC LIMIT :limit
)
SELECT own.thread, own.room, message, own.seq, at, own.nth, replies, people, title, ended_at,
    head, read, read_nth, is_marked, level, muted_until, starred,
    {unread_and_mentions(own.thread, log.id, log.nth)}
FROM own CROSS JOIN headed_room AS log ON log.name = own.thread
ORDER BY at DESC, own.thread DESC;

-- :followed The threads that an account follows, by its places.
place CROSS JOIN thread ON thread.thread = place.room
    CROSS JOIN marker ON marker.room = place.room AND marker.account = place.account

-- :newest_followed The same, by the newest threads of the server, up to an edge.
thread INDEXED BY thread_at_thread
    CROSS JOIN marker ON (at, thread.thread) >= (:edge_at, :edge)
        AND marker.room = thread.thread AND marker.account = :account
    CROSS JOIN place ON place.room = thread.thread

-- :threads_edge Where the next threads of the server end; nowhere, unless an account has many places and there are many threads.
SELECT at, thread FROM thread
WHERE (SELECT count(*) FROM (SELECT 1 FROM place WHERE account = :account LIMIT :many + 1)) > :many
    AND (at, thread) < (:at, :thread)
ORDER BY at DESC, thread DESC LIMIT 1 OFFSET :most - 1;

-- :set_kept Set the first number that is kept, after trimming; `nth` is that of the last message, be that trimmed or not.
UPDATE room SET kept = :kept, trimmed_nth = coalesce(
    (SELECT nth - 1 FROM message WHERE message.room = room.id ORDER BY seq LIMIT 1), :nth
) WHERE id = :room;

-- :trim_messages Delete a room's messages up to a number.
DELETE FROM message WHERE room = ? AND seq <= ?;

-- :trim_changes Delete a room's other events up to a number.
DELETE FROM change WHERE room = ? AND seq <= ?;

-- :touch Write something that nobody reads, as a check.
INSERT INTO meta (name, value) VALUES ('checked', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- :ends How many credentials have ended, or tokens were changed.
SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'ends';

-- :count_end Count another; return how many these are.
UPDATE meta SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE name = 'ends' RETURNING CAST(value AS INTEGER);
