// A stretch of a room's messages apart from its newest ones, as a link leads to: it grows at both ends, until it meets those.

import { signal } from "@preact/signals";
import { apply, type Page, prepend, trim, type View } from "#fold";
import type { HistoryPage, Room, wire } from "#sdk";
import { current, places, type View as Shown } from "./state.ts";

const AT_ONCE = 50; // messages in one page
const MOST_READ = 5000; // messages of a stretch, while one reads on

export class Span {
  readonly room: Room;
  /** Whether it reaches the newest messages that are there. */
  isJoined = false;
  readonly #at: number;
  readonly #view: View = { messages: new Map(), more: true, state: undefined };
  #meanwhile: wire.AnyEvent[] = []; // what came since a page was asked for
  #paging: Promise<HistoryPage> | undefined;

  /** Around a place in the log of `room`, which need not be that of a message. */
  constructor(room: Room, at: number) {
    this.room = room;
    this.#at = at;
  }

  /** What is there: with the newest messages, once it has met them. */
  get view(): Shown {
    const { messages, more } = this.#view;
    return { messages: this.isJoined ? new Map([...messages, ...this.room.bySeq]) : messages, more };
  }

  /** Take in an event of the room. New messages are none of its own. */
  take(event: wire.AnyEvent): void {
    if (event.event === "posted") return;
    if (this.#paging) this.#meanwhile.push(event);
    apply(this.#view, event);
  }

  older(): Promise<HistoryPage | undefined> {
    const [first = this.#at + 1] = this.#view.messages.keys();
    return this.#page({ before: first }, (page) => prepend(this.#view, page, this.#meanwhile));
  }

  newer(): Promise<HistoryPage | undefined> {
    if (this.isJoined) return Promise.resolve(undefined);
    const last = [...this.#view.messages.keys()].at(-1) ?? this.#at;
    return this.#page({ after: last }, (page) => {
      const next: View = { messages: new Map(), more: true, state: undefined };
      prepend(next, page, this.#meanwhile);
      const [oldest = Infinity] = this.room.bySeq.keys(); // of the newest ones
      this.isJoined = !page.more || (page.messages.at(-1)?.seq ?? 0) >= oldest;
      const before = [...this.#view.messages, ...next.messages];
      this.#view.messages = new Map(this.isJoined ? before.filter(([seq]) => seq < oldest) : before);
      this.#view.asOf = new Map([...(this.#view.asOf ?? []), ...(next.asOf ?? [])]);
      trim(this.#view, MOST_READ);
    });
  }

  /** Get one page at a time. */
  #page(from: { before: number } | { after: number }, put: (page: Page) => void): Promise<HistoryPage | undefined> {
    const ask = async (): Promise<HistoryPage> => {
      this.#meanwhile = [];
      const page = await this.room.history({ ...from, limit: AT_ONCE });
      put(page);
      return page;
    };
    this.#paging ??= ask().finally(() => {
      this.#paging = undefined;
    });
    return this.#paging;
  }
}

/** What is shown of the current room in place of its newest messages. */
export const span = signal<Span | undefined>(undefined);

/** Whether what is shown does not reach the newest messages. */
export const isApart = (): boolean => span.value?.isJoined === false;

/** What is shown of a room. */
export const viewIn = (room: string): Shown | undefined =>
  (room === current.value && span.value?.room.name === room ? span.value : places.get(room))?.view;
