// What can go wrong with a command or a stream.

import type { Problem, Snapshot } from "./wire.ts";

/** The server refused a command, and changed nothing. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly code: string;
  readonly temporary: boolean;
  /** Seconds after which the same command may succeed. */
  readonly retry_after: number | undefined;

  constructor({ code, message, temporary, retry_after }: Problem) {
    super(message);
    this.code = code;
    this.temporary = temporary;
    this.retry_after = retry_after;
  }
}

/** A command was sent, but no answer will arrive: it may have been carried out. */
export class Unknown extends Error {
  override readonly name = "Unknown";
}

/** The client is closed, and the command was not sent. */
export class Closed extends Error {
  override readonly name = "Closed";
  readonly code: number | undefined;
  readonly reason: string;

  constructor(reason: string, code?: number) {
    super(`The client is closed${reason && `: ${reason}`}`);
    this.code = code;
    this.reason = reason;
  }
}

/** Events are missing, and won't arrive any more: a snapshot replaces them. */
export interface Reset {
  marker: "reset";
  snapshot: Snapshot;
  /** The first seq that the server still keeps, if events are missing because they are too old. */
  truncated: number | undefined;
}

/** Events are missing from a stream. Iterate again to continue after the snapshot. */
export class ResetError extends Error {
  override readonly name = "ResetError";
  readonly reset: Reset;

  constructor(reset: Reset) {
    super(`Events of ${reset.snapshot.room} are missing; a snapshot replaces them`);
    this.reset = reset;
  }
}
