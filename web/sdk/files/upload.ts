// Uploading by tus 1.0, in parts: what breaks off goes on where it was, for as long as the client lives.

import type { Client } from "../connect.ts";
import { Closed, Refused } from "../errors.ts";
import { pause } from "../exchange.ts";
import { type Place, renew, request } from "./requests.ts";
import { type Bytes, type Source, sourceOf } from "./source.ts";

const LEAST = 32 * 1024; // bytes of a part
const FIRST = 256 * 1024;
const MOST = 4 * 1024 * 1024;
const SOON = 1000; // milliseconds: if a part was sent within them, the next may be larger
const STALLED = 60_000; // and one that takes longer is given up, and tried again with less
const MOST_AGAIN = 3; // times in a row that an upload begins anew, or a token is asked for
const TUS = { "Tus-Resumable": "1.0.0" };

/** A file that was uploaded: post it within 24 hours. */
export interface UploadedFile {
  /** Its key. */
  file: string;
  name: string;
  /** What it is, by its first bytes. */
  type: string;
  size: number;
  sha256: string;
  width?: number;
  height?: number;
}

/** An upload under way. */
export interface Upload {
  /** Once the server has begun it: given as `resume`, the same file goes on from there, also in another client. */
  readonly key: string | undefined;
  /** How many bytes the server has. */
  readonly sent: number;
  readonly size: number;
  readonly isPaused: boolean;
  /** Why it waits before it goes on. */
  readonly error: Error | undefined;
  pause(): void;
  resume(): void;
}

export interface UploadOptions {
  /** What it is called. A `File` has a name. */
  name?: string | undefined;
  /** How many bytes a stream has. */
  size?: number | undefined;
  /** The `key` of an upload of the same file that was begun before. */
  resume?: string | undefined;
  /** Called when it begins, and whenever something about it has changed. */
  onProgress?: ((upload: Upload) => void) | undefined;
  /** Ends it, and lets the server drop what it has. */
  signal?: AbortSignal | undefined;
}

class Sending implements Upload {
  readonly size: number;
  key: string | undefined;
  sent = 0;
  isPaused = false;
  error: Error | undefined;
  readonly #place: Place;
  readonly #source: Source;
  readonly #options: UploadOptions;
  #part = FIRST;
  #again = 0;
  #ended: Error | undefined;
  /** Breaks off the request that is under way. */
  #stop = (): void => {};
  /** Ends the wait that is under way. */
  #wake = (): void => {};

  constructor(place: Place, source: Source, options: UploadOptions) {
    this.#place = place;
    this.#source = source;
    this.#options = options;
    this.size = source.size;
    this.key = options.resume;
  }

  pause(): void {
    this.isPaused = true;
    this.#stop();
    this.#tell();
  }

  resume(): void {
    this.isPaused = false;
    this.#wake();
    this.#tell();
  }

  /** There is a connection again. */
  connected(): void {
    if (!this.isPaused) this.#wake();
  }

  end(error: Error): void {
    this.#ended ??= error;
    this.#stop();
    this.#wake();
  }

  /** Send all of it. */
  async run(): Promise<UploadedFile> {
    this.#tell();
    for (let tries = 0; ; tries++) {
      const before = this.sent;
      const file = await this.#try().catch((error: Error) => this.#fail(error));
      if (file) return file;
      if (this.sent > before) tries = this.#again = 0;
      while (this.isPaused && !this.#ended) await this.#rest();
      if (this.error && !this.#isStopped) await this.#rest(pause(this.error as Partial<Refused>, tries));
      if (this.#ended) throw this.#ended;
    }
  }

  get #isStopped(): boolean {
    return this.isPaused || this.#ended !== undefined;
  }

  /** Let the server drop what it has; if it doesn't hear of it, that expires. */
  drop(): void {
    if (this.key) this.#ask(`/uploads/${this.key}`, { method: "DELETE", headers: TUS }).catch(() => {});
  }

  /** Go on until all of it is there. */
  async #try(): Promise<UploadedFile | undefined> {
    if (this.#isStopped) return undefined;
    this.key ??= await this.#begin();
    const { offset, file } = await (await this.#ask(`/uploads/${this.key}`)).json();
    this.#reach(offset);
    if (file) return file;
    while (this.sent < this.size && !this.#isStopped) await this.#send();
    return this.#try();
  }

  async #begin(): Promise<string> {
    const name = new TextEncoder().encode(this.#options.name ?? this.#source.name);
    const metadata = `filename ${btoa(String.fromCharCode(...name))}`;
    const headers = { ...TUS, "Upload-Length": `${this.size}`, "Upload-Metadata": metadata };
    const answer = await this.#ask("/uploads", { method: "POST", headers });
    return answer.headers.get("Location")?.split("/").pop() as string;
  }

  /** Send as much as is likely to arrive within about a second. */
  async #send(): Promise<void> {
    const [at, began] = [this.sent, Date.now()];
    const body = await this.#source.part(at, Math.min(this.#part, this.size - at)).catch((error: Error) => {
      this.end(error);
      throw error;
    });
    const headers = { ...TUS, "Upload-Offset": `${at}`, "Content-Type": "application/offset+octet-stream" };
    await this.#ask(`/uploads/${this.key}`, { method: "PATCH", headers, body });
    if (Date.now() - began < SOON) this.#part = Math.min(MOST, 2 * this.#part);
    this.#reach(at + body.length);
  }

  #reach(offset: number): void {
    this.sent = offset;
    this.error = undefined;
    this.#tell();
  }

  async #ask(path: string, given: RequestInit = {}): Promise<Response> {
    const stopping = new AbortController();
    const timer = setTimeout(() => stopping.abort(new Error("No answer in time")), STALLED);
    this.#stop = () => stopping.abort(new Error("Stopped"));
    try {
      return await request(this.#place, path, { ...given, signal: stopping.signal });
    } finally {
      clearTimeout(timer);
    }
  }

  /** See what can be done about an error: it ends the upload, or that waits and goes on. */
  #fail(error: Error): undefined {
    if (this.#isStopped) return;
    this.error = error;
    this.#tell();
    if (!(error instanceof Refused)) this.#part = Math.max(LEAST, this.#part / 2);
    else if (!error.temporary && error.code !== "conflict" && !this.#mend(error)) this.end(error);
  }

  /** An upload that is there no longer begins anew; a token that is refused is asked for again. */
  #mend({ code }: Refused): boolean {
    if (++this.#again > MOST_AGAIN) return false;
    if (code === "unauthenticated") return renew(this.#place);
    const isGone = code === "not_found" && this.key !== undefined && this.#source.has(0);
    if (isGone) this.key = undefined;
    return isGone;
  }

  #rest(milliseconds?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #tell(): void {
    this.#options.onProgress?.(this);
  }
}

/** Upload a file. See `Client.upload`. */
export async function upload(
  client: Client,
  place: Place,
  given: Blob | Uint8Array | ArrayBuffer | Bytes,
  options: UploadOptions = {},
): Promise<UploadedFile> {
  const { size, signal } = options;
  signal?.throwIfAborted();
  const source = sourceOf(given, size);
  const sending = new Sending(place, source, options);
  const abort = () => {
    sending.end(signal?.reason);
    sending.drop();
  };
  signal?.addEventListener("abort", abort);
  const statuses = client.statuses();
  watch(statuses, sending);
  try {
    return await sending.run();
  } finally {
    signal?.removeEventListener("abort", abort);
    statuses.return?.();
    source.close();
  }
}

/** A connection that is back ends waits, and a client that is closed ends the upload. */
async function watch(statuses: ReturnType<Client["statuses"]>, sending: Sending): Promise<void> {
  for await (const { state, code, reason } of statuses) {
    if (state === "connected") sending.connected();
    if (state === "closed") sending.end(new Closed(reason, code));
  }
}
