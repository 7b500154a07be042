// What a search has found so far, in pages. One that is no longer wanted is given up. What was found stays when one looks at a message, and comes back.

import { signal } from "@preact/signals";
import { Refused, type wire } from "#sdk";
import { t } from "../i18n/index.ts";
import { roomOf } from "./address.ts";
import { call } from "./http.ts";
import { meetAuthors } from "./names.ts";
import type { Order, Sought } from "./seeking.ts";
import { accountOf, places } from "./state.ts";

/** A message that was found. */
export interface Hit {
  room: string;
  message: wire.Message;
  /** Where the words are: start and length in code points. */
  highlights: [number, number][];
  /** Whether one was a member of its room. */
  wasMember: boolean;
}

interface Page {
  hits: Omit<Hit, "wasMember">[];
  more: boolean;
  then?: string;
  indexed_to: string | null;
  titles?: Record<string, string>;
  people?: Record<string, wire.Author>;
  hint?: string;
}

export interface Found {
  query: string;
  /** The query as the server is asked it, with moments in place of days. */
  asked: string;
  order: Order;
  /** `waiting`: there is no connection, and it is tried again once there is one. */
  state: "nothing" | "asking" | "found" | "refused" | "waiting";
  hits: readonly Hit[];
  /** After what to go on, if there may be more. */
  next: string | undefined;
  /** Up to when messages are found; null if the server has not read all rooms yet. */
  indexedTo: string | null;
  titles: Readonly<Record<string, string>>;
  /** A sentence for people, if the query may not mean what they intended. */
  hint: string;
  why: string;
}

const PAGE = 20;
const MOST_AT_ONCE = 50; // in one answer
const ROUNDS = 5; // pages that may be empty, although there are more

const NOTHING: Found = {
  ...{ query: "", asked: "", order: "newest", state: "nothing", hits: [], next: undefined, indexedTo: null, titles: {}, hint: "", why: "" },
} as const;

export const found = signal<Found>(NOTHING);

/** The message that one looked at last, and how far one had scrolled. */
export const left = { key: "", scrolled: 0 };

let asking: AbortController | undefined;

export const keyOf = ({ room, message }: Hit): string => `${room}/${message.seq}`;

/** Those that may still be shown: not of a room that one has left since, nor deleted. A new search brings back what one may still read. */
export const shownOf = ({ hits }: Found): Hit[] =>
  hits.filter(
    ({ room, message, wasMember }) =>
      (!wasMember || accountOf()?.row(roomOf(room)) !== undefined) && !places.get(room)?.view?.messages.get(message.seq)?.deleted,
  );

/** Search, unless that has been found already. */
export function find(sought: Sought & Pick<Found, "asked">): void {
  const { query, order, state } = found.peek();
  if (query === sought.query && order === sought.order && state !== "nothing") return;
  left.key = "";
  begin({ ...NOTHING, ...sought, state: "asking", hits: found.peek().hits, titles: found.peek().titles }, PAGE);
}

/** Search for nothing. */
export function findNothing(): void {
  asking?.abort();
  found.value = NOTHING;
}

/** Search again, for as much as is shown: something may have changed, or failed. */
export const findAgain = (): void =>
  begin({ ...found.peek(), state: "asking", why: "" }, Math.min(MOST_AT_ONCE, Math.max(PAGE, found.peek().hits.length)));

/** Search again for what is shown, which stays as it is meanwhile: something has changed in these rooms. */
export function refresh(): void {
  const { state, hits } = found.peek();
  if (state === "found" && hits.length <= MOST_AT_ONCE) ask(Math.max(PAGE, hits.length), undefined, []);
}

/** What is shown meanwhile is what was found before. */
function begin(wanted: Found, limit: number): void {
  found.value = wanted;
  ask(limit, undefined, []);
}

/** Look for more, after those that are there. */
export const findMore = (): void => {
  const { next, hits } = found.peek();
  found.value = { ...found.peek(), state: "asking", why: "" };
  ask(PAGE, next, hits);
};

async function ask(limit: number, before: string | undefined, hits: readonly Hit[]): Promise<void> {
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  try {
    const { query, asked, order } = found.peek();
    const page = await pageOf({ query: asked, order }, limit, before, mine.signal);
    if (mine.signal.aborted) return;
    meetAuthors(page);
    const rows = accountOf()?.rooms;
    const more = page.hits.map((hit) => ({ ...hit, wasMember: rows?.has(roomOf(hit.room)) ?? false }));
    const { titles } = found.peek();
    found.value = {
      ...{ query, asked, order, state: "found", hits: [...hits, ...more], next: page.then, indexedTo: page.indexed_to },
      ...{ titles: { ...titles, ...page.titles }, hint: page.hint ?? "", why: "" },
    };
  } catch (error) {
    if (!mine.signal.aborted) fail(error as Error, mine);
  }
}

async function pageOf({ query, order }: Sought, limit: number, before: string | undefined, signal: AbortSignal): Promise<Page> {
  let then = before;
  for (let round = 1; ; round++) {
    const given = new URLSearchParams({ q: query, limit: `${limit}`, ...(order !== "newest" && { order }), ...(then && { before: then }) });
    const page = await call<Page>("GET", `/search?${given}`, undefined, signal);
    if (page.hits.length || !page.then || round === ROUNDS) return page;
    then = page.then;
  }
}

/** It could not be found. What is to be tried again soon is. */
function fail(error: Error, mine: AbortController): void {
  const isRefused = error instanceof Refused;
  const wait = isRefused ? (error.retry_after ?? 0) : 0;
  if (wait) setTimeout(() => !mine.signal.aborted && asking === mine && findAgain(), 1000 * wait);
  else found.value = { ...found.peek(), state: isRefused ? "refused" : "waiting", why: isRefused ? error.message : t.noServer };
}

/** What stands around a message that was found. */
export async function around({ room, message }: Hit): Promise<{ before: wire.Message[]; after: wire.Message[] }> {
  const path = `/rooms/${encodeURIComponent(room)}/messages/${message.seq}?around=2`;
  const { before = [], after = [], people } = await call<Around>("GET", path);
  meetAuthors({ people: people ?? {} });
  return { before, after };
}

interface Around {
  before?: wire.Message[];
  after?: wire.Message[];
  people?: Record<string, wire.Author>;
}
