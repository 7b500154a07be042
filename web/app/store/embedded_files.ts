// The files of messages in an embedded room that are being written, or wait for their uploads. The browser stores nothing of them.

import { signal } from "@preact/signals";
import { type Client, newId } from "#sdk";
import type { Attachment } from "./attachments.ts";
import { choose, rowOf, saidOf } from "./choosing.ts";
import type { Log } from "./embedded.ts";
import { Uploader } from "./uploader.ts";

/** A message with files, which is posted once all are uploaded. */
export interface Waiting {
  id: string;
  log: Log;
  at: number;
  text: string;
  attached: readonly string[];
  isPosted: boolean;
  /** Why it could not be posted. */
  why?: string | undefined;
}

export class EmbeddedFiles {
  readonly all = signal<readonly Attachment[]>([]);
  /** Why the last ones were not taken. */
  readonly why = signal("");
  readonly messages = signal<readonly Waiting[]>([]);
  readonly #client: Client;
  readonly #contents = new Map<string, Blob>();
  readonly #uploader: Uploader;

  constructor(client: Client) {
    this.#client = client;
    this.#uploader = new Uploader({ all: () => this.all.peek(), change: this.change, contentOf: this.contentOf, client: () => client });
  }

  readonly contentOf = (id: string): Blob | undefined => this.#contents.get(id);

  /** The files of the message that is being written. */
  attachedIn(log: Log): Attachment[] {
    const sent = new Set(this.messages.value.flatMap(({ attached }) => attached));
    return this.all.value.filter(({ id, room }) => room === log.asked && !sent.has(id));
  }

  /** The files of a message that was sent. */
  of(id: string): Attachment[] {
    const { attached = [] } = this.messages.value.find((each) => each.id === id) ?? {};
    return this.all.value.filter((each) => attached.includes(each.id));
  }

  take(log: Log, files: readonly File[]): void {
    const { taken, why } = choose(files, this.attachedIn(log).length, undefined); // how large they may be, the server says
    this.why.value = why;
    const added = taken.map((file): Attachment => {
      const { content = file, ...row } = rowOf(log.asked, file, Date.now());
      this.#contents.set(row.id, content);
      return { ...row, state: "waiting", sent: 0, isKept: true };
    });
    this.#set([...this.all.peek(), ...added]);
  }

  readonly change = (id: string, changed: Partial<Attachment>): void =>
    this.#set(this.all.peek().map((each) => (each.id === id ? { ...each, ...changed } : each)));

  /** Post a file no more: what the server has of it expires. */
  readonly remove = ({ id }: Pick<Attachment, "id">): void => {
    this.#contents.delete(id);
    this.why.value = "";
    this.#set(this.all.peek().filter((each) => each.id !== id));
  };

  /** Send the message that is being written, with its files. */
  send(log: Log, text: string): void {
    const files = this.attachedIn(log);
    const attached = files.map(({ id }) => id);
    this.messages.value = [...this.messages.peek(), { id: newId(), log, at: Date.now(), text, attached, isPosted: false }];
    for (const { id, state } of files) if (state === "paused") this.change(id, { state: "waiting" });
    this.#postWhole();
  }

  /** Try again what could not be uploaded or posted. */
  retry(id: string): void {
    this.#alter(id, { why: undefined });
    for (const { id: file, state } of this.of(id)) if (state === "failed") this.change(file, { state: "waiting", why: undefined });
    this.#postWhole();
  }

  /** Forget a message that is in the log, or is not to be sent, and its files. */
  readonly drop = (id: string): void => {
    const files = this.of(id);
    this.messages.value = this.messages.peek().filter((each) => each.id !== id);
    files.forEach(this.remove);
  };

  #alter(id: string, changed: Partial<Waiting>): void {
    this.messages.value = this.messages.peek().map((each) => (each.id === id ? { ...each, ...changed } : each));
  }

  #set(files: readonly Attachment[]): void {
    this.all.value = files;
    this.#uploader.upload();
    this.#postWhole();
  }

  /** Post the messages whose files are all uploaded. Messages with files keep their order; those without go ahead. */
  #postWhole(): void {
    const held = new Set<Log>();
    for (const message of this.messages.peek()) {
      const files = this.of(message.id);
      if (message.isPosted || message.why !== undefined || files.some(({ state }) => state === "failed")) continue;
      if (held.has(message.log) || files.some(({ state }) => state !== "whole")) held.add(message.log);
      else this.#post(message, files);
    }
  }

  async #post({ id, log, text }: Waiting, files: readonly Attachment[]): Promise<void> {
    this.#alter(id, { isPosted: true });
    const isListed = () => this.#client.outbox.entries.some(({ post }) => post.client_message_id === id);
    try {
      await log.post(text, { ...saidOf(files), client_message_id: id });
    } catch (error) {
      if (!isListed()) return this.#alter(id, { isPosted: false, why: (error as Error).message });
    }
    for await (const entries of this.#client.outbox.changes())
      if (!entries.some(({ post }) => post.client_message_id === id)) return this.drop(id);
  }
}
