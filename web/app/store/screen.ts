// Which of the page's screens is shown, and what is said on it.

import { signal } from "@preact/signals";
import type { Way } from "./address.ts";
import { keepDensity, keptDensity } from "./memory.ts";

export type Entry = Way | "login" | "signup";

export type Screen =
  | { kind: "blank" }
  | { kind: "app" }
  | { kind: "welcome"; why: string; name: string; needsToken: boolean }
  | { kind: "entry"; way: Entry; token: string; why: string }
  | { kind: "gone"; why: string };

export const screen = signal<Screen>({ kind: "blank" });

/** Whether the list of rooms is open, where there is room for one pane only. */
export const menuOpen = signal(false);

/** Whether messages stand close together. */
export const isDense = signal(keptDensity());

export function setDense(dense: boolean): void {
  isDense.value = dense;
  keepDensity(dense);
}

/** What is said for a moment, over everything. */
export const said = signal("");

const SAID_FOR = 6000; // milliseconds
let timer: number | undefined;

export function say(words: string): void {
  said.value = words;
  clearTimeout(timer);
  timer = setTimeout(() => (said.value = ""), SAID_FOR);
}

export function showEntry(way: Entry, token = "", why = ""): void {
  screen.value = { kind: "entry", way, token, why };
}

export function showGone(why: string): void {
  screen.value = { kind: "gone", why };
}
