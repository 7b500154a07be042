// What slash commands do that nothing else on the page does. Each rejects with why it could not be done.

import { t } from "../i18n/index.ts";
import { isMade } from "./address.ts";
import { ME } from "./commands.ts";
import { join } from "./doing.ts";
import { isRoomName } from "./memory.ts";
import { everyone } from "./names.ts";
import { change } from "./outbox.ts";
import { openThread } from "./panel.ts";
import { listOpenRooms, open } from "./rooms.ts";
import { send } from "./sending.ts";
import { changeProfile, profile } from "./settings.ts";
import { accountOf, places, replyTo } from "./state.ts";

/** Join an open room by its alias or its title, or open a free one by its name. */
export async function joinNamed(name: string): Promise<void> {
  const wanted = name.toLowerCase();
  const rooms = accountOf() ? await listOpenRooms() : [];
  const found = rooms.find(({ alias = "", title }) => [alias, title.toLowerCase()].includes(wanted));
  if (found) await join(found.room);
  else if (isMade(name) || !isRoomName(name)) throw new Error(t.noOpenRoom(name));
  open(found?.room ?? name);
}

/** The key of the account with a handle, where the server takes no handles. */
const keyOf = (handle: string): string => everyone().find(([, person]) => person.handle === handle)?.[0] ?? handle;

export const block = (who: string, on: boolean): Promise<void> => change(ME, { do: on ? "block" : "unblock", who: keyOf(who) });

/** The message that a command is about: the one that is replied to, or else the last one. */
function messageMeant(room: string): number {
  const replied = replyTo.peek();
  if (replied?.room === room) return replied.message.seq;
  const last = [...(places.get(room)?.view?.messages.values() ?? [])].findLast(({ deleted }) => !deleted);
  if (!last) throw new Error(t.noMessageMeant);
  return last.seq;
}

export async function showThread(room: string): Promise<void> {
  openThread(messageMeant(room));
}

/** Reply in the thread of the message that is meant, and show it. */
export async function replyInThread(room: string, text: string): Promise<void> {
  const seq = messageMeant(room);
  openThread(seq);
  send(`${room}:${seq}`, text);
}

export const pinMeant = async (room: string, on: boolean): Promise<void> =>
  change(room, { do: on ? "pin" : "unpin", seq: messageMeant(room) });

/** Say something about oneself beside one's name; nothing, with an empty text. */
export async function setStatus(text: string): Promise<void> {
  await changeProfile({ name: profile().name, status_text: text });
}
