-- A repeated change is also told again what the first one made.

ALTER TABLE answered ADD COLUMN made TEXT;    -- the key of what was made, such as a room
