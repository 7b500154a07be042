// What slash commands do. Each rejects with why it could not be done.

import { t } from "../i18n/index.ts";
import { isMade } from "./address.ts";
import { create, leave as leaveRoom } from "./doing.ts";
import { call } from "./http.ts";
import { roomOf } from "./members.ts";
import { isRoomName } from "./memory.ts";
import { everyone } from "./names.ts";
import { openThread } from "./panel.ts";
import { listOpenRooms, open } from "./rooms.ts";
import { changeLevel, changeProfile, profile } from "./settings.ts";
import { accountOf, clientOf, places, replyTo } from "./state.ts";

const pathOf = (room: string, ...rest: string[]): string => ["/rooms", ...[roomOf(room), ...rest].map(encodeURIComponent)].join("/");

const change = async (method: string, path: string, body?: unknown): Promise<void> => {
  await call(method, path, body);
};

export const setTopic = (room: string, topic: string): Promise<void> => change("PATCH", pathOf(room), { topic });
export const setTitle = (room: string, title: string): Promise<void> => change("PATCH", pathOf(room), { title });
export const invite = (room: string, who: string[]): Promise<void> => change("POST", pathOf(room, "members"), { who });
export const removeFrom = (room: string, who: string): Promise<void> => change("DELETE", pathOf(room, "members", who));
export const appoint = (room: string, who: string, role: string): Promise<void> => change("PUT", pathOf(room, "members", who), { role });

/** Ban or mute somebody, for some seconds or for good. */
export const restrain = (what: "bans" | "mutes", room: string, who: string, seconds?: number): Promise<void> =>
  change("PUT", pathOf(room, what, who), seconds ? { seconds } : {});

export const release = (what: "bans" | "mutes", room: string, who: string): Promise<void> => change("DELETE", pathOf(room, what, who));

export const block = (who: string, on: boolean): Promise<void> =>
  change(on ? "PUT" : "DELETE", `/me/blocks/${encodeURIComponent(keyOf(who))}`);

/** The key of the account with a handle, where the server takes no handles. */
const keyOf = (handle: string): string => everyone().find(([, person]) => person.handle === handle)?.[0] ?? handle;

export const leave = (room: string): Promise<void> => leaveRoom(roomOf(room));

/** Join an open room by its alias or its title, or open a free one by its name. */
export async function join(name: string): Promise<void> {
  const wanted = name.toLowerCase();
  const rooms = accountOf() ? await listOpenRooms() : [];
  const found = rooms.find(({ alias = "", title }) => [alias, title.toLowerCase()].includes(wanted));
  if (found) {
    await change("POST", pathOf(found.room, "join"));
    await accountOf()?.start(); // so that the room is in the list when it is opened
  } else if (isMade(name) || !isRoomName(name)) throw new Error(t.noOpenRoom(name));
  open(found?.room ?? name);
}

/** Open the direct with some people. */
export const direct = (who: string[]): Promise<void> => create({ kind: "direct", who });

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
  clientOf()?.post(`${room}:${seq}`, text);
}

export const pinMeant = async (room: string, on: boolean): Promise<void> =>
  change(on ? "PUT" : "DELETE", pathOf(room, "pins", String(messageMeant(room))));

/** Say something about oneself beside one's name; nothing, with an empty text. */
export async function setStatus(text: string): Promise<void> {
  await changeProfile({ name: (await profile()).name, status_text: text });
}

export const notify = (room: string, level: "" | "all" | "mentions" | "none"): Promise<void> => changeLevel(roomOf(room), level);

export const markUnread = (room: string): Promise<void> => change("PUT", pathOf(room, "unread"));
