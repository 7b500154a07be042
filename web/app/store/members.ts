// Who is in a room, and what one may do there, for whoever writes a name or a command: asked for when that begins.

import { signal } from "@preact/signals";
import { isMade, roomOf } from "./address.ts";
import { allMembersOf, askRights, rightsIn } from "./managing.ts";
import { accountOf } from "./state.ts";

const AGAIN = 20_000; // milliseconds after which the same is asked for again

const askedAt = new Map<string, number>();

/** Ask about a room, but not again and again. Without an answer, one is offered everything; the server refuses what one may not do. */
function askAbout(room: string, what: string, ask: () => Promise<unknown>): void {
  const key = `${accountOf()?.key} ${what} ${room}`;
  if (!accountOf() || !isMade(room) || Date.now() - (askedAt.get(key) ?? -AGAIN) < AGAIN) return;
  askedAt.set(key, Date.now());
  ask().catch(() => askedAt.delete(key));
}

const members = signal<ReadonlyMap<string, ReadonlySet<string>>>(new Map());

async function askMembers(room: string): Promise<void> {
  const found = new Set((await allMembersOf(room)).map(({ account }) => account));
  members.value = new Map([...members.peek(), [room, found]]);
}

/** The accounts in a room; undefined until they are known. */
export function membersIn(of: string): ReadonlySet<string> | undefined {
  const room = roomOf(of);
  askAbout(room, "members", () => askMembers(room));
  return members.value.get(room);
}

/** Something that one may do in a room, as the server calls it. */
export type Right = "post" | "leave" | "invite" | "moderate" | "title" | "describe" | "manage" | "pin" | "name_all" | "join" | "delete_any";

/** Whether one may do something in a room; `unknown`: what is taken for granted until that is known. */
export function may(of: string, right: Right, unknown = true): boolean {
  const room = roomOf(of);
  askAbout(room, "rights", () => askRights(room));
  return rightsIn(room)[right]?.allowed ?? unknown;
}
