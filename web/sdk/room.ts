// A room that is followed: its events, its state as of the last event taken, and the commands in it.

import type { EditsPage, HistoryPage, MessageSource, OneMessage, PinsPage, ThreadsPage } from "./answers.ts";
import type { Client } from "./connect.ts";
import { type Reset, ResetError } from "./errors.ts";
import type { Acknowledgement, Exchange } from "./exchange.ts";
import type { UploadedFile } from "./files/files.ts";
import type { Position, Reading, ResumedMarker } from "./reading.ts";
import type { Rooms } from "./rooms.ts";
import type { AnyEvent, AnySignal, Author, ChangeRoom, Members, Message, Post, ThreadInRoom, Value } from "./wire.ts";

/** What may be said with a post. */
export type PostOptions = Pick<
  Post,
  "reply_to" | "client_message_id" | "also_in_room" | "title" | "read" | "mentions" | "calls" | "of" | "alts"
> & {
  /** Up to ten files that you uploaded, or their keys. */
  files?: readonly (UploadedFile | string)[];
};
export type Paging<At> = { before?: At; limit?: number };
type Settings = Omit<ChangeRoom, "do" | "id" | "room" | "client_message_id">;

/**
 * `messages`, `state`, `pins` and `position` are as of the last event that the loop took, so that they always agree with
 * what it has seen. `members`, `live`, `receipts` and `threads` are current.
 */
export class Room implements AsyncIterable<AnyEvent> {
  readonly #reading: Reading;
  readonly #client: Client;
  readonly #exchange: Exchange;
  readonly #rooms: Rooms;

  constructor(reading: Reading, client: Client, exchange: Exchange, rooms: Rooms) {
    this.#reading = reading;
    this.#client = client;
    this.#exchange = exchange;
    this.#rooms = rooms;
  }

  get name(): string {
    return this.#reading.room;
  }

  /** What accounts are called that the snapshot shows, by their keys. */
  get people(): Readonly<Record<string, Author>> {
    return this.#reading.people;
  }

  /** The position after the last event taken: pass it to `follow` to continue from there. */
  get position(): Position {
    return this.#reading.position;
  }

  /** The newest messages as they are now, oldest first, at most 500. */
  get messages(): Message[] {
    return [...this.bySeq.values()];
  }

  /** The same by their seqs: a map that the room goes on with, until a snapshot brings another. */
  get bySeq(): ReadonlyMap<number, Message> {
    return this.#reading.view.messages;
  }

  /** The state document. In a room that began with a position, only what was patched since. */
  get state(): unknown {
    return this.#reading.view.state;
  }

  /** The seq of the last patch of the state document. */
  get state_seq(): number {
    return this.#reading.view.state_seq;
  }

  /** The seqs of the pinned messages, in the order of pinning. */
  get pins(): readonly number[] {
    return this.#reading.view.pins;
  }

  get members(): Members {
    return this.#reading.live.members;
  }

  /** The live values that have not expired. */
  get live(): Value[] {
    return this.#reading.live.values;
  }

  /** How far members have read, by the keys of their accounts. */
  get receipts(): ReadonlyMap<string, number> {
    return this.#reading.live.receipts;
  }

  /** The threads of messages by their seqs: those of the snapshot, and what has changed since. */
  get threads(): ReadonlyMap<number, ThreadInRoom> {
    return this.#reading.live.threads;
  }

  /** The events, in order, each once, across reconnects. If some are missing, it throws a `ResetError`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<AnyEvent> {
    return this.stream();
  }

  /** The same; with `markers`, it also yields what happened to the stream itself, and a `Reset` is no error. */
  stream(options?: { markers?: false }): AsyncIterableIterator<AnyEvent>;
  stream(options: { markers: true }): AsyncIterableIterator<AnyEvent | ResumedMarker | Reset>;
  stream({ markers = false } = {}): AsyncIterableIterator<never> {
    const next = async (): Promise<IteratorResult<never, undefined>> => {
      for (;;) {
        const item = await this.#reading.take();
        if (!item) return { done: true, value: undefined };
        if (markers || "event" in item) return { done: false, value: item as never };
        if (item.marker === "reset") throw new ResetError(item);
      }
    };
    const stream = { next, return: async () => ({ done: true, value: undefined }) as const, [Symbol.asyncIterator]: () => stream };
    return stream;
  }

  /** The signals from now on. A slow reader gets only the newest of each kind, author and key, but what says who came and went. */
  signals(): AsyncIterableIterator<AnySignal> {
    return this.#reading.signals();
  }

  /** Post a message. Resolves once it is stored, however many reconnects that takes; until then it is in the client's `outbox`. */
  post(message: string | Uint8Array, options?: PostOptions): Promise<Acknowledgement> {
    return this.#client.post(this.name, message, options);
  }

  /** Refer to message `seq` of another room, which you must be able to read. */
  forward(room: string, seq: number, text = "", options?: PostOptions): Promise<Acknowledgement> {
    return this.post(text, { ...options, of: { room, message: seq } });
  }

  /** Replace the text of message `seq`, and the alt texts of some of its files, by their keys. */
  edit(seq: number, text: string, options?: { alts?: Record<string, string> }): Promise<Acknowledgement | null> {
    return this.#change("edit", { seq, text, ...options });
  }

  delete(seq: number): Promise<Acknowledgement | null> {
    return this.#change("delete", { seq });
  }

  react(seq: number, emoji: string): Promise<Acknowledgement | null> {
    return this.#change("react", { seq, emoji });
  }

  unreact(seq: number, emoji: string): Promise<Acknowledgement | null> {
    return this.#change("unreact", { seq, emoji });
  }

  /** Remove the preview of a link from message `seq`, for good. */
  removePreview(seq: number, url: string): Promise<Acknowledgement | null> {
    return this.#change("remove_preview", { seq, url });
  }

  /** Merge a patch (RFC 7396) into the state document, unless it was patched after `if_seq`. */
  patch(patch: unknown, options?: { if_seq?: number }): Promise<Acknowledgement | null> {
    return this.#change("patch", { patch, ...options });
  }

  pin(seq: number): Promise<Acknowledgement | null> {
    return this.#change("pin", { seq });
  }

  unpin(seq: number): Promise<Acknowledgement | null> {
    return this.#change("unpin", { seq });
  }

  /** Set a live value, for `ttl` seconds: the newest value wins, `null` removes it. */
  async signal(key: string, value: unknown, { ttl = 60 } = {}): Promise<void> {
    await this.#ask("signal", { key, value, ttl });
  }

  /** Tell the others that you are typing, if there is a connection. */
  typing(): void {
    this.#exchange.tell({ do: "signal", room: this.name, signal: "typing" });
  }

  history(options?: { before?: number; after?: number; limit?: number }): Promise<HistoryPage> {
    return this.#ask("history", options);
  }

  /** Whether there are messages before the oldest of `messages`. */
  get more(): boolean {
    return this.#reading.view.more;
  }

  /** Get older messages, which are in `messages` from then on. Returns whether there are `more`. */
  async older(limit = 50): Promise<boolean> {
    await this.#reading.older((before) => this.history({ before, limit }));
    return this.more;
  }

  /** Keep only the newest messages in memory: so many. */
  trim(count: number): void {
    this.#reading.trim(count);
  }

  /** Message `seq` as it is now, and up to `around` messages before and after it. */
  message(seq: number, options?: { around?: number }): Promise<OneMessage> {
    return this.#ask("get_message", { seq, ...options });
  }

  /** All that message `seq` said, oldest first. */
  edits(seq: number, options?: { after?: number; limit?: number }): Promise<EditsPage> {
    return this.#ask("get_edits", { seq, ...options });
  }

  /** The message that message `seq` forwards. */
  source(seq: number): Promise<MessageSource> {
    return this.#ask("get_source", { seq });
  }

  pinned(options?: Paging<number>): Promise<PinsPage> {
    return this.#ask("list_pins", options);
  }

  listThreads(options?: Paging<string>): Promise<ThreadsPage> {
    return this.#ask("list_threads", options);
  }

  /** Follow the thread of message `seq`, which is like a room. */
  thread(seq: number): Promise<Room> {
    return this.#client.follow(`${this.name}:${seq}`);
  }

  endThread(): Promise<Acknowledgement | null> {
    return this.#change("end_thread");
  }

  reopenThread(): Promise<Acknowledgement | null> {
    return this.#change("reopen_thread");
  }

  invite(...who: string[]): Promise<Acknowledgement | null> {
    return this.#change("invite", { who });
  }

  remove(who: string): Promise<Acknowledgement | null> {
    return this.#change("remove", { who });
  }

  /** For some seconds, or else for ever. */
  ban(who: string, options?: { seconds?: number }): Promise<Acknowledgement | null> {
    return this.#change("ban", { who, ...options });
  }

  unban(who: string): Promise<Acknowledgement | null> {
    return this.#change("unban", { who });
  }

  mute(who: string, options?: { seconds?: number }): Promise<Acknowledgement | null> {
    return this.#change("mute", { who, ...options });
  }

  unmute(who: string): Promise<Acknowledgement | null> {
    return this.#change("unmute", { who });
  }

  appoint(who: string, role: "host" | "member"): Promise<Acknowledgement | null> {
    return this.#change("appoint", { who, role });
  }

  change(settings: Settings): Promise<Acknowledgement | null> {
    return this.#change("change", settings);
  }

  archive(): Promise<Acknowledgement | null> {
    return this.#change("archive");
  }

  restore(): Promise<Acknowledgement | null> {
    return this.#change("restore");
  }

  /** Follow the room no longer: the stream ends. */
  unfollow(): Promise<void> {
    return this.#rooms.unfollow("unfollow", this.#reading);
  }

  /** The same, and be no member any more. */
  leave(): Promise<void> {
    return this.#rooms.unfollow("leave", this.#reading);
  }

  #change(command: string, fields?: object): Promise<Acknowledgement | null> {
    return this.#exchange.change(command, { room: this.name, ...fields });
  }

  #ask<Ok>(command: string, fields?: object): Promise<Ok> {
    return this.#client.send<Ok>(command, { room: this.name, ...fields });
  }
}
