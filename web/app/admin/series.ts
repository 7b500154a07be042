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

/** The value of one series. Rates need the figures before, so the first has none. When the server restarts, its counts start again. */
export function figureOf(series: Series, now: Figures, before: Figures | undefined): number | undefined {
  if (series === "connections") return sum(now.connections);
  if (series === "memory") return now.memory_bytes / 1e6;
  if (!before) return undefined;
  if (series === "commit") return mean(now.commits, before.commits);
  if (series === "lag") return mean(now.lag, before.lag);
  const seconds = now.at - before.at;
  return seconds > 0 ? Math.max(0, now.changes - before.changes) / seconds : 0;
}

/** The times and values of a series, wherever it has a value. */
export function seriesOf(series: Series, taken: readonly Figures[]): [number[], number[]] {
  const known = taken.flatMap((now, i) => {
    const value = figureOf(series, now, taken[i - 1]);
    return value === undefined ? [] : [{ at: now.at, value }];
  });
  return [known.map(({ at }) => at), known.map(({ value }) => value)];
}
