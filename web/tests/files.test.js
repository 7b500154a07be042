// Uploads and downloads against a server that does what the tests say: it cuts, refuses and is slow to answer.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { connect, Refused } from "../sdk/hubbub.ts";

const PIECE = 16 * 1024;

/** Keeps uploads as tus has it, in memory. */
class Store {
  uploads = new Map(); // by key: { size, name, bytes }
  asked = []; // methods and paths, with the offset that was sent
  tokens = [];
  cuts = []; // after how many bytes of a request it is cut off, for the next ones
  answers = []; // what is answered in place of the usual, for the next ones
  files = new Map();
  pictures = []; // whose, and of which file

  reset() {
    Object.assign(this, new Store());
  }

  async answer(request, response) {
    const { method, url, headers } = request;
    this.asked.push(
      `${method} ${url.replace("/api/v1", "").replace(/k\d+/, "K")}${headers["upload-offset"] ? ` ${headers["upload-offset"]}` : ""}`,
    );
    this.tokens.push(headers.authorization);
    const other = method === "PATCH" || url.endsWith("uploads") ? this.answers.shift() : undefined;
    if (other) {
      request.resume();
      response.writeHead(other.status, { "Content-Type": "application/json" });
      return response.end(other.body === undefined ? JSON.stringify(other) : other.body);
    }
    const key = url.split("/").pop();
    if (method === "POST") return this.begin(request, response);
    if (method === "PUT") return this.depict(request, response);
    const upload = this.uploads.get(key);
    if (method === "GET" && url.includes("/files/")) return this.send(request, response, key);
    if (!upload) return refuse(response, 404, "not_found");
    if (method === "DELETE") {
      this.uploads.delete(key);
      return response.writeHead(204).end();
    }
    if (method === "PATCH") return this.receive(request, response, upload);
    const isWhole = upload.bytes.length === upload.size;
    const file = { file: key, name: upload.name, type: "application/octet-stream", size: upload.size, sha256: sha256(upload.bytes) };
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ offset: upload.bytes.length, size: upload.size, ...(isWhole && { file }) }));
  }

  begin({ headers }, response) {
    const key = `k${this.uploads.size + 1}`;
    const name = Buffer.from(headers["upload-metadata"].split(" ")[1] ?? "", "base64").toString();
    this.uploads.set(key, { size: Number(headers["upload-length"]), name, bytes: Buffer.alloc(0) });
    response.writeHead(201, { Location: `/api/v1/uploads/${key}` }).end("{}");
  }

  async depict(request, response) {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString());
    this.pictures.push([decodeURIComponent(request.url.replace("/api/v1/", "")), body]);
    const { code } = body.file === "spoilt" ? { code: "bad_request" } : {};
    if (code) return refuse(response, 400, code);
    response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
  }

  async receive(request, response, upload) {
    if (Number(request.headers["upload-offset"]) !== upload.bytes.length) {
      request.resume();
      return refuse(response, 409, "conflict");
    }
    const cut = this.cuts.shift();
    let left = cut ?? Infinity;
    for await (const chunk of request) {
      upload.bytes = Buffer.concat([upload.bytes, chunk.subarray(0, left)]);
      left -= chunk.length;
      if (left <= 0) return request.socket.destroy();
    }
    response.writeHead(204, { "Upload-Offset": String(upload.bytes.length) }).end();
  }

  send({ headers }, response, key) {
    const bytes = this.files.get(key);
    if (!bytes) return refuse(response, 404, "not_found");
    const [, first, last] = /(\d+)-(\d+)/.exec(headers.range ?? "") ?? [];
    response.writeHead(first ? 206 : 200).end(first ? bytes.subarray(Number(first), Number(last) + 1) : bytes);
  }
}

const refuse = (response, status, code) => {
  response.writeHead(status, { "Content-Type": "application/problem+json" });
  response.end(JSON.stringify({ code, detail: code, temporary: false }));
};
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

const store = new Store();
const server = createServer((request, response) => store.answer(request, response)?.catch?.((error) => console.error(error)));
let client;
let url;
let given = 0;

before(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}`;
  globalThis.WebSocket = class {
    close() {}
  };
  Math.random = () => 0; // waits are short
});

beforeEach(() => {
  store.reset();
  client?.close();
  client = connect(url, { token: () => `t${++given}`, transport: "websocket" });
});

after(() => {
  client.close();
  server.closeAllConnections();
  server.close();
});

const bytesOf = (count) => new Uint8Array(randomBytes(count));
const parts = () => store.asked.filter((each) => each.startsWith("PATCH"));

test("a file arrives as it is, with its name", async () => {
  const bytes = bytesOf(700_000);
  const file = await client.upload(new File([bytes], "plän.bin"));
  assert.deepEqual([file.name, file.size, file.sha256], ["plän.bin", 700_000, sha256(bytes)]);
  assert.equal(file.file, "k1");
  assert.ok(store.tokens.every((each) => each?.startsWith("Bearer t")));
});

test("an upload that is cut three times goes on where it was, and arrives as it is", async () => {
  const bytes = bytesOf(900_000);
  store.cuts = [100_000, 1, 20_000];
  const errors = [];
  const file = await client.upload(bytes, { name: "a", onProgress: ({ error }) => error && errors.push(error.message) });
  assert.equal(file.sha256, sha256(bytes));
  assert.equal(errors.length, 3);
  assert.equal(store.asked.filter((each) => each === "POST /uploads").length, 1);
});

test("a stream arrives as it is, although it can be read only once", async () => {
  const bytes = bytesOf(600_000);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
  }
  store.cuts = [50_000, 10];
  assert.equal((await client.upload(pieces(), { size: bytes.length })).sha256, sha256(bytes));
  assert.equal((await client.upload(new Blob([bytes]).stream(), { size: bytes.length })).sha256, sha256(bytes));
  await assert.rejects(client.upload(pieces(), { size: bytes.length + 1 }), /ends after 600000 of 600001/);
  await assert.rejects(client.upload(pieces(), { size: bytes.length - 1 }), /more than 599999/);
  await assert.rejects(client.upload(pieces()), /Give the size/);
});

test("nothing is sent twice, and each step is told", async () => {
  const sent = new Set();
  await client.upload(bytesOf(1_000_000), { onProgress: (upload) => sent.add(upload.sent) });
  const from = parts().map((each) => Number(each.split(" ")[2]));
  assert.ok(from.length > 1);
  assert.deepEqual([...sent], [...from, 1_000_000]);
});

test("an empty file is uploaded, too", async () => {
  const file = await client.upload(new Blob([]));
  assert.deepEqual([file.size, parts()], [0, []]);
});

test("an upload that is paused sends nothing until it is resumed", async () => {
  const bytes = bytesOf(1_000_000);
  const paused = Promise.withResolvers();
  const done = client.upload(bytes, {
    onProgress: (upload) => {
      if (!upload.sent || paused.isOver) return;
      paused.isOver = true;
      upload.pause();
      paused.resolve(upload);
    },
  });
  const upload = await paused.promise;
  await client.download("k9").catch(() => {}); // while it could have sent more
  assert.deepEqual([upload.isPaused, upload.sent, parts().length], [true, 262_144, 1]);
  upload.resume();
  assert.equal((await done).sha256, sha256(bytes));
});

test("an upload goes on in another client from its key", async () => {
  const bytes = bytesOf(400_000);
  store.uploads.set("k7", { size: bytes.length, name: "a", bytes: Buffer.from(bytes.subarray(0, 123_456)) });
  const file = await client.upload(new Blob([bytes]), { resume: "k7" });
  assert.deepEqual([file.file, file.sha256], ["k7", sha256(bytes)]);
  assert.equal(parts()[0], "PATCH /uploads/K 123456");
  assert.equal((await client.upload(new Blob([bytes]), { resume: "k7" })).file, "k7"); // which is whole
  assert.equal((await client.upload(new Blob([bytes]), { resume: "k99" })).sha256, sha256(bytes)); // which has expired
});

test("whoever aborts lets the server drop what it has", async () => {
  const stop = new AbortController();
  const why = new Error("changed my mind");
  const sending = client.upload(bytesOf(900_000), { signal: stop.signal, onProgress: ({ sent }) => sent && stop.abort(why) });
  await assert.rejects(sending, why);
  while (store.uploads.size) await new Promise(setImmediate);
  assert.equal(store.asked.at(-1), "DELETE /uploads/K");
  await assert.rejects(client.upload(bytesOf(1), { signal: stop.signal }), why);
});

test("a client that is closed ends its uploads, and the server keeps what it has", async () => {
  const sending = client.upload(bytesOf(900_000), { onProgress: ({ sent }) => sent && client.close() });
  await assert.rejects(sending, { name: "Closed" });
  assert.equal(store.uploads.size, 1);
});

test("what the server refuses ends it, and what may pass doesn't", async () => {
  store.answers = [{ status: 413, code: "too_large", detail: "Too large", temporary: false }];
  await assert.rejects(client.upload(bytesOf(10)), (error) => error instanceof Refused && error.code === "too_large");
  const bytes = bytesOf(500_000);
  const busy = { status: 503, code: "busy", detail: "Busy", temporary: true, retry_after: 0 };
  const proxy = { status: 413, body: "<h1>Request Entity Too Large</h1>" };
  store.answers = [undefined, busy, proxy, proxy];
  assert.equal((await client.upload(bytes)).sha256, sha256(bytes));
});

test("a token that was refused is asked for again", async () => {
  const refused = { status: 401, code: "unauthenticated", detail: "Expired", temporary: false };
  store.answers = [refused];
  await client.upload(bytesOf(10));
  assert.notEqual(store.tokens[0], store.tokens.at(-1));
  store.answers = [refused, refused, refused, refused];
  await assert.rejects(client.upload(bytesOf(10)), { code: "unauthenticated" });
});

test("a file comes with the client's token, whole or in part", async () => {
  store.files.set("k1", Buffer.from("hello, world"));
  assert.equal(await (await client.download("k1")).text(), "hello, world");
  assert.equal(await (await client.download("k1", { range: "bytes=7-11" })).text(), "world");
  assert.match(store.tokens.at(-1), /^Bearer t/);
  await assert.rejects(client.download("k2"), { code: "not_found" });
});

test("accounts and rooms get pictures, and lose them", async () => {
  const [room, account] = ["@r7m2q9x4w1z3k", "@p7m2q9x4w1z3k"];
  const picture = await client.upload(bytesOf(10), { name: "me.png" });
  await client.setAvatar(account, picture);
  await client.setAvatar(room, picture.file);
  await client.setAvatar("#plans", null);
  assert.deepEqual(store.pictures, [
    [`people/${account}/avatar`, { file: "k1" }],
    [`rooms/${room}/avatar`, { file: "k1" }],
    ["rooms/#plans/avatar", { file: "" }],
  ]);
  assert.match(store.tokens.at(-1), /^Bearer t/);
  await assert.rejects(client.setAvatar(room, "spoilt"), { name: "Refused", code: "bad_request" });
});
