-- Pictures that stand for rooms, beside those for people.

ALTER TABLE hubbub.portrait RENAME COLUMN account TO whose;
ALTER TABLE hubbub.made_room ADD COLUMN avatar text COLLATE "C" NOT NULL DEFAULT '';
