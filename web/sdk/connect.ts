// The client: one identity and the rooms that it follows, across connections.

import type { HistoryPage } from "./answers.ts";
import { type Connection, type Status, stayConnected, type Token, type Transport, type Welcome } from "./connection.ts";
import { Closed, type Refused } from "./errors.ts";
import { type Acknowledgement, Exchange, newId } from "./exchange.ts";
import { Feed } from "./feed.ts";
import type { DownloadOptions, UploadedFile, UploadOptions } from "./files/files.ts";
import type { Place } from "./files/requests.ts";
import type { Bytes } from "./files/source.ts";
import type { Me } from "./me/me.ts";
import { Outbox, type OutboxStorage } from "./posting.ts";
import type { From } from "./reading.ts";
import { type PostOptions, Room } from "./room.ts";
import { Rooms } from "./rooms.ts";
import { KINDS } from "./transports/choose.ts";
import type { Kind } from "./transports/link.ts";
import type { AnyEvent, AnyNotice, AnySignal, Create, Reply } from "./wire.ts";

const MOST_QUEUED = 1000;

export interface Options {
  /** A token, or what gives one: it is asked at each connection, and again if the server refuses one. */
  token?: Token | undefined;
  /** Your name, if you have no token. On a page of the server, the key of the account that is logged in: nothing is sent as another. */
  name?: string | undefined;
  /** A secret of 16 to 128 characters that makes you the same guest each time; null for none. Random if not given. */
  key?: string | null | undefined;
  /** Use only this transport. */
  transport?: Kind | undefined;
  /** Where the outbox outlives this client. */
  storage?: OutboxStorage | undefined;
  /** Ends the client. */
  signal?: AbortSignal | undefined;
  /** How many events of each room wait in memory while you don't take them. */
  max_queued?: number | undefined;
}

type Settings = Omit<Create, "do" | "id" | "room" | "kind" | "title" | "who" | "key">;

export class Client {
  /** What is not yet in the log. */
  readonly outbox: Outbox;
  /** Your account's rooms, the people, and what you keep for yourself: in step from the moment when it is opened. Only for accounts. */
  readonly me = {
    open: (): Promise<Me> => {
      this.#me ??= import("./me/me.ts").then((its) => its.openMe(this.#exchange, this.#rooms, this.#most));
      this.#me.catch(() => {
        this.#me = undefined; // it may be opened again
      });
      return this.#me;
    },
  };
  /** The server's greeting. */
  welcome: Welcome | undefined;
  readonly #place: Place;
  readonly #most: number;
  #me: Promise<Me> | undefined;
  readonly #connection: Connection;
  readonly #exchange = new Exchange();
  readonly #rooms: Rooms;
  readonly #feeds = new Set<Feed<Status>>();

  constructor(url: string, options: Options = {}) {
    const { token, name, key, transport, storage, signal, max_queued = MOST_QUEUED } = options;
    const base = baseOf(url);
    this.#place = { base, token, name };
    this.#most = max_queued;
    this.#rooms = new Rooms(this.#exchange, max_queued, ({ room, view }) => this.outbox.reached(room, view));
    this.outbox = new Outbox(this.#exchange, storage, (room, seq) => {
      const reading = this.#rooms.get(room);
      return Boolean(reading?.isRead && reading.view.seq < seq);
    });
    const hello = { ...(name && { name }), ...(key !== null && { key: key ?? newId() }) };
    this.#connection = stayConnected({ base, token, hello, kinds: transport ? [transport] : KINDS }, this.#user());
    if (signal?.aborted) this.close();
    else this.#connection.connect();
    signal?.addEventListener("abort", () => this.close(), { once: true });
  }

  get status(): Status {
    return this.#connection.status;
  }

  /** What carries the connection now, since when, and why nothing better does. Null without a connection. */
  get transport(): Transport | null {
    return this.#connection.transport;
  }

  /** Your name on the server. Empty before the first connection. */
  get user(): string {
    return this.welcome?.user ?? "";
  }

  /** The current status and each later one, also when another transport takes over. A slow reader gets the newest 16. */
  statuses(): AsyncIterableIterator<Status> {
    const feed = new Feed<Status>(16, () => this.#feeds.delete(feed));
    feed.put(this.status);
    if (this.status.state === "closed") feed.end();
    else this.#feeds.add(feed);
    return feed;
  }

  /** Wait for the first connection. Rejects if the client is closed for good before it. */
  async open(): Promise<this> {
    for await (const { state } of this.statuses()) if (state === "connected") break;
    if (this.status.state === "closed") throw this.#failure ?? new Closed(this.status.reason, this.status.code);
    return this;
  }

  #failure: Refused | undefined;

  /** Connect now if that is to be done later, or see within seconds whether the other side is there. For when a device wakes up. */
  check(): void {
    this.#connection.check();
  }

  /** Leave for good. */
  close(): void {
    this.#connection.close(new Closed(""));
  }

  /** Follow a room from its current state, or from a position. */
  follow(room: string, from?: From): Promise<Room> {
    return this.#follow("follow", room, from);
  }

  /** Become a member of a room, and follow it. A free room has no members, so there it is the same as `follow`. */
  join(room: string, from?: From): Promise<Room> {
    return this.#follow("join", room, from);
  }

  /** Post a message in a room that need not be followed. See `Room.post`. */
  post(room: string, message: string | Uint8Array, { files, ...options }: PostOptions = {}): Promise<Acknowledgement> {
    const content = typeof message === "string" ? { text: message } : { bytes: base64(message) };
    return this.outbox.post({ room, ...content, ...options, files: files?.map(keyOf) });
  }

  /** Upload a file, which a post of yours can then show, within 24 hours. Only for accounts. A stream needs its `size`. */
  upload(source: Blob | Uint8Array | ArrayBuffer | Bytes, options?: UploadOptions): Promise<UploadedFile> {
    return files().then((its) => its.upload(this, this.#place, source, options));
  }

  /** Get a file that a message shows, by its key: a `Response`, whose body is the file. */
  download(file: string, options?: DownloadOptions): Promise<Response> {
    return files().then((its) => its.download(this.#place, file, options));
  }

  /** Give a room (`@r…`) or an account (`@p…`) a picture, made of a file that you uploaded and did not post; null removes it. */
  setAvatar(whose: string, picture: UploadedFile | string | null): Promise<void> {
    return files().then((its) => its.setAvatar(this.#place, whose, picture));
  }

  history(room: string, options?: { before?: number; after?: number; limit?: number }): Promise<HistoryPage> {
    return this.send("history", { room, ...options });
  }

  /** Make a room of which you are the host. Returns its key. */
  createRoom(kind: "open" | "closed", title: string, { people, ...settings }: Settings & { people?: string[] } = {}): Promise<string> {
    return this.#create({ kind, title, who: people, ...settings });
  }

  /** The key of the direct of you and 1 to 8 others, which is made if there is none. */
  direct(people: string[]): Promise<string> {
    return this.#create({ kind: "direct", who: people });
  }

  /** The address at which the page shows a room, or one of its messages. */
  link(room: string, seq?: number): string {
    return `${this.#place.base}/r/${encodeURIComponent(room)}${seq === undefined ? "" : `/${seq}`}`;
  }

  /** Send any command of the protocol by its name and fields. Resolves with the `ok` of its reply. */
  send<Ok = unknown>(command: string, fields?: Record<string, unknown>): Promise<Ok> {
    return this.#exchange.ask<Ok>({ ...fields, do: command });
  }

  #user() {
    return {
      linked: (send: (frame: string) => void, welcome: Welcome) => {
        this.welcome = welcome;
        this.#exchange.linked(send, welcome.limits.message_bytes);
        this.#rooms.linked(welcome.epoch);
        this.outbox.linked();
      },
      unlinked: () => {
        this.#exchange.unlinked();
        this.#rooms.unlinked();
        this.outbox.unlinked();
      },
      heard: (frame: Record<string, unknown>) => this.#heard(frame),
      changed: (status: Status) => {
        for (const feed of this.#feeds) feed.put(status);
      },
      closed: (error: Closed, refusal?: Refused) => this.#closed(error, refusal),
    };
  }

  async #follow(how: "follow" | "join", room: string, from: From = {}): Promise<Room> {
    return new Room(await this.#rooms.follow(how, room, from), this, this.#exchange, this.#rooms);
  }

  async #create(fields: Record<string, unknown>): Promise<string> {
    return (await this.send<{ made: string }>("create", fields)).made;
  }

  #heard(frame: object): void {
    if ("re" in frame || "error" in frame) this.#exchange.settle(frame as Reply);
    else if ("event" in frame) this.#rooms.deliver(frame as AnyEvent);
    else if ("signal" in frame) this.#rooms.hear(frame as AnySignal);
    else if ("notice" in frame) this.#noticed(frame as AnyNotice);
  }

  #noticed(notice: AnyNotice): void {
    if (notice.notice === "closing") this.#connection.comeBackAfter(notice.reconnect_after);
    else if (notice.notice === "unfollowed") this.#rooms.cutOff(notice);
    else if (notice.notice === "moved") this.#rooms.watcher?.moved(notice.rooms);
    else if (notice.notice === "presence") this.#rooms.watcher?.presence(notice.people);
  }

  #closed(error: Closed, refusal?: Refused): void {
    this.#failure = refusal;
    const told = error.reason ? error : undefined; // whoever closes the client knows
    this.#exchange.end(error);
    this.#rooms.end(told);
    this.outbox.end(error);
    for (const feed of this.#feeds) feed.end();
  }
}

/** A client of the server at `url`, which connects at once, and stays connected until it is closed. */
export function connect(url: string, options?: Options): Client {
  return new Client(url, options);
}

/** The address of a server, as people write it, without `/ws` and a slash at the end. */
function baseOf(url: string): string {
  const address = new URL(/^(http|ws)s?:\/\//.test(url) ? url : `http://${url}`);
  return address.origin.replace(/^ws/, "http") + address.pathname.replace(/(\/ws)?\/*$/, "");
}

const files = () => import("./files/files.ts");

const keyOf = (file: UploadedFile | string): string => (file as UploadedFile).file ?? file;

const base64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
