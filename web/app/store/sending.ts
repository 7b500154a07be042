// Writing: posts, what is not yet in the log, and telling that one types.

import { type Entry, newId, Refused, whoOf, type wire } from "#sdk";
import { isMade } from "./address.ts";
import { draftIn } from "./drafts.ts";
import { ask } from "./history.ts";
import { isReading, lastOf } from "./reading.ts";
import { say } from "./screen.ts";
import { accountOf, clientOf, connection, current, editing, me, outbox, places, replyTo } from "./state.ts";
import { toEnd } from "./window.ts";

const TYPING_EVERY = 3000;
const TYPING_AFTER = 300;

let lastTyping = 0;
let typingTimer: number | undefined;

/** A message of the outbox; `isUnsure` if there is no connection. */
export type Unsent = Entry & { isUnsure: boolean };

/** What a room's outbox holds. */
export function unsentIn(room: string): Unsent[] {
  const isUnsure = connection.value.state !== "connected";
  return outbox.value.filter(({ post }) => post.room === room).map((entry) => ({ ...entry, isUnsure }));
}

/** Put a message into the outbox: what was written in a room, unless it is given. */
export function send(room: string, said = draftIn(room).peek()): void {
  const client = clientOf();
  const draft = draftIn(room);
  const text = said.trim();
  if (!text || !client) return;
  draft.value = "";
  const replied = replyTo.peek()?.room === room ? replyTo.peek()?.message.seq : undefined;
  const read = accountOf() && isMade(room) && isReading(room) ? lastOf(room) : undefined;
  const client_message_id = newId();
  client.post(room, text, { ...(replied && { reply_to: replied }), ...(read && { read }), client_message_id }).catch((error: Error) => {
    if (!(error instanceof Refused) || client.outbox.entries.some(({ post }) => post.client_message_id === client_message_id)) return;
    say(error.message); // it was not even written down
    draft.value ||= text;
  });
  if (replied) replyTo.value = undefined;
  lastTyping = 0;
  clearTimeout(typingTimer);
  if (room === current.peek()) toEnd();
}

/** What is being written has changed: others are told, unless it is sent at once. */
export function write(room: string, text: string): void {
  draftIn(room).value = text;
  if (!text || Date.now() - lastTyping < TYPING_EVERY) return;
  lastTyping = Date.now();
  typingTimer = setTimeout(() => places.get(room)?.room?.typing(), TYPING_AFTER);
}

/** Edit the last message of one's own in its place. Returns whether there is one. */
export function editLast(room: string): boolean {
  const messages = [...(places.get(room)?.view?.messages.values() ?? [])];
  const mine = messages.findLast((each) => whoOf(each) === me().who && each.text !== undefined);
  editing.value = mine && { room, seq: mine.seq };
  return mine !== undefined;
}

export const repost = (id: string): void => clientOf()?.outbox.retry(id);
export const discard = (id: string): void => clientOf()?.outbox.discard(id);

export const react = (room: string, seq: number, emoji: string, on: boolean): Promise<unknown> =>
  ask(on ? "react" : "unreact", { room, seq, emoji });

/** Gives nothing if it failed. */
export const edit = (room: string, seq: number, text: string): Promise<unknown> => ask("edit", { room, seq, text });

export const remove = (room: string, seq: number): Promise<unknown> => ask("delete", { room, seq });

export const pin = (room: string, seq: number, on: boolean): Promise<unknown> => ask(on ? "pin" : "unpin", { room, seq });

export const reply = (room: string, message: wire.Message): void => {
  replyTo.value = { room, message };
};
