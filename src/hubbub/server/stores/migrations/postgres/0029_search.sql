-- The index by which messages are found. It holds the terms of messages as they are now, or not yet those of a message.
CREATE TABLE hubbub.search_entry (
    id bigint PRIMARY KEY,                    -- in the order of their times
    place bigint NOT NULL,                    -- the id of the room; of a thread, that of the room it is in
    room bigint NOT NULL,                     -- the id of the log
    seq bigint NOT NULL,
    terms tsvector NOT NULL,                  -- folded and cut already
    UNIQUE (room, seq)
);

CREATE INDEX search_entry_terms ON hubbub.search_entry USING gin (terms);
