-- Emoji of the server, and their images. The directory guards these.

CREATE TABLE hubbub.emoji (
    log text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    image text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    width bigint NOT NULL,
    height bigint NOT NULL,
    by text COLLATE "C" NOT NULL,
    PRIMARY KEY (log, name)
);

CREATE TABLE hubbub.emoji_image (
    log text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (log, name)
);
