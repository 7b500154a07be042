// What is known of a room's threads, by signals and answers.

import type { wire } from "#sdk";
import type { Place } from "./state.ts";

/** Know what a signal says of threads; or an answer, but where more came since it was asked for: `before` is what was known then. */
export function learnThreads({ threads: all }: Place, threads: Iterable<readonly [number, wire.ThreadInRoom]>, before = all.peek()): void {
  const known = all.peek();
  all.value = new Map([...known, ...[...threads].filter(([seq]) => known.get(seq) === before.get(seq))]);
}
