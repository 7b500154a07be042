// The server's own emoji: where a text says `:name:`, its image is shown, and the name to those who don't see it.

import { signal } from "@preact/signals";
import type { Client, wire } from "#sdk";
import { session } from "./state.ts";

const NAME = /:([a-z0-9_+-]{2,30})(?=:)/g; // the last colon may be the first one of another
const AGAIN = 60_000; // milliseconds before one asks again what an unknown name is

type Known = ReadonlyMap<string, Pick<wire.EmojiItem, "image">>;

const listed = signal<Known>(new Map()); // for those who have no account
let version: string | undefined;
let askedAt = 0;
let missing: () => void = () => undefined;

/** A part of a text: an image with its name, or text. */
export type Part<Image> = string | { name: string; image: Image };

/** What there is: an account is told of changes. */
const known = (): Known => session.value?.account?.know("emoji")?.emoji ?? listed.value;

/** The server's own emoji: their images by their names. */
export const ownEmoji = (): ReadonlyMap<string, string> => new Map([...known()].map(([name, { image }]) => [name, addressOf(name, image)]));

export const emojiNames = (): string[] => [...known().keys()];

/** Ask for the list without an account: now, and when a text names an unknown one. */
export function askForEmoji(client: Client): void {
  const ask = async () => {
    askedAt = Date.now();
    const list = await client.send<wire.EmojiReply>("list_emoji", { version }).catch(() => undefined);
    if (!list?.emoji) return; // the same as before
    version = list.version;
    listed.value = new Map(Object.entries(list.emoji));
  };
  missing = () => Date.now() - askedAt > AGAIN && client.status.state === "connected" && ask();
  ask();
}

/** Where the image of an emoji is, if there is one of this name. */
export function srcOf(name: string): string | undefined {
  const found = known().get(name);
  if (!found) missing();
  return found && addressOf(name, found.image);
}

/** A text cut at the emoji that it names, and that are found. */
export function splitAtEmoji<Image>(text: string, find: (name: string) => Image | undefined): Part<Image>[] {
  const parts: Part<Image>[] = [];
  let done = 0;
  for (const { 1: name = "", index } of text.matchAll(NAME)) {
    if (index < done) continue;
    const image = find(name);
    if (image === undefined) continue;
    parts.push(text.slice(done, index), { name: `:${name}:`, image });
    done = index + name.length + 2;
  }
  return [...parts, text.slice(done)].filter((part) => part !== "");
}

const addressOf = (name: string, image: string): string => `/api/v1/emoji/${encodeURIComponent(name)}/${image}`;
