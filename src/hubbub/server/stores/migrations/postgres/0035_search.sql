-- The index of messages has their terms as text, in order, which takes less than a tsvector with positions. The reactor makes it again.
DROP TABLE hubbub.search_entry;

DELETE FROM hubbub.reactor_position WHERE reactor = 'search';

CREATE TABLE hubbub.search_entry (
    id bigint PRIMARY KEY,                    -- in the order of their times
    place bigint,                             -- of what is in a thread, the id of the room it is in
    room bigint NOT NULL,                     -- the id of the log
    seq bigint NOT NULL,
    terms text COLLATE "C" NOT NULL,          -- folded and cut already, in order, with a space between
    UNIQUE (room, seq)
);

-- What waits to be sorted in is read by each search, so little may wait.
CREATE INDEX search_entry_terms ON hubbub.search_entry USING gin (array_to_tsvector(string_to_array(terms, ' ')))
    WITH (gin_pending_list_limit = 256);
