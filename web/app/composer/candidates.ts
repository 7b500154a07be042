// What a word may be completed to: people, rooms, emoji and commands, the likeliest first.

import { type Emoji, emojiFound } from "../emoji/index.ts";
import { t } from "../i18n/index.ts";
import { addressOf, isMade, roomOf } from "../store/address.ts";
import { ownEmoji } from "../store/emoji.ts";
import { may, membersIn } from "../store/members.ts";
import { everyone, nameOf } from "../store/names.ts";
import { recent } from "../store/recent.ts";
import { freeRooms, listedRooms, lookForRooms, pictureOfRoom } from "../store/rooms.ts";
import { accountOf, placeOf } from "../store/state.ts";
import { ranked } from "../ui/rank.ts";
import { aboutCommand, commandsIn, usageOf } from "./commands.ts";
import type { Word } from "./word.ts";

export interface Candidate {
  /** What tells it from the others. */
  key: string;
  /** What is written in the place of the word. */
  text: string;
  name: string;
  hint: string;
  /** What stands before it: a person's sign, a room's picture, an image, or a character. */
  sign: { who: string } | { room: string } | { src: string } | { text: string };
}

const MOST = 8;

/** What a word in a room may be completed to. */
export function candidatesFor({ kind, typed }: Word, room: string): Candidate[] {
  if (kind === "person") return isMade(room) ? people(typed, room) : present(typed, room);
  if (kind === "room") return rooms(typed);
  return kind === "emoji" ? emoji(typed) : commands(typed, room);
}

/** Members first, then all others; and what stands for several. */
function people(typed: string, room: string): Candidate[] {
  const members = membersIn(room) ?? new Set(accountOf()?.row(roomOf(room))?.people);
  const isIn = (key: string) => Number(!members.has(key));
  const all = everyone()
    .filter(([key]) => key !== accountOf()?.key)
    .sort(([a], [b]) => isIn(a) - isIn(b));
  const named = ranked(all, typed, ([, { handle, name }]) => [handle, name]).sort(([a], [b]) => isIn(a) - isIn(b));
  const found = named.map(([key, { handle, name }]) => ({
    key,
    text: `@${handle}`,
    name,
    hint: members.has(key) || !members.size ? `@${handle}` : `@${handle} · ${t.notMember}`,
    sign: { who: key },
  }));
  const groups = [group("here", t.everyoneHere), ...(may(room, "name_all") ? [group("room", t.everyMember)] : [])];
  const some = typed ? groups.filter(({ name }) => name.slice(1).startsWith(typed.toLowerCase())) : groups;
  return [...found.slice(0, MOST - some.length), ...some];
}

const group = (word: string, hint: string): Candidate => ({
  key: `@${word}`,
  text: `@${word}`,
  name: `@${word}`,
  hint,
  sign: { text: "@" },
});

/** In a free room there are no members: those who are there. */
function present(typed: string, room: string): Candidate[] {
  const here = [...(placeOf(room)?.here.value.people.values() ?? [])].sort((a, b) => a.localeCompare(b));
  return ranked([...new Set(here)], typed, (by) => [nameOf(by)], MOST).map((by) => ({
    key: by,
    text: `@${nameOf(by)}`,
    name: nameOf(by),
    hint: "",
    sign: { who: by },
  }));
}

/** Rooms of one's own, open ones, and free ones. One without an alias is written as a link. */
function rooms(typed: string): Candidate[] {
  lookForRooms();
  const account = accountOf();
  const own = (account?.shown ?? []).filter(({ kind }) => kind !== "direct");
  const named = own.map((row) => ({ room: row.room, title: account?.titleOf(row) ?? "", alias: row.alias ?? "" }));
  const others = listedRooms().filter(({ room }) => !account?.row(room));
  const listed = others.map(({ room, title, alias = "" }) => ({ room, title, alias }));
  const free = freeRooms().map((room) => ({ room, title: room, alias: "" }));
  return ranked([...named, ...listed, ...free], typed, ({ title, alias }) => [alias, title], MOST).map(({ room, title, alias }) => ({
    key: room,
    text: alias ? `#${alias}` : location.origin + addressOf(room),
    name: title,
    hint: alias && `#${alias}`,
    sign: pictureOfRoom(room) ? { room } : { text: "#" },
  }));
}

function emoji(typed: string): Candidate[] {
  const own = ranked([...ownEmoji()], typed, ([name]) => [name], MOST);
  const found = emojiFound(typed, MOST - Math.min(own.length, MOST / 2), recent("emoji"));
  return [...own.slice(0, MOST - found.length).map(ownCandidate), ...found.map(candidateOf)];
}

const ownCandidate = ([name, src]: [string, string]): Candidate => ({
  key: `:${name}:`,
  text: `:${name}:`,
  name: `:${name}:`,
  hint: "",
  sign: { src },
});

const candidateOf = ({ text, names, label }: Emoji): Candidate => ({ key: text, text, name: `:${names[0]}:`, hint: label, sign: { text } });

function commands(typed: string, room: string): Candidate[] {
  return ranked(commandsIn(room), typed, (name) => [name]).map((name) => ({
    key: name,
    text: `/${name}`,
    name: usageOf(name),
    hint: aboutCommand(name),
    sign: { text: "/" },
  }));
}
