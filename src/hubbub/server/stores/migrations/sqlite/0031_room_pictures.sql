-- Pictures that stand for rooms, beside those for people.

ALTER TABLE portrait RENAME COLUMN account TO whose;
ALTER TABLE made_room ADD COLUMN avatar TEXT NOT NULL DEFAULT '';
