// How much is unread, in all rooms together: for the title, the icon and the menu.

import { forMe, isUnread } from "./badges.ts";
import { isReading } from "./reading.ts";
import { places, session, tracked } from "./state.ts";

/** How many messages are for one, and whether there is anything unread at all. */
export function unread(): { count: number; any: boolean } {
  const rows = (session.value?.account?.shown ?? []).filter((row) => isUnread(row) && !isReading(row.room));
  const free = tracked.value.map((room) => places.get(room)?.unread.value ?? 0);
  const count = [...free, ...rows.map((row) => forMe(row))].reduce((sum, each) => sum + each, 0);
  return { count, any: count > 0 || rows.length > 0 };
}
