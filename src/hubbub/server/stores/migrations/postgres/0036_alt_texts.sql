-- What messages say that their files show; and the largest files, which admins look for.

ALTER TABLE hubbub.file_use ADD COLUMN alt text COLLATE "C";
CREATE INDEX file_use_size ON hubbub.file_use (size);
