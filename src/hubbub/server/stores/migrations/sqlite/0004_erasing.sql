-- Erase deleted messages from the log. `erased` is a function that hubbub registers: see `hubbub.events`.

ALTER TABLE change ADD COLUMN about INTEGER;  -- the message whose deletion erases this event

-- :parts change
UPDATE change SET about = CAST(body AS TEXT) ->> 'message'
WHERE CAST(body AS TEXT) ->> 'event' IN ('edited', 'reacted', 'unreacted') AND {part};

CREATE INDEX change_about ON change (room, about) WHERE about IS NOT NULL;

UPDATE message SET posted = erased(posted), edited = NULL WHERE is_deleted;

UPDATE change SET body = erased(body) WHERE EXISTS (
    SELECT 1 FROM message WHERE message.room = change.room AND message.seq = change.about AND is_deleted
);
