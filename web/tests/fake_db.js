// A database in memory, as `idb` wraps one, with what the page uses of it. Transactions over the same stores come one after another.

class Range {
  constructor(low, high, isLowOpen, isHighOpen) {
    Object.assign(this, { low, high, isLowOpen, isHighOpen });
  }
  static bound = (...all) => new Range(...all);
  has(key) {
    const [low, high] = [compared(key, this.low), compared(key, this.high)];
    return (this.isLowOpen ? low > 0 : low >= 0) && (this.isHighOpen ? high < 0 : high <= 0);
  }
}
globalThis.IDBKeyRange ??= Range;

const compared = ([room, seq], [otherRoom, otherSeq]) => (room === otherRoom ? seq - otherSeq : room < otherRoom ? -1 : 1);
const text = (key) => JSON.stringify(key);

let last = 0;
const KEYS = { rooms: ({ room }) => room, messages: ({ room, seq }) => [room, seq], outbox: () => ++last };

class Store {
  constructor(rows, keyOf) {
    Object.assign(this, { rows, keyOf });
  }
  get = async (key) => this.rows.get(text(key))?.[1];
  put = async (value, key = this.keyOf(value)) => void this.rows.set(text(key), [key, structuredClone(value)]);
  add = this.put;
  async delete(keys) {
    for (const [id, [key]] of this.rows) if (keys instanceof Range ? keys.has(key) : id === text(keys)) this.rows.delete(id);
  }
  count = async (range) => [...this.rows.values()].filter(([key]) => range.has(key)).length;
  /** The row of a change that waits. */
  cursor(id) {
    const row = [...this.rows.values()].find(([, { client_message_id }]) => client_message_id === id);
    return row && { value: row[1], update: (value) => this.put(value, row[0]), delete: () => this.delete(row[0]) };
  }
  index = () => ({ getKey: async (id) => [...this.rows.values()].find(([, { client_message_id }]) => client_message_id === id)?.[0] });
}

export class FakeDb {
  stores = { rooms: new Map(), messages: new Map(), outbox: new Map(), kv: new Map() };
  /** Called after each transaction, with all that is kept. */
  committed = () => {};
  #before = { rooms: undefined, messages: undefined, outbox: undefined, kv: undefined };

  transaction(names, _mode, { durability } = {}) {
    const work = Object.fromEntries([names].flat().map((name) => [name, undefined]));
    const begun = Promise.all([names].flat().map((name) => this.#before[name])).then(() => {
      for (const name of Object.keys(work)) work[name] = new Map(this.stores[name]);
    });
    let open = 0;
    let isOver = false;
    let end;
    const done = new Promise((resolve) => {
      end = resolve;
    });
    for (const name of Object.keys(work)) this.#before[name] = done;
    const commit = () => {
      if (open || isOver) return;
      isOver = true;
      Object.assign(this.stores, work);
      this.committed(this);
      end();
    };
    /** Each request waits for its turn; a transaction without requests under way is over. */
    const asked =
      (name, method) =>
      async (...given) => {
        open++;
        await begun;
        const store = new Store(work[name], KEYS[name]);
        const found = await method(store, ...given);
        open--;
        setTimeout(commit, durability === "strict" ? 20 : 0);
        return found;
      };
    const objectStore = (name) => ({
      ...Object.fromEntries(
        ["get", "put", "add", "delete", "count"].map((each) => [each, asked(name, (store, ...given) => store[each](...given))]),
      ),
      index: () => ({
        getKey: asked(name, (store, id) => store.index().getKey(id)),
        openCursor: asked(name, async (store, id) => store.cursor(id)),
      }),
    });
    return { objectStore, store: objectStore([names].flat()[0]), done };
  }

  values = (name) => [...this.stores[name].values()].map(([, value]) => value);
  get = async (name, key) => this.stores[name].get(text(key))?.[1];
  put = (name, value, key) => {
    const change = this.transaction(name);
    return Promise.all([change.store.put(value, key), change.done]);
  };
  getAll = async (name) => this.values(name);
  clear = async (name) => this.stores[name].clear();
  close() {}
}
