// The client on a network and a clock that do what the tests say.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Closed, connect, Refused, ResetError, Unknown } from "../sdk/hubbub.ts";
import { opened, pass, settled } from "./fake_server.js";

const URL = "http://server";
const ID = /^[0-9a-f]{32}$/;

/** The next of what one iterates over. */
const next = async (iterator) => (await iterator.next()).value;

const posts = (hall) => hall.asked.filter((command) => command.do === "post");

test("a client connects, follows, posts, and reads what was posted", async (context) => {
  const hall = opened(context);
  const client = connect(URL, { name: "ada" });
  assert.equal(client.status.state, "connecting");
  const room = await client.follow("lobby");
  assert.equal(client.status.state, "connected");
  assert.equal([...hall.sockets][0].url, "ws://server/ws");
  assert.deepEqual({ kind: client.transport.kind, why: client.transport.why }, { kind: "websocket", why: "" });
  const { seq } = await room.post("hello");
  const event = await next(room[Symbol.asyncIterator]());
  assert.deepEqual([event.seq, event.text], [seq, "hello"]);
  assert.deepEqual([room.position, room.messages.length], [{ epoch: "e1", seq: 1 }, 1]);
  client.close();
});

test("each state is told, with its code and reason, and when the next attempt begins", async (context) => {
  const hall = opened(context);
  const client = connect(URL);
  const statuses = client.statuses();
  await client.open();
  hall.cut(1012);
  await pass(250);
  client.close();
  const told = [];
  for await (const { state, code, retry_at } of statuses) told.push([state, code, retry_at]);
  assert.deepEqual(told, [
    ["connecting", undefined, undefined],
    ["connected", undefined, undefined],
    ["disconnected", 1012, 250],
    ["connecting", undefined, undefined],
    ["connected", undefined, undefined],
    ["closed", undefined, undefined],
  ]);
});

test("the waits grow, up to half a minute, with full jitter", async (context) => {
  const hall = opened(context);
  hall.isOpen = false;
  Math.random = () => 1;
  const client = connect(URL);
  const waits = [];
  for (let i = 0; i < 8; i++) {
    await settled();
    waits.push(client.status.retry_at - Date.now());
    await pass(waits.at(-1));
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  Math.random = () => 0;
  await settled();
  client.close();
});

test("a client returns when the server says so, and not before", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  [...hall.sockets][0].say({ notice: "closing", reason: "restarting", reconnect_after: 5 });
  await settled();
  hall.cut(1012);
  assert.equal(client.status.retry_at, 5250);
  client.close();
});

test("a silent server is asked, and given up if it does not answer", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  await pass(30_000);
  assert.equal(client.status.state, "connected"); // it has answered
  hall.isFlowing = false;
  await pass(30_000);
  await pass(9_999);
  assert.equal(client.status.state, "connected");
  await pass(1);
  assert.equal(client.status.state, "disconnected");
  client.close();
});

test("a server that never greets is given up", async (context) => {
  const hall = opened(context);
  hall.isFlowing = false;
  const client = connect(URL);
  await pass(10_000);
  assert.equal(client.status.state, "disconnected");
  client.close();
});

for (const code of [1008, 1009, 4400, 4401, 4404])
  test(`the close code ${code} ends the client`, async (context) => {
    const hall = opened(context);
    const client = await connect(URL, { token: "t" }).open();
    const room = await client.follow("lobby");
    hall.cut(code);
    assert.deepEqual([client.status.state, client.status.code], ["closed", code]);
    await assert.rejects(next(room.stream()), Closed);
    await assert.rejects(client.send("history", { room: "lobby" }), Closed);
    await assert.rejects(room.post("too late"), Closed);
  });

test("a name that is taken ends the client, and says so to whoever waits", async (context) => {
  const hall = opened(context);
  hall.refuseHello = () => ({ code: "name_taken", message: "Taken", temporary: false });
  const client = connect(URL, { name: "ada" });
  const following = assert.rejects(client.follow("lobby"), Closed);
  await assert.rejects(client.open(), { name: "Refused", code: "name_taken" });
  await following;
});

test("a client that would be somebody else by now sends nothing of what waits", async (context) => {
  const hall = opened(context);
  const client = await connect(URL, { name: "@pada", key: null }).open();
  const refused = { code: "bad_request", message: "Already named @pgrace", temporary: false };
  hall.refuseHello = ({ name }) => (name === "@pgrace" ? undefined : refused); // she has logged in in another tab
  hall.isOpen = false;
  hall.cut();
  const waiting = [client.post("lobby", "as Ada"), client.send("prefer", { name: "theme", value: "dark" })];
  const ended = Promise.all(waiting.map((each) => assert.rejects(each, Closed)));
  const before = hall.asked.length;
  hall.isOpen = true;
  await pass(4000);
  await pass(1); // whose answer is not lost
  await ended;
  assert.deepEqual([...new Set(hall.asked.slice(before).map((command) => command.do))], ["hello"]);
  await assert.rejects(client.open(), { name: "Refused", code: "bad_request" });
});

test("a token is asked for at each connection, and again if the server refuses one", async (context) => {
  const hall = opened(context);
  let asked = 0;
  const client = await connect(URL, { token: async () => `t${++asked}` }).open();
  const refused = { code: "unauthenticated", message: "Expired", temporary: false };
  hall.refuseHello = ({ token }) => (token === "t2" ? refused : undefined);
  hall.cut(4401);
  await pass(250); // t2
  await pass(1000); // t3
  assert.equal(client.status.state, "connected");
  assert.deepEqual(
    hall.asked.filter((command) => command.do === "hello").map(({ token }) => token),
    ["t1", "t2", "t3"],
  );
  hall.refuseHello = () => refused;
  hall.cut(4401);
  for (let i = 0; i < 4; i++) await pass(4000);
  assert.deepEqual([client.status.state, client.status.reason], ["closed", "Expired"]);
  assert.equal(asked, 5);
});

test("a token that can't be had is asked for again later", async (context) => {
  opened(context);
  let isThere = false;
  const token = () => {
    if (!isThere) throw new Error("offline");
    return "t";
  };
  const client = connect(URL, { token });
  await settled();
  assert.match(client.status.reason, /offline/);
  isThere = true;
  await pass(250);
  assert.equal(client.status.state, "connected");
  client.close();
});

test("a signal ends everything", async (context) => {
  const hall = opened(context);
  const ending = new AbortController();
  const client = await connect(URL, { signal: ending.signal }).open();
  const room = await client.follow("lobby");
  hall.isFlowing = false;
  const posting = assert.rejects(room.post("never answered"), Unknown);
  const reading = room.stream().next();
  await settled();
  ending.abort();
  assert.equal(client.status.state, "closed");
  assert.equal((await reading).done, true);
  await pass(0);
  await posting;
  assert.equal(hall.sockets.size, 0);
});

test("a post whose answer is lost is sent again with its id, and is in the log once", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  const room = await client.follow("lobby");
  hall.isFlowing = false;
  const posting = room.post("once");
  await settled();
  assert.equal(client.outbox.entries[0].state, "sending");
  hall.letThrough(); // the server has it, and its answer is under way
  hall.cut();
  assert.equal(client.outbox.entries[0].state, "unconfirmed");
  hall.isFlowing = true;
  await pass(250);
  const done = await posting;
  assert.deepEqual([done.seq, done.duplicate], [1, true]);
  const [first, second] = posts(hall);
  assert.match(first.client_message_id, ID);
  assert.equal(first.client_message_id, second.client_message_id);
  assert.equal(hall.log("lobby").length, 1);
  assert.deepEqual(client.outbox.entries, []);
  client.close();
});

test("posts of a room stay in order, however the first is refused", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  hall.refusals = [{ code: "rate_limited", message: "Slow down", temporary: true, retry_after: 2 }];
  const all = Promise.all(["1", "2", "3"].map((text) => client.post("lobby", text)));
  await client.post("kitchen", "elsewhere"); // which waits for nobody
  assert.deepEqual(
    client.outbox.entries.map(({ state, error }) => [state, error?.code]),
    [
      ["waiting", "rate_limited"],
      ["waiting", undefined],
      ["waiting", undefined],
    ],
  );
  await pass(2250);
  assert.deepEqual(
    (await all).map(({ seq }) => seq),
    [1, 2, 3],
  );
  assert.deepEqual(
    hall.log("lobby").map(({ text }) => text),
    ["1", "2", "3"],
  );
  client.close();
});

test("what is refused is told, stays, and can be tried again or discarded", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  const archived = { code: "archived", message: "The room is archived", temporary: false };
  hall.refusals = [archived, archived];
  await assert.rejects(client.post("lobby", "1"), { name: "Refused", code: "archived" });
  await assert.rejects(client.post("lobby", "2"), Refused);
  const [one, two] = client.outbox.entries;
  assert.deepEqual([one.state, one.error], ["refused", archived]);
  client.outbox.retry(one.post.client_message_id);
  client.outbox.discard(two.post.client_message_id);
  await settled();
  assert.deepEqual(client.outbox.entries, []);
  assert.deepEqual(
    hall.log("lobby").map(({ text }) => text),
    ["1"],
  );
  client.close();
});

test("an entry leaves the outbox only when the reader of its room has it", async (context) => {
  opened(context);
  const client = await connect(URL).open();
  const room = await client.follow("lobby");
  const stream = room.stream();
  const reading = stream.next();
  await settled();
  await room.post("1");
  await reading;
  assert.deepEqual(client.outbox.entries, []);
  await room.post("2");
  assert.deepEqual(
    client.outbox.entries.map(({ state, seq }) => [state, seq]),
    [["stored", 2]],
  );
  await stream.next();
  assert.deepEqual(client.outbox.entries, []);
  client.close();
});

/** A storage like a browser's, which answers later. */
class Kept {
  entries = new Map();
  load = async () => structuredClone([...this.entries.values()]);
  put = async (entry) => void this.entries.set(entry.post.client_message_id, structuredClone(entry));
  delete = async (id) => void this.entries.delete(id);
}

test("a message is never shown twice, though its answer comes after it", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  const room = await client.follow("lobby");
  const stream = room.stream();
  hall.isFlowing = false;
  const posting = room.post("1");
  await settled();
  const [socket] = hall.sockets;
  hall.letThrough();
  socket.toClient.reverse(); // the event, and then the answer
  socket.toClient.sort((frame) => (frame.includes('"re"') ? 1 : -1));
  hall.letThrough();
  await stream.next();
  assert.deepEqual([room.messages.length, client.outbox.entries], [1, []]);
  hall.isFlowing = true;
  hall.pump();
  assert.equal((await posting).seq, 1);
  assert.deepEqual(client.outbox.entries, []);
  client.close();
});

test("an outbox in storage outlives its client: with the same ids, in order, before what is new", async (context) => {
  const hall = opened(context);
  hall.isOpen = false;
  const storage = new Kept();
  const first = connect(URL, { storage });
  first.post("lobby", "1").catch(() => {});
  first.post("lobby", "2").catch(() => {});
  await settled();
  const ids = [...storage.entries.keys()];
  first.close();
  await pass(0);
  hall.isOpen = true;
  const second = connect(URL, { storage });
  await second.post("lobby", "3");
  assert.deepEqual(
    hall.log("lobby").map(({ text }) => text),
    ["1", "2", "3"],
  );
  assert.deepEqual(
    posts(hall)
      .slice(0, 2)
      .map(({ client_message_id }) => client_message_id),
    ids,
  );
  await settled();
  assert.equal(storage.entries.size, 0);
  second.close();
});

test("what can't be kept is not sent", async (context) => {
  const hall = opened(context);
  const storage = new Kept();
  storage.put = async () => {
    throw new Error("quota");
  };
  const client = await connect(URL, { storage }).open();
  await assert.rejects(client.post("lobby", "1"), /quota/);
  assert.deepEqual([posts(hall), client.outbox.entries], [[], []]);
  client.close();
});

test("a full outbox takes no more, and says so", async (context) => {
  const hall = opened(context);
  hall.isOpen = false;
  const client = connect(URL);
  for (let i = 0; i < 1000; i++) client.post("lobby", `${i}`).catch(() => {});
  await assert.rejects(client.post("lobby", "one more"), { code: "busy" });
  assert.equal(client.outbox.entries.length, 1000);
  client.close();
  await pass(0);
});

test("a frame that the server would not take is refused without being sent", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  await assert.rejects(client.post("lobby", "é".repeat(40_000)), { code: "too_large" });
  assert.deepEqual(posts(hall), []);
  client.close();
});

test("a command whose answer is lost is repeated with its id", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  hall.isFlowing = false;
  const asking = client.send("react", { room: "lobby", seq: 1, emoji: "👍" });
  await settled();
  hall.letThrough();
  hall.cut();
  hall.isFlowing = true;
  await pass(250);
  await asking;
  const [first, second] = hall.asked.filter((command) => command.do === "react");
  assert.match(first.client_message_id, ID);
  assert.equal(first.client_message_id, second.client_message_id);
  client.close();
});

test("a room resumes after a reconnect, and says how much was missed", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  hall.append("lobby", { event: "posted", text: "before" });
  const room = await client.follow("lobby");
  hall.cut();
  hall.append("lobby", { event: "posted", text: "missed" });
  await pass(250);
  const stream = room.stream({ markers: true });
  assert.deepEqual(await next(stream), { marker: "resumed", missed: 1 });
  assert.equal((await next(stream)).text, "missed");
  client.close();
});

test("many rooms resume with one command", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  const rooms = await Promise.all(["attic", "cellar", "kitchen"].map((name) => client.follow(name)));
  hall.cut();
  for (const room of rooms) hall.append(room.name, { event: "posted", text: room.name });
  hall.asked = [];
  await pass(250);
  for (const room of rooms) assert.equal((await next(room.stream())).text, room.name);
  assert.deepEqual(
    hall.asked.map((command) => command.do),
    ["hello", "follow_all"],
  );
  client.close();
});

test("what was held of a lost connection hides no gap", async (context) => {
  const hall = opened(context);
  const client = await connect(URL, { max_queued: 4 }).open();
  const room = await client.follow("lobby");
  await client.follow("kitchen");
  hall.cut();
  for (let i = 1; i <= 3; i++) hall.append("lobby", { event: "posted", text: `${i}` });
  hall.isFlowing = false;
  await pass(250);
  hall.letThrough(); // hello
  hall.letThrough(); // its answer
  await settled();
  hall.letThrough(); // follow_all
  for (let i = 1; i <= 3; i++) hall.letThrough(); // the events, but not the answer
  hall.cut();
  for (let i = 4; i <= 6; i++) hall.append("lobby", { event: "posted", text: `${i}` });
  hall.isFlowing = true;
  await pass(1000);
  const seqs = [];
  for await (const { seq } of room) if (seqs.push(seq) === 6) break;
  assert.deepEqual(seqs, [1, 2, 3, 4, 5, 6]);
  client.close();
});

test("a push that comes twice, or not at all, does no harm", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  const room = await client.follow("lobby");
  const [socket] = hall.sockets;
  socket.say(hall.append("lobby", { event: "posted", text: "1" }));
  socket.follows.clear(); // the next one vanishes
  hall.append("lobby", { event: "posted", text: "2" });
  socket.follows.add("lobby");
  hall.append("lobby", { event: "posted", text: "3" });
  await settled();
  const seqs = [];
  for await (const { seq } of room) if (seqs.push(seq) === 3) break;
  assert.deepEqual(seqs, [1, 2, 3]);
  client.close();
});

test("a post with an id of one's own is made once, however often it is asked for", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  const options = { client_message_id: "build-42" };
  const answers = await Promise.all([client.post("lobby", "green", options), client.post("lobby", "green", options)]);
  answers.push(await client.post("lobby", "green", options));
  assert.deepEqual(
    answers.map(({ seq }) => seq),
    [1, 1, 1],
  );
  assert.equal(hall.log("lobby").length, 1);
  client.close();
});

test("a gap is never silent: a reset has the snapshot, and what is no longer kept", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  const room = await client.follow("lobby");
  hall.cut();
  for (const text of ["1", "2", "3"]) hall.append("lobby", { event: "posted", text });
  hall.kept.set("lobby", 3);
  await pass(250);
  await assert.rejects(next(room.stream()), (error) => {
    assert.ok(error instanceof ResetError);
    assert.equal(error.reset.truncated, 3);
    return true;
  });
  assert.deepEqual([room.position.seq, room.messages.length], [3, 3]);
  hall.epoch = "e2"; // a backup was restored
  hall.cut();
  await pass(1000);
  const { marker, truncated } = await next(room.stream({ markers: true }));
  assert.deepEqual([marker, truncated], ["reset", undefined]);
  client.close();
});

test("a slow reader gets each event once, though not all were kept", async (context) => {
  const hall = opened(context);
  const client = await connect(URL, { max_queued: 4 }).open();
  const room = await client.follow("lobby");
  for (let i = 1; i <= 20; i++) hall.append("lobby", { event: "posted", text: `${i}` });
  await settled();
  const seqs = [];
  for await (const { seq } of room) if (seqs.push(seq) === 20) break;
  assert.deepEqual(
    seqs,
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
  client.close();
});

test("a position that the server does not know is forgotten", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  const room = await client.follow("lobby");
  const { answer } = hall;
  hall.answer = (socket, command) =>
    command.do === "follow" && command.since !== undefined
      ? { error: { code: "bad_position", message: "Beyond the head", temporary: false } }
      : answer.call(hall, socket, command);
  hall.cut();
  await pass(250);
  await pass(250);
  assert.equal((await next(room.stream({ markers: true }))).marker, "reset");
  client.close();
});

test("a room that is being followed again is not ended by an older notice", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  const room = await client.follow("lobby");
  hall.cut();
  const say = { notice: "unfollowed", room: "lobby", why: { code: "not_found", message: "", temporary: false } };
  hall.isFlowing = false;
  await pass(250);
  for (let i = 0; i < 2; i++) hall.letThrough(); // hello, and its answer
  await settled();
  [...hall.sockets][0].toClient.unshift(JSON.stringify(say));
  hall.isFlowing = true;
  hall.pump();
  await settled();
  hall.append("lobby", { event: "posted", text: "still" });
  assert.equal((await next(room.stream())).text, "still");
  client.close();
});

test("each command is sent once on a connection", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  hall.isFlowing = false;
  const asking = [1, 2, 3].map((limit) => client.history("lobby", { limit }));
  await settled();
  assert.equal([...hall.sockets][0].toServer.length, 3);
  hall.isFlowing = true;
  hall.pump();
  await Promise.all(asking);
  client.close();
});

test("a token that comes after its attempt was given up starts no connection", async (context) => {
  const hall = opened(context);
  const given = [];
  const client = connect(URL, { token: () => new Promise((resolve) => given.push(resolve)) });
  await pass(10_000); // the attempt was given up
  await pass(250);
  assert.equal(given.length, 2);
  given[0]("late");
  await settled();
  assert.equal(hall.sockets.size, 0);
  given[1]("in time");
  await settled();
  assert.deepEqual([client.status.state, hall.sockets.size], ["connected", 1]);
  client.close();
});

test("whoever may not read a room any more gets what came before, and then the reason", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  const room = await client.follow("lobby");
  hall.append("lobby", { event: "posted", text: "last" });
  const why = { code: "not_found", message: "No such room", temporary: false };
  [...hall.sockets][0].say({ notice: "unfollowed", room: "lobby", why });
  await settled();
  const stream = room.stream();
  assert.equal((await next(stream)).text, "last");
  await assert.rejects(stream.next(), { name: "Refused", code: "not_found" });
  client.close();
});

test("a room has one stream", async (context) => {
  opened(context);
  const client = await connect(URL).open();
  const room = await client.follow("lobby");
  const waiting = room.stream().next();
  await assert.rejects(room.stream().next(), /Already iterating/);
  await assert.rejects(client.follow("lobby"), /Already following/);
  await room.unfollow();
  assert.equal((await waiting).done, true);
  await client.follow("lobby");
  client.close();
});

test("older messages are there once they were asked for, as they are now", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  for (let i = 1; i <= 20; i++) hall.append("lobby", { event: "posted", text: `${i}` });
  const room = await client.follow("lobby");
  assert.deepEqual([room.messages.length, room.more], [5, true]);
  hall.append("lobby", { event: "edited", message: 3, text: "edited" });
  assert.equal(await room.older(100), false);
  const stream = room.stream();
  await next(stream);
  assert.deepEqual([room.messages.length, room.messages[2].text], [20, "edited"]);
  room.trim(2);
  assert.deepEqual([room.messages.length, room.more], [2, true]);
  client.close();
});

test("older messages leave no hole, though a room lets go of its oldest while they are on their way", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  for (let i = 1; i <= 20; i++) hall.append("lobby", { event: "posted", text: `${i}` });
  const room = await client.follow("lobby");
  const stream = room.stream();
  room.trim(5);
  hall.isReadingSlowly = true;
  const asking = room.older(5);
  await settled();
  hall.append("lobby", { event: "posted", text: "21" });
  await next(stream);
  for (const say of hall.late) say();
  await asking;
  assert.deepEqual([...room.bySeq.keys()], [11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
  room.trim(5);
  assert.deepEqual([...room.bySeq.keys()], [17, 18, 19, 20, 21]);
  client.close();
});

test("live values expire, and signals reach whoever listens", async (context) => {
  const hall = opened(context);
  const client = await connect(URL).open();
  const room = await client.follow("tour");
  const signals = room.signals();
  const value = { signal: "value", room: "tour", by: "driver", key: "place", value: [1, 2], ttl: 30 };
  const [socket] = hall.sockets;
  socket.say({ ...value, value: [0, 0] });
  socket.say(value);
  socket.say({ signal: "presence", room: "tour", count: 2, joined: ["driver"] });
  await settled();
  assert.deepEqual(await next(signals), value); // only the newest
  assert.deepEqual([room.live, room.members], [[value], { count: 2, names: ["ada", "driver"] }]);
  await pass(30_000);
  assert.deepEqual(room.live, []);
  client.close();
});

test("an address may be written as people do", async (context) => {
  const hall = opened(context);
  const urls = ["server:8181", "ws://ada:secret@server/chat/ws", "https://server/chat/"];
  for (const url of urls) connect(url);
  await settled();
  assert.deepEqual(
    [...hall.sockets].map((socket) => socket.url),
    ["ws://server:8181/ws", "ws://server/chat/ws", "wss://server/chat/ws"],
  );
});

// hello, start, follow, follow_all, a post, each with its answer; and what is told of it
for (const frames of Array(13).keys())
  for (const way of ["breaks off", "vanishes"])
    test(`a connection that ${way} after ${frames} frames is made again within seconds, and nothing is missed`, async (context) => {
      const hall = opened(context);
      const { answer } = hall;
      const rooms = [{ room: "@r1", kind: "closed", role: "member", head: 0, nth: 0 }];
      const started = { account: "@pada", me: { handle: "ada", name: "Ada" }, epoch: "e1", own: 0, directory: 0, rooms, people: {} };
      hall.answer = (socket, command) => (command.do === "start" ? { ok: started } : answer.call(hall, socket, command));
      hall.isFlowing = false;
      const client = connect(URL);
      const texts = [];
      const read = async () => {
        for await (const event of await client.follow("lobby")) texts.push(event.text);
      };
      read();
      const opening = client.me.open();
      client.post("lobby", "mine");
      await settled();
      for (let i = 0; i < frames; i++) {
        hall.letThrough();
        await settled();
      }
      if (way === "vanishes") hall.vanish();
      else hall.cut();
      const { seq } = hall.append("lobby", { event: "posted", text: "while nobody listened" });
      hall.isFlowing = true;
      client.check(); // the browser says that the network is back
      for (let i = 0; i < 10; i++) await pass(500);
      assert.equal(client.status.state, "connected");
      await opening;
      assert.deepEqual(client.outbox.entries, []);
      hall.append("lobby", { event: "posted", text: "afterwards" });
      await settled();
      assert.deepEqual(texts.slice(-1), ["afterwards"]);
      const posted = hall.log("lobby").map(({ text }) => text);
      assert.deepEqual(posted.filter((text) => text === "mine").length, 1);
      assert.deepEqual(texts, posted.slice(-texts.length));
      assert.ok(texts.length >= hall.log("lobby").length - seq);
      client.close();
    });
