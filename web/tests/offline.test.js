// What a device keeps: nothing is lost if the page is left at any moment, and nothing older takes the place of what is newer.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { FakeDb } from "./fake_db.js";

globalThis.localStorage = {
  items: new Map(),
  getItem: (key) => localStorage.items.get(key) ?? null,
  setItem: (key, value) => localStorage.items.set(key, value),
};
globalThis.sessionStorage = globalThis.localStorage;
globalThis.location = { host: "hubbub", search: "", hash: "" };
globalThis.document = { hidden: true };

const { Device } = await import("../app/offline/db.ts");
const { draftIn, keepDrafts, openDrafts } = await import("../app/store/drafts.ts");
const { openDevice } = await import("../app/store/kept.ts");
const { send } = await import("../app/store/sending.ts");
const { hearDraft, takeDrafts } = await import("../app/store/sharing.ts");
const { session } = await import("../app/store/state.ts");

const ROOM = "lobby";
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));
let db;

beforeEach(async () => {
  db = new FakeDb();
  Device.open = async () => new Device(db, () => {});
  await openDevice("ada", false);
  await openDrafts();
});

/** An account as far as drafts go. The server answers to what it is told when it is asked to, and knows it from then on. */
function account() {
  const server = new Map();
  const answers = [];
  const me = {
    draft: (room, text) =>
      new Promise((resolve) => {
        answers.push(() => {
          server.set(room, text);
          resolve();
        });
      }),
    drafts: async () => ({ drafts: [...server].map(([where, text]) => ({ where, text })), more: false }),
  };
  session.value = { client: {}, name: "", who: "", account: { key: "@pada", me, rooms: new Map() } };
  const answer = () => {
    for (const each of answers.splice(0)) each();
  };
  return { server, answer };
}

test("a message that is sent is a draft or waits, whenever the page is left", async () => {
  session.value = { client: {}, name: "ada", who: "" };
  draftIn(ROOM).value = "hello";
  await keepDrafts();
  const seen = [];
  db.committed = ({ stores }) =>
    seen.push([stores.kv.get('"drafts"')?.[1][ROOM], ...db.values("outbox").map(({ command }) => command.text)]);
  const sending = send(ROOM);
  assert.equal(draftIn(ROOM).peek(), "");
  await keepDrafts(); // the page is hidden
  await sending;
  await settled();
  assert.deepEqual(seen.at(-1), [undefined, "hello"]);
  for (const kept of seen) assert.ok(kept.includes("hello"), JSON.stringify(seen));
});

test("what is kept of a room that was let go of meanwhile is of one moment", async () => {
  const device = await Device.open();
  const log = new Map([[1, { seq: 1, text: "one" }]]);
  const keeping = device.keep({ room: ROOM, epoch: "e1", seq: 1, more: false, pins: [], threads: new Map(), bySeq: log }, new Set([1]));
  log.set(1, { seq: 1, text: "one", reactions: { "👍": ["grace"] } }); // event 2
  await keeping;
  assert.deepEqual(db.values("messages"), [{ room: ROOM, seq: 1, as_of: 1, message: { seq: 1, text: "one" } }]);
});

test("a draft that the server has not answered to is not overtaken by what it knew before", async () => {
  const { server, answer } = account();
  server.set(ROOM, "older");
  await takeDrafts();
  assert.equal(draftIn(ROOM).peek(), "older");
  draftIn(ROOM).value = "newer";
  const taking = takeDrafts(); // tells it first
  await settled();
  assert.equal(draftIn(ROOM).peek(), "newer");
  answer();
  await taking;
  assert.equal(draftIn(ROOM).peek(), "newer");
});

test("a draft that another device changes and changes back is not overtaken by an answer from between", async () => {
  const { server } = account();
  server.set(ROOM, "tea");
  await takeDrafts();
  const { promise, resolve } = Promise.withResolvers();
  session.value.account.me.drafts = () => promise;
  const taking = takeDrafts();
  await settled();
  hearDraft({ where: ROOM, text: "coffee", seq: 6 });
  hearDraft({ where: ROOM, text: "tea", seq: 7 });
  resolve({ drafts: [{ where: ROOM, text: "coffee", seq: 6 }], more: false });
  await taking;
  assert.equal(draftIn(ROOM).peek(), "tea");
});
