// What an account knows of its rooms and of people, folded from `start`, events, and notices of how far rooms have come.
// Knows no connection. Each method returns what it changed.

import type { AnyEvent, EmojiItem, Mentioned, RoomHead, MyRoom as Sent, ShownPerson as ShownPersonSent, Started } from "../wire.ts";
import { type MyChange, type MyRoom, ofEmoji, ofPerson, ofRoom, type ShownPerson, type Single, sides, told } from "./changes.ts";
import { after, further, given, OF_MESSAGES, recounts } from "./counting.ts";
import { FollowedThreads } from "./threads.ts";

const USUAL = {
  ...{ title: "", alias: "", avatar: "", people: [] as string[], hidden: 0, archived_at: "", read: 0, read_nth: 0, unread: 0, mentions: 0 },
  ...{ marked: false, level: "", muted_until: 0, starred: false },
};
const USUAL_PERSON = { role: "member", kind: "person", status: "active", status_text: "", time_zone: "", avatar: "" };
const GONE = { ...USUAL_PERSON, handle: "", name: "Removed account", role: "guest", status: "removed" };

const rowOf = (sent: Sent): MyRoom => ({ ...USUAL, ...sent });
export const personOf = (sent: ShownPersonSent): ShownPerson => ({ ...USUAL_PERSON, ...sent });

/** The rows of an answer by their keys. */
const rowsOf = ({ rooms }: Started) => new Map(rooms.map((sent) => [sent.room, rowOf(sent)]));
const peopleOf = ({ people }: Started) => new Map(Object.entries(people ?? {}).map(([key, sent]) => [key, personOf(sent)]));

export class Mine {
  readonly account: string;
  readonly rooms: Map<string, MyRoom>;
  readonly people: Map<string, ShownPerson>;
  readonly emoji = new Map<string, EmojiItem>();
  readonly preferences = new Map<string, unknown>();
  readonly blocked = new Set<string>();
  readonly threads = new FollowedThreads();
  emojiVersion: string | undefined; // of the list, until an event changes it
  /** The rooms whose rows must be read again, each with the least `own` and `head` that an answer must have to say what is so. */
  readonly owed = new Map<string, { own: number; head: number }>();
  missesPeople = false; // the directory speaks of someone who was never told
  #me: ShownPerson;

  constructor(started: Started) {
    this.account = started.account;
    this.rooms = rowsOf(started);
    this.people = peopleOf(started);
    this.#me = personOf(started.me);
    this.#learn(started, true);
  }

  get person(): ShownPerson {
    return this.people.get(this.account) ?? this.#me;
  }

  /** Take everything from a new answer, in place of what was known. */
  beginAgain(started: Started): MyChange[] {
    const rooms = sides(this.rooms, rowsOf(started));
    const people = sides(this.people, peopleOf(started));
    replace(this.rooms, rowsOf(started));
    replace(this.people, peopleOf(started));
    this.owed.clear();
    this.missesPeople = false;
    this.threads.beginAgain();
    const changes = [...told(rooms, people), ...this.#learn(started, true)];
    return changes.length ? [{ change: "refreshed", changes }] : [];
  }

  /** Take the rows that are owed from an answer, unless it is too old. For a guest, also the people. */
  readAgain(started: Started): Single[] {
    const rows = rowsOf(started);
    const changes: Single[] = [];
    for (const [room, { own, head }] of this.owed) {
      const row = rows.get(room);
      const known = this.rooms.get(room);
      if (started.own < own || (row && (row.head < head || (known && row.read < known.read)))) continue;
      this.owed.delete(room);
      if (row) changes.push(...this.#put(newest(row, known)));
    }
    if (started.directory === null && started.people) {
      const people = sides(this.people, peopleOf(started));
      replace(this.people, peopleOf(started));
      changes.push(...told(new Map(), people));
    }
    return [...changes, ...this.#learn(started, false)];
  }

  /** How far the rooms and the threads have come, by their keys. */
  get heads(): Map<string, number> {
    return new Map([...this.rooms, ...this.threads.rows].map(([key, { head }]) => [key, head]));
  }

  /** Fold an event of the own log in. */
  ofOwn(event: AnyEvent): Single[] {
    return [...this.#ofOwn(event), ...this.threads.ofOwn(event)];
  }

  #ofOwn(event: AnyEvent): Single[] {
    const room = ("where" in event && event.where) || "";
    const row = this.rooms.get(room);
    switch (event.event) {
      case "joined":
      case "invited":
        if (room) this.#owe(room, event.seq, 0);
        return row ? this.#put({ ...row, hidden: 0 }) : [];
      case "left":
        this.owed.delete(room);
        this.rooms.delete(room);
        return ofRoom(row, undefined);
      case "mentioned":
      case "unmentioned":
        if (row) this.#owe((event as Mentioned).where, event.seq, 0);
        return [];
      case "drafted":
        return event.erased ? [] : [{ change: "draft_updated", where: room, text: event.text ?? "", seq: event.seq }];
      case "preferred":
        if (event.value === null) this.preferences.delete(event.name);
        else this.preferences.set(event.name, event.value);
        return [];
      case "blocked":
      case "unblocked":
        if (event.event === "blocked") this.blocked.add(event.who);
        else this.blocked.delete(event.who);
        for (const each of this.rooms.values()) if (each.unread) this.#owe(each.room, event.seq, 0);
        for (const { unread } of this.threads.rows.values()) if (unread) this.threads.recount();
        return [];
      default:
        return row ? this.#put(this.#after(row, event)) : [];
    }
  }

  /** Fold an event of the directory in. */
  ofDirectory(event: AnyEvent): Single[] {
    if ("erased" in event && event.erased) return [];
    if (event.event === "emoji_added") {
      const { name, image, type, width, height, by } = event;
      return this.#putEmoji(name, { image, type, width, height, by });
    }
    if (event.event === "emoji_removed") {
      return this.#putEmoji(event.name, undefined);
    }
    if (event.event === "person_added") {
      const { account, handle = "", name = "", role = "member", kind = "person" } = event;
      return this.#putPerson(account ?? "", personOf({ handle, name, role, kind }));
    }
    if (event.event === "person_removed" || event.event === "person_changed") {
      const account = event.account ?? "";
      const known = this.people.get(account);
      if (known && event.event === "person_removed") return this.#putPerson(account, { ...GONE, kind: known.kind });
      if (known) return this.#putPerson(account, { ...known, ...given(event, Object.keys(known)) });
      this.missesPeople ||= event.event === "person_changed";
    }
    return [];
  }

  /** Take note of an event of a room that is followed in full. */
  ofRoom(event: AnyEvent): Single[] {
    const row = this.rooms.get(event.room);
    if (!row) return this.threads.ofThread(event);
    if (event.seq <= row.head) return [];
    const isNext = event.seq === row.head + 1;
    if (!isNext || !OF_MESSAGES.test(event.event) || recounts(row, event)) this.#owe(event.room, 0, event.seq);
    return isNext ? this.#put(further(row, event.seq, row.nth + Number(event.event === "posted")), event.by) : [];
  }

  /** Take note that a room has come so far, without knowing by which events. */
  atLeast(room: string, head: number): void {
    const row = this.rooms.get(room);
    if (row && head > row.head) this.#owe(room, 0, head);
    this.threads.atLeast(room, head);
  }

  /** Take note of how far rooms have come. What was not a message may have changed the row. */
  moved(heads: Record<string, RoomHead>): Single[] {
    const ofRooms = Object.entries(heads).flatMap(([room, { head, nth, recount = 0, by }]) => {
      const row = this.rooms.get(room);
      if (!row || head <= row.head) return [];
      if (head - row.head !== nth - row.nth || recount > row.head) this.#owe(room, 0, head);
      return this.#put(further(row, head, nth), by);
    });
    return [...ofRooms, ...this.threads.moved(heads)];
  }

  /** A row after an event of the own log about that room. */
  #after(row: MyRoom, event: AnyEvent): MyRoom {
    if (event.event === "hidden") return { ...row, hidden: event.upto };
    const [now, mustRecount] = after(row, event);
    if (mustRecount) this.#owe(row.room, event.seq, 0);
    return now;
  }

  /** What does not stand in rows. Only a whole answer has the settings and blocks. */
  #learn({ me, emoji, preferences, blocked }: Started, isWhole: boolean): Single[] {
    this.#me = personOf(me);
    if (isWhole) {
      replace(this.preferences, new Map(Object.entries(preferences ?? {})));
      this.blocked.clear();
      for (const who of blocked ?? []) this.blocked.add(who);
    }
    if (!emoji?.emoji) return [];
    const now = new Map(Object.entries(emoji.emoji));
    const changes = told(new Map(), new Map(), sides(this.emoji, now));
    replace(this.emoji, now);
    this.emojiVersion = emoji.version;
    return changes;
  }

  #owe(room: string, own: number, head: number): void {
    const before = this.owed.get(room);
    this.owed.set(room, { own: Math.max(own, before?.own ?? 0), head: Math.max(head, before?.head ?? 0) });
  }

  #put(row: MyRoom, by?: string): Single[] {
    const changes = ofRoom(this.rooms.get(row.room), row);
    this.rooms.set(row.room, row);
    return changes.map((change) => (change.change === "room_moved" ? { ...change, by } : change));
  }

  #putEmoji(name: string, emoji: EmojiItem | undefined): Single[] {
    const changes = ofEmoji(name, this.emoji.get(name), emoji);
    if (emoji) this.emoji.set(name, emoji);
    else this.emoji.delete(name);
    this.emojiVersion = undefined;
    return changes;
  }

  #putPerson(account: string, person: ShownPerson): Single[] {
    const changes = ofPerson(account, this.people.get(account), person);
    this.people.set(account, person);
    return changes;
  }
}

/** A row of an answer with the newest numbers, and with what the own log says. */
function newest(row: MyRoom, known: MyRoom | undefined): MyRoom {
  if (!known) return row;
  const { hidden, marked, level, muted_until, starred } = known;
  const said = { ...row, hidden, marked, level, muted_until, starred };
  return row.head >= known.head ? said : further(said, known.head, known.nth);
}

/** Change a map that others hold. */
function replace<T>(known: Map<string, T>, now: ReadonlyMap<string, T>): void {
  known.clear();
  for (const [key, value] of now) known.set(key, value);
}
