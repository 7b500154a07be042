// Rooms that texts name by their aliases, such as #kitchen. Only those are found that one knows anyway, so that a text tells nobody which others there are.

import { computed, signal } from "@preact/signals";
import { BEFORE } from "./mentions.ts";
import { session } from "./state.ts";

// As in the names of people: what stands behind the last letter or digit belongs to the sentence.
const NAME = new RegExp(`(?<=^|[${BEFORE}])#([a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?)(?![\\p{L}\\p{N}@#])`, "giu");

/** A room by the alias that a text has for it. */
export interface Named {
  alias: string;
  room: string;
  title: string;
}

/** An open room as the directory has it. */
export interface Listed {
  room: string;
  title: string;
  topic: string;
  alias?: string;
  avatar?: string;
  members: number;
}

/** The open rooms that were listed last, whether one is a member or not. */
export const listed = signal<ReadonlyMap<string, Listed>>(new Map());

/** What a room is like that one can read without being a member, and that may not be listed. */
export const learnListed = (row: Listed): void => {
  listed.value = new Map([...listed.peek(), [row.room, { ...listed.peek().get(row.room), ...row }]]);
};

export function retitle(room: string, title: string): void {
  const row = listed.peek().get(room);
  if (row) learnListed({ ...row, title });
}

const known = computed(() => {
  const account = session.value?.account;
  const own = [...(account?.rooms.values() ?? [])].map((row) => ({ ...row, title: account?.titleOf(row) ?? "" }));
  return new Map([...listed.value.values(), ...own].flatMap(({ alias, room, title }) => (alias ? [[alias, { room, title }]] : [])));
});

let missing = (): void => {};

/** `look` is called when a text names an unknown room: there may be a new one. */
export function whenUnknown(look: () => void): void {
  missing = look;
}

/** A text cut at the rooms that it names. */
export function splitAtRooms(text: string): (string | Named)[] {
  const parts: (string | Named)[] = [];
  let done = 0;
  for (const { 1: name = "", index } of text.matchAll(NAME)) {
    const found = roomAt(name);
    if (!found) {
      missing();
      continue;
    }
    const end = index + 1 + found.alias.length;
    parts.push(text.slice(done, index), { ...found, alias: text.slice(index, end) });
    done = end;
  }
  return [...parts, text.slice(done)].filter((part) => part !== "");
}

/** The room with the longest alias that a name begins with: the rest of a word such as #kitchen-ish is no part of it. */
function roomAt(name: string): Named | undefined {
  for (let alias = name.toLowerCase(); alias; alias = alias.replace(/(^|[._-]+)[^._-]*$/, "")) {
    const found = known.value.get(alias);
    if (found) return { alias, ...found };
  }
  return undefined;
}
