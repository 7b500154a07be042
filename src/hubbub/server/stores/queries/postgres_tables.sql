-- :rooms The next rooms by name, after a name.
SELECT name, head, kept, nth FROM hubbub.room WHERE name > $1 ORDER BY name LIMIT 1000;

-- :room One room.
SELECT name, head, kept, nth FROM hubbub.room WHERE name = $1;

-- :messages Messages between two numbers.
SELECT seq, posted, client_message_id, owner, edited, is_deleted, nth FROM hubbub.message
WHERE room = $1 AND seq > $2 AND seq <= $3 ORDER BY seq;

-- :changes Other events between two numbers.
SELECT seq, body, about FROM hubbub.change WHERE room = $1 AND seq > $2 AND seq <= $3 ORDER BY seq;

-- :room_id A room's id.
SELECT id FROM hubbub.room WHERE name = $1;

-- :put_room Add or update a room; return its id.
INSERT INTO hubbub.room (name, head, kept, nth) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET head = excluded.head, kept = excluded.kept, nth = excluded.nth RETURNING id;

-- :set_message Set the current state of a message.
UPDATE hubbub.message SET posted = $3, edited = $4, is_deleted = $5 WHERE room = $1 AND seq = $2;

-- :erase_changes Erase all events about a deleted message.
UPDATE hubbub.change SET body = hubbub.erased(body) WHERE room = $1 AND about = $2;

-- :erase_edits Erase the edits of a message before one of them.
UPDATE hubbub.change SET body = hubbub.erased(body) WHERE room = $1 AND about = $2 AND seq < $3
    AND substring(body FROM 1 FOR 18) = '{"event":"edited",'::bytea;

-- :end_sessions End all sessions: some of them may have been ended since.
DELETE FROM hubbub.session WHERE kind = 'session';

-- :delete_again Delete messages that are deleted in the logs of another schema, {kept}: those equal except for their content.
WITH gone AS (
    UPDATE hubbub.message SET posted = hubbub.erased(message.posted), edited = NULL, is_deleted = true
    FROM {kept}.message AS gone JOIN {kept}.room AS there ON there.id = gone.room, hubbub.room
    WHERE gone.is_deleted AND room.name = there.name AND message.room = room.id AND message.seq = gone.seq
        AND NOT message.is_deleted AND hubbub.erased(message.posted) = hubbub.erased(gone.posted)
    RETURNING message.room, message.seq
)
UPDATE hubbub.change SET body = hubbub.erased(body) FROM gone
WHERE change.room = gone.room AND change.about = gone.seq;

-- :untitle Take the titles from threads whose messages are deleted.
UPDATE hubbub.thread SET title = '' WHERE EXISTS (
    SELECT FROM hubbub.room JOIN hubbub.message ON message.room = room.id
    WHERE room.name = thread.room AND message.seq = thread.message AND is_deleted
);

-- :erase_titles Erase what the logs of those threads say of titles.
UPDATE hubbub.change SET body = hubbub.erased(body) WHERE about = 0 AND room IN (
    SELECT log.id FROM hubbub.thread JOIN hubbub.room AS log ON log.name = thread.thread
    JOIN hubbub.room ON room.name = thread.room JOIN hubbub.message ON message.room = room.id AND message.seq = thread.message
    WHERE is_deleted
);

-- :count_replies Add to the replies of each thread, so many times, its messages that are not deleted.
UPDATE hubbub.thread SET replies = replies + $1::bigint * (
    SELECT count(*) FROM hubbub.room JOIN hubbub.message ON message.room = room.id
    WHERE room.name = thread.thread AND NOT is_deleted
);

-- :erase_again Erase events that are erased in the logs of another schema, {kept}: those equal except for their content.
-- What edits say that are the last ones here stays: nothing else says what their messages say.
UPDATE hubbub.change SET body = hubbub.erased(change.body)
FROM {kept}.change AS gone JOIN {kept}.room AS there ON there.id = gone.room, hubbub.room
WHERE change.about IS NOT NULL AND room.name = there.name AND change.room = room.id AND change.seq = gone.seq
    AND gone.body <> change.body AND gone.body = hubbub.erased(change.body) AND NOT EXISTS (
        SELECT FROM hubbub.message
        WHERE message.room = change.room AND message.seq = change.about AND message.edited = change.body
    );

-- :mark_origin Remember the first epoch of these logs, which all backups of a database share.
INSERT INTO hubbub.meta (name, value) SELECT 'origin', value FROM hubbub.meta WHERE name = 'epoch' ON CONFLICT DO NOTHING;

-- :trimmed_since The rooms of which another schema, {kept}, keeps less, if both were one, and what is still kept.
SELECT room.name, room.head, least(there.kept, room.head + 1), room.nth
FROM hubbub.room JOIN {kept}.room AS there ON there.name = room.name
WHERE least(there.kept, room.head + 1) > room.kept AND (SELECT value FROM hubbub.meta WHERE name = 'origin') = coalesce(
    (SELECT value FROM {kept}.meta WHERE name = 'origin'), (SELECT value FROM {kept}.meta WHERE name = 'epoch')
);

-- :waiting How many messages wait in the outbox.
SELECT count(*) FROM hubbub.outbox WHERE refused IS NULL;

-- :who_may_post The roles that may use a schema, besides its owner; names are quoted where needed.
SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END
FROM pg_namespace, aclexplode(nspacl) WHERE nspname = $1 AND privilege_type = 'USAGE' AND grantee <> nspowner;

-- :is_in_use Whether a server has reported itself within the last 10 seconds.
SELECT EXISTS (SELECT FROM hubbub.node WHERE seen_at > clock_timestamp() - interval '10 seconds');
