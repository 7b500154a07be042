// What was written and is not yet in the log: in order, one outbox a tab, kept over reloads and closed tabs.

const PREFIX = "hubbub.outbox.";

export class Outbox {
  /** Entries: {room, text, reply_to, client_message_id, at, failed}; `failed` says why it won't be sent again. */
  constructor(tab) {
    this.key = PREFIX + tab;
    this.entries = read(this.key);
  }

  add(entry) {
    this.entries.push(entry);
    this.save();
  }

  /** The first that is neither sent nor refused. */
  next() {
    return this.entries.find((entry) => !entry.failed && !entry.seq);
  }

  find(id) {
    return this.entries.find((entry) => entry.client_message_id === id);
  }

  remove(id) {
    if (!this.find(id)) return false;
    this.entries = this.entries.filter((entry) => entry.client_message_id !== id);
    this.save();
    return true;
  }

  save() {
    try {
      if (this.entries.length) localStorage.setItem(this.key, JSON.stringify(this.entries));
      else localStorage.removeItem(this.key);
    } catch {
      // no storage, or none left: what is written still goes out, but would not survive a reload
    }
  }

  /** Take over what this person's tabs that are gone have left unsent; `open` names the outboxes of those that aren't. */
  adopt(open, person) {
    for (const key of Object.keys(localStorage)) {
      const name = key.slice(PREFIX.length);
      if (!key.startsWith(PREFIX + person) || key === this.key || open.has(name)) continue;
      this.entries.push(...read(key));
      this.save();
      localStorage.removeItem(key);
    }
  }
}

/** What nobody guesses and nothing else is called. (crypto.randomUUID is only there on secure origins.) */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

let tab; // once found out, it stays

/** This tab's id, its own even if the tab was duplicated, and the ids of all that are open. */
export async function identifyTab() {
  const locks = navigator.locks;
  if (!locks) return { tab: "only", openTabs: new Set() };
  if (!tab) {
    tab = sessionStorage.getItem("hubbub.tab");
    if (!tab || !(await hold(locks, tab))) {
      tab = randomId();
      await hold(locks, tab);
      sessionStorage.setItem("hubbub.tab", tab);
    }
  }
  const { held } = await locks.query();
  return { tab, openTabs: new Set(held.map(({ name }) => name.replace(/^hubbub\.tab\./, ""))) };
}

/** Hold a lock for as long as the tab is open; false if another tab has it. */
function hold(locks, tab) {
  return new Promise((resolve) => {
    locks.request(`hubbub.tab.${tab}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise(() => {});
    });
  });
}

function read(key) {
  try {
    const entries = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(entries) ? entries : [];
  } catch {
    return [];
  }
}
