-- How many bytes files may take, where an admin has set it. The directory guards these.

CREATE TABLE file_limit (
    log TEXT NOT NULL,
    whose TEXT NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (log, whose)
) STRICT, WITHOUT ROWID;
