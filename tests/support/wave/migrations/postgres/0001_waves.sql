CREATE TABLE hubbub.waver (
    room text COLLATE "C" NOT NULL,
    message bigint NOT NULL,
    owner text COLLATE "C" NOT NULL,
    times bigint NOT NULL,
    PRIMARY KEY (room, message, owner)
);
