// The native protocol's types. Made by `make types`: don't edit.

/** Identifies the client. If sent, it is the first command of a connection. */
export interface Hello {
  do: "hello";
  name?: string;
  key?: string;
  token?: string;
  id?: number | string;
}

/** Requests what an account begins with on a new device: its rooms and the people, and where to follow them from. With `directory`, a seq up to which the client knows the people, they are left out if it can follow them from there. With `rooms`, it is only asked for these, and without people. `emoji` is the version of the list of emoji that it has. */
export interface Start {
  do: "start";
  directory?: number;
  epoch?: string;
  rooms?: string[];
  emoji?: string;
  id?: number | string;
}

/** Follows a room's log from a position, or from a snapshot. */
export interface Follow {
  do: "follow";
  room: string;
  since?: number;
  epoch?: string;
  max_missed?: number;
  id?: number | string;
}

/** Follows many rooms at once, as a client does that comes back. Attributes: rooms: the logs to follow, each from the seq after which the client needs its events. heads: rooms of which it is only told how far they have come, each with the last head that it knows. epoch: the epoch of these positions. */
export interface FollowAll {
  do: "follow_all";
  rooms?: Record<string, number>;
  heads?: Record<string, number>;
  epoch?: string;
  id?: number | string;
}

/** Stops following a room. */
export interface Unfollow {
  do: "unfollow";
  room: string;
  id?: number | string;
}

/** Becomes a member of a room. A free room has no members, so there it follows. If its `client_message_id` was used before, it only follows. */
export interface Join {
  do: "join";
  room: string;
  since?: number;
  epoch?: string;
  max_missed?: number;
  client_message_id?: string;
  id?: number | string;
}

/** Stops being a member of a room. In a free room it stops following. If its `client_message_id` was used before, it only stops following. */
export interface Leave {
  do: "leave";
  room: string;
  client_message_id?: string;
  id?: number | string;
}

/** Sends a signal: `signal="typing"`, or a live `value` under a `key` that expires after `ttl` seconds. */
export interface Signal {
  do: "signal";
  room: string;
  signal?: string;
  key?: string;
  value?: unknown;
  ttl?: number;
  id?: number | string;
}

/** Requests the messages before or after a seq, oldest first. */
export interface History {
  do: "history";
  room: string;
  before?: number;
  after?: number;
  limit?: number;
  id?: number | string;
}

/** Watches these people, by the keys of their accounts, in place of those before. Tells how they are, and from then on what changes. */
export interface WatchPeople {
  do: "watch";
  id?: number | string;
  people: string[];
}

/** Says that nobody is at this device, as after five minutes without input. */
export interface Away {
  do: "away";
  id?: number | string;
}

/** Says that somebody is at this device again. */
export interface Back {
  do: "back";
  id?: number | string;
}

/** Requests a message, and up to `around` messages before it and after it. */
export interface GetMessage {
  do: "get_message";
  room: string;
  seq: number;
  around?: number;
  id?: number | string;
}

/** Requests the message to which a forwarding message refers with `of`. */
export interface GetSource {
  do: "get_source";
  room: string;
  seq: number;
  id?: number | string;
}

/** Requests the texts that a message has had, oldest first; with `after`, those that came after that event. */
export interface GetEdits {
  do: "get_edits";
  room: string;
  seq: number;
  after?: number;
  limit?: number;
  id?: number | string;
}

/** Requests the pinned messages of a room, the last pinned first; with `before`, those pinned before that event. */
export interface ListPins {
  do: "list_pins";
  room: string;
  before?: number;
  limit?: number;
  id?: number | string;
}

/** Requests one's saved messages, the last saved first; with `before`, those saved before that event. */
export interface ListSaved {
  do: "list_saved";
  before?: number;
  limit?: number;
  id?: number | string;
}

/** Requests one's drafts by their rooms, those that sort after a room. */
export interface ListDrafts {
  do: "list_drafts";
  after?: string;
  limit?: number;
  id?: number | string;
}

/** Requests the threads of a room, the one with the newest reply first; those that follow in this order after `before`. `before` is the `at` and the `thread` of an item, with a slash between them. */
export interface ListThreads {
  do: "list_threads";
  room: string;
  before?: string;
  limit?: number;
  id?: number | string;
}

/** Requests the threads that one follows, the one with the newest reply first; those that follow in this order after `before`. `before` is the `next` of a page, or the `at` and the `thread` of an item, with a slash between them. `unread`: only those with something unread. */
export interface ListMyThreads {
  do: "list_my_threads";
  before?: string;
  limit?: number;
  unread?: boolean;
  id?: number | string;
}

/** Requests messages by what is in them, in the rooms that one may read: the newest first, or the best of the newest. Attributes: query: words that a message must all have; "phrases"; the beginnings of words*; and filters. before: the `then` of the answer after which to go on. */
export interface Search {
  do: "search";
  query: string;
  before?: string;
  limit?: number;
  order?: "newest" | "relevance";
  id?: number | string;
}

/** Requests the rooms with something unread, by their keys; those after a room for the next page. */
export interface ListMissed {
  do: "list_missed";
  after?: string;
  limit?: number;
  id?: number | string;
}

/** Requests the emoji of this server, unless the client has those of this `version`. */
export interface ListEmoji {
  do: "list_emoji";
  version?: string;
  id?: number | string;
}

/** Posts a message with exactly one of `text`, `bytes` and `arguments` (of a Socket.IO event), or with `files` alone. Attributes: of: the message that it forwards. read: up to which event its author had read the room when writing it. mentions: the accounts that the text mentions, by the handles in it. Without it, the server looks into the text. calls: accounts that it calls otherwise, such as those present, or `*` for all members. also_in_room: whether a message in a thread is shown in its room as well, as a post that refers to it. title: that of the thread which begins with the message, in a room that people made. files: the keys of files that its author uploaded and has not posted yet, in a room that people made. alts: the alt texts of those files, by their keys: what they show, for people who can't see them. */
export interface Post {
  do: "post";
  text?: string;
  bytes?: string;
  reply_to?: number;
  emitted_as?: string;
  arguments?: unknown[];
  attachments?: string[];
  of?: Reference;
  read?: number;
  mentions?: Record<string, string>;
  calls?: string[];
  also_in_room?: boolean;
  title?: string;
  files?: string[];
  alts?: Record<string, string>;
  id?: number | string;
  room: string;
  client_message_id?: string;
}

/** Refers to a message of any room, by the seq `message`. */
export interface Reference {
  room: string;
  message: number;
}

/** Replaces the text of a message. `mentions` and `calls` are those of the new text, as in `Post`; nobody is notified. `alts` are new alt texts of files of the message, by their keys; an empty one removes it. Those of other files stay. */
export interface Edit {
  do: "edit";
  seq: number;
  text: string;
  mentions?: Record<string, string>;
  calls?: string[];
  alts?: Record<string, string>;
  id?: number | string;
  room: string;
  client_message_id?: string;
}

/** Deletes a message. */
export interface Delete {
  do: "delete";
  seq: number;
  id?: number | string;
  room: string;
  client_message_id?: string;
}

/** Adds a reaction to a message. */
export interface React {
  do: "react";
  seq: number;
  emoji: string;
  id?: number | string;
  room: string;
  client_message_id?: string;
}

/** Removes one's own reaction from a message. */
export interface Unreact {
  do: "unreact";
  seq: number;
  emoji: string;
  id?: number | string;
  room: string;
  client_message_id?: string;
}

/** Merges a patch (RFC 7396) into the room's state document, unless it was patched after `if_seq`. */
export interface Patch {
  do: "patch";
  patch: unknown;
  if_seq?: number;
  id?: number | string;
  room: string;
  client_message_id?: string;
}

/** Keeps another account from beginning a direct with one, and from writing in the one that there is. */
export interface BlockPerson {
  do: "block";
  id?: number | string;
  room?: string;
  client_message_id?: string;
  who: string;
}

/** Blocks another account no longer. */
export interface UnblockPerson {
  do: "unblock";
  id?: number | string;
  room?: string;
  client_message_id?: string;
  who: string;
}

/** Chooses a value for a setting of one's own; null removes it. */
export interface Prefer {
  do: "prefer";
  id?: number | string;
  room?: string;
  client_message_id?: string;
  name: string;
  value: unknown;
}

/** Notifies the device of what is new, in place of its former subscription. It ends with the session. `endpoint`, `p256dh` and `auth` are what a browser gives (Push API). `shows_text`: whether notifications say what was written. */
export interface Subscribe {
  do: "subscribe";
  id?: number | string;
  room?: string;
  client_message_id?: string;
  endpoint: string;
  p256dh: string;
  auth: string;
  shows_text?: boolean;
}

/** Ends the notifications of the device. */
export interface Unsubscribe {
  do: "unsubscribe";
  id?: number | string;
  room?: string;
  client_message_id?: string;
}

/** Makes a room of which the author is the host, with other members, or a direct of these people. There is one direct of the same people. `key` is not for clients: the server makes it. */
export interface Create {
  do: "create";
  id?: number | string;
  room?: string;
  client_message_id?: string;
  title?: string;
  topic?: string;
  alias?: string;
  public?: "none" | "post" | "read";
  posters?: "all" | "hosts";
  slow?: number;
  keep_days?: number;
  receipts?: boolean;
  members_may_invite?: boolean;
  members_may_edit?: boolean;
  members_may_name_all?: boolean;
  titles?: boolean;
  kind: "closed" | "direct" | "open";
  who?: string[];
  key?: string;
}

/** Changes what a room is like. A direct stays one. */
export interface ChangeRoom {
  do: "change";
  id?: number | string;
  room: string;
  client_message_id?: string;
  title?: string;
  topic?: string;
  alias?: string;
  public?: "none" | "post" | "read";
  posters?: "all" | "hosts";
  slow?: number;
  keep_days?: number;
  receipts?: boolean;
  members_may_invite?: boolean;
  members_may_edit?: boolean;
  members_may_name_all?: boolean;
  titles?: boolean;
  kind?: "closed" | "open";
}

/** Sets a room's picture from a file that the sender uploaded and didn't post. An empty `file` removes it. */
export interface SetAvatar {
  do: "set_avatar";
  id?: number | string;
  room: string;
  client_message_id?: string;
  file: string;
}

/** Lets nothing change in a room any more. */
export interface Archive {
  do: "archive";
  id?: number | string;
  room: string;
  client_message_id?: string;
}

/** Takes an archived room into use again. */
export interface Restore {
  do: "restore";
  id?: number | string;
  room: string;
  client_message_id?: string;
}

/** Makes other accounts members, at once. */
export interface InvitePeople {
  do: "invite";
  id?: number | string;
  room: string;
  client_message_id?: string;
  who: string[];
}

/** Ends someone's membership. */
export interface Remove {
  do: "remove";
  id?: number | string;
  room: string;
  client_message_id?: string;
  who: string;
}

/** Keeps someone out of the room, for some seconds or for ever. */
export interface Ban {
  do: "ban";
  id?: number | string;
  room: string;
  client_message_id?: string;
  who: string;
  seconds?: number;
}

/** Ends a ban. */
export interface Unban {
  do: "unban";
  id?: number | string;
  room: string;
  client_message_id?: string;
  who: string;
}

/** Lets someone only read, for some seconds or until unmuted. */
export interface Mute {
  do: "mute";
  id?: number | string;
  room: string;
  client_message_id?: string;
  who: string;
  seconds?: number;
}

/** Lets someone speak again. */
export interface Unmute {
  do: "unmute";
  id?: number | string;
  room: string;
  client_message_id?: string;
  who: string;
}

/** Gives a member another role in the room. */
export interface Appoint {
  do: "appoint";
  id?: number | string;
  room: string;
  client_message_id?: string;
  who: string;
  role: "host" | "member";
}

/** Says up to which event the account has read a room. What it had read before stays read. */
export interface MarkRead {
  do: "read";
  id?: number | string;
  room: string;
  client_message_id?: string;
  upto: number;
}

/** Lets a room look unread until the account reads on there. */
export interface MarkUnread {
  do: "mark_unread";
  id?: number | string;
  room: string;
  client_message_id?: string;
}

/** Chooses what the account is told of a room. Attributes: level: what it is notified of: all messages, mentions, or nothing. If empty, what is usual: all in directs, else mentions. muted_until: a time in seconds since 1970 until which it is notified of nothing. 0 ends that. starred: whether the room is among its favourites. */
export interface SetRoom {
  do: "set";
  id?: number | string;
  room: string;
  client_message_id?: string;
  level?: "" | "all" | "mentions" | "none";
  muted_until?: number;
  starred?: boolean;
}

/** Pins a message in its room. */
export interface Pin {
  do: "pin";
  seq: number;
  id?: number | string;
  room: string;
  client_message_id?: string;
}

/** Pins a message no longer. */
export interface Unpin {
  do: "unpin";
  seq: number;
  id?: number | string;
  room: string;
  client_message_id?: string;
}

/** Saves a message of any room in a list of one's own, or changes what one notes about it. */
export interface Save {
  do: "save";
  id?: number | string;
  room?: string;
  client_message_id?: string;
  of: Reference;
  note?: string;
}

/** Saves a message no longer. */
export interface Unsave {
  do: "unsave";
  id?: number | string;
  room?: string;
  client_message_id?: string;
  of: Reference;
}

/** Keeps what one is about to write in the room `where`, on all one's devices. An empty text drops it. */
export interface KeepDraft {
  do: "draft";
  id?: number | string;
  room?: string;
  client_message_id?: string;
  where: string;
  text?: string;
  reply_to?: number;
}

/** Follows a thread: it is listed among one's own, with what is unread in it. One who replies or is mentioned follows by that. */
export interface FollowThread {
  do: "follow_thread";
  id?: number | string;
  room: string;
  client_message_id?: string;
}

/** Follows a thread no longer. */
export interface UnfollowThread {
  do: "unfollow_thread";
  id?: number | string;
  room: string;
  client_message_id?: string;
}

/** Ends a thread: nothing changes in it any more, except that messages can be deleted. */
export interface EndThread {
  do: "end_thread";
  id?: number | string;
  room: string;
  client_message_id?: string;
}

/** Lets an ended thread go on. */
export interface ReopenThread {
  do: "reopen_thread";
  id?: number | string;
  room: string;
  client_message_id?: string;
}

/** Removes the preview of the link `url` from a message. It stays removed as long as the link is in the text. */
export interface RemovePreview {
  do: "remove_preview";
  seq: number;
  url: string;
  id?: number | string;
  room: string;
  client_message_id?: string;
}

/** The answer to a command: `ok` or `error`. */
export interface Reply {
  re?: number | string;
  ok?: unknown;
  error?: Problem;
}

/** Why a command was refused. */
export interface Problem {
  code: string;
  message: string;
  temporary: boolean;
  retry_after?: number;
}

/** A message was posted: `text`, or `bytes` if it came as a binary frame. A message that a Socket.IO client emitted has the name of that event in `emitted_as`. It may have `arguments` instead of a text, with placeholders for the `attachments`. One that forwards another refers to it with `of`. In rooms with members, `mentions` are the accounts that the text mentions, by the handles in it, and `calls` those that it calls otherwise, or `*` for all. `files` are those that it shows, also in rooms with members only. */
export interface Posted {
  event: "posted";
  room: string;
  seq: number;
  at: string;
  by: string;
  text?: string;
  bytes?: string;
  client_message_id?: string;
  reply_to?: number;
  emitted_as?: string;
  arguments?: unknown[];
  attachments?: string[];
  of?: Reference;
  mentions?: Record<string, string>;
  calls?: string[];
  files?: Attached[];
  id?: string;
  erased?: boolean;
}

/** A file that a message shows: its key, what it is called, its media type by its first bytes, and its size in bytes. Of a picture or a video whose size in pixels is known, `width` and `height` are that. `alt` is its alt text: what it shows, in its author's words. */
export interface Attached {
  file: string;
  name: string;
  type: string;
  size: number;
  width?: number;
  height?: number;
  alt?: string;
}

/** The author edited the message with the seq `message`. If it `erases`, what that said before is erased. `alts` are the alt texts of all of its files that have one, by their keys. */
export interface Edited {
  event: "edited";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  erased?: boolean;
  message?: number;
  text?: string;
  mentions?: Record<string, string>;
  calls?: string[];
  erases?: boolean;
  alts?: Record<string, string>;
}

/** The message with the seq `message` was deleted. */
export interface Deleted {
  event: "deleted";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  message: number;
}

/** `by` added a reaction to the message with the seq `message`. */
export interface Reacted {
  event: "reacted";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  erased?: boolean;
  message?: number;
  emoji?: string;
}

/** `by` removed a reaction from the message with the seq `message`. */
export interface Unreacted {
  event: "unreacted";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  erased?: boolean;
  message?: number;
  emoji?: string;
}

/** The room's state document was changed by a JSON Merge Patch (RFC 7396). */
export interface Patched {
  event: "patched";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  patch: unknown;
}

/** An account was made: `kind` is `person` or `bot`, and a bot has an `owner`. */
export interface PersonAdded {
  event: "person_added";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  erased?: boolean;
  account?: string;
  handle?: string;
  name?: string;
  kind?: string;
  role?: string;
  owner?: string;
}

/** An account was changed. It has what is new; an empty text removes what there was. */
export interface PersonChanged {
  event: "person_changed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  erased?: boolean;
  account?: string;
  handle?: string;
  name?: string;
  role?: string;
  status?: string;
  status_text?: string;
  time_zone?: string;
  avatar?: string;
}

/** The account has another role on this server. Guests learn of it here, since they don't follow the directory. */
export interface RoleChanged {
  event: "role_changed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  role: string;
}

/** An account got another credential of this kind, such as a password. */
export interface CredentialChanged {
  event: "credential_changed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  kind: string;
}

/** A session began (`kind` is `session`) or a token was made (`token`), under a `name` that tells what for. `until` is in seconds since 1970. */
export interface SessionOpened {
  event: "session_opened";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  session: string;
  kind: string;
  name: string;
  until?: number;
}

/** A session goes on until another time, in seconds since 1970. */
export interface SessionRenewed {
  event: "session_renewed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  session: string;
  until: number;
}

/** A session ended, or a token was revoked. Without `session`, all sessions ended but the one in `kept`. */
export interface SessionClosed {
  event: "session_closed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  kind: string;
  session?: string;
  kept?: string;
}

/** The account doesn't want to hear from another. */
export interface Blocked {
  event: "blocked";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  who: string;
}

/** The account wants to hear from another again. */
export interface Unblocked {
  event: "unblocked";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  who: string;
}

/** The account chose a value for a setting of its own; null removes it. */
export interface Preferred {
  event: "preferred";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  name: string;
  value: unknown;
}

/** The device with this session, or the program with this token, is notified of what is new; of what was written, if `shows_text`. */
export interface Subscribed {
  event: "subscribed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  kind: string;
  session: string;
  shows_text?: boolean;
}

/** The device with this session, or the program with this token, is notified no longer. */
export interface Unsubscribed {
  event: "unsubscribed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  kind: string;
  session: string;
}

/** Something was done with accounts or rights: `by` whom, and `about` what. `hash` is the last field: see `domain.aspects.people.audit`. */
export interface Noted {
  event: "noted";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  action: string;
  about?: string;
  details?: Record<string, string>;
  hash?: string;
}

/** An account was removed. What the directory said of it before is erased, and nothing will be said of it again. */
export interface PersonRemoved {
  event: "person_removed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  account: string;
}

/** An account was removed with what it wrote: the oldest part of that, up to the event `upto`, was erased. The `messages` of the account `of` were deleted, and its reactions to the messages in `reactions` taken away. There are several such events if there was much. */
export interface Erased {
  event: "erased";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  of: string;
  upto: number;
  messages?: number[];
  reactions?: number[];
}

/** A room was made. `people` are those of a direct, in order: they never change. */
export interface Created {
  event: "created";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  kind: string;
  title?: string;
  topic?: string;
  alias?: string;
  public?: string;
  posters?: string;
  slow?: number;
  keep_days?: number;
  receipts?: boolean;
  members_may_invite?: boolean;
  members_may_edit?: boolean;
  members_may_name_all?: boolean;
  titles?: boolean;
  people?: string[];
}

/** A room was changed. It has what is new; an empty text, or 0, removes what there was. `avatar` is the key of its picture. In a thread it says a title, and is erased with the message that the thread is about. */
export interface Changed {
  event: "changed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  erased?: boolean;
  kind?: string;
  title?: string;
  topic?: string;
  alias?: string;
  public?: string;
  posters?: string;
  slow?: number;
  keep_days?: number;
  receipts?: boolean;
  members_may_invite?: boolean;
  members_may_edit?: boolean;
  members_may_name_all?: boolean;
  titles?: boolean;
  avatar?: string;
}

/** Nothing in the room changes any more. */
export interface Archived {
  event: "archived";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
}

/** The room is in use again. */
export interface Restored {
  event: "restored";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
}

/** In the directory: a room is open and not archived. */
export interface RoomListed {
  event: "room_listed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  where: string;
  title: string;
  topic?: string;
  alias?: string;
  avatar?: string;
}

/** In the directory: a listed room was renamed or described differently, or has a new picture. */
export interface RoomChanged {
  event: "room_changed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  where: string;
  title: string;
  topic?: string;
  alias?: string;
  avatar?: string;
}

/** In the directory: a room is not open any more, or archived. */
export interface RoomUnlisted {
  event: "room_unlisted";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  where: string;
}

/** The author became a member. With `oversight`, as an admin of the server whom nobody invited. */
export interface Joined {
  event: "joined";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  where?: string;
  role?: string;
  oversight?: boolean;
}

/** The author made someone else a member. */
export interface Invited {
  event: "invited";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  who?: string;
  where?: string;
}

/** The author left. In an own log: the account is no member any more, whoever did it. */
export interface Left {
  event: "left";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  where?: string;
}

/** In an own log: a direct is not to be shown until there is a message after its event `upto`. */
export interface Hidden {
  event: "hidden";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  where: string;
  upto: number;
}

/** The author removed a member, who may join again. */
export interface Removed {
  event: "removed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  who: string;
}

/** The author banned someone until a time in seconds since 1970, or for ever. Members are removed. */
export interface Banned {
  event: "banned";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  who: string;
  until?: number;
}

/** The author ended a ban. */
export interface Unbanned {
  event: "unbanned";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  who: string;
}

/** The author muted someone until a time in seconds since 1970, or for ever. */
export interface Muted {
  event: "muted";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  who: string;
  until?: number;
}

/** The author let someone speak again. */
export interface Unmuted {
  event: "unmuted";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  who: string;
}

/** The author gave a member another role. */
export interface Appointed {
  event: "appointed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  who: string;
  role: string;
}

/** The account has read the room up to the event `upto`, by when there were `nth` messages. The marker only rises. */
export interface Read {
  event: "read";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  where: string;
  upto: number;
  nth: number;
}

/** The account wants the room to look unread until it reads on there. */
export interface MarkedUnread {
  event: "marked_unread";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  where: string;
}

/** The author mentioned the account in the message that is the event `where_seq` of the room. `why` is `keyword` if the message has one of the account's own keywords, and does not name the account. */
export interface Mentioned {
  event: "mentioned";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  where: string;
  where_seq: number;
  why?: string;
}

/** The message that is the event `where_seq` of the room was edited, and has none of the account's keywords any more. */
export interface Unmentioned {
  event: "unmentioned";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  where: string;
  where_seq: number;
}

/** The account chose what it is told of a room. It has what is new. An empty `level` is the default one. `muted_until` is in seconds since 1970; 0 if the room is not muted. */
export interface RoomSet {
  event: "set";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  where: string;
  level?: string;
  muted_until?: number;
  starred?: boolean;
}

/** `by` pinned the message with the seq `message` in its room. */
export interface Pinned {
  event: "pinned";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  erased?: boolean;
  message?: number;
}

/** The message with the seq `message` is pinned no longer. */
export interface Unpinned {
  event: "unpinned";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  erased?: boolean;
  message?: number;
}

/** In an own log: the account saved a message of some room, and noted something about it. `message` is the event's own seq: the event is erased once the message is saved with another note, or no longer. */
export interface Saved {
  event: "saved";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  erased?: boolean;
  message?: number;
  of?: Reference;
  note?: string;
}

/** In an own log: a message is saved no longer. */
export interface Unsaved {
  event: "unsaved";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  of: Reference;
}

/** In an own log: what the account is about to write in the room `where`; an empty text is none. `message` is the event's own seq: the event is erased once there is another draft for the room, or none. */
export interface Drafted {
  event: "drafted";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  erased?: boolean;
  message?: number;
  where?: string;
  text?: string;
  reply_to?: number;
}

/** The message with the seq `message` has a thread from now on: the log `ROOM:MESSAGE`. */
export interface Threaded {
  event: "threaded";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  erased?: boolean;
  message?: number;
}

/** In a thread: nothing changes in it any more. */
export interface ThreadEnded {
  event: "ended";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
}

/** In a thread that was ended: it goes on. */
export interface ThreadReopened {
  event: "reopened";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
}

/** In an own log: the account follows the thread `where`, whoever caused that. */
export interface ThreadFollowed {
  event: "followed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  where: string;
}

/** In an own log: the account follows the thread `where` no longer. */
export interface ThreadUnfollowed {
  event: "unfollowed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  where: string;
}

/** In a thread: the message that it is about was deleted, and with it the titles that the thread had. */
export interface RootDeleted {
  event: "root_deleted";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
}

/** The server has another emoji. `image` is the key of its image. */
export interface EmojiAdded {
  event: "emoji_added";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  name: string;
  image: string;
  type: string;
  width: number;
  height: number;
}

/** The server has an emoji no longer. */
export interface EmojiRemoved {
  event: "emoji_removed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  name: string;
}

/** What some `messages` said before they were edited was erased: each one's event in `edits` says what it said next. */
export interface FormerErased {
  event: "former_erased";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  messages: number[];
  edits: number[];
}

/** The message with the seq `message` now shows these previews. Earlier events about its previews are erased. */
export interface Previewed {
  event: "previewed";
  room: string;
  seq: number;
  at: string;
  by: string;
  id?: string;
  erased?: boolean;
  message?: number;
  previews?: LinkPreview[];
}

/** What the page at an address says of itself: its title, and perhaps the name of its site and a description. All of it was written by whoever made the page. It is text, never markup, without control characters. */
export interface LinkPreview {
  url: string;
  title: string;
  site?: string;
  description?: string;
}

/** The people in a room changed: either all `names`, or who `joined` and `left`, or in large rooms only the count. */
export interface Presence {
  signal: "presence";
  room: string;
  count: number;
  names?: string[];
  joined?: string[];
  left?: string[];
  ids?: (string | null)[];
  joined_ids?: (string | null)[];
  left_ids?: (string | null)[];
}

/** Someone is typing. Expires after `ttl` seconds. */
export interface Typing {
  signal: "typing";
  room: string;
  by: string;
  ttl: number;
  id?: string;
}

/** A live value that expires after `ttl` seconds. The value `None` removes it. */
export interface Value {
  signal: "value";
  room: string;
  by: string;
  key: string;
  value: unknown;
  ttl: number;
  id?: string;
}

/** A member, whose key is `by`, has read the room up to the event `upto`. Only the newest of each member counts. */
export interface Receipt {
  signal: "receipt";
  room: string;
  by: string;
  upto: number;
}

/** Threads of a room have changed: what it shows of them now, by the seqs of the messages that they are about. */
export interface ThreadsMoved {
  signal: "threads";
  room: string;
  threads: Record<string, ThreadInRoom>;
}

/** What a room shows of a thread beside its message. Attributes: nth: how many messages were ever posted in it. at: the time of the last one. replies: how many were not deleted. people: accounts who posted last, the last one first, at most five. ended_at: when it was ended. */
export interface ThreadInRoom {
  nth: number;
  at: string;
  replies?: number;
  people?: string[];
  title?: string;
  ended_at?: string;
}

/** The server is about to close the connection. Reconnect after `reconnect_after` seconds. */
export interface Closing {
  notice: "closing";
  reason: string;
  reconnect_after: number;
}

/** The client may not read a room any more, and gets nothing more of it, for the reason `why`. */
export interface Unfollowed {
  notice: "unfollowed";
  room: string;
  why: Problem;
}

/** Rooms of which the client is only told the heads have come further. */
export interface Moved {
  notice: "moved";
  rooms: Record<string, RoomHead>;
}

/** How far a room has come: its last event, and how many messages were ever posted. `at` and `by` are those of the last event, if they are known. `recount` is the last event, as far as the server remembers, that changed how much is unread otherwise than by one message more. */
export interface RoomHead {
  head: number;
  nth: number;
  at?: string;
  by?: string;
  recount?: number;
}

/** What is new of people whom the client watches; null for those of whom it may not know any more. */
export interface PresenceChanged {
  notice: "presence";
  people: Record<string, PersonPresence | null>;
}

/** Whether an account is `online`, or `away` on all its devices, or `offline`. Other states may come later. `seen` is when it was last there, in seconds since 1970, if it is offline and that may be told. */
export interface PersonPresence {
  state: string;
  seen?: number;
}

/** The answer to a `follow` or `join` that resumes from a position: `missed` events follow. */
export interface Resumed {
  mode: "resumed";
  room: string;
  epoch: string;
  head: number;
  missed: number;
}

/** The state of a room at `head`. The next event is `head + 1`. `pins` are pinned messages, in the order of pinning. */
export interface Snapshot {
  mode: "snapshot";
  room: string;
  epoch: string;
  head: number;
  messages: Message[];
  more: boolean;
  people?: Record<string, Author>;
  threads?: Record<string, ThreadInRoom>;
  state: unknown;
  state_seq: number;
  members: Members;
  live: unknown[];
  truncated?: number;
  pins?: number[];
}

/** A message in its current state. A deleted message keeps only `seq`, `at`, `by` and `id`. `reaction_ids` holds the ids of the people in `reactions`, in the same order, for each emoji where at least one person has an id. */
export interface Message {
  seq: number;
  at: string;
  by: string;
  text?: string;
  bytes?: string;
  client_message_id?: string;
  reply_to?: number;
  edited_at?: string;
  reactions?: Record<string, string[]>;
  deleted?: boolean;
  emitted_as?: string;
  arguments?: unknown[];
  attachments?: string[];
  id?: string;
  reaction_ids?: Record<string, (string | null)[]>;
  of?: Reference;
  mentions?: Record<string, string>;
  calls?: string[];
  files?: Attached[];
  previews?: LinkPreview[];
}

/** An account as everyone sees it who may read what it wrote. */
export interface Author {
  handle: string;
  name: string;
  bot?: boolean;
  avatar?: string;
}

/** The people in a room: their number and, if they are at most 100, their names and ids in the same order. */
export interface Members {
  count: number;
  names: string[];
  ids?: (string | null)[];
}

/** The answer to `start`. Attributes: account: the key of the own account. own, directory: the seqs from which to follow the own log and `@directory`; null for a guest, who may not. people: accounts by their keys: all, or for a guest those in the same rooms. Null if they were left out. preferences, blocked: the settings of the account by name, and the accounts that it blocks; empty with `rooms`. emoji: those of the server, with the people; without a list if the device has this version of it. threads: those that the account follows and has not read, the one with the newest reply first, at most 50. more_threads: whether there are others like these. */
export interface Started {
  account: string;
  me: ShownPerson;
  epoch: string;
  own: number;
  directory: number | null;
  rooms: MyRoom[];
  people: Record<string, ShownPerson> | null;
  emoji?: EmojiReply;
  preferences?: Record<string, unknown>;
  blocked?: string[];
  threads?: MyThread[];
  more_threads?: boolean;
}

/** An account as others see it. */
export interface ShownPerson {
  handle: string;
  name: string;
  role?: string;
  kind?: string;
  status?: string;
  status_text?: string;
  time_zone?: string;
  avatar?: string;
}

/** A room that an account is a member of. Attributes: head, nth: its last event, and how many messages were ever posted. avatar: the key of its picture. people: those of a direct. hidden: until there is an event after this one, a direct that was left is not to be shown. read, read_nth: the last event that was read, and how many messages there were by then. unread, mentions: messages that were not read, and how many of those mention the account. marked: whether the room is to look unread all the same. level, muted_until, starred: what the account chose (see the command `set`). */
export interface MyRoom {
  room: string;
  kind: string;
  role: string;
  head: number;
  nth: number;
  title?: string;
  alias?: string;
  avatar?: string;
  people?: string[];
  hidden?: number;
  archived_at?: string;
  read?: number;
  read_nth?: number;
  unread?: number;
  mentions?: number;
  marked?: boolean;
  level?: string;
  muted_until?: number;
  starred?: boolean;
}

/** The emoji of this server by their names, and the version of this list. They are null if the client has that version. */
export interface EmojiReply {
  version: string;
  emoji: Record<string, EmojiItem> | null;
}

/** An emoji: the key of its image, the image's media type and its size in pixels, and who added it. */
export interface EmojiItem {
  image: string;
  type: string;
  width: number;
  height: number;
  by: string;
}

/** A thread that an account follows. The other attributes are as in `starting.MyRoom`. `room` is where it is, and `message` the seq of the message there that it is about. */
export interface MyThread {
  nth: number;
  at: string;
  replies?: number;
  people?: string[];
  title?: string;
  ended_at?: string;
  thread: string;
  room: string;
  message: number;
  head: number;
  read?: number;
  read_nth?: number;
  unread?: number;
  mentions?: number;
  marked?: boolean;
  level?: string;
  muted_until?: number;
  starred?: boolean;
}

/** The answer to `watch`: the people as they are now, without those whom the client may not know. */
export interface Watched {
  people: Record<string, PersonPresence>;
}

export type AnyCommand = Hello | Start | Follow | FollowAll | Unfollow | Join | Leave | Signal | History | WatchPeople | Away | Back | GetMessage | GetSource | GetEdits | ListPins | ListSaved | ListDrafts | ListThreads | ListMyThreads | Search | ListMissed | ListEmoji | Post | Edit | Delete | React | Unreact | Patch | BlockPerson | UnblockPerson | Prefer | Subscribe | Unsubscribe | Create | ChangeRoom | SetAvatar | Archive | Restore | InvitePeople | Remove | Ban | Unban | Mute | Unmute | Appoint | MarkRead | MarkUnread | SetRoom | Pin | Unpin | Save | Unsave | KeepDraft | FollowThread | UnfollowThread | EndThread | ReopenThread | RemovePreview;
export type AnyEvent = Posted | Edited | Deleted | Reacted | Unreacted | Patched | PersonAdded | PersonChanged | RoleChanged | CredentialChanged | SessionOpened | SessionRenewed | SessionClosed | Blocked | Unblocked | Preferred | Subscribed | Unsubscribed | Noted | PersonRemoved | Erased | Created | Changed | Archived | Restored | RoomListed | RoomChanged | RoomUnlisted | Joined | Invited | Left | Hidden | Removed | Banned | Unbanned | Muted | Unmuted | Appointed | Read | MarkedUnread | Mentioned | Unmentioned | RoomSet | Pinned | Unpinned | Saved | Unsaved | Drafted | Threaded | ThreadEnded | ThreadReopened | ThreadFollowed | ThreadUnfollowed | RootDeleted | EmojiAdded | EmojiRemoved | FormerErased | Previewed;
export type AnySignal = Presence | Typing | Value | Receipt | ThreadsMoved;
export type AnyNotice = Closing | Unfollowed | Moved | PresenceChanged;
