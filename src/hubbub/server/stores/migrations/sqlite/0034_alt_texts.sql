-- What messages say that their files show; and the largest files, which admins look for.

ALTER TABLE file_use ADD COLUMN alt TEXT;
CREATE INDEX file_use_size ON file_use (size);
