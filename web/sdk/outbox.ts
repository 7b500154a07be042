// What was written and is not yet in the log, in order.

export interface Entry {
  room: string;
  text: string;
  reply_to?: number | undefined;
  /** The last event that its author had read. */
  read?: number | undefined;
  client_message_id: string;
  at: string;
  /** Why it won't be sent again, unless someone asks for that. */
  failed?: string;
  /** Its number, once it was sent on this connection. */
  seq?: number;
}

/** Where an outbox outlives its client. Neither method throws. */
export interface Kept {
  read(): Entry[];
  write(entries: readonly Entry[]): void;
}

export class Outbox {
  entries: Entry[];
  readonly #kept: Kept | undefined;

  /** Without `kept`, the entries are only in memory. */
  constructor(kept?: Kept) {
    this.#kept = kept;
    this.entries = kept?.read() ?? [];
  }

  add(...entries: Entry[]): void {
    this.entries.push(...entries);
    this.save();
  }

  /** The first that is neither sent nor refused. */
  next(): Entry | undefined {
    return this.entries.find((entry) => !entry.failed && !entry.seq);
  }

  find(id: string): Entry | undefined {
    return this.entries.find((entry) => entry.client_message_id === id);
  }

  remove(id: string): boolean {
    if (!this.find(id)) return false;
    this.entries = this.entries.filter((entry) => entry.client_message_id !== id);
    this.save();
    return true;
  }

  save(): void {
    this.#kept?.write(this.entries);
  }
}

/** A random id that nobody can guess. (crypto.randomUUID is only there on secure origins.) */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
