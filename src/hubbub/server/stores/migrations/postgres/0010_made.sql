-- A repeated change is also told again what the first one made.

ALTER TABLE hubbub.answered ADD COLUMN made text COLLATE "C";  -- the key of what was made, such as a room
