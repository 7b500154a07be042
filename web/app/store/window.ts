// Which messages are drawn: few of those that are there, and more of them as one scrolls, up to MOST_SHOWN.

import { signal } from "@preact/signals";
import type { wire } from "#sdk";
import { isApart, span, viewIn } from "./span.ts";
import type { View } from "./state.ts";

/** So many are drawn to begin with: a room opens sooner, and a burst of messages costs less. */
export const FEW = 60;
/** So many of them come before a place that one goes to. */
export const BEFORE = 20;
const MOST_SHOWN = 150;
const STEP = 50;
/** As many as there may be while messages come at the end, until those at the top go, all at once: what stays where it is costs little. */
const MOST_ALONG = 120;

export interface Window {
  messages: wire.Message[];
  /** The place of the first among all that are there. */
  first: number;
  count: number;
}

/** The messages up to the one with the seq `last`: so many, or as many as there may be. */
export function windowOf(view: View | undefined, last: number, size = MOST_SHOWN): Window {
  const all = [...(view?.messages.values() ?? [])];
  const end = last === Infinity ? all.length : all.findLastIndex(({ seq }) => seq <= last) + 1;
  const first = Math.max(0, end - size);
  return { messages: all.slice(first, end), first, count: all.length };
}

/** The seq at which the window ends; Infinity: it goes along with the newest message. */
export const last = signal(Infinity);

/** How many messages the window has. */
export const size = signal(FEW);

/** The seq at which the window begins while it goes along with the newest message. */
let from = Infinity;

/** The window on a room that is to be shown. */
export function windowIn(view: View | undefined): Window {
  if (last.value !== Infinity) return windowOf(view, last.value, size.value);
  const { messages, count } = windowOf(view, Infinity, Infinity);
  const few = Math.max(0, count - size.value);
  const before = messages.findIndex(({ seq }) => seq >= from);
  const first = before >= 0 && before <= few && count - before <= Math.max(MOST_ALONG, size.value) ? before : few;
  return { messages: messages.slice(first), first, count };
}

/** This window is drawn now: the next one begins where it does, as long as it may. */
export function drew({ messages }: Window): void {
  if (last.peek() === Infinity) from = messages[0]?.seq ?? Infinity;
}

/** Let the window begin anew, with few messages: up to the `end`th, or the newest one. */
export function begin(view?: View, end = Infinity): void {
  size.value = FEW;
  from = Infinity;
  last.value = view ? lastBefore(view, end) : Infinity;
}

/** Draw more of the messages before those that are drawn. Too many at the other end go. */
export function growUp(view: View, { first, messages }: Window): void {
  const [begins, ends] = [Math.max(first - STEP, 0), first + messages.length];
  size.value = Math.min(ends - begins, MOST_SHOWN);
  if (ends - begins > MOST_SHOWN) last.value = lastBefore(view, begins + MOST_SHOWN);
}

/** Draw more of the messages after those that are drawn. */
export function growDown(view: View, { first, messages, count }: Window): void {
  const ends = Math.min(first + messages.length + STEP, count);
  size.value = Math.min(ends - first, MOST_SHOWN);
  last.value = ends < count ? lastBefore(view, ends) : lastBefore(view, count + 1);
}

/** The seq at which a window ends that ends before the `end`th message. Where that is not there, the newest ones are, or what is apart from them ends. */
export function lastBefore(view: View, end: number): number {
  const seqs = [...view.messages.keys()];
  return seqs[end - 1] ?? (isApart() ? seqs.at(-1) : undefined) ?? Infinity;
}

/** Whether one sees the newest message. */
export const atEnd = signal(true);

/** How many messages of others have come since one did. */
export const missed = signal(0);

/** The message that a link has led to. */
export const linked = signal<number | undefined>(undefined);

/** Grows whenever the end is to be shown, wherever one is. */
export const toEndAsked = signal(0);

/** Grows whenever the line above what is new is to be shown. */
export const toLineAsked = signal(0);

/** A room of which nothing is drawn before its line is found: else it would be drawn twice, and jump. */
export const lineSought = signal("");

export function toEnd(): void {
  lineSought.value = "";
  span.value = undefined;
  linked.value = undefined;
  begin();
  atEnd.value = true;
  missed.value = 0;
  toEndAsked.value += 1;
}

/** A message was added at the end. One who reads further up must not lose what is there: the new one waits outside of the window. */
export function appended(room: string, isMine: boolean): void {
  if (atEnd.peek()) {
    size.value = FEW; // nobody sees the others any more
    return;
  }
  if (!isMine) missed.value += 1;
  const view = last.peek() === Infinity && !isApart() ? viewIn(room) : undefined;
  if (!view || view.messages.size <= size.peek()) return;
  const seqs = [...view.messages.keys()];
  size.value = Math.min(MOST_SHOWN, seqs.filter((seq) => seq >= from).length - 1);
  last.value = lastBefore(view, seqs.length - 1);
}
