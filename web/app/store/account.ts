// What an account has: its rooms and how much is unread in them, the people and the emoji. The SDK keeps that in step; here it becomes signals.

import { computed, effect, signal } from "@preact/signals";
import { type Client, Closed, type Me, type MyChange, type MyRoom, type wire } from "#sdk";
import { t } from "../i18n/index.ts";
import { whenIdle } from "../offline/idle.ts";
import { isOwn, ME } from "./commands.ts";
import { seldom } from "./frames.ts";
import { deviceOf, drop, dropOthers } from "./kept.ts";
import { nameOf } from "./names.ts";
import { notice } from "./notifying.ts";
import { outbox, reached } from "./outbox.ts";
import { hearDraft, takeDrafts } from "./sharing.ts";
import { blockedUnder, preferencesUnder, rowUnder } from "./underway.ts";

const AGAIN = 5000; // milliseconds before one asks again for what could not be had

const COLLATOR = new Intl.Collator();
const KEEP_EVERY = 1000; // milliseconds, at least
const SHOW_EVERY = 100; // in a burst: each time, all rooms are counted and put in order

/** What is known of an account: by the server or, before it has answered, by this device. */
export type Known = Pick<Me, "account" | "person" | "rooms" | "people" | "emoji" | "preferences" | "blocked" | "presence">;

type Sort = "room" | "thread" | "person" | "presence" | "emoji";

export class Account {
  readonly key: string;
  readonly #client: Client;
  readonly #hears: () => void;
  readonly #me = signal<Me | undefined>(undefined);
  readonly #kept: Known | undefined;
  /** They grow with each change of their sort. */
  readonly #versions: Record<Sort, { value: number }> = {
    room: signal(0),
    thread: signal(0),
    person: signal(0),
    presence: signal(0),
    emoji: signal(0),
  };
  readonly #stale = new Set<Sort>();
  #keepTimer: number | undefined;

  /** `hears` is called when there is something else to show. */
  constructor(key: string, client: Client, kept: Known | undefined, hears: () => void) {
    this.key = key;
    this.#kept = kept;
    this.#client = client;
    this.#hears = hears;
    this.#open();
  }

  /** Be told what the account has, and stay in step from there. */
  async #open(): Promise<void> {
    try {
      const me = await this.#client.me.open();
      this.#me.value = me;
      this.#hears();
      dropOthers((room) => me.rooms.has(room));
      this.keep();
      for await (const change of me.changes()) this.#take(change);
    } catch (error) {
      if (error instanceof Closed || this.#me.peek()) return; // the connection's state says what is wrong
      setTimeout(() => this.#open(), AGAIN);
    }
  }

  #take(change: MyChange): void {
    const me = this.#me.peek();
    if (me) notice(me, change);
    const changes = change.change === "refreshed" ? change.changes : [change];
    for (const each of changes) {
      if (each.change === "draft_updated") hearDraft(each);
      else this.#stale.add(each.change.split("_")[0] as Sort);
      if (each.change === "room_left") drop(each.room.room);
    }
    if (change.change === "refreshed") takeDrafts(); // some may not have been told
    this.#keepSoon();
    this.#show();
  }

  readonly #show = seldom(() => {
    reached(ME, this.#me.peek()?.seq ?? 0);
    for (const sort of this.#stale) this.#versions[sort].value += 1;
    this.#stale.clear();
    this.#hears();
  }, SHOW_EVERY);

  /** What is known by now. Whatever reads this looks again when something of the sort changes. */
  know(sort: Sort): Known | undefined {
    return this.#versions[sort].value >= 0 ? (this.#me.value ?? this.#kept) : undefined;
  }

  /** How often something of a sort has changed. Whatever reads this looks again when that happens. */
  changesOf(sort: Sort): number {
    return this.#versions[sort].value;
  }

  /** The account in step with the server, once that has answered. */
  get me(): Me | undefined {
    return this.#me.value;
  }

  /** Keep what is known on this device, now and then. */
  #keepSoon(): void {
    this.#keepTimer ??= setTimeout(() => whenIdle(() => this.keep()), KEEP_EVERY);
  }

  /** Keep it now. */
  keep(): void {
    clearTimeout(this.#keepTimer);
    this.#keepTimer = undefined;
    const me = this.#me.peek();
    if (!me) return;
    const { account, person, rooms, people, emoji, preferences, blocked } = me;
    deviceOf()?.set("account", { account, person, rooms, people, emoji, preferences, blocked, presence: new Map() } satisfies Known);
  }

  get hasStarted(): boolean {
    return (this.#me.value ?? this.#kept) !== undefined;
  }

  get role(): string {
    return this.#role.value;
  }

  readonly #role = computed(() => this.know("person")?.person.role ?? "member");

  /** Its rooms under the changes that wait. */
  get rooms(): ReadonlyMap<string, MyRoom> {
    const rooms = this.know("room")?.rooms ?? new Map<string, MyRoom>();
    const changes = outbox.value.filter(({ room, command }) => isOwn(command.do) && rooms.has(room));
    if (!changes.length) return rooms;
    return new Map(
      [...rooms].map(([key, row]) => [
        key,
        rowUnder(
          row,
          changes.filter(({ room }) => room === key),
        ),
      ]),
    );
  }

  /** Its settings under the changes that wait. */
  get preferences(): ReadonlyMap<string, unknown> {
    return preferencesUnder(this.know("person")?.preferences ?? new Map(), outbox.value);
  }

  /** Whom it blocks under the changes that wait. What was kept before this was known has nobody. */
  get blocked(): ReadonlySet<string> {
    return blockedUnder(this.know("person")?.blocked ?? new Set(), outbox.value);
  }

  /** A room of one's own. */
  row(room: string): MyRoom | undefined {
    return this.rooms.get(room);
  }

  /** Wait until a room is among one's own. */
  has(room: string): Promise<void> {
    return new Promise((resolve) => {
      const stop = effect(() => {
        if (this.row(room)) queueMicrotask(() => stop());
        if (this.row(room)) resolve();
      });
    });
  }

  /** What a room of one's own is called: a direct after the others in it. */
  titleOf(row: wire.MyRoom): string {
    if (row.kind !== "direct" || row.title) return row.title || t.room;
    const others = (row.people ?? []).filter((key) => key !== this.key).map(nameOf);
    return others.length ? others.join(", ") : t.yourself(nameOf(this.key));
  }

  /** The rooms to be shown: all but directs that were put away, and have nothing newer. */
  get shown(): MyRoom[] {
    return this.#shown.value;
  }

  readonly #shown = computed(() => {
    const titled = [...this.rooms.values()].filter(isShown).map((row) => ({ row, title: this.titleOf(row) }));
    return titled.sort((a, b) => COLLATOR.compare(a.title, b.title)).map(({ row }) => row);
  });
}

const isShown = ({ hidden, head }: MyRoom): boolean => !hidden || head > hidden;
