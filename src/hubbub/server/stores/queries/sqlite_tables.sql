-- :rooms Some rooms by name, after a name.
SELECT name, head, kept, document, document_seq FROM headed_room WHERE name > ? ORDER BY name LIMIT 1000;

-- :room One room.
SELECT name, head, kept, document, document_seq FROM headed_room WHERE name = ?;

-- :messages Messages between two numbers.
SELECT seq, posted, client_message_id, owner, edited, is_deleted FROM message
WHERE room = (SELECT id FROM room WHERE name = ?) AND seq > ? AND seq <= ? ORDER BY seq;

-- :changes Other events between two numbers.
SELECT seq, body FROM change
WHERE room = (SELECT id FROM room WHERE name = ?) AND seq > ? AND seq <= ? ORDER BY seq;

-- :reactions Reactions to messages between two numbers.
SELECT message, emoji, by, seq FROM reaction
WHERE room = (SELECT id FROM room WHERE name = ?) AND message > ? AND message <= ? ORDER BY message, emoji, by;

-- :tokens All tokens.
SELECT id, name, digest, can, rooms, created_at, expires_at, revoked_at FROM token ORDER BY id;

-- :put_room A room as it is now.
INSERT INTO room (name, kept, document, document_seq) VALUES (?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET
    kept = excluded.kept, document = excluded.document, document_seq = excluded.document_seq
RETURNING id;

-- :add_message A message.
INSERT INTO message (room, seq, posted, client_message_id, owner, edited, is_deleted) VALUES (?, ?, ?, ?, ?, ?, ?);

-- :set_message What has become of a message.
UPDATE message SET edited = ?3, is_deleted = ?4 WHERE room = ?1 AND seq = ?2;

-- :add_token A token.
INSERT INTO token (id, name, digest, can, rooms, created_at, expires_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?);
