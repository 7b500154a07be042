-- By which the newest messages of a room and its threads are looked at.
CREATE INDEX search_entry_place ON hubbub.search_entry (coalesce(place, room), id);
