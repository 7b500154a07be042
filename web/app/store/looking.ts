// What the page asks once it looks at a room that people made: what the room is like, and the threads that moved while one was away.

import type { Room } from "#sdk";
import { isMade, placeIn } from "./address.ts";
import { learnListed } from "./aliases.ts";
import { keep } from "./kept.ts";
import { settingsOf } from "./managing.ts";
import { meetAuthors } from "./names.ts";
import { accountOf, type Place, places, topics } from "./state.ts";
import { learnThreads } from "./threads.ts";

const MOST_PAGES = 10;

/** Ask about a room, once until the connection is another one. */
export function lookAt(name: string): void {
  const [place, account] = [places.get(name), accountOf()];
  if (!place?.room || place.isLookedAt || !isMade(name)) return;
  if (account && !account.hasStarted) return; // it asks once it is known which rooms the account has
  place.isLookedAt = true;
  const missed = () => {
    place.isLookedAt = false; // it is asked when the room is opened again
  };
  askThreads(place, place.room).catch(missed);
  const isInDirectory = account && account.role !== "guest" && !account.rooms.has(name);
  if (!isInDirectory) learnSettings(name, place).catch(missed);
}

/** Ask what a room is like, and again if it was changed meanwhile: the answer may be older than the event. */
async function learnSettings(name: string, place: Place): Promise<void> {
  const changes = place.changes.peek();
  const { title, topic, titles, alias, members } = await settingsOf(name);
  if (places.get(name) !== place) return;
  if (place.changes.peek() !== changes) return learnSettings(name, place);
  if (!accountOf()?.rooms.has(name)) learnListed({ room: name, title, topic, alias, members }); // guests get no list
  topics.value = new Map([...topics.peek(), [name, topic]]);
  place.isForum.value = titles;
}

/** Ask for threads, those that moved last first, as far as they are new. */
async function askThreads(place: Place, room: Room): Promise<void> {
  const known = place.threadsUntil;
  let last: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const before = place.threads.peek();
    const page = await room.listThreads({ ...(last && { before: last }), limit: 50 });
    meetAuthors(page);
    const threads = page.threads.map((each) => [placeIn(each.thread).root ?? 0, each] as const);
    learnThreads(place, threads, before);
    keep(
      room.name,
      threads.map(([seq]) => seq),
    );
    place.changed();
    const [first, end] = [page.threads[0], page.threads.at(-1)];
    if (pages === 0 && first) place.threadsUntil = first.at;
    if (!page.more || !end || end.at < known) return;
    last = `${end.at}/${end.thread}`;
  }
}
