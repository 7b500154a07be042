// Writing: posts, what is not yet in the log, and telling that one types.

import { type Signal, signal, untracked } from "@preact/signals";
import { whoOf, type wire } from "#sdk";
import { isMade } from "./address.ts";
import { type Attachment, attachments, changeAttachment } from "./attachments.ts";
import { draftIn, letGo } from "./drafts.ts";
import { type Command, outbox, type Pending, put } from "./outbox.ts";
import { overlaid } from "./overlay.ts";
import { isReading, lastOf } from "./reading.ts";
import { say } from "./screen.ts";
import { accountOf, clientOf, connection, editing, me, placeOf, places, replyTo } from "./state.ts";
import { pinsUnder } from "./underway.ts";
import { paneOf } from "./window.ts";

const TYPING_EVERY = 3000;
const TYPING_AFTER = 300;

let lastTyping = 0;
let typingTimer: number | undefined;

/** A message that waits; `isUnsure` if there is no connection. */
export type Unsent = Pending & { isUnsure: boolean };

/** What a room's outbox holds. */
export function unsentIn(room: string): Unsent[] {
  const isUnsure = connection.value.state !== "connected";
  const posts = outbox.value.filter((each) => each.room === room && each.command.do === "post");
  return posts.map((each) => ({ ...each, isUnsure }));
}

/** How a room's messages look under the changes that wait: another object than the log's, if there are any. */
export function overlayOf(room: string): (message: wire.Message) => wire.Message {
  const changes = outbox.value.filter((each) => each.room === room && each.command.seq !== undefined);
  const { name, who } = me();
  const mine = { by: name, id: who === name ? undefined : who };
  return (message) => {
    const some = changes.filter(({ command }) => command.seq === message.seq);
    return some.length ? overlaid(message, some, mine) : message;
  };
}

/** What the title is to be of the message that is being written in a forum. */
export function titleIn(room: string): Signal<string> {
  const found = titles.get(room) ?? signal("");
  titles.set(room, found);
  return found;
}

const titles = new Map<string, Signal<string>>();

/** The files that are to be sent with what is being written in a room. */
export function attachedIn(room: string): Attachment[] {
  const gone = new Set([...leaving.value, ...outbox.value.flatMap(({ attached }) => attached ?? [])]);
  return attachments.value.filter((each) => each.room === room && !gone.has(each.id));
}

/** Those that are about to be in the outbox. */
const leaving = signal<readonly string[]>([]);

/** The files that a message is sent with, once they are uploaded. */
export const attachedTo = ({ attached = [] }: Pending): Attachment[] =>
  attached.flatMap((id) => attachments.value.find((each) => each.id === id) ?? []);

/** Put a message into the outbox: what was written in a room, unless it is given, with the files that are attached. */
export async function send(room: string, said = draftIn(room).peek()): Promise<void> {
  const draft = draftIn(room);
  const text = said.trim();
  const files = untracked(() => attachedIn(room));
  if ((!text && !files.length) || !clientOf()) return;
  letGo(room);
  const title = places.get(room)?.isForum.peek() ? titleIn(room).peek().trim() : "";
  titleIn(room).value = "";
  const replied = replyTo.peek()?.room === room ? replyTo.peek()?.message.seq : undefined;
  const read = accountOf() && isMade(room) && isReading(room) ? lastOf(room) : undefined;
  if (replied) replyTo.value = undefined;
  lastTyping = 0;
  clearTimeout(typingTimer);
  const post: Command = {
    do: "post",
    ...(text && { text }),
    ...(title && { title }),
    ...(replied && { reply_to: replied }),
    ...(read && { read }),
  };
  const attached = files.map(({ id }) => id);
  leaving.value = [...leaving.peek(), ...attached];
  const isThere = await change(room, post, { draft: room, ...(attached.length && { attached }) });
  leaving.value = leaving.peek().filter((id) => !attached.includes(id));
  for (const { id, state } of files) if (isThere && state === "paused") changeAttachment(id, { state: "waiting" });
  if (!isThere) draft.value ||= text;
  if (!isThere) titleIn(room).value ||= title;
  untracked(() => paneOf(room))?.toEnd();
}

/** Write a change down, to be sent when it is its turn. Returns whether that was possible; if not, it is said. */
const change = (room: string, command: Command, more?: Parameters<typeof put>[2]): Promise<boolean> =>
  put(room, command, more).then(
    () => true,
    (error: Error) => {
      say(error.message);
      return false;
    },
  );

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

export { discard, retry as repost } from "./outbox.ts";

export const react = (room: string, seq: number, emoji: string, on: boolean): Promise<boolean> =>
  change(room, { do: on ? "react" : "unreact", seq, emoji });

/** `alts` are the alt texts that change, by the keys of their files. */
export const edit = (room: string, seq: number, text: string, alts: Record<string, string> = {}): Promise<boolean> =>
  change(room, { do: "edit", seq, text, ...(Object.keys(alts).length && { alts }) });

export const remove = (room: string, seq: number): Promise<boolean> => change(room, { do: "delete", seq });

export const removePreview = (room: string, seq: number, url: string): Promise<boolean> => change(room, { do: "remove_preview", seq, url });

export const pin = (room: string, seq: number, on: boolean): Promise<boolean> => change(room, { do: on ? "pin" : "unpin", seq });

/** The pinned messages of a room, with what of that waits. */
export const pinsIn = (room: string): readonly number[] =>
  pinsUnder(
    placeOf(room)?.pins.value ?? [],
    outbox.value.filter((each) => each.room === room),
  );

export const reply = (room: string, message: wire.Message): void => {
  replyTo.value = { room, message };
};
