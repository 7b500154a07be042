// A stretch of a room's messages apart from its newest ones, as a link leads to, or reading on upwards: it grows at both ends, until it meets
// those. It holds so many messages; as one reads on, it lets go of what is furthest away.

import { apply, type Page, prepend, type View } from "#fold";
import type { HistoryPage, Room, wire } from "#sdk";
import type { View as Shown } from "./state.ts";

const AT_ONCE = 50; // messages in one page
export const MOST_READ = 1000; // messages of a stretch

type Messages = ReadonlyMap<number, wire.Message>;

export class Span {
  readonly room: Room;
  /** Whether it reaches the newest messages that are there. */
  isJoined = false;
  readonly #at: number;
  readonly #view: View = { messages: new Map(), more: true, state: undefined, asOf: new Map() };
  #meanwhile: wire.AnyEvent[] = []; // what came since a page was asked for
  #paging: Promise<HistoryPage> | undefined;

  /** Around a place in the log of `room`, which need not be that of a message. */
  constructor(room: Room, at: number) {
    this.room = room;
    this.#at = at;
  }

  /** What is above a room's newest messages. */
  static above(room: Room): Span {
    const [first = 1] = room.bySeq.keys();
    const span = new Span(room, first - 1);
    span.isJoined = true;
    span.#view.more = room.more;
    return span;
  }

  /** What is shown of a room around the message `at`, for when its newest messages go on without that. */
  static of(room: Room, { messages, more }: Shown, at: number): Span {
    const span = new Span(room, at);
    const all = [...messages];
    const end = Math.min(all.length, all.findLastIndex(([seq]) => seq <= at) + 1 + MOST_READ / 2);
    span.#view.messages = new Map(all.slice(Math.max(0, end - MOST_READ), end));
    span.#view.more = more || end > MOST_READ;
    return span;
  }

  /** What is there: with the newest messages, once it has met them. */
  get view(): Shown {
    return this.with(this.room.bySeq);
  }

  /** What is there, if these are the newest messages. */
  with(newest: Messages): Shown {
    const { messages, more } = this.#view;
    return { messages: this.isJoined ? new Map([...messages, ...newest]) : messages, more };
  }

  /** Take in an event of the room. New messages are none of its own. */
  take(event: wire.AnyEvent): void {
    if (event.event === "posted") return;
    if (this.#paging) this.#meanwhile.push(event);
    apply(this.#view, event);
  }

  older(): Promise<HistoryPage | undefined> {
    const [first = this.#at + 1] = this.#view.messages.keys();
    return this.#page({ before: first }, (page) => {
      prepend(this.#view, page, this.#meanwhile);
      if (this.#letGo([...this.#view.messages.keys()].slice(MOST_READ))) this.isJoined = false;
    });
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
      if (this.#letGo([...this.#view.messages.keys()].slice(0, -MOST_READ))) this.#view.more = true;
    });
  }

  /** Hold these messages no longer. Returns whether there were any. */
  #letGo(seqs: readonly number[]): boolean {
    for (const seq of seqs) {
      this.#view.messages.delete(seq);
      this.#view.asOf?.delete(seq);
    }
    return seqs.length > 0;
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
