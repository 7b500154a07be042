// Uploads files that are to be posted, four at once. What fails for good says so and can be tried again.

import { type Client, Closed, Refused, type Upload } from "#sdk";
import { t } from "../i18n/embedded.ts";
import type { Attachment } from "./attachments.ts";

const AT_ONCE = 4; // the server takes no more of one account

/** The files that are uploaded, and by whom. */
export interface Held {
  all(): readonly Attachment[];
  change(id: string, changed: Partial<Attachment>): void;
  contentOf(id: string): Blob | undefined;
  client(): Client | undefined;
}

interface Running {
  stop: AbortController;
  upload?: Upload;
}

export class Uploader {
  readonly #files: Held;
  readonly #running = new Map<string, Running>();

  constructor(files: Held) {
    this.#files = files;
  }

  /** Upload what waits, as far as it is its turn, and see to what was paused or removed. */
  readonly upload = (): void => {
    for (const [id, { stop }] of this.#running) if (!this.#find(id)) stop.abort();
    for (const { id } of this.#files.all()) {
      const state = this.#find(id)?.state; // as of now: each that begins is told, and heard here
      if (state === "paused") this.#pause(id);
      if (state === "waiting" && this.#sending() < AT_ONCE) this.#begin(id);
    }
  };

  /** This page uploads from now on: also what another has begun. */
  readonly takeOver = (): void => {
    for (const { id, state } of this.#files.all()) if (state === "sending") this.#files.change(id, { state: "waiting" });
    this.upload();
  };

  /** Upload nothing more. The server keeps what it has. */
  readonly leave = (): void => {
    for (const { upload } of this.#running.values()) upload?.pause();
    this.#running.clear();
  };

  #find(id: string): Attachment | undefined {
    return this.#files.all().find((each) => each.id === id);
  }

  #sending(): number {
    return this.#files.all().filter(({ state }) => state === "sending").length;
  }

  #pause(id: string): void {
    const { upload } = this.#running.get(id) ?? {};
    if (!upload?.isPaused) upload?.pause();
  }

  #begin(id: string): void {
    this.#files.change(id, { state: "sending", why: undefined });
    const paused = this.#running.get(id)?.upload;
    if (paused) paused.resume();
    else this.#send(this.#find(id) as Attachment);
  }

  async #send({ id, name, key }: Attachment): Promise<void> {
    const content = this.#files.contentOf(id);
    if (!content) return this.#files.change(id, { state: "failed", why: t.fileNotKept });
    const stop = new AbortController();
    const mine: Running = { stop };
    this.#running.set(id, mine);
    const onProgress = (now: Upload) => {
      mine.upload = now;
      this.#moved(id, now);
    };
    try {
      const file = await this.#files.client()?.upload(content, { name, resume: key, signal: stop.signal, onProgress });
      if (file) this.#files.change(id, { state: "whole", sent: file.size, key: file.file, why: undefined });
    } catch (error) {
      if (!stop.signal.aborted && this.#running.get(id) === mine) this.#failed(id, error as Error);
    }
    if (this.#running.get(id) !== mine) return; // another tab goes on, or another client
    this.#running.delete(id);
    this.upload();
  }

  /** Tell what has changed, and nothing else. */
  #moved(id: string, { key, sent, error }: Upload): void {
    const before = this.#find(id);
    if (before?.state !== "sending") return;
    const why = error && (error instanceof Refused ? error.message : t.waitingForConnection);
    if (before.key === key && before.sent === sent && before.why === why) return;
    this.#files.change(id, { sent, why, ...(key !== before.key && { key }) });
  }

  #failed(id: string, error: Error): void {
    const isAnothers = error instanceof Refused && error.code === "unauthenticated"; // the browser's session
    if (error instanceof Closed || isAnothers)
      this.#running.delete(id); // whoever uploads next goes on
    else this.#files.change(id, { state: "failed", why: error instanceof Refused ? error.message : t.fileUnreadable });
  }
}
