// What an account has: its rooms, kept in step by its own log and the heads of its rooms. Knows nothing of the screen.

import type { Client, wire } from "#sdk";
import * as memory from "./memory.ts";
import { hearOf, meet, nameOf, personOf } from "./names.ts";

const DIRECTORY = "@directory";
const SOON = 50; // milliseconds, so that several changes are asked about at once
const RARELY = 3000;

type Change = (what: "rooms" | "people" | "listed", person?: string) => void;

export class Account {
  readonly key: string;
  readonly rooms = new Map<string, wire.MyRoom>();
  role = "member";
  hasStarted = false;
  readonly #client: Client;
  readonly #changed: Change;
  readonly #seen: Map<string, number>; // how many messages of each room were seen
  #positions: { own: number; directory: number | null; epoch: string } | undefined;
  #watched = new Set<string>(); // rooms of which the connection is told the heads
  #timer: number | undefined;
  #isNew: boolean;

  /** `changed` is called when there is something else to show. */
  constructor(key: string, client: Client, changed: Change) {
    this.key = key;
    this.#client = client;
    this.#changed = changed;
    const seen = memory.seenBy(key);
    this.#isNew = seen === undefined;
    this.#seen = new Map(seen);
    client.on("state", ({ state }) => {
      this.#watched.clear();
      if (state === "connected") this.start();
    });
    client.on("event", ({ event }) => this.#take(event));
    for (const begun of ["snapshot", "resumed"] as const) client.on(begun, ({ room }) => this.#watched.delete(room)); // all of it is told now
    client.on("moved", ({ rooms }) => this.#moved(rooms));
  }

  /** Ask what the account has now, and stay in step from there. */
  async start(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const known = this.#positions?.directory == null ? {} : { directory: this.#positions.directory, epoch: this.#positions.epoch };
    const started = (await this.#client.ask({ do: "start", ...known }).catch(() => undefined)) as wire.Started | undefined;
    if (!started) return; // the connection's state says what is wrong
    const { own, directory, epoch } = started;
    this.#positions = { own, directory, epoch };
    this.role = started.me.role ?? "member";
    if (started.people) meet({ ...started.people, [this.key]: started.me });
    this.rooms.clear();
    for (const row of started.rooms) this.rooms.set(row.room, row);
    if (this.#isNew) {
      for (const { room, nth } of started.rooms) this.#seen.set(room, nth);
      memory.keepSeen(this.key, this.#seen);
      this.#isNew = false;
    }
    this.hasStarted = true;
    this.#client.follow(this.key, { seq: own, epoch });
    if (directory !== null) this.#client.follow(DIRECTORY, { seq: directory, epoch });
    this.#changed("rooms");
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
  #refresh(after = SOON): void {
    this.#timer ??= setTimeout(() => this.start(), after);
  }

  #moved(rooms: Record<string, wire.RoomHead>): void {
    for (const [room, { head, nth, by }] of Object.entries(rooms)) {
      const row = this.rooms.get(room);
      if (!row || head <= row.head) continue;
      if (nth === row.nth) this.#refresh(RARELY); // it may be called otherwise now
      if (nth === row.nth + 1 && by === this.key && !this.hasNews(row)) this.#seen.set(room, nth);
      Object.assign(row, { head, nth });
    }
    this.#changed("rooms");
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
    else return;
    this.#changed("rooms");
  }

  #takeDirectory(event: wire.AnyEvent): void {
    if (this.#positions?.directory == null || event.seq <= this.#positions.directory) return;
    this.#positions.directory = event.seq;
    const renamed = hearOf(event);
    this.role = personOf(this.key)?.role ?? "member";
    if (renamed) this.#changed("people", renamed);
    else if (event.event.startsWith("room_")) this.#changed("listed");
  }

  #takeRoom(event: wire.AnyEvent): void {
    const row = this.rooms.get(event.room);
    if (!row || event.seq <= row.head) return;
    const wasShown = isShown(row);
    row.head = event.seq;
    if (event.event === "posted") row.nth += 1;
    if (event.event === "changed") {
      if (event.title !== undefined) row.title = event.title;
      if (event.kind !== undefined) row.kind = event.kind;
    }
    if (event.event === "archived") row.archived_at = event.at;
    if (event.event === "restored") delete row.archived_at;
    if (!wasShown || event.event !== "posted") this.#changed("rooms");
  }

  /** All messages of a room that there are by now were seen. */
  see(room: string): void {
    const row = this.rooms.get(room);
    if (!row || this.#seen.get(room) === row.nth) return;
    this.#seen.set(room, row.nth);
    memory.keepSeen(this.key, this.#seen);
  }

  /** Whether there are messages in a room that were not seen. */
  hasNews = ({ room, nth }: wire.MyRoom): boolean => nth > (this.#seen.get(room) ?? 0);

  /** What a room of one's own is called: a direct after the others in it. */
  titleOf(row: wire.MyRoom): string {
    if (row.kind !== "direct" || row.title) return row.title || "Room";
    const others = (row.people ?? []).filter((key) => key !== this.key).map(nameOf);
    return others.length ? others.join(", ") : `${nameOf(this.key)} (you)`;
  }

  /** The rooms to be shown: all but directs that were put away, and have nothing newer. */
  get shown(): wire.MyRoom[] {
    return [...this.rooms.values()].filter(isShown).sort((a, b) => this.titleOf(a).localeCompare(this.titleOf(b)));
  }
}

const isShown = ({ hidden, head }: wire.MyRoom): boolean => !hidden || head > hidden;
