// The server's own emoji: where a text says `:name:`, its image is shown, and the name to those who don't see it.

import { signal } from "@preact/signals";
import type { Client, wire } from "#sdk";

const NAME = /:([a-z0-9_+-]{2,30})(?=:)/g; // the last colon may be the first one of another
const AGAIN = 60_000; // milliseconds before one asks again what an unknown name is
const addresses = signal<ReadonlyMap<string, string>>(new Map());
let version: string | undefined;
let askedAt = 0;
let missing: () => void = () => undefined;

/** A part of a text: an image with its name, or text. */
export type Part = string | { name: string; src: string };

export const emojiVersion = (): string | undefined => version;

/** The server's own emoji: their images by their names. */
export const ownEmoji = (): ReadonlyMap<string, string> => addresses.value;

export const emojiNames = (): string[] => [...addresses.value.keys()];

/** Know the emoji of a list, unless it is the one that is known. */
export function learnEmoji(list: wire.EmojiReply | null | undefined): void {
  if (!list?.emoji) return;
  version = list.version;
  addresses.value = new Map(Object.entries(list.emoji).map(([name, { image }]) => [name, addressOf(name, image)]));
}

/** Take in an event of the directory. */
export function hearOfEmoji(event: wire.AnyEvent): void {
  if (event.event !== "emoji_added" && event.event !== "emoji_removed") return;
  const others = [...addresses.peek()].filter(([name]) => name !== event.name);
  const added: [string, string][] = event.event === "emoji_added" ? [[event.name, addressOf(event.name, event.image)]] : [];
  addresses.value = new Map([...others, ...added]);
  version = undefined;
}

/** Ask for the list without an account, which is told of changes: now, and when a text names an unknown one. */
export function askForEmoji(client: Client): void {
  const ask = async () => {
    askedAt = Date.now();
    learnEmoji((await client.ask({ do: "list_emoji", version }).catch(() => undefined)) as wire.EmojiReply | undefined);
  };
  missing = () => Date.now() - askedAt > AGAIN && client.state === "connected" && ask();
  ask();
}

/** A text cut at the emoji that it names. */
export function splitAtEmoji(text: string): Part[] {
  const parts: Part[] = [];
  let done = 0;
  for (const { 1: name = "", index } of text.matchAll(NAME)) {
    if (index < done) continue;
    const src = addresses.value.get(name);
    if (!src) {
      missing();
      continue;
    }
    parts.push(text.slice(done, index), { name: `:${name}:`, src });
    done = index + name.length + 2;
  }
  return [...parts, text.slice(done)].filter((part) => part !== "");
}

const addressOf = (name: string, image: string) => `/api/v1/emoji/${encodeURIComponent(name)}/${image}`;
