// What an account is told of: what changes amount to, when it is not to be disturbed, and whom it watches over a reconnect.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../sdk/hubbub.ts";
import { Changes, summary } from "../sdk/me/changes.ts";
import { Mine } from "../sdk/me/mine.ts";
import { isQuiet, shouldNotify } from "../sdk/me/notifying.ts";
import { FollowedThreads } from "../sdk/me/threads.ts";
import { opened, pass, settled } from "./fake_server.js";

const STARTED = {
  account: "@pada",
  me: { handle: "ada", name: "Ada" },
  epoch: "e1",
  own: 0,
  directory: 0,
  rooms: [{ room: "@r1", kind: "closed", role: "member", head: 3, nth: 2, title: "Plans" }],
  people: { "@pada": { handle: "ada", name: "Ada" }, "@pgrace": { handle: "grace", name: "Grace" } },
};

const own = (event, seq = 1) => ({ room: "@pada", seq, at: "", by: "@pada", where: "@r1", ...event });
const moved = (mine, head, nth, by = "@pgrace") => mine.moved({ "@r1": { head, nth, by } });
const at = (text) => Date.parse(text) / 1000;

test("changes that wait for too long become one, which says what they amount to", async () => {
  const mine = new Mine(STARTED);
  const feed = new Changes(2, () => {});
  const changes = [4, 5, 6, 7].flatMap((head) => moved(mine, head, head - 1));
  for (const change of changes) feed.put(change);
  const { value } = await feed.next();
  assert.equal(value.change, "refreshed");
  assert.deepEqual(
    value.changes.map(({ change, before, room }) => [change, before.head, room.head]),
    [["room_moved", 3, 6]],
  );
  assert.equal((await feed.next()).value.room.head, 7);
});

test("a room that came and went is not told of", () => {
  const mine = new Mine(STARTED);
  const [left] = mine.ofOwn(own({ event: "left" }));
  assert.deepEqual(summary([{ change: "room_joined", room: left.room }, left]), []);
});

test("who reads to the head has read everything; who reads less is counted anew where that is not sure", () => {
  const mine = new Mine(STARTED);
  moved(mine, 5, 4);
  assert.equal(mine.rooms.get("@r1").unread, 2);
  mine.ofOwn(own({ event: "read", upto: 4, nth: 3 }));
  assert.deepEqual([mine.rooms.get("@r1").unread, mine.owed.size], [1, 1]); // two of the first four were read before
  mine.ofOwn(own({ event: "read", upto: 5, nth: 4 }, 2));
  assert.equal(mine.rooms.get("@r1").unread, 0);
  mine.ofOwn(own({ event: "read", upto: 9, nth: 8 }, 3)); // on another device, before this one has heard of those messages
  moved(mine, 9, 8);
  assert.equal(mine.rooms.get("@r1").unread, 0);
});

test("emoji that come and go are told of", () => {
  const mine = new Mine({ ...STARTED, emoji: { version: "1", emoji: { old: { image: "1" } } } });
  const directory = { room: "@directory", at: "", by: "@pada" };
  const added = mine.ofDirectory({
    ...directory,
    seq: 1,
    event: "emoji_added",
    name: "new",
    image: "2",
    type: "image/png",
    width: 1,
    height: 1,
  });
  const gone = mine.ofDirectory({ ...directory, seq: 2, event: "emoji_removed", name: "old" });
  assert.deepEqual([...mine.emoji.keys()], ["new"]);
  assert.deepEqual(
    [...added, ...gone].map(({ change, name, emoji, before }) => [change, name, emoji?.image, before?.image]),
    [
      ["emoji_updated", "new", "2", undefined],
      ["emoji_updated", "old", undefined, "1"],
    ],
  );
  assert.deepEqual(summary([...added, ...mine.ofDirectory({ ...directory, seq: 3, event: "emoji_removed", name: "new" })]), []);
  const [{ changes }] = mine.beginAgain({ ...STARTED, emoji: { version: "2", emoji: { other: { image: "3" } } } });
  assert.deepEqual(
    changes.map(({ change, name }) => [change, name]),
    [["emoji_updated", "other"]],
  );
});

const THREAD = {
  thread: "@r1:4",
  room: "@r1",
  message: 4,
  head: 2,
  nth: 2,
  at: "1",
  replies: 2,
  people: ["@pgrace"],
  read: 2,
  read_nth: 2,
};
const OTHER = { ...THREAD, thread: "@r1:5", message: 5 };

/** What is known of threads after the list was read. */
function following(...rows) {
  const known = new FollowedThreads();
  assert.deepEqual(known.readAgain(known.version, rows, true), []);
  assert.equal(known.owes, false);
  return known;
}

const ofThread = (event) => ({ room: THREAD.thread, at: "2", by: "@plinus", ...event });
const aboutThread = (event) => own({ where: THREAD.thread, ...event });
const kinds = (changes) => changes.map(({ change, thread }) => [change, thread.thread]);

test("replies in a thread are unread until they are read anywhere", () => {
  const known = following(THREAD);
  const heads = { "@r1:4": { head: 4, nth: 4, at: "2", by: "@plinus" }, "@r9": { head: 1, nth: 1 } };
  const [moved] = known.moved(heads);
  assert.deepEqual([moved.change, moved.by, moved.before.head], ["thread_moved", "@plinus", 2]);
  const { unread, replies, at, people } = moved.thread;
  assert.deepEqual([unread, replies, at, people], [2, 4, "2", ["@plinus", "@pgrace"]]);
  assert.deepEqual(known.moved(heads), []);
  const [partly] = known.ofOwn(aboutThread({ event: "read", upto: 3, nth: 3 }));
  assert.deepEqual([partly.change, partly.thread.unread], ["thread_read", 1]);
  known.ofOwn(aboutThread({ event: "marked_unread" }));
  assert.equal(known.rows.get("@r1:4").marked, true);
  known.ofOwn(aboutThread({ event: "read", upto: 4, nth: 4 }));
  known.ofOwn(aboutThread({ event: "set", level: "none" }));
  const row = known.rows.get("@r1:4");
  assert.deepEqual([row.unread, row.marked, row.level, known.owes], [0, false, "none", false]);
});

test("a thread that is followed in full is counted by its events", () => {
  const known = following(THREAD);
  assert.deepEqual(known.ofThread(ofThread({ event: "posted", seq: 2 })), []);
  known.ofThread(ofThread({ event: "posted", seq: 3 }));
  known.ofThread(ofThread({ event: "edited", seq: 4, message: 3 }));
  const { head, nth, unread } = known.rows.get("@r1:4");
  assert.deepEqual([head, nth, unread, known.owes], [4, 3, 1, false]);
  known.ofThread(ofThread({ event: "deleted", seq: 5, message: 3 }));
  assert.equal(known.owes, true);
});

test("what only the list of threads says is read again", () => {
  const ways = {
    mentioned: (known) => known.ofOwn(aboutThread({ event: "mentioned" })),
    unmentioned: (known) => known.ofOwn(aboutThread({ event: "unmentioned" })),
    followed: (known) => known.ofOwn(aboutThread({ event: "followed", where: "@r1:9" })),
    joined: (known) => known.ofOwn(own({ event: "joined", where: "@r2" })),
    invited: (known) => known.ofOwn(own({ event: "invited", where: "@r2" })),
    "no reply": (known) => known.moved({ "@r1:4": { head: 4, nth: 3 } }),
    recount: (known) => known.moved({ "@r1:4": { head: 3, nth: 3, recount: 3 } }),
    gap: (known) => known.ofThread(ofThread({ event: "posted", seq: 9 })),
    call: (known) => known.ofThread(ofThread({ event: "posted", seq: 3, calls: ["*"] })),
    "came further": (known) => known.atLeast("@r1:4", 3),
  };
  for (const [name, happens] of Object.entries(ways)) {
    const known = following(THREAD);
    const { version } = known;
    happens(known);
    assert.equal(known.owes, true, name);
    assert.deepEqual(known.readAgain(version, [], true), [], `${name}: an answer to an older question`);
    assert.equal(known.rows.size, 1, name);
  }
});

test("threads come and go, and what can't be told one by one is told as one", () => {
  const known = following(THREAD);
  known.recount();
  assert.deepEqual(kinds(known.readAgain(known.version, [THREAD, OTHER], false)), [["thread_added", "@r1:5"]]);
  assert.equal(known.hasOthers, true);
  assert.deepEqual(kinds(known.ofOwn(aboutThread({ event: "unfollowed" }))), [["thread_dropped", "@r1:4"]]);
  known.beginAgain();
  const [refreshed] = known.readAgain(known.version, [{ ...OTHER, head: 3 }, THREAD], true);
  assert.equal(refreshed.change, "refreshed");
  assert.deepEqual(kinds(refreshed.changes), [
    ["thread_moved", "@r1:5"],
    ["thread_added", "@r1:4"],
  ]);
  assert.deepEqual(kinds(known.ofOwn(own({ event: "left", where: "@r1" }))), [
    ["thread_dropped", "@r1:5"],
    ["thread_dropped", "@r1:4"],
  ]);
  const moved = { change: "thread_moved", thread: { ...OTHER, head: 4 }, before: { ...OTHER, head: 3 } };
  assert.deepEqual(summary([{ change: "thread_added", thread: { ...OTHER, head: 3 } }, moved]), [
    { change: "thread_added", thread: { ...OTHER, head: 4 } },
  ]);
});

test("the rule for notifications", () => {
  const mine = new Mine(STARTED);
  const [plain] = moved(mine, 4, 3);
  assert.equal(shouldNotify(mine, plain, 0), false); // only mentions, in a room
  mine.ofOwn(own({ event: "set", level: "all" }));
  const [all] = moved(mine, 5, 4);
  assert.equal(shouldNotify(mine, all, 0), true);
  const [mine_] = moved(mine, 6, 5, "@pada");
  assert.equal(shouldNotify(mine, mine_, 0), false);
  mine.ofOwn(own({ event: "set", muted_until: 100 }));
  const [muted] = moved(mine, 7, 6);
  assert.deepEqual([shouldNotify(mine, muted, 99), shouldNotify(mine, muted, 100)], [false, true]);
  mine.ofOwn({ ...own({ event: "blocked", who: "@pgrace" }), where: undefined });
  const [blocked] = moved(mine, 8, 7);
  assert.equal(shouldNotify(mine, blocked, 100), false);
  mine.ofOwn({ ...own({ event: "unblocked", who: "@pgrace" }), where: undefined });
  const [again] = moved(mine, 9, 8);
  assert.equal(shouldNotify(mine, again, 100), true);
});

test("the rule for notifications of threads", () => {
  const mine = new Mine(STARTED);
  mine.threads.readAgain(mine.threads.version, [THREAD], true);
  const reply = (seq, by) => mine.moved({ "@r1:4": { head: seq, nth: seq, by } })[0];
  const notifies = (change) => shouldNotify(mine, change, 50);
  assert.equal(notifies(reply(3, "@pgrace")), true); // all, unlike in a room
  assert.equal(notifies(reply(4, "@pada")), false);
  for (const [event, isTold] of [
    [own({ level: "none" }), false],
    [own({ level: "mentions" }), true],
    [own({ muted_until: 100 }), false],
    [own({ muted_until: 0 }), true],
    [aboutThread({ level: "mentions" }), false],
    [aboutThread({ level: "all" }), true],
  ]) {
    mine.ofOwn({ ...event, event: "set" });
    const { head } = mine.threads.rows.get("@r1:4");
    assert.equal(notifies(reply(head + 1, "@pgrace")), isTold, JSON.stringify(event));
  }
  const added = (thread) => {
    mine.ofOwn(aboutThread({ event: "followed", where: thread.thread }));
    return mine.threads.readAgain(mine.threads.version, [thread], false)[0];
  };
  assert.equal(notifies(added({ ...OTHER, thread: "@r1:6", unread: 0 })), false);
  assert.equal(notifies(added({ ...OTHER, thread: "@r1:7", unread: 1, people: ["@pgrace"] })), true);
  mine.ofOwn(own({ event: "joined", where: "@r1" })); // what was unread there before is no news
  const [refreshed] = mine.threads.readAgain(mine.threads.version, [{ ...OTHER, thread: "@r1:8", unread: 1 }], false);
  assert.deepEqual([refreshed.change, notifies(refreshed)], ["refreshed", false]);
});

test("drafts are told as they change, and the newest of each room in a summary", () => {
  const mine = new Mine(STARTED);
  const drafted = (seq, text, more) => mine.ofOwn(own({ event: "drafted", seq, text, ...more }));
  const [first] = drafted(20, "half");
  assert.deepEqual(first, { change: "draft_updated", where: "@r1", text: "half", seq: 20 });
  assert.deepEqual(drafted(21, undefined, { erased: true }), []); // a former one, which is no news
  const [second] = drafted(22, undefined);
  assert.equal(second.text, "");
  const [other] = drafted(23, "x", { where: "@r2" });
  assert.deepEqual(summary([first, other, second]), [second, other]);
});

test("do not disturb goes by the clock of the account", () => {
  const mine = new Mine({
    ...STARTED,
    people: { "@pada": { handle: "ada", name: "Ada", time_zone: "Europe/Berlin" } },
    preferences: { quiet: { until: 10, weekly: [{ days: ["fri"], from: "22:00", to: "09:30" }] } },
  });
  const times = {
    "2026-11-27T20:59:00Z": false, // Friday, 21:59 in Berlin
    "2026-11-27T21:00:00Z": true,
    "2026-11-28T08:29:00Z": true,
    "2026-11-28T08:30:00Z": false,
    "2026-11-26T22:00:00Z": false,
    "1970-01-01T00:00:09Z": true,
  };
  for (const [time, isSo] of Object.entries(times)) assert.equal(isQuiet(mine, at(time)), isSo, time);
});

test("whoever is away only while a client reconnects is not told to be offline", async (context) => {
  const hall = opened(context);
  const states = { "@pgrace": { state: "online" }, "@plinus": { state: "online" } };
  const { answer } = hall;
  hall.answer = (socket, command) => {
    if (command.do === "start") return { ok: STARTED };
    return command.do === "watch" ? { ok: { people: { ...states } } } : answer.call(hall, socket, command);
  };
  const client = connect("http://server", { token: "t" });
  const me = await client.me.open();
  await me.watch(["@pgrace", "@plinus"]);
  for (const who of Object.keys(states)) states[who] = { state: "offline" };
  hall.cut();
  await pass(250);
  assert.deepEqual(
    [...me.presence.values()].map(({ state }) => state),
    ["online", "online"],
  );
  [...hall.sockets][0].say({ notice: "presence", people: { "@pgrace": { state: "away" } } });
  await pass(10_000);
  assert.deepEqual(
    [...me.presence.values()].map(({ state }) => state),
    ["away", "offline"],
  );
  client.close();
  await settled();
});

test("a room that can't be followed in full is told by its head again", async (context) => {
  const hall = opened(context);
  const { answer } = hall;
  hall.answer = (socket, command) => {
    if (command.do === "start") return { ok: STARTED };
    if (command.do === "follow") return { error: { code: "forbidden", message: "Not now", temporary: false } };
    return answer.call(hall, socket, command);
  };
  const client = connect("http://server", { token: "t" });
  await client.me.open();
  await assert.rejects(client.follow("@r1"), { code: "forbidden" });
  await settled();
  const about = hall.asked.filter((command) => command.room === "@r1" || command.heads?.["@r1"]);
  assert.equal(about.at(-1).do, "follow_all"); // and no `unfollow` after it
  client.close();
});

test("what can't be opened can be opened later", async (context) => {
  const hall = opened(context);
  const { answer } = hall;
  let error = { code: "forbidden", message: "Only accounts", temporary: false };
  hall.answer = (socket, command) => {
    if (command.do === "start") return error ? { error } : { ok: STARTED };
    return answer.call(hall, socket, command);
  };
  const client = connect("http://server", { token: "t" });
  await assert.rejects(client.me.open(), { name: "Refused", code: "forbidden" });
  error = undefined;
  const me = await client.me.open();
  assert.equal(await client.me.open(), me);
  assert.deepEqual([me.account, me.person.name, me.rooms.size], ["@pada", "Ada", 1]);
  const changes = me.changes();
  client.close();
  assert.equal((await changes.next()).done, true);
});
