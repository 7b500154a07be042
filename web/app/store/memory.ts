// What the browser remembers of one: name and key, or a token, and rooms.

import { newId } from "#sdk";
import { type Goal, isMade, linkedRoom } from "./address.ts";

const LOBBY = "lobby";
const MOST_ROOMS = 200;
// biome-ignore lint/suspicious/noMisleadingCharacterClass: marks and joiners are allowed one by one
const ROOM = /^[\p{L}\p{N}_\-.:@+~][\p{L}\p{N}\p{Mn}\p{Mc}\u200c\u200d_\-.:@+~]{0,63}$/u;

/** Whether a room may be called so, as far as one need not ask the server: that knows where marks and joiners may be. */
export const isRoomName = (name: string): boolean => ROOM.test(name) && name === name.normalize("NFC");

/**
 * A token is kept for this tab, over reloads, until it is closed: it may be worth more than a chat, the browser may be
 * shared, and another tab may be somebody else. It is never part of a URL that is sent: a link has it in its fragment.
 */
export const keptToken = (): string | null => sessionStorage.getItem("hubbub.token");

export function keepToken(token: string): void {
  forgetToken();
  sessionStorage.setItem("hubbub.token", token);
}

export function forgetToken(): void {
  sessionStorage.removeItem("hubbub.token");
  sessionStorage.removeItem("hubbub.token-owner");
}

const DENSE = "hubbub.dense";

/** Whether messages stand close together, in this browser. */
export const keptDensity = (): boolean => localStorage.getItem(DENSE) !== null;

export function keepDensity(isDense: boolean): void {
  if (isDense) localStorage.setItem(DENSE, "yes");
  else localStorage.removeItem(DENSE);
}

const ACCOUNT = "hubbub.account";

/** The account of this browser. The session itself is in a cookie, which the page can't read. */
export const keptAccount = (): string | null => localStorage.getItem(ACCOUNT);

export function keepAccount(account: string): void {
  forgetToken();
  localStorage.setItem(ACCOUNT, account);
}

export const forgetAccount = (): void => localStorage.removeItem(ACCOUNT);

/** Leave nothing of an account in the browser, nor what it has not sent. */
export function clearOf(account: string): void {
  forgetAccount();
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(`hubbub.outbox.${account}/`) || (key.startsWith(RECENT) && key.endsWith(account))) localStorage.removeItem(key);
  }
}

const RECENT = "hubbub.recent.";

/** What is kept of an account, or a visitor, under a name. */
function kept(of: string, account: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(`${RECENT}${of}.${account}`) ?? "null");
  } catch {
    return null;
  }
}

/** Without storage, it is not remembered. */
function remember(of: string, account: string, what: unknown): void {
  try {
    localStorage.setItem(`${RECENT}${of}.${account}`, JSON.stringify(what));
  } catch {}
}

/** What an account, or a visitor, used last: the last one first. */
export function keptRecent(of: string, account: string): string[] {
  const used = kept(of, account);
  return Array.isArray(used) ? used.filter((each) => typeof each === "string") : [];
}

export const keepRecent = (of: string, account: string, used: readonly string[]): void => remember(of, account, used);

/** When an account was last seen here, in milliseconds since 1970, or 0. */
export const keptSeen = (account: string): number => Number(kept("seen", account)) || 0;

export const keepSeen = (account: string, when: number): void => remember("seen", account, when);

/** The drafts of an account that its other devices know, by room. */
export const keptShared = (account: string): Record<string, string> => (kept("drafts", account) ?? {}) as Record<string, string>;

export const keepShared = (account: string, drafts: Record<string, string>): void => remember("drafts", account, drafts);

const TONE = "hubbub.tone";

export const keptTone = (): string => localStorage.getItem(TONE) ?? "";

export function keepTone(tone: string): void {
  try {
    localStorage.setItem(TONE, tone);
  } catch {
    // no storage: it is chosen anew
  }
}

export interface Owner {
  name: string;
  id: string;
}

/** Name and id of the token's owner, once the server has told them. */
export const tokenOwner = (): Owner => JSON.parse(sessionStorage.getItem("hubbub.token-owner") ?? '{"name": "", "id": ""}');

export const keepTokenOwner = (owner: Owner): void => sessionStorage.setItem("hubbub.token-owner", JSON.stringify(owner));

/** Take the token out of a link such as /#token=…&room=kitchen, and out of the address bar and the history. */
export function takeTokenFromAddress(): boolean {
  if (!location.hash.startsWith("#token=")) return false;
  // Not URLSearchParams, which takes a + in a token for a space.
  const parts = new Map(
    location.hash
      .slice(1)
      .split("&")
      .map((part) => part.split(/=(.*)/s, 2) as [string, string]),
  );
  history.replaceState(null, "", `${location.pathname}${location.search}${parts.has("room") ? `#${parts.get("room")}` : ""}`);
  try {
    keepToken(decodeURIComponent(parts.get("token") ?? ""));
  } catch {
    return false; // not an encoded text
  }
  return true;
}

/** The name and its key. `?name=` is for this tab alone; else one is the same person in every tab of the browser. */
export function identity(): { name: string | null; key: string | null } {
  const asked = new URLSearchParams(location.search).get("name");
  if (asked && asked !== sessionStorage.getItem("hubbub.name")) keep(sessionStorage, asked);
  const store = storage();
  return { name: store.getItem("hubbub.name"), key: store.getItem("hubbub.key") };
}

/** Be called so from now on, whatever the address says. */
export function keepName(name: string): void {
  keep(storage(), name);
  const address = new URL(location.href);
  address.searchParams.delete("name");
  history.replaceState(null, "", address);
}

/** The room that the address names, if one may be called so. */
export function roomFromAddress(): string {
  try {
    const asked = decodeURIComponent(location.hash.slice(1)) || new URLSearchParams(location.search).get("room");
    const room = asked?.normalize("NFC") ?? LOBBY;
    return isRoomName(room) ? room : LOBBY;
  } catch {
    return LOBBY; // not an encoded text
  }
}

/** The room that the fragment of the address names: somebody may type one behind any path. */
export function roomInFragment(): string | undefined {
  try {
    const room = decodeURIComponent(location.hash.slice(1)).normalize("NFC");
    return isRoomName(room) ? room : undefined;
  } catch {
    return undefined; // not an encoded text
  }
}

/** Where the address leads. */
export function goalFromAddress(): Goal {
  const named = roomInFragment();
  return (named === undefined ? linkedRoom() : undefined) ?? { room: named ?? roomFromAddress(), seq: undefined };
}

export function rememberedRooms(): string[] {
  try {
    const rooms: string[] = JSON.parse(localStorage.getItem("hubbub.rooms") ?? "null") ?? [LOBBY];
    return rooms.filter((room) => isRoomName(room) && !isMade(room)).slice(-MOST_ROOMS);
  } catch {
    return [LOBBY];
  }
}

/** Remember these too: other tabs have theirs. */
export function keepRooms(rooms: Iterable<string>): void {
  const free = JSON.stringify([...new Set([...rememberedRooms(), ...[...rooms].filter((room) => !isMade(room))])]);
  if (free !== localStorage.getItem("hubbub.rooms")) localStorage.setItem("hubbub.rooms", free); // to write may take a while
}

const storage = (): Storage => (sessionStorage.getItem("hubbub.name") ? sessionStorage : localStorage);

/** The key goes with the name: other tabs may still be using it. */
function keep(store: Storage, name: string): void {
  if (name === store.getItem("hubbub.name")) return;
  store.setItem("hubbub.name", name);
  store.setItem("hubbub.key", newId());
}
