// Which messages of a room are drawn as others come, and as one scrolls.

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document ??= { hidden: true };
const { FEW, main: pane } = await import("../app/store/window.ts");
const { current, Place, places } = await import("../app/store/state.ts");

/** A room with so many messages, which is open at its end. */
function room(count) {
  const messages = new Map();
  const place = Object.assign(new Place(), { kept: { messages, more: false } });
  const come = () => messages.set(messages.size + 1, { seq: messages.size + 1 });
  for (let i = 0; i < count; i++) come();
  places.set("kitchen", place);
  current.value = "kitchen";
  pane.toEnd();
  const drawn = () => {
    const window = pane.windowIn(place.view);
    pane.drew(window);
    return window.messages.map(({ seq }) => seq);
  };
  const say = () => {
    come();
    pane.appended(false);
    return drawn();
  };
  return { place, drawn, say };
}

test("at the end, what is drawn stays until it is twice as much, and then goes together", () => {
  const { drawn, say } = room(400);
  let before = drawn();
  assert.equal(before.length, FEW);
  let moved = 0;
  for (let i = 0; i < 200; i++) {
    const now = say();
    assert.equal(now.at(-1), before.at(-1) + 1);
    assert.ok(now.length >= FEW && now.length <= 2 * FEW, `${now.length}`);
    if (now[0] !== before[0]) {
      moved += 1;
      assert.equal(now.length, FEW);
    }
    before = now;
  }
  assert.equal(moved, 3);
});

test("as one reads further up, what comes takes nothing away and waits outside", () => {
  for (const come of [0, 1, 30, 59, 60]) {
    const { drawn, say } = room(400);
    for (let i = 0; i < come; i++) say();
    const before = drawn();
    pane.atEnd.value = false;
    for (let i = 0; i < 100; i++) assert.deepEqual(say(), before, `after ${come}`);
    assert.notEqual(pane.last.value, Infinity);
  }
});

test("new messages are shown to one who is within 100 pixels of the end, and counted for others", () => {
  const { say } = room(10);
  const after = (below) => {
    pane.looked(below);
    say();
    return [pane.atEnd.value, pane.missed.value];
  };
  const [seen, first, second] = [
    [true, 0],
    [false, 1],
    [false, 2],
  ];
  assert.deepEqual([0, 99, 100, 5000, 99].map(after), [seen, seen, first, second, seen]);
});

test("one who has read further up and comes back begins with few again", () => {
  const { place, drawn, say } = room(400);
  pane.atEnd.value = false;
  pane.growUp(place.view, pane.windowIn(place.view));
  assert.equal(drawn().length, FEW + 50);
  pane.atEnd.value = true;
  say();
  for (let i = 0; i < 30; i++) say();
  assert.ok(drawn().length <= 2 * FEW);
});
