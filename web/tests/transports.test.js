// What carries the client where WebSockets don't get through, and how it says so.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../sdk/hubbub.ts";
import { opened, pass, settled } from "./fake_server.js";
import { Door, withoutWebSocket } from "./fake_sockjs.js";

const URL = "http://server";

/** Post something and read it. */
async function talk(client, text = "50 % off, \u2028 “quoted”\n") {
  const room = await client.follow("lobby");
  await room.post(text);
  const { value } = await room.stream().next();
  assert.equal(value.text, text);
  return room;
}

const told = ({ transport }) => [transport.kind, transport.why];

test("where a WebSocket is refused, server-sent events carry the client at once", async (context) => {
  new Door(opened(context));
  withoutWebSocket();
  const client = connect(URL);
  await settled();
  assert.deepEqual(told(client), ["sse", "websocket: refused"]);
  assert.equal(client.transport.since, Date.now());
  await talk(client);
  client.close();
});

test("where a WebSocket never opens, server-sent events are tried after a second", async (context) => {
  new Door(opened(context));
  withoutWebSocket({ hangs: true });
  const client = connect(URL);
  await pass(999);
  assert.equal(client.status.state, "connecting");
  await pass(1);
  assert.deepEqual(told(client), ["sse", "websocket: did not open in time"]);
  client.close();
});

test("where a stream is buffered as well, polls carry the client within 3 seconds", async (context) => {
  const door = new Door(opened(context));
  door.isBuffering = true;
  withoutWebSocket();
  const client = connect(URL);
  await pass(2500);
  assert.deepEqual(told(client), ["polling", "websocket: refused; sse: did not open in time"]);
  await talk(client);
  assert.ok(door.requests.filter(({ what }) => what === "xhr").length > 3);
  client.close();
});

test("a WebSocket is tried again later, and takes over without a gap", async (context) => {
  const hall = opened(context);
  const door = new Door(hall);
  const Working = globalThis.WebSocket;
  withoutWebSocket();
  const client = connect(URL);
  const room = await talk(client);
  await pass(60_000); // still refused
  assert.equal(client.transport.kind, "sse");
  globalThis.WebSocket = Working;
  const statuses = client.statuses();
  const stream = room.stream();
  await pass(120_000);
  assert.deepEqual(told(client), ["websocket", ""]);
  hall.append("lobby", { event: "posted", text: "after" });
  assert.equal((await stream.next()).value.text, "after");
  await pass(3_600_000);
  assert.equal(door.requests.filter(({ what }) => what === "eventsource").length, 1);
  client.close();
  const states = [];
  for await (const { state } of statuses) states.push(state);
  assert.deepEqual(states, ["connected", "connected", "closed"]);
});

test("a WebSocket that took over is replaced when it is lost, like any other", async (context) => {
  const hall = opened(context);
  new Door(hall);
  const Working = globalThis.WebSocket;
  withoutWebSocket();
  const client = await connect(URL).open();
  globalThis.WebSocket = Working;
  await pass(60_000);
  assert.equal(client.transport.kind, "websocket");
  hall.cut();
  assert.equal(client.status.state, "disconnected");
  await pass(250);
  assert.equal(client.status.state, "connected");
  client.close();
});

test("a stream that ends is followed by the next one of the same session", async (context) => {
  const hall = opened(context);
  const door = new Door(hall);
  door.limit = 2;
  const client = await connect(URL, { transport: "sse" }).open();
  const room = await client.follow("lobby");
  for (let i = 0; i < 5; i++) hall.append("lobby", { event: "posted", text: `${i}` });
  const stream = room.stream();
  for (let i = 0; i < 5; i++) assert.equal((await stream.next()).value.text, `${i}`);
  assert.equal(door.sessions.size, 1);
  assert.ok(door.requests.filter(({ what }) => what === "eventsource").length > 2);
  client.close();
});

test("what is said goes in order, together where it waited", async (context) => {
  const door = new Door(opened(context));
  const client = await connect(URL, { transport: "polling" }).open();
  const all = [1, 2, 3, 4].map((limit) => client.history("lobby", { limit }));
  await Promise.all(all);
  const sent = door.requests.filter(({ what }) => what === "xhr_send").flatMap(({ body }) => JSON.parse(body));
  const limits = sent.map((frame) => JSON.parse(frame).limit).filter(Boolean);
  assert.deepEqual(limits, [1, 2, 3, 4]);
  assert.ok(door.requests.filter(({ what }) => what === "xhr_send").length < 5);
  client.close();
});

test("a session that the server has lost is replaced, and nothing is lost", async (context) => {
  const hall = opened(context);
  const door = new Door(hall);
  const client = await connect(URL, { transport: "polling" }).open();
  const room = await client.follow("lobby");
  door.sessions.clear(); // the server was restarted
  const posting = room.post("after");
  await settled();
  assert.equal(client.status.state, "disconnected");
  await pass(250);
  await posting;
  assert.equal(hall.log("lobby").length, 1);
  client.close();
});

test("a poll that begins another session is no answer", async (context) => {
  const hall = opened(context);
  const door = new Door(hall);
  const client = await connect(URL, { transport: "polling" }).open();
  for (const socket of door.sessions.values()) socket.frames.push("o");
  client.history("lobby").catch(() => {}); // whose answer is not the first that comes
  await settled();
  assert.deepEqual([client.status.state, client.status.reason], ["disconnected", "The session was lost"]);
  client.close();
});

test("a character that two chunks share is whole", async (context) => {
  const hall = opened(context);
  const door = new Door(hall);
  door.chunk = 1;
  const client = connect(URL, { transport: "sse" });
  await talk(client, "grüß dich 👍");
  client.close();
});

test("each request of a session carries the token", async (context) => {
  const door = new Door(opened(context));
  const client = await connect(URL, { transport: "sse", token: "secret" }).open();
  assert.deepEqual([...new Set(door.requests.map(({ authorization }) => authorization))], ["Bearer secret"]);
  client.close();
});

test("what the server itself refuses is not tried otherwise", async (context) => {
  const door = new Door(opened(context));
  withoutWebSocket();
  door.refusal = [403, { code: "bad_origin", detail: "Pages of http://x may not connect" }];
  const client = connect(URL);
  await assert.rejects(client.open(), { name: "Closed", code: 403, reason: "Pages of http://x may not connect" });
  assert.equal(door.requests.length, 1);
});

test("a server that is full says when to come back", async (context) => {
  const door = new Door(opened(context));
  withoutWebSocket();
  door.refusal = [503, { code: "unavailable", detail: "Too many connections", retry_after: 7 }];
  const client = connect(URL);
  await settled();
  assert.deepEqual([client.status.code, client.status.reason, client.status.retry_at], [503, "Too many connections", 7250]);
  door.refusal = undefined;
  await pass(7250);
  assert.equal(client.status.state, "connected");
  client.close();
});

test("what a proxy answers is no reason to give up the next transport", async (context) => {
  const door = new Door(opened(context));
  const { answer } = door;
  door.answer = (url, init) =>
    url.pathname.endsWith("eventsource") ? new Response("<html>", { status: 502 }) : answer.call(door, url, init);
  withoutWebSocket();
  const client = await connect(URL).open();
  assert.deepEqual(told(client), ["polling", "websocket: refused; sse: HTTP status 502"]);
  client.close();
});

test("a session that the server ends says why", async (context) => {
  const hall = opened(context);
  new Door(hall);
  const client = await connect(URL, { transport: "sse" }).open();
  hall.cut(4401, "Expired");
  await settled();
  assert.deepEqual([client.status.state, client.status.code, client.status.reason], ["closed", 4401, "Expired"]);
});
