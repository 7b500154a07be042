-- Previews of the links in messages.

CREATE TABLE hubbub.preview (
    room text COLLATE "C" NOT NULL,
    message bigint NOT NULL,
    shown text COLLATE "C" NOT NULL,
    removed text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (room, message)
);
