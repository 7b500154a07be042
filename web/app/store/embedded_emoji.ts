// The server's own emoji in an embedded room. Their images come with whatever proves who looks, and only those that a text names.

import { signal } from "@preact/signals";
import type { wire } from "#sdk";

const AGAIN = 60_000; // milliseconds before one asks again what an unknown name is

/** How an embedded room asks its server. */
export interface Server {
  list(): Promise<Pick<wire.EmojiReply, "emoji">>;
  get(path: string): Promise<Blob>;
}

export class EmbeddedEmoji {
  readonly #images = signal<ReadonlyMap<string, Blob>>(new Map());
  readonly #server: Server;
  readonly #askedAt = new Map<string, number>();
  #listed: { at: number; emoji: Promise<Record<string, Pick<wire.EmojiItem, "image">>> } | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  /** The image of an emoji, once it is there. */
  readonly find = (name: string): Blob | undefined => {
    const found = this.#images.value.get(name);
    const now = performance.now();
    if (!found && now - (this.#askedAt.get(name) ?? -AGAIN) >= AGAIN) {
      this.#askedAt.set(name, now);
      this.#get(name, now).catch(() => {}); // its name stays, and is asked for again
    }
    return found;
  };

  /** Whether the server has one of that name now; false if it can't be asked. */
  readonly has = (name: string): Promise<boolean> =>
    this.#server.list().then(
      ({ emoji }) => Object.hasOwn(emoji ?? {}, name),
      () => false,
    );

  async #get(name: string, now: number): Promise<void> {
    if (!this.#listed || now - this.#listed.at >= AGAIN)
      this.#listed = { at: now, emoji: this.#server.list().then(({ emoji }) => emoji ?? {}) };
    const known = (await this.#listed.emoji)[name];
    if (!known) return;
    const image = await this.#server.get(`/api/v1/emoji/${encodeURIComponent(name)}/${known.image}`);
    this.#images.value = new Map([...this.#images.peek(), [name, image]]);
  }
}
