// What the filters of a query may be completed to.

import type { Candidate } from "../composer/candidates.ts";
import { s } from "../i18n/search.ts";
import { everyone } from "../store/names.ts";
import { freeRooms, listedRooms, titleOf } from "../store/rooms.ts";
import { accountOf } from "../store/state.ts";
import { ranked } from "../ui/rank.ts";
import { isBegunDate, type NamedRoom, nameOfRoom, type Part } from "./query.ts";

const MOST = 8;

/** All rooms that can be named in a query. */
export function knownRooms(): NamedRoom[] {
  const account = accountOf();
  const own = [...(account?.rooms.values() ?? [])].map((row) => ({
    room: row.room,
    title: account?.titleOf(row) ?? "",
    alias: row.alias ?? "",
  }));
  const listed = listedRooms()
    .filter(({ room }) => !account?.row(room))
    .map(({ room, title, alias = "" }) => ({ room, title, alias }));
  return [...own, ...listed, ...freeRooms().map((room) => ({ room, title: titleOf(room), alias: "" }))];
}

/** Whether a filter that is being written has only begun: it is none yet, but may become one of these. */
export function isBegun(part: Part): boolean {
  const found = fitting(part);
  const typed = part.value.toLowerCase();
  return (
    !part.value || isBegunDate(part) || (found.length > 0 && !found.some(({ key, text }) => key === typed || text.toLowerCase() === typed))
  );
}

/** What a filter that is being written may become. */
export const candidatesFor = (part: Part): Candidate[] => fitting(part).filter(({ text }) => text !== part.value);

function fitting({ name, value }: Part): Candidate[] {
  if (name === "from") return people(value);
  if (name === "in") return rooms(value);
  const fixed = name === "has" ? s.has : name === "is" ? s.is : {};
  return ranked(Object.entries(fixed), value, ([word]) => [word]).map(([word, hint]) => candidate(word, `${name}:${word}`, hint, ":"));
}

const candidate = (key: string, name: string, hint: string, sign: string): Candidate => ({
  key,
  text: key,
  name,
  hint,
  sign: { text: sign },
});

function people(typed: string): Candidate[] {
  const mine = accountOf()?.key ?? "";
  const all = everyone().filter(([key]) => key !== mine);
  const found = ranked(all, typed.replace(/^@/, ""), ([, { handle, name }]) => [handle, name], MOST - 1).map(([key, { handle, name }]) => ({
    ...{ key, text: handle, name, hint: `@${handle}`, sign: { who: key } },
  }));
  return "me".startsWith(typed.toLowerCase()) && mine
    ? [{ ...candidate("me", s.you, "from:me", ""), sign: { who: mine } }, ...found]
    : found;
}

function rooms(typed: string): Candidate[] {
  const known = knownRooms();
  return ranked(known, typed.replace(/^[#@]/, ""), ({ title, alias, room }) => [title, alias, room], MOST).map(
    ({ room, title, alias }) => ({
      ...{ key: room, text: nameOfRoom(room, known), name: title, hint: alias && `#${alias}`, sign: { text: "#" } },
    }),
  );
}
