-- The index of messages has smaller numbers, and no index of its own by which messages are found in it. The reactor makes it again.
DROP TABLE search_entry;

INSERT INTO search_term (search_term) VALUES ('delete-all');

DELETE FROM reactor_position WHERE reactor = 'search';

-- Which messages it has. Numbers follow from their times; see `stores/sqlite/numbers.py`.
CREATE TABLE search_entry (
    id INTEGER PRIMARY KEY,
    place INTEGER,                            -- of what is in a thread, the id of the room it is in
    room INTEGER NOT NULL,                    -- the id of the log
    mark INTEGER NOT NULL                     -- 1,024 times its seq, and the last 10 bits of its time in milliseconds
) STRICT;
