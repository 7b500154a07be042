// A server in memory, with its network: frames wait in both directions until they are let through. Knows the native protocol as
// far as the tests need it, and counts what it is asked.

import { mock } from "node:test";
import { advance, roomViewOf } from "../sdk/fold.ts";

const STRIDE = 5000;
const AT = "2026-11-29T00:00:00.000Z";

/** Frames on their way, in one of two directions. */
class Socket {
  readyState = 0;
  toServer = [];
  toClient = [];
  isGreeted = false;
  follows = new Set();

  constructor(hall, url) {
    this.hall = hall;
    this.url = url;
  }

  open() {
    this.readyState = 1;
    this.onopen?.({});
  }

  send(frame) {
    this.toServer.push(frame);
    this.hall.pump();
  }

  close() {
    this.readyState = 3;
    this.hall.sockets.delete(this);
  }

  /** The connection ends, with all that was under way. */
  cut(code = 1006, reason = "") {
    if (this.readyState === 3) return;
    this.close();
    this.onclose?.({ code, reason });
  }

  say(frame) {
    this.toClient.push(JSON.stringify(frame));
    this.hall.pump();
  }
}

export class Hall {
  epoch = "e1";
  sockets = new Set();
  logs = new Map();
  kept = new Map(); // the first seq that is kept
  asked = []; // each command
  answers = new Map(); // by client_message_id
  refusals = []; // problems, each for the next post
  isOpen = true; // whether connections are accepted
  isFlowing = true; // whether frames are let through at once
  refuseHello = () => undefined;
  isReadingSlowly = false; // whether pages come only later, after events that are newer
  late = [];

  log(room) {
    if (!this.logs.has(room)) this.logs.set(room, []);
    return this.logs.get(room);
  }

  /** What a room shows up to an event; by default, now. */
  view(room, upto = this.log(room).length) {
    const view = roomViewOf({ head: 0, messages: [], more: false, state: {}, state_seq: 0 });
    for (const event of this.log(room).slice(0, upto)) advance(view, event);
    return view;
  }

  /** Something happens, and whoever follows the room is told. */
  append(room, event) {
    const log = this.log(room);
    const whole = { room, seq: log.length + 1, at: AT, by: "grace", ...event };
    log.push(whole);
    for (const socket of this.sockets) if (socket.follows.has(room)) socket.say(whole);
    return whole;
  }

  /** The WebSocket of this server's network. */
  webSocket() {
    const hall = this;
    return class extends Socket {
      constructor(url) {
        super(hall, url);
        hall.sockets.add(this);
        queueMicrotask(() => (hall.isOpen ? this.readyState === 0 && this.open() : this.cut()));
      }
    };
  }

  /** Nothing passes any more on the connections that there are, and nobody is told. */
  vanish() {
    for (const socket of this.sockets) socket.readyState = 3;
    this.sockets.clear();
  }

  cut(code, reason) {
    for (const socket of [...this.sockets]) socket.cut(code, reason);
  }

  /** Let everything through, unless the network holds it back. */
  pump() {
    if (this.isFlowing && !this.isPumping) {
      this.isPumping = true;
      queueMicrotask(() => {
        this.isPumping = false;
        if (this.isFlowing) while (this.letThrough());
      });
    }
  }

  /** Let one frame through. Returns whether there was one. */
  letThrough(pick = (ways) => ways[0]) {
    const ways = [...this.sockets].flatMap((socket) => [
      ...(socket.toServer.length ? [() => this.obey(socket, JSON.parse(socket.toServer.shift()))] : []),
      ...(socket.toClient.length ? [() => socket.onmessage?.({ data: socket.toClient.shift() })] : []),
    ]);
    if (!ways.length) return false;
    pick(ways)();
    return true;
  }

  obey(socket, command) {
    this.asked.push(command);
    const answer = this.answer(socket, command);
    if (command.id === undefined) return;
    const say = () => socket.say({ re: command.id, ...answer });
    if (command.do === "history" && this.isReadingSlowly) this.late.push(say);
    else say();
  }

  answer(socket, command) {
    switch (command.do) {
      case "hello": {
        if (socket.isGreeted) return { error: { code: "bad_request", message: "Send `hello` first", temporary: false } };
        const error = this.refuseHello(command);
        if (error) return { error };
        socket.isGreeted = true;
        const limits = { message_bytes: 65_536, messages_per_s: 0, rooms: 1000 };
        return {
          ok: { user: "ada", id: "i", guest: true, server: "fake", protocol: "hubbub.v1", epoch: this.epoch, limits, heartbeat: 15 },
        };
      }
      case "follow":
        return this.follow(socket, command);
      case "follow_all":
        return this.followAll(socket, command);
      case "unfollow":
        socket.follows.delete(command.room);
        return { ok: { room: command.room } };
      case "history":
        return { ok: this.history(command) };
      case "post":
        return this.post(command);
      default:
        return { ok: { room: command.room, seq: null } };
    }
  }

  follow(socket, { room, since, epoch }) {
    const log = this.log(room);
    const head = log.length;
    const kept = this.kept.get(room) ?? 1;
    const isKnown = since !== undefined && (epoch ?? this.epoch) === this.epoch;
    socket.follows.add(room);
    if (isKnown && since + 1 >= kept) {
      const answer = { ok: { mode: "resumed", room, epoch: this.epoch, head, missed: head - since } };
      this.after(socket, log.slice(since));
      return answer;
    }
    const { messages, state, state_seq, pins } = this.view(room);
    const shown = [...messages.values()].slice(-5);
    const more = shown.length < messages.size;
    const members = { count: 1, names: ["ada"] };
    const snapshot = { mode: "snapshot", room, epoch: this.epoch, head, messages: shown, more, state, state_seq, pins, members, live: [] };
    return { ok: { ...snapshot, ...(isKnown && { truncated: kept }) } };
  }

  /** What was missed follows the answer. */
  after(socket, missed) {
    const say = socket.say;
    socket.say = (frame) => {
      socket.say = say;
      socket.say(frame);
      for (const event of missed) socket.say(event);
    };
  }

  followAll(socket, { rooms = {} }) {
    const answers = {};
    const refused = {};
    for (const [room, since] of Object.entries(rooms)) {
      if (since + 1 < (this.kept.get(room) ?? 1)) {
        refused[room] = { code: "reset", message: "The position is no longer kept", temporary: false };
        continue;
      }
      const log = this.log(room);
      socket.follows.add(room);
      answers[room] = { mode: "resumed", room, epoch: this.epoch, head: log.length, missed: log.length - since };
      for (const event of log.slice(since)) socket.say(event); // events may come before the answer
    }
    return { ok: { rooms: answers, heads: {}, refused } };
  }

  history({ room, before = Infinity, limit = 50 }) {
    const { seq, messages } = this.view(room);
    const older = [...messages.values()].filter((message) => message.seq < before);
    return { room, epoch: this.epoch, head: seq, messages: older.slice(-limit), more: older.length > limit };
  }

  post({ room, text, client_message_id }) {
    const error = this.refusals.shift();
    if (error) return { error };
    const before = this.answers.get(client_message_id);
    if (before) return { ok: { ...before, duplicate: true } };
    const { seq } = this.append(room, { event: "posted", by: "ada", id: "i", text, client_message_id });
    const ok = { room, seq, at: AT };
    this.answers.set(client_message_id, ok);
    return { ok };
  }
}

/** A hall whose network and clock are those of the SDK during a test. */
export function opened(context) {
  const hall = new Hall();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
  const { WebSocket, fetch } = globalThis;
  globalThis.WebSocket = hall.webSocket();
  globalThis.fetch = async () => {
    throw new TypeError("fetch failed");
  };
  const { random } = Math;
  Math.random = () => 0.5;
  context.after(() => {
    mock.timers.reset();
    Object.assign(globalThis, { WebSocket, fetch });
    Math.random = random;
  });
  return hall;
}

/** Whatever can happen now, happens. */
export const settled = async () => {
  for (let i = 0; i < 3; i++) await new Promise(setImmediate);
};

/** Some milliseconds pass, not so many at once that answers would come too late. */
export async function pass(milliseconds) {
  await settled();
  for (let left = milliseconds; left >= 0; left -= STRIDE) {
    mock.timers.tick(Math.min(left, STRIDE));
    await settled();
  }
}
