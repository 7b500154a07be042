// What the build keeps of emojibase's data: a row for each emoji, which also says whether it has skin tones.

import { readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { TONES, toned } from "./app/emoji/tones.ts";

const DATA = new URL("./node_modules/emojibase-data/en/", import.meta.url);
const COMPONENTS = 2; // skin tones and hair, which are no emoji by themselves
const NEWEST = 15.1; // what is newer than this version of Unicode's emoji, many devices can't show
const NAME = "virtual:emoji";

interface Emoji {
  hexcode: string;
  unicode: string;
  label: string;
  tags?: string[];
  group?: number;
  skins?: { unicode: string }[];
}

const read = <Content>(name: string): Content => JSON.parse(readFileSync(new URL(name, DATA), "utf8"));

export function emojiRows(): unknown[] {
  const [usual, others] = ["github", "emojibase"].map((name) => read<Record<string, string | string[]>>(`shortcodes/${name}.json`));
  const versions = new Map(read<{ hexcode: string; version: number }[]>("data.json").map(({ hexcode, version }) => [hexcode, version]));
  const isOld = ({ hexcode }: Emoji) => (versions.get(hexcode) ?? Infinity) <= NEWEST;
  const namesOf = ({ hexcode }: Emoji) => [...new Set([usual?.[hexcode] ?? [], others?.[hexcode] ?? []].flat())];
  // Those of several people, each with a tone of their own, have others as well: here all have the same.
  const hasTones = ({ unicode, skins = [] }: Emoji) =>
    skins.length > 0 && TONES.every((tone) => skins.some((each) => each.unicode === toned(unicode, tone)));
  return read<Emoji[]>("compact.json")
    .filter((emoji) => emoji.group !== undefined && emoji.group !== COMPONENTS && isOld(emoji) && namesOf(emoji).length)
    .map((emoji) => [emoji.unicode, namesOf(emoji), emoji.label, emoji.tags ?? [], emoji.group, ...(hasTones(emoji) ? [1] : [])]);
}

/** The module that the page imports them from. */
export const emoji: Plugin = {
  name: "emoji",
  resolveId: (id) => (id === NAME ? id : undefined),
  load: (id) => (id === NAME ? `export default JSON.parse(${JSON.stringify(JSON.stringify(emojiRows()))});` : undefined),
};
