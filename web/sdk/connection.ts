// Keeps a client connected: makes one connection after another, greets on each, and waits in between.

import { Closed, Refused } from "./errors.ts";
import { pause } from "./exchange.ts";
import { choose } from "./transports/choose.ts";
import type { Kind, Link, Loss } from "./transports/link.ts";
import type { Problem, Reply } from "./wire.ts";

const GREETING = 10_000; // milliseconds in which a connection must be made, and the server greet
const PROMPT = 4_000; // milliseconds for an answer when somebody asks whether the other side is there
const SILENCE = 30_000; // the server pings, but programs don't see pings: so ask when nothing comes
const GOOD = 5_000; // a connection that lasted this long makes the next waits short again
const WEBSOCKET_AGAIN = 60_000; // then twice as long each time, up to half an hour
const NOT_AGAIN = new Set([401, 403, 1002, 1003, 1007, 1008, 1009, 4400, 4401, 4404]); // the next answer would be the same
const TOO_FAST = 4429;
const MOST_TOKENS = 3; // that the server may refuse one after the other

export type State = "disconnected" | "connecting" | "connected" | "closed";

/** The state of the connection, and its cause. */
export interface Status {
  state: State;
  /** The close code or HTTP status that ended the last connection. */
  code?: number | undefined;
  reason: string;
  /** When the next attempt begins, in milliseconds since 1970. */
  retry_at?: number | undefined;
}

/** What carries the connection, since when (milliseconds since 1970), and why nothing better does. */
export interface Transport {
  kind: Kind;
  since: number;
  why: string;
}

/** The server's greeting. */
export interface Welcome {
  user: string;
  id?: string;
  guest: boolean;
  server: string;
  protocol: string;
  epoch: string;
  limits: { message_bytes: number; messages_per_s: number; rooms: number };
  /** Whether it makes pictures of people and rooms, and thumbnails. */
  pictures: boolean;
  heartbeat: number;
}

export type Token = string | (() => string | Promise<string>);

/** Who uses the connection. */
export interface User {
  linked(send: (frame: string) => void, welcome: Welcome): void;
  unlinked(): void;
  heard(frame: Record<string, unknown>): void;
  changed(status: Status): void;
  closed(error: Closed, refusal?: Refused): void;
}

export interface Given {
  base: string;
  token: Token | undefined;
  hello: { name?: string; key?: string };
  kinds: readonly Kind[];
}

export interface Connection {
  readonly status: Status;
  readonly transport: Transport | null;
  /** Connect now. */
  connect(): Promise<void>;
  /** See within seconds whether the other side is there, or connect now if that is to be done later. */
  check(): void;
  /** The server says when to come back. */
  comeBackAfter(seconds: number): void;
  /** Leave for good. */
  close(error: Closed, refusal?: Refused): void;
}

export function stayConnected({ base, token, hello, kinds }: Given, user: User): Connection {
  let status: Status = { state: "disconnected", reason: "" };
  let transport: Transport | null = null;
  let link: Link | undefined;
  let stop: (() => void) | undefined; // letting go of what is there or under way
  let stopUpgrade: (() => void) | undefined;
  let timer: Timer;
  let silence: Timer;
  let upgrade: Timer;
  let attempt = 0;
  let tries = 0;
  let refusedTokens = 0;
  let upgradeWait = WEBSOCKET_AGAIN;
  let restWait = 0; // seconds for which the server asked
  let wasConnected = false;

  const become = (now: Status) => {
    status = now;
    user.changed(now);
  };

  const connect = async () => {
    clearTimeout(timer);
    const mine = ++attempt;
    become({ state: "connecting", reason: "" });
    timer = loseAfter(GREETING);
    try {
      const given = await tokenOf(token);
      if (mine === attempt) stop = dial(kinds, given, lost);
    } catch (error) {
      if (mine !== attempt) return;
      if (error instanceof Refused && !error.temporary) close(new Closed(error.message), error);
      else lost({ reason: `No token: ${error}` });
    }
  };

  /** Open one of these transports, and greet. What is there already stays until the server has answered. */
  const dial = (some: readonly Kind[], given: string | undefined, failed: (loss: Loss) => void): (() => void) => {
    let mine: Link | undefined;
    let why = "";
    const drop = choose(
      some,
      { base, token: given },
      {
        opened: (opened, whyNot) => {
          mine = opened;
          why = whyNot;
          mine.send(JSON.stringify({ do: "hello", id: 0, ...(given === undefined ? hello : { token: given }) }));
        },
        heard: (text) => {
          const frame = parsed(text);
          if (!frame) return close(new Closed("The server does not speak hubbub.v1", 1002));
          if (mine !== link) return greeted(frame);
          listen();
          if (frame.re !== -1) user.heard(frame);
        },
        beat: () => mine === link && listen(),
        lost: (loss) => (mine && mine === link ? lost : failed)(loss),
      },
    );
    const greeted = ({ ok, error }: Reply) => {
      if (error) {
        drop();
        return failed(lossOf(error));
      }
      if (link) letGo(); // this is a better one
      stop = drop;
      begin(mine as Link, why, ok as Welcome);
    };
    return drop;
  };

  const begin = (opened: Link, why: string, welcome: Welcome) => {
    link = opened;
    clearTimeout(timer);
    timer = setTimeout(() => {
      tries = 0;
    }, GOOD);
    refusedTokens = 0;
    wasConnected = true;
    transport = { kind: opened.kind, since: Date.now(), why };
    listen();
    tryWebSocketLater();
    become({ state: "connected", reason: "" });
    user.linked((frame) => opened.send(frame), welcome);
  };

  const loseAfter = (patience: number): Timer => setTimeout(() => lost({ reason: "No answer in time" }), patience);

  /** See whether the other side is still there. */
  const see = (patience: number) => {
    link?.send('{"do":"hello","id":-1}'); // a second one is refused, which is an answer
    clearTimeout(silence);
    silence = loseAfter(patience);
  };

  const check = () => {
    if (status.state === "connected") see(PROMPT);
    else if (status.state === "disconnected") connect();
    else if (status.state === "connecting") {
      clearTimeout(timer); // what is under way may have been lost with the network
      timer = loseAfter(PROMPT);
    }
  };

  const listen = () => {
    clearTimeout(silence);
    silence = setTimeout(() => see(GREETING), SILENCE);
  };

  /** On a lesser transport, see now and then whether a WebSocket opens; if one does, it takes over. */
  const tryWebSocketLater = () => {
    clearTimeout(upgrade);
    if (transport?.kind === "websocket" || !kinds.includes("websocket")) return;
    const mine = attempt;
    upgrade = setTimeout(async () => {
      upgradeWait = Math.min(2 * upgradeWait, 30 * WEBSOCKET_AGAIN);
      tryWebSocketLater();
      const given = await tokenOf(token).catch(() => undefined);
      if (mine !== attempt) return;
      stopUpgrade?.();
      stopUpgrade = dial(["websocket"], given, () => {});
    }, upgradeWait);
  };

  const lost = (loss: Loss) => {
    const { code, reason, refusal } = loss;
    const isToken = code === 401 || code === 4401 || loss.isToken;
    const isFresh = isToken && typeof token === "function" && ++refusedTokens < MOST_TOKENS;
    const isFirst4xx = !wasConnected && /^4(?!08|25|29)..$/.test(`${code}`); // such as that of another server
    if (!isFresh && (refusal || NOT_AGAIN.has(code ?? 0) || isFirst4xx)) {
      close(new Closed(reason, code), refusal && new Refused(refusal));
      return;
    }
    const retry_after = Math.max(loss.retry_after ?? 0, restWait, code === TOO_FAST ? 10 : 0);
    restWait = 0;
    drop();
    const wait = pause({ retry_after }, tries++);
    timer = setTimeout(connect, wait);
    become({ state: "disconnected", code, reason, retry_at: Date.now() + wait });
  };

  /** Let go of what is there or under way. */
  const drop = () => {
    attempt++;
    for (const each of [timer, silence, upgrade]) clearTimeout(each);
    stopUpgrade?.();
    letGo();
    transport = null;
  };

  const letGo = () => {
    stop?.();
    if (link) {
      link = undefined;
      user.unlinked();
    }
  };

  const close = (error: Closed, refusal?: Refused) => {
    if (status.state === "closed") return;
    drop();
    become({ state: "closed", code: error.code, reason: error.reason });
    user.closed(error, refusal);
  };

  return {
    get status() {
      return status;
    },
    get transport() {
      return transport;
    },
    connect,
    check,
    close,
    comeBackAfter: (seconds) => {
      restWait = seconds;
    },
  };
}

type Timer = ReturnType<typeof setTimeout> | undefined;

/** The token, or what a function gives. */
export const tokenOf = async (token: Token | undefined): Promise<string | undefined> => (typeof token === "function" ? token() : token);

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const frame = JSON.parse(text);
    return frame && typeof frame === "object" ? frame : undefined;
  } catch {
    return undefined;
  }
}

/** A greeting that was refused: for good, unless that is temporary. */
function lossOf(error: Problem): Loss {
  const told = { reason: error.message, retry_after: error.retry_after, isToken: error.code === "unauthenticated" };
  return error.temporary ? told : { ...told, refusal: error };
}
