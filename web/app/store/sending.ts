// Writing: posts, what is not yet in the log, and telling that one types.

import { type Entry, whoOf, type wire } from "#sdk";
import { isMade } from "./address.ts";
import { draftIn } from "./drafts.ts";
import { ask } from "./history.ts";
import { isReading, lastOf } from "./reading.ts";
import { accountOf, clientOf, connection, current, editing, outboxVersion, places, replyTo, session } from "./state.ts";
import { toEnd } from "./window.ts";

const TYPING_EVERY = 3000;
const TYPING_AFTER = 300;

let lastTyping = 0;
let typingTimer: number | undefined;

/** A message of the outbox; `isUnsure` if there is no connection. */
export type Unsent = Entry & { isUnsure: boolean };

/** What a room's outbox holds. */
export function unsentIn(room: string): Unsent[] {
  const entries = outboxVersion.value >= 0 ? (session.value?.client.outbox.entries ?? []) : [];
  const isUnsure = connection.value.state !== "connected";
  return entries.filter((entry) => entry.room === room).map((entry) => ({ ...entry, isUnsure }));
}

/** Put a message into the outbox: what was written in a room, unless it is given. */
export function send(room: string, said = draftIn(room).peek()): void {
  const client = clientOf();
  const draft = draftIn(room);
  const text = said.trim();
  if (!text || !client) return;
  draft.value = "";
  const replied = replyTo.peek();
  const read = accountOf() && isMade(room) && isReading(room) ? lastOf(room) : undefined;
  client.post(room, text, replied?.room === room ? replied.message.seq : undefined, read);
  if (replied?.room === room) replyTo.value = undefined;
  lastTyping = 0;
  clearTimeout(typingTimer);
  if (room === current.peek()) toEnd();
}

/** What is being written has changed: others are told, unless it is sent at once. */
export function write(room: string, text: string): void {
  draftIn(room).value = text;
  if (!text || Date.now() - lastTyping < TYPING_EVERY) return;
  lastTyping = Date.now();
  typingTimer = setTimeout(() => clientOf()?.signal(room, "typing"), TYPING_AFTER);
}

/** Edit the last message of one's own in its place. Returns whether there is one. */
export function editLast(room: string): boolean {
  const messages = [...(places.get(room)?.view?.messages.values() ?? [])];
  const mine = messages.findLast((each) => whoOf(each) === clientOf()?.me.who && each.text !== undefined);
  editing.value = mine && { room, seq: mine.seq };
  return mine !== undefined;
}

export const repost = (id: string): void => clientOf()?.repost(id);
export const discard = (id: string): void => clientOf()?.discard(id);

export const react = (room: string, seq: number, emoji: string, on: boolean): Promise<unknown> =>
  ask({ do: on ? "react" : "unreact", room, seq, emoji });

/** Gives nothing if it failed. */
export const edit = (room: string, seq: number, text: string): Promise<unknown> => ask({ do: "edit", room, seq, text });

export const remove = (room: string, seq: number): Promise<unknown> => ask({ do: "delete", room, seq });

export const pin = (room: string, seq: number, on: boolean): Promise<unknown> => ask({ do: on ? "pin" : "unpin", room, seq });

export const reply = (room: string, message: wire.Message): void => {
  replyTo.value = { room, message };
};
