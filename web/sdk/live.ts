// Who is in a room, and what is there only now: folded from a snapshot and the signals after it.

import { peopleOf, whoOf } from "./fold.ts";
import type { AnySignal, Members, Presence, Snapshot, ThreadInRoom, Value } from "./wire.ts";

export class Live {
  readonly receipts = new Map<string, number>();
  readonly threads = new Map<number, ThreadInRoom>();
  #count = 0;
  #people = new Map<string, string>();
  readonly #values = new Map<string, { until: number; value: Value }>();

  /** The people in the room now. Without names in rooms of more than 100 people. */
  get members(): Members {
    const people = [...this.#people].sort(([, a], [, b]) => (a < b ? -1 : 1));
    const names = people.map(([, name]) => name);
    const ids = people.map(([who, name]) => (who === name ? null : who));
    return { count: this.#count, names, ...(ids.some(Boolean) && { ids }) };
  }

  /** The live values that have not expired. */
  get values(): Value[] {
    for (const [key, { until }] of this.#values) if (until <= Date.now()) this.#values.delete(key);
    return [...this.#values.values()].map(({ value }) => value);
  }

  /** Start again from a snapshot. */
  start({ members, threads, live }: Snapshot): void {
    this.#count = members.count;
    this.#people = peopleOf(members.names, members.ids);
    this.#values.clear();
    this.receipts.clear();
    this.threads.clear();
    this.learn(threads);
    for (const signal of live) this.fold(signal as AnySignal);
  }

  fold(signal: AnySignal): void {
    if (signal.signal === "presence") this.#meet(signal);
    else if (signal.signal === "threads") this.learn(signal.threads);
    else if (signal.signal === "receipt") this.receipts.set(signal.by, Math.max(signal.upto, this.receipts.get(signal.by) ?? 0));
    else if (signal.signal === "value") {
      const key = JSON.stringify([whoOf(signal), signal.key]);
      if (signal.value === null) this.#values.delete(key);
      else this.#values.set(key, { until: Date.now() + 1000 * signal.ttl, value: signal });
    }
  }

  /** Know what a signal says of threads; or an answer, but where more came since it was asked for: `before` is what was known then. */
  learn(threads: Record<string, ThreadInRoom> | undefined, before: ReadonlyMap<number, ThreadInRoom> = this.threads): void {
    for (const key in threads) if (this.threads.get(+key) === before.get(+key)) this.threads.set(+key, threads[key] as ThreadInRoom);
  }

  #meet({ count, names, ids, joined, joined_ids, left, left_ids }: Presence): void {
    this.#count = count;
    if (names) this.#people = peopleOf(names, ids);
    else if (!joined && !left) this.#people.clear();
    for (const [who, name] of peopleOf(joined ?? [], joined_ids)) this.#people.set(who, name);
    for (const who of peopleOf(left ?? [], left_ids).keys()) this.#people.delete(who);
  }
}
