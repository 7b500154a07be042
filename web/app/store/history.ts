// Getting messages that are not there yet: older ones, and one that a link leads to. And asking the server.

import { batch } from "@preact/signals";
import type { HistoryPage, Room, wire } from "#sdk";
import { t } from "../i18n/index.ts";
import type { Asks } from "./commands.ts";
import { keep } from "./kept.ts";
import { meetAuthors } from "./names.ts";
import { say } from "./screen.ts";
import { Span } from "./span.ts";
import { accountOf, clientOf, newFrom, places, type View, wanted } from "./state.ts";
import { learnThreads } from "./threads.ts";
import { BEFORE, FEW, main, type Pane, paneOf, viewIn } from "./window.ts";

/** Newest messages of a room that stay, and that are kept on the device. */
export const MOST_KEPT = 300;
const PAGE = 100;

/** Send a command that somebody waits for: without a connection, it fails at once. Rejects with why it did. */
export async function command<Ok = unknown>(name: Asks, fields: Record<string, unknown>): Promise<Ok> {
  const client = clientOf();
  if (client?.status.state !== "connected") throw new Error(t.noServer);
  return client.send<Ok>(name, fields);
}

/** What a command gave; nothing if it failed, which is said. */
export const ask = <Ok = unknown>(name: Asks, fields: Record<string, unknown>): Promise<Ok | undefined> =>
  command<Ok>(name, fields).catch((error: Error) => {
    say(error.message);
    return undefined;
  });

/** Show a message of a log that is shown: if it is not there, it comes with those around it, and not with all since. */
export async function goTo(room: string, seq: number): Promise<void> {
  const pane = paneOf(room);
  if (!pane) return;
  const found = pane.view?.messages.has(seq) ? pane.span.peek() : await around(pane, seq);
  batch(() => {
    if (pane === main) wanted.value = undefined; // until here its end counts as unseen
    if (room === pane.room.peek()) show(pane, seq, found);
  });
}

/** Get what is around a place in a log that is shown. Undefined if there is nothing, or one wants to see something else by now. */
async function around(pane: Pane, seq: number): Promise<Span | undefined> {
  const name = pane.room.peek();
  const room = places.get(name)?.room;
  if (!room) return undefined;
  const opened = new Span(room, seq);
  pane.opening = opened;
  await page(name, () => opened.older());
  await page(name, () => opened.newer());
  if (pane.opening !== opened) return undefined;
  pane.opening = undefined;
  return opened.view.messages.size ? opened : undefined;
}

/** The message that a thread is about, with some before it: it may be older than all that is shown of its room. */
let root: Span | undefined;

/** Get the message that a thread is about, unless it is there. */
export async function getRoot(name: string, seq: number): Promise<void> {
  const room = places.get(name)?.room;
  if (!room || rootIn(name, seq)) return;
  const got = new Span(room, seq);
  root = got;
  await grow(name, () => got.older());
}

export const rootIn = (name: string, seq: number): wire.Message | undefined =>
  [viewIn(name), places.get(name)?.view, root?.room.name === name ? root.view : undefined]
    .find((view) => view?.messages.has(seq))
    ?.messages.get(seq);

/** Let what is shown apart from the newest messages know of an event. */
export function hearApart(event: wire.AnyEvent): void {
  const pane = paneOf(event.room);
  for (const each of [pane?.span.peek(), pane?.opening, root]) if (each?.room.name === event.room) each.take(event);
}

/** What one reads of a log becomes a span of its own: its newest messages go on without that. */
export function part(pane: Pane, room: Room): void {
  const { view, span, last } = pane;
  if (view && !pane.isApart) span.value = Span.of(room, view, last.peek());
}

/** A room has begun anew while one reads further up in it: what one sees stays, and comes again as it is by now. */
export async function stay(pane: Pane, room: Room, newest: View): Promise<void> {
  const { span, last } = pane;
  const shown = span.peek()?.with(newest.messages) ?? newest;
  const { messages } = pane.windowIn(shown);
  const [from = 1, upto = 1] = [messages[0]?.seq, messages.at(-1)?.seq];
  const stale = Span.of(room, shown, upto);
  span.value = stale;
  if (last.peek() === Infinity) last.value = upto;
  const again = new Span(room, from - 1);
  pane.opening = again;
  const isThere = () => again.isJoined || [...again.view.messages.keys()].some((seq) => seq >= upto);
  try {
    while (pane.opening === again && !isThere()) await met(room.name, () => again.newer());
    if (pane.opening === again && span.peek() === stale) span.value = again;
  } catch {
    if (pane.opening === again && span.peek() === stale) pane.toEnd(); // it may not be read any more
  }
}

function show(pane: Pane, seq: number, found: Span | undefined): void {
  pane.span.value = found ?? pane.span.peek();
  const { view } = pane;
  const place = [...(view?.messages.keys() ?? [])].indexOf(seq);
  if (!view || place < 0) {
    say(t.messageNotHere);
    return;
  }
  pane.begin(view, place + FEW / 2);
  pane.linked.value = seq;
}

/** The room whose line is shown once everything has come that was missed. */
let waiting = "";

export const waitsForLine = (name: string): boolean => waiting === name;

/**
 * Show the line above what is new in the current room, if there is one; what is there is not read before it was seen. `upto` is the
 * number of the last event that has come. `isDrawn`: something of the room is on the screen already, and stays there meanwhile.
 */
export async function goToLine(name: string, upto = places.get(name)?.room?.position.seq ?? 0, isDrawn = false): Promise<void> {
  const { room: current, span, atEnd, lineSought, toEndAsked } = main;
  const from = newFrom.peek();
  const [first = from] = viewIn(name)?.messages.keys() ?? [];
  if (from === Infinity || wanted.peek() || !viewIn(name)) return;
  atEnd.value = false;
  const isBehind = upto < (accountOf()?.row(name)?.head ?? 0);
  waiting = isBehind ? name : "";
  if (isBehind && places.get(name)?.room) return; // the rest comes at once; without a server, what is kept is all there is
  const asked = toEndAsked.peek();
  const isElsewhere = first > from && viewIn(name)?.more;
  if (isElsewhere && !isDrawn) lineSought.value = name;
  const found = isElsewhere ? await around(main, from - 1) : undefined;
  if (lineSought.peek() === name) lineSought.value = "";
  if (name !== current.peek() || newFrom.peek() !== from || toEndAsked.peek() !== asked) return;
  batch(() => {
    span.value = found ?? span.peek();
    const view = viewIn(name);
    const place = [...(view?.messages.keys() ?? [])].findIndex((seq) => seq >= from);
    if (view && place >= 0) main.begin(view, place + FEW - BEFORE);
    else main.begin();
    main.toLineAsked.value += 1;
  });
}

/** Get a page of messages for what is shown. */
async function grow(name: string, ask: () => Promise<Named | undefined>): Promise<void> {
  if (await page(name, ask)) places.get(name)?.changed();
}

/** Get a page of messages, if there is a connection. Returns whether there was one. */
async function page(name: string, ask: () => Promise<Named | undefined>): Promise<boolean> {
  if (clientOf()?.status.state !== "connected") return false;
  const found = await met(name, ask).catch(() => undefined); // it is asked for again when one scrolls on
  return found !== undefined;
}

/** Get a page of messages, and know whom and which threads it names. */
async function met(name: string, ask: () => Promise<Named | undefined>): Promise<Named | undefined> {
  const place = places.get(name);
  const before = place?.threads.peek();
  const page = await ask();
  if (!page || !place || places.get(name) !== place) return page;
  meetAuthors(page);
  const threads = Object.entries(page.threads ?? {});
  if (threads.length)
    learnThreads(
      place,
      threads.map(([seq, thread]) => [Number(seq), thread]),
      before,
    );
  return page;
}

type Named = Pick<HistoryPage, "people" | "threads">;

/** Get messages before the first of those that are shown. What is far above the newest ones is held apart from those. */
export async function loadOlder(name: string): Promise<void> {
  const room = places.get(name)?.room;
  const span = paneOf(name)?.span;
  if (!room || !viewIn(name)?.more) return;
  if (!span || !(span.peek() || room.bySeq.size >= MOST_KEPT)) {
    await grow(name, async () => {
      await room.older(PAGE);
      keep(name);
      const known = places.get(name)?.threads.peek();
      return { people: room.people, threads: Object.fromEntries([...room.threads].filter(([seq]) => !known?.has(seq))) };
    });
    return;
  }
  const above = span.peek() ?? Span.above(room);
  span.value = above;
  await grow(name, () => above.older());
}

/** Get messages after the last of those that are shown, apart from the newest ones. */
export const loadNewer = (name: string): Promise<void> => grow(name, async () => paneOf(name)?.span.peek()?.newer());
