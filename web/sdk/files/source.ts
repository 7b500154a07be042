// What is uploaded, as parts: of a Blob or bytes any, as often as one likes; of a stream one after the other, where the last may come again.

/** A stream of bytes: a `ReadableStream`, or anything else to loop over. */
export type Bytes = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

export interface Source {
  readonly name: string;
  readonly size: number;
  /** Whether the bytes from there on can be had. */
  has(from: number): boolean;
  /** So many bytes from there on. */
  part(from: number, count: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Nothing more is asked for. */
  close(): void;
}

/** What to upload. A stream needs the `size` that it has. */
export function sourceOf(given: Blob | Uint8Array | ArrayBuffer | Bytes, size: number | undefined): Source {
  if (given instanceof ArrayBuffer || ArrayBuffer.isView(given)) return whole(new Blob([given as BlobPart]));
  if (given instanceof Blob) return whole(given);
  if (size === undefined) throw new TypeError("Give the size of a stream");
  return new Stream(given, size);
}

const whole = (blob: Blob): Source => ({
  name: "name" in blob ? String(blob.name) : "",
  size: blob.size,
  has: () => true,
  part: async (from, count) => new Uint8Array(await blob.slice(from, from + count).arrayBuffer()),
  close: () => {},
});

class Stream implements Source {
  readonly name = "";
  readonly size: number;
  readonly #next: () => Promise<{ done?: boolean | undefined; value?: Uint8Array | undefined }>;
  readonly #stop: () => unknown;
  /** What was read and may be asked for again, and where that begins. */
  #held = new Uint8Array();
  #from = 0;

  constructor(given: Bytes, size: number) {
    this.size = size;
    if ("getReader" in given) {
      const reader = given.getReader();
      this.#next = () => reader.read();
      this.#stop = () => reader.cancel();
    } else {
      const iterator = given[Symbol.asyncIterator]();
      this.#next = () => iterator.next();
      this.#stop = () => iterator.return?.();
    }
  }

  has(from: number): boolean {
    return from >= this.#from;
  }

  async part(from: number, count: number): Promise<Uint8Array<ArrayBuffer>> {
    if (!this.has(from)) throw new Error(`The stream is past byte ${from} already`);
    await this.#read(from);
    this.#held = this.#held.slice(from - this.#from);
    this.#from = from;
    await this.#read(from + count);
    if (from + count === this.size) await this.#end();
    return this.#held.slice(0, count);
  }

  /** Read up to a byte. */
  async #read(upto: number): Promise<void> {
    while (this.#from + this.#held.length < upto) {
      const { done, value } = await this.#next();
      if (done || !value) throw new Error(`The stream ends after ${this.#from + this.#held.length} of ${this.size} bytes`);
      const held = new Uint8Array(this.#held.length + value.length);
      held.set(this.#held);
      held.set(value, this.#held.length);
      this.#held = held;
    }
  }

  /** All of it was read, unless it has more than it was to have. */
  async #end(): Promise<void> {
    const isMore = this.#from + this.#held.length > this.size || !(await this.#next()).done;
    if (isMore) throw new Error(`The stream has more than ${this.size} bytes`);
  }

  close(): void {
    Promise.resolve(this.#stop()).catch(() => {});
  }
}
