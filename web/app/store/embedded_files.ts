// The files of a message that is being written in an embedded room. The browser keeps nothing of them.

import { signal } from "@preact/signals";
import type { Client } from "#sdk";
import type { Attachment } from "./attachments.ts";
import { choose, rowOf } from "./choosing.ts";
import { Uploader } from "./uploader.ts";

export class EmbeddedFiles {
  readonly all = signal<readonly Attachment[]>([]);
  /** Why the last ones were not taken. */
  readonly why = signal("");
  readonly #contents = new Map<string, Blob>();
  readonly #uploader: Uploader;

  constructor(client: Client) {
    this.#uploader = new Uploader({ all: () => this.all.peek(), change: this.change, contentOf: this.contentOf, client: () => client });
  }

  readonly contentOf = (id: string): Blob | undefined => this.#contents.get(id);

  take(files: readonly File[]): void {
    const { taken, why } = choose(files, this.all.peek().length, undefined); // how large they may be, the server says
    this.why.value = why;
    const added = taken.map((file): Attachment => {
      const { content: _, ...row } = rowOf("", file, Date.now());
      this.#contents.set(row.id, file);
      return { ...row, state: "waiting", sent: 0, isKept: true };
    });
    this.#set([...this.all.peek(), ...added]);
  }

  readonly change = (id: string, changed: Partial<Attachment>): void =>
    this.#set(this.all.peek().map((each) => (each.id === id ? { ...each, ...changed } : each)));

  /** Post a file no more: what the server has of it expires. */
  readonly remove = (id: string): void => {
    this.#contents.delete(id);
    this.why.value = "";
    this.#set(this.all.peek().filter((each) => each.id !== id));
  };

  /** They are sent. */
  clear(): void {
    for (const { id } of this.all.peek()) this.remove(id);
  }

  #set(files: readonly Attachment[]): void {
    this.all.value = files;
    this.#uploader.upload();
  }
}
