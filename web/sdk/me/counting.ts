// What is unread in a room or a thread, as far as it follows from what a client hears.

import type { AnyEvent, Read } from "../wire.ts";

/** What rooms and threads have in common. */
export interface Counted {
  head: number;
  nth: number;
  read: number;
  read_nth: number;
  unread: number;
  mentions: number;
  marked: boolean;
}

/** Events that change nothing of a row that can't be told from them. */
export const OF_MESSAGES = /^(posted|edited|deleted|erased|(un)?reacted|patched)$/;

/** A row of what has come further, by messages that are unread unless the marker is beyond them. */
export function further<R extends Counted>(row: R, head: number, nth: number): R {
  return { ...row, head, nth, unread: row.unread + Math.max(0, nth - Math.max(row.nth, row.read_nth)) };
}

/** Whether an event changes what is unread otherwise than by one message more. */
export function recounts(row: Counted, event: AnyEvent): boolean {
  if (event.event === "posted") return Boolean(event.calls?.length);
  if (event.event === "deleted" || event.event === "erased") return row.unread > 0;
  return event.event === "edited" && row.mentions > 0;
}

/** A row after an event of the own log about it, and whether what is unread must be counted anew. */
export function after<R extends Counted>(row: R, event: AnyEvent): [row: R, mustRecount: boolean] {
  if (event.event === "read") return afterReading(row, event);
  if (event.event === "marked_unread") return [{ ...row, marked: true }, false];
  return [event.event === "set" ? { ...row, ...given(event, ["level", "muted_until", "starred"]) } : row, false];
}

/** After reading: if something after the marker was deleted, or mentions one, it must be counted anew. */
function afterReading<R extends Counted>(row: R, { upto, nth }: Read): [R, boolean] {
  if (upto <= row.read) return [{ ...row, marked: false }, false];
  const isAll = nth >= row.nth;
  const mustRecount = !isAll && (row.mentions > 0 || row.unread !== row.nth - row.read_nth);
  const counts = { unread: isAll ? 0 : row.nth - nth, mentions: isAll ? 0 : row.mentions };
  return [{ ...row, read: upto, read_nth: nth, marked: false, ...counts }, mustRecount];
}

/** Those fields of an event that it has. */
export const given = (event: object, names: string[]): object =>
  Object.fromEntries(Object.entries(event).filter(([name, value]) => names.includes(name) && value !== undefined));
