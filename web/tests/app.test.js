// What the page makes of what is typed: words to complete, how well names fit, commands, keys, and where a key leads in a grid.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readArguments, secondsOf } from "../app/composer/arguments.ts";
import { completed, spelledAt, wordAt } from "../app/composer/word.ts";
import { findEmoji } from "../app/emoji/find.ts";
import { placed, stepped } from "../app/emoji/grid.ts";
import { TONES, toned, untoned } from "../app/emoji/tones.ts";
import { isolating } from "../app/i18n/isolated.ts";
import { GROUPS, is, shown } from "../app/keys/table.ts";
import {
  complete,
  dayIn,
  filterAt,
  inLocalTime,
  isBegunDate,
  isNothing,
  markedParts,
  soFar,
  toField,
  toggled,
  toServer,
  withOnly,
} from "../app/search/query.ts";
import { surplus } from "../app/store/surplus.ts";
import { isGrouped } from "../app/timeline/grouping.ts";
import { closest, ranked } from "../app/ui/rank.ts";
import { emojiRows } from "../emoji.ts";

/** Let it be the local time of a zone until a test ends. */
function inZone(context, zone) {
  const before = process.env.TZ;
  process.env.TZ = zone;
  context.after(() => {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  });
}

/** The word at the bar in a text. */
const word = (text) => wordAt(text.replace("|", ""), text.indexOf("|"));
const kindAt = (text) => word(text)?.kind;
const rank = (names, wanted) => ranked(names, wanted, (name) => [name]);

test("a sign begins a word only where a word may begin", () => {
  for (const text of ["@|", "hello @gr|", "(@gr|", "你好@gr|", "**@gr|", "/invite @gr|", "é @Zoë|"])
    assert.equal(kindAt(text), "person", text);
  for (const text of ["ada@example|", "@gr ace|", "@gr|", "a@|"]) assert.equal(kindAt(text), text === "@gr|" ? "person" : undefined, text);
  for (const text of ["#|", "see #kit|"]) assert.equal(kindAt(text), "room", text);
  for (const text of [":smi|", "so :+1|"]) assert.equal(kindAt(text), "emoji", text);
  for (const text of [":|", ":D|", "at 10:30|", "https://exa|", ":smile:|", "a:bc|"]) assert.equal(kindAt(text), undefined, text);
});

test("only the first word can be a command", () => {
  for (const text of ["/|", "/to|"]) assert.equal(kindAt(text), "command", text);
  for (const text of ["//to|", " /to|", "/topic |", "/usr/bin|", "and /or|"]) assert.equal(kindAt(text), undefined, text);
});

test("a completion takes the place of the whole word, with a space behind it", () => {
  const complete = (text, by) => {
    const done = completed(text.replace("|", ""), word(text), by);
    return `${done.text.slice(0, done.at)}|${done.text.slice(done.at)}`;
  };
  assert.equal(complete("hello @gr|", "@grace"), "hello @grace |");
  assert.equal(complete("@g|race and ada", "@grace"), "@grace |and ada");
  assert.equal(complete("(@g|)", "@grace"), "(@grace |)");
});

test("names fit by their beginning, then by their words, then by a part, then by letters in order", () => {
  const names = ["workshop", "engine room", "the engine", "en", "mezzanine", "east wing"];
  assert.deepEqual(rank(names, "en"), ["en", "engine room", "the engine", "east wing"]);
  assert.deepEqual(rank(names, "eng"), ["engine room", "the engine", "east wing"]);
  assert.deepEqual(rank(names, "ew"), ["east wing"]);
  assert.deepEqual(rank(names, "zan"), ["mezzanine"]);
  assert.deepEqual(rank(["mezzanine", "the zanzibar"], "zan"), ["the zanzibar", "mezzanine"]);
  assert.deepEqual(rank(names, ""), names);
  assert.deepEqual(rank(["Zoë", "zoo"], "ZOE"), ["Zoë"]);
  assert.deepEqual(rank(["b2", "b1", "a"], "b"), ["b2", "b1"], "those that fit alike stay in their order");
  assert.deepEqual(rank(["ada"], "adaaa"), []);
});

test("a mistyped name means the closest one, if it is close", () => {
  assert.equal(closest("topci", ["topic", "title"]), "topic");
  assert.equal(closest("quit", ["topic", "title"]), undefined);
  assert.equal(closest("", ["a"]), undefined);
});

const person = { kind: "person", name: "" };
const time = { kind: "time", name: "", isOptional: true };

test("what stands behind a command is read as what the command takes", () => {
  assert.equal(readArguments(" @Ada 30m ", [person, time]).who, "ada");
  assert.equal(readArguments("ada 30m", [person, time]).seconds, 1800);
  assert.equal(readArguments("ada", [person, time]).seconds, 0);
  assert.deepEqual(readArguments("@ada, grace", [{ kind: "people", name: "" }]).people, ["ada", "grace"]);
  assert.equal(readArguments("a  b\nc", [{ kind: "text", name: "" }]).text, "a  b\nc");
  assert.equal(readArguments("ada host", [person, { kind: "choice", name: "", options: ["host"] }]).choice, "host");
  for (const rest of ["", "ada soon", "ada 0m", "ada 30m more"]) assert.equal(readArguments(rest, [person, time]), undefined, rest);
  assert.equal(readArguments("ada king", [person, { kind: "choice", name: "", options: ["host"] }]), undefined);
  assert.equal(readArguments("now", []), undefined);
});

test("a time has a number and a unit", () => {
  assert.deepEqual(["45s", "10m", "2h", "7d", "10", "m", "-1m", "1.5h"].map(secondsOf), [45, 600, 7200, 604_800, 0, 0, 0, 0]);
});

test("emoji are found by their names, then by what they show, the last used first", () => {
  const all = emojiRows().map(([text, names, label, tags]) => ({ text, names, label, tags }));
  const found = (wanted, used = [], most = 8) => findEmoji(all, wanted, most, used).map(({ text }) => text);
  assert.match(found("+1")[0], /^👍/u);
  assert.equal(found("tada")[0], "🎉");
  assert.ok(found("celebrate").includes("🎉"));
  assert.ok(found("heart", ["💜"], 99).indexOf("💜") < found("heart", [], 99).indexOf("💜"));
  assert.equal(new Set(found("heart")).size, 8);
});

test("every emoji has a name, and each name of ASCII letters can be typed", () => {
  const rows = emojiRows();
  assert.ok(rows.length > 1800);
  for (const [text, names] of rows)
    assert.ok(names.length && names.every((name) => wordAt(`:${name}`, name.length + 1)?.typed === name || name.length < 2), text);
});

const pressed = (key, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });

test("an emoji is spelled where a word may begin, with both colons, and not in code", () => {
  const spelled = (text) => spelledAt(text, text.length)?.typed;
  for (const text of [":wave:", "hi :wave:", "(:+1:", "```x``` :tada:", "`a` *:tada:"]) assert.ok(spelled(text), text);
  for (const text of [":wave", "wave:", "at 10:30:", "a:b:", "::", ": :", "`:wave:", "```\n:wave:", "https://a:80:"])
    assert.ok(!spelled(text), text);
  assert.deepEqual(spelledAt("x :wave: y", 8), { kind: "emoji", typed: "wave", from: 2, to: 8 });
});

test("a key is known with exactly its modifiers", () => {
  assert.ok(is("switcher", pressed("k", { ctrlKey: true })));
  assert.ok(is("switcher", pressed("K", { ctrlKey: true })), "with caps lock");
  assert.ok(!is("switcher", pressed("k", { ctrlKey: true, shiftKey: true })));
  assert.ok(is("help", pressed("/", { ctrlKey: true, shiftKey: true })), "a sign for which a keyboard needs Shift");
  assert.ok(is("react", pressed("+", { shiftKey: true })));
  assert.ok(is("nextRoom", pressed("ArrowDown", { altKey: true })) && !is("nextUnread", pressed("ArrowDown", { altKey: true })));
  assert.ok(is("send", pressed("Enter")) && !is("send", pressed("Enter", { shiftKey: true })));
});

test("within a group, no key stands for two things", () => {
  for (const [group, bindings] of Object.entries(GROUPS)) {
    const keys = Object.values(bindings).flatMap((binding) => binding.keys);
    const twice = keys.filter((key, i) => keys.indexOf(key) !== i);
    assert.deepEqual(twice, group === "writing" ? ["ArrowUp"] : [], group); // which chooses while there is a list
  }
});

test("keys are shown as they stand on a keyboard", () => {
  assert.deepEqual(["Mod+k", "Alt+Shift+ArrowUp", "+", "Escape", "Mod+/"].map(shown), ["Ctrl+K", "Alt+Shift+↑", "+", "Esc", "Ctrl+/"]);
});

test("arrow keys go over the rows of a grid as if it had no gaps", () => {
  const cells = (n) => Array.from({ length: n }, (_, i) => ({ text: `${n}${i}`, label: "", title: "" }));
  const rows = placed(
    [
      { title: "one", cells: cells(2) },
      { title: "two", cells: cells(5) },
    ],
    3,
  ).flatMap((each) => each.rows);
  assert.deepEqual(
    rows.map((row) => row.cells.length),
    [2, 3, 2],
  );
  const from = (key, row, column, ctrlKey = false) => stepped({ key, ctrlKey }, { row, column }, rows);
  assert.deepEqual(from("ArrowDown", 1, 2), { row: 2, column: 1 });
  assert.deepEqual(from("ArrowRight", 0, 1), { row: 1, column: 0 });
  assert.deepEqual(from("ArrowLeft", 1, 0), { row: 0, column: 1 });
  assert.deepEqual(from("End", 0, 0, true), { row: 2, column: 1 });
  assert.equal(from("ArrowUp", 0, 1), "out");
  assert.equal(from("ArrowLeft", 0, 0), undefined);
  assert.equal(from("a", 0, 0), undefined);
  const turned = (key, row, column) => stepped({ key, ctrlKey: false }, { row, column }, rows, true);
  assert.deepEqual(turned("ArrowLeft", 0, 1), { row: 1, column: 0 });
  assert.deepEqual(turned("ArrowRight", 1, 0), { row: 0, column: 1 });
});

const textOf = (parts) => parts.map((part) => (typeof part === "string" ? part : textOf(part.children))).join("");
const looksOf = (parts) => parts.flatMap((part) => (typeof part === "string" ? [] : [part.look, ...looksOf(part.children)]));

test("code in colours is the same code", async () => {
  const { highlight } = await import("../app/markdown/highlight.ts");
  const samples = {
    python: 'def tea(cups: int = 2) -> str:\n    """Make <b>tea</b>."""\n    return f"{cups} & more"  # hot',
    js: "const tea = `a cup`; // </script>",
    html: '<img src=x onerror="alert(1)">&lt;',
    diff: "- a\n+ b",
    yaml: "a: [1, 'b']",
    sh: 'echo "$HOME" | grep x',
  };
  for (const [language, code] of Object.entries(samples)) {
    const parts = highlight(code, language === "sh" ? "bash" : language);
    assert.equal(textOf(parts), code, language);
    assert.ok(looksOf(parts).length > 0, language);
    assert.ok(looksOf(parts).every((look) => /^(keyword|string|number|title|comment)$/.test(look)));
  }
  assert.equal(highlight("a", "klingon"), undefined);
});

test("code stays plain if its language is unknown or it is too long, and every name of a language is known to the highlighter", async () => {
  const { partsOf, KNOWN } = await import("../app/markdown/code.ts");
  const { highlight } = await import("../app/markdown/highlight.ts");
  partsOf("1", "js"); // loads it
  while (partsOf("let a", "js").length === 1) await new Promise(setImmediate);
  assert.deepEqual(partsOf("let a", "klingon"), ["let a"]);
  assert.deepEqual(partsOf("let a", ""), ["let a"]);
  assert.ok(partsOf("let a", "JS title=x").length > 1);
  const long = "let a;".repeat(2000);
  assert.deepEqual(partsOf(long, "js"), [long]);
  for (const name of KNOWN) assert.ok(highlight("a", name), name);
});

const ROOMS = [
  { room: "@rplans", title: "Plans", alias: "" },
  { room: "@rtea", title: "What is for tea", alias: "" },
  { room: "@rkitchen", title: "Kitchen", alias: "kitchen" },
  { room: "@rone", title: "twins", alias: "" },
  { room: "@rother", title: "Twins", alias: "" },
  { room: "@rquoted", title: 'the "log"', alias: "" },
  { room: "lobby", title: "lobby", alias: "" },
];

test("a query has the titles of rooms for people, and their keys for the server", () => {
  const queries = {
    "in:@rplans deploy": "in:Plans deploy",
    "deploy in:@rtea is:thread": 'deploy in:"What is for tea" is:thread',
    "in:@rkitchen tea": "in:#kitchen tea",
    "in:lobby": "in:lobby",
    "in:@rone in:@rother": "in:@rone in:@rother",
    "in:@rquoted x": "in:@rquoted x",
    'in:@runknown "in:@rplans"': 'in:@runknown "in:@rplans"',
    "https://example.org/in:Plans": "https://example.org/in:Plans",
  };
  for (const [query, text] of Object.entries(queries)) {
    assert.equal(toField(query, ROOMS), text);
    assert.equal(toServer(text, ROOMS), query);
  }
  assert.equal(toServer("in:WHAT in:plans in:Kitchen in:twins in:@ada ", ROOMS), "in:WHAT in:@rplans in:@rkitchen in:twins in:@ada ");
  assert.equal(toServer("in：“What is for tea” has:link", ROOMS), "in:@rtea has:link");
});

test("what is still being written is searched for as far as it goes", () => {
  const begun = (text) => soFar(text, filterAt(text, text.length));
  assert.equal(begun("tea from:gr"), "tea ");
  assert.equal(begun("tea from:"), "tea ");
  assert.equal(soFar("tea from:gr"), "tea from:gr");
  assert.equal(soFar('"green te'), '"green te*"');
  assert.equal(soFar('"green te" "'), '"green te" ""');
  assert.equal(soFar("“green tea” in:“Pl"), '“green tea” in:“Pl"');
  for (const text of ["after:2", "before:2026-", "before:2026-05-", "after:"]) assert.ok(isBegunDate(filterAt(text, text.length)), text);
  for (const text of ["after:2026", "after:2026-1", "before:soon", "in:2"]) assert.ok(!isBegunDate(filterAt(text, text.length)), text);
});

test("days are those of where one is", (context) => {
  inZone(context, "Asia/Tokyo");
  const queries = {
    "tea before:2026-05-31": "tea before:2026-05-30T15:00:00.000Z",
    "after:2026/5/31 tea": "after:2026-05-31T15:00:00.000Z tea",
    "after:2026-12 before:2027": "after:2026-12-31T15:00:00.000Z before:2026-12-31T15:00:00.000Z",
    "after:2026": "after:2026-12-31T15:00:00.000Z",
  };
  for (const [query, moments] of Object.entries(queries)) assert.equal(inLocalTime(query), moments);
  for (const query of ["after:2026-02-30", "after:2026-13", "before:soon", "after:9999", '"before:2026"', "in:2026"])
    assert.equal(inLocalTime(query), query);
  assert.deepEqual(["2026/5/3", "2026-05-31", "2026-02-30", "2026-05", "soon", ""].map(dayIn), [
    "2026-05-03",
    "2026-05-31",
    "",
    "",
    "",
    "",
  ]);
});

test("filters are put into a query, and taken out of it again", () => {
  assert.equal(toggled("deploy  friday", "has", "link"), "deploy friday has:link ");
  assert.equal(toggled("deploy has:link friday", "has", "link"), "deploy friday");
  assert.equal(withOnly("in:a tea in:b", "in", "What is"), 'tea in:"What is" ');
  assert.equal(withOnly("before:2026 tea", "before", undefined), "tea");
  assert.equal(withOnly('"in:a tea" in:b', "in", undefined), '"in:a tea"');
  assert.ok(isNothing(" in:a in:b "));
  assert.ok(!isNothing("in:a has:link"));
  assert.deepEqual(["tea from: ", 'has:"" tea', "from:ada "].map(complete), ["tea", "tea", "from:ada"]);
  assert.ok(isNothing("in:a from:"));
  assert.deepEqual(filterAt("tea from:gr", 11), { from: 4, to: 11, name: "from", value: "gr" });
  assert.equal(filterAt("tea from:gr", 2), undefined);
  assert.deepEqual(filterAt('in:"What is', 11), { from: 0, to: 11, name: "in", value: "What is" });
  assert.equal(filterAt("http://a", 8), undefined);
});

test("a text is cut where its highlights are, by code points, and around the first if it is long", () => {
  assert.deepEqual(markedParts("we deploy 🎉 on", [[3, 6], [10, 1]], 100), ["we ", "deploy", " ", "🎉", " on"]); // biome-ignore format: pairs
  assert.deepEqual(markedParts("tea", [], 100), ["tea"]);
  const long = `${"x ".repeat(500)}tea ${"y ".repeat(500)}`;
  const parts = markedParts(long, [[1000, 3]], 100);
  assert.equal(parts[1], "tea");
  assert.ok(parts[0].startsWith("…") && parts[2].endsWith("…"));
  assert.equal(parts.join("").length, 102);
  const most = markedParts(`tea ${long}and Cake, tea`, [[0, 3], [1004, 3], [2012, 4], [2018, 3]], 100); // biome-ignore format: pairs
  assert.deepEqual(most.filter((_, n) => n % 2), ["Cake", "tea"]); // biome-ignore format: pairs
  assert.deepEqual(
    markedParts(
      "abc",
      [
        [1, 99],
        [0, 1],
      ],
      100,
    ),
    ["a", "bc", ""],
  );
});

test("an emoji in a skin tone is the one that Unicode has, and is known again", () => {
  const [light] = TONES;
  assert.equal(toned("👍", light), "👍🏻");
  assert.equal(toned("☝️", light), "☝🏻");
  assert.equal(toned("👩‍🚀", light), "👩🏻‍🚀");
  assert.equal(toned("🧑‍🤝‍🧑", light), "🧑🏻‍🤝‍🧑🏻");
  assert.equal(toned("👍", ""), "👍");
  for (const [text, , , , , hasTones] of emojiRows()) if (hasTones) assert.equal(untoned(toned(text, light)), untoned(text), text);
  assert.ok(emojiRows().filter(([, , , , , hasTones]) => hasTones).length > 250);
});

test("what is put into a sentence is isolated if it runs the other way, in all of a catalogue", () => {
  const catalogue = {
    direction: "ltr",
    ban: (name) => `Ban ${name}`,
    typing: (names) => names.join(" and "),
    within: { count: (n, of) => `${n} of ${of}` },
    yourself: (name) => `${name} (you)`,
  };
  const t = isolating(catalogue, ["yourself"]);
  assert.equal(t.ban("Grace"), "Ban Grace");
  assert.equal(t.ban("לינוס"), "Ban \u2068לינוס\u2069");
  assert.equal(t.typing(["Grace", "لينوس"]), "Grace and \u2068لينوس\u2069");
  assert.equal(t.within.count(3, "לינוס"), "3 of \u2068לינוס\u2069");
  assert.equal(t.yourself("לינוס"), "לינוס (you)");
  assert.equal(isolating({ ...catalogue, direction: "rtl" }).ban("Grace"), "Ban \u2068Grace\u2069");
});

test("of all that is held, the first ones go until the rest is few enough", () => {
  const held = (...sizes) => sizes.map((size, i) => [String.fromCharCode(97 + i), size]);
  assert.deepEqual(surplus(held(300, 300, 300), 900), []);
  assert.deepEqual(surplus(held(300, 300, 300), 899), ["a"]);
  assert.deepEqual(surplus(held(300, 0, 500, 300), 400), ["a", "c"]);
  assert.deepEqual(surplus(held(1, 1), -5), ["a", "b"]);
  const many = surplus(
    Array.from({ length: 300 }, (_, i) => [`${i}`, 300]),
    3500,
  );
  assert.equal(many.length, 300 - 11);
});

test("messages of one author stand together if less than 5 minutes lie between them", () => {
  const said = (at, more) => ({ by: "ada", id: "@pada", at: `2026-11-30T09:${at}Z`, ...more });
  const first = said("00:00.000");
  assert.ok(isGrouped(said("04:59.999"), first));
  assert.ok(!isGrouped(said("05:00.000"), first));
  for (const other of [{ by: "grace" }, { id: "@pgrace" }, { reply_to: 1 }]) assert.ok(!isGrouped(said("00:01.000", other), first));
  assert.ok(!isGrouped(first, undefined));
});
