// What the page's address says: a way in with its token, or a room and a message in it.

export type Way = "claim" | "accept" | "reset";

const WAYS = new Map<string, Way>([
  ["/claim", "claim"],
  ["/i", "accept"],
  ["/reset", "reset"],
]);
const LINK = /^\/r\/([^/]+)(?:\/([0-9]{1,15}))?\/?$/;

/** The way in that the address leads to. Its token is taken out of the address bar and the history: whoever has it may come in. */
export function takeWayIn(): { way: Way; token: string } | undefined {
  const way = WAYS.get(location.pathname);
  if (!way) return undefined;
  const token = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  return { way, token };
}

/** Whether one comes back from signing in elsewhere, with a cookie that the page can't see. */
export function takeEntered(): boolean {
  if (location.pathname !== "/" || location.hash !== "#entered") return false;
  history.replaceState(null, "", "/");
  return true;
}

/** A room, and perhaps a message in it. */
export interface Goal {
  room: string;
  seq: number | undefined;
}

/** Where a link leads: that of the page, unless another is given. */
export function linkedRoom({ pathname }: { pathname: string } = location): Goal | undefined {
  const [, room, seq] = LINK.exec(pathname) ?? [];
  if (room === undefined) return undefined;
  try {
    return { room: decodeURIComponent(room).normalize("NFC"), seq: seq === undefined ? undefined : Number(seq) };
  } catch {
    return undefined; // not an encoded text
  }
}

/** Whether a room was made by people: then it has a key, members and an address of its own. */
export const isMade = (room: string): boolean => room.startsWith("@");

/** The room of a key, and the message that is the root of a thread, if the key is a thread's. */
export function placeIn(key: string): { room: string; root?: number } {
  const [room = key, root] = isMade(key) ? key.split(":") : [key];
  return root === undefined ? { room } : { room, root: Number(root) };
}

/** The room that a thread is in, or the room itself. */
export const roomOf = (key: string): string => placeIn(key).room;

/** The address of a room, or of a message in it. */
export const addressOf = (room: string, seq?: number): string =>
  `/r/${isMade(room) ? room : encodeURIComponent(room)}${seq === undefined ? "" : `/${seq}`}`;

/** Show in the address bar which room is open. */
export function showAddress(room: string): void {
  const hash = `#${encodeURIComponent(room)}`;
  if (isMade(room)) history.replaceState(null, "", addressOf(room));
  else if (location.pathname !== "/") history.replaceState(null, "", `/${hash}`);
  else if (location.hash !== hash) history.replaceState(null, "", hash);
}

/** Leave the address of a way in, or of a room. */
export const showRoot = (): void => history.replaceState(null, "", "/");
