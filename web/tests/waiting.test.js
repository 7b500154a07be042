// Whatever a person changes that needs no answer waits without a connection, over a reload, and is sent in order, once.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { FakeDb } from "./fake_db.js";

globalThis.localStorage = { getItem: () => null, setItem: () => {} };
globalThis.sessionStorage = globalThis.localStorage;
globalThis.location = { host: "hubbub", search: "", hash: "" };
globalThis.document = { hidden: true };
const later = globalThis.setTimeout;
globalThis.setTimeout = (act, wait, ...given) => (wait > 1000 ? later(act, wait, ...given).unref() : later(act, wait, ...given)); // what is said goes after a while

const { Device } = await import("../app/offline/db.ts");
const { isOwn, ME, OFFLINE } = await import("../app/store/commands.ts");
const { command } = await import("../app/store/history.ts");
const { openDevice } = await import("../app/store/kept.ts");
const { change, isLeader, leaveTabs, openOutbox, outbox, put, unsent } = await import("../app/store/outbox.ts");
const { said } = await import("../app/store/screen.ts");
const { connection, session } = await import("../app/store/state.ts");
const { blockedUnder, isUnsaved, pinsUnder, preferencesUnder, profileUnder, rowUnder } = await import("../app/store/underway.ts");

const ROOM = "@r1";
const of = { room: ROOM, message: 3 };
/** One of each command that waits: a new one belongs here. */
const CHANGES = {
  post: { text: "hello" },
  edit: { seq: 3, text: "better" },
  delete: { seq: 3 },
  react: { seq: 3, emoji: "🎉" },
  unreact: { seq: 3, emoji: "🎉" },
  pin: { seq: 3 },
  unpin: { seq: 3 },
  remove_preview: { seq: 3, url: "https://a.example/" },
  read: { upto: 4 },
  mark_unread: {},
  set: { level: "all" },
  save: { of },
  unsave: { of },
  prefer: { name: "keywords", value: ["tea"] },
  block: { who: "@pgrace" },
  unblock: { who: "@pgrace" },
};
const named = (fate) => Object.keys(OFFLINE).filter((name) => OFFLINE[name] === fate);
const laneOf = (name) => (CHANGES[name].of || CHANGES[name].who || CHANGES[name].value ? ME : ROOM);
const moment = () => new Promise((resolve) => setTimeout(resolve));
async function until(isSo) {
  while (!isSo()) await moment();
}
const isEmpty = () => !outbox.value.length && !db.values("outbox").length;
let db;

/** A client, and the commands that the server took from it; it refuses those that are named. */
function connected(refuses = {}) {
  const taken = [];
  const post = async ({ do: name, client_message_id: _, ...fields }) => {
    taken.push({ do: name, ...fields });
    if (refuses[name]) throw refuses[name];
    return { seq: null };
  };
  session.value = {
    client: { outbox: { post, discard: () => {} }, status: { state: "connected" } },
    name: "",
    who: "",
    account: undefined,
  };
  connection.value = { state: "connected", reason: "" };
  return taken;
}

/** Without a connection, what is posted gets no answer. */
function alone() {
  const post = () => new Promise(() => {});
  session.value = {
    client: { outbox: { post, discard: () => {} }, status: { state: "disconnected" } },
    name: "",
    who: "",
    account: undefined,
  };
  connection.value = { state: "disconnected", reason: "" };
}

async function reload() {
  leaveTabs();
  outbox.value = [];
  await openDevice("@pada", false);
  await openOutbox("@pada", () => {});
}

beforeEach(async () => {
  db = new FakeDb();
  Device.open = async () => new Device(db, () => {});
  alone();
  await reload();
});

after(leaveTabs);

test("there is an example of each command that waits", () => {
  assert.deepEqual(Object.keys(CHANGES).sort(), named("waits").sort());
});

test("each change waits over a reload, and is sent in order, once", async () => {
  for (const name of named("waits")) await change(laneOf(name), { do: name, ...CHANGES[name] });
  await reload();
  assert.deepEqual(
    outbox.value.map((each) => each.command.do),
    named("waits"),
  );
  const taken = connected();
  await reload();
  await until(isEmpty);
  const sent = named("waits").map((name) => ({ do: name, ...CHANGES[name], room: laneOf(name) }));
  assert.deepEqual(taken, sent);
  await reload();
  await until(isLeader);
  assert.equal(taken.length, sent.length);
});

test("of several changes of the same, the last one is sent", async () => {
  for (const upto of [1, 2, 3]) await put(ROOM, { do: "read", upto });
  for (const level of ["all", "none"]) await put(ROOM, { do: "set", level });
  await put("@r2", { do: "read", upto: 7 });
  for (const [name, value] of Object.entries({ keywords: ["tea"], quiet: {} })) await put(ME, { do: "prefer", name, value });
  assert.equal(unsent(), 3); // nobody would miss a marker
  const taken = connected();
  await reload();
  await until(isEmpty);
  assert.deepEqual(
    taken.map(({ do: name, upto, level, name: setting }) => [name, upto ?? level ?? setting]),
    [
      ["read", 3],
      ["set", "none"],
      ["read", 7],
      ["prefer", "keywords"],
      ["prefer", "quiet"],
    ],
  );
});

test("what is refused is told: to whoever waits for it, or else to whoever looks; but no marker is", async () => {
  const { Refused } = await import("../sdk/hubbub.ts");
  const why = new Refused({ code: "forbidden", message: "You may not", temporary: false });
  await put(ROOM, { do: "pin", seq: 3 });
  await put(ROOM, { do: "read", upto: 3 });
  connected({ pin: why, read: why, save: why });
  await reload();
  await until(isEmpty);
  assert.equal(said.value, "Not changed: You may not");
  said.value = "";
  await assert.rejects(change(ME, { do: "save", of }), /You may not/);
  await put(ROOM, { do: "read", upto: 4 });
  await until(isEmpty);
  assert.equal(said.value, "");
});

test("what needs an answer says that there is no connection", async () => {
  for (const name of named("asks")) await assert.rejects(command(name, {}), /can't reach the server/i);
});

test("what waits is shown as it will be", () => {
  const changes = (...commands) => commands.map((each) => ({ command: each, at: 0 }));
  const row = Object.freeze({ room: ROOM, head: 9, read: 2, unread: 5, mentions: 1, marked: true, level: "" });
  assert.equal(rowUnder(row, []), row);
  assert.deepEqual(rowUnder(row, changes({ do: "read", upto: 9 })), { ...row, read: 9, unread: 0, mentions: 0, marked: false });
  assert.deepEqual(rowUnder(row, changes({ do: "read", upto: 4 })), { ...row, read: 4, marked: false });
  assert.deepEqual(rowUnder(row, changes({ do: "read", upto: 9 }, { do: "mark_unread" }, { do: "set", level: "none" })), {
    ...{ ...row, read: 9, unread: 0, mentions: 0 },
    level: "none",
  });
  assert.deepEqual(pinsUnder([1, 2], changes({ do: "unpin", seq: 1 }, { do: "pin", seq: 3 }, { do: "pin", seq: 3 })), [2, 3]);
  assert.deepEqual([...preferencesUnder(new Map([["quiet", 1]]), changes({ do: "prefer", name: "quiet", value: 2 }))], [["quiet", 2]]);
  assert.equal(
    profileUnder({ name: "Ada", status_text: "" }, changes({ do: "profile", name: "Ada", status_text: "tea" })).status_text,
    "tea",
  );
  const both = changes({ do: "profile", name: "Ada L", status_text: "" }, { do: "profile", time_zone: "Asia/Tokyo" });
  assert.deepEqual(profileUnder({ name: "Ada", status_text: "tea" }, both), { name: "Ada L", status_text: "", time_zone: "Asia/Tokyo" });
  assert.deepEqual(
    [...blockedUnder(new Set(["eve"]), changes({ do: "block", who: "mallory" }, { do: "unblock", who: "eve" }))],
    ["mallory"],
  );
  assert.equal(isUnsaved(of, changes({ do: "unsave", of }, { do: "save", of })), false);
  assert.equal(isUnsaved(of, changes({ do: "save", of }, { do: "unsave", of })), true);
  assert.ok(isOwn("read") && !isOwn("pin"));
});
