// Several tabs of one person: one of them sends what waits and notifies, and each hears what the others did.

import type { Device, FileRow, Waiting } from "./db.ts";

const LEASE = 5000; // milliseconds
const EVERY = 2000;

interface Lease {
  tab: string;
  until: number;
}

/** What tabs tell each other. */
export type Told =
  | { kind: "outbox"; added: Waiting }
  | { kind: "outbox"; id: string; stored?: number; failed?: string | undefined; dropped?: true; why?: string | undefined }
  | { kind: "file"; added: FileRow }
  | { kind: "file"; id: string; changed: Record<string, unknown> | undefined }
  | { kind: "read"; room: string }
  | { kind: "logged out" };

export interface Tabs {
  /** Whether this tab is the one that sends. */
  readonly isLeader: boolean;
  tell(told: Told): void;
  /** Let another tab lead, and hear nothing any more. */
  leave(): void;
}

export const hasLocks = (): boolean => (navigator.locks as LockManager | undefined) !== undefined; // only secure origins have them

/** Join the tabs of a person. `led` is called when this tab becomes the one that sends, `heard` for what others tell. */
export function joinTabs(person: string, device: Device, led: () => void, heard: (told: Told) => void): Tabs {
  const name = `hubbub:${location.host}:${person}`;
  const leaving = new AbortController();
  const channel = new BroadcastChannel(name);
  let isLeader = false;
  channel.onmessage = ({ data }) => heard(data);
  const lead = () => {
    if (leaving.signal.aborted || isLeader) return;
    isLeader = true;
    led();
  };
  if (!device.isThere)
    queueMicrotask(lead); // nothing is kept that two could send
  else if (hasLocks()) hold(name, leaving.signal, lead);
  else lease(device, leaving.signal, lead, () => (isLeader = false));
  return {
    get isLeader() {
      return isLeader;
    },
    tell: (told) => channel.postMessage(told),
    leave: () => {
      isLeader = false;
      leaving.abort();
      channel.close();
    },
  };
}

/** Hold a lock as soon as no other tab does, for as long as this one is open. */
function hold(name: string, signal: AbortSignal, lead: () => void): void {
  const held = navigator.locks.request(name, { signal }, () => {
    lead();
    return new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  });
  held.catch(() => {}); // it was left before it led
}

/** The same without locks: a row says which tab leads and until when. Two at once, for a moment, are harmless: each change has an id. */
function lease(device: Device, signal: AbortSignal, lead: () => void, resign: () => void): void {
  const tab = `${Math.random()}`;
  const mine = (before: Lease | undefined): Lease =>
    !before || before.tab === tab || before.until < Date.now() ? { tab, until: Date.now() + LEASE } : before;
  const renew = async () => {
    const now = await device.swap("lease", mine);
    if (signal.aborted || now?.tab === tab) lead();
    else if (now) resign();
  };
  const drop = () => device.swap<Lease>("lease", (before) => (before?.tab === tab ? undefined : before));
  const timer = setInterval(renew, EVERY);
  addEventListener("pagehide", drop, { signal });
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    drop();
  });
  renew();
}
