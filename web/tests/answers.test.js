// What an answer says may be older than an event that came while it was on its way: then the event stands.

import assert from "node:assert/strict";
import { test } from "node:test";
import { effect, signal } from "@preact/signals";
import { connect } from "../sdk/hubbub.ts";
import { opened, pass, settled } from "./fake_server.js";

globalThis.localStorage = { getItem: () => null, setItem: () => {} };
globalThis.sessionStorage = globalThis.localStorage;
globalThis.location = { host: "hubbub", search: "", hash: "" };
globalThis.document = { hidden: true };

const { follow } = await import("../app/store/hearing.ts");
const { loadOlder } = await import("../app/store/history.ts");
const { may, membersIn } = await import("../app/store/members.ts");
const { topicOf } = await import("../app/store/rooms.ts");
const { connection, current, Place, places, session } = await import("../app/store/state.ts");

const ROOM = "@r1";
const AT = "2026-11-29T00:00:00.000Z";
const thread = (nth) => ({ nth, at: AT });

/** A room that a page shows, in a hall; what is asked about it over HTTP waits in `asked`. */
async function shown(context) {
  const hall = opened(context);
  const asked = [];
  globalThis.fetch = (path) => {
    const { promise, resolve } = Promise.withResolvers();
    asked.push({ path, say: (answer) => resolve({ ok: true, json: async () => answer }) });
    return promise;
  };
  const lists = [];
  const { obey, history } = hall;
  hall.obey = (socket, command) => {
    if (command.do !== "list_threads") return obey.call(hall, socket, command);
    lists.push((threads) => socket.say({ re: command.id, ok: { threads, more: false, people: {} } }));
  };
  hall.history = (command) => ({ ...history.call(hall, command), threads: { 1: thread(1) } });
  for (let i = 1; i <= 9; i++) hall.append(ROOM, { event: "posted", text: `${i}`, id: "g" });
  const client = connect("http://server", { token: "t" });
  session.value = {
    client,
    name: "",
    who: "@pada",
    account: { key: "@pada", hasStarted: true, rooms: new Map([[ROOM, {}]]), row: () => {}, know: () => {} },
  };
  current.value = ROOM;
  places.set(ROOM, new Place());
  follow(ROOM);
  await pass(0);
  connection.value = client.status;
  const tell = async (threads) => {
    for (const socket of hall.sockets) socket.say({ signal: "threads", room: ROOM, threads });
    await settled();
  };
  context.after(async () => {
    client.close();
    session.value = undefined;
    places.clear();
    await settled();
  });
  return { hall, asked, lists, place: places.get(ROOM), tell };
}

test("a room's settings are asked for again if they were changed meanwhile", async (context) => {
  const { hall, asked, place } = await shown(context);
  const former = { topic: "What grows", titles: false };
  hall.append(ROOM, { event: "changed", topic: "What withers", titles: true });
  await settled();
  asked.shift().say(former);
  await settled();
  assert.deepEqual([topicOf(ROOM), place.isForum.peek()], ["What withers", true]);
  asked.shift().say({ ...former, topic: "What is asked again" });
  await settled();
  assert.deepEqual([topicOf(ROOM), place.isForum.peek(), asked.length], ["What is asked again", false, 0]);
});

test("rights and members are asked for again once they were changed, whatever answers come late", async (context) => {
  const { hall, asked } = await shown(context);
  const role = signal("member");
  Object.defineProperty(session.value.account, "role", { get: () => role.value });
  asked.length = 0;
  let seen;
  const look = () => {
    seen = [may(ROOM, "pin"), membersIn(ROOM)?.has("@pgrace")];
  };
  context.after(effect(look));
  const answer = async (isNow) => {
    assert.deepEqual(asked.map(({ path }) => path.split("/").at(-1)).sort(), ["may", "members?limit=100"]);
    const members = isNow ? [{ account: "@pgrace" }] : [];
    for (const { say } of asked.splice(0)) say({ may: { pin: { allowed: isNow } }, members, more: false });
    await settled();
  };
  hall.append(ROOM, { event: "joined", who: "@pgrace" });
  hall.append(ROOM, { event: "changed", members_may_edit: true });
  await settled();
  await answer(false); // of before
  assert.deepEqual(seen, [false, false]);
  await answer(true);
  assert.deepEqual([seen, asked.length], [[true, true], 0]);
  role.value = "guest";
  await answer(false);
  assert.deepEqual([seen, asked.length], [[false, false], 0]);
});

test("a list of threads does not take the place of what a signal has told of one since", async (context) => {
  const { lists, place, tell } = await shown(context);
  await tell({ 2: thread(5) });
  lists.shift()([1, 2, 3].map((seq) => ({ ...thread(4), thread: `${ROOM}:${seq}` })));
  await settled();
  const known = () => [1, 2, 3].map((seq) => place.threads.peek().get(seq)?.nth);
  assert.deepEqual(known(), [4, 5, 4]);
  await tell({ 3: thread(6) }); // and says nothing of the others
  assert.deepEqual(known(), [4, 5, 6]);
});

test("nor does a page of messages, in the page or in the SDK", async (context) => {
  const { hall, place, tell } = await shown(context);
  hall.isReadingSlowly = true;
  const loading = loadOlder(ROOM);
  await settled();
  await tell({ 1: thread(2) });
  for (const say of hall.late.splice(0)) say();
  await settled();
  await loading;
  assert.deepEqual([place.threads.peek().get(1).nth, place.room.threads.get(1).nth], [2, 2]);
});

test("a list of emoji that is older than what the directory has told is left out", async (context) => {
  const hall = opened(context);
  const started = {
    ...{ account: "@pada", me: { handle: "ada", name: "Ada" }, epoch: "e1", own: 0, directory: 0, people: { "@pada": { name: "Ada" } } },
    rooms: [{ room: ROOM, kind: "closed", role: "member", head: 3, nth: 2 }],
    emoji: { version: "1", emoji: { old: { image: "1" } } },
  };
  const { obey } = hall;
  const waiting = [];
  hall.obey = (socket, command) => {
    if (command.do === "list_my_threads") return socket.say({ re: command.id, ok: { threads: [], more: false } });
    if (command.do !== "start") return obey.call(hall, socket, command);
    waiting.push(() => socket.say({ re: command.id, ok: started }));
  };
  const client = connect("http://server", { token: "t" });
  const opening = client.me.open();
  await settled();
  waiting.shift()();
  const me = await opening;
  await settled();
  hall.append("@pada", { event: "mentioned", where: ROOM, by: "@pada" }); // for which the row is asked for again
  await pass(1000);
  hall.append("@directory", { event: "emoji_added", name: "new", image: "2", type: "image/png", width: 1, height: 1 });
  await settled();
  assert.equal(waiting.length, 1);
  waiting.shift()();
  await settled();
  assert.deepEqual([...me.emoji.keys()], ["old", "new"]);
  client.close();
  await settled();
});
