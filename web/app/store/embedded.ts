// A room by itself, in a page of another site: it uses nothing of what the messenger keeps, in memory or in the browser.

import { signal } from "@preact/signals";
import {
  type Acknowledgement,
  type Client,
  Closed,
  connect,
  type Entry,
  type PostOptions,
  type Room,
  reactedWith,
  type Status,
  type Token,
  whoOf,
  type wire,
} from "#sdk";
import type { Attachment } from "./attachments.ts";
import { EmbeddedEmoji } from "./embedded_emoji.ts";
import type { EmbeddedFiles } from "./embedded_files.ts";
import type { Getter } from "./file.ts";

const MOST_SHOWN = 200; // messages, unless somebody asks for older ones

/** Which room, of which server, and who asks: the holder of a token, or a guest with a name. */
export interface Asked {
  server: string;
  room: string;
  token?: Token | undefined;
  name?: string | undefined;
}

/** A message that is not yet in the log. `why` says why it was refused. */
export interface UnsentMessage {
  id: string;
  at: number;
  text: string;
  isStored: boolean;
  why: string | undefined;
  files: readonly Attachment[];
}

/** The log of the room, or of a thread in it. */
export class Log {
  /** Grows when something in it is otherwise. */
  readonly version = signal(0);
  /** Why it can't be read. */
  readonly lost = signal("");
  /** Why the last reaction was refused. */
  readonly refused = signal("");
  readonly client: Client;
  /** The name by which it was asked for. */
  readonly asked: string;
  #room: Room | undefined;
  #most = MOST_SHOWN;
  #isLeft = false;

  constructor(client: Client, asked: string) {
    this.client = client;
    this.asked = asked;
  }

  /** Its key; until it is there, the name by which it was asked for. */
  get name(): string {
    return this.#room?.name ?? this.asked;
  }

  get messages(): wire.Message[] {
    return this.#room?.messages ?? [];
  }

  get hasStarted(): boolean {
    return this.#room !== undefined;
  }

  get more(): boolean {
    return this.#room?.more ?? false;
  }

  /** Only messages of rooms that people made have threads. */
  get hasThreads(): boolean {
    return /^[@#][^:]*$/.test(this.name);
  }

  /** Whether one can attach files: they are for accounts, and for rooms that people made. */
  get takesFiles(): boolean {
    return /^[@#]/.test(this.name) && this.client.user.startsWith("@");
  }

  /** What is known of the thread about a message. */
  threadOf(seq: number): wire.ThreadInRoom | undefined {
    return this.#room?.threads.get(seq);
  }

  /** What somebody is called, if the log has said it. */
  nameOf(by: string): string | undefined {
    return this.#room?.people[by]?.name;
  }

  /** Whether an outbox's entry is to come here. */
  awaits({ post }: Entry): boolean {
    return post.room === this.name || post.room === this.asked;
  }

  /** Send a message, also before the log is there: until it is stored, it waits in the outbox, which says what became of it. */
  post(text: string, options?: PostOptions): Promise<Acknowledgement> {
    return this.client.post(this.name, text, options);
  }

  /** Put a reaction to a message, or take one's own away. */
  react(seq: number, emoji: string, on: boolean): void {
    this.refused.value = "";
    const done = on ? this.#room?.react(seq, emoji) : this.#room?.unreact(seq, emoji);
    done?.catch((error: Error) => {
      this.refused.value = error.message;
    });
  }

  typing(): void {
    this.#room?.typing();
  }

  async older(): Promise<void> {
    await this.#room?.older().catch(() => {}); // without a connection, one may ask again
    this.#most = Math.max(this.#most, this.messages.length); // so that they stay
    this.changed();
  }

  changed(): void {
    this.version.value += 1;
  }

  /** Follow it until it is left. `meet` is told of each new message. */
  async follow(meet: (room: Room, event: wire.AnyEvent) => void): Promise<void> {
    const room = await this.client.follow(this.asked);
    if (this.#isLeft) return this.#leave(room);
    this.#room = room;
    this.changed();
    this.#hear(room);
    for await (const item of room.stream({ markers: true })) {
      if ("event" in item && item.event === "posted") meet(room, item);
      room.trim(this.#most);
      this.changed();
    }
  }

  /** Follow it no longer. */
  leave(): void {
    this.#isLeft = true;
    if (this.#room) this.#leave(this.#room);
  }

  #leave(room: Room): void {
    room.unfollow().catch(() => {}); // if there is no connection, there is nothing to leave
  }

  /** How many replies there are, only signals say. */
  async #hear(room: Room): Promise<void> {
    for await (const { signal } of room.signals()) if (signal === "threads") this.changed();
  }
}

async function getImage(url: URL, token: string | undefined): Promise<Blob> {
  const answer = await fetch(url, { credentials: "omit", ...(token && { headers: { Authorization: `Bearer ${token}` } }) });
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.blob();
}

export class Embedded {
  readonly log: Log;
  /** The thread that is open, by the message that it is about. */
  readonly thread = signal<{ seq: number; log: Log } | undefined>(undefined);
  readonly status = signal<Status>({ state: "connecting", reason: "" });
  /** What is attached to messages here. It is made with the first file. */
  readonly files = signal<EmbeddedFiles | undefined>(undefined);
  readonly #outbox = signal<readonly Entry[]>([]);
  readonly #client: Client;
  readonly #people = new Map<string, string>();

  readonly emoji: EmbeddedEmoji;

  constructor({ server, room, token, name }: Asked) {
    let latest = typeof token === "function" ? undefined : token;
    const given = typeof token === "function" ? async () => (latest = await token()) : token;
    this.#client = connect(server, { token: given, name });
    this.emoji = new EmbeddedEmoji({
      list: () => this.#client.send("list_emoji"),
      get: (path) => getImage(new URL(path, server), latest),
    });
    this.log = new Log(this.#client, room);
    this.#watchStatus();
    this.#watchOutbox();
    this.#follow(this.log);
  }

  isMine(message: Pick<wire.Message, "by" | "id">): boolean {
    const { welcome } = this.#client;
    return welcome !== undefined && whoOf(message) === (welcome.id ?? welcome.user);
  }

  hasReacted(message: wire.Message, emoji: string): boolean {
    return reactedWith(message, emoji).some((author) => this.isMine(author));
  }

  /** What an author is called, as far as it is known. */
  nameOf(by: string): string | undefined {
    return by.startsWith("@p") ? (this.#people.get(by) ?? this.log.nameOf(by) ?? this.thread.peek()?.log.nameOf(by)) : by;
  }

  /** Get a file of a message: no cookie goes to another site's server. */
  readonly get: Getter = (file, side) => this.#client.download(file, { thumbnail: side });

  /** The messages for a log that wait or were refused, the oldest first. */
  unsentIn(log: Log): UnsentMessage[] {
    const held = this.files.value;
    const posted = this.#outbox.value.filter((entry) => log.awaits(entry));
    const waiting = held?.messages.value.filter((each) => each.log.asked === log.asked && !each.isPosted) ?? [];
    const files = (id: string) => held?.of(id) ?? [];
    return [
      ...posted.map(({ post: { client_message_id: id, text = "" }, at, state, error }) => {
        const why = state === "refused" ? (error?.message ?? "") : undefined;
        return { id, at, text, isStored: state === "stored", why, files: files(id) };
      }),
      ...waiting.map(({ id, at, text, why }) => {
        const failed = files(id).find(({ state }) => state === "failed");
        return { id, at, text, isStored: false, why: why ?? failed?.why, files: files(id) };
      }),
    ].sort((a, b) => a.at - b.at);
  }

  discard(id: string): void {
    this.#client.outbox.discard(id);
    this.files.peek()?.drop(id);
  }

  retry(id: string): void {
    this.#client.outbox.retry(id);
    this.files.peek()?.retry(id);
  }

  openThread(seq: number): void {
    this.closeThread();
    const log = new Log(this.#client, `${this.log.name}:${seq}`);
    this.thread.value = { seq, log };
    this.#follow(log);
  }

  closeThread(): void {
    this.thread.peek()?.log.leave();
    this.thread.value = undefined;
  }

  close(): void {
    this.#client.close();
  }

  #follow(log: Log): void {
    log
      .follow((room, event) => this.#meet(log, room, event))
      .catch((error: Error) => {
        if (!(error instanceof Closed && !error.reason)) log.lost.value = error.message;
      });
  }

  /** Ask who it is that wrote, if nobody has said so yet: a page of messages tells it. */
  async #meet(log: Log, room: Room, { by, seq }: wire.AnyEvent): Promise<void> {
    if (this.nameOf(by) !== undefined) return;
    const page = await room.history({ before: seq + 1, limit: 1 }).catch(() => undefined);
    for (const [key, { name }] of Object.entries(page?.people ?? {})) this.#people.set(key, name);
    log.changed();
  }

  async #watchStatus(): Promise<void> {
    for await (const status of this.#client.statuses()) {
      this.status.value = status;
      if (status.state === "closed" && status.reason) this.log.lost.value = status.reason;
    }
  }

  async #watchOutbox(): Promise<void> {
    for await (const entries of this.#client.outbox.changes()) this.#outbox.value = [...entries];
  }
}
