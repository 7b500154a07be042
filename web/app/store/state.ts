// What the page knows of rooms and of who looks at it, as signals; its views show this.

import { signal } from "@preact/signals";
import type { Changed, Client, Refused, View, wire } from "#sdk";
import type { Account } from "./account.ts";
import { show } from "./frames.ts";

export interface Typist {
  by: string;
  timer: number;
}

/** What is kept of a room; people by what tells them apart. */
export class Place {
  view: View | undefined;
  /** Grows with each change of the view, which is a plain object. */
  readonly version = signal(0);
  readonly unread = signal(0);
  /** The first message that was not seen, if there is one. */
  unseenFrom = Infinity;
  readonly here = signal<{ people: ReadonlyMap<string, string>; count: number }>({ people: new Map(), count: 0 });
  readonly typing = signal<ReadonlyMap<string, Typist>>(new Map());
  /** What is known of the threads of its messages. */
  readonly threads = signal<ReadonlyMap<number, wire.ThreadInRoom>>(new Map());
  /** Its pinned messages, the last one last. */
  readonly pins = signal<readonly number[]>([]);
  /** Why it can't be read. */
  readonly refused = signal<Refused | undefined>(undefined);

  /** Know what an answer, or a signal, says of threads. */
  learnThreads({ threads }: { threads?: Record<string, wire.ThreadInRoom> }): void {
    if (!threads) return;
    const news = Object.entries(threads).map(([seq, thread]): [number, wire.ThreadInRoom] => [Number(seq), thread]);
    this.threads.value = new Map([...this.threads.peek(), ...news]);
  }

  changed(): void {
    show(this.#grow);
  }

  readonly #grow = (): void => {
    this.version.value += 1;
  };
}

export const places = new Map<string, Place>();

/** The rooms in `places`, in the order in which they were opened. */
export const tracked = signal<readonly string[]>([]);

/** What is kept of a room, for views: they look again when it begins. */
export const placeOf = (room: string): Place | undefined => (tracked.value ? places.get(room) : undefined);

/** Who looks at the page: for guests and holders of tokens there is no account. */
export interface Session {
  client: Client;
  account: Account | undefined;
}

export const session = signal<Session | undefined>(undefined);
export const connection = signal<Changed>({ state: "connecting" });
/** Whether the page can be seen: its tab is the one in front. */
export const isVisible = signal(true);
/** The room that is shown. */
export const current = signal("");
/** The message that a link leads to, until it is shown. */
export const wanted = signal<{ room: string; seq: number } | undefined>(undefined);
/** The message that is replied to: a quote. */
export const replyTo = signal<{ room: string; message: wire.Message } | undefined>(undefined);
/** The message that is being edited in its place. */
export const editing = signal<{ room: string; seq: number } | undefined>(undefined);
/** Where what is new to one begins in the current room; fixed while one is there. */
export const newFrom = signal(Infinity);
/** Grows with each change of the outbox. */
export const outboxVersion = signal(0);

export const clientOf = (): Client | undefined => session.peek()?.client;
export const accountOf = (): Account | undefined => session.peek()?.account;

/** Who one is: a name, and what tells one from others of that name. */
export interface Me {
  name: string;
  who: string;
}

/** Who one is by now: the server may say it when it is connected. */
export const me = (): Me => (connection.value && session.value?.client.me) || { name: "", who: "" };
