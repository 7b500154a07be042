// The emoji of Unicode by their names, as soon as they are loaded: when somebody first writes a colon, or opens the picker.

import { computed, signal } from "@preact/signals";
import { skinTone } from "../store/recent.ts";
import { findEmoji } from "./find.ts";
import { toned } from "./tones.ts";

export interface Emoji {
  text: string;
  /** Short names, the usual one first. */
  names: readonly string[];
  label: string;
  tags: readonly string[];
  /** Which of the groups it belongs to. */
  group: number;
  /** Whether it can be shown in skin tones. */
  hasTones: boolean;
}

const all = signal<readonly Emoji[]>([]);
let isAsked = false;

const shown = computed(() => {
  const tone = skinTone.value;
  return tone ? all.value.map((each) => (each.hasTones ? { ...each, text: toned(each.text, tone) } : each)) : all.value;
});

/** All emoji in their usual order, in the skin tone that was chosen; none until they are loaded. */
export function allEmoji(): readonly Emoji[] {
  if (!isAsked) load();
  return shown.value;
}

/** The emoji of a short name, in the skin tone that was chosen. */
export async function emojiNamed(name: string): Promise<string | undefined> {
  if (!all.peek().length) await load();
  return shown.peek().find(({ names }) => names.includes(name))?.text;
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
