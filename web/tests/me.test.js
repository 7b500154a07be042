// What an account is told of: what changes amount to, when it is not to be disturbed, and whom it watches over a reconnect.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../sdk/hubbub.ts";
import { Changes, summary } from "../sdk/me/changes.ts";
import { Mine } from "../sdk/me/mine.ts";
import { isQuiet, shouldNotify } from "../sdk/me/notifying.ts";
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
