// Series for plots, from figures that were taken one after the other. Pure.

import type { Figures } from "../store/administering.ts";

/** What is plotted, in the units in which it is shown. */
export const SERIES = ["connections", "changes", "commit", "lag", "memory"] as const;

export type Series = (typeof SERIES)[number];

const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((all, each) => all + each, 0);

/** How many milliseconds something took, on the average, between two moments; 0 if it didn't happen. */
function mean(now: Figures["lag"], before: Figures["lag"]): number {
  const count = now.count - before.count;
  return count > 0 ? (1000 * (now.seconds - before.seconds)) / count : 0;
}

/** One series as of the last of some figures, and the one before. A server that was started again begins anew. */
export function figureOf(series: Series, now: Figures, before: Figures): number {
  const seconds = now.at - before.at;
  switch (series) {
    case "connections":
      return sum(now.connections);
    case "changes":
      return seconds > 0 ? Math.max(0, now.changes - before.changes) / seconds : 0;
    case "commit":
      return mean(now.commits, before.commits);
    case "lag":
      return mean(now.lag, before.lag);
    case "memory":
      return now.memory_bytes / 1e6;
  }
}

/** The times and the values of a series, for each of some figures but the first. */
export function seriesOf(series: Series, taken: readonly Figures[]): [number[], number[]] {
  const pairs = taken.slice(1).map((now, i) => ({ at: now.at, value: figureOf(series, now, taken[i] ?? now) }));
  return [pairs.map(({ at }) => at), pairs.map(({ value }) => value)];
}
