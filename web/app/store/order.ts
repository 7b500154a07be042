// The rooms in the order in which the sidebar shows them, and which one stands beside another.

import { isUnread } from "./badges.ts";
import { isReading } from "./reading.ts";
import { freeRooms } from "./rooms.ts";
import { accountOf, current, places, session } from "./state.ts";

/** The rooms as the sidebar shows them: made ones, directs, free ones. */
export function roomsInOrder(): string[] {
  const shown = session.value?.account?.shown ?? [];
  const keys = (isDirect: boolean) => shown.filter(({ kind }) => (kind === "direct") === isDirect).map(({ room }) => room);
  return [...keys(false), ...keys(true), ...freeRooms()];
}

/** Whether there is something unread in a room. */
export function isNew(room: string): boolean {
  const row = accountOf()?.row(room);
  if (row) return isUnread(row) && !isReading(room);
  return (places.get(room)?.unread.value ?? 0) > 0;
}

/** The room before or after the current one, around the ends; if only unread ones count, the next of those. */
export function neighbour(step: 1 | -1, onlyUnread: boolean): string | undefined {
  const rooms = roomsInOrder();
  const at = rooms.indexOf(current.peek());
  const around = rooms.map((_, i) => rooms[(at + step * (i + 1) + rooms.length * 2) % rooms.length] ?? "");
  return around.find((room) => room !== current.peek() && (!onlyUnread || isNew(room)));
}
