-- What a restore takes away again, because the replaced data says that it was taken since the backup. The tables that were
-- restored are in {here}, the replaced ones in {there}. Both databases understand these.

-- :removed Remove accounts.
UPDATE {here}account AS here SET
    handle = there.handle, name = there.name, role = there.role, status = there.status,
    status_text = there.status_text, time_zone = there.time_zone, avatar = there.avatar, owner = there.owner
FROM {there}account AS there WHERE there.account = here.account AND there.status = 'removed';

-- :removal Take away again what they have left behind: the server does that once it starts.
INSERT INTO {here}removal (log, stage, account, erases_messages)
SELECT there.log, 'begun', there.account, there.erases_messages FROM {there}removal AS there
WHERE EXISTS (SELECT 1 FROM {here}account AS here WHERE here.account = there.account)
ON CONFLICT DO NOTHING;

-- :removal_done It is not done any more.
DELETE FROM {here}removal WHERE stage = 'done';

-- :handle_gone Forget the handles of removed accounts.
DELETE FROM {here}handle AS here WHERE EXISTS (
    SELECT 1 FROM {there}account AS there WHERE there.account = here.account AND there.status = 'removed'
);

-- :handle Keep them from others.
INSERT INTO {here}handle (log, handle, account, is_current, free_at)
SELECT there.log, there.handle, there.account, there.is_current, there.free_at
FROM {there}handle AS there WHERE there.handle LIKE '=%'
ON CONFLICT DO NOTHING;

-- :identity_gone Forget to whom on other servers they belonged.
DELETE FROM {here}identity AS here WHERE EXISTS (
    SELECT 1 FROM {there}account AS there WHERE there.account = here.account AND there.status = 'removed'
);

-- :identity Keep those users from other accounts.
INSERT INTO {here}identity (log, subject, account)
SELECT there.log, there.subject, there.account FROM {there}identity AS there WHERE there.subject LIKE '=%'
ON CONFLICT DO NOTHING;

-- :preference Forget what they chose for themselves.
DELETE FROM {here}preference AS here WHERE EXISTS (
    SELECT 1 FROM {there}account AS there WHERE there.account = here.account AND there.status = 'removed'
);

-- :keyword Forget their keywords.
DELETE FROM {here}keyword AS here WHERE EXISTS (
    SELECT 1 FROM {there}account AS there WHERE there.account = here.account AND there.status = 'removed'
);

-- :draft Forget their drafts.
DELETE FROM {here}draft AS here WHERE EXISTS (
    SELECT 1 FROM {there}account AS there WHERE there.account = here.account AND there.status = 'removed'
);

-- :saved Forget what they saved.
DELETE FROM {here}saved AS here WHERE EXISTS (
    SELECT 1 FROM {there}account AS there WHERE there.account = here.account AND there.status = 'removed'
);

-- :file Forget the files that they never posted.
DELETE FROM {here}file AS here WHERE EXISTS (
    SELECT 1 FROM {there}account AS there WHERE there.account = here.account AND there.status = 'removed'
);

-- :file_limit Forget what their files might take.
DELETE FROM {here}file_limit AS here WHERE EXISTS (
    SELECT 1 FROM {there}account AS there WHERE there.account = here.whose AND there.status = 'removed'
);

-- :portrait Forget their pictures.
DELETE FROM {here}portrait AS here WHERE EXISTS (
    SELECT 1 FROM {there}account AS there WHERE there.account = here.whose AND there.status = 'removed'
);

-- :blocked Forget whom they blocked.
DELETE FROM {here}block AS here WHERE EXISTS (
    SELECT 1 FROM {there}account AS there WHERE there.account = here.account AND there.status = 'removed'
);

-- :unheard_gone Forget who blocked them.
DELETE FROM {here}unheard AS here WHERE EXISTS (
    SELECT 1 FROM {there}account AS there WHERE there.account = here.account AND there.status = 'removed'
);

-- :own_kept Keep nothing of their own logs.
UPDATE {here}room AS own SET kept = coalesce(
    (SELECT max(change.seq) + 1 FROM {here}change AS change WHERE change.room = own.id), own.kept
) WHERE own.name IN (SELECT there.account FROM {there}account AS there WHERE there.status = 'removed');

-- :own Forget what those said.
DELETE FROM {here}change WHERE room IN (
    SELECT own.id FROM {here}room AS own JOIN {there}account AS there ON there.account = own.name
    WHERE there.status = 'removed'
);

-- :address Forget addresses.
DELETE FROM {here}audit_address AS here WHERE EXISTS (SELECT 1 FROM {there}audit_head) AND NOT EXISTS (
    SELECT 1 FROM {there}audit_address AS there WHERE there.log = here.log AND there.seq = here.seq
);

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

-- :subscription Notify devices no longer where that ended.
DELETE FROM {here}subscription AS here WHERE EXISTS (
    SELECT 1 FROM {there}account AS there WHERE there.account = here.account
) AND NOT EXISTS (
    SELECT 1 FROM {there}subscription AS there
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

-- :less Archive rooms, keep less, and let members do less.
UPDATE {here}made_room AS here SET
    archived_at = coalesce(here.archived_at, there.archived_at),
    posters = CASE there.posters WHEN 'hosts' THEN 'hosts' ELSE here.posters END,
    slow = CASE WHEN there.slow > here.slow THEN there.slow ELSE here.slow END,
    keep_days = CASE WHEN there.keep_days > 0 AND (here.keep_days = 0 OR there.keep_days < here.keep_days)
        THEN there.keep_days ELSE here.keep_days END,
    receipts = here.receipts AND there.receipts,
    titles = here.titles OR there.titles,
    members_may_invite = here.members_may_invite AND there.members_may_invite,
    members_may_edit = here.members_may_edit AND there.members_may_edit,
    members_may_name_all = here.members_may_name_all AND there.members_may_name_all
FROM {there}made_room AS there WHERE there.room = here.room;

-- :ended End threads.
UPDATE {here}thread AS here SET ended_at = there.ended_at FROM {there}thread AS there
WHERE there.thread = here.thread AND here.ended_at IS NULL AND there.ended_at IS NOT NULL;

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
