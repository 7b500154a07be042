-- Rooms in which each message begins a thread with a title.

ALTER TABLE hubbub.made_room ADD COLUMN titles boolean NOT NULL DEFAULT false;
ALTER TABLE hubbub.made_room ALTER COLUMN titles DROP DEFAULT;
