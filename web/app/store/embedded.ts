// A room by itself, in a page of another site: it uses nothing of what the messenger keeps, in memory or in the browser.

import { signal } from "@preact/signals";
import { type Client, Closed, connect, type Entry, type Room, type Status, type Token, whoOf, type wire } from "#sdk";

const MOST_SHOWN = 200; // messages, until somebody asks for older ones

/** Which room, of which server, and who asks: the holder of a token, or a guest with a name. */
export interface Asked {
  server: string;
  room: string;
  token?: Token | undefined;
  name?: string | undefined;
}

export class Embedded {
  /** Grows when something in the room is otherwise. */
  readonly version = signal(0);
  readonly status = signal<Status>({ state: "connecting", reason: "" });
  /** Why the room can't be read, or who asks is not let in. */
  readonly refused = signal("");
  readonly unsent = signal<readonly Entry[]>([]);
  readonly #client: Client;
  readonly #name: string;
  readonly #people = new Map<string, string>();
  #room: Room | undefined;

  constructor({ server, room, token, name }: Asked) {
    this.#client = connect(server, { token, name });
    this.#name = room;
    this.#watchStatus();
    this.#watchOutbox();
    this.#follow(room).catch((error: Error) => {
      if (!(error instanceof Closed && !error.reason)) this.refused.value = error.message;
    });
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

  isMine(message: wire.Message): boolean {
    const { welcome } = this.#client;
    return welcome !== undefined && whoOf(message) === (welcome.id ?? welcome.user);
  }

  /** What an author is called, as far as it is known. */
  nameOf(by: string): string | undefined {
    return by.startsWith("@p") ? (this.#people.get(by) ?? this.#room?.people[by]?.name) : by;
  }

  /** Send a message, also before the room is there; until it is stored it waits in `unsent`. */
  send(text: string): void {
    this.#client.post(this.#room?.name ?? this.#name, text).catch(() => {}); // the outbox says what became of it
  }

  discard(id: string): void {
    this.#client.outbox.discard(id);
  }

  retry(id: string): void {
    this.#client.outbox.retry(id);
  }

  typing(): void {
    this.#room?.typing();
  }

  async older(): Promise<void> {
    await this.#room?.older();
    this.version.value += 1;
  }

  close(): void {
    this.#client.close();
  }

  async #follow(name: string): Promise<void> {
    const room = await this.#client.follow(name);
    this.#room = room;
    this.version.value += 1;
    let isOld = false; // somebody has asked for older ones
    for await (const item of room.stream({ markers: true })) {
      if ("event" in item && item.event === "posted") this.#meet(room, item);
      isOld ||= room.messages.length > MOST_SHOWN + 50;
      if (!isOld) room.trim(MOST_SHOWN);
      this.version.value += 1;
    }
  }

  /** Ask who it is that wrote, if nobody has said so yet: a page of messages tells it. */
  async #meet(room: Room, { by, seq }: wire.AnyEvent): Promise<void> {
    if (this.nameOf(by) !== undefined) return;
    const page = await room.history({ before: seq + 1, limit: 1 }).catch(() => undefined);
    for (const [key, { name }] of Object.entries(page?.people ?? {})) this.#people.set(key, name);
    this.version.value += 1;
  }

  async #watchStatus(): Promise<void> {
    for await (const status of this.#client.statuses()) {
      this.status.value = status;
      if (status.state === "closed" && status.reason) this.refused.value = status.reason;
    }
  }

  async #watchOutbox(): Promise<void> {
    for await (const entries of this.#client.outbox.changes()) this.unsent.value = [...entries];
  }
}
