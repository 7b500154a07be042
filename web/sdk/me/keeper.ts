// Keeps what is known of an account's rooms and of people in step, by following logs and heads: asks for everything once, then follows the
// own log, the directory, and the heads of rooms that are not followed in full. What a head alone doesn't tell is asked for again.

import type { MyThreadsPage } from "../answers.ts";
import { Refused } from "../errors.ts";
import { type Exchange, pause, sleep } from "../exchange.ts";
import type { Reading } from "../reading.ts";
import type { Rooms, Watcher } from "../rooms.ts";
import type { AnyEvent, MyThread, PersonPresence, RoomHead, Started } from "../wire.ts";
import { Changes, type MyChange } from "./changes.ts";
import { Mine } from "./mine.ts";
import { Sight } from "./sight.ts";

const DIRECTORY = "@directory";
const MOST_THREADS = 500; // of those that an account follows whose heads the server tells
const LOOK_AGAIN = 30_000; // milliseconds, for replies in others
const PAUSE = 500; // milliseconds between two readings of rows, however fast rooms change

export class Keeper implements Watcher {
  readonly mine: Mine;
  readonly sight: Sight;
  readonly #exchange: Exchange;
  readonly #rooms: Rooms;
  readonly #most: number;
  readonly #feeds = new Set<Changes>();
  readonly #logs = new Map<string, Reading>(); // the own log and the directory
  #epoch: string;
  #watched = new Set<string>(); // the rooms whose heads, or events, the server tells
  #mustBeginAgain = false;
  #isReading = false;
  #looksAgain = false; // for replies in threads that are not told
  #lookedUpto: [string, string] = ["", ""]; // the times of the newest replies, at the last two readings
  #timer: ReturnType<typeof setTimeout> | undefined;
  #end: { error: Error | undefined } | undefined;

  constructor(exchange: Exchange, rooms: Rooms, most: number, started: Started) {
    this.#exchange = exchange;
    this.#rooms = rooms;
    this.#most = most;
    this.#epoch = started.epoch;
    this.mine = new Mine(started);
    this.sight = new Sight(exchange, (changes) => this.#tell(changes));
    rooms.watcher = this;
    this.#attach(positionsOf(started));
    this.#told([]);
  }

  get seq(): number {
    return this.#logs.get(this.mine.account)?.view.seq ?? 0;
  }

  /** The changes from now on. */
  changes(): Changes {
    const feed = new Changes(this.#most, () => this.#feeds.delete(feed));
    if (this.#end) feed.end(this.#end.error);
    this.#feeds.add(feed);
    return feed;
  }

  heads(): Record<string, number> {
    return Object.fromEntries([...this.mine.heads].filter(([room]) => !this.#rooms.get(room)));
  }

  moved(heads: Record<string, RoomHead>): void {
    this.#told(this.mine.moved(heads));
  }

  heard(event: AnyEvent): void {
    if (!this.#logs.has(event.room)) this.#learned(this.mine.ofRoom(event));
  }

  atLeast(room: string, head: number): void {
    this.mine.atLeast(room, head);
    this.#told([]);
  }

  closed(room: string): void {
    this.#watched.delete(room); // be told its head again
    this.#told([]);
  }

  presence(people: Record<string, PersonPresence | null>): void {
    this.sight.hear(people);
  }

  linked(): void {
    this.sight.linked();
  }

  end(error: Error | undefined): void {
    this.#end = { error };
    clearTimeout(this.#timer);
    for (const feed of this.#feeds) feed.end(error);
  }

  #attach(positions: Record<string, number>): void {
    for (const reading of this.#rooms.followAll(positions, {}, this.#epoch)) {
      this.#logs.set(reading.room, reading);
      this.#fold(reading);
    }
  }

  /** Fold the events of a log in, until it ends. */
  async #fold(log: Reading): Promise<void> {
    try {
      for (let item = await log.take(); item; item = await log.take()) {
        if (!("event" in item)) this.#mustBeginAgain ||= item.marker === "reset";
        else if (item.event === "role_changed")
          this.#mustBeginAgain = true; // it may follow the directory now
        else this.#told(log.room === DIRECTORY ? this.mine.ofDirectory(item) : this.mine.ofOwn(item));
        if (this.#mustBeginAgain) this.#told([]);
      }
    } catch (error) {
      if (!(error instanceof Refused)) return; // the client ends
      this.#logs.delete(log.room); // as the directory does, if the account is a guest's now
      this.#mustBeginAgain = true;
      this.#told([]);
    }
  }

  /** Tell changes, and be told the heads of rooms that are new. */
  #told(changes: MyChange[]): void {
    const fresh = [...this.mine.heads].filter(([room]) => !this.#watched.has(room));
    this.#watched = new Set(this.mine.heads.keys());
    for (const [room] of fresh) this.mine.atLeast(room, this.#rooms.get(room)?.since ?? 0);
    const heads = fresh.filter(([room]) => !this.#rooms.get(room));
    if (heads.length) this.#rooms.followAll({}, Object.fromEntries(heads), this.#epoch);
    this.#learned(changes);
  }

  /** Tell changes by which there are no other rooms, and see to what must be read again. */
  #learned(changes: MyChange[]): void {
    this.#tell(changes);
    if (this.#owes && !this.#isReading) this.#read();
  }

  #tell(changes: MyChange[]): void {
    for (const change of changes) for (const feed of this.#feeds) feed.put(change);
  }

  get #owes(): boolean {
    return this.#mustBeginAgain || this.#looksAgain || this.mine.owed.size > 0 || this.mine.missesPeople || this.mine.threads.owes;
  }

  /** Read what is owed again, until nothing is. */
  async #read(): Promise<void> {
    this.#isReading = true;
    for (let tries = 0; this.#owes && !this.#end; ) {
      try {
        await this.#ask();
        tries = 0;
      } catch (error) {
        if (!(error instanceof Refused)) return; // the client ends
        if (!error.temporary) return this.end(error);
        await sleep(pause(error, tries++));
      }
      await sleep(PAUSE);
    }
    this.#isReading = false;
  }

  async #ask(): Promise<void> {
    if (this.#mustBeginAgain || this.mine.owed.size || this.mine.missesPeople) await this.#askForRooms();
    if (this.mine.threads.owes) await this.#askForThreads();
    else if (this.#looksAgain) await this.#askForMoved();
  }

  /** Read the list of threads, the first page last: whatever moves meanwhile is there. */
  async #askForThreads(): Promise<void> {
    const { threads } = this.mine;
    const { version } = threads;
    const rows = new Map<string, MyThread>();
    const take = (page: MyThreadsPage) => {
      for (const row of page.threads) rows.set(row.thread, row);
    };
    let page = await this.#page();
    const first = page;
    while (page.next && rows.size < MOST_THREADS) {
      take(page);
      page = await this.#page(page.next);
    }
    take(page);
    if (page !== first) take(await this.#page());
    this.#looksAgain = false;
    this.#lookedUpto = [newestOf(first), newestOf(first)];
    this.#told(threads.readAgain(version, rows.values(), !page.more));
    if (threads.hasOthers) this.#timer ??= setTimeout(() => this.#lookAgain(), LOOK_AGAIN);
  }

  /** Read the list of threads down to replies that are older than the last reading but one: clocks of nodes differ. */
  async #askForMoved(): Promise<void> {
    const { threads } = this.mine;
    const { version } = threads;
    const [upto, newest] = this.#lookedUpto;
    const first = await this.#page();
    const rows = [...first.threads];
    for (let page = first; page.next && page.next >= upto; ) {
      page = await this.#page(page.next);
      rows.push(...page.threads);
    }
    if (version !== threads.version) return;
    this.#looksAgain = false;
    this.#lookedUpto = [newest, newestOf(first)];
    this.#told(threads.readAgain(version, rows, false));
  }

  /** Ask for everything or, if only rows are owed, without the people. */
  async #askForRooms(): Promise<void> {
    const emoji = this.mine.emojiVersion;
    if (this.#mustBeginAgain || this.mine.missesPeople) {
      await this.#exchange.ask<Started>({ do: "start", emoji }, (started) => this.#replace(started));
      return;
    }
    const directory = this.#logs.get(DIRECTORY)?.position.seq;
    await this.#exchange.ask<Started>({ do: "start", directory, epoch: this.#epoch, emoji }, (started) => this.#take(started));
  }

  /** One page of the list of threads. An older server has none. */
  async #page(before?: string): Promise<MyThreadsPage> {
    try {
      return await this.#exchange.ask<MyThreadsPage>({ do: "list_my_threads", before });
    } catch (error) {
      if (error instanceof Refused && !error.temporary) return { threads: [], more: false };
      throw error;
    }
  }

  /** Now and then, see to replies in threads whose heads the server doesn't tell. */
  #lookAgain(): void {
    this.#timer = undefined;
    this.#looksAgain = this.mine.threads.hasOthers && !this.#end;
    if (this.#looksAgain) this.#timer = setTimeout(() => this.#lookAgain(), LOOK_AGAIN);
    if (this.#looksAgain) this.#told([]);
  }

  /** Take everything from an answer, unless events have been told that it may not know of. */
  #replace(started: Started): void {
    const positions = positionsOf(started);
    for (const { room, position } of this.#logs.values())
      if (position.epoch === started.epoch && position.seq > (positions[room] ?? position.seq)) return;
    this.#mustBeginAgain = false;
    this.#epoch = started.epoch;
    this.#watched.clear();
    for (const room of this.#logs.keys()) delete positions[room];
    this.#attach(positions);
    this.#told(this.mine.beginAgain(started));
  }

  /** Take the rows that are owed; and the emoji, unless the directory has told more than the answer knows of. */
  #take(started: Started): void {
    const { emoji: _, ...others } = started;
    const isOld = (this.#logs.get(DIRECTORY)?.position.seq ?? 0) > (started.directory ?? Infinity);
    if (started.epoch !== this.#epoch || (started.directory === null) === this.#logs.has(DIRECTORY)) this.#mustBeginAgain = true;
    else this.#told(this.mine.readAgain(isOld ? others : started));
  }
}

/** The positions to follow the own log and the directory from. */
function positionsOf({ account, own, directory }: Started): Record<string, number> {
  return { [account]: own, ...(directory !== null && { [DIRECTORY]: directory }) };
}

/** The time of the newest reply on the first page, or at least of where the page ends. */
const newestOf = ({ threads, next = "" }: MyThreadsPage): string => threads[0]?.at ?? next;
