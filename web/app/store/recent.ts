// What was used last in this browser, by whoever is logged in: rooms, emoji and searches, the last one first.

import { signal } from "@preact/signals";
import { keepRecent, keepTone, keptRecent, keptTone } from "./memory.ts";
import { accountOf, session } from "./state.ts";

const MOST = 40;
const version = signal(0);

export type Of = "rooms" | "emoji" | "searches";

/** What was used last, the last one first. */
export const recent = (of: Of): string[] => (version.value >= 0 ? keptRecent(of, session.value?.account?.key ?? "") : []);

/** Note that something was used. */
export function used(of: Of, what: string): void {
  const key = accountOf()?.key ?? "";
  const before = keptRecent(of, key);
  if (before[0] === what) return;
  keepRecent(of, key, [what, ...before.filter((other) => other !== what)].slice(0, MOST));
  version.value += 1;
}

/** The skin tone in which emoji are shown and written: a modifier, or nothing. */
export const skinTone = signal(keptTone());

export function chooseTone(tone: string): void {
  skinTone.value = tone;
  keepTone(tone);
}
