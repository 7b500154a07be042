// The people whom a client watches, as they are now. On each new connection it watches them again.

import { type Exchange, sleep } from "../exchange.ts";
import type { PersonPresence, Watched } from "../wire.ts";
import { ofPresence, type Single } from "./changes.ts";

const HOLD = 10_000; // milliseconds after a reconnect in which somebody may only be on the way back as well

export class Sight {
  readonly known = new Map<string, PersonPresence>();
  readonly #exchange: Exchange;
  readonly #tell: (changes: Single[]) => void;
  #wanted: string[] = [];
  #isAway = false;
  #held = new Map<string, PersonPresence>(); // those of whom it isn't told yet that they left

  constructor(exchange: Exchange, tell: (changes: Single[]) => void) {
    this.#exchange = exchange;
    this.#tell = tell;
  }

  /** Watch these people in place of those before. */
  async watch(people: Iterable<string>): Promise<void> {
    this.#wanted = [...new Set(people)];
    this.#held.clear();
    await this.#exchange.ask<Watched>({ do: "watch", people: this.#wanted }, ({ people }) => this.#take(people));
  }

  /** Say whether nobody is at this device. */
  async rest(isAway: boolean): Promise<void> {
    this.#isAway = isAway;
    await this.#exchange.ask({ do: isAway ? "away" : "back" });
  }

  /** The server tells what is new. */
  hear(people: Record<string, PersonPresence | null>): void {
    for (const [who, presence] of Object.entries(people)) {
      this.#held.delete(who);
      this.#put(who, presence ?? undefined);
    }
  }

  /** There is a new connection. Whoever was there before may be on the way back as well. */
  async linked(): Promise<void> {
    try {
      if (this.#isAway) await this.#exchange.ask({ do: "away" });
      if (!this.#wanted.length) return;
      await this.#exchange.ask<Watched>({ do: "watch", people: this.#wanted }, ({ people }) => this.#takeAgain(people));
    } catch {
      this.#take({});
    }
    await sleep(HOLD);
    for (const [who, presence] of this.#held) this.#put(who, presence);
    this.#held.clear();
  }

  #takeAgain(people: Record<string, PersonPresence>): void {
    const shown = { ...people };
    for (const [who, presence] of Object.entries(people)) {
      const before = this.known.get(who);
      if (!before || before.state === "offline" || presence.state !== "offline") continue;
      this.#held.set(who, presence);
      shown[who] = before;
    }
    this.#take(shown);
  }

  #take(people: Record<string, PersonPresence>): void {
    for (const who of new Set([...this.known.keys(), ...Object.keys(people)])) this.#put(who, people[who]);
  }

  #put(who: string, presence: PersonPresence | undefined): void {
    const changes = ofPresence(who, this.known.get(who), presence);
    if (presence) this.known.set(who, presence);
    else this.known.delete(who);
    this.#tell(changes);
  }
}
