-- What a restore takes away again, because the replaced data says that it was taken since the backup. The tables that were
-- restored are in {here}, the replaced ones in {there}. Both databases understand these.

-- :status Suspend accounts.
UPDATE {here}account AS here SET status = there.status FROM {there}account AS there
WHERE there.account = here.account AND here.status = 'active' AND there.status <> 'active';

-- :role Lower roles on the server.
WITH rank (role, worth) AS (VALUES ('guest', 0), ('member', 1), ('moderator', 2), ('admin', 3), ('owner', 4))
UPDATE {here}account AS here SET role = there.role FROM {there}account AS there, rank AS old, rank AS new
WHERE there.account = here.account AND old.role = here.role AND new.role = there.role AND new.worth < old.worth;

-- :owner Count owners only who still are.
DELETE FROM {here}owner AS here WHERE NOT EXISTS (
    SELECT 1 FROM {here}account AS still
    WHERE still.account = here.account AND still.role = 'owner' AND still.status = 'active'
);

-- :credential Change passwords, and replace links that reset them.
UPDATE {here}credential AS here SET
    secret = there.secret, changed_at = there.changed_at, until = there.until, made_by = there.made_by
FROM {there}credential AS there
WHERE there.account = here.account AND there.kind = here.kind AND there.secret <> here.secret;

-- :used Drop links that were used.
DELETE FROM {here}credential AS here WHERE EXISTS (
    SELECT 1 FROM {there}account AS there WHERE there.account = here.account
) AND NOT EXISTS (
    SELECT 1 FROM {there}credential AS there WHERE there.account = here.account AND there.kind = here.kind
);

-- :session Revoke the API tokens of accounts.
DELETE FROM {here}session AS here WHERE EXISTS (
    SELECT 1 FROM {there}account AS there WHERE there.account = here.account
) AND NOT EXISTS (
    SELECT 1 FROM {there}session AS there
    WHERE there.account = here.account AND there.kind = here.kind AND there.session = here.session
);

-- :token Revoke tokens.
UPDATE {here}token AS here SET revoked_at = there.revoked_at FROM {there}token AS there
WHERE there.id = here.id AND here.revoked_at IS NULL AND there.revoked_at IS NOT NULL;

-- :invite Use up and revoke invites.
UPDATE {here}invite AS here SET is_revoked = there.is_revoked, uses_left = there.uses_left FROM {there}invite AS there
WHERE there.invite = here.invite;

-- :block Block accounts.
INSERT INTO {here}block (account, blocked)
SELECT there.account, there.blocked FROM {there}block AS there
WHERE EXISTS (SELECT 1 FROM {here}account AS here WHERE here.account = there.account)
    AND EXISTS (SELECT 1 FROM {here}account AS here WHERE here.account = there.blocked)
ON CONFLICT DO NOTHING;

-- :unheard Close directs to whoever is blocked.
INSERT INTO {here}unheard (account, room)
SELECT there.account, there.room FROM {there}unheard AS there
WHERE EXISTS (SELECT 1 FROM {here}made_room AS here WHERE here.room = there.room)
ON CONFLICT DO NOTHING;

-- :kind Close rooms.
UPDATE {here}made_room AS here SET kind = there.kind, public = 'none' FROM {there}made_room AS there
WHERE there.room = here.room AND here.kind = 'open' AND there.kind = 'closed';

-- :public Let strangers do less.
UPDATE {here}made_room AS here SET public = there.public FROM {there}made_room AS there
WHERE there.room = here.room AND (there.public = 'none' OR (there.public = 'read' AND here.public = 'post'));

-- :restraint Ban and mute.
INSERT INTO {here}restraint (room, account, is_banned, banned_until, is_muted, muted_until, posted_at)
SELECT there.room, there.account, there.is_banned, there.banned_until, there.is_muted, there.muted_until, there.posted_at
FROM {there}restraint AS there
WHERE (there.is_banned OR there.is_muted)
    AND EXISTS (SELECT 1 FROM {here}made_room AS here WHERE here.room = there.room)
ON CONFLICT (room, account) DO UPDATE SET
    is_banned = excluded.is_banned, banned_until = excluded.banned_until,
    is_muted = excluded.is_muted, muted_until = excluded.muted_until;

-- :host Take the role of a host.
UPDATE {here}member AS here SET role = there.role FROM {there}member AS there
WHERE there.room = here.room AND there.account = here.account AND here.role = 'host' AND there.role = 'member';

-- :member End memberships.
DELETE FROM {here}member AS here WHERE EXISTS (
    SELECT 1 FROM {there}made_room AS there WHERE there.room = here.room
) AND NOT EXISTS (
    SELECT 1 FROM {there}member AS there WHERE there.room = here.room AND there.account = here.account
);

-- :place End them in the lists of the members as well.
DELETE FROM {here}place AS here WHERE EXISTS (
    SELECT 1 FROM {there}made_room AS there WHERE there.room = here.room
) AND NOT EXISTS (
    SELECT 1 FROM {there}member AS there WHERE there.room = here.room AND there.account = here.account
);

-- :marker Forget how far they had read.
DELETE FROM {here}marker AS here WHERE EXISTS (
    SELECT 1 FROM {there}made_room AS there WHERE there.room = here.room
) AND NOT EXISTS (
    SELECT 1 FROM {there}member AS there WHERE there.room = here.room AND there.account = here.account
);

-- :direct Let the people of a direct that someone left begin another.
DELETE FROM {here}direct AS here WHERE EXISTS (
    SELECT 1 FROM {there}made_room AS there WHERE there.room = here.room
) AND NOT EXISTS (
    SELECT 1 FROM {there}direct AS there WHERE there.room = here.room
);

-- :emoji Remove emoji, unless the replaced data is another server's.
DELETE FROM {here}emoji AS here WHERE EXISTS (
    SELECT 1 FROM {here}account AS mine, {there}account AS same WHERE same.account = mine.account
) AND NOT EXISTS (
    SELECT 1 FROM {there}emoji AS there WHERE there.name = here.name AND there.image = here.image
);

-- :emoji_image Remove their images.
DELETE FROM {here}emoji_image AS here WHERE NOT EXISTS (
    SELECT 1 FROM {here}emoji AS still WHERE still.name = here.name
);
