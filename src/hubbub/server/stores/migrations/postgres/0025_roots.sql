-- What says the titles of a thread is erased with the message that the thread is about.

UPDATE hubbub.change SET about = 0
WHERE room IN (SELECT room.id FROM hubbub.thread JOIN hubbub.room ON room.name = thread.thread)
    AND substring(body FROM 1 FOR 19) = '{"event":"changed",'::bytea;
