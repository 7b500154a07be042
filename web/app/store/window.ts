// Which messages are drawn: at most MOST_SHOWN of those that are there, moved on as one scrolls. Pure, but for the signals at its end.

import { signal } from "@preact/signals";
import type { wire } from "#sdk";
import { isApart, span, viewIn } from "./span.ts";
import type { View } from "./state.ts";

export const MOST_SHOWN = 150;
export const STEP = 50;

export interface Window {
  messages: wire.Message[];
  /** The place of the first among all that are there. */
  first: number;
  count: number;
}

/** The messages up to the one with the seq `last`. */
export function windowOf(view: View | undefined, last: number): Window {
  const all = [...(view?.messages.values() ?? [])];
  const end = last === Infinity ? all.length : all.findLastIndex(({ seq }) => seq <= last) + 1;
  const first = Math.max(0, end - MOST_SHOWN);
  return { messages: all.slice(first, end), first, count: all.length };
}

/** The seq at which the window ends; Infinity: it goes along with the newest message. */
export const last = signal(Infinity);

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

export function toEnd(): void {
  span.value = undefined;
  linked.value = undefined;
  last.value = Infinity;
  atEnd.value = true;
  missed.value = 0;
  toEndAsked.value += 1;
}

/** A message was added at the end. One who reads further up must not lose what is there: the new one waits outside of a full window. */
export function appended(room: string, isMine: boolean): void {
  if (atEnd.peek()) return;
  if (!isMine) missed.value += 1;
  const view = last.peek() === Infinity && !isApart() ? viewIn(room) : undefined;
  if (view && view.messages.size > MOST_SHOWN) last.value = lastBefore(view, view.messages.size - 1);
}
