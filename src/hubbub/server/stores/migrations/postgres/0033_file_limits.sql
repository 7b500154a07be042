-- How many bytes files may take, where an admin has set it. The directory guards these.

CREATE TABLE hubbub.file_limit (
    log text COLLATE "C" NOT NULL,
    whose text COLLATE "C" NOT NULL,
    size bigint NOT NULL,
    PRIMARY KEY (log, whose)
);
