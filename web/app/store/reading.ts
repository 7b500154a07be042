// How far one has read the room that is open: told to the server now and then.

import { whoOf, type wire } from "#sdk";
import { instead } from "./instead.ts";
import { change, put } from "./outbox.ts";
import { accountOf, connection, current, isVisible, me, newFrom, placeOf, places, wanted } from "./state.ts";
import { main } from "./window.ts";

const PAUSE = 2000; // milliseconds between two markers of a room

const told = new Map<string, { upto: number; at: number }>();
let timer: number | undefined;
let waiting: { room: string; upto: number } | undefined; // a marker that is to be told after a pause

/** Whether one sees the newest messages of a room. */
export const isReading = (room: string): boolean =>
  room === current.value && !instead.value && room !== wanted.value?.room && isVisible.value && main.atEnd.value;

/** The last message of a room that has come. */
export function lastOf(room: string): number | undefined {
  let last: number | undefined;
  for (const seq of places.get(room)?.view?.messages.keys() ?? []) last = seq;
  return last;
}

/** The keys of those who have read the newest message of a room, if I wrote it. */
export function readersIn(room: string): string[] {
  const place = placeOf(room);
  if (!place?.receipts.value.size || place.version.value < 0) return [];
  const newest = place.view?.messages.get(lastOf(room) ?? 0);
  const { who } = me();
  if (!newest || newest.deleted || whoOf(newest) !== who) return [];
  return [...place.receipts.value].filter(([by, upto]) => by !== who && upto >= newest.seq).map(([by]) => by);
}

/** A room is opened, or seen again: from then on, it no longer looks unread. */
export function lookAgain(): void {
  const before = told.get(current.peek());
  if (before) before.upto = 0;
  readOn();
}

/** Tell that one has read a thread as far as it is shown; whoever doesn't follow it has no marker there. */
export function readThread(thread: string): void {
  const upto = lastOf(thread);
  const before = told.get(thread) ?? { upto: 0, at: 0 };
  if (!upto || upto <= before.upto || !isVisible.peek()) return;
  told.set(thread, { upto, at: Date.now() });
  mark(thread, upto);
}

/** Write a marker down, to be told when it can be. */
const mark = (room: string, upto: number): Promise<unknown> => put(room, { do: "read", upto }).catch(() => {}); // it is told again

/** Tell how far one has read, if that is new. */
export function readOn(): void {
  const room = current.peek();
  const isAlone = connection.peek().state === "disconnected"; // then what this device keeps is all there is
  const row = isAlone ? accountOf()?.row(room) : accountOf()?.me?.rooms.get(room); // before the account is in step, nobody knows what is new
  if (!row || !places.get(room)?.view || !isReading(room)) return;
  const upto = lastOf(room) ?? row.head;
  const before = told.get(room) ?? { upto: 0, at: 0 };
  if (upto <= before.upto) return;
  clearTimeout(timer);
  const wait = before.at + PAUSE - Date.now();
  waiting = wait > 0 ? { room, upto } : undefined;
  if (waiting) timer = setTimeout(readOn, wait);
  else tell(row, upto);
}

function tell(row: wire.MyRoom, upto: number): void {
  const isNew = upto > (row.read ?? 0) || row.marked;
  told.set(row.room, { upto, at: isNew ? Date.now() : (told.get(row.room)?.at ?? 0) });
  if (isNew) mark(row.room, upto);
}

/** A room is left: what was read there is told now. */
export function leaveOff(): void {
  clearTimeout(timer);
  const row = waiting && accountOf()?.rooms.get(waiting.room);
  if (row && waiting) tell(row, waiting.upto);
  waiting = undefined;
}

/** How far one has told to have read a room. */
export const readUpto = (room: string): number => told.get(room)?.upto ?? 0;

/** Let a room look unread, until one comes back to it: what was read there just now is not told any more. */
export async function markUnread(room: string): Promise<void> {
  if (waiting?.room === room) {
    clearTimeout(timer);
    waiting = undefined;
  }
  told.set(room, { upto: lastOf(room) ?? 0, at: Date.now() });
  await change(room, { do: "mark_unread" });
}

/** Take the room that is open for read, wherever in it one is. */
export function markRead(): void {
  newFrom.value = Infinity;
  main.toEnd();
  lookAgain();
}
