// How rooms look in the sidebar: whether one is unread, and the number in its badge, by what one wants to be told of it.

import type { wire } from "#sdk";

/** What one is told of a room: what one chose, or else all in directs, and mentions elsewhere. */
export const levelOf = ({ kind, level }: wire.MyRoom): string => level || (kind === "direct" ? "all" : "mentions");

const isSilent = (row: wire.MyRoom, at: number): boolean => levelOf(row) === "none" || (row.muted_until ?? 0) * 1000 > at;

/** Whether a room is to look unread. Where one wants to be told nothing, it only does if one has marked it. */
export const isUnread = (row: wire.MyRoom, at = Date.now()): boolean => Boolean(row.marked || (row.unread && !isSilent(row, at)));

/** How many messages of a room are for the account: all that are unread, or those that mention it, or none. */
export function forMe(row: wire.MyRoom, at = Date.now()): number {
  if (isSilent(row, at)) return 0;
  return (levelOf(row) === "all" ? row.unread : row.mentions) ?? 0;
}
