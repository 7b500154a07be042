// The threads that an account follows, folded from a list of them, its own log, and notices of how far they have come.
// Knows no connection. Each method that folds something in returns what it changed.

import type { AnyEvent, RoomHead, MyThread as Sent } from "../wire.ts";
import { type MyChange, type MyThread, ofThread, type Single } from "./changes.ts";
import { after, further, OF_MESSAGES, recounts } from "./counting.ts";

const SHOWN = 5; // people whom a thread shows
const USUAL = {
  ...{ replies: 0, people: [] as string[], title: "", ended_at: "", read: 0, read_nth: 0, unread: 0, mentions: 0 },
  ...{ marked: false, level: "", muted_until: 0, starred: false },
};

export class FollowedThreads {
  readonly rows = new Map<string, MyThread>();
  /** Whether the list must be read again. An answer is good if `version` is still the same. */
  owes = true;
  version = 0;
  /** Whether there are others, of which the server tells nothing: those with new replies come first in the list. */
  hasOthers = false;
  #isNew = true; // nobody was told of anything
  #isLost = false; // what changed can't be told one by one

  /** Whatever is known may be wrong, as where the own log has a gap. */
  beginAgain(): void {
    this.#isLost = true;
    this.recount();
  }

  /** Have the list read again. */
  recount(): void {
    this.version++;
    this.owes = true;
  }

  /** Take in the list, unless something has happened since it was asked for. `isAll`: there are no others. */
  readAgain(version: number, sent: Iterable<Sent>, isAll: boolean): MyChange[] {
    if (version !== this.version) return [];
    this.owes = false;
    this.hasOthers = !isAll;
    const found = new Map([...sent].map((row) => [row.thread, this.#newest({ ...USUAL, ...row })]));
    const gone = isAll ? [...this.rows.keys()].filter((thread) => !found.has(thread)) : [];
    const changes = gone.flatMap((thread) => this.#drop(thread));
    for (const row of found.values()) changes.push(...this.#put(row));
    const told = this.#isNew ? [] : changes;
    const isLost = this.#isLost && told.length > 0;
    this.#isLost = this.#isNew = false;
    return isLost ? [{ change: "refreshed", changes: told }] : told;
  }

  /** A row of the list, or the one that is known if that is newer; then the list is owed again. */
  #newest(row: MyThread): MyThread {
    const known = this.rows.get(row.thread);
    if (!known || (known.head <= row.head && known.read <= row.read)) return row;
    this.owes = true;
    return known;
  }

  /** Fold an event of the own log in. */
  ofOwn(event: AnyEvent): Single[] {
    const where = ("where" in event && event.where) || "";
    const row = this.rows.get(where);
    switch (event.event) {
      case "unfollowed":
        this.version++;
        return this.#drop(where);
      case "left":
        this.version++;
        return [...this.rows.values()].filter(({ room }) => room === where).flatMap(({ thread }) => this.#drop(thread));
      case "followed":
        this.recount();
        return [];
      case "joined": // it may follow threads there since the last time, of which nothing is news
      case "invited":
        this.beginAgain();
        return [];
      case "mentioned":
      case "unmentioned":
        if (row) this.recount();
        return [];
      default:
        return row ? this.#after(row, event) : [];
    }
  }

  #after(row: MyThread, event: AnyEvent): Single[] {
    this.version++;
    const [now, mustRecount] = after(row, event);
    this.owes ||= mustRecount;
    return this.#put(now);
  }

  /** Take note of an event of a thread that is followed in full. */
  ofThread(event: AnyEvent): Single[] {
    const row = this.rows.get(event.room);
    if (!row || event.seq <= row.head) return [];
    const isNext = event.seq === row.head + 1;
    if (!isNext || !OF_MESSAGES.test(event.event) || recounts(row, event)) this.recount();
    const { seq: head, at, by } = event;
    return this.#put(replied(row, { head, nth: row.nth + Number(event.event === "posted"), at, by }), by);
  }

  /** Take note that a thread has come so far, without knowing by which events. */
  atLeast(thread: string, head: number): void {
    if (head > (this.rows.get(thread)?.head ?? Infinity)) this.recount();
  }

  /** Take note of how far threads have come. What was not a reply may have changed the row. */
  moved(heads: Record<string, RoomHead>): Single[] {
    return Object.entries(heads).flatMap(([thread, now]) => {
      const row = this.rows.get(thread);
      if (!row || now.head <= row.head) return [];
      if (now.head - row.head !== now.nth - row.nth || (now.recount ?? 0) > row.head) this.recount();
      return this.#put(replied(row, now), now.by);
    });
  }

  #put(row: MyThread, by?: string): Single[] {
    const changes = ofThread(this.rows.get(row.thread), row);
    this.rows.set(row.thread, row);
    return changes.map((change) => (change.change === "thread_moved" ? { ...change, by } : change));
  }

  #drop(thread: string): Single[] {
    const row = this.rows.get(thread);
    this.rows.delete(thread);
    return ofThread(row, undefined);
  }
}

/** The row of a thread that has come so far, by replies as far as there are more messages. */
function replied(row: MyThread, { head, nth, at, by }: RoomHead): MyThread {
  const now = further(row, head, nth);
  if (nth <= row.nth) return now;
  const people = by?.startsWith("@p") ? [by, ...row.people.filter((each) => each !== by)].slice(0, SHOWN) : row.people;
  return { ...now, replies: row.replies + nth - row.nth, at: at ?? row.at, people };
}
