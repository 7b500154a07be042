// The server's own emoji: where a text says `:name:`, its image is shown, and the name to those who don't see it.

import type { Client, wire } from "#sdk";
import { make } from "./dom.ts";

const NAME = /:([a-z0-9_+-]{2,30})(?=:)/g; // the last colon may be the first one of another
const AGAIN = 60_000; // milliseconds before one asks again what an unknown name is
const addresses = new Map<string, string>();
let version: string | undefined;
let askedAt = 0;
let missing: () => void = () => undefined;

export const emojiVersion = (): string | undefined => version;

export const emojiNames = (): string[] => [...addresses.keys()];

/** Whether a text may name an emoji. */
export const namesEmoji = (text: string): boolean => text.search(NAME) >= 0;

/** Know the emoji of a list, unless it is the one that is known. Returns whether it is another. */
export function learnEmoji(list: wire.EmojiReply | null | undefined): boolean {
  if (!list?.emoji) return false;
  version = list.version;
  addresses.clear();
  for (const [name, { image }] of Object.entries(list.emoji)) know(name, image);
  return true;
}

/** Take in an event of the directory. Returns whether there are other emoji now. */
export function hearOfEmoji(event: wire.AnyEvent): boolean {
  if (event.event === "emoji_added") know(event.name, event.image);
  else if (event.event === "emoji_removed") addresses.delete(event.name);
  else return false;
  version = undefined;
  return true;
}

/** Ask for the list without an account, which is told of changes: now, and when a text names an unknown one. */
export function askForEmoji(client: Client, changed: () => void): void {
  const ask = async () => {
    askedAt = Date.now();
    const list = (await client.ask({ do: "list_emoji", version }).catch(() => undefined)) as wire.EmojiReply | undefined;
    if (learnEmoji(list)) changed();
  };
  missing = () => Date.now() - askedAt > AGAIN && client.state === "connected" && ask();
  ask();
}

/** A text with images in the place of the emoji that it names. */
export function withEmoji(text: string): (Node | string)[] {
  const parts: (Node | string)[] = [];
  let done = 0;
  for (const { 1: name = "", index } of text.matchAll(NAME)) {
    const found = `:${name}:`;
    const src = addresses.get(name);
    if (index < done) continue;
    if (!src) {
      missing();
      continue;
    }
    parts.push(text.slice(done, index), make("img", { className: "emoji", src, alt: found, title: found, loading: "lazy" }));
    done = index + found.length;
  }
  parts.push(text.slice(done));
  return parts;
}

const know = (name: string, image: string) => addresses.set(name, `/api/v1/emoji/${encodeURIComponent(name)}/${image}`);
