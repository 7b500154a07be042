// What `for await` iterates over: items for one reader, who may be slow.

/** Yields items in order of arrival, only the newest of each key, at most `limit`: beyond that, the oldest are dropped. */
export class Feed<T> implements AsyncIterableIterator<T> {
  readonly items = new Map<unknown, T>();
  readonly #limit: number;
  readonly #left: (feed: Feed<T>) => void;
  #wake: (() => void) | undefined;
  #end: { error?: Error | undefined } | undefined;

  /** `left` is called when the reader has left the loop. */
  constructor(limit: number, left: (feed: Feed<T>) => void = () => {}) {
    this.#limit = limit;
    this.#left = left;
  }

  put(item: T, key: unknown = Symbol()): void {
    this.items.delete(key);
    this.items.set(key, item);
    if (this.items.size > this.#limit) this.items.delete(this.items.keys().next().value);
    this.#wake?.();
  }

  /** There will be no more. The reader first gets what is left, then the error if there is one. */
  end(error?: Error): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    while (!this.items.size) {
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const [[key, value]] = this.items as unknown as [[unknown, T]];
    this.items.delete(key);
    return { done: false, value };
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#left(this);
    this.end();
    this.items.clear();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
