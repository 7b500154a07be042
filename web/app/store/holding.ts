// How many messages a tab holds. Of the rooms that were opened longest ago it holds fewer, or none: they are on the device, and on the server.

import { isMade } from "./address.ts";
import { outbox } from "./outbox.ts";
import { current, forget, places } from "./state.ts";
import { surplus } from "./surplus.ts";

export const MOST_HELD = 500; // newest messages of a room; so many the SDK keeps, too
const MOST_IN_ALL = 2500; // with two stretches of 1,000 that one reads, of a room and of a thread, and a room that comes now, at most 5,000
const MOST_ELSEWHERE = 20; // of a free room, whose new messages are counted as they come

/** A room is opened: it is the last one to go. */
export function touch(room: string): void {
  const place = places.get(room);
  if (!place || !places.delete(room)) return;
  places.set(room, place);
}

/** Let go of what is too much. */
export function holdFewer(): void {
  const waits = new Set(outbox.peek().map(({ room }) => room));
  const others = [...places].filter(([name]) => !waits.has(name) && name !== current.peek() && !name.startsWith(`${current.peek()}:`));
  const own = [...places].reduce((sum, [, { view }]) => sum + (view?.messages.size ?? 0), 0);
  const theirs = others.map(([name, { room }]) => [name, room?.bySeq.size ?? 0] as const);
  const rest = own - theirs.reduce((sum, [, size]) => sum + size, 0);
  for (const name of surplus(theirs, MOST_IN_ALL - rest)) {
    if (isMade(name)) forget(name);
    else trim(name);
  }
}

function trim(name: string): void {
  places.get(name)?.room?.trim(MOST_ELSEWHERE);
  places.get(name)?.room?.trim(MOST_HELD); // from here on
}
