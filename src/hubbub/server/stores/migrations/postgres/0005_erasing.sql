-- Erase deleted messages from the log.

-- The body of an event whose message was deleted, byte for byte as `hubbub.events.erased` makes it: its number, time
-- and author, unchanged.
CREATE FUNCTION hubbub.erased(body bytea) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT convert_to(
        '{' || string_agg(to_json(key)::text || ':' || value::text, ',' ORDER BY place) || ',"erased":true}', 'UTF8'
    )
    FROM json_each(convert_from(body, 'UTF8')::json) WITH ORDINALITY AS field (key, value, place)
    WHERE key IN ('event', 'room', 'seq', 'at', 'by', 'id')
$$;

ALTER TABLE hubbub.change ADD COLUMN about bigint;  -- the message whose deletion erases this event

-- :parts change
UPDATE hubbub.change SET about = (convert_from(body, 'UTF8')::json ->> 'message')::bigint
WHERE convert_from(body, 'UTF8')::json ->> 'event' IN ('edited', 'reacted', 'unreacted') AND {part};

CREATE INDEX change_about ON hubbub.change (room, about) WHERE about IS NOT NULL;

UPDATE hubbub.message SET posted = hubbub.erased(posted), edited = NULL WHERE is_deleted;

UPDATE hubbub.change SET body = hubbub.erased(body) FROM hubbub.message
WHERE message.room = change.room AND message.seq = change.about AND message.is_deleted;
