// The connection: says who this is, follows rooms from their positions, sends the outbox, comes back when cut.

import { randomId } from "/web/outbox.js";

const NOT_AGAIN = new Set([1002, 1003, 1007, 1009, 4400, 4401, 4403]); // close codes that a retry can't help
const FIRST_DELAY = 500; // milliseconds
const LONGEST_DELAY = 15_000;
const SILENCE = 45_000; // the server pings, but pages don't see pings: so ask when nothing comes
const PATIENCE = 10_000; // for an answer that must come
const MAX_MISSED = 500; // a snapshot is shorter than very many events

/**
 * Fires: `state` (connecting, connected, waiting with `until`, refused with `error`, ended with `code`, closed),
 * `snapshot`, `resumed`, `event`, `signal`, `outbox`, `problem`.
 */
export class Client extends EventTarget {
  constructor({ url, name, key, token, outbox }) {
    super();
    Object.assign(this, { url, name, key, token, outbox });
    this.rooms = new Map(); // name -> {seq, epoch, joined}
    this.waiting = new Map(); // command id -> {resolve, reject}
    this.lastId = 0;
    this.tries = 0;
    this.state = "connecting";
  }

  /** Who this is in events: a name, and what tells one from others of that name. */
  get me() {
    return { name: this.name, who: this.user?.id ?? this.name };
  }

  /** Connect now, whatever was planned. */
  connect() {
    if (this.state === "closed") return;
    this.#drop();
    this.#become("connecting");
    const socket = new WebSocket(this.url, "hubbub.v1");
    this.socket = socket;
    socket.onopen = () => this.socket === socket && this.#greet();
    socket.onmessage = ({ data }) => this.socket === socket && this.#hear(JSON.parse(data));
    socket.onclose = ({ code }) => this.socket === socket && this.#cut(code);
    this.silence = setTimeout(() => this.#cut(), PATIENCE);
  }

  /** See whether the other side is still there, or connect if one is waiting to. */
  check() {
    if (this.state === "waiting") this.connect();
    if (this.state !== "connected") return;
    this.ask({ do: "hello" }).catch(() => {}); // a second one is refused, which is an answer
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.#cut(), PATIENCE);
  }

  /** Leave for good. */
  close() {
    this.#drop();
    this.#become("closed");
  }

  /** Follow a room; on each connection anew, from where one was. */
  join(room) {
    if (!this.rooms.has(room)) this.rooms.set(room, { joined: false });
    if (this.state === "connected") this.#join(room);
  }

  /** Put a message into the outbox; it goes out now, or when there is a connection. */
  post(room, text, reply_to) {
    const entry = { room, text, reply_to, client_message_id: randomId(), at: new Date().toISOString() };
    this.outbox.add(entry);
    this.#fire("outbox", { room });
    this.#empty();
  }

  /** Try once more what was refused. */
  repost(id) {
    const entry = this.outbox.find(id);
    if (!entry) return;
    delete entry.failed;
    this.outbox.save();
    this.#fire("outbox", { room: entry.room });
    this.#empty();
  }

  discard(id) {
    const room = this.outbox.find(id)?.room;
    if (this.outbox.remove(id)) this.#fire("outbox", { room });
  }

  /** Send a command; resolves with `ok`, rejects with the error or when the connection is cut. */
  ask(command) {
    if (this.state !== "connected" && command.do !== "hello") return Promise.reject(new Error("There is no connection"));
    const id = ++this.lastId;
    const frame = JSON.stringify({ id, ...command });
    // The server closes the connection on a message that is too long, and would each time it is sent again.
    if (new Blob([frame]).size > (this.user?.limits.message_bytes ?? Infinity)) {
      return Promise.reject(Object.assign(new Error("This is too long for one message"), { code: "too_large" }));
    }
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.#send(frame);
    });
  }

  /** Say something that needs no answer and is worth nothing later. */
  signal(room, signal) {
    if (this.state === "connected") this.#send(JSON.stringify({ do: "signal", room, signal }));
  }

  async #greet() {
    try {
      const who = this.token ? { token: this.token } : { name: this.name, key: this.key };
      this.user = await this.ask({ do: "hello", ...who });
    } catch (error) {
      if (error.temporary) this.#cut();
      else if (error.code) this.#refused(error);
      return;
    }
    this.tries = 0;
    this.#become("connected");
    for (const room of this.rooms.keys()) this.#join(room);
    for (const entry of this.outbox.entries) delete entry.seq;
    this.#empty();
  }

  async #join(room) {
    const place = this.rooms.get(room);
    place.joined = false;
    const position = place.epoch ? { since: place.seq, epoch: place.epoch, max_missed: MAX_MISSED } : {};
    try {
      await this.ask({ do: "join", room, ...position });
    } catch (error) {
      if (error.code === "bad_position") {
        this.rooms.set(room, { joined: false });
        this.#join(room);
      } else if (error.temporary) {
        setTimeout(() => this.state === "connected" && !place.joined && this.#join(room), pause(error));
      } else if (error.code) {
        this.#fire("problem", { error });
      }
    }
  }

  /** A join's answer is dealt with in order with the events around it, not when a promise gets its turn. */
  #joined(ok) {
    const place = this.rooms.get(ok.room);
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
  async #empty() {
    if (this.isEmptying) return;
    this.isEmptying = true;
    for (let entry; this.state === "connected" && (entry = this.outbox.next()); ) await this.#post(entry);
    this.isEmptying = false;
  }

  async #post(entry) {
    const { room, text, reply_to, client_message_id } = entry;
    try {
      const { seq } = await this.ask({ do: "post", room, text, reply_to, client_message_id });
      entry.seq = seq;
      this.#reached(room); // else it stays until its event comes
    } catch (error) {
      if (!error.code) return; // cut before the answer: it is sent again with the same id
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
  #reached(room) {
    const { joined, seq } = this.rooms.get(room) ?? {};
    for (const entry of this.outbox.entries) {
      if (entry.room === room && entry.seq && (!joined || entry.seq <= seq)) this.#arrived(entry.client_message_id, room);
    }
  }

  #arrived(id, room) {
    if (id && this.outbox.remove(id)) this.#fire("outbox", { room });
  }

  #hear(frame) {
    this.#listen();
    if ("re" in frame) {
      const asked = this.waiting.get(frame.re);
      this.waiting.delete(frame.re);
      if (frame.ok?.mode) this.#joined(frame.ok);
      if (frame.ok) asked?.resolve(frame.ok);
      else asked?.reject(Object.assign(new Error(frame.error.message), frame.error));
    } else if (frame.event) {
      this.#take(frame);
    } else if (frame.signal) {
      this.#fire("signal", { signal: frame });
    } else if (frame.notice === "closing") {
      this.comeBackAfter = 1000 * frame.reconnect_after;
    } else if (frame.error) {
      this.#fire("problem", { error: Object.assign(new Error(frame.error.message), frame.error) });
    }
  }

  #take(event) {
    const place = this.rooms.get(event.room);
    if (!place?.joined || event.seq <= place.seq) return; // nothing is shown twice
    if (event.seq !== place.seq + 1) {
      this.#join(event.room); // a hole: read on from where we are
      return;
    }
    place.seq = event.seq;
    this.#arrived(event.client_message_id, event.room);
    this.#reached(event.room);
    this.#fire("event", { room: event.room, event });
  }

  /** If nothing comes for long, ask something; if then nothing comes, the connection is dead. */
  #listen() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.check(), SILENCE);
  }

  #cut(code) {
    this.#drop();
    if (NOT_AGAIN.has(code)) {
      this.#become("ended", { code });
      return;
    }
    const most = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.tries++);
    const delay = this.comeBackAfter ?? 100 + Math.random() * most;
    this.comeBackAfter = undefined;
    this.timer = setTimeout(() => this.connect(), delay);
    this.#become("waiting", { until: Date.now() + delay });
  }

  #refused(error) {
    this.#drop();
    this.#become("refused", { error });
  }

  /** Let go of the connection, whatever its state; who waits for an answer is told. */
  #drop() {
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    const { socket } = this;
    this.socket = undefined;
    socket?.close(1000);
    for (const { reject } of this.waiting.values()) reject(new Error("The connection was cut"));
    this.waiting.clear();
    for (const place of this.rooms.values()) place.joined = false;
  }

  #become(state, detail = {}) {
    this.state = state;
    this.#fire("state", { state, ...detail });
  }

  #send(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(frame);
  }

  #fire(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Milliseconds to wait before trying again what was refused for now. */
function pause(error) {
  return 1000 * (error.retry_after ?? 1);
}
