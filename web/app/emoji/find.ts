// Looking for emoji: by their short names first, then by what they show and what they stand for.

import { ranked } from "../ui/rank.ts";
import type { Emoji } from "./index.ts";

/** Those that fit, the best first; among those whose names fit alike, the ones that were used last. */
export function findEmoji(all: readonly Emoji[], wanted: string, most: number, used: readonly string[] = []): Emoji[] {
  const order = new Map(used.map((text, i) => [text, i]));
  const lastFirst = all.toSorted((a, b) => (order.get(a.text) ?? used.length) - (order.get(b.text) ?? used.length));
  const named = ranked(lastFirst, wanted, ({ names }) => names, most);
  if (named.length >= most) return named;
  const taken = new Set(named);
  const described = ranked(
    lastFirst.filter((each) => !taken.has(each)),
    wanted,
    ({ label, tags }) => [label, ...tags],
    most - named.length,
  );
  return [...named, ...described];
}
