// What this device keeps of one person: rooms with their last messages, what is not yet sent, drafts, and what the page begins with.
// Only this folder knows IndexedDB. If that fails, everything goes on in memory, and `trouble` says so.

import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from "idb";

const VERSION = 2; // 1 had no files
const MOST_AT_ONCE = 50; // messages in one transaction
export const MOST_OF_A_ROOM = 300; // messages
const MOST = 20_000; // messages of all rooms together
const PATIENCE = 3000; // milliseconds for the database to open: some browsers never answer

/** How far a room is kept, with what is shown beside its messages. */
export interface RoomRow {
  room: string;
  epoch: string;
  seq: number;
  /** Whether there are messages before those that are kept. */
  more: boolean;
  pins: readonly number[];
  /** What is known of the threads of its messages; former versions kept nothing of them. */
  threads?: ReadonlyMap<number, unknown>;
  /** When it was used last, in milliseconds since 1970. */
  used: number;
  count: number;
}

/** A message, and the seq up to which the events of its room are in it. */
export interface MessageRow<Message = { seq: number }> {
  room: string;
  seq: number;
  as_of: number;
  message: Message;
}

/** A change that waits to be sent: a command, and what the page shows of it meanwhile. */
export interface Waiting {
  client_message_id: string;
  room: string;
  /** The command and its fields, without the id. */
  command: { do: string; [field: string]: unknown };
  at: number;
  /** The files that it shows, by their ids here: it is sent once they are uploaded. */
  attached?: readonly string[];
  /** Why it was refused. */
  failed?: string;
}

/** A file that is to be posted in a room: that of a message that waits, or of one that is being written. */
export interface FileRow {
  id: string;
  room: string;
  name: string;
  type: string;
  size: number;
  at: number;
  /** The server's key of the upload, once it has begun. */
  key?: string | undefined;
  isWhole?: boolean | undefined;
  isPaused?: boolean | undefined;
  /** What it shows, in its author's words. */
  alt?: string | undefined;
  /** What is in it, if there was space for that. */
  content?: Blob | undefined;
}

interface Schema extends DBSchema {
  rooms: { key: string; value: RoomRow };
  messages: { key: [string, number]; value: MessageRow };
  outbox: { key: number; value: Waiting; indexes: { id: string } };
  files: { key: string; value: FileRow };
  kv: { key: string; value: unknown };
}

export type Trouble = "none" | "unavailable" | "full";

/** What a room looks like, for keeping. */
export interface Seen<Message extends { seq: number }> {
  room: string;
  epoch: string;
  seq: number;
  more: boolean;
  pins: readonly number[];
  threads: ReadonlyMap<number, unknown>;
  bySeq: ReadonlyMap<number, Message>;
}

const nameOf = (person: string): string => `hubbub:${location.host}:${person}`;

export class Device {
  readonly #db: IDBPDatabase<Schema> | undefined;
  readonly #troubled: (trouble: Trouble) => void;
  trouble: Trouble = "none";

  private constructor(db: IDBPDatabase<Schema> | undefined, troubled: (trouble: Trouble) => void) {
    this.#db = db;
    this.#troubled = troubled;
    if (!db) this.trouble = "unavailable";
  }

  /** What is kept of a person. `troubled` is called if nothing can be kept, or nothing more. */
  static async open(person: string, troubled: (trouble: Trouble) => void): Promise<Device> {
    const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE));
    const db = await Promise.race([opened(nameOf(person)).catch(() => undefined), late]);
    return new Device(db, troubled);
  }

  /** Leave nothing of a person. */
  static async forget(person: string): Promise<void> {
    await deleteDB(nameOf(person)).catch(() => {}); // there is none
  }

  close(): void {
    this.#db?.close();
  }

  get isThere(): boolean {
    return this.#db !== undefined;
  }

  /** Do something with the database; nothing comes of what it can't do, but that is said. */
  async #with<T>(act: (db: IDBPDatabase<Schema>) => Promise<T>): Promise<T | undefined> {
    if (!this.#db) return undefined;
    try {
      return await act(this.#db);
    } catch (error) {
      this.#fail((error as Error).name === "QuotaExceededError" ? "full" : "unavailable");
      return undefined;
    }
  }

  #fail(trouble: Trouble): void {
    if (this.trouble === trouble) return;
    this.trouble = trouble;
    this.#troubled(trouble);
    if (trouble === "full") this.forgetRooms(); // there is more for the outbox then
  }

  // --- anything by its name ---

  get<T>(key: string): Promise<T | undefined> {
    return this.#with((db) => db.get("kv", key)) as Promise<T | undefined>;
  }

  async set(key: string, value: unknown): Promise<void> {
    await this.#with((db) => db.put("kv", value, key));
  }

  /** Change a value in one step, which no other tab is in the midst of. Undefined if there is no database. */
  swap<T>(key: string, change: (before: T | undefined) => T | undefined): Promise<T | undefined> {
    return this.#with(async (db) => {
      const { store, done } = db.transaction("kv", "readwrite");
      const act = async () => {
        const after = change((await store.get(key)) as T | undefined);
        await (after === undefined ? store.delete(key) : store.put(after, key));
        return after;
      };
      return (await Promise.all([act(), done]))[0];
    });
  }

  // --- the outbox ---

  /** What waits, the oldest first. */
  async outbox(): Promise<Waiting[]> {
    return (await this.#with((db) => db.getAll("outbox"))) ?? [];
  }

  /**
   * Write down what is to be sent, and in the same step let go of the draft that became it: the draft of a room.
   * Resolves once it would survive a power cut, or at once without a database.
   */
  async add(all: readonly Waiting[], draft = ""): Promise<void> {
    await this.#with(async (db) => {
      const change = db.transaction(["outbox", "kv"], "readwrite", { durability: "strict" });
      const [outbox, kv] = [change.objectStore("outbox"), change.objectStore("kv")];
      const act = async () => {
        for (const each of all) if (!(await outbox.index("id").getKey(each.client_message_id))) await outbox.add(each);
        const { [draft]: _, ...others } = ((draft && (await kv.get("drafts"))) || {}) as Record<string, string>;
        if (draft) await kv.put(others, "drafts");
      };
      await Promise.all([act(), change.done]);
    });
  }

  /** Change what waits; without `changed`, it waits no longer, and its files are let go of. */
  async settle(id: string, changed?: Partial<Waiting>): Promise<void> {
    await this.#with(async (db) => {
      const change = db.transaction(["outbox", "files"], "readwrite");
      const act = async () => {
        const cursor = await change.objectStore("outbox").index("id").openCursor(id);
        if (!cursor) return;
        const { attached = [] } = cursor.value;
        await (changed ? cursor.update({ ...cursor.value, ...changed }) : cursor.delete());
        if (!changed) for (const file of attached) await change.objectStore("files").delete(file);
      };
      await Promise.all([act(), change.done]);
    });
  }

  // --- files that are to be posted ---

  async files(): Promise<FileRow[]> {
    return (await this.#with((db) => db.getAll("files"))) ?? [];
  }

  /** Keep a file. Returns whether its content is kept, too, for which there may be too little space. */
  async keepFile({ content, ...row }: FileRow): Promise<boolean> {
    const isKept = await this.#with(async (db) => Boolean(await db.put("files", { ...row, content })));
    if (!isKept) await this.#with((db) => db.put("files", row));
    return isKept ?? false;
  }

  /** Change what is known of a file; without `changed`, it is kept no longer. */
  async changeFile(id: string, changed?: Partial<FileRow>): Promise<void> {
    await this.#with(async (db) => {
      const { store, done } = db.transaction("files", "readwrite");
      const act = async () => {
        const row = changed && (await store.get(id));
        if (row) await store.put({ ...row, ...changed });
        else if (!changed) await store.delete(id);
      };
      await Promise.all([act(), done]);
    });
  }

  // --- rooms and their messages ---

  async rooms(): Promise<RoomRow[]> {
    return (await this.#with((db) => db.getAll("rooms"))) ?? [];
  }

  room(room: string): Promise<RoomRow | undefined> {
    return this.#with((db) => db.get("rooms", room));
  }

  /** The messages of a room up to its position, the oldest first. */
  async messages<Message>({ room, seq }: RoomRow): Promise<MessageRow<Message>[]> {
    const found = await this.#with((db) => db.getAll("messages", IDBKeyRange.bound([room, 0], [room, seq])));
    return (found ?? []) as unknown as MessageRow<Message>[];
  }

  /** Keep what changed in a room: `changed` are seqs of messages; all that are shown, if it is not given. */
  keep<Message extends { seq: number }>(seen: Seen<Message>, changed?: ReadonlySet<number>): Promise<void> {
    return this.#keep({ ...seen, bySeq: new Map(seen.bySeq) }, changed); // as of now: the room goes on meanwhile
  }

  async #keep<Message extends { seq: number }>(seen: Seen<Message>, changed?: ReadonlySet<number>): Promise<void> {
    const last = [...seen.bySeq.keys()].slice(-MOST_OF_A_ROOM);
    let left = (changed ? last.filter((seq) => changed.has(seq)) : [...last]).reverse().map((seq) => seen.bySeq.get(seq) as Message); // without a hole whenever it is cut off
    let isAnew = changed === undefined;
    do {
      const part = left.slice(0, MOST_AT_ONCE);
      left = left.slice(MOST_AT_ONCE);
      const went = await this.#with((db) => keepPart(db, seen, { last, part, isAnew, isLast: !left.length }));
      if (went === "unknown" && !isAnew) return this.#keep(seen); // another tab, or the limit, has let go of it
      if (went !== "kept") return;
      isAnew = false;
    } while (left.length);
  }

  /** Let go of the rooms that were used least recently, until what is kept is within its limit. */
  async trim(): Promise<void> {
    await this.#with(async (db) => {
      const rows = (await db.getAll("rooms")).sort((a, b) => b.used - a.used);
      let sum = 0;
      for (const { room, count } of rows) {
        sum += count;
        if (sum > MOST) await forgetRoom(db, room);
      }
    });
  }

  /** Let go of all that others have written and what is known of them, but not of what waits to be sent. */
  async forgetRooms(): Promise<void> {
    await this.#with((db) => Promise.all([db.clear("rooms"), db.clear("messages"), db.delete("kv", "account"), db.delete("kv", "names")]));
  }

  async forgetRoom(room: string): Promise<void> {
    await this.#with((db) => forgetRoom(db, room));
  }
}

async function opened(name: string): Promise<IDBPDatabase<Schema>> {
  return openDB<Schema>(name, VERSION, {
    upgrade: (db, former) => {
      db.createObjectStore("files", { keyPath: "id" });
      if (former) return;
      db.createObjectStore("rooms", { keyPath: "room" });
      db.createObjectStore("messages", { keyPath: ["room", "seq"] });
      db.createObjectStore("outbox", { autoIncrement: true }).createIndex("id", "client_message_id", { unique: true });
      db.createObjectStore("kv");
    },
    blocking: (_now, _then, event) => (event.target as IDBDatabase).close(), // another tab logs out
  });
}

const all = (room: string): IDBKeyRange => IDBKeyRange.bound([room, 0], [room, Infinity]);

async function forgetRoom(db: IDBPDatabase<Schema>, room: string): Promise<void> {
  const change = db.transaction(["rooms", "messages"], "readwrite");
  await Promise.all([change.objectStore("rooms").delete(room), change.objectStore("messages").delete(all(room)), change.done]);
}

interface Part<Message> {
  /** The seqs of all that is to be kept. */
  last: number[];
  part: Message[];
  /** Whether nothing of what was kept before may stay. */
  isAnew: boolean;
  /** Whether the position is reached with it. */
  isLast: boolean;
}

/** Keep a part of what changed, and the position with the last part, in one transaction. Another tab may be further. */
async function keepPart<Message extends { seq: number }>(
  db: IDBPDatabase<Schema>,
  { room, epoch, seq, more, pins, threads, bySeq }: Seen<Message>,
  { last, part, isAnew, isLast }: Part<Message>,
): Promise<"kept" | "unknown" | "older"> {
  const change = db.transaction(["rooms", "messages"], "readwrite", { durability: "relaxed" });
  const [rooms, messages] = [change.objectStore("rooms"), change.objectStore("messages")];
  const act = async () => {
    const row = await rooms.get(room);
    if (!isAnew && row?.epoch !== epoch) return "unknown";
    if (row?.epoch === epoch && row.seq > seq) return "older";
    const [first = seq] = last;
    await messages.delete(isAnew ? all(room) : IDBKeyRange.bound([room, 0], [room, first], false, true));
    for (const message of part) await messages.put({ room, seq: message.seq, as_of: seq, message });
    const count = await messages.count(all(room));
    const isCut = more || bySeq.size > last.length || !isLast;
    const position = isLast || isAnew ? seq : (row?.seq ?? seq);
    await rooms.put({
      room,
      epoch,
      seq: position,
      more: isCut,
      pins: [...pins],
      threads: new Map(last.flatMap((each) => (threads.has(each) ? [[each, threads.get(each)]] : []))),
      used: Date.now(),
      count,
    });
    return "kept";
  };
  return (await Promise.all([act(), change.done]))[0];
}
