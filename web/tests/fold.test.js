// The golden fixtures of the fold (tests/fixtures/fold): from whichever snapshot one begins, and however one gets the events.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { advance, prepend, roomViewOf, whoOf } from "../sdk/fold.ts";
import { merge } from "../sdk/merge.ts";

const FOLDER = new URL("../../tests/fixtures/fold/", import.meta.url);
const FIXTURES = readdirSync(FOLDER).map((name) => ({ name, ...JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")) }));

/** What a snapshot would show of a view. */
const shown = ({ seq, messages, more, state, state_seq, pins }) => ({
  head: seq,
  messages: [...messages.values()],
  more,
  state,
  state_seq,
  pins,
});

for (const { name, delivered, log, snapshots } of FIXTURES) {
  test(`${name}: each snapshot and the events after it give every later snapshot`, () => {
    for (const from of snapshots) {
      const view = roomViewOf(from);
      for (const later of snapshots.filter(({ head }) => head > from.head)) {
        for (const event of delivered.slice(view.seq, later.head)) advance(view, event);
        assert.deepEqual(shown(view), later);
      }
    }
  });

  test(`${name}: each snapshot and the log as it is read later give the last snapshot`, () => {
    for (const from of snapshots) {
      const view = roomViewOf(from);
      for (const event of log.slice(from.head)) advance(view, event);
      assert.deepEqual(shown(view), snapshots.at(-1));
    }
  });

  test(`${name}: a page of older messages fits, whenever it was read and whenever it comes`, () => {
    const last = snapshots.at(-1);
    for (const begun of snapshots)
      for (const read of snapshots.filter(({ head }) => head >= begun.head))
        for (let comes = begun.head; comes <= last.head; comes++) {
          const half = begun.messages.length >> 1;
          const view = roomViewOf({ ...begun, messages: begun.messages.slice(half), more: true });
          const oldest = begun.messages[half]?.seq ?? begun.head + 1;
          const page = { head: read.head, more: false, messages: read.messages.filter(({ seq }) => seq < oldest) };
          const meanwhile = delivered.slice(begun.head, comes);
          for (const event of meanwhile) advance(view, event);
          prepend(view, page, meanwhile);
          for (const event of delivered.slice(comes)) advance(view, event);
          assert.deepEqual(shown(view), last);
        }
  });
}

test("a view of a room that began with a position has what came since", () => {
  const { delivered } = FIXTURES.find(({ name }) => name === "messages.json");
  const view = roomViewOf(2);
  for (const event of delivered.slice(2)) advance(view, event);
  assert.deepEqual([...view.messages.keys()], [3, 4, 6, 7, 8, 9, 16]);
});

test("nobody is taken for another of the same name", () => {
  assert.equal(whoOf({ by: "ada" }), "ada");
  assert.equal(whoOf({ by: "ada", id: "x" }), "x");
});

test("the merge changes neither the document nor the patch", () => {
  const document = Object.freeze({ a: Object.freeze({ b: 1 }) });
  const patch = Object.freeze({ a: Object.freeze({ b: null, c: 2 }) });
  assert.deepEqual(merge(document, patch), { a: { c: 2 } });
});
