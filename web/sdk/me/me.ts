// An account's rooms and the people, for programs. Loaded only by those that open it.

import type { DraftsPage, MissedPage, MyThreadsPage, SavedPage, SearchPage } from "../answers.ts";
import type { Acknowledgement, Exchange } from "../exchange.ts";
import type { Rooms } from "../rooms.ts";
import type { EmojiItem, PersonPresence, SetRoom, Started } from "../wire.ts";
import type { MyChange, MyRoom, ShownPerson } from "./changes.ts";
import { Keeper } from "./keeper.ts";
import { isQuiet, shouldNotify } from "./notifying.ts";

type Done = Promise<Acknowledgement | null>;

const seconds = (): number => Date.now() / 1000;

export class Me {
  readonly #keeper: Keeper;
  readonly #exchange: Exchange;

  constructor(keeper: Keeper, exchange: Exchange) {
    this.#keeper = keeper;
    this.#exchange = exchange;
  }

  /** The key of the account. */
  get account(): string {
    return this.#keeper.mine.account;
  }

  /** The number of the last event of the account's own log that is in all this. */
  get seq(): number {
    return this.#keeper.seq;
  }

  /** The account as others see it. */
  get person(): ShownPerson {
    return this.#keeper.mine.person;
  }

  /** The rooms that the account is a member of, by their keys. */
  get rooms(): ReadonlyMap<string, MyRoom> {
    return this.#keeper.mine.rooms;
  }

  /** All accounts by their keys. A guest account has only those in its rooms. */
  get people(): ReadonlyMap<string, ShownPerson> {
    return this.#keeper.mine.people;
  }

  /** The server's own emoji by their names. */
  get emoji(): ReadonlyMap<string, EmojiItem> {
    return this.#keeper.mine.emoji;
  }

  /** The account's own settings by name, in step over its devices. */
  get preferences(): ReadonlyMap<string, unknown> {
    return this.#keeper.mine.preferences;
  }

  /** The accounts that the account blocks, by key. */
  get blocked(): ReadonlySet<string> {
    return this.#keeper.mine.blocked;
  }

  /** Whom you watch, by key, without those whose presence you may not know. */
  get presence(): ReadonlyMap<string, PersonPresence> {
    return this.#keeper.sight.known;
  }

  /** What happens to `rooms`, `people` and `presence` from the call on: in order, each change once. */
  changes(): AsyncIterableIterator<MyChange> {
    return this.#keeper.changes();
  }

  /** Whether the account is not to be disturbed, at a time in seconds since 1970. */
  isQuiet(now = seconds()): boolean {
    return isQuiet(this.#keeper.mine, now);
  }

  /** Whether a change is worth a notification. */
  shouldNotify(change: MyChange, now = seconds()): boolean {
    return shouldNotify(this.#keeper.mine, change, now);
  }

  /** Watch up to 200 people, in place of those before, and return `presence`. */
  async watch(people: Iterable<string>): Promise<ReadonlyMap<string, PersonPresence>> {
    await this.#keeper.sight.watch(people);
    return this.presence;
  }

  /** Say that nobody is at this device. */
  away(): Promise<void> {
    return this.#keeper.sight.rest(true);
  }

  /** Say that somebody is at this device again. */
  back(): Promise<void> {
    return this.#keeper.sight.rest(false);
  }

  /** Say that you have read a room up to the event `upto`. */
  read(room: string, upto: number): Done {
    return this.#exchange.change("read", { room, upto });
  }

  /** Let a room look unread until you read on there. */
  markUnread(room: string): Done {
    return this.#exchange.change("mark_unread", { room });
  }

  /** Choose what you want to be told of a room. */
  set(room: string, choices: Pick<SetRoom, "level" | "muted_until" | "starred">): Done {
    return this.#exchange.change("set", { room, ...choices });
  }

  followThread(thread: string): Done {
    return this.#exchange.change("follow_thread", { room: thread });
  }

  unfollowThread(thread: string): Done {
    return this.#exchange.change("unfollow_thread", { room: thread });
  }

  threads(options: { before?: string; limit?: number; unread?: boolean } = {}): Promise<MyThreadsPage> {
    return this.#exchange.ask({ do: "list_my_threads", ...options });
  }

  /** What you have not read yet, in rooms and in threads that you follow. */
  missed(options: { after?: string; limit?: number } = {}): Promise<MissedPage> {
    return this.#exchange.ask({ do: "list_missed", ...options });
  }

  save(room: string, seq: number, { note = "" } = {}): Done {
    return this.#exchange.change("save", { of: { room, message: seq }, note });
  }

  unsave(room: string, seq: number): Done {
    return this.#exchange.change("unsave", { of: { room, message: seq } });
  }

  saved(options: { before?: number; limit?: number } = {}): Promise<SavedPage> {
    return this.#exchange.ask({ do: "list_saved", ...options });
  }

  /** Find messages in the rooms that you may read: words, "phrases", beginnings of words*, and filters such as from:ada, in:#plans, has:link. */
  search(query: string, options: { before?: string; limit?: number; order?: "newest" | "relevance" } = {}): Promise<SearchPage> {
    return this.#exchange.ask({ do: "search", query, ...options });
  }

  /** Keep what you are about to write in a room, for all your devices. An empty text drops it. */
  draft(room: string, text: string, options: { reply_to?: number } = {}): Done {
    return this.#exchange.change("draft", { where: room, text, ...options });
  }

  drafts(options: { after?: string; limit?: number } = {}): Promise<DraftsPage> {
    return this.#exchange.ask({ do: "list_drafts", ...options });
  }
}

/** Get the rooms and people from the server, and stay in step from now on. */
export async function openMe(exchange: Exchange, rooms: Rooms, most: number): Promise<Me> {
  let keeper: Keeper | undefined;
  await exchange.ask<Started>({ do: "start" }, (started) => {
    keeper = new Keeper(exchange, rooms, most, started);
  });
  return new Me(keeper as unknown as Keeper, exchange);
}
