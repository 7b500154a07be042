// One room as its reader has taken it: the position that was received, what waits for the reader, and the state as of what was taken.
// After a new connection, a full queue or a gap the same follows: the room is followed again from the position that was received last.

import type { HistoryPage } from "./answers.ts";
import type { Reset } from "./errors.ts";
import { Feed } from "./feed.ts";
import { advance, prepend, type RoomView, roomViewOf, trim } from "./fold.ts";
import { Live } from "./live.ts";
import type { AnyEvent, AnySignal, Author, Resumed, Snapshot } from "./wire.ts";

const MOST_MESSAGES = 500;

/** A position in a room's log: after the event `seq` of the log of this epoch. */
export interface Position {
  epoch: string;
  seq: number;
}

/** After a reconnect: the events that were missed follow. */
export interface ResumedMarker {
  marker: "resumed";
  missed: number;
}

export type Item = AnyEvent | ResumedMarker | Reset;

/** Where to begin. Without `since`, with a snapshot. */
export interface From {
  since?: number | undefined;
  epoch?: string | undefined;
  /** A snapshot is better than more missed events than these. */
  max_missed?: number | undefined;
  /** What the room was like at `since`, for programs that keep that. */
  view?: RoomView | undefined;
}

export class Reading {
  room: string;
  /** The seq of the last event that was received. */
  since: number | undefined;
  epoch: string | undefined;
  /** Whether it was answered to, on this connection or an earlier one. */
  #hasBegun = false;
  /** Whether it is being followed again: events before the answer are old. */
  isJoining = false;
  /** Whether somebody has begun to read. */
  isRead = false;
  readonly live = new Live();
  view: RoomView;
  /** What accounts are called that the snapshots showed, by their keys. */
  readonly people: Record<string, Author> = {};
  readonly #max_missed: number | undefined;
  readonly #limit: number;
  readonly #taken: (reading: Reading) => void;
  readonly #signals = new Set<Feed<AnySignal>>();
  #viewEpoch = "";
  readonly #items: Item[] = [];
  #held: AnyEvent[] | undefined;
  #meanwhile: AnyEvent[] | undefined; // what was taken since a page was asked for
  #paging: Promise<void> | undefined;
  #most = MOST_MESSAGES;
  #isBehind = false;
  #wasCut = false;
  #isAwaited = false;
  #wake: (() => void) | undefined;
  #end: { error: Error | undefined } | undefined;

  /** At most `limit` events wait. `taken` is called after each that was taken, and when none is left. */
  constructor(
    room: string,
    { since, epoch, max_missed, view = roomViewOf(since ?? 0) }: From,
    limit: number,
    taken: (reading: Reading) => void,
  ) {
    this.room = room;
    this.since = since;
    this.epoch = epoch;
    this.#max_missed = max_missed;
    this.view = view;
    this.#limit = limit;
    this.#taken = taken;
  }

  get position(): Position {
    return { epoch: this.#viewEpoch, seq: this.view.seq };
  }

  /** Whether events were left out while nobody took any, and are to be had again now. */
  get mustCatchUp(): boolean {
    return this.#isBehind && !this.isJoining && !this.#items.length;
  }

  /** What resumes from here. From now on events are dropped until the answer brings them again. */
  follow(): From & { room: string } {
    this.isJoining = true;
    this.#held = undefined;
    const { room, since, epoch } = this;
    return { room, since, epoch, max_missed: this.#max_missed };
  }

  /** Whether `follow_all` resumes it. */
  canResume(epoch: string): boolean {
    return this.since !== undefined && this.epoch === epoch && this.#max_missed === undefined;
  }

  /** `follow_all` is under way: events may come before its answer. */
  hold(): void {
    this.isJoining = true;
    this.#held = [];
  }

  /** The connection was lost. */
  cut(): void {
    this.#wasCut = true;
    if (this.#held) this.#held = []; // the command is sent again, and brings the same events
  }

  /** Take in the answer to `follow`, before any later frame. */
  answered(answer: Snapshot | Resumed): void {
    const isSnapshot = answer.mode === "snapshot";
    if (isSnapshot) this.live.start(answer);
    if (!this.#hasBegun) this.#begin(isSnapshot ? answer : undefined, answer.epoch);
    if (!isSnapshot) {
      if (this.#wasCut || !this.#hasBegun) this.#mark({ marker: "resumed", missed: answer.missed });
    } else {
      if (this.#hasBegun || this.since !== undefined) this.#mark({ marker: "reset", snapshot: answer, truncated: answer.truncated });
      this.since = answer.head;
    }
    this.epoch = answer.epoch;
    this.#hasBegun = true;
    this.isJoining = this.#isBehind = this.#wasCut = false;
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.#isBehind = this.receive(event) || this.#isBehind;
    this.#stir();
  }

  /** Keep an event if it is the next one. Returns whether there is a gap. */
  receive(event: AnyEvent): boolean {
    if (this.#held && this.#held.length <= this.#limit) this.#held.push(event);
    if (this.isJoining || this.#isBehind || this.since === undefined || event.seq <= this.since) return false;
    if (event.seq > this.since + 1) return true;
    if (this.#items.length >= this.#limit) {
      this.#isBehind = true;
      return false;
    }
    this.#items.push(event);
    this.since = event.seq;
    this.#stir();
    return false;
  }

  hear(signal: AnySignal): void {
    this.live.fold(signal);
    for (const feed of this.#signals) feed.put(signal, keyOf(signal));
  }

  signals(): Feed<AnySignal> {
    const feed = new Feed<AnySignal>(1000, () => this.#signals.delete(feed));
    if (this.#end) feed.end();
    this.#signals.add(feed);
    return feed;
  }

  /** There will be no more. The reader first gets what is left. */
  end(error?: Error): void {
    this.#end ??= { error };
    for (const feed of this.#signals) feed.end();
    this.#stir();
  }

  /** Take the next item, folded into the state. Undefined: the room has ended. */
  async take(): Promise<Item | undefined> {
    if (this.#isAwaited) throw new Error("Already iterating over this room");
    this.#isAwaited = this.isRead = true;
    try {
      while (!this.#items.length) {
        this.#taken(this);
        if (this.#end?.error) throw this.#end.error;
        if (this.#end) return undefined;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.#isAwaited = false;
    }
    const item = this.#items.shift() as Item;
    if ("event" in item) {
      advance(this.view, item);
      this.#meanwhile?.push(item);
      this.#trim();
    } else if (item.marker === "reset") this.#begin(item.snapshot, item.snapshot.epoch);
    this.#taken(this);
    return item;
  }

  /** Put a page of older messages before those that are there, one page at a time. `ask` asks for those before a seq. */
  older(ask: (before: number) => Promise<HistoryPage>): Promise<void> {
    this.#paging ??= this.#older(ask).finally(() => {
      this.#paging = undefined;
    });
    return this.#paging;
  }

  async #older(ask: (before: number) => Promise<HistoryPage>): Promise<void> {
    const { view } = this;
    const [oldest = view.seq + 1] = view.messages.keys();
    const meanwhile: AnyEvent[] = [];
    this.#meanwhile = meanwhile;
    const threads = new Map(this.live.threads);
    try {
      const page = await ask(oldest);
      if (meanwhile !== this.#meanwhile) return; // a snapshot has taken its place
      prepend(view, page, meanwhile);
      Object.assign(this.people, page.people);
      this.live.learn(page.threads, threads);
      this.#most = Math.max(this.#most, view.messages.size);
    } finally {
      if (meanwhile === this.#meanwhile) this.#meanwhile = undefined;
    }
  }

  /** Keep so many messages from now on. */
  trim(count: number): void {
    this.#most = count;
    this.#trim();
  }

  /** While a page is on its way, what it is to be put before stays. */
  #trim(): void {
    if (!this.#meanwhile) trim(this.view, this.#most);
  }

  /** Begin at a snapshot, or where the reader said. */
  #begin(snapshot: Snapshot | undefined, epoch: string): void {
    this.#most = MOST_MESSAGES;
    this.#meanwhile = undefined;
    this.#viewEpoch = epoch;
    if (!snapshot) return;
    this.view = roomViewOf(snapshot);
    Object.assign(this.people, snapshot.people);
  }

  /** A marker takes the place of those directly before it, so that the queue stays bounded. */
  #mark(marker: ResumedMarker | Reset): void {
    for (let last = this.#items.at(-1); last && !("event" in last); last = this.#items.at(-1)) {
      if (marker.marker === "resumed" && last.marker === "reset") break;
      this.#items.pop();
    }
    this.#items.push(marker);
  }

  #stir(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** A newer signal takes the place of an older one with the same key. */
function keyOf(signal: AnySignal): unknown {
  if (signal.signal === "presence" || signal.signal === "threads") return Symbol(); // they say what changed: each counts
  return JSON.stringify([signal.signal, "id" in signal ? signal.id : signal.by, "key" in signal && signal.key]);
}
