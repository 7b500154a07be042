-- The index by which messages are found. It holds the terms of messages as they are now, or not yet those of a message.

-- Which messages it has. They are in the order of their times.
CREATE TABLE search_entry (
    id INTEGER PRIMARY KEY,
    place INTEGER NOT NULL,                   -- the id of the room; of a thread, that of the room it is in
    room INTEGER NOT NULL,                    -- the id of the log
    seq INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX search_entry_message ON search_entry (room, seq);

-- The terms are folded and cut already; this keeps no text, and leaves nothing of what is deleted.
CREATE VIRTUAL TABLE search_term USING fts5(terms, content='', columnsize=0, tokenize='ascii');

INSERT INTO search_term (search_term, rank) VALUES ('secure-delete', 1);
