// The law: whatever the order of events, pages, replies, cuts and reads, the end is what a fresh snapshot shows, and each post is there once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { advance, roomViewOf } from "../sdk/fold.ts";
import { connect } from "../sdk/hubbub.ts";
import { opened, pass, settled } from "./fake_server.js";

const SEEDS = Number(process.env.TEST_SEEDS ?? 40);
const STEPS = 120;
const ROOMS = ["lobby", "kitchen"];

/** Numbers that are the same for the same seed (mulberry32). */
function dice(seed) {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

/** Who reads a room, now and then: folds what the stream yields, and remembers it. */
class Reader {
  items = [];
  pages = new Set();

  constructor(room) {
    this.room = room;
    this.stream = room.stream({ markers: true });
  }

  /** Take one item if there is one. */
  async read() {
    this.taking ??= this.stream.next().then(({ value }) => {
      this.taking = undefined;
      if (value) this.items.push(value);
    });
    await settled();
    return this.taking === undefined;
  }

  older() {
    const page = this.room.older(3).finally(() => this.pages.delete(page));
    this.pages.add(page);
  }
}

/** Something that others do in a room. */
function happen(hall, roll, room) {
  const head = hall.log(room).length;
  const by = ["grace", "linus"][roll(2)];
  const message = 1 + roll(Math.min(20, head));
  const kinds = [
    { event: "posted", text: `${head}` },
    { event: "posted", text: `${head}`, id: "x" },
    { event: "edited", message, text: `edited ${head}` },
    { event: "reacted", message, emoji: "👍" },
    { event: "unreacted", message, emoji: "👍" },
    { event: "deleted", message },
    { event: "pinned", message },
    { event: "patched", patch: { [`k${roll(3)}`]: roll(2) ? roll(9) : null } },
  ];
  const event = kinds[roll(kinds.length)];
  const target = "message" in event && hall.view(room).messages.get(message);
  if ("message" in event && (!target || target.deleted)) return;
  const has = target?.reactions?.["👍"]?.includes(by);
  if ((event.event === "reacted" && has) || (event.event === "unreacted" && !has)) return;
  if (event.event === "pinned" && hall.view(room).pins.includes(message)) return;
  hall.append(room, { by, ...event });
}

/** Everything arrives, and somebody reads all of it. */
async function catchUp(hall, reader) {
  do while (hall.letThrough());
  while (await reader.read());
}

/** Any of the things that can happen. */
async function step(hall, roll, readers, client, wrote) {
  const room = ROOMS[roll(2)];
  const reader = readers[roll(2)];
  const what = roll(20);
  if (what < 2 && hall.late.length) hall.late.splice(roll(hall.late.length), 1)[0]();
  else if (what < 7) hall.letThrough((ways) => ways[roll(ways.length)]);
  else if (what < 11) happen(hall, roll, room);
  else if (what < 13) while ((await reader.read()) && roll(9));
  else if (what < 15) reader.older();
  else if (what < 16) hall.cut();
  else if (what < 17) await pass(roll(400));
  else if (what < 18) await catchUp(hall, reader);
  else {
    const text = `mine ${wrote.length}`;
    wrote.push({ room, text, answer: client.post(room, text) });
  }
  await settled();
}

/** The network flows again, everything arrives, and everybody reads to the end. */
async function settle(hall, readers, wrote) {
  hall.isFlowing = true;
  hall.isReadingSlowly = false;
  for (const say of hall.late.splice(0)) say();
  hall.pump();
  for (let i = 0; i < 6; i++) await pass(4000);
  await Promise.all(wrote.map(({ answer }) => answer));
  for (const reader of readers) {
    await Promise.all(reader.pages);
    for (let idle = 0; idle < 3; idle++) {
      if (await reader.read()) idle = 0;
      else await pass(500); // what was left out is on its way
    }
  }
}

function check(hall, { room, items }) {
  const fresh = hall.view(room.name);
  const shown = room.messages;
  assert.deepEqual(
    shown,
    [...fresh.messages.values()].filter(({ seq }) => seq >= (shown[0]?.seq ?? Infinity)),
  );
  assert.deepEqual([room.position.seq, room.state, room.state_seq, room.pins], [fresh.seq, fresh.state, fresh.state_seq, fresh.pins]);
  const events = items.filter((item) => "event" in item);
  for (const [i, { seq }] of events.entries()) if (i) assert.equal(seq, events[i - 1].seq + 1); // nothing is trimmed here: so no gaps
}

for (let seed = 1; seed <= SEEDS; seed++) {
  test(`whatever happens, in the order of seed ${seed}`, async (context) => {
    const hall = opened(context);
    const roll = dice(seed);
    for (const room of ROOMS) for (let i = 0; i < 20; i++) hall.append(room, { event: "posted", text: `${i}` });
    const client = connect("http://server", { max_queued: 6 });
    const readers = await Promise.all(ROOMS.map(async (name) => new Reader(await client.follow(name))));
    const wrote = [];
    hall.isFlowing = false;
    hall.isReadingSlowly = true;
    for (let i = 0; i < STEPS; i++) await step(hall, roll, readers, client, wrote);
    await settle(hall, readers, wrote);
    for (const reader of readers) check(hall, reader);
    for (const name of ROOMS) {
      const mine = hall.log(name).filter(({ by, text }) => by === "ada" && text);
      assert.deepEqual(
        mine.map(({ text }) => text),
        wrote.filter(({ room }) => room === name).map(({ text }) => text),
      );
    }
    assert.deepEqual(client.outbox.entries, []);
    client.close();
  });
}

test("the fake server shows what the fold makes of its log", (context) => {
  const hall = opened(context);
  const roll = dice(7);
  for (let i = 0; i < 60; i++) happen(hall, roll, "lobby");
  const view = roomViewOf({ head: 0, messages: [], more: false, state: {}, state_seq: 0 });
  for (const event of hall.log("lobby")) advance(view, event);
  assert.deepEqual(view, hall.view("lobby"));
});
