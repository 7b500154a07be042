// What an account has: its rooms, and how much is unread in them, kept in step by its own log and the heads of its rooms.
// Its fields are plain: `version` grows when they change.

import { signal } from "@preact/signals";
import { type Client, Refused, type wire } from "#sdk";
import { t } from "../i18n/index.ts";
import { emojiVersion, hearOfEmoji, learnEmoji } from "./emoji.ts";
import { hearOf, meet, nameOf, personOf } from "./names.ts";

const DIRECTORY = "@directory";
const SOON = 50; // milliseconds, so that several changes are asked about at once
const PAUSE = 500; // between two questions about rooms
const MOST_AT_ONCE = 1000;

const OF_READING = new Set<wire.AnyEvent["event"]>(["read", "marked_unread", "mentioned", "unmentioned", "set"]);
const OF_EVERY_ROOM = new Set<wire.AnyEvent["event"]>(["blocked", "unblocked"]); // whose mentions count

export class Account {
  readonly key: string;
  readonly rooms = new Map<string, wire.MyRoom>();
  role = "member";
  hasStarted = false;
  readonly #client: Client;
  readonly #version = signal(0);
  readonly #hears: () => void;
  #positions: { own: number; directory: number | null; epoch: string } | undefined;
  #watched = new Set<string>(); // rooms of which the connection is told the heads
  #timer: number | undefined;
  readonly #stale = new Set<string>(); // rooms whose rows must be read again
  #staleTimer: number | undefined;
  #askedAt = 0;

  /** `hears` is called when there is something else to show. */
  constructor(key: string, client: Client, hears: () => void) {
    this.key = key;
    this.#client = client;
    this.#hears = hears;
    client.on("state", ({ state }) => {
      this.#watched.clear();
      if (state === "connected") this.start();
    });
    client.on("event", ({ event }) => this.#take(event));
    for (const begun of ["snapshot", "resumed"] as const) client.on(begun, ({ room }) => this.#watched.delete(room)); // all of it is told now
    client.on("snapshot", ({ room, snapshot }) => snapshot.head > (this.rooms.get(room)?.head ?? Infinity) && this.#reread(room));
    client.on("moved", ({ rooms }) => this.#moved(rooms));
  }

  /** Ask what the account has now, and stay in step from there. */
  async start(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const known = this.#positions?.directory == null ? {} : { directory: this.#positions.directory, epoch: this.#positions.epoch };
    const started = (await this.#client.ask({ do: "start", ...known, emoji: emojiVersion() }).catch(() => undefined)) as
      | wire.Started
      | undefined;
    if (!started) return; // the connection's state says what is wrong
    const { own, directory, epoch } = started;
    this.#positions = { own, directory, epoch };
    this.role = started.me.role ?? "member";
    if (started.people) meet({ ...started.people, [this.key]: started.me });
    learnEmoji(started.emoji);
    this.rooms.clear();
    for (const row of started.rooms) this.rooms.set(row.room, row);
    for (const room of this.rooms.keys()) if (this.#client.isFollowing(room)) this.#reread(room); // it may have come further meanwhile
    this.hasStarted = true;
    this.#client.follow(this.key, { seq: own, epoch });
    if (directory !== null) this.#client.follow(DIRECTORY, { seq: directory, epoch });
    this.#changed();
    await this.#watch(epoch);
  }

  /** Be told how far the rooms come that are not followed. */
  async #watch(epoch: string): Promise<void> {
    const heads: Record<string, number> = {};
    for (const { room, head } of this.rooms.values()) {
      if (this.#watched.has(room) || this.#client.isFollowing(room)) continue;
      heads[room] = head;
      this.#watched.add(room);
    }
    if (!Object.keys(heads).length) return;
    const answer = await this.#client.ask({ do: "follow_all", heads, epoch }).catch(() => undefined);
    if (answer) this.#moved((answer as wire.Moved & { heads: wire.Moved["rooms"] }).heads);
  }

  /** Ask again what there is, once for several changes. */
  #refresh(): void {
    this.#timer ??= setTimeout(() => this.start(), SOON);
  }

  /** Ask again about a room: once for several changes, and not too often. */
  #reread(room: string): void {
    this.#stale.add(room);
    this.#staleTimer ??= setTimeout(() => this.#readRows(), Math.max(SOON, this.#askedAt + PAUSE - Date.now()));
  }

  async #readRows(): Promise<void> {
    this.#staleTimer = undefined;
    this.#askedAt = Date.now();
    const rooms = [...this.#stale].slice(0, MOST_AT_ONCE);
    for (const room of rooms) this.#stale.delete(room);
    const started = (await this.#client.ask({ do: "start", rooms }).catch((error) => {
      if (error instanceof Refused && error.temporary) for (const room of rooms) this.#reread(room);
    })) as wire.Started | undefined;
    for (const room of this.#stale) this.#reread(room);
    if (!started || started.epoch !== this.#positions?.epoch) return; // with another connection, all is asked again
    const isLate = started.own < this.#positions.own; // the own log has told more since
    for (const row of started.rooms) {
      const known = this.rooms.get(row.room);
      if (isLate || (known && row.head < known.head)) this.#reread(row.room);
      else if (known) this.rooms.set(row.room, row);
    }
    this.#changed();
  }

  #moved(rooms: Record<string, wire.RoomHead>): void {
    for (const [room, now] of Object.entries(rooms)) {
      const row = this.rooms.get(room);
      if (!row || now.head <= row.head) continue;
      Object.assign(row, { head: now.head, nth: now.nth });
      this.#reread(room);
    }
    this.#changed();
  }

  #take(event: wire.AnyEvent): void {
    if (event.room === this.key) this.#takeOwn(event);
    else if (event.room === DIRECTORY) this.#takeDirectory(event);
    else this.#takeRoom(event);
  }

  #takeOwn(event: wire.AnyEvent): void {
    if (!this.#positions || event.seq <= this.#positions.own) return;
    this.#positions.own = event.seq;
    if (event.event === "joined" || event.event === "invited" || event.event === "role_changed") this.#refresh();
    else if (event.event === "left" && event.where) this.rooms.delete(event.where);
    else if (event.event === "hidden") Object.assign(this.rooms.get(event.where) ?? {}, { hidden: event.upto });
    else if (OF_READING.has(event.event) && "where" in event && event.where) this.#reread(event.where);
    else if (OF_EVERY_ROOM.has(event.event)) for (const { room, unread } of this.rooms.values()) unread && this.#reread(room);
    else return;
    this.#changed();
  }

  #takeDirectory(event: wire.AnyEvent): void {
    if (this.#positions?.directory == null || event.seq <= this.#positions.directory) return;
    this.#positions.directory = event.seq;
    hearOf(event);
    hearOfEmoji(event);
    this.role = personOf(this.key)?.role ?? "member";
    if (event.event.startsWith("room_") || event.event.startsWith("person_")) this.#changed();
  }

  #takeRoom(event: wire.AnyEvent): void {
    const row = this.rooms.get(event.room);
    if (!row || event.seq <= row.head) return;
    const wasShown = isShown(row);
    row.head = event.seq;
    this.#reread(event.room);
    if (!wasShown) this.#changed();
  }

  #changed(): void {
    this.#version.value += 1;
    this.#hears();
  }

  /** Whatever reads this looks again when something changes. */
  get version(): number {
    return this.#version.value;
  }

  /** A room of one's own. */
  row(room: string): wire.MyRoom | undefined {
    return this.version >= 0 ? this.rooms.get(room) : undefined;
  }

  /** What a room of one's own is called: a direct after the others in it. */
  titleOf(row: wire.MyRoom): string {
    if (row.kind !== "direct" || row.title) return row.title || t.room;
    const others = (row.people ?? []).filter((key) => key !== this.key).map(nameOf);
    return others.length ? others.join(", ") : t.yourself(nameOf(this.key));
  }

  /** The rooms to be shown: all but directs that were put away, and have nothing newer. */
  get shown(): wire.MyRoom[] {
    return (this.version >= 0 ? [...this.rooms.values()] : [])
      .filter(isShown)
      .sort((a, b) => this.titleOf(a).localeCompare(this.titleOf(b)));
  }
}

const isShown = ({ hidden, head }: wire.MyRoom): boolean => !hidden || head > hidden;
