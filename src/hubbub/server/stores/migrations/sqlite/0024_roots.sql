-- What says the titles of a thread is erased with the message that the thread is about.

UPDATE change SET about = 0
WHERE room IN (SELECT room.id FROM thread JOIN room ON room.name = thread.thread)
    AND substr(body, 1, 19) = CAST('{"event":"changed",' AS BLOB);
