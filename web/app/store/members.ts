// Who is in a room, and what one may do there: asked for when somebody begins to write a name or a command.

import { signal } from "@preact/signals";
import { isMade } from "./address.ts";
import { call, list } from "./http.ts";
import { isThread } from "./panel.ts";
import { accountOf } from "./state.ts";

const AGAIN = 20_000; // milliseconds after which the same is asked for again

/** The room that a thread is in, or the room itself. */
export const roomOf = (room: string): string => (isThread(room) ? room.slice(0, room.indexOf(":")) : room);

/** What was asked for, for each room. */
function kept<Answer>(ask: (room: string) => Promise<Answer>): (room: string) => Answer | undefined {
  const answers = signal<ReadonlyMap<string, Answer>>(new Map());
  const askedAt = new Map<string, number>();
  return (room) => {
    const key = `${accountOf()?.key} ${room}`;
    if (accountOf() && isMade(room) && Date.now() - (askedAt.get(key) ?? -AGAIN) >= AGAIN) {
      askedAt.set(key, Date.now());
      // Without an answer one is offered everything; the server refuses what one may not do.
      ask(room).then(
        (answer) => (answers.value = new Map([...answers.peek(), [key, answer]])),
        () => askedAt.delete(key),
      );
    }
    return answers.value.get(key);
  };
}

const members = kept(
  async (room) => new Set((await list<{ account: string }>(`/rooms/${room}/members`, "members", "account")).map(({ account }) => account)),
);

/** The accounts in a room; undefined until they are known. */
export const membersOf = (room: string): ReadonlySet<string> | undefined => members(roomOf(room));

/** Something that one may do in a room, as the server calls it. */
export type Right = "post" | "leave" | "invite" | "moderate" | "title" | "describe" | "manage" | "pin" | "name_all" | "join";

const rights = kept(async (room) => (await call<{ may: Record<string, { allowed: boolean }> }>("GET", `/rooms/${room}/may`)).may);

/** Whether one may do something in a room, as far as is known. */
export const may = (room: string, right: Right): boolean => rights(roomOf(room))?.[right]?.allowed ?? true;
