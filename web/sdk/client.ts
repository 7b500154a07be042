// The connection: says who this is, follows rooms from their positions, sends the outbox, comes back when cut.

import { type Entry, type Outbox, randomId } from "./outbox.ts";
import type { AnyCommand, AnyEvent, AnyNotice, AnySignal, Moved, Problem, Reply, Resumed, Snapshot, Unfollowed } from "./wire.ts";

const NOT_AGAIN = new Set([1002, 1003, 1007, 1009, 4400, 4401, 4403, 4404]); // close codes that a retry can't help
const FIRST_DELAY = 500; // milliseconds
const LONGEST_DELAY = 15_000;
const SILENCE = 45_000; // the server pings, but pages don't see pings: so ask when nothing comes
const PATIENCE = 10_000; // for an answer that must come
const CHANGES_NOTHING = new Set<AnyCommand["do"]>([
  "hello",
  "start",
  "follow",
  "follow_all",
  "unfollow",
  "signal",
  "history",
  "list_pins",
  "list_emoji",
]); // in a log
const MAX_MISSED = 500; // a snapshot is shorter than very many events

/** What the server says to `hello`. */
export interface Welcome {
  user: string;
  id?: string;
  guest: boolean;
  limits: { message_bytes: number };
}

/** The connection's state, and what belongs to it. */
export type Changed =
  | { state: "connecting" | "connected" | "closed" }
  | { state: "waiting"; until: number }
  | { state: "refused"; error: Refused }
  | { state: "ended"; code: number };

/** What a client tells those who listen. */
export interface Told {
  state: Changed;
  snapshot: { room: string; snapshot: Snapshot };
  resumed: { room: string; missed: number };
  event: { room: string; event: AnyEvent };
  signal: { signal: AnySignal };
  outbox: { room: string };
  problem: { error: Refused; room?: string };
  unfollowed: { room: string; error: Refused };
  moved: Moved;
}

/** The server refuses a command. */
export class Refused extends Error {
  readonly code: string;
  readonly temporary: boolean;
  readonly retry_after: number | undefined;

  constructor({ code, message, temporary, retry_after }: Problem) {
    super(message);
    this.code = code;
    this.temporary = temporary;
    this.retry_after = retry_after;
  }
}

/** A position in a room's log: after the event `seq` of the log of this epoch. */
export interface Position {
  seq: number;
  epoch: string;
}

/** Without `name` and `token` one is whoever the browser's cookie says. */
export interface Options {
  url: string;
  name: string | null;
  key?: string | null;
  token?: string | null;
  outbox: Outbox;
}

interface Place {
  joined: boolean;
  seq: number;
  epoch?: string;
}

interface Asked {
  resolve(ok: unknown): void;
  reject(error: Error): void;
  again: string | undefined; // the frame to send on the next connection if this one is cut
}

type Unnumbered<Command> = Command extends unknown ? Omit<Command, "id"> : never;
type Frame = Reply | AnyEvent | AnySignal | AnyNotice;

export class Client {
  readonly name: string;
  readonly token: string | null;
  readonly outbox: Outbox;
  state: Changed["state"] = "connecting";
  user: Welcome | undefined;

  readonly #url: string;
  readonly #key: string | undefined;
  readonly #events = new EventTarget();
  readonly #rooms = new Map<string, Place>();
  readonly #waiting = new Map<number, Asked>();
  #socket: WebSocket | undefined;
  #silence: number | undefined;
  #timer: number | undefined;
  #comeBackAfter: number | undefined;
  #lastId = 0;
  #tries = 0;
  #isEmptying = false;
  // While guests hold all their places, only a handshake with a token succeeds, and an address is the one place for it.
  // Addresses may get into logs, so this is tried only after a handshake has failed without it, in turns.
  #isTokenInAddress = false;

  constructor({ url, name, key, token, outbox }: Options) {
    this.#url = url;
    this.name = name ?? "";
    this.#key = key ?? undefined;
    this.token = token ?? null;
    this.outbox = outbox;
  }

  on<Type extends keyof Told>(type: Type, act: (detail: Told[Type]) => void): void {
    this.#events.addEventListener(type, (event) => act((event as CustomEvent<Told[Type]>).detail));
  }

  /** Who this is in events: a name, and what tells one from others of that name. */
  get me(): { name: string; who: string } {
    const name = this.name || (this.user?.user ?? "");
    return { name, who: this.user?.id ?? name };
  }

  /** Connect now, whatever was planned. */
  connect(): void {
    if (this.state === "closed") return;
    this.#drop(true);
    this.#become({ state: "connecting" });
    const socket = new WebSocket(this.#address(), "hubbub.v1");
    let wasOpen = false;
    this.#socket = socket;
    socket.onopen = () => {
      wasOpen = true;
      if (this.#socket === socket) this.#greet();
    };
    socket.onmessage = ({ data }) => this.#socket === socket && this.#hear(JSON.parse(data));
    socket.onclose = ({ code }) => {
      if (!wasOpen) this.#isTokenInAddress = !this.#isTokenInAddress;
      if (this.#socket === socket) this.#cut(code);
    };
    this.#silence = setTimeout(() => this.#cut(), PATIENCE);
  }

  #address(): string {
    if (!this.#isTokenInAddress || this.token === null) return this.#url;
    const address = new URL(this.#url);
    address.searchParams.set("access_token", this.token);
    return address.href;
  }

  /** See whether the other side is still there, or connect if one is waiting to. */
  check(): void {
    if (this.state === "waiting") this.connect();
    if (this.state !== "connected") return;
    this.ask({ do: "hello" }).catch(() => {}); // a second one is refused, which is an answer
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#cut(), PATIENCE);
  }

  /** Leave for good. */
  close(): void {
    this.#drop();
    this.#become({ state: "closed" });
  }

  /** Follow a room, from a position if one has it; on each connection anew, from where one was. */
  follow(room: string, from?: Position): void {
    if (!this.#rooms.has(room)) this.#rooms.set(room, { joined: false, seq: 0, ...from });
    if (this.state === "connected") this.#follow(room);
  }

  /** Whether a room is being followed, now or as soon as there is a connection. */
  isFollowing(room: string): boolean {
    return this.#rooms.has(room);
  }

  /** Follow a room no longer. */
  unfollow(room: string): void {
    if (this.#rooms.delete(room) && this.state === "connected") this.ask({ do: "unfollow", room }).catch(() => {});
  }

  /** Put a message into the outbox; it goes out now, or when there is a connection. `read` is the last event that its author has read. */
  post(room: string, text: string, reply_to?: number, read?: number): void {
    const entry: Entry = { room, text, reply_to, read, client_message_id: randomId(), at: new Date().toISOString() };
    this.outbox.add(entry);
    this.#fire("outbox", { room });
    this.#empty();
  }

  /** Try once more what was refused. */
  repost(id: string): void {
    const entry = this.outbox.find(id);
    if (!entry) return;
    delete entry.failed;
    this.outbox.save();
    this.#fire("outbox", { room: entry.room });
    this.#empty();
  }

  /** Never send it. */
  discard(id: string): void {
    const room = this.outbox.find(id)?.room;
    if (room !== undefined && this.outbox.remove(id)) this.#fire("outbox", { room });
  }

  /**
   * Send a command; resolves with `ok`, rejects with the error or when the connection is cut. A change is instead sent again
   * on the next connection, with the same id, unless the caller gave it one and does that itself.
   */
  ask(command: Unnumbered<AnyCommand>): Promise<unknown> {
    if (this.state !== "connected" && command.do !== "hello") return Promise.reject(new Error("There is no connection"));
    const id = ++this.#lastId;
    const isRepeated = !CHANGES_NOTHING.has(command.do) && !("client_message_id" in command);
    const frame = JSON.stringify({ id, ...command, ...(isRepeated && { client_message_id: randomId() }) });
    // The server closes the connection on a message that is too long, and would each time it is sent again.
    if (new Blob([frame]).size > (this.user?.limits.message_bytes ?? Infinity)) {
      return Promise.reject(new Refused({ code: "too_large", message: "This is too long for one message", temporary: false }));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, again: isRepeated ? frame : undefined });
      this.#send(frame);
    });
  }

  /** Say something that needs no answer and is worth nothing later. */
  signal(room: string, signal: string): void {
    if (this.state === "connected") this.#send(JSON.stringify({ do: "signal", room, signal }));
  }

  async #greet(): Promise<void> {
    try {
      const who = this.token ? { token: this.token } : { ...(this.name && { name: this.name }), ...(this.#key && { key: this.#key }) };
      this.user = (await this.ask({ do: "hello", ...who })) as Welcome;
    } catch (error) {
      if (!(error instanceof Refused)) return;
      if (error.temporary) this.#cut();
      else this.#refused(error);
      return;
    }
    this.#tries = 0;
    const unanswered = [...this.#waiting.values()];
    this.#become({ state: "connected" });
    for (const room of this.#rooms.keys()) this.#follow(room);
    for (const { again } of unanswered) if (again) this.#send(again);
    for (const entry of this.outbox.entries) delete entry.seq;
    this.#empty();
  }

  async #follow(room: string): Promise<void> {
    const place = this.#rooms.get(room);
    if (!place) return;
    place.joined = false;
    const position = place.epoch ? { since: place.seq, epoch: place.epoch, max_missed: MAX_MISSED } : {};
    try {
      await this.ask({ do: "follow", room, ...position });
    } catch (error) {
      if (!(error instanceof Refused)) return;
      if (error.code === "bad_position") {
        this.#rooms.set(room, { joined: false, seq: 0 });
        this.#follow(room);
      } else if (error.temporary) {
        setTimeout(() => this.state === "connected" && !place.joined && this.#follow(room), pause(error));
      } else {
        this.#fire("problem", { error, room });
      }
    }
  }

  /** The answer to `follow` is dealt with in order with the events around it, not when a promise gets its turn. */
  #followed(ok: Snapshot | Resumed): void {
    const place = this.#rooms.get(ok.room);
    if (!place) return;
    place.joined = true;
    place.epoch = ok.epoch;
    if (ok.mode === "snapshot") {
      place.seq = ok.head;
      for (const message of ok.messages) this.#arrived(message.client_message_id, ok.room);
      this.#reached(ok.room);
      this.#fire("snapshot", { room: ok.room, snapshot: ok });
    } else {
      this.#fire("resumed", { room: ok.room, missed: ok.missed });
    }
  }

  /** Send what is in the outbox: one at a time, so that one that must wait doesn't come after those behind it. */
  async #empty(): Promise<void> {
    if (this.#isEmptying) return;
    this.#isEmptying = true;
    while (this.state === "connected") {
      const entry = this.outbox.next();
      if (!entry) break;
      await this.#post(entry);
    }
    this.#isEmptying = false;
  }

  async #post(entry: Entry): Promise<void> {
    const { room, text, reply_to, read, client_message_id } = entry;
    try {
      const given = { ...(reply_to && { reply_to }), ...(read && { read }) };
      const { seq } = (await this.ask({ do: "post", room, text, ...given, client_message_id })) as { seq: number };
      entry.seq = seq;
      this.#reached(room); // else it stays until its event comes
    } catch (error) {
      if (!(error instanceof Refused)) return; // cut before the answer: it is sent again with the same id
      if (error.temporary) {
        await new Promise((resolve) => setTimeout(resolve, pause(error)));
        return;
      }
      entry.failed = error.message;
      this.outbox.save();
      this.#fire("outbox", { room });
    }
  }

  /** What was sent and is in the log up to where one is in a room need not be kept any longer. */
  #reached(room: string): void {
    const { joined, seq } = this.#rooms.get(room) ?? { joined: false, seq: 0 };
    for (const entry of this.outbox.entries) {
      if (entry.room === room && entry.seq && (!joined || entry.seq <= seq)) this.#arrived(entry.client_message_id, room);
    }
  }

  #arrived(id: string | undefined, room: string): void {
    if (id && this.outbox.remove(id)) this.#fire("outbox", { room });
  }

  #hear(frame: Frame): void {
    this.#listen();
    if ("re" in frame) this.#answered(frame);
    else if ("event" in frame) this.#take(frame);
    else if ("signal" in frame) this.#fire("signal", { signal: frame });
    else if ("notice" in frame && frame.notice === "closing") this.#comeBackAfter = 1000 * frame.reconnect_after;
    else if ("notice" in frame && frame.notice === "unfollowed") this.#unfollowed(frame);
    else if ("notice" in frame && frame.notice === "moved") this.#fire("moved", frame);
    else if ("error" in frame && frame.error) this.#fire("problem", { error: new Refused(frame.error) });
  }

  #answered({ re, ok, error }: Reply): void {
    const asked = this.#waiting.get(re as number);
    this.#waiting.delete(re as number);
    if (error) {
      asked?.reject(new Refused(error));
      return;
    }
    if (isFollowed(ok)) this.#followed(ok);
    asked?.resolve(ok);
  }

  #take(event: AnyEvent): void {
    const place = this.#rooms.get(event.room);
    if (!place?.joined || event.seq <= place.seq) return; // nothing is shown twice
    if (event.seq !== place.seq + 1) {
      this.#follow(event.room); // a hole: read on from where we are
      return;
    }
    place.seq = event.seq;
    if (event.event === "posted") this.#arrived(event.client_message_id, event.room);
    this.#reached(event.room);
    this.#fire("event", { room: event.room, event });
  }

  /** One may not read a room any more. If it is being followed again just now, the answer says what holds. */
  #unfollowed({ room, why }: Unfollowed): void {
    if (!this.#rooms.get(room)?.joined) return;
    this.#rooms.delete(room);
    this.#fire("unfollowed", { room, error: new Refused(why) });
  }

  /** If nothing comes for long, ask something; if then nothing comes, the connection is dead. */
  #listen(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.check(), SILENCE);
  }

  #cut(code?: number): void {
    const isLast = code !== undefined && NOT_AGAIN.has(code);
    this.#drop(!isLast);
    if (isLast) {
      this.#become({ state: "ended", code });
      return;
    }
    const most = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#tries++);
    const delay = this.#comeBackAfter ?? 100 + Math.random() * most;
    this.#comeBackAfter = undefined;
    this.#timer = setTimeout(() => this.connect(), delay);
    this.#become({ state: "waiting", until: Date.now() + delay });
  }

  #refused(error: Refused): void {
    this.#drop();
    this.#become({ state: "refused", error });
  }

  /** Let go of the connection, whatever its state; who waits for an answer is told, but for changes if one comes back. */
  #drop(comesBack = false): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000);
    for (const [id, { reject, again }] of this.#waiting) {
      if (comesBack && again) continue;
      this.#waiting.delete(id);
      reject(new Error("The connection was cut"));
    }
    for (const place of this.#rooms.values()) place.joined = false;
  }

  #become(changed: Changed): void {
    this.state = changed.state;
    this.#fire("state", changed);
  }

  #send(frame: string): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }

  #fire<Type extends keyof Told>(type: Type, detail: Told[Type]): void {
    this.#events.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Milliseconds to wait before trying again what was refused for now. */
function pause({ retry_after }: Refused): number {
  return 1000 * (retry_after ?? 1);
}

/** Whether a command's answer is that of `follow`. */
function isFollowed(ok: unknown): ok is Snapshot | Resumed {
  return ok !== null && typeof ok === "object" && "mode" in ok;
}
