// The tabs of one browser: each has an id, and an outbox that is kept over reloads and closed tabs.

import { type Entry, newId, type OutboxStorage } from "#sdk";

const PREFIX = "hubbub.outbox.";

export interface Tabs {
  /** This tab's id. */
  tab: string;
  /** The ids of all that are open. */
  openTabs: Set<string>;
}

/** Where this tab's outbox of a person is kept. It begins with what that person's closed tabs have left unsent. */
export function storageOf(person: string, { tab, openTabs }: Tabs): OutboxStorage {
  const prefix = `${PREFIX}${person}/`;
  const own = `${prefix}${tab}`;
  const kept = new Map<string, Entry>();
  const save = () => write(own, [...kept.values()]);
  return {
    load() {
      const left = Object.keys(localStorage).filter(
        (key) => key.startsWith(prefix) && key !== own && !openTabs.has(key.slice(prefix.length)),
      );
      for (const entry of [own, ...left].flatMap(read)) kept.set(entry.post.client_message_id, entry);
      save();
      for (const key of left) localStorage.removeItem(key);
      return [...kept.values()];
    },
    put(entry) {
      kept.set(entry.post.client_message_id, entry);
      save();
    },
    delete(id) {
      if (kept.delete(id)) save();
    },
  };
}

function read(key: string): Entry[] {
  try {
    const entries = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(entries) ? entries.filter((entry) => entry?.post?.client_message_id) : [];
  } catch {
    return [];
  }
}

function write(key: string, entries: readonly Entry[]): void {
  try {
    if (entries.length) localStorage.setItem(key, JSON.stringify(entries));
    else localStorage.removeItem(key);
  } catch {
    // no storage, or none left: what is written still goes out, but would not survive a reload
  }
}

let known: string | null = null; // once found out, it stays

/** This tab's id, its own even if the tab was duplicated, and the ids of all that are open. */
export async function identifyTab(): Promise<Tabs> {
  // Only secure origins have locks, whatever the type says.
  const locks = navigator.locks as LockManager | undefined;
  if (!locks) return { tab: "only", openTabs: new Set() };
  const tab = known ?? (await ownId(locks));
  known = tab;
  const { held = [] } = await locks.query();
  return { tab, openTabs: new Set(held.map(({ name = "" }) => name.replace(/^hubbub\.tab\./, ""))) };
}

async function ownId(locks: LockManager): Promise<string> {
  const kept = sessionStorage.getItem("hubbub.tab");
  if (kept && (await hold(locks, kept))) return kept;
  const tab = newId();
  await hold(locks, tab);
  sessionStorage.setItem("hubbub.tab", tab);
  return tab;
}

/** Hold a lock for as long as the tab is open; false if another tab has it. */
function hold(locks: LockManager, tab: string): Promise<boolean> {
  return new Promise((resolve) => {
    locks.request(`hubbub.tab.${tab}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise<void>(() => {});
    });
  });
}
