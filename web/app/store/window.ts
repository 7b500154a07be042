// Which messages of a log are drawn: few of those that are there, and more of them as one scrolls, up to MOST_SHOWN.

import { type Signal, signal } from "@preact/signals";
import type { wire } from "#sdk";
import type { Span } from "./span.ts";
import { current, places, type View } from "./state.ts";

/** So many are drawn to begin with: a room opens sooner, and a burst of messages costs less. */
export const FEW = 60;
/** So many of them come before a place that one goes to. */
export const BEFORE = 20;
const MOST_SHOWN = 150;
const STEP = 50;
/** As many as there may be while messages come at the end, until those at the top go, all at once: what stays where it is costs little. */
const MOST_ALONG = 120;
const NEAR_END = 100; // pixels from it, within which new messages are shown as they come

export interface Window {
  messages: wire.Message[];
  /** The place of the first among all that are there. */
  first: number;
  count: number;
}

/** The messages up to the one with the seq `last`: so many, or as many as there may be. */
function windowOf(view: View | undefined, last: number, size: number): Window {
  const all = [...(view?.messages.values() ?? [])];
  const end = last === Infinity ? all.length : all.findLastIndex(({ seq }) => seq <= last) + 1;
  const first = Math.max(0, end - size);
  return { messages: all.slice(first, end), first, count: all.length };
}

/** What somebody sees of a log, and where in it. */
export class Pane {
  /** The room, or the thread, whose log it is. */
  readonly room: Signal<string>;
  /** What is shown in place of the newest messages. */
  readonly span = signal<Span | undefined>(undefined);
  /** The seq at which the window ends; Infinity: it goes along with the newest message. */
  readonly last = signal(Infinity);
  /** How many messages the window has. */
  readonly size = signal(FEW);
  /** Whether one sees the newest message. */
  readonly atEnd = signal(true);
  /** How many messages of others have come since one did. */
  readonly missed = signal(0);
  /** The message that a link has led to. */
  readonly linked = signal<number | undefined>(undefined);
  /** Grows whenever the end is to be shown, wherever one is. */
  readonly toEndAsked = signal(0);
  /** Grows whenever the line above what is new is to be shown. */
  readonly toLineAsked = signal(0);
  /** A room of which nothing is drawn before its line is found: else it would be drawn twice, and jump. */
  readonly lineSought = signal("");
  /** The message that one wants to see once the log is there. */
  sought: number | undefined;
  /** What is being got, to be shown in place of the newest messages. */
  opening: Span | undefined;
  /** The seq at which the window begins while it goes along with the newest message. */
  #from = Infinity;

  constructor(room: Signal<string>) {
    this.room = room;
  }

  /** What there is to see. */
  get view(): View | undefined {
    const [room, span] = [this.room.value, this.span.value];
    return (span?.room.name === room ? span : places.get(room))?.view;
  }

  /** Whether what is shown does not reach the newest messages. */
  get isApart(): boolean {
    return this.span.value?.isJoined === false;
  }

  /** The window on what is to be shown. */
  windowIn(view: View | undefined): Window {
    if (this.last.value !== Infinity) return windowOf(view, this.last.value, this.size.value);
    const { messages, count } = windowOf(view, Infinity, Infinity);
    const few = Math.max(0, count - this.size.value);
    const before = messages.findIndex(({ seq }) => seq >= this.#from);
    const first = before >= 0 && before <= few && count - before <= Math.max(MOST_ALONG, this.size.value) ? before : few;
    return { messages: messages.slice(first), first, count };
  }

  /** This window is drawn now: the next one begins where it does, as long as it may. */
  drew({ messages }: Window): void {
    if (this.last.peek() === Infinity) this.#from = messages[0]?.seq ?? Infinity;
  }

  /** Let the window begin anew, with few messages: up to the `end`th, or the newest one. */
  begin(view?: View, end = Infinity): void {
    this.size.value = FEW;
    this.#from = Infinity;
    this.last.value = view ? this.#lastBefore(view, end) : Infinity;
  }

  /** Draw more of the messages before those that are drawn. Too many at the other end go. */
  growUp(view: View, { first, messages }: Window): void {
    const [begins, ends] = [Math.max(first - STEP, 0), first + messages.length];
    this.size.value = Math.min(ends - begins, MOST_SHOWN);
    if (ends - begins > MOST_SHOWN) this.last.value = this.#lastBefore(view, begins + MOST_SHOWN);
  }

  /** Draw more of the messages after those that are drawn. */
  growDown(view: View, { first, messages, count }: Window): void {
    const ends = Math.min(first + messages.length + STEP, count);
    this.size.value = Math.min(ends - first, MOST_SHOWN);
    this.last.value = this.#lastBefore(view, ends < count ? ends : count + 1);
  }

  /** The seq at which a window ends that ends before the `end`th message. Where that is not there, the newest ones are, or what is apart from them ends. */
  #lastBefore(view: View, end: number): number {
    const seqs = [...view.messages.keys()];
    return seqs[end - 1] ?? (this.isApart ? seqs.at(-1) : undefined) ?? Infinity;
  }

  toEnd(): void {
    this.lineSought.value = "";
    this.span.value = undefined;
    this.linked.value = undefined;
    this.begin();
    this.atEnd.value = true;
    this.missed.value = 0;
    this.toEndAsked.value += 1;
  }

  /** So many pixels are left below what one sees. */
  looked(below: number): void {
    this.atEnd.value = this.last.peek() === Infinity && !this.isApart && below < NEAR_END;
    if (this.atEnd.peek()) this.missed.value = 0;
  }

  /** A message was added at the end. One who reads further up must not lose what is there: the new one waits outside of the window. */
  appended(isMine: boolean): void {
    if (this.atEnd.peek()) {
      this.size.value = FEW; // nobody sees the others any more
      return;
    }
    if (!isMine) this.missed.value += 1;
    const view = this.last.peek() === Infinity && !this.isApart ? this.view : undefined;
    if (!view || view.messages.size <= this.size.peek()) return;
    const seqs = [...view.messages.keys()];
    this.size.value = Math.min(MOST_SHOWN, seqs.filter((seq) => seq >= this.#from).length - 1);
    this.last.value = this.#lastBefore(view, seqs.length - 1);
  }
}

/** The current room. */
export const main = new Pane(current);

/** The thread beside it. */
export const side = new Pane(signal(""));

/** Where a log is shown, if it is. */
export const paneOf = (room: string): Pane | undefined => [main, side].find((pane) => pane.room.value === room);

/** What is shown of a room, or what is there of it. */
export const viewIn = (room: string): View | undefined => paneOf(room)?.view ?? places.get(room)?.view;
