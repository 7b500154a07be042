-- Who gave a credential: a reset link is good for as long as its maker could make it again.

ALTER TABLE credential ADD COLUMN made_by TEXT;
