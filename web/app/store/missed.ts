// What one has missed, as the server tells it, and as it changes by what one reads meanwhile.

import { signal } from "@preact/signals";
import type { MissedPage, MissedRoom } from "#sdk";
import { forMe, levelOf } from "./badges.ts";
import { call } from "./http.ts";
import { meetAuthors } from "./names.ts";
import { put } from "./outbox.ts";
import { accountOf } from "./state.ts";

export type MissedThread = MissedPage["threads"][number];
export type { Excerpt, MissedRoom } from "#sdk";

export interface Missed {
  rooms: readonly MissedRoom[];
  threads: readonly MissedThread[];
  /** Whether there is more than the page asks for. */
  more: boolean;
}

const MOST_PAGES = 10;

/** What was told last; it is shown again while one comes back from a message. */
export const missed = signal<Missed | undefined>(undefined);

/** Ask for all of it. Rejects with why that can't be had. */
export async function findMissed(): Promise<void> {
  const rooms: MissedRoom[] = [];
  let threads: MissedThread[] = [];
  let [more, moreThreads] = [true, false];
  for (let pages = 0; more && pages < MOST_PAGES; pages++) {
    const page = await call<MissedPage>("GET", `/me/missed?after=${rooms.at(-1)?.room ?? ""}`);
    meetAuthors(page);
    if (!pages) [threads, moreThreads] = [page.threads, page.more_threads];
    rooms.push(...page.rooms);
    more = page.more && page.rooms.length > 0;
  }
  missed.value = { rooms, threads, more: more || moreThreads };
}

/** The rooms in which something is still unread, those first in which somebody mentions you. */
export function roomsMissed({ rooms }: Missed): MissedRoom[] {
  const account = accountOf();
  const row = ({ room }: MissedRoom) => account?.row(room);
  const rank = (each: MissedRoom) => {
    const own = row(each);
    if (!own) return 0;
    return (levelOf(own) === "none" ? -2 : 0) + (each.mentions ? 4 : 0) + (each.kind === "direct" ? 2 : 0) + Math.min(1, forMe(own));
  };
  return rooms
    .filter((each) => row(each)?.unread || row(each)?.marked)
    .sort((a, b) => rank(b) - rank(a) || b.unread - a.unread || a.title.localeCompare(b.title));
}

/** Threads with unread replies. What one has read since is known when it is asked for again. */
export const threadsMissed = ({ threads }: Missed): MissedThread[] => threads.filter(({ unread }) => unread);

/** Take all of it for read, at once or when there is a connection. Rejects with why not. */
export async function readAll(all: Missed): Promise<void> {
  const heads = [
    ...all.rooms.map(({ room, head }) => ({ room, upto: head })),
    ...all.threads.map(({ thread, head }) => ({ room: thread, upto: head })),
  ];
  await Promise.all(heads.map(({ room, upto }) => put(room, { do: "read", upto })));
  missed.value = { ...all, threads: [] };
}
