// What the client needs from a connection, whatever carries it: whole frames in order.

import type { Problem } from "../wire.ts";

export type Kind = "websocket" | "sse" | "polling";

/** Where the server is, and who asks: requests carry the token. (Browsers set no header for a WebSocket, and addresses may get into logs.) */
export interface Where {
  /** `http(s)://host/path`, without a slash at the end. */
  base: string;
  token: string | undefined;
}

/** Why a connection ended, or was not made. */
export interface Loss {
  reason: string;
  /** The close code, or the status of a refused request. */
  code?: number | undefined;
  /** Seconds to wait before the next attempt. */
  retry_after?: number | undefined;
  /** The server itself refused to connect: another transport would get the same answer. */
  isFinal?: boolean | undefined;
  /** The refusal of the greeting, if it is for good. */
  refusal?: Problem;
  /** The token was refused. */
  isToken?: boolean;
}

/** Who listens to a link. After `lost`, which comes at most once, nothing comes. */
export interface Ear {
  opened(): void;
  heard(frame: string): void;
  /** The other side is there, though it said nothing. */
  beat(): void;
  lost(loss: Loss): void;
}

export interface Link {
  readonly kind: Kind;
  send(frame: string): void;
  /** Let go of it. Nothing is told any more. */
  close(): void;
}
