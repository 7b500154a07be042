// What is told of one's rooms and of people, and what several changes amount to.

import { Feed } from "../feed.ts";
import type { EmojiItem, MyRoom as MyRoomSent, MyThread as MyThreadSent, PersonPresence, ShownPerson as ShownPersonSent } from "../wire.ts";

/** A room of one's own, with everything that the server leaves out if it is usual. */
export type MyRoom = Required<MyRoomSent>;
/** A thread that an account follows. */
export type MyThread = Required<MyThreadSent>;
export type ShownPerson = Required<ShownPersonSent>;

export type Single =
  | { change: "room_joined" | "room_left"; room: MyRoom }
  | { change: "room_moved"; room: MyRoom; before: MyRoom; by?: string | undefined }
  | { change: "room_read" | "room_hidden" | "room_updated"; room: MyRoom; before: MyRoom }
  | { change: "thread_added" | "thread_dropped"; thread: MyThread }
  | { change: "thread_moved"; thread: MyThread; before: MyThread; by?: string | undefined }
  | { change: "thread_read"; thread: MyThread; before: MyThread }
  | { change: "person_came" | "person_gone"; account: string; person: ShownPerson }
  | { change: "person_updated"; account: string; person: ShownPerson; before: ShownPerson }
  | { change: "presence_updated"; account: string; presence: PersonPresence | null; before: PersonPresence | null }
  | { change: "emoji_updated"; name: string; emoji: EmojiItem | null; before: EmojiItem | null }
  | DraftUpdated;

/** Something else is about to be written in a room, on any of the devices; nothing, if the text is empty. `seq` is that of the event. */
export interface DraftUpdated {
  change: "draft_updated";
  where: string;
  text: string;
  seq: number;
}

/** What changed while it could not be told one by one: at most one change for each room, thread, person, emoji and draft. */
export type MyChange = Single | { change: "refreshed"; changes: Single[] };

/** What there was before and is now, by key. */
export type Sides<T> = Map<string, [T | undefined, T | undefined]>;

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

export function sides<T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>): Sides<T> {
  return new Map([...before.keys(), ...after.keys()].map((key) => [key, [before.get(key), after.get(key)]]));
}

/** What happened to rooms, people, emoji and threads. */
export function told(
  rooms: Sides<MyRoom>,
  people: Sides<ShownPerson>,
  emoji: Sides<EmojiItem> = new Map(),
  presences: Sides<PersonPresence> = new Map(),
  threads: Sides<MyThread> = new Map(),
): Single[] {
  return [
    ...[...rooms.values()].flatMap((both) => ofRoom(...both)),
    ...[...people].flatMap(([account, both]) => ofPerson(account, ...both)),
    ...[...threads.values()].flatMap((both) => ofThread(...both)),
    ...[...emoji].flatMap(([name, both]) => ofEmoji(name, ...both)),
    ...[...presences].flatMap(([account, both]) => ofPresence(account, ...both)),
  ];
}

export const isHidden = ({ head, hidden }: MyRoom): boolean => head > 0 && head <= hidden;

/** What happened to a room. */
export function ofRoom(before: MyRoom | undefined, room: MyRoom | undefined): Single[] {
  if (isSame(before, room)) return [];
  if (!before) return room ? [{ change: "room_joined", room }] : [];
  if (!room) return [{ change: "room_left", room: before }];
  const { head, nth, unread, mentions, read, read_nth, marked } = room;
  const counted = { ...before, head, nth, unread, mentions };
  if (head !== before.head && isSame(counted, room)) return [{ change: "room_moved", room, before }];
  if (isSame({ ...counted, read, read_nth, marked }, room)) return [{ change: "room_read", room, before }];
  return [{ change: isHidden(room) && !isHidden(before) ? "room_hidden" : "room_updated", room, before }];
}

/** What happened to a thread that is followed. */
export function ofThread(before: MyThread | undefined, thread: MyThread | undefined): Single[] {
  if (isSame(before, thread)) return [];
  if (!before) return thread ? [{ change: "thread_added", thread }] : [];
  if (!thread) return [{ change: "thread_dropped", thread: before }];
  return [{ change: thread.head === before.head ? "thread_read" : "thread_moved", thread, before }];
}

export function ofPerson(account: string, before: ShownPerson | undefined, person: ShownPerson | undefined): Single[] {
  if (isSame(before, person)) return [];
  if (!before) return person ? [{ change: "person_came", account, person }] : [];
  return [person ? { change: "person_updated", account, person, before } : { change: "person_gone", account, person: before }];
}

export function ofPresence(account: string, before: PersonPresence | undefined, presence: PersonPresence | undefined): Single[] {
  if (isSame(before, presence)) return [];
  return [{ change: "presence_updated", account, presence: presence ?? null, before: before ?? null }];
}

export function ofEmoji(name: string, before: EmojiItem | undefined, emoji: EmojiItem | undefined): Single[] {
  if (isSame(before, emoji)) return [];
  return [{ change: "emoji_updated", name, emoji: emoji ?? null, before: before ?? null }];
}

/** What changes amount to, at most one for each room, thread, person, emoji and draft. */
export function summary(changes: MyChange[]): Single[] {
  const rooms: Sides<MyRoom> = new Map();
  const people: Sides<ShownPerson> = new Map();
  const presences: Sides<PersonPresence> = new Map();
  const emoji: Sides<EmojiItem> = new Map();
  const threads: Sides<MyThread> = new Map();
  const drafts = new Map<string, DraftUpdated>();
  for (const change of changes.flatMap((each) => (each.change === "refreshed" ? each.changes : each))) {
    if ("room" in change) note(rooms, change.room.room, change.room, change);
    else if ("thread" in change) note(threads, change.thread.thread, change.thread, change);
    else if ("person" in change) note(people, change.account, change.person, change);
    else if ("emoji" in change) note(emoji, change.name, change.emoji ?? undefined, { ...change, before: change.before ?? undefined });
    else if ("where" in change) drafts.set(change.where, change);
    else note(presences, change.account, change.presence ?? undefined, { ...change, before: change.before ?? undefined });
  }
  return [...told(rooms, people, emoji, presences, threads), ...drafts.values()];
}

/** Note another change: what was before the first one stays. */
function note<T>(sides: Sides<T>, key: string, now: T | undefined, { change, before }: { change: string; before?: T | undefined }): void {
  const isEnd = /left|gone|dropped/.test(change);
  const isBegin = /joined|came|added/.test(change);
  const was = isEnd ? now : isBegin ? undefined : before;
  sides.set(key, [sides.has(key) ? sides.get(key)?.[0] : was, isEnd ? undefined : now]);
}

/** Changes for one reader. At most `most` wait; beyond that, they become one. */
export class Changes extends Feed<MyChange> {
  readonly #most: number;

  constructor(most: number, left: (feed: Feed<MyChange>) => void) {
    super(Infinity, left);
    this.#most = most;
  }

  override put(change: MyChange): void {
    super.put(change);
    if (this.items.size <= this.#most) return;
    const changes = summary([...this.items.values()]);
    this.items.clear();
    if (changes.length) super.put({ change: "refreshed", changes });
  }
}
