// Getting messages that are not there yet: older ones, and one that a link leads to. And asking the server.

import { t } from "../i18n/index.ts";
import { keep } from "./kept.ts";
import { meetAuthors } from "./names.ts";
import { say } from "./screen.ts";
import { clientOf, current, places, wanted } from "./state.ts";
import { last, lastBefore, linked, STEP } from "./window.ts";

export const MOST_READ = 5000; // messages kept while one reads further up

/** Send a command that somebody waits for: without a connection, it fails at once. Rejects with why it did. */
export async function command<Ok = unknown>(name: string, fields: Record<string, unknown>): Promise<Ok> {
  const client = clientOf();
  if (client?.status.state !== "connected") throw new Error(t.noServer);
  return client.send<Ok>(name, fields);
}

/** What a command gave; nothing if it failed, which is said. */
export const ask = <Ok = unknown>(name: string, fields: Record<string, unknown>): Promise<Ok | undefined> =>
  command<Ok>(name, fields).catch((error: Error) => {
    say(error.message);
    return undefined;
  });

/** Show a message, and for that whatever is between it and what is there. */
export async function goTo(room: string, seq: number): Promise<void> {
  const isThere = (): boolean => (places.get(room)?.view?.messages.keys().next().value ?? seq) <= seq;
  for (let pages = 0; pages < MOST_READ / 100 && !isThere() && places.get(room)?.view?.more; pages += 1) await loadOlder(room);
  wanted.value = undefined; // until here its end counts as unseen
  if (room === current.peek()) show(room, seq);
}

function show(room: string, seq: number): void {
  const view = places.get(room)?.view;
  const place = [...(view?.messages.keys() ?? [])].indexOf(seq);
  if (!view || place < 0) {
    say(t.messageNotHere);
    return;
  }
  last.value = lastBefore(view, place + STEP + 1);
  linked.value = seq;
}

export async function loadOlder(name: string): Promise<void> {
  const place = places.get(name);
  const room = place?.room;
  if (!room?.more || clientOf()?.status.state !== "connected") return;
  await room.older(100).catch(() => {}); // it is asked for again when one scrolls on
  meetAuthors(room);
  if (place) place.threads.value = new Map(room.threads);
  place?.changed();
  keep(name);
}
