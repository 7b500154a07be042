// The messages that are shown: what can be done with each, and getting older ones.

import { type Client, type Page, prepend, type wire } from "#sdk";
import { showComposer, text } from "./composer.ts";
import * as dialogs from "./dialogs.ts";
import { meetAuthors } from "./names.ts";
import { readOn } from "./reading.ts";
import { toast } from "./room.ts";
import { addressOf } from "./routes.ts";
import { now, places } from "./state.ts";
import { Timeline } from "./timeline.ts";

export const MOST_READ = 5000; // messages kept while one reads further up

/** What a command of the current room gave; nothing if it failed, which is said. */
export const ask = (command: Parameters<Client["ask"]>[0]): Promise<unknown> =>
  now.client?.ask(command).catch((error: Error) => toast(error.message)) ?? Promise.resolve();

export let loading: { room: string; meanwhile: wire.AnyEvent[] } | undefined; // the room whose older messages are on their way, and the events that came meanwhile

export const timeline = new Timeline({
  react: (seq, emoji, on) => ask({ do: on ? "react" : "unreact", room: now.current, seq, emoji }),
  edit: (seq, changed) => ask({ do: "edit", room: now.current, seq, text: changed }),
  remove: (seq) => ask({ do: "delete", room: now.current, seq }),
  repost: (id) => now.client?.repost(id),
  discard: (id) => now.client?.discard(id),
  reply: (message) => {
    now.replyTo = message;
    showComposer();
    text.focus();
  },
  older: () => loadOlder(now.current),
  scrolled: () => readOn(),
  link: (seq) => copyLink(now.current, seq),
});

async function copyLink(room: string, seq: number): Promise<void> {
  const link = `${location.origin}${addressOf(room, seq)}`;
  toast((await dialogs.copyText(link)) ? "The link is copied" : `The link is ${link}`);
}

/** Show a message, and for that whatever is between it and what is there. */
export async function goTo(room: string, seq: number): Promise<void> {
  const isThere = (): boolean => (places.get(room)?.view?.messages.keys().next().value ?? seq) <= seq;
  for (let pages = 0; pages < MOST_READ / 100 && !isThere() && places.get(room)?.view?.more; pages += 1) await loadOlder(room);
  now.wanted = undefined; // until here its end counts as unseen
  if (room === now.current && !timeline.goTo(seq)) toast("This message is not here");
}

async function loadOlder(room: string): Promise<void> {
  const view = places.get(room)?.view;
  const first = view?.messages.keys().next().value;
  if (loading || !view || first === undefined || now.client?.state !== "connected") return;
  const meanwhile: wire.AnyEvent[] = [];
  loading = { room, meanwhile };
  const page = (await now.client.ask({ do: "history", room, before: first, limit: 100 }).catch(() => undefined)) as Page | undefined;
  loading = undefined;
  // If the view was trimmed or replaced by a snapshot, the page would leave a hole.
  if (page) meetAuthors(page);
  if (!page || places.get(room)?.view !== view || view.messages.keys().next().value !== first) return;
  prepend(view, page, meanwhile);
  if (room === now.current) timeline.showOlder();
}
