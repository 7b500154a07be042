-- Tokens that change are counted together with whatever else ends a credential.
UPDATE meta SET name = 'ends' WHERE name = 'tokens';
