// How rooms, pins and one's own settings look under the changes of them that wait. Pure: what is known is never changed by it.

import type { MyRoom } from "#sdk";
import type { Change } from "./overlay.ts";

/** A row of a room as it will be. */
export const rowUnder = (row: MyRoom, changes: readonly Change[]): MyRoom =>
  changes.reduce((now, { command }) => changed(now, command), row);

function changed(row: MyRoom, { do: name, upto, ...fields }: Change["command"]): MyRoom {
  if (name === "mark_unread") return { ...row, marked: true };
  if (name === "set") return { ...row, ...fields };
  if (name !== "read" || typeof upto !== "number") return row;
  const counts = upto >= row.head ? { unread: 0, mentions: 0 } : {}; // what is after the marker, only the server counts
  return { ...row, ...counts, read: Math.max(row.read, upto), marked: false };
}

/** The pinned messages as they will be. */
export const pinsUnder = (pins: readonly number[], changes: readonly Change[]): readonly number[] =>
  changes.reduce((now, { command: { do: name, seq } }) => {
    if (name !== "pin" && name !== "unpin") return now;
    const others = now.filter((each) => each !== seq);
    return name === "pin" ? [...others, seq as number] : others;
  }, pins);

/** Settings as they will be. */
export function preferencesUnder(known: ReadonlyMap<string, unknown>, changes: readonly Change[]): ReadonlyMap<string, unknown> {
  const chosen = changes
    .filter(({ command }) => command.do === "prefer")
    .map(({ command: { name, value } }) => [name as string, value] as const);
  return chosen.length ? new Map([...known, ...chosen]) : known;
}

/** Whom one blocks, as it will be. */
export function blockedUnder(known: ReadonlySet<string>, changes: readonly Change[]): ReadonlySet<string> {
  const blocked = new Set(known);
  for (const { command } of changes) {
    if (command.do === "block") blocked.add(command.who as string);
    else if (command.do === "unblock") blocked.delete(command.who as string);
  }
  return blocked;
}

/** What somebody says of themselves, as it will be. */
export function profileUnder<P extends { name: string; status_text: string }>(person: P, changes: readonly Change[]): P {
  const chosen = changes.filter(({ command }) => command.do === "profile").map(({ command: { do: _, ...fields } }) => fields);
  return chosen.length ? Object.assign({}, person, ...chosen) : person;
}

/** Whether a message is not to be among the saved ones any more. */
export const isUnsaved = (of: { room: string; message: number }, changes: readonly Change[]): boolean => {
  const last = changes.findLast(({ command }) => {
    const about = command.of as { room: string; message: number } | undefined;
    return about?.room === of.room && about.message === of.message;
  });
  return last?.command.do === "unsave";
};
