// Getting messages that are not there yet: older ones, and one that a link leads to.

import { type Client, type Page, prepend, type wire } from "#sdk";
import { t } from "../i18n/index.ts";
import { meetAuthors } from "./names.ts";
import { say } from "./screen.ts";
import { clientOf, current, places, wanted } from "./state.ts";
import { last, lastBefore, linked, STEP } from "./window.ts";

export const MOST_READ = 5000; // messages kept while one reads further up

/** What a command of the current room gave; nothing if it failed, which is said. */
export const ask = async (command: Parameters<Client["ask"]>[0]): Promise<unknown> =>
  clientOf()
    ?.ask(command)
    .catch((error: Error) => say(error.message));

/** The room whose older messages are on their way, and the events that came meanwhile. */
let loading: { room: string; meanwhile: wire.AnyEvent[] } | undefined;

/** Keep an event that came while older messages are on their way. */
export function heardMeanwhile(room: string, event: wire.AnyEvent): void {
  if (loading?.room === room) loading.meanwhile.push(event);
}

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

export async function loadOlder(room: string): Promise<void> {
  const client = clientOf();
  const view = places.get(room)?.view;
  const first = view?.messages.keys().next().value;
  if (loading || !view || first === undefined || client?.state !== "connected") return;
  const meanwhile: wire.AnyEvent[] = [];
  loading = { room, meanwhile };
  const page = (await client.ask({ do: "history", room, before: first, limit: 100 }).catch(() => undefined)) as Page | undefined;
  loading = undefined;
  // If the view was trimmed or replaced by a snapshot, the page would leave a hole.
  if (page) meetAuthors(page);
  if (!page || places.get(room)?.view !== view || view.messages.keys().next().value !== first) return;
  prepend(view, page, meanwhile);
  places.get(room)?.learnThreads(page as Page & { threads?: Record<string, wire.ThreadInRoom> });
  places.get(room)?.changed();
}
