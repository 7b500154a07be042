// Commands in flight: sent in order, kept until they are answered, and sent again on the next connection if that is safe.

import { type Closed, Refused, Unknown } from "./errors.ts";
import type { Reply } from "./wire.ts";

const MOST_UNANSWERED = 100;
const PATIENCE = 30_000; // milliseconds for which a command is tried again that is refused temporarily
// `internal` is temporary as well, but the command may have been carried out before the error.
const TRIED_AGAIN = /^(rate_limited|busy|unavailable)$/;
/** These change no log: asking twice, or setting the same twice, does no harm. All others take a `client_message_id`. */
const REPEATABLE = /^(start|follow|follow_all|unfollow|signal|history|watch|away|back|get_\w+|list_\w+)$/;
/** A command without its `id`. */
export type Sendable = { do: string; [field: string]: unknown };

/** The answer to a change. */
export interface Acknowledgement {
  room: string;
  seq: number;
  at: string;
  /** The first attempt had made it; its answer was lost. */
  duplicate?: boolean;
  /** Handles that the text mentions, but whose owners are not members of the room. */
  unreached?: string[];
}

interface Pending {
  frame: string;
  isSafe: boolean;
  isSent?: boolean;
  wasSent?: boolean;
  resolve(ok: unknown): void;
  reject(error: Error): void;
  taken: ((ok: never) => void) | undefined;
}

export class Exchange {
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #mostBytes = Infinity;
  #send: ((frame: string) => void) | undefined;
  #closed: Closed | undefined;

  /** Whether a connection carries commands. */
  get isLinked(): boolean {
    return this.#send !== undefined;
  }

  /** There is a connection: send what waits. */
  linked(send: (frame: string) => void, mostBytes: number): void {
    this.#send = send;
    this.#mostBytes = mostBytes;
    this.#flush();
  }

  /** It was lost. What was sent is sent again, or fails where that isn't safe. */
  unlinked(): void {
    this.#send = undefined;
    for (const [id, pending] of this.#pending) {
      if (pending.isSent && !pending.isSafe) this.#fail(id, new Unknown("The answer was lost"));
      pending.isSent = false;
    }
  }

  /** There will be no other connection. */
  end(closed: Closed): void {
    this.#closed = closed;
    for (const [id, { wasSent }] of this.#pending) this.#fail(id, wasSent ? new Unknown("The answer was lost") : closed);
  }

  /** Send a command, now or on the next connection. It is tried again for a while if it is refused temporarily. */
  async ask<Ok = unknown>(command: Sendable, taken?: (ok: Ok) => void): Promise<Ok> {
    const until = Date.now() + PATIENCE;
    const keyed = withId(command);
    for (let tries = 0; ; tries++) {
      try {
        return await this.once(keyed, taken);
      } catch (error) {
        const wait = error instanceof Refused && TRIED_AGAIN.test(error.code) ? pause(error, tries) : Infinity;
        if (Date.now() + wait > until) throw error;
        await sleep(wait);
      }
    }
  }

  /** Send a command, now or on the next connection. `taken` is called with the `ok` of its reply, before any later frame. */
  once<Ok = unknown>(command: Sendable, taken?: (ok: Ok) => void): Promise<Ok> {
    if (this.#closed) return Promise.reject(this.#closed);
    const id = ++this.#lastId;
    const frame = JSON.stringify({ id, ...command });
    // The server closes the connection on a message that is too long, and would each time it is sent again.
    const size = new TextEncoder().encode(frame).length;
    if (size > this.#mostBytes) {
      const message = `Too large: ${size} bytes of ${this.#mostBytes}`;
      return Promise.reject(new Refused({ code: "too_large", message, temporary: false }));
    }
    const isSafe = "client_message_id" in command || REPEATABLE.test(command.do);
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { frame, isSafe, resolve: resolve as (ok: unknown) => void, reject, taken });
      this.#flush();
    });
  }

  /** Send a command that changes a log. Resolves with null if nothing changed. */
  async change(command: string, fields: object): Promise<Acknowledgement | null> {
    const ok = await this.ask<Acknowledgement | { seq: null }>({ ...fields, do: command });
    return ok.seq === null ? null : ok;
  }

  /** Send a command if there is a connection, and ignore its outcome. */
  tell(command: Sendable): void {
    this.#send?.(JSON.stringify(command));
  }

  /** Take in a reply. */
  settle({ re, ok, error }: Reply): void {
    const pending = this.#pending.get(re as number);
    if (!pending) return;
    this.#pending.delete(re as number);
    if (error) pending.reject(new Refused(error));
    else {
      pending.taken?.(ok as never);
      pending.resolve(ok);
    }
    this.#flush();
  }

  #flush(): void {
    let left = MOST_UNANSWERED;
    for (const pending of this.#pending.values()) {
      if (!this.#send || --left < 0) return;
      if (pending.isSent) continue;
      pending.isSent = pending.wasSent = true;
      this.#send(pending.frame);
    }
  }

  #fail(id: number, error: Error): void {
    this.#pending.get(id)?.reject(error);
    this.#pending.delete(id);
  }
}

/** A random id that nobody can guess. (crypto.randomUUID is only there on secure origins.) */
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A command that may be repeated: a change gets an id by which the server knows it again. */
export const withId = (command: Sendable): Sendable => (REPEATABLE.test(command.do) ? command : { client_message_id: newId(), ...command });

/** Milliseconds to wait before the next try: what the server asks for, and a random part of what grows with the tries. */
export function pause(error: { retry_after?: number | undefined }, tries: number): number {
  return 1000 * (Math.min(error.retry_after ?? 0, 3600) + Math.random() * Math.min(30, 0.5 * 2 ** tries));
}

export const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
