// Which transport carries the client: a WebSocket, or what comes after it if that does not open in time.

import type { Ear, Kind, Link, Loss, Where } from "./link.ts";
import { sockjs } from "./sockjs.ts";
import { websocket } from "./websocket.ts";

/** Milliseconds after which each is tried, if none has opened. It is tried at once if all before it have failed. */
const WAITS: Record<Kind, number> = { websocket: 0, sse: 1000, polling: 2500 };

export const KINDS = Object.keys(WAITS) as Kind[];

/** Who is told of the outcome: `opened` with the link and why no better one, or `lost`. */
export interface Chooser extends Omit<Ear, "opened"> {
  opened(link: Link, why: string): void;
}

/** Open the first of these transports that works. Returns how to stop that, also once it is open. */
export function choose(kinds: readonly Kind[], where: Where, chooser: Chooser): () => void {
  const links = new Map<Kind, Link>();
  const whys = new Map<Kind, string>();
  const waiting = [...kinds];
  const timers = kinds.slice(1).map((kind) => setTimeout(() => waiting.includes(kind) && next(), WAITS[kind]));
  let chosen: Link | undefined;

  const stop = () => {
    timers.forEach(clearTimeout);
    waiting.length = 0;
    for (const link of links.values()) link.close();
    links.clear();
  };

  const next = () => {
    const kind = waiting.shift();
    if (!kind) return;
    const ear: Ear = {
      opened: () => opened(kind),
      heard: (frame) => chosen?.kind === kind && chooser.heard(frame),
      beat: () => chosen?.kind === kind && chooser.beat(),
      lost: (loss) => lost(kind, loss),
    };
    links.set(kind, kind === "websocket" ? websocket(where, ear) : sockjs(kind, where, ear));
  };

  const opened = (kind: Kind) => {
    chosen = links.get(kind) as Link;
    links.delete(kind);
    const better = [...links.keys()].filter((other) => kinds.indexOf(other) < kinds.indexOf(kind));
    for (const other of better) whys.set(other, "did not open in time");
    const rest = chosen;
    stop();
    links.set(kind, rest);
    chooser.opened(rest, [...whys].map(([other, why]) => `${other}: ${why}`).join("; "));
  };

  const lost = (kind: Kind, loss: Loss) => {
    links.delete(kind);
    if (!chosen && !loss.isFinal) {
      whys.set(kind, loss.reason);
      if (!links.size) next();
      if (links.size) return;
    }
    stop();
    chooser.lost(loss);
  };

  next();
  return stop;
}
