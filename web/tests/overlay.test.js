// What is shown of a message under the changes that wait.

import assert from "node:assert/strict";
import { test } from "node:test";
import { overlaid } from "../app/store/overlay.ts";

const ADA = { by: "ada", id: "A" };
const log = Object.freeze({
  seq: 3,
  at: "2026-01-01T00:00:00.000Z",
  by: "ada",
  id: "A",
  text: "one",
  reactions: { "👍": ["grace"] },
  reaction_ids: { "👍": ["G"] },
});
const change = (command, at = 0) => ({ command: { seq: 3, ...command }, at });
const shown = (...changes) => overlaid(log, changes, ADA);

test("without a change it is the log's own", () => {
  assert.equal(shown(), log);
});

test("of several edits the last one is shown, and the log stays as it is", () => {
  const { text, edited_at } = shown(change({ do: "edit", text: "two" }), change({ do: "edit", text: "three" }, 1000));
  assert.deepEqual([text, edited_at, log.text], ["three", "1970-01-01T00:00:01.000Z", "one"]);
});

test("of each emoji the last change is shown, and one reacts once", () => {
  const on = change({ do: "react", emoji: "👍" });
  const off = change({ do: "unreact", emoji: "👍" });
  assert.deepEqual(shown(on, on).reactions, { "👍": ["grace", "ada"] });
  assert.deepEqual(shown(on, off).reactions, { "👍": ["grace"] });
  assert.deepEqual(shown(off, on, change({ do: "react", emoji: "🎉" })).reactions, { "👍": ["grace", "ada"], "🎉": ["ada"] });
  assert.equal(shown(off), log);
});

test("what is deleted has no text any more, whatever else waits", () => {
  const { text, deleted, reactions } = shown(change({ do: "react", emoji: "🎉" }), change({ do: "delete" }));
  assert.deepEqual([text, deleted, reactions], [undefined, true, undefined]);
});

test("alt texts change one by one, and those that an edit doesn't name stay", () => {
  const files = [
    { file: "a", name: "a.png", alt: "A boat" },
    { file: "b", name: "b.png" },
  ];
  const of = (...changes) => overlaid({ ...log, files }, changes, ADA).files.map(({ alt }) => alt);
  const edit = (alts) => change({ do: "edit", text: "two", ...(alts && { alts }) });
  assert.deepEqual(of(edit()), ["A boat", undefined]);
  assert.deepEqual(of(edit({ b: "A dog" }), edit({ a: "" }), edit()), [undefined, "A dog"]);
});

test("previews that are removed go one by one", () => {
  const [a, b] = ["a", "b"].map((name) => ({ url: `https://${name}.example/`, title: name }));
  const remove = ({ url }) => change({ do: "remove_preview", url });
  const of = (...changes) => overlaid({ ...log, previews: [a, b] }, changes, ADA).previews;
  assert.deepEqual(of(remove(a)), [b]);
  assert.equal(of(remove(b), remove(a), remove(a)), undefined);
});
