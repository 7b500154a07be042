// The outbox: what was written and is not yet in the log, in order. Each post has its id before it is sent, and keeps it until it is answered.

import { type Closed, Refused } from "./errors.ts";
import { type Acknowledgement, type Exchange, newId, pause, sleep } from "./exchange.ts";
import { Feed } from "./feed.ts";
import type { RoomView } from "./fold.ts";
import type { Post, Problem } from "./wire.ts";

const MOST = 1000;

/** A post, without the numbers of a command; or, with `do` and its own fields, another change that is to go out in order with posts. */
export type Posting = Omit<Post, "do" | "id" | "client_message_id"> & { client_message_id: string; do?: string };

/** What happened to a post so far. `unconfirmed`: it was sent, but the answer was lost; it is sent again with the same id. */
export type PostState = "waiting" | "sending" | "unconfirmed" | "refused" | "stored";

export interface Entry {
  readonly post: Posting;
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
  state: PostState;
  /** Why it was refused; of one that is tried again, why the last time. */
  error?: Problem | undefined;
  /** Its number in the log, once it is stored. It stays in the outbox until its room has come so far. */
  seq?: number | undefined;
}

/** Where an outbox outlives its client. If `put` fails, so does the post. */
export interface OutboxStorage {
  /** The entries, the oldest first. */
  load(): readonly Entry[] | Promise<readonly Entry[]>;
  /** Add an entry after the others, or change it. */
  put(entry: Entry): void | Promise<void>;
  delete(client_message_id: string): void | Promise<void>;
}

interface Waiter {
  answer: Promise<Acknowledgement>;
  resolve(ok: Acknowledgement): void;
  reject(error: Error): void;
}

export class Outbox {
  readonly #exchange: Exchange;
  readonly #storage: OutboxStorage | undefined;
  readonly #isShowing: (room: string, seq: number) => boolean;
  readonly #entries = new Map<string, Entry>();
  readonly #waiters = new Map<string, Waiter>();
  readonly #busy = new Set<string>();
  readonly #feeds = new Set<Feed<readonly Entry[]>>();
  readonly #loaded: Promise<unknown>;
  #closed: Closed | undefined;

  /** `isShowing`: whether a room is being read, and has not yet come as far as `seq`. */
  constructor(exchange: Exchange, storage: OutboxStorage | undefined, isShowing: (room: string, seq: number) => boolean) {
    this.#exchange = exchange;
    this.#storage = storage;
    this.#isShowing = isShowing;
    this.#loaded = this.#load();
    this.#loaded.catch(() => {}); // each post tells
  }

  /** What is not yet in the log, or was refused; the oldest first. */
  get entries(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  /** The entries now and after each change, for `for await`. A slow reader gets only the newest. */
  changes(): AsyncIterableIterator<readonly Entry[]> {
    const feed = new Feed<readonly Entry[]>(1, () => this.#feeds.delete(feed));
    feed.put(this.entries);
    if (this.#closed) feed.end();
    this.#feeds.add(feed);
    return feed;
  }

  /** Try again what was refused. */
  retry(client_message_id: string): void {
    const entry = this.#entries.get(client_message_id);
    if (entry?.state !== "refused") return;
    this.#set(entry, { state: "waiting", error: undefined });
    this.#save(entry);
    this.#send(entry.post.room);
  }

  /** Never send it, or not again; if it was sent, it may have been stored. */
  discard(client_message_id: string): void {
    this.#fail(client_message_id, new Error("Discarded"));
    this.#remove(client_message_id);
  }

  /** Write a post down, and send it when it is its turn. Resolves once it is stored. */
  async post(given: Omit<Posting, "client_message_id"> & { client_message_id?: string | undefined }): Promise<Acknowledgement> {
    const post = { ...given, client_message_id: given.client_message_id ?? newId() };
    const id = post.client_message_id;
    await this.#loaded;
    if (this.#closed) throw this.#closed;
    if (this.#entries.size >= MOST && !this.#entries.has(id))
      throw new Refused({ code: "busy", message: "The outbox is full", temporary: true });
    const entry = this.#entries.get(id) ?? { post, at: Date.now(), state: "waiting" };
    this.#entries.set(id, entry);
    try {
      await this.#storage?.put(entry);
    } catch (error) {
      this.#remove(id);
      throw error;
    }
    const { answer } = this.#waiters.get(id) ?? this.#wait(id);
    if (entry.state === "refused") this.retry(id);
    this.#tell();
    this.#send(post.room);
    return answer;
  }

  linked(): void {
    for (const room of new Set(this.entries.map(({ post }) => post.room))) this.#send(room);
  }

  unlinked(): void {
    for (const entry of this.#entries.values()) if (entry.state === "sending") this.#set(entry, { state: "unconfirmed" });
  }

  /** There will be no other connection. The entries stay as they are. */
  end(closed: Closed): void {
    this.#closed = closed;
    for (const feed of this.#feeds) feed.end();
    setTimeout(() => {
      for (const id of this.#waiters.keys()) this.#fail(id, closed); // after those whose answer is lost
    });
  }

  /** The reader of a room has come so far: what is in the log there need not be shown twice. */
  reached(room: string, { seq, messages }: RoomView): void {
    const mine = this.entries.filter(({ post }) => post.room === room);
    if (!mine.length) return;
    const ids = new Set([...messages.values()].map(({ client_message_id }) => client_message_id));
    for (const { state, post, seq: stored = 0 } of mine)
      if ((state === "stored" && stored <= seq) || ids.has(post.client_message_id)) this.#remove(post.client_message_id);
  }

  #wait(id: string): Waiter {
    const waiter = {} as Waiter;
    waiter.answer = new Promise((resolve, reject) => Object.assign(waiter, { resolve, reject }));
    waiter.answer.catch(() => {}); // it may be asked for later
    this.#waiters.set(id, waiter);
    return waiter;
  }

  #fail(id: string, error: Error): void {
    this.#waiters.get(id)?.reject(error);
    this.#waiters.delete(id);
  }

  async #load(): Promise<void> {
    for (const entry of (await this.#storage?.load()) ?? []) {
      const state = entry.state === "refused" ? "refused" : "unconfirmed"; // who knows what was sent
      this.#entries.set(entry.post.client_message_id, { ...entry, state });
    }
    if (this.#exchange.isLinked) this.linked();
    this.#tell();
  }

  /** Send what a room waits for: one after the other, so that one that must wait doesn't come after those behind it. */
  async #send(room: string): Promise<void> {
    if (this.#busy.has(room)) return;
    this.#busy.add(room);
    for (let tries = 0; this.#exchange.isLinked; ) {
      const entry = this.entries.find(({ post, state }) => post.room === room && (state === "waiting" || state === "unconfirmed"));
      if (!entry) break;
      tries = (await this.#post(entry, tries)) ? 0 : tries + 1;
    }
    this.#busy.delete(room);
  }

  /** Send one. Returns whether it is decided; otherwise it is tried again. */
  async #post(entry: Entry, tries: number): Promise<boolean> {
    const { client_message_id: id, room } = entry.post;
    this.#set(entry, { state: "sending" });
    try {
      const ok = await this.#exchange.once<Acknowledgement>({ do: "post", ...entry.post }, (answer) => this.#stored(entry, answer));
      this.#waiters.get(id)?.resolve(ok);
    } catch (error) {
      if (!(error instanceof Refused)) {
        this.#fail(id, error as Error); // the client was closed
        return true;
      }
      const { code, message, temporary, retry_after } = error;
      const state = temporary ? "waiting" : "refused";
      this.#set(entry, { state, error: { code, message, temporary, ...(retry_after && { retry_after }) } });
      if (temporary) {
        await sleep(pause(error, tries));
        return false;
      }
      this.#save(entry);
      this.#fail(id, error);
    }
    this.#waiters.delete(id);
    if (!this.#isShowing(room, entry.seq ?? 0) && entry.state === "stored") this.#remove(id);
    return true;
  }

  #stored(entry: Entry, { seq }: Acknowledgement): void {
    this.#set(entry, { state: "stored", seq, error: undefined });
    this.#forget(entry.post.client_message_id);
  }

  #set(entry: Entry, changed: Partial<Entry>): void {
    Object.assign(entry, changed);
    this.#tell();
  }

  #tell(): void {
    for (const feed of this.#feeds) feed.put(this.entries, "");
  }

  #remove(id: string): void {
    if (!this.#entries.delete(id)) return;
    this.#forget(id);
    this.#tell();
  }

  /** What fails here costs nothing: the entry is sent again with its id. */
  async #save(entry: Entry): Promise<void> {
    try {
      if (this.#entries.has(entry.post.client_message_id)) await this.#storage?.put(entry);
    } catch {}
  }

  async #forget(id: string): Promise<void> {
    try {
      await this.#storage?.delete(id);
    } catch {}
  }
}
