// What the page knows of rooms and of who looks at it, as signals; its views show this.

import { computed, signal } from "@preact/signals";
import type { Client, Refused, Room, Status, wire } from "#sdk";
import type { Account } from "./account.ts";
import { show } from "./frames.ts";

export interface Typist {
  by: string;
  timer: number;
}

/** What there is of a room: messages by seq, oldest first, and whether there are older ones. */
export interface View {
  readonly messages: ReadonlyMap<number, wire.Message>;
  readonly more: boolean;
}

/** What is kept of a room; people by what tells them apart. */
export class Place {
  isFollowed = false;
  /** How many events are still to come that were missed. */
  owed = 0;
  room: Room | undefined;
  /** Grows with each change of the view, which is plain. */
  readonly version = signal(0);
  readonly unread = signal(0);
  /** The first message that was not seen, if there is one. */
  unseenFrom = Infinity;
  readonly here = signal<{ people: ReadonlyMap<string, string>; count: number }>({ people: new Map(), count: 0 });
  readonly typing = signal<ReadonlyMap<string, Typist>>(new Map());
  /** How far its members have read, by their keys. */
  readonly receipts = signal<ReadonlyMap<string, number>>(new Map());
  /** What is known of the threads of its messages. */
  readonly threads = signal<ReadonlyMap<number, wire.ThreadInRoom>>(new Map());
  /** Its pinned messages, the last one last. */
  readonly pins = signal<readonly number[]>([]);
  /** Whether each message in it begins a thread, and needs a title for that. */
  readonly isForum = signal(false);
  /** Grows when an event changes what the room is like, who is a member, or what members may do. */
  readonly changes = signal(0);
  /** Whether it was asked what the room is like by now. */
  isLookedAt = false;
  /** When the last reply came in those of its threads that were asked for. */
  threadsUntil = "";
  /** Why it can't be read. */
  readonly refused = signal<Refused | undefined>(undefined);

  /** What this device kept of it, until the server answers. */
  kept: View | undefined;

  /** Its newest messages. */
  get view(): View | undefined {
    return this.room ? { messages: this.room.bySeq, more: this.room.more } : this.kept;
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

/** What rooms are about, where that was changed while one was there. */
export const topics = signal<ReadonlyMap<string, string>>(new Map());

/** How often a room was changed since it is kept; what was answered before the last change may be out of date. */
export const changesIn = (room: string): number => placeOf(room)?.changes.value ?? 0;

/** Keep a room no longer. */
export function forget(room: string): void {
  const place = places.get(room);
  places.delete(room);
  tracked.value = [...places.keys()];
  place?.room?.unfollow().catch(() => {}); // if there is no connection, there is nothing to leave
}

/** Who looks at the page: for guests and holders of tokens there is no account. */
export interface Session {
  client: Client;
  /** What the browser says one is called, if it knows. */
  name: string;
  token: string | undefined;
  /** Who that was when the server said it last. */
  who: string;
  account: Account | undefined;
}

export const session = signal<Session | undefined>(undefined);
export const connection = signal<Status>({ state: "connecting", reason: "" });
/** Views ask again for what they could not have without a connection. */
export const isConnected = computed(() => connection.value.state === "connected");
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
export const clientOf = (): Client | undefined => session.peek()?.client;
export const accountOf = (): Account | undefined => session.peek()?.account;

/** Who one is: a name, and what tells one from others of that name. */
export interface Me {
  name: string;
  who: string;
}

/** Who one is by now: the server may say it when it is connected. */
export function me(): Me {
  const client = connection.value && session.value?.client;
  const name = session.value?.name || client?.user || session.value?.account?.key || "";
  return { name, who: client?.welcome?.id ?? (client?.welcome ? name : session.value?.who || name) };
}
