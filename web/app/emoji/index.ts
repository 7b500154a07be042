// The emoji of Unicode by their names, as soon as they are loaded: when somebody first writes a colon, or opens the picker.

import { signal } from "@preact/signals";
import { findEmoji } from "./find.ts";

export interface Emoji {
  text: string;
  /** Short names, the usual one first. */
  names: readonly string[];
  label: string;
  tags: readonly string[];
  /** Which of the groups it belongs to. */
  group: number;
}

const all = signal<readonly Emoji[]>([]);
let isAsked = false;

/** All emoji in their usual order; none until they are loaded. */
export function allEmoji(): readonly Emoji[] {
  if (!isAsked) load();
  return all.value;
}

async function load(): Promise<void> {
  isAsked = true;
  try {
    all.value = (await import("./data.ts")).EMOJI;
  } catch {
    isAsked = false; // without a connection; it is tried again
  }
}

export const emojiFound = (wanted: string, most: number, used: readonly string[]): Emoji[] => findEmoji(allEmoji(), wanted, most, used);
