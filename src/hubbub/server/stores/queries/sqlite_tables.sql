-- :rooms The next rooms by name, after a name.
SELECT name, head, kept, nth FROM headed_room WHERE name > ? ORDER BY name LIMIT 1000;

-- :room One room.
SELECT name, head, kept, nth FROM headed_room WHERE name = ?;

-- :messages Messages between two numbers.
SELECT seq, posted, client_message_id, owner, edited, is_deleted, nth FROM message
WHERE room = (SELECT id FROM room WHERE name = ?) AND seq > ? AND seq <= ? ORDER BY seq;

-- :changes Other events between two numbers.
SELECT seq, body, about FROM change
WHERE room = (SELECT id FROM room WHERE name = ?) AND seq > ? AND seq <= ? ORDER BY seq;

-- :put_room Add a room, if there is none of this name; return its id.
INSERT INTO room (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id;

-- :add_message Add a message.
INSERT INTO message (room, seq, posted, client_message_id, owner, edited, is_deleted, nth) VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- :set_message Set the current state of a message.
UPDATE message SET posted = ?3, edited = ?4, is_deleted = ?5 WHERE room = ?1 AND seq = ?2;

-- :erase_edits Erase the edits of a message before one of them.
UPDATE change SET body = erased(body) WHERE room = ? AND about = ? AND seq < ?
    AND substr(body, 1, 18) = CAST('{"event":"edited",' AS BLOB);

-- :end_sessions End all sessions: some of them may have been ended since.
DELETE FROM session WHERE kind = 'session';

-- :delete_again Delete messages that are deleted in another database, `present`: those equal except for their content.
UPDATE message SET posted = erased(message.posted), edited = NULL, is_deleted = 1 FROM (
    SELECT room.id AS room, gone.seq, gone.posted FROM present.message AS gone
    JOIN present.room AS there ON there.id = gone.room JOIN main.room ON room.name = there.name
    WHERE gone.is_deleted
) AS gone
WHERE message.room = gone.room AND message.seq = gone.seq AND NOT message.is_deleted
    AND erased(message.posted) = erased(gone.posted);

-- :untitle Take the titles from threads whose messages are deleted.
UPDATE thread SET title = '' WHERE EXISTS (
    SELECT 1 FROM room JOIN message ON message.room = room.id
    WHERE room.name = thread.room AND message.seq = thread.message AND is_deleted
);

-- :erase_titles Erase what the logs of those threads say of titles.
UPDATE change SET body = erased(body) WHERE about = 0 AND room IN (
    SELECT log.id FROM thread JOIN room AS log ON log.name = thread.thread
    JOIN room ON room.name = thread.room JOIN message ON message.room = room.id AND message.seq = thread.message
    WHERE is_deleted
);

-- :count_replies Add to the replies of each thread, so many times, its messages that are not deleted.
UPDATE thread SET replies = replies + ? * (
    SELECT count(*) FROM room JOIN message ON message.room = room.id
    WHERE room.name = thread.thread AND NOT is_deleted
);

-- :erase_again Erase events that are erased in another database, `present`: those equal except for their content.
-- What edits say that are the last ones here stays: nothing else says what their messages say.
UPDATE change SET body = erased(body) WHERE about IS NOT NULL AND EXISTS (
    SELECT 1 FROM main.room JOIN present.room AS there ON there.name = room.name
    JOIN present.change AS gone ON gone.room = there.id AND gone.seq = change.seq
    WHERE room.id = change.room AND gone.body <> change.body AND gone.body = erased(change.body)
) AND NOT EXISTS (
    SELECT 1 FROM main.message WHERE message.room = change.room AND message.seq = change.about AND edited = change.body
);

-- :mark_origin Remember the first epoch of these logs, which all backups of a database share.
INSERT INTO meta (name, value) SELECT 'origin', value FROM meta WHERE name = 'epoch' ON CONFLICT DO NOTHING;

-- :trimmed_since The rooms of which another database, `present`, keeps less, if both were one, and what is still kept.
SELECT room.name, head, min(there.kept, head + 1), nth
FROM headed_room AS room JOIN present.room AS there ON there.name = room.name
WHERE min(there.kept, head + 1) > room.kept AND (SELECT value FROM main.meta WHERE name = 'origin') = coalesce(
    (SELECT value FROM present.meta WHERE name = 'origin'), (SELECT value FROM present.meta WHERE name = 'epoch')
);

-- :erase_all_changes Erase all events about deleted messages.
UPDATE change SET body = erased(body) WHERE EXISTS (
    SELECT 1 FROM message WHERE message.room = change.room AND message.seq = change.about AND is_deleted
);
